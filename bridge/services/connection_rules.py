"""Who may do what with a connection, and which accounts can be connected at all (R1, R2, R14)."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from bridge.core.scope import FlowKind
from bridge.core.user import Role, User
from bridge.errors import Conflict, Invalid, NotAllowed, NotFound
from bridge.ports import RemoteCalendar, RemoteGroup
from bridge.store.connections import Connection, Flow
from bridge.store.models.sync import ConnectionState

BY_CONSENT = frozenset({"google", "graph"})
"""Kinds of accounts that one signs in to on a page of their service, with a token and no password here."""

_GMAIL = frozenset({"gmail.com", "googlemail.com"})
_MAIL = {"imap", "imaps", "pop", "pop3", "pop3s", "smtp"}
_LONGEST = {"address": 320, "username": 320, "name": 255, "url": 2000}


@dataclass(frozen=True, slots=True)
class NewAccount:
    """What a user gives to connect an account. ``secret`` is a password, or an OAuth token as JSON."""

    provider: str
    address: str = ""
    url: str = ""
    username: str = ""
    secret: str = field(default="", repr=False)
    name: str = ""


def check_account(account: NewAccount, providers: Collection[str]) -> None:
    """Refuse what cannot be connected. Raises ``Invalid``."""
    if _MAIL & {account.provider.lower(), urlsplit(account.url).scheme.lower()}:
        raise Invalid(
            "IMAP and POP accounts hold mail, no calendars and no contacts.",
            remedy="Connect the calendar of the same service instead: its CalDAV address, Google or Microsoft 365.",
        )
    if account.provider not in providers:
        known = ", ".join(sorted(providers)) or "none"
        raise Invalid(
            f"There is no provider “{account.provider}” here.", remedy=f"The providers of this installation: {known}."
        )
    if not (account.address or account.username or account.url):
        raise Invalid("An account needs an e-mail address, or a user name and the address of its server.")
    if not account.secret:
        raise Invalid("An account needs a password, or a token that its service gave out.")
    for name, longest in _LONGEST.items():
        value = getattr(account, name)
        if len(value) > longest or not value.isprintable():
            raise Invalid(f"The {name} of the account is longer than {longest} characters, or no plain text.")


def account_of(connection: Connection, secret: str) -> NewAccount:
    """What a connection is to, with its secret opened."""
    return NewAccount(
        connection.provider, connection.address, connection.url, connection.username, secret, connection.name
    )


def same_account(connection: Connection, account: NewAccount, *, loosely: bool = False) -> bool:
    """Whether a connection is to this very account. ``loosely``: where its server is need not be known of both."""
    if connection.provider != account.provider:
        return False
    known, given = (
        {_plain(name) for name in (each.address, each.username) if name.strip()} for each in (connection, account)
    )
    here, there = (each.url.strip().rstrip("/") for each in (connection, account))
    return bool(known & given) and (here == there or (loosely and not (here and there)))


def _plain(name: str) -> str:
    """A user name or an address as its service takes it; Gmail knows one account by many."""
    user, at, domain = name.strip().casefold().rpartition("@")
    return f"{user.partition('+')[0].replace('.', '')}@gmail.com" if domain in _GMAIL else f"{user}{at}{domain}"


def check_same_account(connection: Connection, account: NewAccount) -> None:
    """Raise ``Conflict`` for another account than that of the connection, which would be compared with its links."""
    if connection.address and not same_account(connection, account):
        raise Conflict(
            f"You signed in as {account.address}, but this connection is to {connection.address}.",
            remedy=f"Choose {connection.address} there, or add {account.address} as an account of its own.",
        )


def check_not_connected(known: Sequence[Connection], account: NewAccount) -> None:
    """Raise ``Conflict`` for an account that is connected already."""
    for each in known:
        if each.state is not ConnectionState.STOPPED and same_account(each, account):
            raise Conflict(
                f"This account is connected already, as connection {each.id}.",
                remedy="Change the options of that connection, or reconnect it.",
            )


def former_connection(known: Sequence[Connection], account: NewAccount) -> Connection | None:
    """The stopped connection of this very account (R3), the one that fits best and was used last."""
    stopped = [each for each in known if each.state is ConnectionState.STOPPED]
    fitting = [each for each in stopped if same_account(each, account)]
    fitting = fitting or [each for each in stopped if same_account(each, account, loosely=True)]
    return max(fitting, key=lambda each: each.stopped_at or each.created_at, default=None)


def governs(viewer: User | None) -> bool:
    """Whether somebody may see and change everybody's: an administrator, or (``None``) who runs the program."""
    return viewer is None or viewer.role is Role.ADMIN


def visible(viewer: User | None, connection: Connection | None, connection_id: int) -> Connection:
    """The connection, if it is there for this viewer: users see their own only. Raises ``NotFound``."""
    if connection is None or not (governs(viewer) or (viewer is not None and viewer.id == connection.user_id)):
        raise NotFound(f"There is no connection {connection_id}.", remedy="List them with “davbridge connection list”.")
    return connection


def check_governs(viewer: User | None) -> None:
    """Raise ``NotAllowed`` for anybody but an administrator."""
    if not governs(viewer):
        raise NotAllowed("Only an administrator may do this.")


def check_may_start(viewer: User | None, connection: Connection, *, all_paused: bool) -> None:
    """Refuse to start what an administrator has paused (R18)."""
    if all_paused:
        raise Conflict("An administrator has paused all connections.", remedy="Wait until they let them go on.")
    if connection.paused_by_admin and not governs(viewer):
        raise NotAllowed("An administrator has paused this connection.", remedy="Ask them to let it go on.")


def check_flows(user: User, flows: Sequence[Flow], administrators: Iterable[User]) -> None:
    """Refuse to start without anything to sync, or to sync contacts without permission (R14)."""
    if not flows:
        raise Conflict("There is nothing to sync yet.", remedy="Choose a calendar or a group of contacts first.")
    if not any(flow.kind is FlowKind.CONTACTS for flow in flows):
        return
    permissions = {"add people": user.may_add_people, "add organizations": user.may_add_organizations}
    missing = [f"“{name}”" for name, granted in permissions.items() if not granted]
    if missing:
        names = ", ".join(admin.name or admin.login for admin in administrators if admin.enabled)
        what = f"permission {missing[0]}" if len(missing) == 1 else f"permissions {' and '.join(missing)}"
        raise NotAllowed(
            f"Syncing contacts needs the {what}, which {user.name or user.login} does not have.",
            remedy=f"An administrator can grant it: {names or 'there is none yet'}.",
        )


def pick(
    kind: FlowKind, found: Sequence[RemoteCalendar] | Sequence[RemoteGroup], wanted: str
) -> RemoteCalendar | RemoteGroup:
    """Find a calendar or group by its id, by its name, or ``default``. Raises ``NotFound`` or ``Invalid``."""
    what = "calendar" if kind is FlowKind.CALENDAR else "group of contacts"
    named = [each for each in found if each.name.casefold() == wanted.casefold()]
    matching = [each for each in found if each.id == wanted] or named
    matching = matching or [each for each in found if each.default and wanted == "default"]
    if len(matching) > 1:
        ids = ", ".join(each.id for each in matching)
        raise Invalid(f"There are several of the name “{wanted}”.", remedy=f"Choose one by its id: {ids}.")
    if not matching:
        names = ", ".join(f"“{each.name}”" for each in found)
        raise NotFound(
            f"The account has no {what} “{wanted}”.", remedy=f"It has: {names}." if names else f"It has no {what}."
        )
    return matching[0]


def check_writable(flow: Flow, chosen: RemoteCalendar | RemoteGroup) -> None:
    """Refuse to sync into what can only be read. Raises ``Invalid``."""
    if chosen.read_only and flow.writes_there:
        raise Invalid(
            f"“{chosen.name}” can only be read, but this sync writes there.",
            remedy="Choose another one, or for contacts the one-way sync into the CRM.",
        )


def current(flows: Sequence[Flow], kind: FlowKind) -> Flow:
    """The flow of a kind that is synced, else the one whose options would be: former ones are kept for their links."""
    return max((flow for flow in flows if flow.kind is kind), key=lambda flow: (flow.enabled, flow.id))
