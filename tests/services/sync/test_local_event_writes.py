"""A user's activities as a side of a sync: what a write becomes."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bridge.core import richtext
from bridge.core.activity import Deal, Visibility
from bridge.core.contact import Labelled
from bridge.core.event import Attendee, Event, Privacy
from bridge.core.linkblock import OPENING
from bridge.core.scope import PrivatePolicy
from bridge.errors import MappingError, PreconditionFailed, Refused
from bridge.ports import Create, Delete, Deleted, IdempotencyKey, Update
from tests.harness import CRM, Office, ics
from tests.services.sync.local_support import (
    HOUR,
    START,
    TASK,
    WEEKLY,
    Connected,
    brought,
    created,
    deleted,
    id_of,
    put,
    updated,
)


@pytest.fixture
def anna(office: Office) -> Connected:
    return Connected(office, office.user("anna"))


@pytest.fixture
def bob(office: Office) -> Connected:
    return Connected(office, office.user("bob"))


# Creating


def test_an_event_becomes_an_activity(anna: Connected) -> None:
    event = Event("a@example.com", summary="Lunch", start=START, end=START + HOUR, description="Fish", busy=False)
    stored = created(anna.events, event)
    activity = anna.office.activities.get(int(stored.id))
    assert (activity.subject, activity.due, activity.duration, activity.busy) == ("Lunch", START, HOUR, False)
    assert (activity.uid, activity.owner_id, activity.public_description) == (event.uid, anna.user.id, "Fish")
    assert not stored.existed
    found = brought(anna.events, activity.id)
    assert (found.object, found.version) == (stored.object, stored.version)
    assert "SUMMARY:Lunch" in anna.text(activity)


def test_a_creation_that_is_tried_again_adds_nothing(anna: Connected) -> None:
    event = Event("", summary="Lunch", start=START)
    first, again, other = (created(anna.events, event, key) for key in ("one", "one", "two"))
    assert (again.id, again.version, again.existed) == (first.id, first.version, True)
    assert other.id != first.id
    assert len(anna.office.activities.owned_by(anna.user.id)) == 2


def test_an_activity_with_the_uid_is_the_same_event(anna: Connected, bob: Connected) -> None:
    activity = anna.activity(uid="shared@example.com")
    event = Event("shared@example.com", summary="Theirs", start=START)
    assert created(anna.events, event).existed
    assert anna.stored(activity).subject == "Plan"
    assert not created(bob.events, event).existed  # every user has their own


def test_a_deleted_activity_comes_back(anna: Connected, office: Office) -> None:
    deal = office.activities.save_deal(CRM, Deal("Big deal", anna.user.id))
    activity = anna.activity(uid="a@example.com", deal_id=deal.id, note="Mine")
    office.activities.delete(CRM, activity.id)
    stored = created(anna.events, Event("a@example.com", summary="Edited", start=START))
    back = anna.stored(activity)
    assert (stored.id, stored.existed) == (id_of(activity), False)
    assert (back.deleted, back.subject, back.deal_id, back.note) == (False, "Edited", deal.id, "Mine")
    assert "SUMMARY:Edited" in anna.text(activity)


def test_the_connection_decides_about_type_and_visibility(anna: Connected) -> None:
    anna.scope = replace(anna.scope, default_type="call", visibility=Visibility.OWNER)
    for event, kind in (
        (Event("a", summary="a", start=START), "call"),
        (Event("b", summary="b", start=START, categories=("Deadline",)), "deadline"),
        (Event("c", summary="c", start=START, type_key="task"), "task"),
        (Event("d", summary="d", start=START, type_key="unheard-of", categories=("Blue",)), "call"),
    ):
        activity = anna.office.activities.get(int(created(anna.events, event, event.uid).id))
        assert (activity.type, activity.visibility) == (kind, Visibility.OWNER)


def test_an_event_of_a_type_that_is_shown_as_tasks_becomes_a_task(anna: Connected, office: Office) -> None:
    office.principals.choose_type("anna", "task", TASK)
    anna.scope = replace(anna.scope, default_type="task")
    event = Event("a@example.com", summary="Do", start=START, end=START + HOUR, reminders=(-HOUR,))
    stored = created(anna.events, event)
    activity = office.activities.get(int(stored.id))
    assert (activity.type, activity.due, activity.duration) == ("task", START, HOUR)
    assert "DUE" in anna.text(activity, "tasks")
    assert anna.text(activity) == ""
    assert (stored.object.start, stored.object.end, stored.object.reminders) == (START, START + HOUR, (-HOUR,))


def test_a_series_stays_a_series(anna: Connected) -> None:
    start = WEEKLY.start
    moved = replace(WEEKLY, recurrence=(), recurrence_id=start, summary="Moved")
    stored = created(anna.events, replace(WEEKLY, overrides=(moved,)))
    activity = anna.office.activities.get(int(stored.id))
    assert (activity.series, activity.due) == (True, START)
    assert stored.object.recurrence == WEEKLY.recurrence
    assert [(one.summary, one.recurrence_id) for one in stored.object.overrides] == [("Moved", start)]
    assert "RRULE:FREQ=WEEKLY;COUNT=5" in anna.text(activity)


def test_attendees_are_matched_to_persons(anna: Connected) -> None:
    person = anna.person(emails=(Labelled("ilze@example.com"),))
    event = Event("a@example.com", summary="Talk", start=START, attendees=(Attendee("Ilze@example.com"),))
    activity = anna.office.activities.get(int(created(anna.events, event).id))
    assert (activity.participants, activity.person_id) == ((person.id,), person.id)


def test_links_that_the_owner_may_not_see_are_not_taken(anna: Connected, bob: Connected, office: Office) -> None:
    secret = office.activities.save_deal(CRM, Deal("Secret", bob.user.id, visibility=Visibility.OWNER))
    known = office.activities.save_deal(CRM, Deal("Known", bob.user.id))
    for deal, taken in ((secret, None), (known, known.id)):
        event = Event("", summary="a", start=START)
        event = replace(event, links=replace(event.links, deal_id=deal.id))
        assert office.activities.get(int(created(anna.events, event, deal.title).id)).deal_id == taken


@pytest.mark.parametrize(
    ("event", "error"),
    [
        (Event("a" * 1001, summary="Long", start=START), Refused),
        (Event("a", summary="No time"), MappingError),
        (Event("a", summary="Wild", start=START, recurrence=("RRULE:FREQ=SECONDLY",)), Refused),
        (Event("a", summary="Large", start=START, description="x" * 1_000_001), Refused),
    ],
)
def test_what_cannot_be_an_activity_is_refused(anna: Connected, event: Event, error: type[Exception]) -> None:
    (outcome,) = anna.events.write([Create(IdempotencyKey("key"), event)])
    assert isinstance(outcome, error)
    assert anna.office.activities.owned_by(anna.user.id) == []


# Changing


def test_an_edit_reaches_the_record_and_the_devices(anna: Connected) -> None:
    activity = anna.activity(public_description="<p><b>Bold</b></p>", note="Mine")
    event = replace(anna.event(activity), summary="New plan", start=START + HOUR, end=START + 2 * HOUR)
    stored = updated(anna.events, activity, event, brought(anna.events, activity.id).version)
    after = anna.stored(activity)
    assert (after.subject, after.due, after.duration) == ("New plan", START + HOUR, HOUR)
    assert (after.public_description, after.note) == ("<p><b>Bold</b></p>", "Mine")
    assert "SUMMARY:New plan" in anna.text(activity)
    assert brought(anna.events, activity.id).object == stored.object
    assert brought(anna.events, activity.id).version == stored.version


def test_an_edit_that_says_nothing_new_writes_nothing(anna: Connected, office: Office) -> None:
    activity = anna.activity()
    entries = len(office.journal.entries())
    found = brought(anna.events, activity.id)
    assert found.object is not None
    stored = updated(anna.events, activity, replace(found.object, sequence=7, modified=None))
    assert stored.version == found.version
    assert len(office.journal.entries()) == entries


def test_a_stale_version_is_refused(anna: Connected) -> None:
    activity = anna.activity()
    found = brought(anna.events, activity.id)
    anna.change(activity, subject="Meanwhile")
    assert found.object is not None
    update = Update(id_of(activity), replace(found.object, summary="Late"), found.version)
    outcomes = list(anna.events.write([update, Delete(id_of(activity), found.version)]))
    assert all(isinstance(one, PreconditionFailed) for one in outcomes)
    assert (anna.stored(activity).subject, anna.stored(activity).deleted) == ("Meanwhile", False)


def test_what_is_gone_or_somebody_elses_cannot_be_changed(anna: Connected, bob: Connected) -> None:
    mine, theirs = anna.activity(), bob.activity()
    event = replace(anna.event(mine), summary="Changed")
    anna.office.activities.delete(CRM, mine.id)
    for one in (mine, theirs):
        (outcome,) = anna.events.write([Update(id_of(one), event)])
        assert isinstance(outcome, PreconditionFailed)
    assert bob.stored(theirs).subject == "Plan"


def test_what_the_record_cannot_say_is_kept_in_the_text(anna: Connected) -> None:
    activity = anna.activity()
    event = replace(
        anna.event(activity),
        reminders=(timedelta(minutes=-30),),
        attendees=(Attendee("ilze@example.com", "Ilze", "ACCEPTED"),),
        categories=("Meeting", "Blue"),
        color="red",
    )
    stored = updated(anna.events, activity, event)
    assert stored.object.reminders == (timedelta(minutes=-30),)
    assert stored.object.attendees == event.attendees
    assert (stored.object.categories, stored.object.color) == (("Meeting", "Blue"), "red")
    text = anna.text(activity)
    assert "TRIGGER:-PT30M" in text
    assert "ilze@example.com" in text


def test_what_a_client_wrote_survives_an_edit(anna: Connected) -> None:
    alarm = "BEGIN:VALARM\r\nACTION:AUDIO\r\nTRIGGER:-PT15M\r\nX-OWN:yes\r\nEND:VALARM"
    activity = put(anna, "a.ics", ics("SUMMARY:Plan", "DTSTART:20261201T100000Z", "X-CLIENT:kept", alarm))
    event = anna.event(activity)
    updated(anna.events, activity, replace(event, summary="New", reminders=(*event.reminders, -HOUR)))
    text = anna.text(activity)
    assert all(part in text for part in ("X-CLIENT:kept", "X-OWN:yes", "TRIGGER:-PT15M", "TRIGGER:-PT1H"))
    updated(anna.events, activity, replace(anna.event(activity), reminders=()))
    assert "VALARM" not in anna.text(activity)


def test_private_things_that_are_shown_as_public_stay_private(anna: Connected) -> None:
    anna.scope = replace(anna.scope, private=PrivatePolicy.AS_PUBLIC)
    activity = anna.activity(privacy=Privacy.PRIVATE)
    updated(anna.events, activity, replace(anna.event(activity), summary="New"))
    assert anna.stored(activity).privacy is Privacy.PRIVATE
    assert "CLASS:PRIVATE" in anna.text(activity)
    updated(anna.events, activity, replace(anna.event(activity), privacy=Privacy.CONFIDENTIAL))
    assert anna.stored(activity).privacy is Privacy.CONFIDENTIAL


def test_a_private_series_that_is_shown_as_public_stays_private(anna: Connected) -> None:
    private = replace(WEEKLY, privacy=Privacy.PRIVATE)
    activity = anna.office.activities.get(int(created(anna.events, private).id))
    anna.scope = replace(anna.scope, private=PrivatePolicy.AS_PUBLIC)
    event = anna.event(activity)
    assert event.privacy is Privacy.PUBLIC
    one = replace(event, recurrence=(), recurrence_id=WEEKLY.start, summary="Moved")
    updated(anna.events, activity, replace(event, overrides=(one,)))
    assert anna.text(activity).count("CLASS:PRIVATE") == 2
    assert [(each.summary, each.privacy) for each in anna.event(activity).overrides] == [("Moved", Privacy.PUBLIC)]


def test_the_block_of_links_never_grows_and_never_arrives(anna: Connected, office: Office) -> None:
    deal = office.activities.save_deal(CRM, Deal("Big deal", anna.user.id))
    activity = anna.activity(deal_id=deal.id, public_description="<p>Hello</p>")
    event = anna.event(activity)
    updated(anna.events, activity, replace(event, description="Changed\n\n" + event.description))
    after = anna.stored(activity)
    assert (richtext.to_text(after.public_description), after.deal_id) == ("Changed\n\nHello", deal.id)
    assert anna.event(activity).description.count(OPENING) == 1
    assert anna.text(activity).count(OPENING) == 1


def test_an_event_that_keeps_no_links_takes_none_away(anna: Connected, office: Office) -> None:
    deal = office.activities.save_deal(CRM, Deal("Big deal", anna.user.id))
    activity = anna.activity(deal_id=deal.id)
    event = anna.event(activity)
    updated(anna.events, activity, replace(event, links=replace(event.links, deal_id=None), summary="New"))
    assert (anna.stored(activity).deal_id, anna.stored(activity).subject) == (deal.id, "New")


def test_the_type_follows_what_the_event_names(anna: Connected) -> None:
    activity = anna.activity()
    updated(anna.events, activity, replace(anna.event(activity), type_key="call", categories=("Call",)))
    assert anna.stored(activity).type == "call"


def test_a_task_is_edited_as_an_event(anna: Connected, office: Office) -> None:
    office.principals.choose_type("anna", "task", TASK)
    activity = anna.activity(type="task")
    event = anna.event(activity)
    wanted = replace(event, summary="Do", start=START + HOUR, end=START + 3 * HOUR, done=True, reminders=(-HOUR,))
    stored = updated(anna.events, activity, wanted)
    after = anna.stored(activity)
    assert (after.subject, after.due, after.duration, after.done) == ("Do", START + HOUR, 2 * HOUR, True)
    assert (stored.object.start, stored.object.end, stored.object.reminders) == (wanted.start, wanted.end, (-HOUR,))
    text = anna.text(activity, "tasks")
    assert all(part in text for part in ("BEGIN:VTODO", "SUMMARY:Do", "DUE", "STATUS:COMPLETED"))
    assert anna.text(activity) == ""


def test_a_series_is_edited_with_its_exceptions(anna: Connected) -> None:
    stored = created(anna.events, WEEKLY)
    activity, event = anna.office.activities.get(int(stored.id)), stored.object
    assert isinstance(event.start, type(START))
    one = replace(event, recurrence=(), recurrence_id=event.start + timedelta(days=7), summary="Another time")
    rule = "RRULE:FREQ=WEEKLY;COUNT=9"
    updated(anna.events, activity, replace(event, recurrence=(rule,), overrides=(one,)))
    event = anna.event(activity)
    assert (event.recurrence, [each.summary for each in event.overrides]) == ((rule,), ["Another time"])
    updated(anna.events, activity, replace(event, recurrence=(), overrides=()))
    assert (anna.stored(activity).series, anna.event(activity).recurrence) == (False, ())


def test_a_plain_activity_can_become_a_series(anna: Connected) -> None:
    activity = anna.activity()
    event = replace(anna.event(activity), recurrence=("RRULE:FREQ=DAILY;COUNT=3",))
    stored = updated(anna.events, activity, event)
    assert (anna.stored(activity).series, stored.object.recurrence) == (True, ("RRULE:FREQ=DAILY;COUNT=3",))


def test_an_undated_activity_gets_a_date(anna: Connected) -> None:
    activity = anna.activity(due_date=None, due_time=None, duration=None)
    event = anna.event(activity)
    assert event.start is None
    updated(anna.events, activity, replace(event, summary="Still undated"))
    assert (anna.stored(activity).subject, anna.stored(activity).due) == ("Still undated", None)
    stored = updated(anna.events, activity, replace(anna.event(activity), start=START, end=START + HOUR))
    assert (anna.stored(activity).due, stored.object.start) == (START, START)
    assert "SUMMARY:Still undated" in anna.text(activity)


# Deleting


def test_a_deletion_is_soft_and_no_error_twice(anna: Connected) -> None:
    activity = anna.activity()
    for _ in range(2):
        deleted(anna.events, activity)
    assert anna.stored(activity).deleted
    assert anna.text(activity) == ""


def test_somebody_elses_activity_is_not_deleted(anna: Connected, bob: Connected) -> None:
    activity = bob.activity()
    assert list(anna.events.write([Delete(id_of(activity))])) == [Deleted(id_of(activity))]
    assert not bob.stored(activity).deleted
