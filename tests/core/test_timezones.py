import copy
from datetime import UTC, datetime, timedelta, tzinfo
from io import StringIO
from zoneinfo import ZoneInfo

import icalendar
import pytest
from dateutil.tz import tzical

from bridge.core.contentline import Component, parse, serialize
from bridge.core.timezones import RuleZone, Zones, resolve, vtimezone, zone_name
from bridge.core.windows_zones import WINDOWS_ZONES

ZONES = [
    "Europe/Riga",
    "Europe/Moscow",
    "Europe/Warsaw",
    "Europe/Stockholm",
    "Europe/Dublin",
    "America/New_York",
    "Asia/Kolkata",
    "Asia/Jerusalem",
    "Asia/Gaza",
    "America/Nuuk",
    "Australia/Lord_Howe",
    "Africa/Casablanca",
    "UTC",
]

CUSTOM = """BEGIN:VCALENDAR
BEGIN:VTIMEZONE
TZID:Customized Time Zone
BEGIN:STANDARD
DTSTART:16010101T040000
RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10
TZOFFSETFROM:+0300
TZOFFSETTO:+0200
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:16010101T030000
RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3
TZOFFSETFROM:+0200
TZOFFSETTO:+0300
END:DAYLIGHT
END:VTIMEZONE
BEGIN:VTIMEZONE
TZID:Ours
X-LIC-LOCATION:Europe/Warsaw
BEGIN:STANDARD
DTSTART:19700101T000000
TZOFFSETFROM:+0900
TZOFFSETTO:+0900
END:STANDARD
END:VTIMEZONE
BEGIN:VTIMEZONE
TZID:Listed
BEGIN:STANDARD
DTSTART:20200101T000000
RDATE:20210101T000000,20220101T000000Z
RDATE;VALUE=DATE:20230101
TZOFFSETFROM:+0100
TZOFFSETTO:+013015
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:20200601T000000
RRULE:FREQ=YEARLY;UNTIL=20220601T000000
TZOFFSETFROM:+013015
TZOFFSETTO:+0100
END:DAYLIGHT
END:VTIMEZONE
BEGIN:VTIMEZONE
TZID:Broken
BEGIN:STANDARD
DTSTART:20200101T000000
TZOFFSETFROM:9999
TZOFFSETTO:+0100
END:STANDARD
END:VTIMEZONE
BEGIN:VTIMEZONE
TZID:Empty
END:VTIMEZONE
END:VCALENDAR
"""


@pytest.fixture
def calendar() -> Component:
    return parse(CUSTOM)[0]


def around_every_change(zone: ZoneInfo, first: int, last: int) -> list[datetime]:
    """Seconds around each change of the offset, and every twelve hours."""
    moments = []
    moment = datetime(first, 1, 1, tzinfo=UTC)
    while moment.year <= last:
        following = moment + timedelta(hours=12)
        moments.append(moment)
        if moment.astimezone(zone).utcoffset() != following.astimezone(zone).utcoffset():
            moments.extend(
                moment + timedelta(minutes=15 * index, seconds=edge) for index in range(48) for edge in (-1, 0)
            )
        moment = following
    return moments


def offsets(zone: tzinfo, moments: list[datetime]) -> list[timedelta | None]:
    return [moment.astimezone(zone).utcoffset() for moment in moments]


@pytest.mark.parametrize("name", ZONES)
def test_a_written_zone_has_the_offsets_of_the_zone(name: str) -> None:
    zone = ZoneInfo(name)
    moments = around_every_change(zone, 2020, 2037)
    written = RuleZone(vtimezone(zone, 2020)) if name != "UTC" else RuleZone(vtimezone(ZoneInfo("UTC"), 2020))
    assert offsets(written, moments) == offsets(zone, moments)


@pytest.mark.parametrize("name", ZONES)
def test_wall_clocks_of_a_written_zone_follow_fold_like_the_zone(name: str) -> None:
    zone = ZoneInfo(name)
    written = RuleZone(vtimezone(zone, 2020))
    walls = [moment.replace(tzinfo=None) for moment in around_every_change(zone, 2020, 2026)]
    for fold in (0, 1):
        ours = [wall.replace(tzinfo=written, fold=fold).utcoffset() for wall in walls]
        assert ours == [wall.replace(tzinfo=zone, fold=fold).utcoffset() for wall in walls]
    aware = [wall.replace(tzinfo=UTC) for wall in walls]
    assert [moment.astimezone(written).fold for moment in aware] == [moment.astimezone(zone).fold for moment in aware]


@pytest.mark.parametrize("name", ZONES)
def test_dateutil_and_icalendar_read_a_written_zone(name: str) -> None:
    zone = ZoneInfo(name)
    component = vtimezone(zone, 2020, 2037)
    text = serialize(Component("VCALENDAR", (component,)))
    moments = around_every_change(zone, 2021, 2026)
    read = tzical(StringIO(text.replace("\r\n", "\n"))).get(name)
    assert read is not None
    walls = [moment.replace(tzinfo=zone) for moment in moments if moment.minute == 0 and moment.hour == 12]
    assert [wall.replace(tzinfo=read).utcoffset() for wall in walls] == [wall.utcoffset() for wall in walls]
    (parsed,) = icalendar.Calendar.from_ical(text).timezones
    assert parsed.tz_name == name


@pytest.mark.parametrize(
    ("name", "rules"),
    [("Europe/Riga", 2), ("America/New_York", 2), ("Australia/Lord_Howe", 2), ("Asia/Kolkata", 0), ("UTC", 0)],
)
def test_a_zone_with_a_lasting_rule_is_short_and_endless(name: str, rules: int) -> None:
    component = vtimezone(ZoneInfo(name), 2026)
    text = serialize(component)
    assert (text.count("RRULE:"), text.count("RDATE")) == (rules, 0)
    assert len(component.components) == max(rules, 1)
    moments = around_every_change(ZoneInfo(name), 2095, 2099)
    assert offsets(RuleZone(component), moments) == offsets(ZoneInfo(name), moments)


def test_riga_in_full() -> None:
    assert serialize(vtimezone(ZoneInfo("Europe/Riga"), 2026)).split("\r\n") == [
        "BEGIN:VTIMEZONE",
        "TZID:Europe/Riga",
        "BEGIN:DAYLIGHT",
        "DTSTART:20250330T030000",
        "RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU",
        "TZOFFSETFROM:+0200",
        "TZOFFSETTO:+0300",
        "TZNAME:EEST",
        "END:DAYLIGHT",
        "BEGIN:STANDARD",
        "DTSTART:20251026T040000",
        "RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU",
        "TZOFFSETFROM:+0300",
        "TZOFFSETTO:+0200",
        "TZNAME:EET",
        "END:STANDARD",
        "END:VTIMEZONE",
        "",
    ]


@pytest.mark.parametrize("year", [1, 1899, 1941, 1970, 2000, 2500, 9999])
@pytest.mark.parametrize("name", ["Europe/Riga", "Africa/Casablanca"])
def test_any_first_year_gives_a_zone(name: str, year: int) -> None:
    zone = ZoneInfo(name)
    written = RuleZone(vtimezone(zone, year))
    moments = [datetime(max(1900, min(year + more, 2037)), 1, 15, 12, tzinfo=UTC) for more in range(10)]
    assert offsets(written, moments) == offsets(zone, moments)


@pytest.mark.parametrize(
    ("tzid", "key"),
    [
        ("Europe/Riga", "Europe/Riga"),
        (" europe/riga ", "Europe/Riga"),
        ('"Europe/Riga"', "Europe/Riga"),
        ("/freeassociation.sourceforge.net/Europe/Riga", "Europe/Riga"),
        ("/freeassociation.sourceforge.net/Tzfile/Europe/Riga", "Europe/Riga"),
        ("/mozilla.org/20050126_1/Europe/Berlin", "Europe/Berlin"),
        ("/softwarestudio.org/Olson_20011030_5/America/Argentina/Buenos_Aires", "America/Argentina/Buenos_Aires"),
        ("US/Eastern", "US/Eastern"),
        ("FLE Standard Time", "Europe/Kyiv"),
        ("w. europe standard time", "Europe/Berlin"),
        ("Russian Standard Time", "Europe/Moscow"),
        ("Central European Standard Time", "Europe/Warsaw"),
    ],
)
def test_a_name_is_understood(tzid: str, key: str) -> None:
    assert resolve(tzid) == ZoneInfo(key)


@pytest.mark.parametrize("tzid", ["UTC", "Etc/UTC", "Z", "tzone://Microsoft/Utc", "GMT"])
def test_names_of_utc_are_utc(tzid: str) -> None:
    assert resolve(tzid) is UTC


@pytest.mark.parametrize(
    "tzid", ["", "Nowhere", "../../etc/passwd", "/etc/passwd", "Europe", "Factory", "A\x00B", "Broken", "Empty"]
)
def test_an_unknown_name_is_not_invented(tzid: str, calendar: Component) -> None:
    assert resolve(tzid) is None
    assert resolve(tzid, calendar) is None


def test_every_windows_zone_exists() -> None:
    assert {resolve(name) for name in WINDOWS_ZONES} >= {ZoneInfo("Europe/Kyiv"), ZoneInfo("Europe/Warsaw")}
    assert None not in {resolve(name) for name in WINDOWS_ZONES}


def test_a_custom_zone_follows_its_own_rules(calendar: Component) -> None:
    zone = resolve("Customized Time Zone", calendar)
    assert isinstance(zone, RuleZone)
    riga = ZoneInfo("Europe/Riga")
    moments = around_every_change(riga, 2020, 2027)
    assert offsets(zone, moments) == offsets(riga, moments)
    assert (zone_name(zone), zone.dst(None), zone.tzname(None)) == ("Customized Time Zone", timedelta(), zone.key)
    assert zone.utcoffset(None) == timedelta(hours=3)
    assert offsets(copy.deepcopy(zone), moments) == offsets(zone, moments)


def test_a_custom_zone_may_list_its_changes(calendar: Component) -> None:
    zone = resolve("Listed", calendar)
    assert zone is not None
    moments = [datetime(year, month, 2, 12, tzinfo=UTC) for year in (2019, 2020, 2021, 2023, 2024) for month in (1, 6)]
    east, odd = timedelta(hours=1), timedelta(hours=1, minutes=30, seconds=15)
    assert offsets(zone, moments) == [east, east, odd, east, odd, east, odd, odd, odd, odd]


def test_the_location_of_a_custom_zone_goes_before_its_rules(calendar: Component) -> None:
    assert resolve("Ours", calendar) == ZoneInfo("Europe/Warsaw")
    zones = Zones(calendar)
    assert (zones.get("Ours"), zones.get("Nowhere"), zones.get("")) == (ZoneInfo("Europe/Warsaw"), None, None)


def test_only_zones_with_a_name_can_be_named() -> None:
    assert [zone_name(zone) for zone in (ZoneInfo("Europe/Riga"), UTC, None)] == ["Europe/Riga", "", ""]
