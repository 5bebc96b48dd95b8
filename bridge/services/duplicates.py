"""Contacts that are there more than once: finding them, making one of several, and telling them apart (R17)."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from uuid import uuid4

from babel.core import get_global
from sqlalchemy.orm import Session

from bridge.core.activity import Activity, Deal
from bridge.core.duplicate_keys import SUPPORTED_REGIONS
from bridge.core.duplicate_merge import left_out, merged
from bridge.core.duplicates import Group, Pair, groups
from bridge.core.merge import FieldConflict
from bridge.core.person import Person
from bridge.core.user import User
from bridge.errors import Invalid, NotAllowed, NotFound
from bridge.ports import Clock
from bridge.services import records
from bridge.services.actor import Actor
from bridge.services.records import Change
from bridge.services.settings import Settings
from bridge.store import accounts, activities, collections, contacts, duplicates
from bridge.store.database import Database


@dataclass(frozen=True, slots=True)
class Suggestions:
    """Groups of persons who may be one; ``organizations`` are the names of those they belong to, by id."""

    groups: tuple[Group, ...]
    organizations: Mapping[int, str]


@dataclass(frozen=True, slots=True)
class Merged:
    """What a merge did. ``run`` is what takes it back; ``left_out`` are values of which a person has only one.

    ``activities`` and ``deals`` are how many point to the survivor now and did not before.
    """

    run: str
    person: Person
    activities: int
    deals: int
    left_out: tuple[FieldConflict, ...]


class Duplicates:
    """Use cases of persons who may be one."""

    def __init__(self, database: Database, clock: Clock, settings: Settings) -> None:
        self._database = database
        self._clock = clock
        self._settings = settings

    def find(self, login: str, region: str | None = None) -> Suggestions:
        """Find the persons of a user who may be one, without their photos. Raises ``NotFound`` and ``Invalid``.

        ``region`` is the ISO 3166 code of the country whose phone numbers are written without a country code; by
        default that of the user's time zone.
        """
        with self._database.read() as session:
            user = accounts.user_by_login(session, login)
            if user is None:
                raise NotFound(f"There is no user “{login}”.")
            where = _checked(region) if region else region_of(user)
            people = list(duplicates.persons_of(session, user.id))
            apart = duplicates.distinct_pairs(session, [person.id for person in people])
            found = tuple(groups(people, where, apart))
            ids = {member.organization_id for group in found for member in group.members if member.organization_id}
            companies = contacts.organizations(session, ids)
            return Suggestions(found, {company.id: company.name for company in companies.values()})

    def merge(self, actor: Actor, survivor_id: int, other_ids: Collection[int]) -> Merged:
        """Give the survivor all that the others have, and delete those softly. Their activities and deals become his.

        Everything is one run of the journal: undoing it is the way back. Raises ``NotFound``, ``NotAllowed`` or
        ``Invalid``.
        """
        acting = replace(actor, run=actor.run or uuid4().hex)
        others = set(other_ids) - {survivor_id}
        if not others:
            raise Invalid("A merge needs at least two persons.")
        with self._database.write() as session:
            survivor, *gone = self._locked(session, acting, [survivor_id, *sorted(others)])
            user = accounts.users(session, [survivor.owner_id])[survivor.owner_id]
            lost = left_out(survivor, gone)
            after = merged(survivor, gone, region_of(user))
            visits = _activities(session, others, survivor_id)
            sales = _deals(session, others, survivor_id)
            # An undo goes backwards: the persons are there again before what is linked to them is drawn.
            changes = [
                *visits,
                *sales,
                *([Change(survivor, after, conflicts=lost)] if after != survivor or lost else []),
                *(Change(person, replace(person, deleted=True)) for person in gone),
            ]
            records.write(session, acting, self._settings, changes, now=self._clock.now())
            stored = contacts.persons(session, [survivor_id])[survivor_id]
            return Merged(acting.run or "", stored, len(visits), len(sales), lost)

    def keep_apart(self, actor: Actor, person_ids: Collection[int]) -> None:
        """Remember that no two of these persons are one. Raises ``NotFound``, ``NotAllowed`` or ``Invalid``."""
        pairs = _pairs(person_ids)
        with self._database.write() as session:
            self._locked(session, actor, sorted(set(person_ids)))
            duplicates.add_distinct(session, pairs, now=self._clock.now())

    def suggest_again(self, actor: Actor, person_ids: Collection[int]) -> None:
        """Forget that these persons are not one. Raises ``NotFound``, ``NotAllowed`` or ``Invalid``."""
        pairs = _pairs(person_ids)
        with self._database.write() as session:
            self._locked(session, actor, sorted(set(person_ids)))
            duplicates.forget_distinct(session, pairs)

    def _locked(self, session: Session, actor: Actor, ids: Sequence[int]) -> list[Person]:
        """Live persons of one owner, who acts, as they and what is linked to them stay until the transaction ends."""
        owners = contacts.owners_of_persons(session, ids)
        owners |= activities.owners(session, duplicates.linked_activity_ids(session, ids))
        collections.lock_collections(session, owners)
        found = contacts.persons(session, ids)
        for person_id in ids:
            if person_id not in found or found[person_id].deleted:
                raise NotFound(f"There is no person {person_id}.")
        owner_ids = {person.owner_id for person in found.values()}
        if actor.user_id is not None and owner_ids != {actor.user_id}:
            raise NotAllowed("These persons are not all yours.")
        if len(owner_ids) > 1:
            raise Invalid("These persons do not all belong to one user.")
        return [found[person_id] for person_id in ids]


def _pairs(person_ids: Collection[int]) -> list[Pair]:
    pairs = list(combinations(sorted(set(person_ids)), 2))
    if not pairs:
        raise Invalid("At least two persons are needed.")
    return pairs


def _activities(session: Session, gone: Collection[int], survivor_id: int) -> list[Change]:
    found = activities.activities(session, duplicates.linked_activity_ids(session, gone))
    return [Change(activity, _relinked(activity, gone, survivor_id)) for activity in found.values()]


def _relinked(activity: Activity, gone: Collection[int], survivor_id: int) -> Activity:
    here = [survivor_id if person_id in gone else person_id for person_id in activity.participants]
    person_id = survivor_id if activity.person_id in gone else activity.person_id
    return replace(activity, person_id=person_id, participants=tuple(dict.fromkeys(here)))


def _deals(session: Session, gone: Collection[int], survivor_id: int) -> list[Change]:
    found: Mapping[int, Deal] = activities.deals(session, duplicates.linked_deal_ids(session, gone))
    return [Change(deal, replace(deal, person_id=survivor_id)) for deal in found.values()]


def region_of(user: User) -> str | None:
    """The ISO 3166 code of the country that a user's time zone lies in, or that speaks the user's language (CLDR).

    English is spoken in too many to tell one.
    """
    zone = get_global("zone_aliases").get(user.time_zone, user.time_zone)
    region = get_global("zone_territories").get(zone)
    if region in SUPPORTED_REGIONS:
        return str(region)
    likely = str(get_global("likely_subtags").get(user.language, "")).rpartition("_")[2]
    return likely if likely in SUPPORTED_REGIONS and user.language != "en" else None


def _checked(region: str) -> str:
    code = region.upper()
    if code not in SUPPORTED_REGIONS:
        raise Invalid(f"There is no country “{region}”.", remedy="Give its ISO 3166 code, such as LV.")
    return code
