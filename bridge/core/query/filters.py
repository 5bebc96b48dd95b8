"""What a query asks for: the filters of RFC 4791 9.7 and RFC 6352 10.5 as value objects.

Names of components, properties and parameters are in capitals. Times are POSIX seconds, ``None`` is an open end.
"""

from dataclasses import dataclass
from enum import StrEnum


class Collation(StrEnum):
    """How texts are compared: RFC 4790 9.2, 9.3 and RFC 5051."""

    ASCII = "i;ascii-casemap"
    OCTET = "i;octet"
    UNICODE = "i;unicode-casemap"


class MatchType(StrEnum):
    """Where the wanted text stands in the value (RFC 6352 10.5.4); calendar filters always mean ``CONTAINS``."""

    EQUALS = "equals"
    CONTAINS = "contains"
    STARTS = "starts-with"
    ENDS = "ends-with"


class Test(StrEnum):
    """Whether one condition suffices or all must hold (RFC 6352 10.5)."""

    __test__ = False  # not a test case for pytest

    ANYOF = "anyof"
    ALLOF = "allof"


@dataclass(frozen=True, slots=True)
class TextMatch:
    """RFC 4791 9.7.5, RFC 6352 10.5.4. ``negate`` turns the verdict about one value around."""

    text: str
    collation: Collation = Collation.ASCII
    match_type: MatchType = MatchType.CONTAINS
    negate: bool = False


@dataclass(frozen=True, slots=True)
class TimeRange:
    """RFC 4791 9.9: from ``start`` (included) to ``end`` (excluded)."""

    start: int | None = None
    end: int | None = None


@dataclass(frozen=True, slots=True)
class ParamFilter:
    """RFC 4791 9.7.3, RFC 6352 10.5.2. Not ``defined``: the property must not have the parameter."""

    name: str
    defined: bool = True
    text: TextMatch | None = None


@dataclass(frozen=True, slots=True)
class PropFilter:
    """RFC 4791 9.7.2, RFC 6352 10.5.1. All conditions are about one and the same property.

    ``group`` restricts an address book filter to properties of that group (``item1.TEL``), in capitals.
    """

    name: str
    group: str = ""
    defined: bool = True
    time_range: TimeRange | None = None
    texts: tuple[TextMatch, ...] = ()
    params: tuple[ParamFilter, ...] = ()
    test: Test = Test.ALLOF


@dataclass(frozen=True, slots=True)
class CompFilter:
    """RFC 4791 9.7.1. All conditions are about one and the same component."""

    name: str
    defined: bool = True
    time_range: TimeRange | None = None
    props: tuple[PropFilter, ...] = ()
    comps: tuple["CompFilter", ...] = ()


@dataclass(frozen=True, slots=True)
class CardFilter:
    """RFC 6352 10.5: without any ``props`` every card matches."""

    test: Test = Test.ANYOF
    props: tuple[PropFilter, ...] = ()


Filter = CompFilter | CardFilter
