"""Sixty events that every calendar at Microsoft has to keep: Graph and Exchange Web Services run the same ones.

How a provider runs them: for each name of ``CASES``, create the event on its side, fetch it in a new process (a side
opened anew), and compare what comes back with the case by ``difference``; nothing may differ. A test does it so::

    @pytest.mark.parametrize("name", CASES)
    def test_a_case_is_kept(world, name):
        (made,) = world.open().write([Create(IdempotencyKey(name), CASES[name])])
        (found,) = world.open().fetch([made.id])
        assert difference(found.object, CASES[name]) == ""

All of them can be expressed in Outlook itself: one reminder before the start, the patterns of its recurrence dialog,
zones that Windows knows. The days lie between 2027 and 2029; the clocks of Riga change on 2027-03-28 and 2027-10-31,
those of New York on 2027-03-14 and 2027-11-07.
"""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from bridge.core.digest import canonical, encoded, same
from bridge.core.event import Event, Moment, Privacy

RIGA = ZoneInfo("Europe/Riga")
NEW_YORK = ZoneInfo("America/New_York")
HOUR, DAY = timedelta(hours=1), timedelta(days=1)

COMPARED = frozenset(each.name for each in fields(Event)) - {"attendees", "kind"}
"""Nobody writes attendees (R13), and there are no tasks among events."""


def difference(found: Event | None, wanted: Event) -> str:
    """Nothing, or what differs of two events, for a reader."""
    if found is not None and same(found, wanted, COMPARED):
        return ""
    if found is None:
        return "There is no event."
    return f"found  {encoded(canonical(found, COMPARED))}\nwanted {encoded(canonical(wanted, COMPARED))}"


def at(text: str, zone: str = "Europe/Riga", fold: int = 0) -> datetime:
    """A wall-clock time in a zone."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC if zone == "UTC" else ZoneInfo(zone), fold=fold)


def timed(start: datetime, length: timedelta = HOUR, **changes: object) -> Event:
    """An appointment."""
    return replace(Event("case@example.com", summary="Case", start=start, end=start + length), **changes)  # type: ignore[arg-type]


def days(first: str, after: str, **changes: object) -> Event:
    """Whole days, until before the second one."""
    event = Event("case@example.com", summary="Case", start=date.fromisoformat(first), end=date.fromisoformat(after))
    return replace(event, **changes)  # type: ignore[arg-type]


def series(rule: str, start: str = "2027-03-01T09:00:00", zone: str = "Europe/Riga", **changes: object) -> Event:
    """A series of one hour each."""
    return replace(timed(at(start, zone)), recurrence=(f"RRULE:{rule}",), **changes)  # type: ignore[arg-type]


def but(event: Event, *overrides: Event, without: tuple[str, ...] = ()) -> Event:
    """A series with these exceptions, and without the occurrences that EXDATE lines name."""
    return replace(event, recurrence=(*event.recurrence, *without), overrides=overrides)


def exception(event: Event, original: Moment, **changes: object) -> Event:
    """An occurrence that differs from its series."""
    assert event.start is not None
    assert event.end is not None
    own = replace(event, recurrence=(), overrides=(), recurrence_id=original, start=original)
    return replace(own, **{"end": original + (event.end - event.start), **changes})  # type: ignore[arg-type]


_MONDAYS = series("FREQ=WEEKLY;BYDAY=MO;COUNT=10")
_WHOLE_DAYS = days("2027-03-01", "2027-03-02", recurrence=("RRULE:FREQ=WEEKLY;BYDAY=MO;COUNT=6",))

_ZONES = {
    "a time in Riga in winter": timed(at("2027-01-12T09:00:00")),
    "a time in Riga in summer": timed(at("2027-07-12T09:00:00")),
    "a time in UTC": timed(at("2027-07-12T09:00:00", "UTC")),
    "a time in New York": timed(at("2027-03-20T09:00:00", "America/New_York")),
    "a time in Kolkata, half an hour off": timed(at("2027-05-05T10:15:00", "Asia/Kolkata")),
    "a time in Kathmandu, three quarters off": timed(at("2027-05-05T10:15:00", "Asia/Kathmandu")),
    "a time in Auckland, a day ahead": timed(at("2027-01-02T00:30:00", "Pacific/Auckland")),
    "a time in Honolulu, a day behind": timed(at("2027-01-01T23:30:00", "Pacific/Honolulu")),
    "a start and an end in two zones": timed(at("2027-06-01T09:00:00"), end=at("2027-06-01T12:00:00", "Europe/London")),
    "a zone that shares its Windows name": timed(at("2027-06-01T09:00:00", "Europe/Vilnius")),
}

_CLOCK_CHANGES = {
    "the hour before the clocks go forward": timed(at("2027-03-28T02:00:00")),
    "across the hour that is missing": timed(at("2027-03-28T02:30:00"), end=at("2027-03-28T04:30:00")),
    "the first of the hour that comes twice": timed(at("2027-10-31T03:30:00"), end=at("2027-10-31T03:45:00")),
    "the second of the hour that comes twice": timed(at("2027-10-31T03:30:00", fold=1), end=at("2027-10-31T05:00:00")),
    "across midnight of the change": timed(at("2027-10-30T22:00:00"), end=at("2027-10-31T06:00:00")),
    "a series in Riga across both changes": series("FREQ=WEEKLY;BYDAY=MO,TH;UNTIL=20271231T070000Z"),
    "a series in New York across its own change": series(
        "FREQ=DAILY;COUNT=20", "2027-03-08T09:00:00", "America/New_York"
    ),
    "a series in UTC across the change": series("FREQ=DAILY;COUNT=40", "2027-03-08T09:00:00", "UTC"),
}

_WHOLE = {
    "one whole day": days("2027-06-01", "2027-06-02"),
    "several whole days": days("2027-06-01", "2027-06-05"),
    "whole days over the change in spring": days("2027-03-27", "2027-03-30"),
    "whole days over the change in autumn": days("2027-10-30", "2027-11-01"),
    "whole days over a leap day": days("2028-02-28", "2028-03-02"),
    "whole days over new year": days("2027-12-31", "2028-01-02"),
    "a series of whole days over the change": _WHOLE_DAYS,
    "a series of whole days each year": days("2027-06-01", "2027-06-02", recurrence=("RRULE:FREQ=YEARLY;COUNT=3",)),
}

_PATTERNS = {
    "every day": series("FREQ=DAILY;COUNT=5"),
    "every third day": series("FREQ=DAILY;INTERVAL=3;COUNT=5"),
    "every day until a day": series("FREQ=DAILY;UNTIL=20270320T070000Z"),
    "every week": series("FREQ=WEEKLY;COUNT=5"),
    "every other week, two days": series("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,WE;COUNT=7"),
    "every other week, weeks that begin on Sunday": series("FREQ=WEEKLY;INTERVAL=2;BYDAY=SU,MO;WKST=SU;COUNT=7"),
    "every working day": series("FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR;COUNT=12"),
    "every week without end": series("FREQ=WEEKLY;BYDAY=MO"),
    "a day of each month": series("FREQ=MONTHLY;BYMONTHDAY=15;COUNT=6", "2027-03-15T09:00:00"),
    "every third month, by the start": series("FREQ=MONTHLY;INTERVAL=3;COUNT=4", "2027-03-15T09:00:00"),
    "a day that is the last one where a month does not have it": series(
        "FREQ=MONTHLY;BYMONTHDAY=28,29,30;BYSETPOS=-1;COUNT=6", "2027-01-30T09:00:00"
    ),
    "the last day of each month": series("FREQ=MONTHLY;BYMONTHDAY=-1;COUNT=6", "2027-01-31T09:00:00"),
    "the second Tuesday of each month": series("FREQ=MONTHLY;BYDAY=2TU;COUNT=6", "2027-03-09T09:00:00"),
    "the last Friday of every other month": series("FREQ=MONTHLY;INTERVAL=2;BYDAY=-1FR;COUNT=5", "2027-03-26T09:00:00"),
    "the last working day of each month": series(
        "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1;COUNT=4", "2027-03-31T09:00:00"
    ),
    "a day of each year": series("FREQ=YEARLY;BYMONTH=3;BYMONTHDAY=15;COUNT=3", "2027-03-15T09:00:00"),
    "the fourth Thursday of November": series("FREQ=YEARLY;BYMONTH=11;BYDAY=4TH;COUNT=3", "2027-11-25T09:00:00"),
}

_EXCEPTIONS = {
    "an occurrence moved to another day": but(
        _MONDAYS,
        exception(_MONDAYS, at("2027-03-15T09:00:00"), start=at("2027-03-16T11:00:00"), end=at("2027-03-16T13:00:00")),
    ),
    "an occurrence moved across the change": but(
        _MONDAYS,
        exception(_MONDAYS, at("2027-03-29T09:00:00"), start=at("2027-03-27T09:00:00"), end=at("2027-03-27T10:00:00")),
    ),
    "an occurrence with another subject and place": but(
        _MONDAYS, exception(_MONDAYS, at("2027-03-15T09:00:00"), summary="Other", location="Elsewhere")
    ),
    "an occurrence left out": but(_MONDAYS, without=("EXDATE;TZID=Europe/Riga:20270308T090000",)),
    "an occurrence left out after the change": but(_MONDAYS, without=("EXDATE;TZID=Europe/Riga:20270405T090000",)),
    "an occurrence moved, one left out": but(
        _MONDAYS,
        exception(_MONDAYS, at("2027-04-12T09:00:00"), start=at("2027-04-13T08:00:00"), end=at("2027-04-13T09:00:00")),
        without=("EXDATE;TZID=Europe/Riga:20270308T090000",),
    ),
    "an occurrence of whole days moved": but(
        _WHOLE_DAYS, exception(_WHOLE_DAYS, date(2027, 3, 15), start=date(2027, 3, 16), end=date(2027, 3, 18))
    ),
    "an occurrence of whole days left out": but(_WHOLE_DAYS, without=("EXDATE;VALUE=DATE:20270329",)),
}

_MARKS = {
    "private": timed(at("2027-06-01T09:00:00"), privacy=Privacy.PRIVATE),
    "confidential": timed(at("2027-06-01T09:00:00"), privacy=Privacy.CONFIDENTIAL),
    "free": timed(at("2027-06-01T09:00:00"), busy=False),
    "free for whole days": days("2027-06-01", "2027-06-02", busy=False),
    "a reminder": timed(at("2027-06-01T09:00:00"), reminders=(timedelta(minutes=-30),)),
    "categories": timed(at("2027-06-01T09:00:00"), categories=("Sales", "Key account, north")),
}

_BODIES = {
    "a text of several paragraphs": timed(
        at("2027-06-01T09:00:00"), description="First\n\nSecond – ķīmija 漢字 🙂\n  - indented\n  - twice"
    ),
    "a text that looks like HTML": timed(at("2027-06-01T09:00:00"), description="<b>not bold</b> & a < b &amp; c"),
    "a text with a link": timed(
        at("2027-06-01T09:00:00"), description="See https://crm.example.com/deal/1?a=b&c=d and call."
    ),
    "a place with marks": timed(at("2027-06-01T09:00:00"), location="Brīvības iela 1; 3rd floor, “Rīga”"),
}

CASES: dict[str, Event] = {
    **_ZONES,
    **_CLOCK_CHANGES,
    **_WHOLE,
    **_PATTERNS,
    **_EXCEPTIONS,
    **_MARKS,
    **_BODIES,
}
