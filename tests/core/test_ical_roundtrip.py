from dataclasses import replace
from datetime import UTC, datetime

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bridge.core import ical
from bridge.core.contentline import serialize
from bridge.core.event import Event
from bridge.core.ical_times import fit_end, implied_end
from bridge.core.ical_values import identity, same_moment
from tests.core import strategies

STAMP = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
LATER = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)

relaxed = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=150)

appointments = strategies.single_events() | strategies.series() | strategies.detached
pairs = st.tuples(appointments, appointments) | st.tuples(strategies.tasks, strategies.tasks)


def content(event: Event) -> Event:
    """What a patch carries over: all but the stamps and the reminders, which belong to the devices."""
    overrides = tuple(content(one) for one in event.overrides)
    return replace(event, sequence=0, created=None, modified=None, reminders=(), overrides=overrides)


def unordered(event: Event) -> Event:
    attendees = tuple(sorted(event.attendees, key=lambda attendee: attendee.email))
    overrides = sorted((unordered(one) for one in event.overrides), key=lambda one: str(identity(one.recurrence_id)))
    return replace(content(event), attendees=attendees, overrides=tuple(overrides))


@relaxed
@given(strategies.events)
def test_any_event_is_read_back_as_it_was_written(event: Event) -> None:
    text = ical.render(event, stamp=STAMP)
    assert ical.event(ical.read(text)) == event
    assert all(len(line.encode()) <= 75 for line in text.split("\r\n"))


@relaxed
@given(strategies.events)
def test_a_patch_without_a_change_changes_nothing(event: Event) -> None:
    text = ical.render(event, stamp=STAMP)
    assert serialize(ical.patch(ical.read(text), event, stamp=LATER)) == text


@relaxed
@given(pairs)
def test_a_patch_says_what_the_event_says_and_a_second_one_changes_nothing(pair: tuple[Event, Event]) -> None:
    before, event = pair
    once = ical.patch(ical.read(ical.render(before, stamp=STAMP)), event, stamp=LATER)
    read = ical.read(serialize(once))
    assert ical.patch(read, event, stamp=STAMP) == read
    assert same(ical.event(read), event)


def same(one: Event, other: Event) -> bool:
    """Whether both say the same; zones may differ where instants do not, and no end may be an implied one."""
    one, other = unordered(one), unordered(other)
    return all(
        _alike(first, second) for first, second in zip((one, *one.overrides), (other, *other.overrides), strict=True)
    )


def _alike(one: Event, other: Event) -> bool:
    one_end, other_end = (implied_end(e.kind, e.start, fit_end(e.kind, e.start, e.end)) for e in (one, other))
    plain = [replace(e, start=None, end=None, recurrence_id=None, overrides=(), recurrence=()) for e in (one, other)]
    times = [(one.start, other.start), (one_end, other_end), (one.recurrence_id, other.recurrence_id)]
    assert plain[0] == plain[1]
    assert [pair for pair in times if not same_moment(*pair)] == []
    return set(one.recurrence) == set(other.recurrence)
