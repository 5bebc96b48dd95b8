"""A Google of our own as worlds of the contract: another user acts past the requests, trouble comes as faults."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Generic
from zoneinfo import ZoneInfo

from bridge.core.contact import Contact, ContactKind
from bridge.core.event import Event, EventKind
from bridge.ports import RemoteId, Side, SignIn, T
from bridge.providers.google import event_mapping, person_write
from bridge.providers.google.person_read import groups_of
from bridge.providers.google.provider import GoogleConnector, GoogleProvider
from bridge.providers.google.series import Manner
from tests.fakes.google.answers import refused
from tests.fakes.google.calendar import FakeCalendar, Raw, instance_id
from tests.fakes.google.people import MY_CONTACTS
from tests.fakes.google.server import FakeGoogle, Fault, google
from tests.harness import FixedClock
from tests.providers.servers import Reply, Request


@dataclass
class GoogleWorld(Generic[T]):
    """One account. What a kind of object needs is in the subclasses."""

    fake: FakeGoogle
    clock: FixedClock = field(default_factory=FixedClock)
    kept: list[str] = field(default_factory=list)

    def provider(self, **token: object) -> GoogleProvider:
        connector = GoogleConnector(self.fake.installation, self.clock)
        return connector.open(SignIn(secret=self.fake.secret(**token)), self.kept.append)

    def open(self) -> Side[T]:
        raise NotImplementedError

    def never_taken(self) -> T:
        raise NotImplementedError

    def always(self, reply: Reply) -> None:
        self.fake.faults.append(Fault(reply, times=None))

    def overload(self) -> None:
        self.always(Reply(503, {"Retry-After": "30"}, b""))

    def talk_nonsense(self) -> None:
        self.always(Reply(200, {"Content-Type": "text/html"}, b"<!DOCTYPE html><html>Welcome!</html>"))

    def revoke(self) -> None:
        self.fake.oauth.revoked = True

    def forbid(self) -> None:
        text = "Request had insufficient authentication scopes."
        self.always(refused(403, text, "insufficientPermissions", "PERMISSION_DENIED"))


class CalendarWorld(GoogleWorld[Event]):
    """A calendar beside the primary one."""

    @property
    def calendar(self) -> FakeCalendar:
        return self.fake.calendars.known["work@group.calendar.google.com"]

    def list_by(self, number: int) -> None:
        """Let a listing take a request for so many objects."""
        self.calendar.page = number

    def open(self) -> Side[Event]:
        return self.provider().open_calendar(RemoteId("work@group.calendar.google.com"))

    def never_taken(self) -> Event:
        return Event("task@example.com", EventKind.TASK, summary="A task")

    def add(self, obj: Event) -> RemoteId:
        raw = self.calendar.insert(self._body(obj, {}), version=1)
        self._except(raw["id"], obj)
        return RemoteId(raw["id"])

    def edit(self, id: RemoteId, obj: Event) -> None:  # noqa: A002
        self.calendar.replace(id, self._body(obj, self.calendar.get(id)), version=1)

    def delete(self, id: RemoteId) -> None:  # noqa: A002
        self.calendar.delete(id)

    def mark(self, id: RemoteId) -> None:  # noqa: A002
        self.calendar.events[id]["guestsCanModify"] = True
        self.calendar.events[id]["attendees"] = [{"email": "guest@example.org", "responseStatus": "tentative"}]
        self.calendar.touch(id)

    def is_marked(self, id: RemoteId) -> bool:  # noqa: A002
        there = self.calendar.events[id]
        return there.get("guestsCanModify") is True and bool(there.get("attendees"))

    def mails(self) -> int:
        return self.calendar.mails

    def spoil(self, id: RemoteId) -> None:  # noqa: A002
        self.calendar.events[id]["start"] = {}
        self.calendar.touch(id)

    def fail_once(self, obj: Event) -> None:
        def strikes(_: str, request: Request) -> bool:
            return request.method in {"POST", "PUT"} and obj.uid.encode() in request.body

        self.fake.faults.append(Fault(refused(500, "Backend Error", "backendError"), strikes))

    def remove(self) -> None:
        del self.fake.calendars.known[self.calendar.id]

    def _body(self, obj: Event, raw: Raw) -> Raw:
        return event_mapping.write_event(event_mapping.alone(obj), raw, self._manner.zone)

    def _except(self, id_: str, obj: Event) -> None:
        """The exceptions of a series, as a user makes them one after another."""
        for override in obj.overrides:
            assert override.recurrence_id is not None
            name = instance_id(id_, override.recurrence_id)
            if override.cancelled:
                self.calendar.delete(name)
            else:
                self.calendar.replace(name, self._body(replace(override, uid=obj.uid), self.calendar.get(name)))

    @property
    def _manner(self) -> Manner:
        return Manner(ZoneInfo(self.calendar.zone))


class BookWorld(GoogleWorld[Contact]):
    """A label."""

    @property
    def group(self) -> str:
        return next(id_ for id_, each in self.fake.people.groups.items() if each["name"] == "CRM")

    def list_by(self, number: int) -> None:
        """Let a listing take a request for so many objects."""
        self.fake.people.page = number

    def open(self) -> Side[Contact]:
        return self.provider().open_group(RemoteId(self.group))

    def never_taken(self) -> Contact:
        return Contact("group", ContactKind.GROUP, "A group")

    def add(self, obj: Contact) -> RemoteId:
        people = self.fake.people
        raw = people.create({k: v for k, v in self._body(obj, {}, [self.group, MY_CONTACTS]).items() if v})
        self._picture(raw["resourceName"], obj)
        return RemoteId(raw["resourceName"])

    def edit(self, id: RemoteId, obj: Contact) -> None:  # noqa: A002
        raw = self.fake.people.people[id]
        body = person_write.with_version(self._body(obj, raw, groups_of(raw)), raw)
        self.fake.people.update(id, body, person_write.MASK)
        self._picture(id, obj)

    def delete(self, id: RemoteId) -> None:  # noqa: A002
        self.fake.people.delete(id)

    def mark(self, id: RemoteId) -> None:  # noqa: A002
        person = self.fake.people.people[id]
        person["userDefined"] = [{"key": "Shoe size", "value": "43"}]
        person["emailAddresses"][0]["displayName"] = "Somebody"
        self.fake.people.touch(id)

    def is_marked(self, id: RemoteId) -> bool:  # noqa: A002
        person = self.fake.people.people[id]
        return bool(person.get("userDefined")) and person["emailAddresses"][0].get("displayName") == "Somebody"

    def mails(self) -> int:
        return 0

    def spoil(self, id: RemoteId) -> None:  # noqa: A002
        self.fake.people.people[id]["birthdays"] = [{"date": {"year": 2027, "month": 2, "day": 31}}]
        self.fake.people.touch(id)

    def fail_once(self, obj: Contact) -> None:
        self.fake.people.failing.add(obj.uid)

    def remove(self) -> None:
        self.fake.people.remove_group(self.group)

    def _body(self, obj: Contact, raw: Raw, groups: list[str] | tuple[str, ...]) -> Raw:
        people = self.fake.people
        labels = [next((k for k, each in people.groups.items() if each["name"] == c), "") for c in obj.categories]
        names = [id_ or people.add_group(c) for id_, c in zip(labels, obj.categories, strict=True)]
        return person_write.write_person(obj, raw, [*groups, *names])

    def _picture(self, id_: str, obj: Contact) -> None:
        if obj.photo is not None:
            self.fake.people.set_picture(id_, obj.photo.data)


@contextmanager
def calendar_world() -> Iterator[CalendarWorld]:
    """A fresh account with an empty calendar."""
    with google() as (fake, _):
        fake.calendars.add("work@group.calendar.google.com", "Work")
        yield CalendarWorld(fake)


@contextmanager
def book_world() -> Iterator[BookWorld]:
    """A fresh account with an empty label."""
    with google() as (fake, _):
        fake.people.add_group("CRM")
        yield BookWorld(fake)
