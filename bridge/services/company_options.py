"""What an administrator decides for everybody: values of options, forced ones, a pause, and new keys (R30)."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Protocol

from sqlalchemy.orm import Session

from bridge.core.user import User
from bridge.ports import Vault
from bridge.services.connection_rules import check_governs
from bridge.services.sync_options import narrows, read_value, with_company_values
from bridge.store import audit, connections
from bridge.store.connections import PAUSED, OptionDefault
from bridge.store.database import Database


class RotatingVault(Vault, Protocol):
    """A vault that knows several keys."""

    def rotate(self, sealed: str) -> str:
        """Seal again with the newest key. Raises ``ConfigError`` when no known key fits."""
        ...


class CompanyOptions:
    """Decisions of administrators. ``viewer`` is who decides; ``None`` is who runs the program."""

    def __init__(self, database: Database, vault: RotatingVault) -> None:
        self._database = database
        self._vault = vault

    def all(self) -> Mapping[str, OptionDefault]:
        """The company's values, by key: everybody may see them."""
        with self._database.read() as session:
            return connections.option_defaults(session)

    def set(self, viewer: User | None, key: str, value: Any, *, forced: bool = False) -> None:
        """Set the value that new connections get, as JSON; a forced one is that of all connections at once.

        Where a forced value takes objects away, nothing runs before the user has confirmed it (R19). Raises
        ``NotAllowed``, or ``Invalid`` for an unknown option or a wrong value.
        """
        check_governs(viewer)
        read_value(key, value)
        with self._database.write() as session:
            connections.save_option_default(session, OptionDefault(key, value, forced))
            if forced:
                self._force(session)

    def clear(self, viewer: User | None, key: str) -> None:
        """Leave an option to the users. What was forced stays until they change it."""
        check_governs(viewer)
        with self._database.write() as session:
            connections.remove_option_default(session, key)

    def pause(self, viewer: User | None, *, paused: bool) -> None:
        """Pause all connections, or let them go on (R18)."""
        check_governs(viewer)
        with self._database.write() as session:
            connections.save_option_default(session, OptionDefault(PAUSED, paused, forced=True))
            for each in connections.connections(session) if paused else ():
                connections.revoke(session, each.id)

    def rotate_keys(self) -> int:
        """Seal every stored credential with the newest key; how many. Raises ``ConfigError`` when no key fits one."""
        with self._database.write() as session:
            sealed = [each.id for each in connections.connections(session) if each.secret]
            for connection_id in sealed:
                found = connections.connection(session, connection_id, lock=True)
                if found is not None:
                    connections.set_secret(session, connection_id, self._vault.rotate(found.secret))
            clients = audit.oauth_clients(session)
            for client in clients:
                audit.save_oauth_client(session, replace(client, secret=self._vault.rotate(client.secret)))
        return len(sealed) + len(clients)

    def _force(self, session: Session) -> None:
        defaults = connections.option_defaults(session)
        for known in connections.connections(session):
            found = connections.connection(session, known.id, lock=True)
            if found is None:
                continue
            after, taken = with_company_values(found, None, defaults, forced_only=True), False
            for flow in connections.flows(session, [found.id]):
                forced = with_company_values(flow, flow.kind, defaults, forced_only=True)
                if forced != flow:
                    connections.save_flow(session, forced)
                    connections.revoke(session, found.id)
                    taken = taken or (flow.enabled and narrows(flow, forced))
            connections.save_connection(session, replace(after, confirmed=after.confirmed and not taken))
