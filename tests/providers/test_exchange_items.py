"""Events and contacts at Exchange: what others have written, what keeps its place, and how many requests it takes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from bridge.core.contact import Address, Birthday, Contact, Labelled, Photo
from bridge.core.event import Event, Privacy
from bridge.ports import Create, Delete, IdempotencyKey, Side, Stored, T, Update
from bridge.providers.exchange.xml import make
from tests.contract import samples
from tests.fakes.exchange.items import Item
from tests.providers.exchange_world import BookWorld, CalendarWorld, book_world, calendar_world

RIGA = ZoneInfo("Europe/Riga")
START = datetime(2027, 3, 1, 9, 0, tzinfo=RIGA)


@pytest.fixture
def world() -> Iterator[CalendarWorld]:
    with calendar_world() as world:
        yield world


@pytest.fixture
def book() -> Iterator[BookWorld]:
    with book_world() as world:
        yield world


def create(side: Side[T], obj: T, key: str = "key") -> Stored[T]:
    (outcome,) = side.write([Create(IdempotencyKey(key), obj)])
    assert isinstance(outcome, Stored), outcome
    return outcome


def update(side: Side[T], there: Stored[T], **changes: Any) -> Stored[T]:
    (outcome,) = side.write([Update(there.id, replace(there.object, **changes), there.version)])
    assert isinstance(outcome, Stored), outcome
    return outcome


def foreign(world: CalendarWorld, *elements: Any) -> Item:
    """What Outlook stores."""
    times = {"Subject": "Board", "Start": "2027-03-01T07:00:00Z", "End": "2027-03-01T08:00:00Z"}
    parts = [make(f"t:{name}", value) for name, value in times.items()]
    return world.mailbox.create(world.folder, make("t:CalendarItem", *parts, *elements))


def read(world: CalendarWorld | BookWorld) -> Any:
    side: Side[Any] = world.open()
    (found,) = side.fetch([each.id for each in side.changes(None).found])
    assert found.problem == ""
    return found.object


def recurrence(first: str = "2027-03-01") -> Any:
    pattern = make("t:DailyRecurrence", make("t:Interval", "1"))
    return make("t:Recurrence", pattern, make("t:NoEndRecurrence", make("t:StartDate", first)))


def test_a_formatted_body_is_read_as_text_and_keeps_its_form(world: CalendarWorld) -> None:
    html = "<html><head><style>p {}</style></head><body><p>Bring <b>numbers</b></p><p>and coffee</p></body></html>"
    item = foreign(world, make("t:Body", html, BodyType="HTML"))
    there = read(world)
    assert there.description == "Bring numbers\n\nand coffee"
    side = world.open()
    (found,) = side.fetch([each.id for each in side.changes(None).found])
    (outcome,) = side.write([Update(found.id, replace(there, location="Rīga"), found.version)])
    assert isinstance(outcome, Stored)
    stored = world.item(item.id).props[("item:Body",)]
    assert (stored.text, stored.get("BodyType")) == (html, "HTML")
    outcome = update(side, outcome, description="Bring nothing")
    assert world.item(item.id).props[("item:Body",)].get("BodyType") == "Text"
    assert update(side, outcome, description="").object.description == ""


@pytest.mark.parametrize(
    ("element", "field", "value"),
    [
        (make("t:Sensitivity", "Personal"), "privacy", Privacy.PRIVATE),
        (make("t:Sensitivity", "Confidential"), "privacy", Privacy.CONFIDENTIAL),
        (make("t:LegacyFreeBusyStatus", "OOF"), "busy", True),
        (make("t:LegacyFreeBusyStatus", "Tentative"), "busy", True),
        (make("t:LegacyFreeBusyStatus", "WorkingElsewhere"), "busy", False),
    ],
)
def test_finer_words_of_exchange_stay_as_they_are(
    world: CalendarWorld, element: Any, field: str, value: object
) -> None:
    item = foreign(world, element)
    there = read(world)
    assert getattr(there, field) == value
    side = world.open()
    (found,) = side.fetch([each.id for each in side.changes(None).found])
    side_outcome = list(side.write([Update(found.id, replace(there, summary="Other"), found.version)]))
    assert isinstance(side_outcome[0], Stored)
    props = world.item(item.id).props
    uri = "item:Sensitivity" if field == "privacy" else "calendar:LegacyFreeBusyStatus"
    assert props[(uri,)].text == element.text


def test_a_series_of_outlook_follows_the_zone_of_this_installation(world: CalendarWorld) -> None:
    item = foreign(world, recurrence(), make("t:StartTimeZone", Id="FLE Standard Time"))
    item.deleted.add(item.start_at(3))
    changed = world.mailbox.exception(world.folder, item, item.start_at(2))
    changed.props[("item:Subject",)] = make("t:Subject", "Moved")
    there = read(world)
    assert there.start == START
    assert str(there.start.tzinfo) == "Europe/Riga"
    assert there.recurrence == ("RRULE:FREQ=DAILY", "EXDATE:20270303T070000Z")
    (override,) = there.overrides
    assert (override.summary, override.recurrence_id) == ("Moved", START + timedelta(days=1))


def test_a_series_becomes_one_event_and_one_event_a_series(world: CalendarWorld) -> None:
    side = world.open()
    there = create(side, samples.EVENTS["a series with several exceptions"])
    there = update(side, there, recurrence=(), overrides=())
    assert there.object.recurrence == ()
    there = update(side, there, recurrence=("RRULE:FREQ=DAILY;COUNT=3",))
    assert there.object.recurrence == ("RRULE:FREQ=DAILY;COUNT=3",)
    assert not world.item(there.id).exceptions


def test_an_edit_of_a_series_leaves_its_exceptions_alone(world: CalendarWorld) -> None:
    side = world.open()
    there = create(side, samples.EVENTS["a series with several exceptions"])
    ids = {each.id for each in world.item(there.id).exceptions.values()}
    there = update(side, there, location="Elsewhere")
    assert {each.id for each in world.item(there.id).exceptions.values()} == ids


def test_a_reminder_that_is_changed_in_outlook_wins_over_those_we_remember(world: CalendarWorld) -> None:
    side = world.open()
    there = create(side, samples.EVENTS["reminders"])
    assert len(there.object.reminders) == 2
    item = world.item(there.id)
    item.props[("item:ReminderMinutesBeforeStart",)].text = "30"
    assert read(world).reminders == (timedelta(minutes=-30),)
    item.props[("item:ReminderIsSet",)].text = "false"
    assert read(world).reminders == ()


def test_what_is_no_contact_is_passed_over(book: BookWorld) -> None:
    listed = Item("list", "DistributionList")
    book.folder.items["list"] = listed
    book.mailbox.touch(book.folder, listed)
    there = book.add(samples.contact(1))
    side = book.open()
    assert [each.id for each in side.changes(None).found] == [there]


def test_values_beyond_the_places_of_exchange_survive(book: BookWorld) -> None:
    emails = tuple(Labelled(f"a{each}@example.com", "work", primary=each == 4) for each in range(5))
    phones = tuple(Labelled(f"+3712000000{each}", "mobile") for each in range(6))
    addresses = tuple(Address(f"Street {each}", "Rīga", po_box="7", label="work") for each in range(4))
    wanted = replace(samples.contact(1), emails=emails, phones=phones, addresses=addresses)
    side = book.open()
    there = create(side, wanted)
    assert set(there.object.emails) == set(emails)
    assert set(there.object.phones) == set(phones)
    assert set(there.object.addresses) == set(addresses)
    there = update(side, there, emails=emails[:1], phones=(), addresses=())
    assert (there.object.emails, there.object.phones, there.object.addresses) == (emails[:1], (), ())


def test_what_is_edited_in_outlook_keeps_the_labels_of_the_rest(book: BookWorld) -> None:
    side = book.open()
    there = create(
        side, replace(samples.contact(1), emails=(Labelled("a@x.example", "work"), Labelled("b@x.example", "Club")))
    )
    item = book.item(there.id)
    item.props[("contacts:EmailAddress", "EmailAddress1")].text = "new@x.example"
    assert read(book).emails == (Labelled("new@x.example"), Labelled("b@x.example", "Club"))


def test_a_value_keeps_its_place_and_unknown_places_stay(book: BookWorld) -> None:
    side = book.open()
    there = create(side, replace(samples.contact(1), phones=(Labelled("1", "work"), Labelled("2", "work"))))
    item = book.item(there.id)
    item.props[("contacts:PhoneNumber", "Msn")] = make("t:Entry", "99", Key="Msn")
    item.props[("contacts:EmailAddress", "EmailAddress3")] = make("t:Entry", "/O=EXAMPLE/CN=ANNA", Key="EmailAddress3")
    book.mailbox.touch(book.folder, item)
    (found,) = side.fetch([there.id])
    emails = tuple(Labelled(f"{each}@x.example") for each in "abc")
    wanted = replace(found.object or samples.contact(1), phones=(Labelled("2", "work"),), emails=emails)
    (outcome,) = side.write([Update(there.id, wanted, found.version)])
    assert isinstance(outcome, Stored)
    props = book.item(there.id).props
    assert {key[1]: each.text for key, each in props.items() if key[0] == "contacts:PhoneNumber"} == {
        "BusinessPhone2": "2",
        "Msn": "99",
    }
    assert props[("contacts:EmailAddress", "EmailAddress3")].text == "/O=EXAMPLE/CN=ANNA"
    assert {each.value for each in outcome.object.emails} == {each.value for each in emails}


@pytest.mark.parametrize("text", ["1980-05-17T11:59:00Z", "1980-05-17T00:00:00Z", "1980-05-16T22:00:00Z"])
def test_a_birthday_is_a_day_however_it_is_stored(book: BookWorld, text: str) -> None:
    item = book.item(book.add(samples.contact(1)))
    item.props[("contacts:Birthday",)] = make("t:Birthday", text)
    assert read(book).birthday == Birthday(5, 17, 1980)


def test_a_picture_is_replaced_and_taken_away(book: BookWorld) -> None:
    side = book.open()
    there = create(side, samples.CONTACTS["a photo"])
    assert there.object.photo == Photo(samples.PICTURE, "image/png")
    there = update(side, there, photo=Photo(samples.PICTURE * 2, "image/png"))
    assert there.object.photo == Photo(samples.PICTURE * 2, "image/png")
    assert update(side, there, photo=None).object.photo is None


def counted(world: CalendarWorld | BookWorld) -> Counter[str]:
    found = Counter(world.fake.calls)
    world.fake.calls.clear()
    return found


@pytest.mark.parametrize("kind", ["events", "contacts"])
def test_requests_are_as_few_as_the_interface_allows(kind: str) -> None:
    opened: Any = calendar_world if kind == "events" else book_world
    plain: Any = samples.event if kind == "events" else samples.contact
    with opened() as world:
        world.installation = replace(world.installation, batch=10)
        world.mailbox.page = 20
        side: Side[Any] = world.open()
        token = side.changes(None).token
        counted(world)
        made = list(side.write([Create(IdempotencyKey(str(each)), plain(each)) for each in range(40)]))
        assert counted(world) == {"CreateItem": 4, "GetItem": 4}
        found = list(side.fetch([each.id for each in side.changes(token).found]))
        assert counted(world) == {"SyncFolderItems": 2, "GetItem": 4}
        edits = [Update(each.id, plain(int(100 + at)), each.version) for at, each in enumerate(found)]
        assert all(isinstance(each, Stored) for each in side.write(edits))
        assert counted(world) == {"GetItem": 8, "UpdateItem": 4}
        assert len(list(side.write([Delete(each.id) for each in made]))) == 40
        assert counted(world) == {"DeleteItem": 4}
        side.changes(side.changes(None).token)
        assert counted(world) == {"SyncFolderItems": 2}


def test_a_side_that_has_listed_nothing_looks_for_what_it_creates_once_for_a_batch(world: CalendarWorld) -> None:
    side = world.open()
    counted(world)
    list(side.write([Create(IdempotencyKey(str(each)), samples.event(each)) for each in range(5)]))
    assert counted(world) == {"401": 1, "FindItem": 1, "CreateItem": 1, "GetItem": 1}


def test_times_are_told_in_utc_where_windows_has_no_such_zone(world: CalendarWorld) -> None:
    odd = datetime(2027, 3, 1, 9, 0, tzinfo=ZoneInfo("Antarctica/Troll"))
    there = create(world.open(), Event("x", summary="Ice", start=odd, end=odd + timedelta(hours=1)))
    assert there.object.start == odd.astimezone(UTC)


def test_an_organization_is_one(book: BookWorld) -> None:
    wanted = Contact("x", kind=samples.contact(1).kind, formatted_name="Ābols, SIA", organization="Ābols, SIA")
    assert create(book.open(), wanted).object.organization == "Ābols, SIA"
