"""python-caldav itself, over the loopback interface: everything from the host name alone."""

import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import pytest
from caldav import DAVClient
from caldav.collection import Calendar, Principal
from caldav.lib.error import AuthorizationError, NotFoundError

from bridge.core.activity import Activity
from bridge.core.event import EventKind
from bridge.core.projection.options import TypeOption
from bridge.core.user import User
from tests.harness import CRM, Office


class Quiet(WSGIRequestHandler):
    """Logs nothing."""

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
        return


@pytest.fixture
def url(office: Office) -> Iterator[str]:
    """Where the application of the office listens."""
    with make_server("127.0.0.1", 0, office.wsgi(), WSGIServer, Quiet) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


@pytest.fixture
def principal(office: Office, url: str) -> Iterator[Principal]:
    office.principals.choose_type("anna", "task", TypeOption(EventKind.TASK))
    _, password = office.devices.add("anna", "caldav")
    with closing(DAVClient(url, username="anna", password=password)) as client:
        yield client.principal()


def calendar_of(principal: Principal, name: str) -> Calendar:
    (found,) = [calendar for calendar in principal.calendars() if calendar.get_display_name() == name]
    return found


def test_it_finds_what_anna_has(principal: Principal) -> None:
    """D6, D10: the principal, its address and both calendars."""
    assert [calendar.get_display_name() for calendar in principal.calendars()] == ["Activities", "Tasks"]
    assert principal.get_vcal_address() == "mailto:anna@example.com"
    assert calendar_of(principal, "Tasks").get_supported_components() == ["VTODO"]


def test_it_writes_finds_edits_and_deletes_an_event(office: Office, anna: User, principal: Principal) -> None:
    calendar = calendar_of(principal, "Activities")
    start = datetime(2026, 12, 1, 10, 0, tzinfo=UTC)
    event = calendar.save_event(dtstart=start, dtend=start + timedelta(hours=1), summary="Lunch")
    (activity,) = office.activities.owned_by(anna.id)
    assert (activity.subject, activity.due) == ("Lunch", start)
    (found,) = calendar.search(event=True, start=start, end=start + timedelta(minutes=5), expand=True)
    assert str(found.icalendar_component["SUMMARY"]) == "Lunch"
    event.load()
    event.icalendar_component["SUMMARY"] = "Long lunch"
    event.save()
    assert office.activities.get(activity.id).subject == "Long lunch"
    assert calendar.event_by_uid(activity.uid).icalendar_component["SUMMARY"] == "Long lunch"
    event.delete()
    assert office.activities.get(activity.id).deleted
    with pytest.raises(NotFoundError):
        calendar.event_by_uid(activity.uid)


def test_it_completes_a_task_of_the_crm(office: Office, anna: User, principal: Principal) -> None:
    made = office.activities.create(CRM, Activity("", anna.id, "Write offer", "task", date(2026, 12, 1)))
    (task,) = calendar_of(principal, "Tasks").todos()
    assert str(task.icalendar_component["SUMMARY"]) == "Write offer"
    task.complete()
    assert office.activities.get(made.id).done
    assert calendar_of(principal, "Tasks").todos() == []


def test_it_follows_changes_by_token(office: Office, anna: User, principal: Principal) -> None:
    calendar = calendar_of(principal, "Activities")
    before = calendar.objects_by_sync_token(load_objects=False)
    made = office.activities.create(CRM, Activity("", anna.id, "Call", "call", date(2026, 12, 1)))
    changed = calendar.objects_by_sync_token(before.sync_token, load_objects=True)
    assert [str(found.icalendar_component["UID"]) for found in changed] == [made.uid]


def test_it_is_told_that_calendars_cannot_be_made(principal: Principal) -> None:
    """D7."""
    with pytest.raises(AuthorizationError, match="Forbidden"):
        principal.make_calendar(name="New")
    assert len(principal.calendars()) == 2
