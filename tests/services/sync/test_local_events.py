"""A user's activities as a side of a sync: what is listed, and how it is shown."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import update

from bridge.core.activity import Activity, Deal, Visibility
from bridge.core.event import Attendee, EventKind, Privacy
from bridge.core.linkblock import OPENING
from bridge.core.projection.options import TypeOption
from bridge.core.scope import CalendarScope, PrivatePolicy
from bridge.errors import NotFound, Refused, TokenExpired
from bridge.ports import RemoteId, SyncToken, Update
from bridge.services.sync.local_events import MOST_TOLD, LocalEvents
from bridge.store import activities
from bridge.store.models import ResourceRow
from tests.harness import CRM, NOW, Office, ics
from tests.services.sync.local_support import (
    HOUR,
    START,
    Connected,
    brought,
    deleted,
    id_of,
    put,
    token_of,
    told,
)


@pytest.fixture
def anna(office: Office) -> Connected:
    return Connected(office, office.user("anna"))


@pytest.fixture
def bob(office: Office) -> Connected:
    return Connected(office, office.user("bob"))


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


def test_what_was_saved_late_is_not_missed(anna: Connected) -> None:
    """Another process may name the time of its change minutes before that change can be seen."""
    undated = anna.activity(due_date=None, due_time=None)
    anna.office.clock.advance(timedelta(hours=1))
    token = token_of(anna.events)
    anna.office.clock.advance(timedelta(minutes=-4))
    anna.change(undated, subject="Late")
    anna.office.clock.advance(timedelta(hours=1))
    assert told(anna.events, token) == ({id_of(undated)}, set())


def test_a_token_stays_short_after_very_many_changes(anna: Connected, office: Office) -> None:
    many = [Activity(f"{i}@example.com", anna.user.id, created_at=NOW, updated_at=NOW) for i in range(MOST_TOLD + 1)]
    with office.database.write() as session:
        ids = activities.add_activities(session, many)
    first = anna.events.changes(None)
    assert first.token is not None
    assert len(first.token) < 300
    again = anna.events.changes(first.token)  # told twice, and recognised by their versions
    assert {(one.id, one.version) for one in again.found} == {(one.id, one.version) for one in first.found}
    office.clock.advance(timedelta(hours=1))
    later = anna.events.changes(again.token)
    assert told(anna.events, later.token) == (set(), set())
    assert len(list(anna.events.fetch([RemoteId(str(one)) for one in ids]))) == len(ids)


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


def test_what_cannot_be_read_has_a_problem_and_can_be_deleted(anna: Connected, office: Office) -> None:
    good, bad = anna.activity(), anna.activity()
    with office.database.write() as session:
        session.execute(update(ResourceRow).where(ResourceRow.activity_id == bad.id).values(text="nonsense", etag="x"))
    found = {one.id: one for one in anna.events.fetch([id_of(good), id_of(bad)])}
    assert found[id_of(good)].object is not None
    assert found[id_of(bad)].object is None
    assert found[id_of(bad)].problem
    (outcome,) = anna.events.write([Update(id_of(bad), anna.event(good))])
    assert isinstance(outcome, Refused)
    deleted(anna.events, bad)
    assert anna.stored(bad).deleted
