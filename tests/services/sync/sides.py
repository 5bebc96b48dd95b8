"""What people do to activities and events, and to persons and contacts, without knowing which of the two it is.

Each thing has a name that nobody changes, the first word of its title, by which it is recognised on either side.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from bridge.core.contact import Contact, Labelled, Name
from bridge.core.event import Event
from bridge.core.person import Person
from bridge.core.scope import FlowKind
from bridge.ports import Found, RemoteId
from bridge.services.sync.flows import OpenFlow
from tests.harness import CRM, NOW
from tests.services.sync.world import World

RIGA = ZoneInfo("Europe/Riga")
LATER = (NOW + timedelta(days=30)).date()


class Shape(StrEnum):
    """What kind of thing it is. A contact has no shape."""

    PLAIN = "plain"
    WHOLE_DAY = "whole day"
    SERIES = "series"


class Part(StrEnum):
    """What is edited: ``TITLE`` and ``TIME`` by both sides, ``OWN`` by one alone. ``NOTHING`` makes another version."""

    TITLE = "title"
    TIME = "time"
    OWN = "own"
    EXCEPTION = "exception"
    NOTHING = "nothing"


class Sides(Protocol):
    """A flow's two sides, as people use them."""

    kind: FlowKind
    ours_own: str
    theirs_own: str

    def ours(self) -> dict[int, str]: ...
    def theirs(self) -> dict[RemoteId, str]: ...
    def create_ours(self, name: str, value: int, shape: Shape) -> None: ...
    def create_theirs(self, name: str, value: int, shape: Shape, uid: str = "") -> RemoteId: ...
    def edit_ours(self, id_: int, part: Part, value: int) -> bool: ...
    def edit_theirs(self, id_: RemoteId, part: Part, value: int) -> None: ...
    def delete_ours(self, id_: int) -> None: ...
    def copy_theirs(self, id_: RemoteId, name: str) -> None: ...
    def open(self, connection_id: int) -> OpenFlow[Any]: ...
    def own_of_ours(self, obj: Any) -> int | None: ...
    def own_of_theirs(self, obj: Any) -> int | None: ...


def first_word(text: str) -> str:
    return text.partition(" ")[0]


@dataclass
class Appointments:
    """Activities and events. Ours alone writes descriptions, theirs alone locations."""

    world: World
    kind = FlowKind.CALENDAR
    ours_own, theirs_own = "description", "location"

    def ours(self) -> dict[int, str]:
        return {each.id: first_word(each.subject) for each in self.world.activities()}

    def theirs(self) -> dict[RemoteId, str]:
        return {id_: first_word(each.object.summary) for id_, each in self.world.calendar.resources.items()}

    def create_ours(self, name: str, value: int, shape: Shape) -> None:
        hour = None if shape is Shape.WHOLE_DAY else value % 24
        self.world.activity(f"{name} new", LATER + timedelta(days=value), hour)

    def create_theirs(self, name: str, value: int, shape: Shape, uid: str = "") -> RemoteId:
        new = Event(uid or f"{name}@elsewhere", summary=f"{name} new", **_times(value, shape))
        return self.world.calendar.add(new).id

    def edit_ours(self, id_: int, part: Part, value: int) -> bool:
        activities = self.world.office.activities
        before = activities.get(id_)
        changes: dict[Part, Mapping[str, Any]] = {
            Part.TITLE: {"subject": f"{first_word(before.subject)} ours {value}"},
            Part.TIME: {"due_date": LATER + timedelta(days=value)},
            Part.OWN: {"public_description": f"<p>{value}</p>"},
        }
        if before.series or part not in changes:
            return False  # a series is edited in the calendar only (R11)
        activities.change(CRM, id_, lambda each: replace(each, **changes[part]))
        return True

    def edit_theirs(self, id_: RemoteId, part: Part, value: int) -> None:
        before = self.world.calendar.resources[id_].object
        changes: Mapping[str, Any] = {}
        match part:
            case Part.TITLE:
                changes = {"summary": f"{first_word(before.summary)} theirs {value}"}
            case Part.TIME:
                changes = {**_moved(before, value), "overrides": ()}
            case Part.OWN:
                changes = {"location": str(value)}
            case Part.EXCEPTION if before.recurrence:
                changes = {"overrides": (_exception(before, value),)}
        self.world.calendar.edit(id_, replace(before, **changes))

    def delete_ours(self, id_: int) -> None:
        self.world.office.activities.delete(CRM, id_)

    def copy_theirs(self, id_: RemoteId, name: str) -> None:
        copy = self.world.calendar.copy(id_)
        overrides = tuple(replace(each, summary=f"{name} copy") for each in copy.object.overrides)
        self.world.calendar.edit(copy.id, replace(copy.object, summary=f"{name} copy", overrides=overrides))

    def open(self, connection_id: int) -> OpenFlow[Event]:
        opened = self.world.flows.open(connection_id)
        return self.world.flows.calendar(opened, opened.flows[0], "check")

    def own_of_ours(self, obj: Event) -> int | None:
        return int(obj.description) if obj.description else None

    def own_of_theirs(self, obj: Event) -> int | None:
        return int(obj.location) if obj.location else None


def _times(value: int, shape: Shape) -> dict[str, Any]:
    day = LATER + timedelta(days=value)
    if shape is Shape.WHOLE_DAY:
        return {"start": day, "end": day + timedelta(days=1)}
    start = datetime(day.year, day.month, day.day, value % 24, tzinfo=RIGA if value % 2 else UTC)
    repeated = {"recurrence": ("RRULE:FREQ=DAILY;COUNT=5",)} if shape is Shape.SERIES else {}
    return {"start": start, "end": start + timedelta(hours=1), **repeated}


def _moved(event: Event, value: int) -> dict[str, Any]:
    assert event.start is not None
    assert event.end is not None
    there = event.start.date() if isinstance(event.start, datetime) else event.start
    step = LATER + timedelta(days=value) - there
    return {"start": event.start + step, "end": event.end + step}


def _exception(event: Event, value: int) -> Event:
    """The second occurrence, an hour longer and called otherwise."""
    start: date | datetime | None = event.start
    assert isinstance(start, datetime)
    at = start + timedelta(days=1)
    return replace(
        event,
        summary=f"{first_word(event.summary)} exception {value}",
        start=at,
        end=at + timedelta(hours=2),
        recurrence=(),
        recurrence_id=at,
        overrides=(),
    )


@dataclass
class People:
    """Persons and contacts. Ours alone writes e-mail addresses, theirs alone notes."""

    world: World
    kind = FlowKind.CONTACTS
    ours_own, theirs_own = "emails", "note"

    def ours(self) -> dict[int, str]:
        return {each.id: first_word(each.name) for each in self.world.persons()}

    def theirs(self) -> dict[RemoteId, str]:
        return {id_: first_word(each.object.formatted_name) for id_, each in self.world.group.resources.items()}

    def create_ours(self, name: str, value: int, shape: Shape) -> None:
        self.world.person(f"{name} Kalna", parts=Name("Kalna", name), phones=(Labelled(f"+371 2000{value:04}"),))

    def create_theirs(self, name: str, value: int, shape: Shape, uid: str = "") -> RemoteId:
        phones = (Labelled(f"+371 2000{value:04}"),)
        new = Contact(
            uid or f"{name}@elsewhere", formatted_name=f"{name} Kalna", name=Name("Kalna", name), phones=phones
        )
        return self.world.group.add(new).id

    def edit_ours(self, id_: int, part: Part, value: int) -> bool:
        edits: dict[Part, Callable[[Person], Person]] = {
            Part.TITLE: lambda each: replace(each, job_title=f"ours {value}"),
            Part.TIME: lambda each: replace(each, phones=(Labelled(f"+371 2100{value:04}", "work"),)),
            Part.OWN: lambda each: replace(each, emails=(Labelled(f"{value}@example.com"),)),
        }
        if part in edits:
            self.world.office.contacts.change_person(CRM, id_, edits[part])
        return part in edits

    def edit_theirs(self, id_: RemoteId, part: Part, value: int) -> None:
        before = self.world.group.resources[id_].object
        changes: dict[Part, Mapping[str, Any]] = {
            Part.TITLE: {"title": f"theirs {value}"},
            Part.TIME: {"phones": (*before.phones, Labelled(f"+371 2200{value:04}", "home"))},
            Part.OWN: {"note": str(value)},
        }
        self.world.group.edit(id_, replace(before, **changes.get(part, {})))

    def delete_ours(self, id_: int) -> None:
        self.world.office.contacts.delete_person(CRM, id_)

    def copy_theirs(self, id_: RemoteId, name: str) -> None:
        copy = self.world.group.copy(id_)
        changes = {"formatted_name": f"{name} Kalna", "name": Name("Kalna", name), "emails": ()}
        phones = (Labelled(f"+371 23{name.strip('n'):0>6}"),)
        self.world.group.edit(copy.id, replace(copy.object, phones=phones, **changes))

    def open(self, connection_id: int) -> OpenFlow[Contact]:
        opened = self.world.flows.open(connection_id)
        return self.world.flows.contacts(opened, opened.flows[0], "check")

    def own_of_ours(self, obj: Contact) -> int | None:
        return int(obj.emails[0].value.partition("@")[0]) if obj.emails else None

    def own_of_theirs(self, obj: Contact) -> int | None:
        return int(obj.note) if obj.note else None


def held(found: Found[Any]) -> Any:
    """What is there and can be read."""
    assert found.object is not None, found.problem
    return found.object
