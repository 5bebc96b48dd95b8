"""Filters from the elements of a request (RFC 4791 9.7, RFC 6352 10.5).

Everything here raises ``Invalid`` with the precondition that the request violates: ``C:valid-filter``,
``C:supported-filter``, ``C:supported-collation``, ``C:min-date-time``, ``C:max-date-time``, and for address books
``CR:supported-filter`` and ``CR:supported-collation``.
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TypeVar
from xml.etree.ElementTree import Element

from bridge.core.query.filters import (
    CardFilter,
    Collation,
    CompFilter,
    MatchType,
    ParamFilter,
    PropFilter,
    Test,
    TextMatch,
    TimeRange,
)
from bridge.errors import Invalid

CALDAV = "{urn:ietf:params:xml:ns:caldav}"
CARDDAV = "{urn:ietf:params:xml:ns:carddav}"

MAX_CONDITIONS = 200
"""So many elements may a filter have: a limit against requests that only want to cost time."""

_MAX_DEPTH = 5
_INSTANT = re.compile(r"(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z", re.ASCII)
_PREFIX = {CALDAV: "C", CARDDAV: "CR"}
_TIMED = frozenset({"VCALENDAR", "VEVENT", "VTODO", "VJOURNAL", "VFREEBUSY", "VALARM"})

Read = TypeVar("Read")
Value = TypeVar("Value", Test, MatchType)


def calendar_filter(element: Element) -> CompFilter:
    """Read a ``C:filter`` (RFC 4791 9.7): exactly one ``comp-filter``, and that for ``VCALENDAR``."""
    _limit(element, "C:valid-filter")
    if len(element) != 1 or element[0].tag != f"{CALDAV}comp-filter":
        raise _wrong("A filter holds exactly one comp-filter.")
    outer = _comp_filter(element[0], depth=1)
    if outer.name != "VCALENDAR":
        raise _wrong("The outermost comp-filter is for VCALENDAR.")
    return outer


def card_filter(element: Element) -> CardFilter:
    """Read a ``CR:filter`` (RFC 6352 10.5). Without ``test`` one matching ``prop-filter`` is enough."""
    _limit(element, "CR:supported-filter")
    props = tuple(_card_prop_filter(child) for child in _only(element, CARDDAV, "prop-filter"))
    return CardFilter(_word(element, "test", Test.ANYOF), props)


def time_range(element: Element) -> TimeRange:
    """Read ``start`` and ``end`` of a ``time-range`` (RFC 4791 9.9): UTC instants, at least one, in order."""
    found = TimeRange(_instant(element, "start"), _instant(element, "end"))
    if found.start is None and found.end is None:
        raise _wrong("A time-range needs a start or an end.")
    if found.start is not None and found.end is not None and found.end <= found.start:
        raise _wrong("The end of a time-range lies after its start.")
    return found


def bounded_range(element: Element) -> tuple[int, int]:
    """Read ``start`` and ``end`` where both are required: expand, limit-recurrence-set, free-busy-query."""
    found = time_range(element)
    if found.start is None or found.end is None:
        raise _wrong("Both a start and an end are needed here.")
    return found.start, found.end


def _comp_filter(element: Element, depth: int) -> CompFilter:
    name = _name(element, "C:valid-filter")
    children = _only(element, CALDAV, "comp-filter", "prop-filter", "time-range", "is-not-defined")
    if _not_defined(children, CALDAV):
        return CompFilter(name, defined=False)
    if depth >= _MAX_DEPTH:
        raise Invalid("The filter is nested too deeply.", condition="C:supported-filter")
    span = _optional(children, f"{CALDAV}time-range", time_range)
    if span is not None and name not in _TIMED:
        raise Invalid(f"A time-range says nothing about {name}.", condition="C:supported-filter")
    return CompFilter(
        name,
        time_range=span,
        props=tuple(_prop_filter(child) for child in children if child.tag == f"{CALDAV}prop-filter"),
        comps=tuple(_comp_filter(child, depth + 1) for child in children if child.tag == f"{CALDAV}comp-filter"),
    )


def _prop_filter(element: Element) -> PropFilter:
    name = _name(element, "C:valid-filter")
    children = _only(element, CALDAV, "time-range", "text-match", "param-filter", "is-not-defined")
    if _not_defined(children, CALDAV):
        return PropFilter(name, defined=False)
    return PropFilter(
        name,
        time_range=_optional(children, f"{CALDAV}time-range", time_range),
        texts=_texts(children, CALDAV),
        params=_params(children, CALDAV),
    )


def _card_prop_filter(element: Element) -> PropFilter:
    group, _, name = _name(element, "CR:supported-filter").rpartition(".")
    children = _only(element, CARDDAV, "text-match", "param-filter", "is-not-defined")
    if _not_defined(children, CARDDAV):
        return PropFilter(name, group, defined=False)
    return PropFilter(
        name,
        group,
        texts=_texts(children, CARDDAV),
        params=_params(children, CARDDAV),
        test=_word(element, "test", Test.ANYOF),
    )


def _params(children: list[Element], namespace: str) -> tuple[ParamFilter, ...]:
    return tuple(_param_filter(child, namespace) for child in children if child.tag == f"{namespace}param-filter")


def _param_filter(element: Element, namespace: str) -> ParamFilter:
    name = _name(element, _condition(namespace))
    children = _only(element, namespace, "text-match", "is-not-defined")
    if _not_defined(children, namespace):
        return ParamFilter(name, defined=False)
    return ParamFilter(name, text=_optional(children, f"{namespace}text-match", lambda child: _text(child, namespace)))


def _texts(children: list[Element], namespace: str) -> tuple[TextMatch, ...]:
    return tuple(_text(child, namespace) for child in children if child.tag == f"{namespace}text-match")


def _text(element: Element, namespace: str) -> TextMatch:
    default = Collation.ASCII if namespace == CALDAV else Collation.UNICODE
    negate = element.get("negate-condition", "no")
    if negate not in ("yes", "no"):
        raise Invalid("A negate-condition is yes or no.", condition=_condition(namespace))
    match_type = MatchType.CONTAINS if namespace == CALDAV else _word(element, "match-type", MatchType.CONTAINS)
    return TextMatch(element.text or "", _collation(element, namespace, default), match_type, negate == "yes")


def _collation(element: Element, namespace: str, default: Collation) -> Collation:
    name = element.get("collation", "default")
    if name == "default":  # RFC 4790 3.1: the server's choice
        return default
    try:
        return Collation(name.lower())
    except ValueError:
        raise Invalid(
            f"The collation {name!r} is not known here.", condition=f"{_PREFIX[namespace]}:supported-collation"
        ) from None


def _word(element: Element, attribute: str, default: Value) -> Value:
    try:
        return type(default)(element.get(attribute, default))
    except ValueError:
        raise Invalid(
            f"{element.get(attribute)!r} is no value of {attribute}.", condition="CR:supported-filter"
        ) from None


def _instant(element: Element, attribute: str) -> int | None:
    text = element.get(attribute)
    if text is None:
        return None
    found = _INSTANT.fullmatch(text)
    if not found:
        raise _wrong(f"{attribute} is an instant in UTC such as 20260131T120000Z, not {text!r}.")
    year, month, day, hour, minute, second = map(int, found.groups())
    if year == 0:
        raise Invalid("No time before the year 1 can be asked for.", condition="C:min-date-time")
    try:
        return int(datetime(year, month, day, hour, minute, min(second, 59), tzinfo=UTC).timestamp())
    except ValueError:
        raise _wrong(f"There is no time {text!r}.") from None


def _only(element: Element, namespace: str, *names: str) -> list[Element]:
    allowed = {namespace + name for name in names}
    for child in element:
        if child.tag not in allowed:
            raise Invalid(
                f"The filter condition {child.tag.rpartition('}')[2]!r} is not known here.",
                condition=f"{_PREFIX[namespace]}:supported-filter",
            )
    return list(element)


def _not_defined(children: list[Element], namespace: str) -> bool:
    found = any(child.tag == f"{namespace}is-not-defined" for child in children)
    if found and len(children) > 1:
        raise Invalid("Nothing can stand beside is-not-defined.", condition=_condition(namespace))
    return found


def _optional(children: list[Element], tag: str, read: Callable[[Element], Read]) -> Read | None:
    found = [child for child in children if child.tag == tag]
    if len(found) > 1:
        raise _wrong(f"There is more than one {tag.rpartition('}')[2]}.")
    return read(found[0]) if found else None


def _name(element: Element, condition: str) -> str:
    name = element.get("name", "").strip().upper()
    if not name:
        raise Invalid("A filter needs the name of what it is about.", condition=condition)
    return name


def _limit(element: Element, condition: str) -> None:
    if sum(1 for _ in element.iter()) > MAX_CONDITIONS:
        raise Invalid(f"The filter has more than {MAX_CONDITIONS} conditions.", condition=condition)


def _condition(namespace: str) -> str:
    return "C:valid-filter" if namespace == CALDAV else "CR:supported-filter"


def _wrong(message: str) -> Invalid:
    return Invalid(message, condition="C:valid-filter")
