"""What a database can answer of a filter without reading any text."""

import re
from dataclasses import dataclass, replace

from bridge.core.query.filters import (
    CardFilter,
    CompFilter,
    Filter,
    MatchType,
    PropFilter,
    Test,
    TextMatch,
    TimeRange,
)

_DATED = frozenset({"VEVENT", "VTODO", "VJOURNAL", "VFREEBUSY"})
# Stands in a content line exactly as in the text that it means: no escapes, no quotes, one case mapping for all.
_PLAIN = re.compile(r"[A-Za-z0-9 @._+/#&()=!*?$-]+")

_NOT_INDEXED = frozenset({"PHOTO", "LOGO", "SOUND", "KEY"})  # too large for an index, and nobody searches in them
_LONGEST = 200  # databases refuse to look for very long texts, and a part of one must occur too
_ZONES_APART = 27 * 3600


@dataclass(frozen=True, slots=True)
class Prefilter:
    """A condition that every matching resource satisfies.

    ``component`` is the component that the resource must have, ``""`` for any. ``start`` and ``end`` (POSIX seconds,
    ``None`` is open) bound the span that it must touch. ``needle`` is a text in small ASCII letters that must occur,
    in any case, in the unfolded text. ``exact``: whatever satisfies this and does not recur satisfies the filter.
    """

    component: str = ""
    start: int | None = None
    end: int | None = None
    exact: bool = False
    needle: str = ""

    @property
    def bounded(self) -> bool:
        """Whether there is a time range."""
        return self.start is not None or self.end is not None

    def everything(self, component: str) -> bool:
        """Whether every resource with this component satisfies the filter."""
        return self.exact and not self.bounded and not self.needle and self.component in {"", component}


def prefilter(wanted: Filter) -> Prefilter:
    """Return the condition that can be answered from an index."""
    if isinstance(wanted, CardFilter):
        return Prefilter("VCARD", exact=not wanted.props, needle=_card_needle(wanted))
    if not wanted.defined:
        return Prefilter()
    simple = not wanted.props and wanted.time_range is None
    if not wanted.comps:
        return Prefilter(exact=simple)
    inner = next((comp for comp in wanted.comps if comp.defined and comp.name in _DATED), None)
    if inner is None:
        return Prefilter()
    return _component(inner, only=simple and len(wanted.comps) == 1)


def elsewhere(hint: Prefilter) -> Prefilter:
    """Return the condition for a query in another zone than the one in which the spans were worked out."""
    if not hint.bounded:
        return hint
    start = None if hint.start is None else hint.start - _ZONES_APART
    end = None if hint.end is None else hint.end + _ZONES_APART
    return replace(hint, start=start, end=end, exact=False)


def _component(inner: CompFilter, *, only: bool) -> Prefilter:
    span = inner.time_range or TimeRange()
    timeless = inner.time_range is None
    # The span of a task is more involved than two columns can say (RFC 4791 9.9).
    exact = only and not inner.props and not inner.comps and (timeless or inner.name == "VEVENT")
    needles = [_needle(text) for prop in inner.props if prop.defined for text in prop.texts]
    return Prefilter(inner.name, span.start, span.end, exact, max(needles, key=len, default=""))


def _card_needle(wanted: CardFilter) -> str:
    """One text that every matching card holds; several alternatives must agree on it."""
    needles = [_prop_needle(prop) for prop in wanted.props]
    if wanted.test is Test.ALLOF:
        return max(needles, key=len, default="")
    return needles[0] if len(set(needles)) == 1 else ""


def _prop_needle(prop: PropFilter) -> str:
    if not prop.defined or prop.name in _NOT_INDEXED:
        return ""
    needles = [_needle(text) for text in prop.texts]
    needles += [_needle(param.text) if param.text and param.defined else "" for param in prop.params]
    if prop.test is Test.ALLOF:
        return max(needles, key=len, default="")
    return needles[0] if len(set(needles)) == 1 else ""


def _needle(match: TextMatch) -> str:
    if match.negate or (match.match_type is MatchType.EQUALS and not match.text):
        return ""
    return max(_PLAIN.findall(match.text), key=len, default="")[:_LONGEST].lower()
