"""Fill a new database with a believable company, the same for the same seed and day."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from random import Random

from argon2 import PasswordHasher
from sqlalchemy.orm import Session

from bridge.core import ical
from bridge.core.activity import Activity
from bridge.core.event import EventKind
from bridge.core.person import Label, Person
from bridge.core.projection.options import TypeOption
from bridge.core.user import User
from bridge.errors import Conflict
from bridge.ports import Clock
from bridge.services import demo_drafts as drafts
from bridge.services.address_books import refresh_organizations, refresh_persons
from bridge.services.demo_drafts import Circle
from bridge.services.demo_words import LABELS, Place
from bridge.services.principals import ACTIVITIES, Principals
from bridge.services.rendering import ClientText, refresh_activities, refresh_activity
from bridge.services.settings import Settings
from bridge.services.standard_types import ensure_types
from bridge.store import accounts, activities, collections, contacts
from bridge.store.database import Database

BATCH = 500
AT_ONCE = 2000  # up to so many records the whole company appears in one transaction, or not at all
PASSWORD = "demo"  # noqa: S105 - printed at the end, for a database of invented people
_FEW = 200  # companies and deals per user at most
_PORTRAITS = 40  # of the first so many persons, some have a photo

Progress = Callable[[int, int], None]
Transactions = Callable[[], AbstractContextManager[Session]]


@dataclass(frozen=True, slots=True)
class Size:
    """How much there shall be. ``activities`` and ``contacts`` are per user."""

    users: int = 5
    activities: int = 60
    contacts: int = 40
    seed: int = 1

    @property
    def total(self) -> int:
        """How many activities and contacts that makes."""
        return self.users * (self.activities + self.contacts)


class Demo:
    """Makes the demo company."""

    def __init__(self, database: Database, clock: Clock, settings: Settings) -> None:
        self._database = database
        self._clock = clock
        self._settings = settings

    def is_empty(self) -> bool:
        """Whether there is no user yet."""
        with self._database.read() as session:
            return accounts.count_users(session) == 0

    def fill(self, size: Size, progress: Progress, *, anchor: date | None = None) -> User:
        """Make the company around a day, today by default, and return its administrator (password ``PASSWORD``).

        Raises ``Conflict`` for a database that already has users.
        """
        now = self._clock.now().replace(microsecond=0)
        with self._transactions(size) as transaction:
            with transaction() as session:
                people = self._users(session, size, now)
            done = 0
            for owner, place in people:
                maker = _Maker(owner, place, size, anchor or now.date(), now, self._settings)
                for made in maker.everything(transaction):
                    done += made
                    progress(min(done, size.total), size.total)
        return people[0][0]

    @contextmanager
    def _transactions(self, size: Size) -> Iterator[Transactions]:
        """One transaction for a small company, one for each batch of a large one."""
        if size.total > AT_ONCE:
            yield self._database.write
            return
        with self._database.write() as session:
            yield lambda: nullcontext(session)

    def _users(self, session: Session, size: Size, now: datetime) -> list[tuple[User, Place]]:
        if accounts.count_users(session):
            raise Conflict(
                "The database already has users; the demo company is only for a new one.",
                remedy="Name another database in the configuration, or give --if-empty to leave this one alone.",
            )
        ensure_types(session)
        for name in LABELS:
            contacts.save_label(session, Label(uid=contacts.label_uid(name), name=name))
        password = PasswordHasher().hash(PASSWORD)
        people = []
        for number in range(size.users):
            draft, place = drafts.user(number, self._settings.language)
            saved = accounts.save_user(session, draft, now=now, password_hash=None if number else password)
            people.append((saved, place))
        self._choose(session, [person for person, _ in people])
        return people

    def _choose(self, session: Session, people: Sequence[User]) -> None:
        """Tasks as to-dos, reminders, and the calendars of the next two colleagues."""
        principals = Principals(self._database, self._clock, self._settings)
        for number, person in enumerate(people):
            accounts.save_type_option(session, person.id, "task", TypeOption(EventKind.TASK))
            accounts.save_type_option(session, person.id, "meeting", TypeOption(reminder=-timedelta(minutes=15)))
            others = {people[(number + step) % len(people)].id for step in (1, 2)} - {person.id}
            accounts.set_colleagues(session, person.id, sorted(others))
        for person in people:
            principals.arrange(session, person)


@dataclass(frozen=True, slots=True)
class _Maker:
    """Makes what one user owns."""

    owner: User
    place: Place
    size: Size
    anchor: date
    now: datetime
    settings: Settings

    def everything(self, transaction: Transactions) -> Iterator[int]:
        """Make contacts, deals and activities, batch by batch; how many there are after each."""
        rng = Random(f"{self.size.seed}:{self.owner.login}")  # noqa: S311 - invented names, no secrets
        companies = min(self.size.contacts // 5, _FEW)
        with transaction() as session:
            circle, places = self._companies(session, rng, companies)
        yield companies
        for start in range(0, self.size.contacts - companies, BATCH):
            count = min(BATCH, self.size.contacts - companies - start)
            with transaction() as session:
                circle = self._persons(session, rng, circle, places, count, portraits=start == 0)
            yield count
        with transaction() as session:
            circle = self._deals(session, rng, circle)
            if self.size.activities:
                self._team_meeting(session, rng)
        yield min(1, self.size.activities)
        for start in range(1, self.size.activities, BATCH):
            count = min(BATCH, self.size.activities - start)
            with transaction() as session:
                self._activities(session, rng, circle, count)
            yield count

    def _companies(self, session: Session, rng: Random, count: int) -> tuple[Circle, dict[int, Place]]:
        places, names = {}, {}
        first = self.owner.id * 7  # so that colleagues know different companies
        for number in range(count):
            draft, place = drafts.organization(rng, self.owner.id, first + number, self.now)
            saved = contacts.save_organization(session, draft)
            places[saved.id], names[saved.id] = place, saved.name
        refresh_organizations(session, list(places), self.settings, now=self.now)
        return Circle(names), places

    def _persons(
        self, session: Session, rng: Random, circle: Circle, places: dict[int, Place], count: int, *, portraits: bool
    ) -> Circle:
        new: list[Person] = []
        employers = list(places.items())
        for number in range(count):
            employer, place = rng.choice(employers) if employers and rng.random() < 0.85 else (None, self.place)
            draft = drafts.person(
                rng, self.owner.id, employer, circle.companies.get(employer or 0, ""), place, self.now
            )
            if portraits and number < _PORTRAITS and rng.random() < 0.2:
                draft = replace(draft, photo=drafts.portrait(rng))
            new.append(draft)
        ids = contacts.add_persons(session, new)
        refresh_persons(session, ids, self.settings, now=self.now)
        saved = (replace(person, id=i, photo=None) for person, i in zip(new, ids, strict=True))
        return replace(circle, persons=(*circle.persons, *saved))

    def _deals(self, session: Session, rng: Random, circle: Circle) -> Circle:
        count = min(self.size.activities // 6, _FEW)
        made = (drafts.deal(rng, self.owner.id, circle) for _ in range(count))
        saved = ((activities.save_deal(session, deal, now=self.now), partner) for deal, partner in made)
        return replace(circle, deals=tuple(saved))

    def _team_meeting(self, session: Session, rng: Random) -> None:
        found, event = drafts.team_meeting(rng, self.owner, self.anchor, self.now)
        saved = activities.save_activity(session, found)
        collection = collections.collection(session, self.owner.login, ACTIVITIES)
        assert collection is not None  # noqa: S101 - the home has just been arranged
        text = ClientText(collection.id, f"{found.uid}.ics", ical.render(event, stamp=self.now))
        refresh_activity(session, saved, self.settings, now=self.now, written=text)

    def _activities(self, session: Session, rng: Random, circle: Circle, count: int) -> None:
        total = self.size.activities
        new: list[Activity] = [
            drafts.activity(rng, self.owner, self.anchor, total, circle, self.now) for _ in range(count)
        ]
        ids = activities.add_activities(session, new)
        refresh_activities(session, ids, self.settings, now=self.now)
