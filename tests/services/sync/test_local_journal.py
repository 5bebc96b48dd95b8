"""A user's activities as a side of a sync: what is journaled, undone and rolled back."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bridge.core.event import Event
from bridge.errors import MappingError, PreconditionFailed
from bridge.ports import Create, Delete, Deleted, IdempotencyKey, RemoteId, Stored, Update, Version
from bridge.store.models.journal import JournalAction, Source
from tests.harness import CRM, Office
from tests.services.sync.local_support import (
    START,
    Connected,
    created,
    deleted,
    id_of,
    updated,
)

HOUR = timedelta(hours=1)


@pytest.fixture
def anna(office: Office) -> Connected:
    return Connected(office, office.user("anna"))


def test_each_write_is_journaled_as_the_runs(anna: Connected, office: Office) -> None:
    stored = created(anna.events, Event("a@example.com", summary="Lunch", start=START))
    activity = office.activities.get(int(stored.id))
    updated(anna.events, activity, replace(stored.object, summary="Dinner"))
    deleted(anna.events, activity)
    entries = office.journal.entries()
    assert {(one.source, one.run, one.client) for one in entries} == {(Source.SYNC, "run-1", "davbridge sync: Test")}
    assert [one.action for one in reversed(entries)] == list(JournalAction)


def test_what_a_sync_did_can_be_undone(anna: Connected, office: Office) -> None:
    kept, edited, removed = anna.activity(subject="Kept"), anna.activity(subject="Old"), anna.activity(subject="Back")
    text = anna.text(edited)
    updated(anna.events, edited, replace(anna.event(edited), summary="New", reminders=(-HOUR,)))
    deleted(anna.events, removed)
    new = created(anna.events, Event("a@example.com", summary="Made", start=START))
    office.journal.undo_run(CRM, "run-1")
    assert {one.subject for one in office.activities.owned_by(anna.user.id)} == {"Kept", "Old", "Back"}
    assert anna.stored(kept).subject == "Kept"
    assert office.activities.get(int(new.id)).deleted
    assert anna.text(edited) == text


def test_a_write_belongs_to_the_callers_transaction(anna: Connected, office: Office) -> None:
    class Interrupted(Exception):
        pass

    def interrupted() -> Stored[Event]:
        with office.database.write() as session:
            stored = anna.events.create_in(session, IdempotencyKey("key"), Event("a", summary="Lunch", start=START))
            assert stored.object.summary == "Lunch"
            raise Interrupted

    with pytest.raises(Interrupted):
        interrupted()
    assert office.activities.owned_by(anna.user.id) == []


def test_one_failure_leaves_the_others_alone(anna: Connected) -> None:
    good, bad = Event("good", summary="Good", start=START), Event("bad", summary="Bad")
    activity = anna.activity()
    outcomes = list(
        anna.events.write(
            [
                Create(IdempotencyKey("1"), bad),
                Update(RemoteId("12345"), good, Version("x")),
                Create(IdempotencyKey("2"), good),
                Delete(id_of(activity)),
            ]
        )
    )
    assert [type(one) for one in outcomes] == [MappingError, PreconditionFailed, Stored, Deleted]
