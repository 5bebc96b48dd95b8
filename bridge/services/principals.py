"""Users: their accounts, their choices, and the collections in their homes (R12, R27, R28)."""

import re
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Collection as Some
from dataclasses import replace
from datetime import date, datetime, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from argon2 import PasswordHasher
from sqlalchemy.orm import Session

from bridge.core.event import EventKind
from bridge.core.projection.options import TypeOption
from bridge.core.user import User
from bridge.errors import Conflict, Invalid, NotFound
from bridge.ports import Clock
from bridge.services.address_books import refresh_labels
from bridge.services.choices import calendar_options, shows_tasks
from bridge.services.redrawing import redraw
from bridge.services.settings import Settings
from bridge.services.signing_in import check_password
from bridge.store import accounts, collections, contacts, journal, redraws
from bridge.store.database import Database
from bridge.store.models.resources import Cause, CollectionKind, Drawn
from bridge.store.redraws import Scope
from bridge.store.views import Collection

DISPLAYNAME = "{DAV:}displayname"
ACTIVITIES, TASKS, CONTACTS, COLLEAGUE = "activities", "tasks", "contacts", "of-"

# What may stand in a URL, in Basic authentication and in the clients' account names.
_LOGIN = re.compile(r"[^\W_][\w.@+-]{0,63}")


class Principals:
    """Users and their homes."""

    def __init__(self, database: Database, clock: Clock, settings: Settings) -> None:
        self._database = database
        self._clock = clock
        self._settings = settings
        self._swept: dict[str, date] = {}  # saves each request a look at the database

    def find(self, login: str) -> User:
        """The user with a login. Raises ``NotFound``."""
        with self._database.read() as session:
            return _user(session, login)

    def all(self) -> list[User]:
        """Every user, by login."""
        with self._database.read() as session:
            return list(accounts.users(session).values())

    def known_to(self, login: str) -> list[User]:
        """Whom a user may know: themself first, and those whose calendars they have chosen. Raises ``NotFound``."""
        with self._database.read() as session:
            user = _user(session, login)
            colleagues = accounts.users(session, accounts.colleagues_of(session, user.id))
            return [user, *(colleague for colleague in colleagues.values() if colleague.enabled)]

    def add(self, user: User, password: str | None = None) -> User:
        """Add a user with a home. Raises ``Invalid``, also for a password that is too short, or ``Conflict``."""
        _check(user)
        if password is not None:
            check_password(password)
        with self._database.write() as session:
            if accounts.user_by_login(session, user.login) is not None:
                raise Conflict(f"There is already a user “{user.login}”.")
            hashed = PasswordHasher().hash(password) if password is not None else None
            saved = accounts.save_user(session, user, now=self._clock.now(), password_hash=hashed)
            self.arrange(session, saved)
            return saved

    def change(self, login: str, edit: Callable[[User], User]) -> User:
        """Change a user's choices, and everything that is drawn by them."""
        with self._database.write() as session:
            before = _user(session, login)
            after = edit(before)
            _check(after)
            saved = accounts.save_user(session, replace(after, id=before.id, login=login), now=self._clock.now())
            self._furnish(session, saved)
            subjects = [saved.id, *accounts.colleagues_of(session, saved.id)]
            calendars = [Scope(Drawn.ACTIVITY, subject) for subject in subjects]
            self._redraw(session, [*calendars, *_contacts_of(saved)])
            self._clear(session, saved)
            return saved

    def type_options(self, login: str) -> Mapping[str, TypeOption]:
        """How a user wants activity types shown, as far as they have chosen."""
        with self._database.read() as session:
            return accounts.type_options(session, _user(session, login).id)

    def choose_type(self, login: str, type_key: str, option: TypeOption) -> None:
        """Choose how one activity type is shown (R27)."""
        with self._database.write() as session:
            user = _user(session, login)
            if type_key not in accounts.activity_types(session):
                raise NotFound(f"There is no activity type “{type_key}”.")
            accounts.save_type_option(session, user.id, type_key, option)
            self._furnish(session, user)
            self._redraw(session, [Scope(Drawn.ACTIVITY, user.id, Cause.TYPE, type_key)])
            self._clear(session, user)

    def choose_colleagues(self, login: str, colleagues: Some[str]) -> None:
        """Choose whose calendars appear beside one's own (R27)."""
        with self._database.write() as session:
            user = _user(session, login)
            subjects = [_user(session, colleague) for colleague in sorted(set(colleagues) - {login})]
            accounts.set_colleagues(session, user.id, [subject.id for subject in subjects])
            self.arrange(session, user)

    def sweep(self, login: str) -> None:
        """Once a day: let old things leave the calendars (R27), look ahead in series, and shorten the journal (R21)."""
        now = self._clock.now()
        if self._swept.get(login) == now.date():
            return
        with self._database.read() as session:
            due = collections.due_for_sweep(session, login, now.date())
        if due:
            self._sweep(login, now)
        self._swept[login] = now.date()

    def _sweep(self, login: str, now: datetime) -> None:
        with self._database.write() as session:
            user = _user(session, login)
            collections.lock_collections(session, [user.id])
            due = collections.due_for_sweep(session, login, now.date())
            counted: dict[Scope, int] = {}
            for calendar in due:
                counted |= redraws.showing(session, Cause.DAY, calendar, now=now)
            redraw(session, counted, self._settings, now=now)
            collections.mark_swept(session, due, now.date())
            journal.prune(session, now - timedelta(days=self._settings.journal_days))

    def arrange(self, session: Session, user: User) -> None:
        """Give a home the collections that its user's choices ask for, take away the others, and fill new ones."""
        self._furnish(session, user)
        self._clear(session, user)

    def _clear(self, session: Session, user: User) -> None:
        """Take away what is not wanted; a task list only once what was in it is drawn where it belongs now."""
        wanted = self._wanted(session, user)
        for collection in collections.collections_in_home(session, user.login):
            awaited = collection.name == TASKS and redraws.is_due(session, user.id, Drawn.ACTIVITY)
            if collection.name not in wanted and not awaited:
                collections.remove_collection(session, collection.id)

    def _furnish(self, session: Session, user: User) -> None:
        """Add what is missing, and fill it."""
        wanted = self._wanted(session, user)
        present = {c.name for c in collections.collections_in_home(session, user.login)}
        new = [collection for name, collection in wanted.items() if name not in present]
        for collection in new:
            collections.add_collection(
                session,
                uid=uuid4().hex,
                owner_id=user.id,
                subject_id=collection.subject_id,
                name=collection.name,
                kind=collection.kind,
                component=collection.component,
                properties=collection.properties,
                now=self._clock.now(),
            )
        if any(collection.kind is CollectionKind.ADDRESS_BOOK for collection in new):
            self._redraw(session, _contacts_of(user))
        calendars = [each for each in new if each.kind is CollectionKind.CALENDAR]
        self._redraw(session, [Scope(Drawn.ACTIVITY, each.subject_id) for each in calendars])

    def _wanted(self, session: Session, user: User) -> dict[str, Collection]:
        options = calendar_options(session, user, self._settings)
        wanted = [_blank(user, user, ACTIVITIES, "Activities", EventKind.EVENT.value)]
        if shows_tasks(options):
            wanted.append(_blank(user, user, TASKS, "Tasks", EventKind.TASK.value))
        wanted.append(_blank(user, user, CONTACTS, "Contacts", "VCARD"))
        for subject in accounts.users(session, accounts.colleagues_of(session, user.id)).values():
            name = subject.name or subject.login
            wanted.append(_blank(user, subject, f"{COLLEAGUE}{subject.login}", name, EventKind.EVENT.value))
        return {collection.name: collection for collection in wanted}

    def _redraw(self, session: Session, scopes: Sequence[Scope]) -> None:
        now = self._clock.now()
        redraw(session, {scope: redraws.count(session, scope, now=now) for scope in scopes}, self._settings, now=now)
        if any(scope.kind is Drawn.PERSON for scope in scopes):
            refresh_labels(session, contacts.label_ids(session), now=now)


def permissions(user: str, path: str) -> str:
    """What a signed-in login may do at a DAV path, in Radicale's letters: its own home and nothing else.

    A colleague's calendar lies in one's own home and can only be read. This is the one place that decides; the
    services refuse writes to read-only collections again when they load them.
    """
    parts = [part for part in path.split("/") if part]
    if not user:
        return ""
    if not parts:
        return "R"
    if parts[0] != user:
        return ""
    if len(parts) == 1:
        return "R"
    return "r" if parts[1].startswith(COLLEAGUE) else "rw"


def _contacts_of(user: User) -> list[Scope]:
    return [Scope(Drawn.PERSON, user.id), Scope(Drawn.ORGANIZATION, user.id)]


def _blank(owner: User, subject: User, name: str, displayname: str, component: str) -> Collection:
    kind = CollectionKind.ADDRESS_BOOK if component == "VCARD" else CollectionKind.CALENDAR
    properties: Mapping[str, str] = {DISPLAYNAME: displayname}
    return Collection(
        id=0,
        uid="",
        owner=owner.login,
        owner_id=owner.id,
        subject_id=subject.id,
        name=name,
        kind=kind,
        component=component,
        generation=1,
        revision=0,
        modified_at=datetime.min,  # noqa: DTZ901 - a draft; the row gets the present moment
        floating_zone=owner.time_zone,
        properties=properties,
    )


def _user(session: Session, login: str) -> User:
    user = accounts.user_by_login(session, login)
    if user is None:
        raise NotFound(f"There is no user “{login}”.", remedy="List the users with “davbridge user list”.")
    return user


def _check(user: User) -> None:
    if not _LOGIN.fullmatch(user.login):
        raise Invalid(
            "A login has 1 to 64 letters, digits and . @ + - _ and starts with a letter or digit.",
        )
    try:
        ZoneInfo(user.time_zone)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise Invalid(f"There is no time zone “{user.time_zone}”.") from error
