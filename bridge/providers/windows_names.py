"""Names of time zones as Windows and Exchange want to read them. ``core.timezones`` reads them.

The table is that of Unicode's CLDR, as ``tzlocal`` carries it.
"""

from datetime import tzinfo
from functools import lru_cache

from tzlocal.windows_tz import tz_win

from bridge.core.ical_values import is_utc
from bridge.core.timezones import resolve, zone_name

UTC_NAME = "UTC"


@lru_cache(maxsize=1024)
def windows_name(name: str) -> str:
    """What Windows calls a zone of the IANA database; nothing where it has no such zone."""
    return str(tz_win.get(name, "")) if name else ""  # the table has a zone for no name at all


def name_of(zone: tzinfo | None) -> str:
    """What Windows calls a zone, ``UTC`` included; nothing for fixed offsets, zones of a calendar's own and none."""
    if is_utc(zone):
        return UTC_NAME
    return windows_name(zone_name(zone))


def zone_of(name: str, remembered: str = "") -> tzinfo | None:
    """The zone that a name stands for. ``remembered`` is the IANA name that was meant: several share one of Windows.

    It counts as long as it fits what is there.
    """
    if remembered and (windows_name(remembered) or remembered) == name:
        return resolve(remembered)
    return resolve(name)
