"""Exactly one run of a connection at a time, over all processes and machines.

A lease has an owner, an end and a fencing number. Whoever finds it expired takes it over with the next number; from
then on every transaction of the old holder is refused, and so is every further write to the remote, because a holder
asks before each one.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from bridge.errors import Conflict
from bridge.ports import Clock
from bridge.store import connections
from bridge.store.database import Database


class LeaseLost(Conflict):
    """Somebody else runs this connection now: stop at once, and write nothing."""


@dataclass
class Lease:
    """The right to run one connection, for as long as it is renewed."""

    database: Database
    clock: Clock
    connection_id: int
    fence: int
    length: timedelta
    released: bool = False
    _renewed: datetime = field(init=False)

    def __post_init__(self) -> None:
        self._renewed = self.clock.now()

    def keep(self) -> None:
        """Call before each write to the remote. Renews when a third of the time has gone. Raises ``LeaseLost``."""
        if self.clock.now() - self._renewed < self.length / 3:
            return
        now = self.clock.now()
        with self.database.write() as session:
            kept = connections.renew(session, self.connection_id, self.fence, now, self.length)
        if not kept:
            raise LeaseLost("Another process runs this connection now.")
        self._renewed = now

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """Write to our database only while the lease is ours. Raises ``LeaseLost``."""
        with self.database.write() as session:
            if not connections.held(session, self.connection_id, self.fence):
                raise LeaseLost("Another process runs this connection now.")
            yield session

    @contextmanager
    def last_transaction(self) -> Iterator[Session]:
        """Write the last of a run, and give the lease back with it. Raises ``LeaseLost``."""
        with self.transaction() as session:
            yield session
            connections.release(session, self.connection_id, self.fence)
        self.released = True


@contextmanager
def leased(
    database: Database,
    clock: Clock,
    connection_id: int,
    owner: str,
    length: timedelta,
    begin: Callable[[Session], None] = lambda _: None,
) -> Iterator[Lease]:
    """Hold a connection's lease; ``begin`` writes what its holding begins with, in the same transaction.

    Raises ``Conflict`` while somebody else holds it.
    """
    with database.write() as session:
        fence = connections.acquire(session, connection_id, owner, clock.now(), length)
        if fence is None:
            raise Conflict("This connection is being synced right now.", remedy="Wait until the run has ended.")
        begin(session)
    lease = Lease(database, clock, connection_id, fence, length)
    try:
        yield lease
    finally:
        if not lease.released:
            with database.write() as session:
                connections.release(session, connection_id, fence)
