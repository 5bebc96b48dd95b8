"""What a subscribed calendar shows of its owner's activities (R10, R26), written part by part."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache

from bridge.core.contentline import Component, ContentLine, escape_text, fold, make_line, parse, serialize, text_of
from bridge.core.event import Privacy
from bridge.core.ical_object import PRODID, for_colleague, objects, tzids
from bridge.core.timezones import resolve
from bridge.errors import Invalid

END = "END:VCALENDAR\r\n"

_REFRESH = "PT1H"
_ZONE = re.compile(r"^BEGIN:VTIMEZONE\r\n.*?^END:VTIMEZONE\r\n", re.DOTALL | re.MULTILINE)
# All that says when somebody is busy, and no more.
_OF_TIME = {
    *("UID", "DTSTAMP", "CREATED", "LAST-MODIFIED", "SEQUENCE", "RECURRENCE-ID", "STATUS", "TRANSP"),
    *("DTSTART", "DTEND", "DUE", "DURATION", "RRULE", "RDATE", "EXRULE", "EXDATE"),
}


class FeedPrivacy(StrEnum):
    """What becomes of private activities: shown as private, left out, or only that the owner is busy."""

    AS_PRIVATE = "as-private"
    SKIP = "skip"
    BUSY = "busy"


def head(name: str) -> str:
    """Return the beginning of the calendar; ``name`` is what programs call it (RFC 7986 5.1, 5.7)."""
    called = escape_text(name)
    lines = (
        make_line("VERSION", "2.0"),
        make_line("PRODID", PRODID),
        make_line("NAME", called),
        make_line("X-WR-CALNAME", called),
        make_line("REFRESH-INTERVAL", _REFRESH, (("VALUE", ("DURATION",)),)),
        make_line("X-PUBLISHED-TTL", _REFRESH),
    )
    return "".join(f"{text}\r\n" for text in ("BEGIN:VCALENDAR", *(fold(text_of(line)) for line in lines)))


@dataclass(slots=True)
class FeedWriter:
    """Turns resources into parts of one calendar. ``private_text`` is read instead of a private subject.

    A time zone is written once, before the first object that names it. Where two texts mean different things by one
    TZID that everybody does not know, the later one gets another name.
    """

    private: FeedPrivacy
    private_text: str
    _names: dict[tuple[str, str], str] = field(default_factory=dict)

    def part(self, text: str) -> str:
        """Return what a resource adds to the calendar; nothing when it is left out or cannot be read."""
        try:
            (calendar,) = parse(_ZONE.sub("", text))
            defined = dict(_zone(found) for found in _ZONE.findall(text))
        except (Invalid, ValueError):  # better without one resource than no calendar at all
            return ""
        defined |= {zone.value("TZID"): serialize(zone) for zone in calendar.components if zone.name == "VTIMEZONE"}
        return self._written(self._shown(for_colleague(calendar)), defined)

    def _shown(self, calendar: Component) -> list[Component]:
        found = list(objects(calendar))
        if self.private is FeedPrivacy.AS_PRIVATE or not any(_is_private(each) for each in found):
            return found
        return [] if self.private is FeedPrivacy.SKIP else [_masked(each, self.private_text) for each in found]

    def _written(self, found: list[Component], defined: Mapping[str, str]) -> str:
        written, renamed = [], {}
        for tzid in dict.fromkeys(tzid for each in found for tzid in tzids(each)):
            if tzid in defined:
                name, new = self._name(tzid, defined[tzid])
                if new:
                    written.append(_renamed_zone(defined[tzid], name) if name != tzid else defined[tzid])
                if name != tzid:
                    renamed[tzid] = name
        written += (serialize(_with_zones(each, renamed) if renamed else each) for each in found)
        return "".join(written)

    def _name(self, tzid: str, definition: str) -> tuple[str, bool]:
        """The name of a time zone in this calendar, and whether it is still to be written."""
        if resolve(tzid) is not None:
            definition = ""  # it says it all; of several definitions the first will do
        if (tzid, definition) in self._names:
            return self._names[tzid, definition], False
        same = sum(1 for known, _ in self._names if known == tzid)
        name = f"{tzid} ({same + 1})" if same else tzid
        self._names[tzid, definition] = name
        return name, True


@lru_cache(maxsize=256)
def _zone(text: str) -> tuple[str, str]:
    (zone,) = parse(text)
    return zone.value("TZID"), text


def _renamed_zone(definition: str, name: str) -> str:
    (zone,) = parse(definition)
    line = make_line("TZID", name)
    return serialize(Component(zone.name, tuple(line if each.name == "TZID" else each for each in zone.children)))


def _with_zones(component: Component, names: Mapping[str, str]) -> Component:
    return Component(component.name, tuple(_with_zone(each, names) for each in component.children))


def _with_zone(child: ContentLine | Component, names: Mapping[str, str]) -> ContentLine | Component:
    if isinstance(child, Component):
        return _with_zones(child, names)
    if child.param("TZID") not in names:
        return child
    params = tuple((key, (names[child.param("TZID")],) if key == "TZID" else values) for key, values in child.params)
    return make_line(child.name, child.value, params, child.group)


def _is_private(component: Component) -> bool:
    """RFC 5545 3.8.1.3: what is not known to be public is private."""
    return component.value("CLASS").upper() not in {"", Privacy.PUBLIC}


def _masked(component: Component, text: str) -> Component:
    times = tuple(line for line in component.lines if line.name in _OF_TIME)
    told = (make_line("SUMMARY", escape_text(text)), make_line("CLASS", Privacy.PRIVATE))
    return Component(component.name, (*times, *told))
