"""Reports about time: the examples of RFC 4791 7.8 and 7.10 in our own words, and the index against the texts."""

from xml.etree import ElementTree as ET
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.core.contentline import parse
from bridge.core.query.evaluate import matches
from bridge.core.query.reading import calendar_filter
from plugins.reports import read_request
from tests.plugins.reports_support import (
    ACTIVITIES,
    CALDAV,
    CONTACTS,
    DAV,
    TASKS,
    MemoryReader,
    ask,
    condition,
    event,
    names,
    resource,
    responses,
    todo,
)

DATA = f"{CALDAV}calendar-data"
ALARM = "BEGIN:VALARM\nACTION:AUDIO\nTRIGGER;RELATED=START:-PT10M\nEND:VALARM"
SERIES = event(
    "DTSTART;TZID=Europe/Riga:20260105T120000\nDURATION:PT1H\nRRULE:FREQ=DAILY;COUNT=5\nSUMMARY:Event\n"
    "END:VEVENT\nBEGIN:VEVENT\nUID:s\nRECURRENCE-ID;TZID=Europe/Riga:20260107T120000\n"
    "DTSTART;TZID=Europe/Riga:20260107T140000\nDURATION:PT1H\nSUMMARY:Moved",
    "s",
)
ONCE = event(f"DTSTART:20260106T080000Z\nDTEND:20260106T090000Z\nSUMMARY:Once\n{ALARM}", "o")
LATER = event("DTSTART:20260120T080000Z\nDTEND:20260120T090000Z\nSTATUS:TENTATIVE", "l")
DETACHED = event("RECURRENCE-ID:20260106T060000Z\nDTSTART:20260106T070000Z\nDURATION:PT30M\nTRANSP:TRANSPARENT", "d")


def reader() -> MemoryReader:
    texts = {"s.ics": SERIES, "o.ics": ONCE, "l.ics": LATER, "d.ics": DETACHED}
    return MemoryReader(ACTIVITIES, [resource(name, text) for name, text in texts.items()])


def query(condition: str, data: str = "", component: str = "VEVENT") -> str:
    return (
        '<C:calendar-query xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><D:prop><D:getetag/>'
        f'<C:calendar-data>{data}</C:calendar-data></D:prop><C:filter><C:comp-filter name="VCALENDAR">'
        f'<C:comp-filter name="{component}">{condition}</C:comp-filter></C:comp-filter></C:filter></C:calendar-query>'
    )


WEEK = '<C:time-range start="20260106T000000Z" end="20260108T000000Z"/>'


def test_part_of_the_events_of_some_days() -> None:
    data = (
        '<C:comp name="VCALENDAR"><C:prop name="VERSION"/><C:comp name="VEVENT"><C:prop name="SUMMARY"/>'
        '<C:prop name="DURATION"/></C:comp><C:comp name="VTIMEZONE"/></C:comp>'
    )
    found = responses(ask(reader(), query(WEEK, data)))
    assert {href.rpartition("/")[2] for href in found} == {"s.ics", "o.ics", "d.ics"}
    text = found["/dav/alice/activities/s.ics"].found[DATA]
    assert "DURATION:PT1H\nSUMMARY:Event\nEND:VEVENT\nBEGIN:VEVENT\nDURATION:PT1H\nSUMMARY:Moved\n" in text
    assert "DTSTART" not in text


def test_expanded_events_come_one_by_one() -> None:
    data = '<C:expand start="20260106T000000Z" end="20260108T000000Z"/>'
    found = responses(ask(reader(), query(WEEK, data)))
    (whole,) = parse(found["/dav/alice/activities/s.ics"].found[DATA])
    assert [(part.value("DTSTART"), part.value("SUMMARY")) for part in whole.components] == [
        ("20260106T100000Z", "Event"),
        ("20260107T120000Z", "Moved"),
    ]
    assert "BEGIN:VEVENT" in found["/dav/alice/activities/d.ics"].found[DATA]


def test_an_expansion_that_fills_the_memory_is_refused() -> None:
    ever = event("DTSTART:19700101T000000Z\nRRULE:FREQ=DAILY\nDESCRIPTION:" + "x" * 5000)
    many = MemoryReader(ACTIVITIES, [resource(f"{number}.ics", ever) for number in range(3)])
    given = ask(many, query("", '<C:expand start="19700101T000000Z" end="20260101T000000Z"/>'))
    assert (given.status, condition(given)) == (403, f"{DAV}number-of-matches-within-limits")


def test_a_limited_recurrence_set_leaves_exceptions_out() -> None:
    data = '<C:limit-recurrence-set start="20260109T000000Z" end="20260110T000000Z"/>'
    text = responses(ask(reader(), query("", data)))["/dav/alice/activities/s.ics"].found[DATA]
    assert text.count("BEGIN:VEVENT") == 1
    assert "RRULE:FREQ=DAILY;COUNT=5" in text


def test_events_are_found_by_their_alarm() -> None:
    def rings(first: str, last: str) -> set[str]:
        return names(
            ask(
                reader(),
                query(f'<C:comp-filter name="VALARM"><C:time-range start="{first}" end="{last}"/></C:comp-filter>'),
            )
        )

    assert rings("20260106T075000Z", "20260106T075001Z") == {"o.ics"}
    assert rings("20260106T075001Z", "20260106T090000Z") == set()


def test_a_task_due_at_the_end_of_the_range_is_in_it() -> None:
    tasks = MemoryReader(
        TASKS,
        [
            resource("due.ics", todo("DUE:20260108T000000Z")),
            resource("undated.ics", todo("SUMMARY:x")),
            resource("late.ics", todo("DUE:20260109T000000Z")),
        ],
    )
    assert names(ask(tasks, query(WEEK, component="VTODO"))) == {"due.ics", "undated.ics"}


ODD_ZONE = (
    "BEGIN:VCALENDAR\r\nBEGIN:VTIMEZONE\r\nTZID:Our office\r\nBEGIN:STANDARD\r\nDTSTART:19700101T000000\r\n"
    "TZOFFSETFROM:-1000\r\nTZOFFSETTO:-1000\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\nEND:VCALENDAR\r\n"
)


def in_zone(element: str, span: str) -> str:
    return query(span).replace("</C:filter>", f"</C:filter>{element}")


@pytest.mark.parametrize(
    ("element", "first", "last", "found"),
    [
        ("", "20260104T220000Z", "20260104T230000Z", {"day.ics"}),
        ("", "20260105T220000Z", "20260106T220000Z", set()),
        ("<C:timezone-id>Europe/Riga</C:timezone-id>", "20260104T220000Z", "20260104T230000Z", {"day.ics"}),
        ("<C:timezone-id>Pacific/Honolulu</C:timezone-id>", "20260104T220000Z", "20260105T100000Z", set()),
        ("<C:timezone-id>Pacific/Honolulu</C:timezone-id>", "20260105T220000Z", "20260106T220000Z", {"day.ics"}),
        (f"<C:timezone>{ODD_ZONE}</C:timezone>", "20260105T220000Z", "20260106T220000Z", {"day.ics"}),
        (f"<C:timezone>{ODD_ZONE}</C:timezone>", "20260106T100000Z", "20260106T220000Z", set()),
    ],
)
def test_a_query_may_bring_its_own_zone_for_floating_times(
    element: str, first: str, last: str, found: set[str]
) -> None:
    where = MemoryReader(ACTIVITIES, [resource("day.ics", event("DTSTART;VALUE=DATE:20260105"))])
    span = f'<C:time-range start="{first}" end="{last}"/>'
    assert names(ask(where, in_zone(element, span))) == found


@pytest.mark.parametrize(
    ("element", "violated"),
    [
        ("<C:timezone-id>Nowhere/Land</C:timezone-id>", "valid-timezone"),
        ("<C:timezone>nonsense</C:timezone>", "valid-calendar-data"),
        ("<C:timezone/>", "valid-calendar-data"),
        ("<C:timezone>BEGIN:VCALENDAR\nEND:VCALENDAR</C:timezone>", "valid-calendar-data"),
        ("<C:timezone>BEGIN:VCARD\nEND:VCARD\nBEGIN:VCARD\nEND:VCARD</C:timezone>", "valid-calendar-data"),
    ],
)
def test_a_zone_that_is_none_is_refused(element: str, violated: str) -> None:
    assert condition(ask(reader(), in_zone(element, ""))) == CALDAV + violated


FREE_BUSY = '<C:free-busy-query xmlns:C="urn:ietf:params:xml:ns:caldav">{}</C:free-busy-query>'


def test_busy_times_of_a_calendar() -> None:
    given = ask(reader(), FREE_BUSY.format('<C:time-range start="20260106T000000Z" end="20260121T000000Z"/>'))
    assert (given.status, given.content_type) == (200, "text/calendar; charset=utf-8")
    (whole,) = parse(given.body.decode())
    (told,) = whole.components
    assert told.value("DTSTAMP") == "20260131T120005Z"
    assert [f"{line.param('FBTYPE')} {line.value}" for line in told.all("FREEBUSY")] == [
        "BUSY 20260106T080000Z/20260106T090000Z",
        "BUSY 20260106T100000Z/20260106T110000Z",
        "BUSY 20260107T120000Z/20260107T130000Z",
        "BUSY 20260108T100000Z/20260108T110000Z",
        "BUSY 20260109T100000Z/20260109T110000Z",
        "BUSY-TENTATIVE 20260120T080000Z/20260120T090000Z",
    ]


def test_busy_times_need_a_span_and_a_calendar() -> None:
    assert condition(ask(reader(), FREE_BUSY.format(""))) == f"{CALDAV}valid-filter"
    assert (
        condition(ask(reader(), FREE_BUSY.format('<C:time-range start="20260106T000000Z"/>')))
        == f"{CALDAV}valid-filter"
    )
    body = FREE_BUSY.format(WEEK)
    assert condition(ask(MemoryReader(CONTACTS), body)) == f"{DAV}supported-report"
    assert condition(ask(reader(), body, "/alice/activities/o.ics")) == f"{DAV}supported-report"


def clock(hour: int) -> str:
    return f"202601{5 + hour // 24:02}T{hour % 24:02}0000"


@st.composite
def events(draw: st.DrawFn) -> str:
    start, length = draw(st.integers(0, 240)), draw(st.integers(0, 30))
    zone = draw(st.sampled_from(["", ";TZID=Europe/Riga", ";TZID=America/New_York"]))
    suffix = "" if zone else draw(st.sampled_from(["", "Z"]))
    timed = f"DTSTART{zone}:{clock(start)}{suffix}"
    lines = [
        draw(
            st.sampled_from(
                [
                    f"{timed}\nDURATION:PT{length}H",
                    f"{timed}\nDTEND{zone}:{clock(start + length)}{suffix}",
                    timed,
                    f"DTSTART;VALUE=DATE:{clock(start)[:8]}",
                ]
            )
        ),
        draw(st.sampled_from(["SUMMARY:Lunch", "SUMMARY:Mee\r\n ting", r"LOCATION:lun\,ch", "X-A:1"])),
    ]
    lines += draw(st.sampled_from([[], [], ["RRULE:FREQ=DAILY;COUNT=3"], ["RRULE:FREQ=WEEKLY"]]))
    return event("\n".join(lines).replace("\r\n", "\n"))


@st.composite
def conditions(draw: st.DrawFn) -> str:
    start, length = draw(st.integers(0, 240)), draw(st.integers(1, 48))
    first, last = f'start="{clock(start)}Z"', f'end="{clock(start + length)}Z"'
    span = draw(
        st.sampled_from(["", f"<C:time-range {first}/>", f"<C:time-range {last}/>", f"<C:time-range {first} {last}/>"])
    )
    wanted = draw(st.sampled_from(["lunch", "MEETING", "lun,ch", "n,c"]))
    negate = draw(st.sampled_from(["yes", "no"]))
    text = f'<C:text-match negate-condition="{negate}">{wanted}</C:text-match>'
    name = draw(st.sampled_from(["SUMMARY", "LOCATION"]))
    prop = draw(st.sampled_from(["", f'<C:prop-filter name="{name}">{text}</C:prop-filter>']))
    return span + prop


@settings(max_examples=200)
@given(st.lists(events(), max_size=6), conditions())
def test_the_index_finds_what_a_look_at_every_text_finds(texts: list[str], condition: str) -> None:
    where = MemoryReader(ACTIVITIES, [resource(f"{number}.ics", text) for number, text in enumerate(texts)])
    body = query(condition)
    element = read_request(body.encode()).find(f"{CALDAV}filter")
    assert isinstance(element, ET.Element)
    wanted = calendar_filter(element)
    expected = {
        one.href for one in where.resources if matches(parse(one.text)[0], wanted, ZoneInfo(ACTIVITIES.floating_zone))
    }
    assert names(ask(where, body)) == expected
