"""From the names of time zones that calendars use to time zones."""

from datetime import UTC, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

from bridge.core.contentline import Component
from bridge.core.vtimezone import RuleZone, vtimezone
from bridge.core.windows_zones import WINDOWS_ZONES
from bridge.errors import Invalid

__all__ = ["RuleZone", "Zones", "resolve", "vtimezone", "zone_name"]

_NOT_ZONES = {"Factory", "localtime", "posixrules"}
_UTC_NAMES = {
    "utc",
    "etc/utc",
    "z",
    "gmt",
    "etc/gmt",
    "zulu",
    "etc/zulu",
    "etc/uct",
    "uct",
    "coordinated universal time",
}


class Zones:
    """The time zones of one calendar: names known everywhere, and those of its own VTIMEZONEs."""

    __slots__ = ("_calendar", "_known")

    def __init__(self, calendar: Component | None = None) -> None:
        self._calendar = calendar
        self._known: dict[str, tzinfo | None] = {}

    def get(self, tzid: str) -> tzinfo | None:
        """Return the zone, or ``None`` when nobody knows what the name means: such times are floating."""
        if not tzid:
            return None
        if tzid not in self._known:
            self._known[tzid] = resolve(tzid, self._calendar)
        return self._known[tzid]


def resolve(tzid: str, calendar: Component | None = None) -> tzinfo | None:
    """Return the zone that a TZID means, or ``None``.

    Tried in turn: a name of the IANA database, also behind a prefix; a name of Windows; X-LIC-LOCATION and then
    the rules of the VTIMEZONE of that name in ``calendar``.
    """
    name = _clean(tzid)
    known = _by_name(name)
    if known is not None or calendar is None:
        return known
    component = _component(calendar, name)
    if component is None:
        return None
    located = _by_name(_clean(component.value("X-LIC-LOCATION")))
    if located is not None:
        return located
    try:
        return _from_rules(component)
    except Invalid:
        return None


def zone_name(zone: tzinfo | None) -> str:
    """Return the name that a TZID parameter may carry for the zone; ``""`` for UTC, floating and fixed offsets."""
    return zone.key if isinstance(zone, ZoneInfo | RuleZone) and zone.key else ""


def _clean(tzid: str) -> str:
    return tzid.strip().strip('"').strip()


@lru_cache(maxsize=1024)
def _by_name(name: str) -> tzinfo | None:
    parts = name.strip("/").split("/")
    for start in range(max(0, len(parts) - 3), len(parts)):
        candidate = "/".join(parts[start:]).lower()
        if candidate in _UTC_NAMES:
            return UTC
        if key := _iana_names().get(candidate):
            return ZoneInfo(key)
    windows = _windows_names().get(name.lower())
    return ZoneInfo(windows) if windows else None


@lru_cache(maxsize=1)
def _iana_names() -> dict[str, str]:
    return {key.lower(): key for key in available_timezones() - _NOT_ZONES}


@lru_cache(maxsize=1)
def _windows_names() -> dict[str, str]:
    known = _iana_names()
    return {name.lower(): key for name, key in WINDOWS_ZONES.items() if key.lower() in known}


def _component(calendar: Component, name: str) -> Component | None:
    for component in calendar.components:
        if component.name == "VTIMEZONE" and _clean(component.value("TZID")) == name:
            return component
    return None


@lru_cache(maxsize=256)
def _from_rules(component: Component) -> RuleZone:
    return RuleZone(component)
