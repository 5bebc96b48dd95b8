"""A user's activities as a side of a sync: what is listed, how it is shown, and what a write becomes."""

from dataclasses import replace
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest

from bridge.core import richtext
from bridge.core.activity import Activity, Deal, Visibility
from bridge.core.contact import Labelled
from bridge.core.event import Attendee, Event, EventKind, Privacy
from bridge.core.linkblock import OPENING
from bridge.core.projection.options import TypeOption
from bridge.core.scope import CalendarScope, PrivatePolicy
from bridge.errors import MappingError, NotFound, PreconditionFailed, Refused, TokenExpired
from bridge.ports import Create, Delete, Deleted, IdempotencyKey, RemoteId, Stored, SyncToken, Update, Version
from bridge.services.actor import Actor
from bridge.services.resources import Precondition
from bridge.services.sync.local_events import LocalEvents
from bridge.store.models.journal import JournalAction, Source
from tests.harness import CRM, NOW, Office, ics
from tests.services.sync.local_support import (
    START,
    Connected,
    brought,
    created,
    deleted,
    id_of,
    token_of,
    told,
    updated,
)

RIGA = ZoneInfo("Europe/Riga")
HOUR = timedelta(hours=1)
WEEKLY = Event(
    "series@example.com",
    summary="Weekly",
    start=START.astimezone(RIGA),
    end=START.astimezone(RIGA) + HOUR,
    recurrence=("RRULE:FREQ=WEEKLY;COUNT=5",),
)
TASK = TypeOption(shown_as=EventKind.TASK)


@pytest.fixture
def anna(office: Office) -> Connected:
    return Connected(office, office.user("anna"))


@pytest.fixture
def bob(office: Office) -> Connected:
    return Connected(office, office.user("bob"))


def put(connected: Connected, href: str, text: str) -> Activity:
    """A device of the user's writes a calendar object."""
    user = connected.user
    actor = Actor(user.id, Source.DAV, client="Thunderbird")
    connected.office.resources.put(actor, user.login, "activities", href, text, Precondition())
    return connected.office.activities.owned_by(user.id)[-1]


# Listing


def test_what_the_user_owns_is_listed_and_nothing_else(anna: Connected, bob: Connected) -> None:
    mine, undated = anna.activity(), anna.activity(due_date=None, due_time=None, duration=None)
    anna.office.activities.delete(CRM, anna.activity().id)
    bob.activity()
    changes = anna.events.changes(None)
    assert {one.id for one in changes.found} == {id_of(mine), id_of(undated)}
    assert changes.complete
    assert changes.gone == ()
    assert all(one.object is None and one.version for one in changes.found)


def test_nothing_happened(anna: Connected) -> None:
    anna.activity()
    anna.activity(due_date=None, due_time=None)
    token = token_of(anna.events)
    assert told(anna.events, token) == (set(), set())
    assert not anna.events.changes(token).complete
    anna.office.clock.advance(timedelta(hours=1))
    assert told(anna.events, token) == (set(), set())


def test_a_change_is_told_with_another_version(anna: Connected) -> None:
    activity, _ = anna.activity(), anna.activity()
    token, before = token_of(anna.events), brought(anna.events, activity.id)
    anna.change(activity, subject="New plan")
    (found,) = anna.events.changes(token).found
    assert (found.id, found.version) == (id_of(activity), brought(anna.events, activity.id).version)
    assert found.version != before.version


def test_what_is_told_once_is_not_told_again(anna: Connected) -> None:
    activity = anna.activity()
    token = token_of(anna.events)
    anna.change(activity, subject="New plan")
    again = anna.events.changes(token).token
    assert told(anna.events, again) == (set(), set())
    anna.change(activity, subject="Newer plan")  # at the very same moment, as the clock tells it
    assert told(anna.events, again) == ({id_of(activity)}, set())


def test_a_new_and_a_deleted_activity_are_told(anna: Connected) -> None:
    old = anna.activity()
    token = token_of(anna.events)
    new = anna.activity()
    anna.office.activities.delete(CRM, old.id)
    assert told(anna.events, token) == ({id_of(new)}, {id_of(old)})


def test_an_activity_without_a_place_in_the_calendar_is_told_too(anna: Connected) -> None:
    undated, old = anna.activity(due_date=None, due_time=None), anna.activity(due_date=date(2020, 1, 1))
    anna.office.principals.change("anna", lambda user: replace(user, past_days=30))
    token = token_of(anna.events)
    anna.office.clock.advance(timedelta(days=1))
    anna.change(undated, subject="Still undated")
    anna.change(old, subject="Still old")
    assert anna.text(old) == ""
    assert told(anna.events, token) == ({id_of(undated), id_of(old)}, set())


def test_leaving_the_reach_of_the_calendar_is_not_deletion(anna: Connected) -> None:
    activity = anna.activity(due_date=NOW.date())
    anna.office.principals.change("anna", lambda user: replace(user, past_days=10))
    token, before = token_of(anna.events), anna.event(activity)
    anna.office.clock.advance(timedelta(days=20))
    anna.office.principals.sweep("anna")
    assert anna.text(activity) == ""
    assert told(anna.events, token) == ({id_of(activity)}, set())
    assert anna.event(activity) == before


@pytest.mark.parametrize("dated", [True, False])
def test_what_is_handed_on_is_gone_for_one_and_new_for_the_other(
    anna: Connected, bob: Connected, *, dated: bool
) -> None:
    activity = anna.activity() if dated else anna.activity(due_date=None, due_time=None)
    mine, theirs = token_of(anna.events), token_of(bob.events)
    anna.change(activity, owner_id=bob.user.id)
    assert told(anna.events, mine) == (set(), {id_of(activity)})
    assert told(bob.events, theirs) == ({id_of(activity)}, set())
    assert list(anna.events.fetch([id_of(activity)])) == []


def test_a_linked_record_changes_what_is_shown(anna: Connected, office: Office) -> None:
    deal = office.activities.save_deal(CRM, Deal("Big deal", anna.user.id))
    person, guest = anna.person(), anna.person("Juris")
    linked = [
        anna.activity(deal_id=deal.id),
        anna.activity(person_id=person.id),
        anna.activity(participants=(guest.id,)),
    ]
    office.clock.advance(timedelta(hours=1))
    token, before = token_of(anna.events), [anna.event(one).description for one in linked]
    office.activities.save_deal(CRM, replace(deal, title="Huge deal"))
    office.contacts.change_person(CRM, person.id, lambda one: replace(one, name="Ilze Kalna"))
    office.contacts.change_person(CRM, guest.id, lambda one: replace(one, name="Juris Ozols"))
    assert told(anna.events, token) == ({id_of(one) for one in linked}, set())
    assert ["Huge deal" in before[0], "Huge deal" in anna.event(linked[0]).description] == [False, True]


def test_a_linked_record_is_shown_to_a_calendar_even_if_not_to_devices(anna: Connected, office: Office) -> None:
    office.principals.change("anna", lambda user: replace(user, include_links=False))
    deal = office.activities.save_deal(CRM, Deal("Big deal", anna.user.id))
    activity = anna.activity(deal_id=deal.id)
    token = token_of(anna.events)
    office.activities.save_deal(CRM, replace(deal, title="Huge deal"))
    assert "deal" not in anna.text(activity)
    assert told(anna.events, token) == ({id_of(activity)}, set())
    assert "Huge deal" in anna.event(activity).description


def test_without_the_links_a_linked_record_changes_nothing(anna: Connected, office: Office) -> None:
    office.principals.change("anna", lambda user: replace(user, include_links=False))
    anna.scope = replace(anna.scope, include_links=False)
    deal = office.activities.save_deal(CRM, Deal("Big deal", anna.user.id))
    anna.activity(deal_id=deal.id)
    token = token_of(anna.events)
    office.activities.save_deal(CRM, replace(deal, title="Huge deal"))
    assert told(anna.events, token) == (set(), set())


# Tokens


@pytest.mark.parametrize("token", ["", "nonsense", "[]", "{}", '{"activities": 3}', '{"at": "now"}', "null"])
def test_a_token_that_was_never_ours_has_expired(anna: Connected, token: str) -> None:
    with pytest.raises(TokenExpired):
        anna.events.changes(SyncToken(token))


def test_a_token_from_another_generation_or_the_future_has_expired(anna: Connected) -> None:
    anna.activity()
    token = token_of(anna.events)
    for other in ("2-1", "1-9999"):
        with pytest.raises(TokenExpired):
            anna.events.changes(SyncToken(token.replace('"activities":"1-1"', f'"activities":"{other}"')))


def test_a_token_expires_with_the_journal(anna: Connected) -> None:
    token = token_of(anna.events)
    anna.office.clock.advance(timedelta(days=29))
    anna.events.changes(token)
    anna.office.clock.advance(timedelta(days=2))
    with pytest.raises(TokenExpired):
        anna.events.changes(token)


def test_other_options_mean_another_token_and_other_versions(anna: Connected, office: Office) -> None:
    activity = anna.activity()
    token, version = token_of(anna.events), brought(anna.events, activity.id).version
    office.principals.choose_type("anna", "meeting", TypeOption(color="red"))
    with pytest.raises(TokenExpired):
        anna.events.changes(token)
    token, second = token_of(anna.events), brought(anna.events, activity.id).version
    anna.scope = replace(anna.scope, private=PrivatePolicy.AS_PUBLIC)
    with pytest.raises(TokenExpired):
        anna.events.changes(token)
    assert len({version, second, brought(anna.events, activity.id).version}) == 3


def test_a_user_who_is_gone_has_no_calendar(anna: Connected, office: Office) -> None:
    nobody = LocalEvents(office.database, office.clock, office.settings, 999, CalendarScope(999), anna.actor)
    with pytest.raises(NotFound):
        nobody.changes(None)


# Showing


def test_an_activity_is_shown_as_an_event(anna: Connected) -> None:
    event = anna.event(anna.activity(public_description="<p>Hello</p>", location="Office", busy=False))
    assert (event.summary, event.description, event.location, event.busy) == ("Plan", "Hello", "Office", False)
    assert (event.start, event.end, event.type_key) == (START, START + HOUR, "meeting")
    assert event.modified == NOW


@pytest.mark.parametrize("color", ["", "red"])
def test_a_type_that_devices_show_as_tasks_is_an_event_here(anna: Connected, office: Office, color: str) -> None:
    office.principals.choose_type("anna", "task", TypeOption(EventKind.TASK, color))
    event = anna.event(anna.activity(type="task"))
    assert (event.kind, event.start, event.end, event.type_key) == (EventKind.EVENT, START, START + HOUR, "task")
    assert event.color == (color or "goldenrod")


def test_links_are_shown_only_where_the_connection_wants_them(anna: Connected, office: Office) -> None:
    deal = office.activities.save_deal(CRM, Deal("Big deal", anna.user.id))
    activity = anna.activity(deal_id=deal.id, public_description="<p>Hello</p>")
    assert OPENING in anna.event(activity).description
    anna.scope = replace(anna.scope, include_links=False)
    event = anna.event(activity)
    assert (event.description, event.links.deal_id, event.url) == ("Hello", None, "")


def test_what_the_owner_may_not_see_is_named_nowhere(anna: Connected, bob: Connected, office: Office) -> None:
    secret = office.activities.save_deal(CRM, Deal("Secret deal", bob.user.id, visibility=Visibility.OWNER))
    event = anna.event(anna.activity(deal_id=secret.id))
    assert "Secret" not in event.description


@pytest.mark.parametrize(
    ("policy", "shown"),
    [(PrivatePolicy.AS_PRIVATE, Privacy.PRIVATE), (PrivatePolicy.AS_PUBLIC, Privacy.PUBLIC)],
)
def test_private_events_are_shown_as_the_user_chose(anna: Connected, policy: PrivatePolicy, shown: Privacy) -> None:
    anna.scope = replace(anna.scope, private=policy)
    event = anna.event(anna.activity(privacy=Privacy.PRIVATE))
    assert (event.privacy, event.summary) == (shown, "Plan")


def test_what_only_a_client_knows_travels_too(anna: Connected) -> None:
    series = ics(
        "SUMMARY:Weekly",
        "DTSTART;TZID=Europe/Riga:20261201T120000",
        "DTEND;TZID=Europe/Riga:20261201T130000",
        "RRULE:FREQ=WEEKLY;COUNT=5",
        "CATEGORIES:Meeting,Blue",
        "ATTENDEE;CN=Ilze:mailto:ilze@example.com",
        "BEGIN:VALARM\r\nACTION:DISPLAY\r\nDESCRIPTION:x\r\nTRIGGER:-PT15M\r\nEND:VALARM",
    )
    event = anna.event(put(anna, "a.ics", series))
    assert event.recurrence == ("RRULE:FREQ=WEEKLY;COUNT=5",)
    assert (event.categories, event.reminders) == (("Meeting", "Blue"), (timedelta(minutes=-15),))
    assert event.attendees == (Attendee("ilze@example.com", "Ilze"),)


def test_a_series_beyond_the_reach_stays_a_series(anna: Connected) -> None:
    text = ics("SUMMARY:Old", "DTSTART:20200101T100000Z", "RRULE:FREQ=WEEKLY;COUNT=5")
    activity = put(anna, "a.ics", text)
    anna.office.principals.change("anna", lambda user: replace(user, past_days=30))
    assert anna.text(activity) == ""
    assert anna.event(activity).recurrence == ("RRULE:FREQ=WEEKLY;COUNT=5",)


def test_a_former_owners_reminders_are_theirs(anna: Connected, bob: Connected) -> None:
    alarm = "BEGIN:VALARM\r\nACTION:DISPLAY\r\nTRIGGER:-PT15M\r\nEND:VALARM"
    text = ics("SUMMARY:Old", "DTSTART:20200101T100000Z", "RRULE:FREQ=WEEKLY;COUNT=5", alarm)
    bob.office.principals.change("bob", lambda user: replace(user, past_days=30))
    activity = put(anna, "a.ics", text)
    assert anna.event(activity).reminders == (timedelta(minutes=-15),)
    anna.change(activity, owner_id=bob.user.id)
    event = bob.event(activity)
    assert (event.recurrence, event.reminders) == (("RRULE:FREQ=WEEKLY;COUNT=5",), ())


def test_what_is_not_there_is_not_brought(anna: Connected, bob: Connected) -> None:
    other = bob.activity()
    ids = [RemoteId(text) for text in ("999999", "", "x", "9" * 400, str(other.id), "-1")]
    assert list(anna.events.fetch(ids)) == []


def test_each_is_brought_once(anna: Connected) -> None:
    activity = anna.activity()
    assert [one.id for one in anna.events.fetch([id_of(activity)] * 3)] == [id_of(activity)]


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


# The journal (R21)


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
