"""python-caldav against a real server: discovery, objects, searches, sync-tokens, and the CRM behind them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from xml.etree.ElementTree import fromstring
from zoneinfo import ZoneInfo

import pytest
from caldav import Calendar, DAVClient, Event
from caldav.lib.error import AuthorizationError, ETagMismatchError, NotFoundError
from icalendar_searcher import Collation

from tests.harness import ics, vcf
from tests.system.crm import Crm
from tests.system.server import Account, ServerProcess

RIGA = ZoneInfo("Europe/Riga")
SERIES = ics(
    "SUMMARY:Stand-up",
    "DTSTART;TZID=Europe/Riga:20261005T090000",
    "DTEND;TZID=Europe/Riga:20261005T091500",
    "RRULE:FREQ=WEEKLY;COUNT=12",
    "EXDATE;TZID=Europe/Riga:20261012T090000",
    uid="series@example.com",
)


@pytest.fixture
def client(anna: Account) -> Iterator[DAVClient]:
    """Set up with nothing but the host, a user name and a password."""
    with DAVClient(f"{anna.url}/", username=anna.login, password=anna.password) as connected:
        yield connected


@pytest.fixture
def calendar(client: DAVClient) -> Calendar:
    (found,) = client.principal().get_calendars()
    return found


def summaries(found: list[Event]) -> list[str]:
    return sorted(str(event.component["SUMMARY"]) for event in found)


@pytest.mark.parametrize("start", ["/", "/.well-known/caldav", "/.well-known/carddav", "/dav", "/dav/"])
def test_it_finds_the_account_wherever_it_starts(anna: Account, start: str) -> None:
    with DAVClient(f"{anna.url}{start}", username=anna.login, password=anna.password) as client:
        principal = client.principal()
        assert str(principal.url) == f"{anna.url}/dav/{anna.login}/"
        (calendar,) = principal.get_calendars()
        assert str(calendar.url) == f"{anna.url}{anna.path('activities')}"
        assert calendar.get_display_name() == "Activities"
        assert calendar.get_supported_components() == ["VEVENT"]
        addresses = [str(address) for address in principal.calendar_user_address_set()]
        assert addresses[0] == f"mailto:{anna.login}@example.com"


def test_it_sees_what_the_server_can(client: DAVClient) -> None:
    assert client.supports_dav()
    assert client.supports_caldav()
    assert "addressbook" in str(client.check_dav_support())


def test_a_wrong_password_is_refused(anna: Account) -> None:
    with (
        DAVClient(anna.url + "/", username=anna.login, password="wrong") as client,
        pytest.raises(AuthorizationError),
    ):
        client.principal()


def test_events_are_written_edited_and_deleted(calendar: Calendar, crm: Crm) -> None:
    event = calendar.add_event(
        dtstart=datetime(2026, 12, 1, 10, tzinfo=RIGA),
        dtend=datetime(2026, 12, 1, 11, tzinfo=RIGA),
        summary="Pusdienas ar Ilzi",
        location="Rīga, Brīvības iela 1",
    )
    (activity,) = crm.activities()
    assert (activity.subject, activity.location) == ("Pusdienas ar Ilzi", "Rīga, Brīvības iela 1")
    assert activity.due == datetime(2026, 12, 1, 8, tzinfo=UTC)
    (listed,) = calendar.get_events()
    assert listed.url == event.url
    with listed.edit_icalendar_component() as component:
        component["SUMMARY"] = "Pusdienas ar Jāni"
    listed.save()
    assert crm.subjects() == ["Pusdienas ar Jāni"]
    assert calendar.get_event_by_uid(activity.uid).component["SUMMARY"] == "Pusdienas ar Jāni"
    listed.delete()
    assert crm.activities() == []
    with pytest.raises(NotFoundError):
        calendar.get_event_by_uid(activity.uid)


def test_a_stale_copy_overwrites_nothing(calendar: Calendar, crm: Crm) -> None:
    created = crm.add("Call Ilze")
    (stale,) = calendar.get_events()
    stale.load()
    crm.rename(created, "Call Jānis")
    with stale.edit_icalendar_component() as component:
        component["SUMMARY"] = "Call nobody"
    with pytest.raises(ETagMismatchError):
        stale.save()
    assert crm.subjects() == ["Call Jānis"]


def test_contacts_are_written_edited_and_deleted(client: DAVClient, anna: Account, crm: Crm) -> None:
    home = client.propfind(f"{anna.url}/dav/{anna.login}/", props=["{DAV:}resourcetype"], depth=1)
    book = anna.path("contacts")
    assert book in [result.href for result in home.results]
    url = f"{anna.url}{book}ilze.vcf"
    kind = {"Content-Type": "text/vcard; charset=utf-8"}
    assert client.put(url, vcf(), {**kind, "If-None-Match": "*"}).status == 201
    (person,) = crm.people()
    assert (person.name, [found.value for found in person.emails]) == ("Ilze Ozola", ["ilze@example.com"])
    answer = client.request(url)
    edited = answer.raw.replace("FN:Ilze Ozola", "FN:Ilze Ozola\r\nTITLE:Direktore\r\nORG:Rīgas Siers")
    assert client.put(url, edited, {**kind, "If-Match": answer.headers["ETag"]}).status == 204
    (person,), (company,) = crm.people(), crm.companies()
    assert (person.job_title, person.organization_id, company.name) == ("Direktore", company.id, "Rīgas Siers")
    assert client.delete(url).status == 204
    assert (crm.people(), crm.companies()) == ([], [company])


def test_tasks_appear_when_a_type_is_shown_as_task(
    client: DAVClient, any_server: ServerProcess, anna: Account, crm: Crm
) -> None:
    crm.add("Prepare the offer", type="task")
    any_server.run("user", "set", anna.login, "--show", "task=task")
    events, tasks = sorted(client.principal().get_calendars(), key=lambda found: str(found.url))
    assert events.get_events() == []
    assert tasks.get_supported_components() == ["VTODO"]
    (todo,) = tasks.get_todos()
    assert todo.component["SUMMARY"] == "Prepare the offer"
    todo.complete()
    assert [activity.done for activity in crm.activities()] == [True]
    assert tasks.get_todos() == []
    assert len(tasks.get_todos(include_completed=True)) == 1
    tasks.add_todo(summary="Call back", due=datetime(2026, 12, 3, 15, tzinfo=RIGA))
    assert sorted((found.subject, found.type, found.done) for found in crm.activities()) == [
        ("Call back", "task", False),
        ("Prepare the offer", "task", True),
    ]


def test_searches_by_time(calendar: Calendar, crm: Crm) -> None:
    calendar.add_event(SERIES)
    crm.add("Before", due_date=date(2026, 10, 4))
    crm.add("Within", due_date=date(2026, 10, 20))
    crm.add("Whole day", due_date=date(2026, 10, 21), due_time=None)
    start, end = datetime(2026, 10, 5, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC)
    exact = {"start": start, "end": end, "event": True, "post_filter": False}
    assert summaries(calendar.search(**exact)) == ["Stand-up", "Whole day", "Within"]
    for server_expand in (False, True):
        found = calendar.search(start=start, end=end, event=True, expand=True, server_expand=server_expand)
        assert summaries(found) == ["Stand-up"] * 3 + ["Whole day", "Within"]
        starts = [event.component["DTSTART"].dt for event in found if event.component["SUMMARY"] == "Stand-up"]
        assert sorted(starts) == [datetime(2026, 10, day, 9, tzinfo=RIGA) for day in (5, 19, 26)]
    assert calendar.search(start=datetime(2027, 2, 1, tzinfo=UTC), end=datetime(2027, 3, 1, tzinfo=UTC)) == []


def test_an_occurrence_is_moved_alone(calendar: Calendar, crm: Crm) -> None:
    calendar.add_event(SERIES)
    found = calendar.search(
        start=datetime(2026, 10, 19, tzinfo=UTC), end=datetime(2026, 10, 20, tzinfo=UTC), event=True, expand=True
    )
    (occurrence,) = found
    with occurrence.edit_icalendar_component() as component:
        component["DTSTART"].dt = datetime(2026, 10, 19, 12, tzinfo=RIGA)
        component["DTEND"].dt = datetime(2026, 10, 19, 13, tzinfo=RIGA)
    occurrence.save()
    (activity,) = crm.activities()
    assert activity.series
    text = calendar.get_event_by_uid("series@example.com").data
    assert "RRULE:FREQ=WEEKLY;COUNT=12" in text
    assert text.count("BEGIN:VEVENT") == 2


def test_searches_by_text(calendar: Calendar, crm: Crm) -> None:
    crm.add("Zvanīt Ilzei", location="Rīga")
    crm.add("Call Jānis")
    assert summaries(calendar.search(event=True, summary="Ilze")) == ["Zvanīt Ilzei"]
    assert summaries(calendar.search(event=True, category="Call")) == ["Call Jānis", "Zvanīt Ilzei"]
    assert calendar.search(event=True, summary="ilze") == []
    whatever_case = calendar.searcher(event=True)
    whatever_case.add_property_filter("location", "RĪGA", case_sensitive=False, collation=Collation.UNICODE)
    assert summaries(whatever_case.search()) == ["Zvanīt Ilzei"]


def test_free_and_busy_times(calendar: Calendar, crm: Crm) -> None:
    crm.add("Busy")
    crm.add("Free", due_time=time(12), busy=False)
    answer = calendar.freebusy_request(datetime(2026, 12, 1, tzinfo=UTC), datetime(2026, 12, 2, tzinfo=UTC))
    (line,) = [line for line in str(answer.data).splitlines() if line.startswith("FREEBUSY")]
    assert "20261201T083000Z/" in line


def test_it_stays_in_step_by_sync_tokens(calendar: Calendar, crm: Crm, any_server: ServerProcess) -> None:
    kept, gone = crm.add("Kept"), crm.add("Gone")
    mine = calendar.get_objects_by_sync_token(load_objects=True, disable_fallback=True)
    assert summaries(list(mine)) == ["Gone", "Kept"]
    crm.rename(kept, "Changed")
    crm.delete(gone)
    crm.add("New")
    updated, deleted = mine.sync()
    assert (summaries(updated), len(deleted)) == (["Changed", "New"], 1)
    assert summaries(list(mine)) == ["Changed", "New"]
    assert mine.sync() == ([], [])
    any_server.restart()
    assert mine.sync() == ([], [])


def test_a_second_device_sees_it_all(calendar: Calendar, any_server: ServerProcess, anna: Account, crm: Crm) -> None:
    other = any_server.add_device(anna.login, "Second")
    with DAVClient(other.url + "/", username=other.login, password=other.password) as second:
        (same,) = second.principal().get_calendars()
        theirs = same.get_objects_by_sync_token(load_objects=True, disable_fallback=True)
        event = calendar.add_event(SERIES)
        updated, _ = theirs.sync()
        assert summaries(updated) == ["Stand-up"]
        (seen,) = updated
        with seen.edit_icalendar_component() as component:
            component["SUMMARY"] = "Stand-up, shorter"
        seen.save()
        event.load()
        assert event.component["SUMMARY"] == "Stand-up, shorter"
        assert crm.subjects() == ["Stand-up, shorter"]


def test_names_and_colours_of_a_calendar_are_kept(client: DAVClient, calendar: Calendar, anna: Account) -> None:
    body = (
        '<d:propertyupdate xmlns:d="DAV:" xmlns:a="http://apple.com/ns/ical/"><d:set><d:prop>'
        "<d:displayname>Darbs</d:displayname><a:calendar-color>#ff8800ff</a:calendar-color>"
        "</d:prop></d:set></d:propertyupdate>"
    )
    answer = client.proppatch(str(calendar.url), body)
    assert answer.status == 207
    assert {found.text for found in fromstring(answer.raw).iter("{DAV:}status")} == {"HTTP/1.1 200 OK"}
    (renamed,) = client.principal().get_calendars()
    assert renamed.get_display_name() == "Darbs"
