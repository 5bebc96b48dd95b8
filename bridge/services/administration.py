"""What administrators do with users, and what they tell everybody (R18, R28, R30). Everything is noted in the audit."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from bridge.core.user import Role, User
from bridge.errors import Conflict, Invalid
from bridge.services.audit import Audit, AuditAction, differences
from bridge.services.company_options import CompanyOptions
from bridge.services.connection_rules import check_governs
from bridge.services.connections import Connections, Shown
from bridge.services.principals import Principals
from bridge.services.settings import Settings
from bridge.services.signing_in import SigningIn
from bridge.store import audit, connections
from bridge.store.audit import Usage
from bridge.store.connections import PAUSED, OptionDefault
from bridge.store.database import Database

NOTICE = "notice"
LONGEST_NOTICE = 1000  # characters
_NOTED = ("name", "email", "role", "enabled", "may_add_people", "may_add_organizations")


@dataclass(frozen=True, slots=True)
class UserHealth:
    """A user, how they sign in, and how their connections are doing."""

    user: User
    usage: Usage
    connections: tuple[Shown, ...]


@dataclass(frozen=True, slots=True)
class UserEdit:
    """What administrators decide about a user."""

    name: str
    email: str
    role: Role
    enabled: bool
    may_add_people: bool
    may_add_organizations: bool


class Administration:
    """Use cases of administrators. ``viewer`` is who acts; everything raises ``NotAllowed`` for anybody else."""

    def __init__(
        self,
        database: Database,
        settings: Settings,
        principals: Principals,
        signing_in: SigningIn,
        linked: Connections,
        company: CompanyOptions,
        record: Audit,
    ) -> None:
        self._database = database
        self._settings = settings
        self._principals = principals
        self._signing_in = signing_in
        self._connections = linked
        self._company = company
        self._audit = record

    def users(self, viewer: User) -> Sequence[UserHealth]:
        """Every user and how they are doing, by login."""
        check_governs(viewer)
        with self._database.read() as session:
            used = audit.usage(session)
        shown: dict[int, list[Shown]] = {}
        for each in self._connections.all(viewer):
            shown.setdefault(each.user.id, []).append(each)
        return [
            UserHealth(user, used.get(user.id, Usage()), tuple(shown.get(user.id, ())))
            for user in self._principals.all()
        ]

    def user(self, viewer: User, login: str) -> User:
        """One user. Raises ``NotFound``."""
        check_governs(viewer)
        return self._principals.find(login)

    def add(self, viewer: User, login: str, edit: UserEdit, password: str = "") -> User:
        """Add a user with a home. Raises ``Invalid`` and ``Conflict``."""
        check_governs(viewer)
        blank = User(login, self._settings.time_zone, language=self._settings.language)
        added = self._principals.add(
            _edited(replace(blank, past_days=self._settings.past_days), edit), password or None
        )
        self._audit.note(viewer, AuditAction.ADD_USER, login, {"role": added.role.value})
        return added

    def change(self, viewer: User, login: str, edit: UserEdit) -> User:
        """Change a user. Raises ``NotFound``, ``Invalid``, and ``Conflict`` for shutting oneself out."""
        check_governs(viewer)
        if login == viewer.login and (edit.role is not Role.ADMIN or not edit.enabled):
            raise Conflict("You cannot shut yourself out.", remedy="Ask another administrator to do it.")
        before = self._principals.find(login)
        after = self._principals.change(login, lambda user: _edited(user, edit))
        if not after.enabled and before.enabled:
            self._signing_in.end_all(after)
        self._audit.note(viewer, AuditAction.CHANGE_USER, login, differences(before, after, _NOTED))
        return after

    def set_password(self, viewer: User, login: str, new: str) -> None:
        """Give a user another password for the page, and sign them out. Raises ``NotFound`` and ``Invalid``."""
        check_governs(viewer)
        self._signing_in.set_password(login, new)
        self._audit.note(viewer, AuditAction.SET_PASSWORD, login)

    def options(self) -> Mapping[str, OptionDefault]:
        """What is decided for everybody, by the key of the option."""
        return self._company.all()

    def set_option(self, viewer: User, key: str, value: Any, *, forced: bool) -> None:
        """Decide an option for everybody. Raises ``Invalid``."""
        before = self._company.all().get(key)
        if before == OptionDefault(key, value, forced):
            return
        self._company.set(viewer, key, value, forced=forced)
        self._audit.note(viewer, AuditAction.SET_OPTION, key, {"value": value, "forced": forced})

    def clear_option(self, viewer: User, key: str) -> None:
        """Leave an option to the users."""
        if key in self._company.all():
            self._company.clear(viewer, key)
            self._audit.note(viewer, AuditAction.CLEAR_OPTION, key)

    def all_paused(self) -> bool:
        """Whether all connections are paused."""
        found = self._company.all().get(PAUSED)
        return found is not None and found.value is True

    def pause(self, viewer: User, *, paused: bool) -> None:
        """Pause all connections, or let them go on."""
        self._company.pause(viewer, paused=paused)
        self._audit.note(viewer, AuditAction.PAUSE_ALL if paused else AuditAction.RESUME_ALL)

    def notice(self) -> str:
        """What everybody is told on every page, or nothing."""
        found = self._company.all().get(NOTICE)
        return str(found.value) if found is not None else ""

    def tell(self, viewer: User, text: str) -> None:
        """Tell everybody something on every page; an empty text takes the notice away. Raises ``Invalid``."""
        check_governs(viewer)
        said = " ".join(text.split())
        if len(said) > LONGEST_NOTICE or not said.isprintable():
            raise Invalid(f"A notice is plain text of at most {LONGEST_NOTICE} characters.")
        with self._database.write() as session:
            if said:
                connections.save_option_default(session, OptionDefault(NOTICE, said, forced=True))
            else:
                connections.remove_option_default(session, NOTICE)
        self._audit.note(viewer, AuditAction.SET_NOTICE if said else AuditAction.CLEAR_NOTICE, "", {"text": said})


def _edited(user: User, edit: UserEdit) -> User:
    return replace(
        user,
        name=edit.name,
        email=edit.email,
        role=edit.role,
        enabled=edit.enabled,
        may_add_people=edit.may_add_people,
        may_add_organizations=edit.may_add_organizations,
    )
