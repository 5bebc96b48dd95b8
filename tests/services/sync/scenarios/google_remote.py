"""An account at a Google of our own."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any
from zoneinfo import ZoneInfo

from bridge.core.contact import Contact
from bridge.core.event import Attendee, Event
from bridge.ports import Connector, Provider, RemoteId, SignIn
from bridge.providers.google import event_mapping, person_write, series
from bridge.providers.google.person_read import groups_of, is_deleted, read_person
from bridge.providers.google.provider import GoogleConnector
from bridge.services.connections import NewAccount
from tests.fakes.google.answers import refused
from tests.fakes.google.calendar import FakeCalendar, instance_id
from tests.fakes.google.people import MY_CONTACTS
from tests.fakes.google.server import FakeGoogle, Fault, google
from tests.harness import FixedClock
from tests.providers.servers import Reply, Request
from tests.services.sync.scenarios.remotes import Other, Shelf

Raw = dict[str, Any]
Strikes = Callable[[str, Request], bool]
SECRET = "correct horse"


class GoogleCalendar(Shelf[Event]):
    def __init__(self, fake: FakeGoogle, calendar: FakeCalendar) -> None:
        self.fake = fake
        self.calendar = calendar
        self.id = RemoteId(calendar.id)
        self.name = calendar.name
        self.manner = series.Manner(ZoneInfo(calendar.zone))

    def all(self) -> dict[RemoteId, Event]:
        return {held.id: held.event(self.manner) for held in series.assemble(self.calendar.events.values())}

    def add(self, obj: Event) -> RemoteId:
        raw = self.calendar.insert(event_mapping.write_event(event_mapping.alone(obj), {}, self.manner.zone), version=1)
        own = raw.get("extendedProperties", {}).get("private", {})
        own.pop(event_mapping.UID, None)
        self.calendar.events[raw["id"]] |= {"iCalUID": obj.uid, "extendedProperties": {"private": own}}
        if obj.attendees:
            self.calendar.events[raw["id"]]["attendees"] = [_attendee(each) for each in obj.attendees]
        for override in obj.overrides:
            self._except(raw["id"], override)
        return RemoteId(raw["id"])

    def edit(self, id: RemoteId, **changes: Any) -> None:  # noqa: A002
        wanted = replace(self.all()[id], **changes)
        body = event_mapping.write_event(wanted, self.calendar.get(id), self.manner.zone)
        self.calendar.replace(id, body, version=1)
        for override in changes.get("overrides", ()):
            self._except(id, override)

    def delete(self, id: RemoteId) -> None:  # noqa: A002
        self.calendar.delete(id)

    def copy(self, id: RemoteId) -> RemoteId:  # noqa: A002
        return RemoteId(self.calendar.insert({**self.calendar.get(id), "id": None}, version=1)["id"])

    def remove(self) -> None:
        del self.fake.calendars.known[self.id]

    def _except(self, id_: str, override: Event) -> None:
        assert override.recurrence_id is not None
        name = instance_id(id_, override.recurrence_id)
        if override.cancelled:
            self.calendar.delete(name)
        else:
            body = event_mapping.write_event(override, self.calendar.get(name), self.manner.zone)
            self.calendar.replace(name, body)


class GoogleLabel(Shelf[Contact]):
    def __init__(self, fake: FakeGoogle, name: str) -> None:
        self.people = fake.people
        self.id = RemoteId(fake.people.add_group(name))
        self.name = name

    def all(self) -> dict[RemoteId, Contact]:
        people = ((id_, raw) for id_, raw in self.people.people.items() if not is_deleted(raw))
        return {RemoteId(id_): read_person(raw, self._labels()) for id_, raw in people if self.id in groups_of(raw)}

    def add(self, obj: Contact) -> RemoteId:
        body = person_write.write_person(obj, {}, self._groups(obj, [self.id, MY_CONTACTS]))
        return RemoteId(self.people.create({name: rows for name, rows in body.items() if rows})["resourceName"])

    def edit(self, id: RemoteId, **changes: Any) -> None:  # noqa: A002
        raw = self.people.people[id]
        wanted = replace(read_person(raw, self._labels()), **changes)
        kept = [name for name in groups_of(raw) if name not in self._labels()]
        body = person_write.with_version(person_write.write_person(wanted, raw, self._groups(wanted, kept)), raw)
        self.people.update(id, body, person_write.MASK)

    def delete(self, id: RemoteId) -> None:  # noqa: A002
        self.people.delete(id)

    def copy(self, id: RemoteId) -> RemoteId:  # noqa: A002
        own = {"resourceName", "etag", "metadata", "photos"}
        body = {name: rows for name, rows in self.people.people[id].items() if name not in own}
        return RemoteId(self.people.create(body)["resourceName"])

    def remove(self) -> None:
        self.people.remove_group(self.id)

    def _labels(self) -> dict[str, str]:
        users = (each for each in self.people.groups.values() if each["groupType"] == "USER_CONTACT_GROUP")
        return {each["resourceName"]: each["name"] for each in users if each["resourceName"] != self.id}

    def _groups(self, contact: Contact, own: list[str]) -> list[str]:
        known = {name: id_ for id_, name in self._labels().items()}
        return [*own, *(known.get(name) or self.people.add_group(name) for name in contact.categories)]


@dataclass
class ByPassword:
    """Takes a password where Google wants a token, so that scenarios need not know which it is."""

    connector: Connector

    def open(self, sign_in: SignIn, keep: Callable[[str], None]) -> Provider:
        return self.connector.open(replace(sign_in, secret=_token(sign_in.secret)), keep)


class GoogleOther(Other):
    def __init__(self, fake: FakeGoogle, clock: FixedClock) -> None:
        self.fake = fake
        self.clock = clock
        self.connector = ByPassword(GoogleConnector(fake.installation, clock))
        self.account = NewAccount("google", "ilze@example.com", secret=SECRET)
        self.change_password(SECRET)
        fake.people.now = clock.now
        self.calendar: Shelf[Event] = self.add_calendar("Work")
        self.group: Shelf[Contact] = GoogleLabel(fake, "Customers")

    def add_calendar(self, name: str) -> Shelf[Event]:
        calendar = self.fake.calendars.add(f"{name.lower()}@group.calendar.google.com", name)
        calendar.now = self.clock.now
        return GoogleCalendar(self.fake, calendar)

    def change_password(self, secret: str) -> None:
        self.fake.oauth.good.clear()
        self.fake.oauth.refresh_token = _slug(secret)

    def overload(self, seconds: int) -> None:
        self._play(Reply(503, {"Retry-After": str(seconds)}, b""))

    def forbid_writing(self) -> None:
        text = "You need to have writer access to this calendar."
        self._play(refused(403, text, "requiredAccessLevel"), lambda call, _: _writes(call))

    def talk_nonsense(self) -> None:
        self._play(Reply(200, {"Content-Type": "text/html"}, b"<html>Welcome!</html>"))

    def break_listings(self) -> None:
        self._play(lambda reply: replace(reply, body=reply.body[: len(reply.body) // 2]), lambda call, _: _lists(call))

    def list_twice(self) -> None:
        self._play(_rewritten(_first_twice), lambda call, _: _lists(call))

    def fail_for(self, uid: str) -> None:
        self._play(refused(500, "Backend Error", "backendError"), _about(uid))

    def refuse(self, uid: str) -> None:
        self._play(refused(400, "Invalid value.", "invalid", "INVALID_ARGUMENT"), _about(uid))

    def say_uid(self, uid: str, instead: str) -> None:
        for event in self.fake.calendars.known[self.calendar.id].events.values():
            if event["iCalUID"] == uid:
                event["iCalUID"] = instead

    def forget(self) -> None:
        for calendar in self.fake.calendars.known.values():
            calendar.latest += 1
            calendar.oldest = calendar.latest

    def revoke(self) -> None:
        self.fake.oauth.revoked = True

    def recover(self) -> None:
        self.fake.faults.clear()
        self.fake.oauth.revoked = False

    def _play(
        self,
        reply: Reply | Callable[[Reply], Reply],
        strikes: Callable[[str, Request], bool] = lambda _call, _request: True,
    ) -> None:
        self.fake.faults.append(Fault(reply, strikes, times=None))


def _attendee(one: Attendee) -> Raw:
    status = {"ACCEPTED": "accepted", "DECLINED": "declined"}.get(one.status, "needsAction")
    return {"email": one.email, "displayName": one.name, "responseStatus": status, "organizer": one.organizer}


def _writes(call: str) -> bool:
    return call.endswith((".insert", ".update", ".delete")) or ".batchCreate" in call or ".batchUpdate" in call


def _lists(call: str) -> bool:
    return call in {"calendar.events.list", "people.people.connections.list"}


def _about(uid: str) -> Strikes:
    return lambda call, request: _writes(call) and uid.encode() in request.body


def _rewritten(change: Callable[[Raw], None]) -> Callable[[Reply], Reply]:
    def rewrite(reply: Reply) -> Reply:
        body = json.loads(reply.body)
        change(body)
        return replace(reply, body=json.dumps(body).encode())

    return rewrite


def _first_twice(body: Raw) -> None:
    for name in ("items", "connections"):
        body[name] = [*body.get(name, [])[:1], *body.get(name, [])]


def _slug(secret: str) -> str:
    return secret.replace(" ", "-")


def _token(secret: str) -> str:
    return secret if secret.startswith("{") else json.dumps({"refresh_token": _slug(secret)})


@contextmanager
def google_account(clock: FixedClock) -> Iterator[GoogleOther]:
    """A fresh account with an empty calendar and an empty label."""
    with google() as (fake, _):
        yield GoogleOther(fake, clock)
