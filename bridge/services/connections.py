"""Connections: accounts elsewhere that a user's activities and contacts are kept in step with (R1–R4, R14, R18, R19).

No session is open while an account is asked. ``viewer`` is who asks: users see and change their own connections only,
administrators everybody's; ``None`` is who runs the program.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlalchemy.orm import Session

from bridge.core.scope import FlowKind
from bridge.core.user import Role, User
from bridge.errors import Conflict, NotAllowed, NotFound
from bridge.ports import Clock, Connector, Provider, RemoteCalendar, RemoteGroup, SignIn, Vault
from bridge.services.connection_rules import (
    BY_CONSENT,
    NewAccount,
    account_of,
    check_account,
    check_flows,
    check_may_start,
    check_not_connected,
    check_same_account,
    check_writable,
    current,
    former_connection,
    governs,
    pick,
    visible,
)
from bridge.services.settings import Settings
from bridge.services.status import Status, status
from bridge.services.sync_options import (
    check_free,
    check_types,
    narrows,
    new_flow,
    with_company_values,
    with_options_of,
)
from bridge.store import accounts, collections, connections, links
from bridge.store.connections import PAUSED, Connection, Flow, OptionDefault
from bridge.store.database import Database
from bridge.store.models.sync import ConnectionState

__all__ = ["Connections", "NewAccount", "Shown"]


@dataclass(frozen=True, slots=True)
class Shown:
    """A connection as people see it. ``flows`` are the present ones, ``linked`` how many objects each ties."""

    connection: Connection
    user: User
    flows: tuple[Flow, ...]
    status: Status
    linked: Mapping[int, int] = field(default_factory=dict)

    def flow(self, kind: FlowKind) -> Flow:
        """The calendar's flow, or that of the contacts."""
        return next(flow for flow in self.flows if flow.kind is kind)


@dataclass(frozen=True, slots=True)
class _Edit:
    """A connection that is being changed, in its transaction."""

    session: Session
    connection: Connection
    user: User
    flows: Sequence[Flow]
    defaults: Mapping[str, OptionDefault]

    def save(self, connection: Connection) -> None:
        connections.save_connection(self.session, connection)


class Connections:
    """The connections of all users. ``connectors`` are the kinds of services that this installation knows, by name."""

    def __init__(
        self, database: Database, clock: Clock, settings: Settings, vault: Vault, connectors: Mapping[str, Connector]
    ) -> None:
        self._database = database
        self._clock = clock
        self._settings = settings
        self._vault = vault
        self._connectors = connectors

    def all(self, viewer: User | None, login: str | None = None) -> list[Shown]:
        """The connections that a viewer may see, those “previously synced” included; of one user only, if named."""
        with self._database.read() as session:
            owner = None if governs(viewer) or viewer is None else viewer.id
            if login is not None:
                named = _user(session, login)
                if owner not in (None, named.id):
                    raise NotAllowed("You may only see your own connections.")
                owner = named.id
            return self._shown(session, connections.connections(session, owner))

    def show(self, viewer: User | None, connection_id: int) -> Shown:
        """One connection. Raises ``NotFound``."""
        with self._database.read() as session:
            found = visible(viewer, connections.connection(session, connection_id), connection_id)
            return self._shown(session, [found])[0]

    def active(self) -> list[int]:
        """The ids of the connections that run."""
        with self._database.read() as session:
            every = connections.connections(session)
        return [each.id for each in every if each.state is ConnectionState.ACTIVE and each.confirmed]

    def add(self, viewer: User | None, login: str, account: NewAccount, *, check: bool = True) -> Connection:
        """Connect an account, after signing in to it unless told not to. Nothing is synced yet.

        An account that was synced before gets its former connection back, with its links (R3). Raises ``Invalid`` for
        what is no calendar account (R1), ``Conflict`` for one that is connected already, and what ``Provider.check``
        raises.
        """
        check_account(account, self._connectors.keys())
        if not governs(viewer) and (viewer is None or viewer.login != login):
            raise NotAllowed("You may only connect accounts of your own.")
        checked = self._checked(account) if check else account
        with self._database.write() as session:
            user = _user(session, login)
            collections.lock_collections(session, [user.id])  # two at once must not both find nothing
            known = connections.connections(session, user.id)
            check_not_connected(known, checked)
            former = former_connection(known, checked)
            return self._adopt(session, former.id, checked) if former else self._new(session, user, checked)

    def calendars(self, viewer: User | None, connection_id: int) -> Sequence[RemoteCalendar]:
        """The calendars of the account. Raises what ``Provider`` does."""
        return self._provider(viewer, connection_id).calendars()

    def groups(self, viewer: User | None, connection_id: int) -> Sequence[RemoteGroup]:
        """The groups of contacts of the account. Raises what ``Provider`` does."""
        return self._provider(viewer, connection_id).groups()

    def choose(self, viewer: User | None, connection_id: int, kind: FlowKind, wanted: str) -> Flow:
        """Choose the calendar or group to sync, by id, name or ``default`` (R7, R15).

        Another one than before starts anew; should the former be chosen again, its links are there still.
        """
        provider = self._provider(viewer, connection_id)
        found = provider.calendars() if kind is FlowKind.CALENDAR else provider.groups()
        chosen = pick(kind, found, wanted)
        with self._editing(viewer, connection_id) as edit:
            present = current(edit.flows, kind)
            check_writable(present, chosen)
            after = _switched(edit, present, chosen)
            self._save_flow(edit, present, after)
            return after

    def leave(self, viewer: User | None, connection_id: int, kind: FlowKind) -> None:
        """Sync no calendar, or no contacts, any more. What is there and here stays as it is."""
        with self._editing(viewer, connection_id) as edit:
            present = current(edit.flows, kind)
            self._save_flow(edit, present, replace(present, enabled=False))

    def change_flow(
        self, viewer: User | None, connection_id: int, kind: FlowKind, edited: Callable[[Flow], Flow]
    ) -> Flow:
        """Change options of a flow (R4). Raises ``Invalid``, or ``NotAllowed`` for what the company has fixed (R30).

        A change that takes objects away must be confirmed by ``start`` before anything runs again (R19).
        """
        with self._editing(viewer, connection_id) as edit:
            present = current(edit.flows, kind)
            after = with_options_of(present, edited(present))
            check_types(accounts.activity_types(edit.session), present, after)
            check_free(edit.defaults, present, after)
            self._save_flow(edit, present, after)
            return after

    def change(self, viewer: User | None, connection_id: int, edited: Callable[[Connection], Connection]) -> None:
        """Change the name or options of a connection. Raises as ``change_flow`` does."""
        with self._editing(viewer, connection_id) as edit:
            after = with_options_of(edit.connection, edited(edit.connection))
            check_free(edit.defaults, edit.connection, after)
            edit.save(self._soon(after))

    def start(self, viewer: User | None, connection_id: int, *, confirmed: bool = False) -> None:
        """Start, or go on. ``confirmed``: the user has seen what a first sync or a change would do (R19).

        Raises ``Conflict`` where nothing is chosen or confirmed, and ``NotAllowed`` without the permissions of R14 or
        for what an administrator has paused.
        """
        now = self._clock.now()
        with self._editing(viewer, connection_id) as edit:
            connection = edit.connection
            if connection.state is ConnectionState.STOPPED:
                raise Conflict(
                    "The sync of this account was stopped.", remedy=f"Reconnect connection {connection_id} first."
                )
            check_may_start(viewer, connection, all_paused=_all_paused(edit.defaults))
            chosen = [flow for flow in edit.flows if flow.enabled]
            check_flows(edit.user, chosen, _administrators(edit.session))
            if not (confirmed or connection.confirmed):
                raise Conflict(
                    "What this sync will do has not been confirmed yet.",
                    remedy=f"Look at “davbridge connection preview {connection_id}”, then start it.",
                )
            for flow in chosen:
                connections.save_flow(edit.session, replace(flow, started_at=flow.started_at or now))
            state = ConnectionState.ACTIVE
            started = replace(_healed(connection), state=state, confirmed=True, paused_by_admin=False)
            edit.save(self._soon(started))

    def pause(self, viewer: User | None, connection_id: int) -> None:
        """Pause. An administrator's pause of somebody else's connection can only be ended by one."""
        with self._editing(viewer, connection_id) as edit:
            if viewer is not None and viewer.id != edit.user.id:
                edit.save(replace(edit.connection, paused_by_admin=True))
            elif edit.connection.state is ConnectionState.ACTIVE:
                edit.save(replace(edit.connection, state=ConnectionState.PAUSED))
            else:
                raise Conflict("This connection is not running.")
            connections.revoke(edit.session, connection_id)

    def stop(self, viewer: User | None, connection_id: int) -> None:
        """Stop syncing (R3): the account stays among those “previously synced”, with options and links."""
        with self._editing(viewer, connection_id) as edit:
            state = ConnectionState.STOPPED
            edit.save(replace(edit.connection, state=state, stopped_at=self._clock.now(), next_run_at=None))
            connections.revoke(edit.session, connection_id)

    def reconnect(self, viewer: User | None, connection_id: int, secret: str = "", *, check: bool = True) -> None:
        """Sign in again, with a new password or token if one is given.

        A stopped connection then waits for ``start``, with all its options; another one goes on. Raises what
        ``Provider.check`` raises and ``Conflict`` for the token of another account, and then changes nothing.
        """
        with self._database.read() as session:
            found = visible(viewer, connections.connection(session, connection_id), connection_id)
        account = account_of(found, secret or self._vault.open(found.secret))
        checked = self._checked(account) if check else account
        if found.provider in BY_CONSENT:
            check_same_account(found, checked)
        with self._editing(viewer, connection_id) as edit:
            edit.save(self._reconnected(edit.connection, checked))

    def remove(self, viewer: User | None, connection_id: int) -> None:
        """Forget a connection and its links. What is there and here stays; adding it anew has to match everything."""
        with self._editing(viewer, connection_id) as edit:
            connections.remove_connection(edit.session, edit.connection.id)

    @contextmanager
    def _editing(self, viewer: User | None, connection_id: int) -> Iterator[_Edit]:
        with self._database.write() as session:
            locked = connections.connection(session, connection_id, lock=True)
            connection = visible(viewer, locked, connection_id)
            yield _Edit(
                session,
                connection,
                accounts.users(session, [connection.user_id])[connection.user_id],
                connections.flows(session, [connection_id]),
                connections.option_defaults(session),
            )

    def _shown(self, session: Session, found: Sequence[Connection]) -> list[Shown]:
        users = accounts.users(session, {each.user_id for each in found})
        flows = connections.flows(session, [each.id for each in found])
        linked = links.count(session, [flow.id for flow in flows])
        paused = _all_paused(connections.option_defaults(session))
        shown = []
        for each in found:
            own = [flow for flow in flows if flow.connection_id == each.id]
            present = tuple(current(own, kind) for kind in FlowKind)
            state = status(each, present, self._clock.now(), all_paused=paused)
            shown.append(Shown(each, users[each.user_id], present, state, {f.id: linked[f.id] for f in present}))
        return shown

    def _provider(self, viewer: User | None, connection_id: int) -> Provider:
        with self._database.read() as session:
            found = visible(viewer, connections.connection(session, connection_id), connection_id)

        def keep(secret: str) -> None:
            with self._database.write() as session:
                connections.set_secret(session, connection_id, self._vault.seal(secret))

        return self._open(account_of(found, self._vault.open(found.secret)), keep)

    def _open(self, account: NewAccount, keep: Callable[[str], None]) -> Provider:
        connector = self._connectors.get(account.provider)
        if connector is None:
            raise NotFound(f"There is no provider “{account.provider}” here.")
        return connector.open(SignIn(account.address, account.url, account.username, account.secret), keep)

    def _checked(self, account: NewAccount) -> NewAccount:
        """Sign in; the account with what that told: who we are, and the secret if it was renewed.

        Where one signs in with a token, the address was but a hint, and may be one of many that the account has.
        """
        kept: list[str] = []
        found = self._open(account, kept.append).check()
        secret = kept[-1] if kept else account.secret
        told = found.address if account.provider in BY_CONSENT else ""
        return replace(
            account, address=told or account.address or found.address, name=account.name or found.name, secret=secret
        )

    def _new(self, session: Session, user: User, account: NewAccount) -> Connection:
        defaults = connections.option_defaults(session)
        new = Connection(
            user.id,
            account.provider,
            self._clock.now(),
            address=account.address,
            url=account.url,
            username=account.username,
            secret=self._vault.seal(account.secret),
            name=account.name or account.address or account.username,
        )
        connection = connections.add_connection(session, with_company_values(new, None, defaults))
        for kind in FlowKind:
            connections.add_flow(session, new_flow(connection.id, kind, user, defaults))
        return connection

    def _adopt(self, session: Session, connection_id: int, account: NewAccount) -> Connection:
        stopped = connections.connection(session, connection_id, lock=True)
        if stopped is None:
            raise Conflict("The former connection of this account was removed just now.", remedy="Try again.")
        adopted = self._reconnected(stopped, account)
        connections.save_connection(session, adopted)
        return adopted

    def _reconnected(self, connection: Connection, account: NewAccount) -> Connection:
        was_stopped = connection.state is ConnectionState.STOPPED
        state = ConnectionState.CHOOSING if was_stopped else connection.state
        return self._soon(
            replace(
                _healed(connection),
                state=state,
                stopped_at=None,
                address=account.address or connection.address,
                url=account.url or connection.url,
                username=account.username or connection.username,
                secret=self._vault.seal(account.secret),
                name=account.name or connection.name,
            )
        )

    def _save_flow(self, edit: _Edit, before: Flow, after: Flow) -> None:
        """Keep a change of a flow. A run that goes on with the former options is ended."""
        if after == before:
            return
        connections.save_flow(edit.session, after)
        anew = not before.enabled or after.collection_id != before.collection_id or narrows(before, after)
        confirmed = edit.connection.confirmed and not (after.enabled and anew)
        edit.save(self._soon(replace(edit.connection, confirmed=confirmed)))
        connections.revoke(edit.session, edit.connection.id)

    def _soon(self, connection: Connection) -> Connection:
        """Let a change take effect at once."""
        now: datetime | None = self._clock.now() if connection.state is ConnectionState.ACTIVE else None
        return replace(connection, next_run_at=now)


def _switched(edit: _Edit, present: Flow, chosen: RemoteCalendar | RemoteGroup) -> Flow:
    """The flow of the chosen calendar or group; the present one is left, and keeps its links."""
    former = next((f for f in edit.flows if f.kind is present.kind and f.collection_id == chosen.id), None)
    if former is not None and former.id == present.id:
        return replace(present, enabled=True, collection_name=chosen.name)
    if former is None and present.started_at is None:
        return replace(present, enabled=True, collection_id=chosen.id, collection_name=chosen.name)
    connections.save_flow(edit.session, replace(present, enabled=False))
    fresh = Flow(edit.connection.id, present.kind, collection_id=chosen.id)
    taken = former or connections.add_flow(edit.session, fresh)
    return with_options_of(replace(taken, enabled=True, collection_name=chosen.name), present)


def _healed(connection: Connection) -> Connection:
    """Without its problem: somebody did something about it."""
    return replace(
        connection,
        problem=None,
        problem_text="",
        problem_remedy="",
        retry_at=None,
        tries=0,
    )


def _administrators(session: Session) -> list[User]:
    return [user for user in accounts.users(session).values() if user.role is Role.ADMIN]


def _all_paused(defaults: Mapping[str, OptionDefault]) -> bool:
    return PAUSED in defaults and defaults[PAUSED].value is True


def _user(session: Session, login: str) -> User:
    user = accounts.user_by_login(session, login)
    if user is None:
        raise NotFound(f"There is no user “{login}”.", remedy="List the users with “davbridge user list”.")
    return user
