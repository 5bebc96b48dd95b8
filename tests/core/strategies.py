"""Hypothesis strategies for neutral objects; every generated event survives being written and read."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from bridge.core.event import Attendee, Event, EventKind, Links, Moment, Privacy
from bridge.core.ical_values import add, identity

ZONES = [ZoneInfo(name) for name in ("Europe/Riga", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe")]

CHARACTERS = st.characters(
    min_codepoint=32, exclude_categories=["Cs"], exclude_characters="\ufffe\uffff"
) | st.sampled_from(list("\n\t\\,;:\"'^=āčžщ😀"))
texts = st.text(CHARACTERS, max_size=120)
WORDS = "abcdefgāčēžшчżółåäö0123456789"
words = st.text(WORDS, min_size=1, max_size=12)
paths = st.text("abcdefghijk0123456789/-_", max_size=40)
urls = paths.map("https://example.com/{}".format)
emails = st.text("abcdefgh.", min_size=1, max_size=10).map("{}@example.com".format)
ids = st.none() | st.integers(1, 2**53)

instants = st.datetimes(datetime.fromisoformat("1971-01-01"), datetime.fromisoformat("2099-12-31")).map(
    lambda moment: moment.replace(microsecond=0, tzinfo=UTC)
)


def _local(instant: datetime, zone: ZoneInfo) -> datetime:
    """The instant in a zone, moved out of an hour that the clocks repeat."""
    return instant.astimezone(zone).replace(fold=0)


dates = instants.map(datetime.date)
floating_times = instants.map(lambda moment: moment.replace(tzinfo=None))
zoned_times = st.builds(_local, instants, st.sampled_from(ZONES))
moments = instants | zoned_times | floating_times | dates

attendees = st.lists(
    st.builds(
        Attendee,
        email=emails,
        name=st.text(CHARACTERS.filter(lambda character: character not in "\t"), max_size=20).map(str.strip),
        status=st.sampled_from(["NEEDS-ACTION", "ACCEPTED", "DECLINED", "TENTATIVE"]),
    ),
    max_size=4,
    unique_by=lambda attendee: attendee.email,
).flatmap(lambda found: st.integers(-1, max(len(found) - 1, 0)).map(lambda index: _organized(found, index)))

rules = st.sampled_from(
    [
        "RRULE:FREQ=DAILY;COUNT=5",
        "RRULE:FREQ=WEEKLY;BYDAY=MO,WE",
        "RRULE:FREQ=MONTHLY;BYDAY=-1FR;UNTIL=20301231T000000Z",
        "RRULE:FREQ=YEARLY",
        "RRULE:FREQ=DAILY;INTERVAL=2",
    ]
)


def _organized(found: list[Attendee], index: int) -> tuple[Attendee, ...]:
    return tuple(replace(attendee, organizer=place == index) for place, attendee in enumerate(found))


def _end(kind: EventKind, start: Moment, seconds: int) -> Moment:
    if isinstance(start, datetime):
        return add(start, timedelta(seconds=seconds))
    return start + timedelta(days=seconds // 86400 + (kind is EventKind.EVENT))


@st.composite
def single_events(draw: st.DrawFn, kind: EventKind = EventKind.EVENT, uid: str = "a@example.com") -> Event:
    """One event or task without any recurrence."""
    task = kind is EventKind.TASK
    start = draw(st.none() | moments) if task else draw(moments)
    end: Moment | None = draw(st.none() | moments) if start is None else None
    if start is not None and draw(st.booleans()):
        end = _end(kind, start, draw(st.integers(60, 10 * 86400)))
        if isinstance(end, datetime):
            end = end.replace(fold=0)
    done = draw(st.booleans())
    return Event(
        uid=uid,
        kind=kind,
        summary=draw(texts),
        start=start,
        end=end,
        description=draw(texts),
        location=draw(texts),
        url=draw(st.just("") | urls),
        conference_url=draw(st.just("") | urls),
        categories=tuple(draw(st.lists(words, max_size=3))),
        color=draw(st.sampled_from(["", "red", "cornflowerblue"])),
        type_key=draw(st.sampled_from(["", "call", "meeting", "custom_type"])),
        links=Links(draw(ids), draw(ids), draw(ids)),
        done=done,
        done_at=draw(instants) if done and task else None,
        cancelled=draw(st.booleans()),
        busy=draw(st.booleans()),
        privacy=draw(st.sampled_from(Privacy)),
        reminders=tuple(draw(st.lists(st.integers(-10000, 10000).map(lambda n: timedelta(minutes=n)), max_size=3))),
        attendees=draw(attendees),
        sequence=draw(st.integers(0, 1000)),
        created=draw(st.none() | instants),
        modified=draw(st.none() | instants),
    )


@st.composite
def series(draw: st.DrawFn) -> Event:
    """A recurring event with exceptions."""
    master = draw(single_events())
    identities = draw(st.lists(moments, max_size=2, unique_by=identity))
    overrides = tuple(replace(draw(single_events()), recurrence_id=identity) for identity in identities)
    lines = draw(st.lists(rules, min_size=1, max_size=2, unique=True))
    lines += draw(st.sampled_from([[], ["EXDATE:20260101T100000Z"], ["RDATE;VALUE=DATE:20260101,20260102"]]))
    return replace(master, recurrence=tuple(lines), overrides=overrides)


tasks = single_events(kind=EventKind.TASK)
detached = st.builds(lambda event, identity: replace(event, recurrence_id=identity), single_events(), moments)
events = single_events() | tasks | series() | detached
