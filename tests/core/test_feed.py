"""The calendar that subscribers read, part by part (R10, R26)."""

import pytest

from bridge.core.contentline import parse
from bridge.core.feed import END, FeedPrivacy, FeedWriter, head
from tests.harness import ics

PRIVATE = ("SUMMARY:Doctor", "DESCRIPTION:Secret", "LOCATION:Clinic", "ATTENDEE:mailto:x@example.com", "CLASS:PRIVATE")
TIMES = ("DTSTART:20261201T100000Z", "DTEND:20261201T110000Z", "TRANSP:OPAQUE", "RRULE:FREQ=WEEKLY")
ALARM = ("BEGIN:VALARM", "ACTION:DISPLAY", "TRIGGER:-PT5M", "DESCRIPTION:x", "END:VALARM")


def zone(name: str, offset: str = "+0200") -> str:
    return (
        f"BEGIN:VTIMEZONE\r\nTZID:{name}\r\nBEGIN:STANDARD\r\nDTSTART:19700101T000000\r\n"
        f"TZOFFSETFROM:{offset}\r\nTZOFFSETTO:{offset}\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n"
    )


def zoned(name: str, offset: str = "+0200", uid: str = "z") -> str:
    text = ics(f"DTSTART;TZID={name}:20261201T100000", uid=uid)
    return text.replace("BEGIN:VEVENT", zone(name, offset) + "BEGIN:VEVENT")


def feed(*texts: str, private: FeedPrivacy = FeedPrivacy.BUSY) -> str:
    writer = FeedWriter(private, "Private")
    whole = head("Anna: Activities") + "".join(map(writer.part, texts)) + END
    (calendar,) = parse(whole)
    assert calendar.name == "VCALENDAR"
    return whole


def test_it_is_one_calendar_with_a_name() -> None:
    lines = feed(ics(uid="a"), ics(uid="b")).split("\r\n")
    assert lines[:2] == ["BEGIN:VCALENDAR", "VERSION:2.0"]
    assert "X-WR-CALNAME:Anna: Activities" in lines
    assert "REFRESH-INTERVAL;VALUE=DURATION:PT1H" in lines
    assert lines.count("BEGIN:VEVENT") == 2
    assert {"UID:a", "UID:b", "SUMMARY:Meeting with Ilze"} <= set(lines)


def test_without_activities_it_is_an_empty_calendar() -> None:
    assert "BEGIN:VEVENT" not in feed()


def test_a_long_name_is_folded_and_escaped() -> None:
    text = head("Ķ;" * 60)
    assert all(len(line.encode()) <= 75 for line in text.split("\r\n"))
    assert r"Ķ\;Ķ\;" in text


def test_alarms_and_what_is_for_the_owners_devices_stay_behind() -> None:
    text = feed(ics("SUMMARY:x", *TIMES, *ALARM, "X-MOZ-LASTACK:20261201T100000Z", "ATTACH:https://example.com/x"))
    assert "VALARM" not in text
    assert "X-MOZ" not in text
    assert "ATTACH" not in text


@pytest.mark.parametrize("secrecy", ["PRIVATE", "CONFIDENTIAL", "private", "X-SECRET"])
def test_of_a_private_activity_only_the_time_is_told(secrecy: str) -> None:
    text = feed(ics(*PRIVATE[:-1], f"CLASS:{secrecy}", *TIMES, *ALARM, "X-CRM-DEAL:5", uid="p"))
    inside = text.partition("BEGIN:VEVENT\r\n")[2].partition("END:VEVENT")[0].split("\r\n")
    assert set(inside) == {"UID:p", "DTSTAMP:20261101T000000Z", *TIMES, "SUMMARY:Private", "CLASS:PRIVATE", ""}


def test_an_exception_of_a_private_series_is_private_too() -> None:
    instance = "BEGIN:VEVENT\r\nUID:p\r\nRECURRENCE-ID:20261208T100000Z\r\nDTSTART:20261208T120000Z\r\nSUMMARY:Doctor 2"
    series = ics(*PRIVATE, *TIMES, uid="p").replace("END:VCALENDAR", f"{instance}\r\nEND:VEVENT\r\nEND:VCALENDAR")
    text = feed(series)
    assert "Doctor" not in text
    assert text.count("SUMMARY:Private") == 2
    assert "Doctor" not in feed(
        series.replace("CLASS:PRIVATE\r\n", "").replace("Doctor 2", "Doctor 2\r\nCLASS:PRIVATE")
    )


def test_private_activities_can_be_left_out_or_shown() -> None:
    texts = (ics(*PRIVATE, *TIMES, uid="p"), ics(uid="a"))
    skipped = feed(*texts, private=FeedPrivacy.SKIP)
    assert "UID:p" not in skipped
    assert "UID:a" in skipped
    shown = feed(*texts, private=FeedPrivacy.AS_PRIVATE)
    assert {"SUMMARY:Doctor", "CLASS:PRIVATE", "LOCATION:Clinic"} <= set(shown.split("\r\n"))


def test_a_time_zone_is_written_once_and_before_its_use() -> None:
    text = feed(zoned("Europe/Riga", uid="a"), zoned("Europe/Riga", "+0300", uid="b"), zoned("Europe/Berlin", uid="c"))
    assert text.count("BEGIN:VTIMEZONE") == 2
    assert text.index("TZID:Europe/Riga") < text.index("UID:a")


def test_a_time_zone_of_a_hidden_activity_is_not_written() -> None:
    hidden = zoned("Mine").replace("UID:z", "UID:z\r\nCLASS:PRIVATE")
    assert "Mine" not in feed(hidden, private=FeedPrivacy.SKIP)


def test_two_meanings_of_one_name_stay_apart() -> None:
    texts = [
        zoned("Mine", uid="a"),
        zoned("Mine", "+0500", uid="b"),
        zoned("Mine", uid="c"),
        zoned("Mine", "+0500", uid="d"),
    ]
    text = feed(*texts)
    assert text.count("BEGIN:VTIMEZONE") == 2
    assert text.count("DTSTART;TZID=Mine:") == 2
    assert text.count("DTSTART;TZID=Mine (2):") == 2
    assert "TZID:Mine (2)\r\n" in text


def test_other_line_ends_change_nothing() -> None:
    assert feed(zoned("Mine").replace("\r\n", "\n")).count("BEGIN:VTIMEZONE") == 1


def test_a_text_that_cannot_be_read_is_left_out_alone() -> None:
    assert "UID:a" in feed("BEGIN:VCALENDAR\r\nnonsense", "", ics(uid="a"))
