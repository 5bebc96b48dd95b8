"""Time ranges and searches are answered by indexes, and say what a look at every text says."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bridge.core import ical, recurrence
from bridge.core.person import Person
from bridge.services.actor import Actor
from bridge.services.resources import Precondition
from bridge.store.models.journal import Source
from bridge.store.views import Collection, Resource
from tests.harness import CRM, NOW, Office, ics

RIGA = ZoneInfo("Europe/Riga")

# UID → lines: plain, all day, long, over midnight, floating, and series of several kinds.
SAMPLES = {
    "plain": ("DTSTART:20261201T100000Z", "DTEND:20261201T110000Z"),
    "point": ("DTSTART:20261201T100000Z",),
    "day": ("DTSTART;VALUE=DATE:20261203",),
    "year": ("DTSTART;VALUE=DATE:20260101", "DTEND;VALUE=DATE:20270101"),
    "floating": ("DTSTART:20261130T233000", "DTEND:20261201T003000"),
    "weekly": ("DTSTART;TZID=Europe/Riga:20240101T090000", "DURATION:PT1H", "RRULE:FREQ=WEEKLY"),
    "once-a-month": ("DTSTART:20261105T080000Z", "RRULE:FREQ=MONTHLY;COUNT=3", "EXDATE:20261205T080000Z"),
    "ended": ("DTSTART:20200101T080000Z", "RRULE:FREQ=DAILY;COUNT=5"),
    "long-series": ("DTSTART;VALUE=DATE:20260101", "DTEND;VALUE=DATE:20260301", "RRULE:FREQ=YEARLY"),
    "busy-series": ("DTSTART:20240101T000000Z", "DTEND:20240101T001000Z", "RRULE:FREQ=HOURLY;COUNT=9000"),
    "far": ("DTSTART:20400101T080000Z", "RRULE:FREQ=WEEKLY"),
}


@pytest.fixture
def calendar(office: Office) -> Collection:
    anna = office.user("anna")
    actor = Actor(anna.id, Source.DAV)
    for uid, lines in SAMPLES.items():
        office.resources.put(actor, "anna", "activities", f"{uid}.ics", ics(*lines, uid=uid), Precondition())
    found = office.resources.collection("anna", "activities")
    assert found is not None
    return found


def touching(office: Office, calendar: Collection, start: datetime, end: datetime) -> set[str]:
    """What the index gives, with a look at the text of those that it does not settle."""
    with office.resources.reading() as reader:
        found = list(reader.in_range(calendar, int(start.timestamp()), int(end.timestamp()), text=True))
    return {r.uid for r in found if r.settled or recurrence.overlaps(ical.read(r.text), start, end, RIGA)}


def truly(office: Office, calendar: Collection, start: datetime, end: datetime) -> set[str]:
    resources = office.resources.listing(calendar, text=True)
    return {r.uid for r in resources if recurrence.overlaps(ical.read(r.text), start, end, RIGA)}


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    start=st.datetimes(datetime(2019, 1, 1), datetime(2041, 1, 1)),
    length=st.sampled_from([timedelta(minutes=1), timedelta(hours=6), timedelta(days=7), timedelta(days=400)]),
)
def test_an_index_finds_what_a_look_at_every_text_finds(
    office: Office, calendar: Collection, start: datetime, length: timedelta
) -> None:
    begin = start.replace(tzinfo=UTC, microsecond=0)
    assert touching(office, calendar, begin, begin + length) == truly(office, calendar, begin, begin + length)


def test_edges_belong_to_the_range_as_the_rfc_has_it(office: Office, calendar: Collection) -> None:
    ten = datetime(2026, 12, 1, 10, tzinfo=UTC)
    around = {"year", "busy-series"}
    assert touching(office, calendar, ten, ten + timedelta(minutes=1)) - around == {"plain", "point"}
    assert touching(office, calendar, ten - timedelta(minutes=1), ten) - around == set()
    eleven = ten + timedelta(hours=1)
    assert touching(office, calendar, eleven, eleven + timedelta(minutes=1)) - around == set()


def test_occurrences_that_are_known_settle_the_matter(office: Office, calendar: Collection) -> None:
    def found(start: datetime) -> dict[str, Resource]:
        with office.resources.reading() as reader:
            end = start + timedelta(days=7)
            resources = list(reader.in_range(calendar, int(start.timestamp()), int(end.timestamp()), text=False))
        return {resource.uid: resource for resource in resources}

    near = found(NOW)
    assert near["weekly"].settled
    assert "once-a-month" not in near, "no occurrence, no candidate"
    assert not found(datetime(2024, 6, 1, tzinfo=UTC))["busy-series"].settled, "too many to keep"
    assert not near["long-series"].settled if "long-series" in near else True
    assert not found(NOW + timedelta(days=3000))["weekly"].settled, "too far ahead to know"


def test_the_index_looks_further_ahead_as_time_goes_by(office: Office, calendar: Collection) -> None:
    token = calendar.sync_token
    office.clock.advance(timedelta(days=500))
    office.principals.sweep("anna")
    start = office.clock.now() + timedelta(days=600)
    with office.resources.reading() as reader:
        end = start + timedelta(days=7)
        found = {r.uid: r for r in reader.in_range(calendar, int(start.timestamp()), int(end.timestamp()), text=False)}
        fresh = reader.collection("anna", "activities")
        assert fresh is not None
        assert reader.changes(fresh, token).resources == (), "clients hear nothing of it"
    assert found["weekly"].settled


def test_a_changed_rule_changes_what_is_found(office: Office, calendar: Collection) -> None:
    text = ics("DTSTART;TZID=Europe/Riga:20240101T090000", "DURATION:PT1H", uid="weekly")
    actor = Actor(None, Source.DAV)
    office.resources.put(actor, "anna", "activities", "weekly.ics", text, Precondition())
    assert "weekly" not in touching(office, calendar, NOW, NOW + timedelta(days=7))
    office.resources.delete(actor, "anna", "activities", "busy-series.ics", Precondition())
    assert "busy-series" not in touching(office, calendar, NOW, NOW + timedelta(days=7))


def test_a_new_zone_of_the_user_moves_whole_days_without_a_change_for_clients(
    office: Office, calendar: Collection
) -> None:
    token = calendar.sync_token
    office.principals.change("anna", lambda user: replace(user, time_zone="Asia/Tokyo"))
    fresh = office.resources.collection("anna", "activities")
    assert fresh is not None
    changed = office.resources.changes(fresh, token).resources
    assert [r.uid for r in changed] == ["floating"], "the moment in the CRM stays, so its local time is another"
    (day,) = [r for r in office.resources.listing(fresh, text=False) if r.uid == "day"]
    assert day.first_start == int(datetime(2026, 12, 2, 15, tzinfo=UTC).timestamp())


@pytest.mark.parametrize("needle", ["ozola", "riga.example", "ol", "100%", "a_b", 'quo"te', "+371"])
def test_contacts_are_found_by_any_part_of_their_text(office: Office, needle: str) -> None:
    anna = office.user("anna")
    names = ["Ilze Ozola", "Jānis Kalns", "ilze@riga.example", "100% Sure", "a_b", 'Quo"te', "+371 1", "Polo"]
    for number, name in enumerate(names):
        office.contacts.create_person(CRM, Person(f"uid{number}", anna.id, name))
    gone = office.contacts.create_person(CRM, Person("gone", anna.id, f"{needle} gone"))
    office.contacts.delete_person(CRM, gone.id)
    book = office.resources.collection("anna", "contacts")
    assert book is not None
    with office.resources.reading() as reader:
        found = {resource.uid for resource in reader.search(book, needle)}
    expected = {f"uid{number}" for number, name in enumerate(names) if needle in name.lower()}
    assert expected <= found
    assert "gone" not in found
    assert len(found) < len(names)
