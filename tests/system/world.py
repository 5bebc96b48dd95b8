"""An office in which everybody has something to hide, and what each of them may read of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, time, timedelta
from typing import Any
from urllib.parse import unquote

import pytest

from bridge.cli.gateway import gateway
from bridge.config import Config
from bridge.core.activity import Activity, Deal, Visibility
from bridge.core.contact import Labelled
from bridge.core.event import EventKind, Privacy
from bridge.core.person import Organization, Person
from bridge.core.projection.options import TypeOption
from bridge.store.database import Database
from plugins.application import DavOptions, DavServices, create_application
from tests.harness import CRM, Client, Office, Reply, ics
from tests.web.conftest import Answering
from web import create_app

HIDDEN = Visibility.OWNER
TIMES = ("DTSTART:20261201T100000Z", "DTEND:20261201T110000Z")
LOGINS = ("anna", "bob", "carl", "dora", "eve", "nobodyknown")

# Who may read which word. Each stands in one place only; anna's feed is a reader too.
EVERYONE_BESIDE = {"anna", "bob", "carl", "feed"}
WORDS: dict[str, set[str]] = {
    "OpenLunch": EVERYONE_BESIDE,
    "OpenPlace": EVERYONE_BESIDE,
    "OpenDeal": EVERYONE_BESIDE,
    "OpenTask": {"anna", "bob", "carl"},
    "OpenSeries": {"anna"},  # one occurrence is private, and with it the whole
    "SecretDoctor": {"anna"},
    "SecretClinic": {"anna"},
    "SecretReason": {"anna"},
    "SecretTask": {"anna"},
    "ConfidentialTalk": {"anna"},
    "SecretOccurrence": {"anna"},
    "SecretElsewhere": {"anna"},
    "SnoozeNote": {"anna"},
    "OnlyMine": {"anna", "feed"},
    "OnThatDeal": {"anna", "bob", "feed"},
    "OnThatPerson": {"anna", "bob", "feed"},
    "OnThatCompany": {"anna", "bob", "feed"},
    "WithThatGuest": {"anna", "bob", "feed"},
    "HiddenDeal": set(),
    "HiddenPerson": {"bob"},
    "HiddenCompany": {"bob"},
    "HiddenPhone": {"bob"},
    "AnnasPerson": {"anna"},
    "AnnasNote": {"anna"},
    "BobsMeeting": {"bob"},
    "DorasMeeting": {"dora"},
    "DorasFriend": {"dora"},
    "EvesMeeting": set(),
    "InnerNote": set(),
    "DeletedOne": set(),
}


@dataclass(frozen=True, slots=True)
class Reader:
    """Somebody who asks. ``login`` of a name that is not in ``WORDS`` may read nothing."""

    name: str
    client: Client

    def may_read(self, word: str) -> bool:
        return self.name in WORDS[word]


class World:
    """An office in which everybody has something to hide."""

    def __init__(self, database: Database, *, shortcuts: bool) -> None:
        self.office = office = Office(database)
        self.ids = {login: office.user(login).id for login in LOGINS[:-1]}
        for viewer in ("bob", "carl", "eve"):
            office.principals.choose_colleagues(viewer, ["anna"])
        office.principals.choose_type("anna", "task", TypeOption(shown_as=EventKind.TASK))
        services = DavServices(office.principals, office.devices, office.resources)
        dav = create_application(services, DavOptions(shortcuts=shortcuts))
        self.application = gateway(dav, create_app(Answering(feeds=office.feeds), Config()))
        self.readers = {login: self._reader(login) for login in LOGINS[:-1]}
        self._fill_with_records()
        self._fill_from_devices()
        office.principals.change("eve", lambda user: replace(user, enabled=False))

    def _reader(self, login: str) -> Reader:
        _, password = self.office.devices.add(login, "Phone")
        return Reader(login, Client(self.application, login, password))

    def strangers(self) -> Iterator[Reader]:
        """Whoever should not even get in."""
        device, password = self.office.devices.add("anna", "Lost")
        self.office.devices.revoke(device.id)
        yield Reader("revoked", Client(self.application, "anna", password))
        yield Reader("nobody", Client(self.application))
        yield Reader("unknown", Client(self.application, "nobodyknown", password))
        yield Reader("disabled", self.readers["eve"].client)
        yield Reader("mixed", Client(self.application, "anna", self.readers["dora"].client.password))

    def add(self, owner: str, subject: str, **fields: Any) -> Activity:
        new = Activity("", self.ids[owner], subject, "meeting", date(2026, 12, 1), time(8), timedelta(hours=1))
        return self.office.activities.create(CRM, replace(new, **fields))

    def _fill_with_records(self) -> None:
        bob, activities, contacts = self.ids["bob"], self.office.activities, self.office.contacts
        self.deal = activities.save_deal(CRM, Deal("HiddenDeal", bob, HIDDEN))
        phone = (Labelled("HiddenPhone"),)
        mail = (Labelled("hidden@example.com"),)
        self.person = contacts.create_person(
            CRM, Person("", bob, "HiddenPerson", phones=phone, emails=mail, visibility=HIDDEN)
        )
        self.company = contacts.create_organization(CRM, Organization("", bob, "HiddenCompany", visibility=HIDDEN))
        contacts.create_person(CRM, Person("", self.ids["anna"], "AnnasPerson", note="AnnasNote"))
        contacts.create_person(CRM, Person("", self.ids["dora"], "DorasFriend"))
        open_deal = activities.save_deal(CRM, Deal("OpenDeal", self.ids["anna"]))
        self.add("anna", "OpenLunch", location="OpenPlace", deal_id=open_deal.id, note="<p>InnerNote</p>")
        private = {"location": "SecretClinic", "public_description": "<p>SecretReason</p>"}
        self.add("anna", "SecretDoctor", privacy=Privacy.PRIVATE, **private)
        self.add("anna", "ConfidentialTalk", privacy=Privacy.CONFIDENTIAL)
        self.add("anna", "OpenTask", type="task")
        self.add("anna", "SecretTask", type="task", privacy=Privacy.PRIVATE)
        self.add("anna", "OnlyMine", visibility=HIDDEN)
        self.add("anna", "OnThatDeal", deal_id=self.deal.id)
        self.add("anna", "OnThatPerson", person_id=self.person.id)
        self.add("anna", "OnThatCompany", organization_id=self.company.id)
        self.add("anna", "WithThatGuest", participants=(self.person.id,))
        self.office.activities.delete(CRM, self.add("anna", "DeletedOne").id)
        for owner, subject in (("bob", "BobsMeeting"), ("dora", "DorasMeeting"), ("eve", "EvesMeeting")):
            self.add(owner, subject)

    def _fill_from_devices(self) -> None:
        """A series with one occurrence that is private, and what a device keeps to itself."""
        series = ics(
            "SUMMARY:OpenSeries",
            *TIMES,
            "RRULE:FREQ=DAILY;COUNT=3",
            "BEGIN:VALARM",
            "ACTION:DISPLAY",
            "TRIGGER:-PT15M",
            "DESCRIPTION:SnoozeNote",
            "END:VALARM",
            "END:VEVENT",
            "BEGIN:VEVENT",
            "UID:series",
            "DTSTAMP:20261101T000000Z",
            "RECURRENCE-ID:20261202T100000Z",
            "DTSTART:20261202T120000Z",
            "DTEND:20261202T130000Z",
            "SUMMARY:SecretOccurrence",
            "LOCATION:SecretElsewhere",
            "X-ODD;X-P=SecretElsewhere:SecretElsewhere",
            "CLASS:PRIVATE",
            uid="series",
        )
        assert self.readers["anna"].client.put("/dav/anna/activities/series.ics", series).status == 201

    def hrefs(self) -> list[str]:
        """Every resource in every home."""
        found = []
        for login in self.ids:
            for collection in self.office.resources.home(login):
                listed = self.office.resources.listing(collection, text=False)
                found += [f"/dav/{login}/{collection.name}/{resource.href}" for resource in listed]
        return found

    def tokens(self) -> list[str]:
        return [found.sync_token for login in self.ids for found in self.office.resources.home(login)]

    def state(self) -> list[tuple[str, str, str]]:
        """All that clients could have changed."""
        homes = [found for login in self.ids for found in self.office.resources.home(login)]
        return [
            (found.owner, resource.href, resource.text)
            for found in homes
            for resource in self.office.resources.listing(found, text=True)
        ]


def plain(reply: Reply) -> str:
    """All that an answer says, in small letters: headers, the body unfolded and without any encoding."""
    body = reply.body.decode("utf-8", "replace").replace("\r\n ", "").replace("\n ", "")
    said = f"{reply.headers} {body} {unquote(body)}"
    return said.lower()


def assert_nothing_else(reader: Reader, reply: Reply, asked: str) -> None:
    assert reply.status < 500, (reader.name, asked, reply.text)
    said = plain(reply)
    for word in WORDS:
        if word.lower() in said and not reader.may_read(word):
            at = said.index(word.lower())
            pytest.fail(f"{reader.name} reads {word} by {asked}: {reply.status} …{said[max(at - 200, 0) : at + 100]}…")
