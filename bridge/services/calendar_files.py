"""Many calendar texts as one file."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from bridge.core import contentline, ical


@dataclass(slots=True)
class _Group:
    """Texts that agree on what each TZID means."""

    zones: dict[str, str] = field(default_factory=dict)
    texts: list[str] = field(default_factory=list)

    def takes(self, zones: Mapping[str, str]) -> bool:
        return all(self.zones.get(name, definition) == definition for name, definition in zones.items())


def calendar_file(texts: Iterable[str]) -> str:
    """One iCalendar stream of these resources (RFC 5545 3.4).

    Mostly it is one calendar. Texts that mean different things by one TZID get calendars of their own, since a
    calendar can define a TZID only once.
    """
    groups: list[_Group] = []
    for text in texts:
        zones = _zones(text)
        group = next((each for each in groups if each.takes(zones)), None)
        if group is None:
            group = _Group()
            groups.append(group)
        group.zones.update(zones)
        group.texts.append(text)
    return "".join(ical.join(group.texts) for group in groups or [_Group()])


def _zones(text: str) -> dict[str, str]:
    calendars = contentline.parse(text)
    found = (inner for calendar in calendars for inner in calendar.components if inner.name == "VTIMEZONE")
    return {zone.value("TZID"): contentline.serialize(zone) for zone in found}
