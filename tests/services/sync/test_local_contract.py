"""Our own store keeps the promises of ``Side``, with "make chaos" on PostgreSQL too.

The other user is a device, or the CRM.
"""

from dataclasses import replace

import pytest

from bridge.core import contentline, ical, vcard
from bridge.core.contact import Contact
from bridge.core.event import Event
from bridge.core.ical_reminders import with_reminders
from bridge.ports import RemoteId
from bridge.services.actor import Actor
from bridge.services.resources import Precondition
from bridge.services.sync.local_contacts import LocalContacts
from bridge.services.sync.local_events import LocalEvents
from bridge.store.models.journal import Source
from bridge.store.views import Resource
from tests.contract.side_contract import ContactSideContract, EventSideContract
from tests.contract.world import World
from tests.database import BOTH
from tests.harness import CRM, NOW, Office
from tests.services.sync.local_support import Connected
from tests.system.chaos import CHAOS

MARK = "X-DEVICE:marked"
pytestmark = pytest.mark.parametrize("database_url", BOTH if CHAOS else ["sqlite"], indirect=True)


class Home:
    """A user's collection, which a device of theirs writes too."""

    name = "activities"

    def __init__(self, office: Office) -> None:
        self.office = office
        self.connected = Connected(office, office.user("anna"))
        self.device = Actor(self.connected.user.id, Source.DAV, client="Thunderbird")

    def mails(self) -> int:
        return 0

    def put(self, href: str, text: str) -> None:
        self.office.resources.put(self.device, "anna", self.name, href, text, Precondition())

    def resource(self, uid: str) -> Resource:
        place = self.office.resources.collection("anna", self.name)
        assert place is not None
        found = {one.uid: one for one in self.office.resources.listing(place, text=True)}
        return found[uid]

    def mark(self, id: RemoteId) -> None:  # noqa: A002 - the field's term
        resource = self.resource(self.uid(id))
        first, rest = resource.text.split("UID:", 1)
        self.put(resource.href, f"{first}{MARK}\r\nUID:{rest}")

    def is_marked(self, id: RemoteId) -> bool:  # noqa: A002 - the field's term
        return MARK in self.resource(self.uid(id)).text

    def uid(self, id: RemoteId) -> str:  # noqa: A002 - the field's term
        raise NotImplementedError


class CalendarHome(Home):
    """The user's activities."""

    def open(self) -> LocalEvents:
        return self.connected.events

    def add(self, obj: Event) -> RemoteId:
        self.put(f"{obj.uid}.ics", ical.render(obj, stamp=NOW))
        owned = self.office.activities.owned_by(self.connected.user.id)
        return RemoteId(str(max(one.id for one in owned if one.uid == obj.uid)))

    def edit(self, id: RemoteId, obj: Event) -> None:  # noqa: A002 - the field's term
        resource = self.resource(self.uid(id))
        calendar = ical.patch(ical.read(resource.text), replace(obj, uid=resource.uid), stamp=NOW)
        self.put(resource.href, contentline.serialize(with_reminders(calendar, obj)))

    def delete(self, id: RemoteId) -> None:  # noqa: A002 - the field's term
        self.office.activities.delete(CRM, int(id))

    def uid(self, id: RemoteId) -> str:  # noqa: A002 - the field's term
        return self.office.activities.get(int(id)).uid


class BookHome(Home):
    """The user's persons."""

    name = "contacts"

    def open(self) -> LocalContacts:
        return self.connected.contacts

    def add(self, obj: Contact) -> RemoteId:
        self.put(f"{obj.uid}.vcf", vcard.render(obj, stamp=NOW))
        people, _ = self.office.contacts.owned_by(self.connected.user.id)
        return RemoteId(str(max(one.id for one in people if one.uid == obj.uid)))

    def edit(self, id: RemoteId, obj: Contact) -> None:  # noqa: A002 - the field's term
        resource = self.resource(self.uid(id))
        card = vcard.patch(vcard.read(resource.text), replace(obj, uid=resource.uid), stamp=NOW)
        self.put(resource.href, contentline.serialize(card))

    def delete(self, id: RemoteId) -> None:  # noqa: A002 - the field's term
        self.office.contacts.delete_person(CRM, int(id))

    def uid(self, id: RemoteId) -> str:  # noqa: A002 - the field's term
        return self.office.contacts.person(int(id)).uid


class TestActivities(EventSideContract):
    @pytest.fixture
    def world(self, office: Office) -> World[Event]:
        return CalendarHome(office)


class TestPersons(ContactSideContract):
    @pytest.fixture
    def world(self, office: Office) -> World[Contact]:
        return BookHome(office)
