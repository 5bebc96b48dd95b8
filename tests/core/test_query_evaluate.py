"""The rules of RFC 4791 9.7 and 9.9 and of RFC 6352 10.5, case by case."""

from datetime import UTC, datetime
from xml.etree import ElementTree as ET
from zoneinfo import ZoneInfo

import pytest

from bridge.core.contentline import Component, parse
from bridge.core.query.evaluate import matches
from bridge.core.query.filters import CompFilter, TimeRange
from bridge.core.query.reading import calendar_filter, card_filter

RIGA = ZoneInfo("Europe/Riga")


def calendar(body: str, name: str = "VEVENT") -> Component:
    (found,) = parse(f"BEGIN:VCALENDAR\nVERSION:2.0\nBEGIN:{name}\nUID:1\n{body}\nEND:{name}\nEND:VCALENDAR\n")
    return found


def card(body: str) -> Component:
    (found,) = parse(f"BEGIN:VCARD\nVERSION:3.0\n{body}\nEND:VCARD\n")
    return found


def seconds(text: str) -> int:
    return int(datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).timestamp())


def at(clock: str) -> int:
    """``12`` or ``12:30`` of the day that all cases are about."""
    hour, _, minute = clock.partition(":")
    return seconds("20260105T000000Z") + int(hour) * 3600 + int(minute or 0) * 60


def in_range(whole: Component, span: str, name: str = "VEVENT") -> bool:
    """Whether it lies from one time of the day to another, ``-`` being open."""
    first, last = (None if clock == "-" else at(clock) for clock in span.split())
    wanted = CompFilter("VCALENDAR", comps=(CompFilter(name, time_range=TimeRange(first, last)),))
    return matches(whole, wanted, UTC)


def has(whole: Component, text: str, name: str = "VEVENT") -> bool:
    element = ET.fromstring(
        f'<filter xmlns="urn:ietf:params:xml:ns:caldav"><comp-filter name="VCALENDAR"><comp-filter name="{name}">{text}'
        "</comp-filter></comp-filter></filter>"
    )
    return matches(whole, calendar_filter(element), UTC)


def card_has(whole: Component, text: str, attributes: str = "") -> bool:
    element = ET.fromstring(f'<filter xmlns="urn:ietf:params:xml:ns:carddav" {attributes}>{text}</filter>')
    return matches(whole, card_filter(element), UTC)


DAY = "DTSTART;VALUE=DATE:20260105"
NINE = "DTSTART:20260105T090000Z"
HOUR = f"{NINE}\nDTEND:20260105T100000Z"


@pytest.mark.parametrize(
    ("body", "span", "expected"),
    [
        (HOUR, "9 10", True),
        (HOUR, "8 9", False),
        (HOUR, "10 11", False),
        (HOUR, "9:59 11", True),
        (HOUR, "8 9:01", True),
        (HOUR, "9:20 9:40", True),
        (HOUR, "- 9", False),
        (HOUR, "- 9:01", True),
        (HOUR, "10 -", False),
        (HOUR, "9:59 -", True),
        (f"{NINE}\nDURATION:PT1H", "9:30 11", True),
        (f"{NINE}\nDURATION:PT1H", "10 11", False),
        (f"{NINE}\nDURATION:PT0S", "9 11", True),
        (f"{NINE}\nDURATION:PT0S", "8 9", False),
        (f"{NINE}\nDURATION:PT0S", "9:01 11", False),
        (NINE, "9 11", True),
        (NINE, "8 9", False),
        (NINE, "9:01 11", False),
        (f"{NINE}\nDTEND:20260105T090000Z", "9 11", True),
        (f"{NINE}\nDTEND:20260105T080000Z", "8 9", False),
        (DAY, "23 24", True),
        (DAY, "24 25", False),
        (f"{DAY}\nDTEND;VALUE=DATE:20260107", "47 48", True),
        (f"{DAY}\nDTEND;VALUE=DATE:20260107", "48 49", False),
        (f"{DAY}\nDURATION:P2D", "47 48", True),
        ("SUMMARY:undated", "0 24", False),
        ("DTSTART:nonsense", "0 24", False),
        (f"{NINE}\nDTEND:nonsense", "9 10", False),
        ("DTSTART;TZID=Europe/Riga:20260105T090000\nDTEND;TZID=Europe/Riga:20260105T100000", "7 8", True),
        ("DTSTART;TZID=Europe/Riga:20260105T090000\nDTEND;TZID=Europe/Riga:20260105T100000", "8 9", False),
        (f"RECURRENCE-ID:20260101T000000Z\n{HOUR}", "9 10", True),
    ],
)
def test_events_in_a_time_range(body: str, span: str, expected: bool) -> None:
    assert in_range(calendar(body), span) is expected


DUE = "DUE:20260105T120000Z"
DONE = "COMPLETED:20260105T150000Z"
MADE = "CREATED:20260105T060000Z"


@pytest.mark.parametrize(
    ("body", "span", "expected"),
    [
        (f"{NINE}\nDURATION:PT1H", "10 11", True),
        (f"{NINE}\nDURATION:PT1H", "10:01 11", False),
        (f"{NINE}\nDURATION:PT1H", "8 9", False),
        (f"{NINE}\nDURATION:PT0S", "8 9", True),
        (f"{NINE}\n{DUE}", "12 13", False),
        (f"{NINE}\n{DUE}", "11:59 13", True),
        (f"{NINE}\n{DUE}", "8 9", False),
        (f"{NINE}\n{DUE}", "8 9:01", True),
        (f"{NINE}\nDUE:20260105T090000Z", "8 9", True),
        (NINE, "9 10", True),
        (NINE, "8 9", False),
        (NINE, "9:01 10", False),
        (DUE, "11 12", True),
        (DUE, "12 13", False),
        (DUE, "10 11:59", False),
        (f"{DONE}\n{MADE}", "5 6", True),
        (f"{DONE}\n{MADE}", "15 16", True),
        (f"{DONE}\n{MADE}", "15:01 16", False),
        (f"{DONE}\n{MADE}", "4 5", False),
        (DONE, "15 16", True),
        (DONE, "14 15", True),
        (DONE, "16 17", False),
        (DONE, "13 14", False),
        (MADE, "6 7", True),
        (MADE, "5 6", False),
        (MADE, "20 21", True),
        ("SUMMARY:whenever", "0 1", True),
        (f"{DUE}\n{DONE}\n{MADE}", "15 16", False),
    ],
)
def test_tasks_in_a_time_range(body: str, span: str, expected: bool) -> None:
    assert in_range(calendar(body, "VTODO"), span, "VTODO") is expected


@pytest.mark.parametrize(
    ("body", "span", "expected"),
    [
        (NINE, "9 10", True),
        (NINE, "8 9", False),
        (DAY, "23 24", True),
        (DAY, "24 25", False),
        ("SUMMARY:undated", "0 24", False),
    ],
)
def test_journals_in_a_time_range(body: str, span: str, expected: bool) -> None:
    assert in_range(calendar(body, "VJOURNAL"), span, "VJOURNAL") is expected


@pytest.mark.parametrize(
    ("body", "span", "expected"),
    [
        (HOUR, "10 11", True),
        (HOUR, "10:01 11", False),
        (HOUR, "8 9", False),
        ("FREEBUSY:20260105T090000Z/PT1H,20260105T120000Z/20260105T130000Z", "12:30 14", True),
        ("FREEBUSY:20260105T090000Z/PT1H,20260105T120000Z/20260105T130000Z", "10 12", False),
        ("FREEBUSY:nonsense", "0 24", False),
        ("SUMMARY:x", "0 24", False),
    ],
)
def test_free_busy_in_a_time_range(body: str, span: str, expected: bool) -> None:
    assert in_range(calendar(body, "VFREEBUSY"), span, "VFREEBUSY") is expected


def alarm(body: str, start: str = HOUR, name: str = "VEVENT") -> Component:
    return calendar(f"{start}\nBEGIN:VALARM\nACTION:DISPLAY\n{body}\nEND:VALARM", name)


@pytest.mark.parametrize(
    ("whole", "span", "expected"),
    [
        (alarm("TRIGGER:-PT30M"), "8:30 8:31", True),
        (alarm("TRIGGER:-PT30M"), "8:31 9", False),
        (alarm("TRIGGER:-PT30M"), "8 8:30", False),
        (alarm("TRIGGER;RELATED=END:PT15M"), "10:15 10:16", True),
        (alarm("TRIGGER;RELATED=START:PT15M"), "10:15 10:16", False),
        (alarm("TRIGGER;VALUE=DATE-TIME:20260105T070000Z"), "7 8", True),
        (alarm("TRIGGER;VALUE=DATE-TIME:20260105T070000Z"), "6 7", False),
        (alarm("TRIGGER:-PT30M\nREPEAT:3\nDURATION:PT5M"), "8:45 8:46", True),
        (alarm("TRIGGER:-PT30M\nREPEAT:3\nDURATION:PT5M"), "8:41 8:45", False),
        (alarm("TRIGGER:-PT30M\nREPEAT:3\nDURATION:PT5M"), "8:46 9", False),
        (alarm("TRIGGER:-PT30M\nREPEAT:3"), "8:35 8:50", False),
        (alarm("TRIGGER:-P1W", start=HOUR), "-159 -158", True),
        (alarm("TRIGGER:nonsense"), "0 24", False),
        (alarm("SUMMARY:none"), "0 24", False),
        (alarm("TRIGGER:PT0S", start=DUE, name="VTODO"), "12 13", True),
        (alarm("TRIGGER;RELATED=END:-PT1H", start=f"{NINE}\n{DUE}", name="VTODO"), "11 12", True),
        (alarm("TRIGGER:PT0S", start="SUMMARY:x", name="VTODO"), "0 24", False),
    ],
)
def test_alarms_in_a_time_range(whole: Component, span: str, expected: bool) -> None:
    name = whole.components[0].name
    first, last = (at(clock) for clock in span.split())
    inner = CompFilter("VALARM", time_range=TimeRange(first, last))
    assert matches(whole, CompFilter("VCALENDAR", comps=(CompFilter(name, comps=(inner,)),)), UTC) is expected


def test_floating_times_and_dates_are_meant_in_the_zone_of_the_calendar() -> None:
    early = TimeRange(at("-2"), at("0"))
    wanted = CompFilter("VCALENDAR", comps=(CompFilter("VEVENT", time_range=early),))
    for body in (DAY, "DTSTART:20260105T003000"):
        assert matches(calendar(body), wanted, RIGA)
        assert not matches(calendar(body), wanted, UTC)


def test_a_range_on_the_calendar_itself_is_about_anything_inside() -> None:
    wanted = CompFilter("VCALENDAR", time_range=TimeRange(at("9"), at("10")))
    assert matches(calendar(HOUR), wanted, UTC)
    assert matches(calendar(NINE, "VJOURNAL"), wanted, UTC)
    assert not matches(calendar("DTSTART:20270101T000000Z"), wanted, UTC)


MEETING = calendar(
    r"""DTSTART:20260105T090000Z
DTSTAMP:20260101T120000Z
CREATED;VALUE=DATE:20260105
SUMMARY:Design\, review\; part 1\nroom
CATEGORIES:Work,Very important
ATTENDEE;PARTSTAT=NEEDS-ACTION;CN="Liene, K.":mailto:liene@example.com
ATTENDEE;PARTSTAT=ACCEPTED:mailto:bernard@example.com
X-ABC-GUID:E1CX5Dr-0007ym-Hz@example.com
BEGIN:VALARM
ACTION:DISPLAY
TRIGGER:-PT5M
END:VALARM"""
)


def text(value: str, attributes: str = "") -> str:
    return f"<text-match {attributes}>{value}</text-match>"


def prop(name: str, *conditions: str) -> str:
    return f'<prop-filter name="{name}">{"".join(conditions)}</prop-filter>'


def param(name: str, *conditions: str) -> str:
    return f'<param-filter name="{name}">{"".join(conditions)}</param-filter>'


NOT_DEFINED = "<is-not-defined/>"


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("", True),
        (prop("summary"), True),
        (prop("LOCATION"), False),
        (prop("LOCATION", NOT_DEFINED), True),
        (prop("SUMMARY", NOT_DEFINED), False),
        (prop("SUMMARY", text("REVIEW; PART 1\nroom")), True),
        (prop("SUMMARY", text("review", 'collation="i;octet"')), True),
        (prop("SUMMARY", text("Review", 'collation="i;octet"')), False),
        (prop("SUMMARY", text("Design, r", 'collation="i;unicode-casemap"')), True),
        (prop("SUMMARY", text("review", 'negate-condition="yes"')), False),
        (prop("SUMMARY", text("lunch", 'negate-condition="yes"')), True),
        (prop("LOCATION", text("lunch", 'negate-condition="yes"')), False),
        (prop("CATEGORIES", text("very important")), True),
        (prop("X-ABC-GUID", text("E1CX5Dr", 'collation="i;octet"')), True),
        (prop("ATTENDEE", param("PARTSTAT", text("NEEDS-ACTION"))), True),
        (prop("ATTENDEE", text("liene"), param("PARTSTAT", text("NEEDS-ACTION"))), True),
        (prop("ATTENDEE", text("bernard"), param("PARTSTAT", text("NEEDS-ACTION"))), False),
        (prop("ATTENDEE", text("bernard"), param("CN", NOT_DEFINED)), True),
        (prop("ATTENDEE", text("liene"), param("cn")), True),
        (prop("ATTENDEE", param("CN", text("Liene, K."))), True),
        (prop("ATTENDEE", param("RSVP", text("x", 'negate-condition="yes"'))), False),
        (prop("DTSTAMP", '<time-range start="20260101T120000Z" end="20260101T120001Z"/>'), True),
        (prop("DTSTAMP", '<time-range end="20260101T120000Z"/>'), False),
        (prop("CREATED", '<time-range start="20260105T235959Z"/>'), True),
        (prop("CREATED", '<time-range start="20260106T000000Z"/>'), False),
        (prop("SUMMARY", '<time-range start="20260106T000000Z"/>'), False),
        ('<comp-filter name="VALARM"/>', True),
        (f'<comp-filter name="VALARM">{NOT_DEFINED}</comp-filter>', False),
        (f'<comp-filter name="VALARM">{prop("ACTION", text("AUDIO"))}</comp-filter>', False),
        (f'<comp-filter name="VALARM">{prop("ACTION", text("display"))}</comp-filter>', True),
        (f'<comp-filter name="X-OTHER">{NOT_DEFINED}</comp-filter>', True),
        (prop("SUMMARY", text("review")) + prop("LOCATION"), False),
    ],
)
def test_conditions_on_a_calendar_object(condition: str, expected: bool) -> None:
    assert has(MEETING, condition) is expected


def test_other_components_are_seen() -> None:
    assert not has(MEETING, "", "VTODO")
    assert has(MEETING, NOT_DEFINED, "VTODO")
    assert not has(MEETING, NOT_DEFINED, "VEVENT")
    assert matches(MEETING, CompFilter("VCALENDAR"), UTC)
    assert not matches(MEETING, CompFilter("VCALENDAR", defined=False), UTC)
    assert not matches(card("FN:x"), CompFilter("VCALENDAR"), UTC)


def test_all_conditions_are_about_one_component() -> None:
    (both,) = parse(
        f"BEGIN:VCALENDAR\nBEGIN:VEVENT\n{NINE}\nSUMMARY:a\nEND:VEVENT\n"
        "BEGIN:VEVENT\nRECURRENCE-ID:20260105T090000Z\nDTSTART:20260106T090000Z\nSUMMARY:b\nEND:VEVENT\nEND:VCALENDAR\n"
    )
    span = '<time-range start="20260106T000000Z" end="20260107T000000Z"/>'
    assert has(both, span + prop("SUMMARY", text("b")))
    assert not has(both, span + prop("SUMMARY", text("a")))


JANIS = card(
    "FN:Jānis Ozols\nN:Ozols;Jānis;;;\nADR;TYPE=home:;;Brīvības iela 1\\, 5;Rīga;;LV-1010;Latvija\n"
    "EMAIL;TYPE=INTERNET,WORK:janis@example.com\nEMAIL;TYPE=HOME:jo@example.org\nitem1.TEL;TYPE=pref:+371 1\n"
    "item2.TEL:+372 2\nTEL;CELL:+373 3\nNOTE:Stra\\nße Ärger ÄRGER"
)


@pytest.mark.parametrize(
    ("condition", "attributes", "expected"),
    [
        (prop("FN", text("jānis o", 'match-type="starts-with"')), "", True),
        (prop("FN", text("JĀNIS")), "", True),
        (prop("FN", text("JĀNIS", 'collation="i;ascii-casemap"')), "", False),
        (prop("FN", text("jĀNIS", 'collation="i;ascii-casemap"').lower()), "", True),
        (prop("FN", text("Ja\u0304nis")), "", True),
        (prop("FN", text("ozols", 'match-type="ends-with"')), "", True),
        (prop("FN", text("ozols", 'match-type="equals"')), "", False),
        (prop("FN", text("Jānis Ozols", 'match-type="equals" collation="i;octet"')), "", True),
        (prop("N", text("Ozols;Jānis", 'match-type="starts-with"')), "", True),
        (prop("ADR", text("iela 1, 5;rīga")), "", True),
        (prop("NOTE", text("stra\nß")), "", True),
        (prop("EMAIL", text("example.org"), param("TYPE", text("work"))), "", True),
        (
            f'<prop-filter name="EMAIL" test="allof">{text("example.org")}{param("TYPE", text("work"))}</prop-filter>',
            "",
            False,
        ),
        (
            f'<prop-filter name="EMAIL" test="allof">{text("example.org")}{param("TYPE", text("home"))}</prop-filter>',
            "",
            True,
        ),
        (prop("EMAIL", text("example.org", 'negate-condition="yes"')), "", True),
        (prop("TEL", param("TYPE", text("cell"))), "", True),
        (prop("item1.TEL"), "", True),
        (prop("ITEM3.TEL"), "", False),
        (prop("item2.TEL", text("+371")), "", False),
        (prop("NICKNAME", NOT_DEFINED) + prop("FN", text("nobody")), "", True),
        (prop("NICKNAME", NOT_DEFINED) + prop("FN", text("nobody")), 'test="allof"', False),
        (prop("NICKNAME", NOT_DEFINED) + prop("FN", text("jānis")), 'test="allof"', True),
        ("", 'test="allof"', True),
    ],
)
def test_conditions_on_a_card(condition: str, attributes: str, expected: bool) -> None:
    assert card_has(JANIS, condition, attributes) is expected
