"""Events and contacts that every remote meets sooner or later."""

from base64 import b64decode
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from bridge.core.contact import Address, Birthday, Contact, Labelled, Name, Photo
from bridge.core.event import Attendee, Event, EventKind, Links, Privacy

RIGA = ZoneInfo("Europe/Riga")
NEW_YORK = ZoneInfo("America/New_York")
HOUR = timedelta(hours=1)
PICTURE = b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==")
ODD = "Ünïcödé, 日本語; \\back\\slash: \"quotes\" 'and' – עברית 👩‍👩‍👧‍👦 🇱🇻 e\u0301"
LONG = "Line after line, a good deal of it. Ķīmija 漢字 🙂\n" * 200


def event(number: int) -> Event:
    """A plain appointment, different for each number."""
    start = datetime(2027, 3, 1, 9, 0, tzinfo=RIGA) + timedelta(days=number)
    return Event(f"plain-{number}@example.com", summary=f"Meeting {number}", start=start, end=start + HOUR)


def edited_event(before: Event) -> Event:
    """Move it and call it something else."""
    assert isinstance(before.start, datetime)
    start = before.start + 2 * HOUR
    return replace(before, summary=f"{before.summary} (moved)", start=start, end=start + HOUR)


def contact(number: int) -> Contact:
    """A person with a name and an address, different for each number."""
    email = Labelled(f"person{number}@example.com", "work")
    name = Name(family=f"Bērziņš{number}", given="Anna")
    return Contact(f"person-{number}", formatted_name=f"Anna {name.family}", name=name, emails=(email,))


def edited_contact(before: Contact) -> Contact:
    """Let somebody marry."""
    name = replace(before.name, family=f"{before.name.family}-Liepa")
    return replace(before, name=name, formatted_name=f"{name.given} {name.family}")


def is_floating(one: Event) -> bool:
    """Whether an event begins at a time without a zone."""
    return isinstance(one.start, datetime) and one.start.tzinfo is None


_TIMED = event(0)
_WEEKLY = replace(
    _TIMED,
    summary="Every Monday",
    start=datetime(2027, 3, 1, 9, 0, tzinfo=RIGA),  # a Monday; the clocks change on March 28
    end=datetime(2027, 3, 1, 10, 0, tzinfo=RIGA),
    recurrence=("RRULE:FREQ=WEEKLY;BYDAY=MO;COUNT=8",),
)


def _instance(day: datetime, **changes: object) -> Event:
    return replace(_WEEKLY, recurrence=(), recurrence_id=day, start=day, end=day + HOUR, **changes)  # type: ignore[arg-type]


_MOVED = _instance(
    datetime(2027, 3, 15, 9, 0, tzinfo=RIGA),
    summary="On Tuesday this time",
)
_MOVED = replace(_MOVED, start=datetime(2027, 3, 16, 11, 0, tzinfo=RIGA), end=datetime(2027, 3, 16, 13, 0, tzinfo=RIGA))
_DROPPED = _instance(datetime(2027, 3, 22, 9, 0, tzinfo=RIGA), cancelled=True)

EVENTS: dict[str, Event] = {
    "a time in a zone": _TIMED,
    "a time in UTC": replace(
        _TIMED, start=datetime(2027, 6, 1, 12, 30, tzinfo=UTC), end=datetime(2027, 6, 1, 13, 45, tzinfo=UTC)
    ),
    "start and end in two zones": replace(
        _TIMED, start=datetime(2027, 6, 1, 9, 0, tzinfo=RIGA), end=datetime(2027, 6, 1, 12, 0, tzinfo=NEW_YORK)
    ),
    "the hour that comes twice": replace(
        _TIMED,
        start=datetime(2027, 10, 31, 3, 30, tzinfo=RIGA, fold=1),
        end=datetime(2027, 10, 31, 5, 0, tzinfo=RIGA),
    ),
    "a floating time": replace(_TIMED, start=datetime(2027, 6, 1, 9, 0), end=datetime(2027, 6, 1, 10, 0)),
    "across midnight": replace(
        _TIMED, start=datetime(2027, 6, 1, 22, 0, tzinfo=RIGA), end=datetime(2027, 6, 2, 6, 0, tzinfo=RIGA)
    ),
    "one whole day": replace(_TIMED, start=date(2027, 6, 1), end=date(2027, 6, 2)),
    "several whole days": replace(_TIMED, start=date(2028, 2, 28), end=date(2028, 3, 2)),
    "odd characters": replace(_TIMED, summary=ODD, location=ODD, description=f"{ODD}\n\n  indented\ttab"),
    "a long text": replace(_TIMED, description=LONG.strip()),
    "nothing but a title": replace(_TIMED, summary="T", description="", location=""),
    "a place and addresses": replace(
        _TIMED,
        location="Brīvības iela 1, Rīga; 3rd floor",
        url="https://crm.example.com/deal/1?a=b&c=d",
        conference_url="https://meet.example.com/abc-defg-hij",
    ),
    "private": replace(_TIMED, privacy=Privacy.PRIVATE),
    "confidential": replace(_TIMED, privacy=Privacy.CONFIDENTIAL),
    "free": replace(_TIMED, busy=False),
    "cancelled": replace(_TIMED, cancelled=True),
    "reminders": replace(_TIMED, reminders=(timedelta(minutes=-10), timedelta(days=-1))),
    "a reminder at the start": replace(_TIMED, reminders=(timedelta(0),)),
    "categories": replace(_TIMED, categories=("Sales", "Key account, north")),
    "a color": replace(_TIMED, color="seagreen"),
    "a type": replace(_TIMED, type_key="call"),
    "linked records": replace(_TIMED, links=Links(7, 8, 9)),
    "done": replace(_TIMED, done=True),
    "attendees": replace(
        _TIMED,
        attendees=(
            Attendee("boss@example.com", "Boss", "ACCEPTED", organizer=True),
            Attendee("guest@example.org", "Ģuest; Jr.", "TENTATIVE"),
        ),
    ),
    "a series": _WEEKLY,
    "a series without end": replace(_WEEKLY, recurrence=("RRULE:FREQ=MONTHLY;BYDAY=-1FR",)),
    "a series of whole days": replace(
        _TIMED, start=date(2027, 6, 1), end=date(2027, 6, 2), recurrence=("RRULE:FREQ=YEARLY;UNTIL=20300601",)
    ),
    "a series with a gap": replace(
        _WEEKLY, recurrence=(*_WEEKLY.recurrence, "EXDATE;TZID=Europe/Riga:20270308T090000")
    ),
    "a series with a moved instance": replace(_WEEKLY, overrides=(_MOVED,)),
    "a series with a cancelled instance": replace(_WEEKLY, overrides=(_DROPPED,)),
    "a series with several exceptions": replace(
        _WEEKLY,
        recurrence=(*_WEEKLY.recurrence, "EXDATE;TZID=Europe/Riga:20270308T090000"),
        overrides=(_MOVED, _DROPPED, _instance(datetime(2027, 4, 5, 9, 0, tzinfo=RIGA), location="Elsewhere")),
    ),
}

TASKS: dict[str, Event] = {
    "a task with a day": Event("task@example.com", EventKind.TASK, summary="Call back", end=date(2027, 6, 2)),
    "a task with a time": Event(
        "task@example.com", EventKind.TASK, summary="Call", end=datetime(2027, 6, 1, 12, 0, tzinfo=RIGA)
    ),
    "a task without a time": Event("task@example.com", EventKind.TASK, summary="Some day"),
    "a task that is done": Event(
        "task@example.com",
        EventKind.TASK,
        summary="Call",
        end=datetime(2027, 6, 1, 12, 0, tzinfo=RIGA),
        done=True,
        done_at=datetime(2027, 5, 30, 8, 0, tzinfo=UTC),
    ),
}

_PERSON = contact(0)

CONTACTS: dict[str, Contact] = {
    "a name and an address": _PERSON,
    "all parts of a name": replace(
        _PERSON, formatted_name="Dr. Anna Maria Liepa Jr.", name=Name("Liepa", "Anna", "Maria", "Dr.", "Jr.")
    ),
    "a family name alone": replace(_PERSON, formatted_name="Liepa", name=Name("Liepa")),
    "another display name": replace(_PERSON, formatted_name="The boss"),
    "odd characters": replace(
        _PERSON, formatted_name="Þór 日本 👩‍💻", name=Name("日本; 👩‍💻", "Þór, Jr"), organization=ODD, note=ODD
    ),
    "several e-mail addresses": replace(
        _PERSON,
        emails=(
            Labelled("anna@example.com", "work", primary=True),
            Labelled("anna@home.example", "home"),
            Labelled("old@example.net", "other"),
        ),
    ),
    "several phones": replace(
        _PERSON,
        phones=(
            Labelled("+371 2000 0001", "mobile", primary=True),
            Labelled("+371 6700 0002", "work"),
            Labelled("+371 6700 0003", "home"),
            Labelled("+371 6700 0004", "fax"),
        ),
    ),
    "labels of her own": replace(
        _PERSON,
        emails=(Labelled("anna@example.com", "Newsletter"),),
        phones=(Labelled("+37120000001", "Summer house, evenings"),),
    ),
    "no labels": replace(_PERSON, emails=(Labelled("anna@example.com"),), phones=(Labelled("112"),)),
    "postal addresses": replace(
        _PERSON,
        addresses=(
            Address("Brīvības iela 1-2", "Rīga", "Vidzeme", "LV-1010", "Latvia", label="work"),
            Address("Main Street 1\n2nd floor", "Springfield", "", "12345", "USA", label="home"),
        ),
    ),
    "organization and title": replace(_PERSON, organization="Ābols & Co., SIA", department="R&D", title="CTO; founder"),
    "a birthday": replace(_PERSON, birthday=Birthday(5, 17, 1980)),
    "a birthday without its year": replace(_PERSON, birthday=Birthday(2, 29)),
    "a note": replace(_PERSON, note="First line\nsecond, with; marks\n\nlast"),
    "a long note": replace(_PERSON, note=LONG.strip()),
    "a web page": replace(_PERSON, url="https://example.com/~anna?x=1&y=2"),
    "categories": replace(_PERSON, categories=("Customers", "Riga, north")),
    "messaging": replace(_PERSON, messaging=(Labelled("xmpp:anna@example.com", "work"),)),
    "a photo": replace(_PERSON, photo=Photo(PICTURE, "image/png")),
    "linked records": replace(_PERSON, person_id=7, organization_id=9),
}
