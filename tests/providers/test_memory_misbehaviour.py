"""What a remote in memory does when it is told to misbehave, and that nothing of it breaks the contract."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.core.event import Attendee, Event, EventKind
from bridge.errors import (
    BridgeError,
    MappingError,
    NotFound,
    PermissionMissing,
    PreconditionFailed,
    Refused,
    SignInNeeded,
    TemporaryError,
    TokenExpired,
)
from bridge.ports import (
    Account,
    Changes,
    Create,
    Delete,
    Deleted,
    IdempotencyKey,
    RemoteCalendar,
    RemoteGroup,
    RemoteId,
    SignIn,
    Traits,
    Update,
    Write,
)
from bridge.providers.memory.misbehaviour import (
    BreaksOff,
    Call,
    Fault,
    LagsBehind,
    Late,
    LeavesOut,
    Meanwhile,
    Moment,
    Raises,
    Repeats,
    Script,
    Twice,
    lost_answer,
    quota,
)
from bridge.providers.memory.provider import MemoryConnector
from tests.contract.samples import edited_event, event
from tests.contract.side_contract import ids, one, stored, told
from tests.harness import NOW
from tests.providers.memory_world import ADDRESS, SECRET, CalendarWorld

FULL = Traits("Full")
UNGUARDED = replace(FULL, guards_writes=False)
BROKEN = TemporaryError("500")


class Killed(BaseException):
    """Our own process ends."""


@pytest.fixture
def world() -> CalendarWorld:
    return CalendarWorld(FULL)


def create(number: int = 1) -> Create[Event]:
    return Create(IdempotencyKey(f"key-{number}"), event(number))


def there(world: CalendarWorld) -> set[str]:
    return {resource.object.summary for resource in world.collection.resources.values()}


# The script


@pytest.mark.parametrize(
    ("fault", "calls", "met"),
    [
        (Fault(Call.CREATE, Twice()), "cccu", "x..."),
        (Fault(Call.CREATE, Twice(), nth=2), "uccc", "..x."),
        (Fault(Call.CREATE, Twice(), nth=2, times=2), "ccccc", ".xx.."),
        (Fault(Call.CREATE, Twice(), nth=2, times=None), "cccc", ".xxx"),
        (Fault(Call.WRITE, Twice(), nth=3), "cfudl", "...x."),
        (Fault(Call.ANY, Twice(), nth=3), "lfudc", "..x.."),
        (Fault(Call.UPDATE, Twice()), "cdlf", "...."),
    ],
)
def test_a_fault_befalls_the_nth_call_of_its_kind(fault: Fault, calls: str, met: str) -> None:
    letters = {"c": Call.CREATE, "u": Call.UPDATE, "d": Call.DELETE, "l": Call.CHANGES, "f": Call.FETCH}
    script = Script([fault])
    assert "".join("x" if script.meet(letters[letter]) else "." for letter in calls) == met


def test_a_fault_with_a_subject_counts_only_what_concerns_it() -> None:
    script = Script([Fault(Call.UPDATE, Twice(), nth=2, subject="a")])
    assert [bool(script.meet(Call.UPDATE, {subject})) for subject in "ababa"] == [False, False, True, False, False]


def test_faults_count_from_when_they_were_scheduled() -> None:
    script = Script()
    script.meet(Call.CREATE)
    script.add(Fault(Call.CREATE, Twice(), nth=2))
    assert [script.meet(Call.CREATE) for _ in range(3)] == [(), (Twice(),), ()]


def test_several_faults_befall_one_call_in_order() -> None:
    late = Late(timedelta(seconds=1))
    script = Script([Fault(Call.WRITE, late), Fault(Call.ANY, Twice())])
    assert script.meet(Call.CREATE) == (late, Twice())


def test_a_script_can_be_cleared() -> None:
    script = Script([Fault(Call.ANY, Twice(), times=None)])
    script.clear()
    assert script.meet(Call.CREATE) == ()


# The account


def test_an_account_tells_who_it_is_and_what_it_has(world: CalendarWorld) -> None:
    world.account.add_calendar("home", traits=replace(FULL, read_only=True), color="#aa0000")
    world.account.add_group("people", "People")
    provider = world.provider()
    assert provider.check() == Account(ADDRESS, "Anna")
    assert provider.calendars() == [
        RemoteCalendar(RemoteId("work"), "Work", default=True),
        RemoteCalendar(RemoteId("home"), "home", "#aa0000", read_only=True),
    ]
    assert provider.groups() == [RemoteGroup(RemoteId("people"), "People", default=True)]


def test_the_default_calendar_comes_first(world: CalendarWorld) -> None:
    other = world.account.add_calendar("other")
    world.collection.default, other.default = False, True
    assert [calendar.id for calendar in world.provider().calendars()] == ["other", "work"]


def test_a_user_name_may_stand_for_the_address(world: CalendarWorld) -> None:
    sign_in = SignIn(username=ADDRESS, secret=SECRET)
    assert MemoryConnector(world.remote).open(sign_in, world.kept.append).check().address == ADDRESS


def test_to_open_something_sends_nothing(world: CalendarWorld) -> None:
    side = world.provider("wrong").open_calendar(RemoteId("nothing"))
    assert side.traits.name
    assert MemoryConnector(world.remote).open(SignIn(), world.kept.append).open_group(RemoteId("x")).traits.name
    assert world.remote.requests == 0


def test_a_wrong_secret_is_not_accepted(world: CalendarWorld) -> None:
    with pytest.raises(SignInNeeded):
        world.provider("wrong").check()


def test_what_turns_a_sign_in_away_holds_for_the_whole_provider(world: CalendarWorld) -> None:
    provider = world.provider()
    asked: list[Callable[[], object]] = [provider.check, provider.calendars, provider.groups]
    world.account.lacks = "calendar.readonly"
    for ask in asked:
        with pytest.raises(PermissionMissing, match=r"calendar\.readonly"):
            ask()
    world.account.revoked = True
    for ask in asked:
        with pytest.raises(SignInNeeded):
            ask()


def test_a_renewed_secret_is_handed_over_to_be_kept(world: CalendarWorld) -> None:
    provider, old = world.provider(), world.provider()
    world.account.renewed = "n3w"
    provider.check()
    assert world.kept == ["n3w"]
    provider.check()
    world.provider("n3w").check()
    assert world.kept == ["n3w"]
    with pytest.raises(SignInNeeded):
        old.check()


def test_a_missing_calendar_shows_at_the_first_call(world: CalendarWorld) -> None:
    with pytest.raises(NotFound):
        world.provider().open_calendar(RemoteId("nothing")).changes(None)


# What is counted


def test_calls_are_counted_by_kind(world: CalendarWorld) -> None:
    side = world.open()
    first, second = (stored(outcome) for outcome in side.write([create(1), create(2)]))
    list(side.write([Update(first.id, event(3), first.version), Delete(second.id)]))
    side.changes(None)
    list(side.fetch([first.id]))
    assert world.remote.calls == {Call.CREATE: 2, Call.UPDATE: 1, Call.DELETE: 1, Call.CHANGES: 1, Call.FETCH: 1}
    assert world.remote.requests == 6


def test_a_fetch_is_a_request_for_each_portion() -> None:
    world = CalendarWorld(replace(FULL, max_fetch=2))
    made = [world.add(event(number)) for number in range(5)]
    assert ids(world.open().fetch(made)) == sorted(made)
    assert world.remote.calls == {Call.FETCH: 3}


def test_failed_calls_count_as_well(world: CalendarWorld) -> None:
    world.befall(Call.CHANGES, Raises(BROKEN))
    with pytest.raises(TemporaryError):
        world.open().changes(None)
    assert world.remote.requests == 1


def test_another_user_costs_us_nothing(world: CalendarWorld) -> None:
    world.delete(world.add(event(1)))
    assert world.remote.requests == 0


# Faults of a write


def test_an_error_before_a_write_leaves_everything(world: CalendarWorld) -> None:
    world.befall(Call.CREATE, Raises(BROKEN), nth=2)
    first, second, third = world.open().write([create(1), create(2), create(3)])
    assert second is BROKEN
    assert there(world) == {"Meeting 1", "Meeting 3"}
    assert stored(first).id != stored(third).id


def test_a_lost_answer_to_a_creation_is_found_by_its_key(world: CalendarWorld) -> None:
    world.remote.misbehave(lost_answer(Call.CREATE))
    side = world.open()
    assert isinstance(one(side, create()), TemporaryError)
    assert there(world) == {"Meeting 1"}
    assert stored(one(side, create())).existed
    assert len(world.collection.resources) == 1


def test_a_lost_answer_to_an_update_makes_the_next_one_stale(world: CalendarWorld) -> None:
    side = world.open()
    first = stored(one(side, create()))
    world.remote.misbehave(lost_answer())
    update = Update(first.id, event(2), first.version)
    assert isinstance(one(side, update), TemporaryError)
    assert isinstance(one(side, update), PreconditionFailed)
    assert there(world) == {"Meeting 2"}


def test_a_lost_answer_to_a_deletion_does_no_harm(world: CalendarWorld) -> None:
    side = world.open()
    first = stored(one(side, create()))
    world.remote.misbehave(lost_answer(Call.DELETE))
    assert isinstance(one(side, Delete(first.id, first.version)), TemporaryError)
    assert one(side, Delete(first.id, first.version)) == Deleted(first.id)


def test_a_write_that_is_delivered_twice(world: CalendarWorld) -> None:
    side = world.open()
    world.befall(Call.WRITE, Twice(), times=None)
    first = stored(one(side, create()))
    assert first.existed
    assert isinstance(one(side, Update(first.id, event(2), first.version)), PreconditionFailed)
    assert there(world) == {"Meeting 2"}
    assert one(side, Delete(first.id)) == Deleted(first.id)
    assert world.remote.requests == 3


def test_a_quota_ends_the_sequence(world: CalendarWorld) -> None:
    world.remote.misbehave(quota(timedelta(seconds=7), Call.CREATE, nth=2))
    outcomes = iter(world.open().write([create(1), create(2), create(3)]))
    stored(next(outcomes))
    with pytest.raises(TemporaryError) as raised:
        next(outcomes)
    assert raised.value.retry_after == timedelta(seconds=7)
    assert there(world) == {"Meeting 1"}


@pytest.mark.parametrize("error", [Refused("Too long."), MappingError("RRULE", "No such rule.")], ids=repr)
def test_one_object_is_refused_again_and_again(world: CalendarWorld, error: BridgeError) -> None:
    world.befall(Call.WRITE, Raises(error), times=None, subject=event(2).uid)
    for _ in range(2):
        assert list(world.open().write([create(2)])) == [error]
    assert stored(one(world.open(), create(1)))


@pytest.mark.parametrize("subject", ["work", "key-1", "plain-1@example.com"])
def test_a_write_is_known_by_its_calendar_key_and_uid(world: CalendarWorld, subject: str) -> None:
    world.befall(Call.WRITE, Raises(BROKEN), subject=subject)
    assert one(world.open(), create(1)) is BROKEN


def test_a_write_is_known_by_the_id_of_its_object(world: CalendarWorld) -> None:
    one_, other = world.add(event(1)), world.add(event(2))
    world.befall(Call.DELETE, Raises(BROKEN), subject=other)
    assert list(world.open().write([Delete(one_), Delete(other)])) == [Deleted(one_), BROKEN]


def test_a_calendar_becomes_read_only_at_any_moment(world: CalendarWorld) -> None:
    side = world.open()

    def close() -> None:
        world.collection.traits = replace(world.collection.traits, read_only=True)

    world.befall(Call.CREATE, Meanwhile(close), nth=2)
    outcomes = iter(side.write([create(1), create(2)]))
    stored(next(outcomes))
    with pytest.raises(PermissionMissing, match="Work"):
        next(outcomes)
    assert side.traits.read_only
    assert there(world) == {"Meeting 1"}


def test_a_calendar_is_deleted_between_two_writes(world: CalendarWorld) -> None:
    world.befall(Call.CREATE, Meanwhile(world.remove), nth=2)
    outcomes = iter(world.open().write([create(1), create(2)]))
    stored(next(outcomes))
    with pytest.raises(NotFound):
        next(outcomes)


@pytest.mark.parametrize("nth", [1, 2, 3, 4])
@pytest.mark.parametrize("moment", Moment)
def test_our_own_end_may_come_before_or_after_every_write(world: CalendarWorld, nth: int, moment: Moment) -> None:
    old = world.add(event(9))
    writes: list[Write[Event]] = [create(1), Update(old, event(8)), create(2), Delete(old)]
    after = [{"Meeting 9"}, {"Meeting 1", "Meeting 9"}, {"Meeting 1", "Meeting 8"}]
    after += [{"Meeting 1", "Meeting 2", "Meeting 8"}, {"Meeting 1", "Meeting 2"}]
    world.befall(Call.WRITE, Raises(Killed(), moment), nth=nth)
    with pytest.raises(Killed):
        list(world.open().write(writes))
    assert there(world) == after[nth - 1 if moment is Moment.BEFORE else nth]
    list(world.open().write(writes))
    assert there(world) - {"Meeting 8"} == after[4]


def test_a_guarded_write_notices_who_slipped_in(world: CalendarWorld) -> None:
    first = stored(one(world.open(), create(1)))
    world.befall(Call.UPDATE, Meanwhile(lambda: world.edit(first.id, event(5))))
    assert isinstance(one(world.open(), Update(first.id, event(2), first.version)), PreconditionFailed)
    assert there(world) == {"Meeting 5"}


def test_an_unguarded_write_does_not_notice_who_slipped_in() -> None:
    world = CalendarWorld(UNGUARDED)
    first = stored(one(world.open(), create(1)))
    world.befall(Call.UPDATE, Meanwhile(lambda: world.edit(first.id, event(5))))
    stored(one(world.open(), Update(first.id, event(2), first.version)))
    assert there(world) == {"Meeting 2"}
    assert world.remote.calls == {Call.CREATE: 1, Call.FETCH: 1, Call.UPDATE: 1}


def test_an_object_may_vanish_under_an_unguarded_write() -> None:
    world = CalendarWorld(UNGUARDED)
    first = stored(one(world.open(), create(1)))
    world.befall(Call.UPDATE, Meanwhile(lambda: world.delete(first.id)))
    assert isinstance(one(world.open(), Update(first.id, event(2), first.version)), PreconditionFailed)
    assert there(world) == set()


def test_a_late_answer_moves_the_clock(world: CalendarWorld) -> None:
    world.befall(Call.CREATE, Late(timedelta(minutes=3)))
    outcome = stored(one(world.open(), create(1)))
    assert world.clock.now() == NOW + timedelta(minutes=3)
    assert outcome.object.modified == NOW


def test_a_late_request_is_carried_out_later(world: CalendarWorld) -> None:
    world.befall(Call.CREATE, Late(timedelta(minutes=3), Moment.BEFORE))
    assert stored(one(world.open(), create(1))).object.modified == NOW + timedelta(minutes=3)


# Faults of a listing


@pytest.mark.parametrize("effect", [BreaksOff(1), BreaksOff(0), LeavesOut(), LeavesOut(9), Repeats(), Repeats(2)])
@pytest.mark.parametrize("since_token", [True, False])
@pytest.mark.parametrize("lists_objects", [True, False])
def test_a_broken_listing_is_an_error_and_never_a_part(
    effect: BreaksOff | LeavesOut | Repeats, since_token: bool, lists_objects: bool
) -> None:
    world = CalendarWorld(FULL, lists_objects=lists_objects)
    side = world.open()
    token = side.changes(None).token if since_token else None
    made = [world.add(event(number)) for number in range(3)]
    world.befall(Call.CHANGES, effect)
    with pytest.raises(TemporaryError):
        side.changes(token)
    assert ids(side.changes(token).found) == sorted(made)


def test_a_broken_fetch_brings_what_came_and_fails(world: CalendarWorld) -> None:
    made = [world.add(event(number)) for number in range(3)]
    world.befall(Call.FETCH, BreaksOff(2))
    fetched = iter(world.open().fetch(made))
    assert [next(fetched).id, next(fetched).id] == made[:2]
    with pytest.raises(TemporaryError):
        next(fetched)


def test_a_token_expires_when_the_history_is_forgotten(world: CalendarWorld) -> None:
    side = world.open()
    token = side.changes(None).token
    added = world.add(event(1))
    world.collection.forget_history()
    with pytest.raises(TokenExpired):
        side.changes(token)
    changes = side.changes(None)
    assert ids(changes.found) == [added]
    assert told(side.changes(changes.token)) == []


def test_a_token_may_be_said_to_have_expired_once(world: CalendarWorld) -> None:
    side = world.open()
    token = side.changes(None).token
    world.befall(Call.CHANGES, Raises(TokenExpired("Gone.")))
    with pytest.raises(TokenExpired):
        side.changes(token)
    assert told(side.changes(token)) == []


def test_a_listing_that_lags_behind_tells_old_versions_and_an_old_token(world: CalendarWorld) -> None:
    side = world.open()
    old, gone = (stored(outcome) for outcome in side.write([create(1), create(2)]))
    new = stored(one(side, Update(old.id, edited_event(old.object), old.version)))
    world.delete(gone.id)
    added = world.add(event(3))
    world.befall(Call.CHANGES, LagsBehind(3))
    stale = side.changes(None)
    assert {found.id: found.version for found in stale.found} == {old.id: old.version, gone.id: gone.version}
    assert isinstance(one(side, Update(old.id, event(7), stale.found[0].version)), PreconditionFailed)
    later = side.changes(stale.token)
    assert ids(later.found) == sorted([new.id, added])
    assert later.gone == (gone.id,)


def test_a_lag_never_goes_behind_the_token(world: CalendarWorld) -> None:
    side = world.open()
    world.add(event(1))
    token = side.changes(None).token
    world.add(event(2))
    world.befall(Call.CHANGES, LagsBehind(9))
    stale = side.changes(token)
    assert (told(stale), stale.token) == ([], token)


def test_a_fetch_that_lags_behind_brings_the_old_object(world: CalendarWorld) -> None:
    side = world.open()
    there_ = world.add(event(1))
    before = next(iter(side.fetch([there_])))
    world.edit(there_, event(2))
    world.befall(Call.FETCH, LagsBehind())
    assert list(side.fetch([there_])) == [before]
    assert next(iter(side.fetch([there_]))).version != before.version


def test_what_happens_while_a_listing_travels_is_told_by_the_next(world: CalendarWorld) -> None:
    side = world.open()
    world.befall(Call.CHANGES, Meanwhile(lambda: world.add(event(1)), Moment.AFTER))
    first = side.changes(None)
    assert told(first) == []
    assert len(told(side.changes(first.token))) == 1


# What is kept


def test_a_copy_takes_the_stamp_along(world: CalendarWorld) -> None:
    side = world.open()
    original = stored(one(side, create(1)))
    copy = world.collection.copy(original.id)
    found = {each.id: each for each in side.changes(None).found}
    assert {each.stamp for each in found.values()} == {"plain-1@example.com"}
    assert copy.object.uid != original.object.uid
    assert stored(one(side, create(1))).id == original.id


def test_an_id_is_never_used_again(world: CalendarWorld) -> None:
    first = world.add(event(1))
    world.delete(first)
    assert world.add(event(1)) != first


def test_a_creation_whose_object_was_deleted_makes_another(world: CalendarWorld) -> None:
    side = world.open()
    first = stored(one(side, create(1)))
    world.delete(first.id)
    again = stored(one(side, create(1)))
    assert not again.existed
    assert again.id != first.id


def test_what_cannot_be_read_is_neither_changed_nor_created_again(world: CalendarWorld) -> None:
    side = world.open()
    first = stored(one(side, create(1)))
    world.spoil(first.id)
    for write in (Update(first.id, event(2)), create(1)):
        assert isinstance(one(side, write), Refused)
    world.collection.spoil(first.id, "")
    assert stored(one(side, create(1))).existed


def test_fields_that_are_not_expressed_do_not_survive() -> None:
    world = CalendarWorld(replace(FULL, expresses=frozenset({"summary", "start", "end", "overrides"})))
    exception = replace(event(1), recurrence_id=event(1).start, location="There")
    outcome = stored(
        one(world.open(), Create(IdempotencyKey("k"), replace(event(1), location="Here", overrides=(exception,))))
    )
    assert (outcome.object.summary, outcome.object.location) == ("Meeting 1", "")
    (override,) = outcome.object.overrides
    assert (override.recurrence_id, override.location, override.uid) == (event(1).start, "", outcome.object.uid)


def test_a_kind_that_is_not_expressed_is_no_event() -> None:
    world = CalendarWorld(replace(FULL, expresses=frozenset({"summary", "start", "end"})))
    task = Event("task", EventKind.TASK, summary="Call")
    assert isinstance(one(world.open(), Create(IdempotencyKey("k"), task)), MappingError)
    assert there(world) == set()


def test_new_uids_reach_the_exceptions() -> None:
    world = CalendarWorld(replace(FULL, keeps_uid=False))
    exception = replace(event(1), recurrence_id=event(1).start)
    made = stored(one(world.open(), Create(IdempotencyKey("k"), replace(event(1), overrides=(exception,)))))
    assert made.object.uid != event(1).uid
    assert made.object.overrides[0].uid == made.object.uid
    updated = stored(one(world.open(), Update(made.id, event(1), made.version)))
    assert updated.object.uid == made.object.uid


def test_a_service_that_mails_attendees_does_so() -> None:
    world = CalendarWorld(replace(FULL, mails_attendees=True))
    one(world.open(), Create(IdempotencyKey("k"), replace(event(1), attendees=(Attendee("guest@example.org"),))))
    assert world.collection.mails == ["guest@example.org"]


def test_times_come_from_the_clock(world: CalendarWorld) -> None:
    there_ = world.add(event(1))
    world.clock.advance(timedelta(hours=1))
    world.edit(there_, event(2))
    (found,) = world.open().fetch([there_])
    assert found.object is not None
    assert (found.object.created, found.object.modified) == (NOW, NOW + timedelta(hours=1))


# Whatever is done, the log tells it

DEEDS = st.lists(st.tuples(st.sampled_from(["add", "edit", "delete", "list"]), st.integers(0, 4)), max_size=30)


@given(deeds=DEEDS, lag=st.integers(0, 6))
def test_tokens_tell_every_state_whatever_happens_and_however_it_lags(deeds: list[tuple[str, int]], lag: int) -> None:
    world = CalendarWorld(FULL)
    side = world.open()
    made: list[RemoteId] = []
    known: dict[RemoteId, str] = {}
    token = None
    for deed, number in deeds:
        if deed == "add":
            made.append(world.add(event(number)))
        elif deed == "list":
            world.befall(Call.CHANGES, LagsBehind(lag))
            changes = side.changes(token)
            known, token = _known(known, changes), changes.token
        elif made and deed == "edit" and made[number % len(made)] in world.collection.resources:
            world.edit(made[number % len(made)], event(number + 10))
        elif made and deed == "delete":
            world.delete(made[number % len(made)])
    known = _known(known, side.changes(token))
    assert known == {id_: there_.version for id_, there_ in world.collection.resources.items()}


def _known(known: dict[RemoteId, str], changes: Changes[Event]) -> dict[RemoteId, str]:
    kept = {} if changes.complete else {id_: known[id_] for id_ in known if id_ not in changes.gone}
    return kept | {found.id: found.version for found in changes.found}


def test_a_branch_has_a_history_of_its_own(world: CalendarWorld) -> None:
    trunk = world.collection
    first = trunk.add(event(1))
    token = world.open().changes(None).token
    branch = trunk.branch()
    branch.edit(first.id, event(1))
    trunk.remove(first.id)
    assert list(branch.resources) == [first.id]
    assert world.open().changes(token).gone == (first.id,)
    assert branch.add(event(2)).id == trunk.add(event(3)).id


def test_a_script_is_over_when_its_faults_have_been_met() -> None:
    script = Script([lost_answer(Call.CREATE)])
    script.meet(Call.UPDATE)
    assert not script.is_over
    script.meet(Call.CREATE)
    assert script.is_over
