"""Users, connections and flows that the tests of the sync's queries start from."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from bridge.core.scope import FlowKind
from bridge.core.user import User
from bridge.store import accounts, collections, connections
from bridge.store.connections import Connection, Flow
from bridge.store.database import Database
from bridge.store.models.resources import CollectionKind
from bridge.store.models.sync import ConnectionState
from tests.harness import NOW

MINUTE = timedelta(minutes=1)
KINDS = {
    "activities": CollectionKind.CALENDAR,
    "tasks": CollectionKind.CALENDAR,
    "contacts": CollectionKind.ADDRESS_BOOK,
}


def add_user(database: Database, login: str = "anna", **choices: Any) -> int:
    """A user with the three collections of a home."""
    with database.write() as session:
        user = accounts.save_user(session, User(login, "Europe/Riga", **choices), now=NOW)
        for name, kind in KINDS.items():
            collections.add_collection(
                session,
                uid=f"{login}-{name}",
                owner_id=user.id,
                subject_id=user.id,
                name=name,
                kind=kind,
                component="VCARD" if name == "contacts" else "VEVENT",
                properties={},
                now=NOW,
            )
        return user.id


def add_connection(database: Database, user_id: int, **values: Any) -> Connection:
    """A running connection, whose turn comes in an hour."""
    usual: dict[str, Any] = {
        "provider": "caldav",
        "created_at": NOW,
        "state": ConnectionState.ACTIVE,
        "confirmed": True,
        "next_run_at": NOW + 60 * MINUTE,
    }
    with database.write() as session:
        return connections.add_connection(session, Connection(user_id, **usual | values))


def add_flow(database: Database, connection_id: int, kind: FlowKind = FlowKind.CALENDAR, **values: Any) -> Flow:
    with database.write() as session:
        usual: dict[str, Any] = {"enabled": True, "collection_id": "/c/"}
        return connections.add_flow(session, Flow(connection_id, kind, **usual | values))


def a_flow(database: Database, login: str = "anna") -> Flow:
    """A flow of a running connection of a new user."""
    return add_flow(database, add_connection(database, add_user(database, login)).id)
