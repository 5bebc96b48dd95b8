"""Whether the properties of one component satisfy property filters (RFC 4791 9.7.2 and 9.7.3, RFC 6352 10.5)."""

from collections.abc import Callable

from bridge.core.contentline import Component, ContentLine, unescape_text
from bridge.core.query.filters import CardFilter, ParamFilter, PropFilter, Test, TimeRange
from bridge.core.query.text import text_matches

InRange = Callable[[ContentLine, TimeRange], bool]
"""Whether the date or time that a property holds lies in a range."""


def card_matches(card: Component, wanted: CardFilter) -> bool:
    """Say whether a vCard satisfies an address book filter."""
    if not wanted.props:
        return True
    verdicts = (prop_matches(card, prop) for prop in wanted.props)
    return any(verdicts) if wanted.test is Test.ANYOF else all(verdicts)


def prop_matches(component: Component, wanted: PropFilter, in_range: InRange | None = None) -> bool:
    """Say whether one property of the component satisfies all conditions (or any, as ``test`` says).

    A negated condition asks for a property whose value does not match, so it is not satisfied where the property is
    missing. Without ``in_range`` a time-range never matches.
    """
    lines = [line for line in component.all(wanted.name) if not wanted.group or line.group.upper() == wanted.group]
    if not wanted.defined:
        return not lines
    return any(_line_matches(line, wanted, in_range) for line in lines)


def _line_matches(line: ContentLine, wanted: PropFilter, in_range: InRange | None) -> bool:
    verdicts: list[bool] = []
    if wanted.time_range is not None:
        verdicts.append(in_range is not None and in_range(line, wanted.time_range))
    value = unescape_text(line.value)
    verdicts.extend(text_matches(text, value) for text in wanted.texts)
    verdicts.extend(_param_matches(line, param) for param in wanted.params)
    return not verdicts or (any(verdicts) if wanted.test is Test.ANYOF else all(verdicts))


def _param_matches(line: ContentLine, wanted: ParamFilter) -> bool:
    values = line.param_values(wanted.name)
    if wanted.name == "TYPE":
        values += line.param_values("")  # vCard 2.1 writes TEL;WORK
    defined = bool(values) or any(name == wanted.name for name, _ in line.params)
    if not wanted.defined:
        return not defined
    if wanted.text is None:
        return defined
    return any(text_matches(wanted.text, value) for value in values)
