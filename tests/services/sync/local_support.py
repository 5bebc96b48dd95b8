"""An office whose user has a connection: our own store as its side."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from bridge.core.activity import Activity
from bridge.core.contact import Contact
from bridge.core.event import Event, EventKind
from bridge.core.person import Person
from bridge.core.projection.options import TypeOption
from bridge.core.scope import CalendarScope, ContactScope
from bridge.core.user import User
from bridge.ports import Create, Delete, Found, IdempotencyKey, RemoteId, Stored, SyncToken, Update, Version
from bridge.services.actor import Actor
from bridge.services.resources import Precondition
from bridge.services.sync.local import LocalSide
from bridge.services.sync.local_contacts import LocalContacts
from bridge.services.sync.local_events import LocalEvents
from bridge.store.models.journal import Source
from tests.harness import CRM, Office

START = datetime(2026, 12, 1, 10, 0, tzinfo=UTC)
RIGA = ZoneInfo("Europe/Riga")
HOUR = timedelta(hours=1)
WEEKLY = Event(
    "series@example.com",
    summary="Weekly",
    start=START.astimezone(RIGA),
    end=START.astimezone(RIGA) + HOUR,
    recurrence=("RRULE:FREQ=WEEKLY;COUNT=5",),
)
TASK = TypeOption(shown_as=EventKind.TASK)


@dataclass
class Connected:
    """A user with a connection. ``events`` and ``contacts`` are its sides, under the present options."""

    office: Office
    user: User
    scope: CalendarScope = field(init=False)
    contact_scope: ContactScope = field(init=False)

    def __post_init__(self) -> None:
        self.scope = CalendarScope(self.user.id)
        self.contact_scope = ContactScope(self.user.id)
        self.actor = Actor(self.user.id, Source.SYNC, client="davbridge sync: Test", run="run-1")

    @property
    def events(self) -> LocalEvents:
        office = self.office
        return LocalEvents(office.database, office.clock, office.settings, self.user.id, self.scope, self.actor)

    @property
    def contacts(self) -> LocalContacts:
        office = self.office
        scope = self.contact_scope
        return LocalContacts(office.database, office.clock, office.settings, self.user.id, scope, self.actor)

    def activity(self, **values: object) -> Activity:
        """Add an activity of the user's, by default a meeting on the first of December."""
        blank = Activity(
            "", self.user.id, "Plan", "meeting", START.date(), START.time(), timedelta(hours=1), visibility=EVERYONE
        )
        return self.office.activities.create(CRM, replace(blank, **values))  # type: ignore[arg-type]

    def change(self, activity: Activity, **values: object) -> Activity:
        """Change an activity as the CRM does."""
        return self.office.activities.change(CRM, activity.id, lambda one: replace(one, **values))  # type: ignore[arg-type]

    def person(self, name: str = "Ilze Ozola", **values: object) -> Person:
        """Add a person of the user's."""
        return self.office.contacts.create_person(CRM, replace(Person("", self.user.id, name), **values))  # type: ignore[arg-type]

    def stored(self, activity: Activity) -> Activity:
        """An activity as it is now."""
        return self.office.activities.get(activity.id)

    def event(self, activity: Activity) -> Event:
        """An activity as the connection shows it."""
        return brought(self.events, activity.id).object or Event("")

    def text(self, activity: Activity, collection: str = "activities") -> str:
        """What the owner's devices read of an activity, or ``""``."""
        place = self.office.resources.collection(self.user.login, collection)
        assert place is not None
        with self.office.resources.reading() as reader:
            texts = {one.uid: one.text for one in reader.listing(place, text=True)}
        return texts.get(activity.uid, "")


EVERYONE = CalendarScope(0).visibility


def id_of(record: Activity | Person) -> RemoteId:
    return RemoteId(str(record.id))


def brought(side: LocalSide[Event], record_id: int) -> Found[Event]:
    """What ``fetch`` brings of one activity."""
    (found,) = side.fetch([RemoteId(str(record_id))])
    return found


def card_of(side: LocalSide[Contact], person: Person) -> Contact:
    """What ``fetch`` brings of one person."""
    (found,) = side.fetch([id_of(person)])
    assert found.object is not None
    return found.object


def created(side: LocalSide[Event], event: Event, key: str = "key") -> Stored[Event]:
    """Create an event, which must succeed."""
    (outcome,) = side.write([Create(IdempotencyKey(key), event)])
    assert isinstance(outcome, Stored), outcome
    return outcome


def updated(side: LocalSide[Event], activity: Activity, event: Event, version: Version | None = None) -> Stored[Event]:
    """Update an event, which must succeed."""
    (outcome,) = side.write([Update(id_of(activity), event, version)])
    assert isinstance(outcome, Stored), outcome
    return outcome


def deleted(side: LocalSide[Event], activity: Activity) -> None:
    """Delete an event, which must succeed."""
    (outcome,) = side.write([Delete(id_of(activity))])
    assert not isinstance(outcome, Exception), outcome


def token_of(side: LocalSide[Event] | LocalSide[Contact]) -> SyncToken:
    """The token of the present state."""
    token = side.changes(None).token
    assert token is not None
    return token


def told(side: LocalSide[Event] | LocalSide[Contact], token: SyncToken | None = None) -> tuple[set[str], set[str]]:
    """What a side says was found and what is gone."""
    changes = side.changes(token)
    return {str(one.id) for one in changes.found}, {str(one) for one in changes.gone}


def put(connected: Connected, href: str, text: str) -> Activity:
    """A device of the user's writes a calendar object."""
    user = connected.user
    actor = Actor(user.id, Source.DAV, client="Thunderbird")
    connected.office.resources.put(actor, user.login, "activities", href, text, Precondition())
    return connected.office.activities.owned_by(user.id)[-1]
