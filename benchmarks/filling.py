"""Fill davbridge with CRM records that it renders itself, and tell what texts came of it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import TypeVar

from sqlalchemy.orm import Session

from benchmarks.corpus import Appointment, Card, Corpus, Kind
from benchmarks.texts import calendar
from bridge import bootstrap
from bridge.bootstrap import Services
from bridge.config import Config
from bridge.core.activity import Activity
from bridge.core.contact import Address, Labelled, Name
from bridge.core.person import Organization, Person
from bridge.core.user import User
from bridge.services.actor import Actor
from bridge.services.address_books import refresh_organizations, refresh_persons
from bridge.services.principals import ACTIVITIES, CONTACTS
from bridge.services.rendering import refresh_activities
from bridge.services.resources import Precondition
from bridge.store import activities, contacts
from bridge.store.models.journal import Source

LOGIN = "anna"
BATCH = 500
NOW = datetime(2026, 11, 21, 9, tzinfo=UTC)  # when the records were made; what is measured does not depend on it
_DEVICE = Actor(None, Source.DAV, client="davbridge-benchmark/1")
Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Texts:
    """What clients see, by the name of the resource. The other servers are given the same."""

    events: Mapping[str, str]
    cards: Mapping[str, str]


def fill(config: Config, corpus: Corpus) -> str:
    """Make the tables, one user and their records. The user's app password."""
    with closing(bootstrap.build(config)) as services:
        services.database.migrate()
        services.activities.ensure_types()
        user = services.principals.add(User(LOGIN, "UTC", name="Anna Ozola", email="anna@example.com"))
        _add_appointments(services, user, corpus.appointments)
        _add_cards(services, user, corpus.cards)
        _, password = services.devices.add(LOGIN, "Benchmark")
        return password


def texts(config: Config) -> Texts:
    """Read what davbridge made of the records."""
    with closing(bootstrap.build(config)) as services:
        return Texts(_texts(services, ACTIVITIES), _texts(services, CONTACTS))


def _texts(services: Services, name: str) -> dict[str, str]:
    found = services.resources.collection(LOGIN, name)
    if found is None:
        return {}
    return {resource.href: resource.text for resource in services.resources.listing(found, text=True)}


def _add_appointments(services: Services, user: User, found: Sequence[Appointment]) -> None:
    """What the CRM can say becomes a record; what has a zone of its own or repeats is written as a device would."""
    from_crm = (each for each in found if each.kind in {Kind.UTC, Kind.ALL_DAY})
    for batch in _batches(from_crm):
        with services.database.write() as session:
            ids = activities.add_activities(session, [_activity(each, user) for each in batch])
            refresh_activities(session, ids, services.settings, now=NOW)
    from_devices = (each for each in found if each.kind not in {Kind.UTC, Kind.ALL_DAY})
    for batch in _batches(from_devices):
        with services.database.write() as session:
            for each in batch:
                text, new = calendar(each), Precondition(if_none_match=True)
                services.resources.put_in(session, _DEVICE, LOGIN, ACTIVITIES, each.name, text, new)


def _add_cards(services: Services, user: User, found: Sequence[Card]) -> None:
    for batch in _batches(found):
        with services.database.write() as session:
            people = [_person(card, user) for card in batch if card.given]
            refresh_persons(session, contacts.add_persons(session, people), services.settings, now=NOW)
            companies = _save_organizations(session, user, [card for card in batch if not card.given])
            refresh_organizations(session, companies, services.settings, now=NOW)


def _save_organizations(session: Session, user: User, found: Iterable[Card]) -> list[int]:
    return [contacts.save_organization(session, _organization(card, user)).id for card in found]


def _activity(found: Appointment, user: User) -> Activity:
    all_day = found.kind is Kind.ALL_DAY
    return Activity(
        found.uid,
        user.id,
        found.subject,
        "meeting",
        found.start.date(),
        None if all_day else found.start.time(),
        None if all_day else found.duration,
        location=found.location,
        public_description=f"<p>{found.description}</p>",
        created_at=NOW,
        updated_at=NOW,
    )


def _person(card: Card, user: User) -> Person:
    return Person(
        card.uid,
        user.id,
        card.full_name,
        parts=Name(family=card.family, given=card.given),
        emails=(Labelled(card.email, "work", primary=True),),
        phones=(Labelled(card.phone, "mobile", primary=True),),
        addresses=(Address(street=card.street, locality="Rīga", country="Latvia", label="work"),),
        note=card.note,
        created_at=NOW,
        updated_at=NOW,
    )


def _organization(card: Card, user: User) -> Organization:
    return Organization(
        card.uid,
        user.id,
        card.family,
        emails=(Labelled(card.email, "work", primary=True),),
        phones=(Labelled(card.phone, "work", primary=True),),
        addresses=(Address(street=card.street, locality="Rīga", country="Latvia", label="work"),),
        note=card.note,
        created_at=NOW,
        updated_at=NOW,
    )


def _batches(items: Iterable[Item]) -> Iterator[list[Item]]:
    rest = iter(items)
    while batch := list(islice(rest, BATCH)):
        yield batch
