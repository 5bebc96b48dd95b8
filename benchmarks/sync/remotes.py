"""The other side of a sync under measurement: a stock Radicale, and an account in memory that costs next to nothing."""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

from benchmarks import bodies, filling
from benchmarks.client import Client, WrongAnswer
from benchmarks.corpus import Corpus
from benchmarks.filling import LOGIN, Texts
from benchmarks.processes import free_port
from benchmarks.servers import Radicale, Running, bridge_config, bridge_environ
from bridge.core.scope import FlowKind
from bridge.ports import Clock, Connector, Provider, SignIn
from bridge.providers.caldav.provider import CalDavConnector
from bridge.providers.memory.provider import MemoryConnector
from bridge.providers.memory.remote import MemoryAccount, Remote
from bridge.services.connections import NewAccount

MEMORY, STOCK = "in memory", "Radicale"
NOTHING_HELD = Corpus((), ())
_SECRET = "benchmark"  # noqa: S105 - of an account that lives as long as this process


class Other(Protocol):
    """The remote of a measurement, whose collections are empty at first or hold all that we have.

    ``kind`` is the name of its provider. ``keeps_uids``: what came from there has the UID here that ours had there.
    """

    name: str
    kind: str
    keeps_uids: bool

    @property
    def account(self) -> NewAccount:
        """How it is connected."""

    def connector(self, clock: Clock) -> Connector:
        """What opens the account."""

    def asked(self) -> Mapping[str, int]:
        """How many requests of each method came since the last call of this."""

    def uids(self, kind: FlowKind) -> set[str]:
        """The UIDs of everything that is there."""

    def edit(self, kind: FlowKind) -> None:
        """Change one object, as its owner would with another program."""


class InMemory:
    """An account of the memory provider: what is left of a run's time is our own."""

    def __init__(self, clock: Clock) -> None:
        self.name, self.kind, self.keeps_uids = MEMORY, "memory", True
        self._remote = Remote(clock)
        self._account: MemoryAccount = self._remote.add_account(f"{LOGIN}@example.com", _SECRET)
        self._account.add_calendar("activities", lists_objects=False)
        self._account.add_group("contacts", lists_objects=False)
        self._before: Counter[str] = Counter()
        self.account = NewAccount(self.kind, f"{LOGIN}@example.com", secret=_SECRET)

    def connector(self, clock: Clock) -> Connector:  # noqa: ARG002 - it has one already
        """Open the account in memory."""
        return MemoryConnector(self._remote)

    def asked(self) -> Mapping[str, int]:
        """The provider's own names of calls stand for methods."""
        now = Counter({call.value: number for call, number in self._remote.calls.items()})
        since, self._before = now - self._before, now
        return since

    def uids(self, kind: FlowKind) -> set[str]:
        """Everything in the calendar or group."""
        if kind is FlowKind.CALENDAR:
            return {each.object.uid for place in self._account.calendars.values() for each in place.resources.values()}
        return {each.object.uid for place in self._account.groups.values() for each in place.resources.values()}

    def edit(self, kind: FlowKind) -> None:
        """Change the first object."""
        if kind is FlowKind.CALENDAR:
            calendar = next(iter(self._account.calendars.values()))
            event = next(iter(calendar.resources.values()))
            calendar.edit(event.id, replace(event.object, summary=f"{event.object.summary} (changed)"))
            return
        group = next(iter(self._account.groups.values()))
        contact = next(iter(group.resources.values()))
        group.edit(contact.id, replace(contact.object, note=f"{contact.object.note} Changed."))


@dataclass
class _Recording:
    """A kind of service that remembers the accounts it opened."""

    inner: Connector
    opened: list[Any]

    def open(self, sign_in: SignIn, keep: Callable[[str], None]) -> Provider:
        provider = self.inner.open(sign_in, keep)
        self.opened.append(provider)
        return provider


@dataclass
class Opened:
    """The accounts that were opened since their requests were last counted."""

    accounts: list[Any] = field(default_factory=list)

    def through(self, connector: Connector) -> Connector:
        """What opens accounts by another connector, and remembers them here."""
        return _Recording(connector, self.accounts)

    def asked(self) -> Mapping[str, int]:
        """How many requests of each method they sent. They are forgotten then."""
        found = sum((each.methods for each in self.accounts), Counter[str]())
        self.accounts.clear()
        return found


@dataclass
class Stock:
    """Stock Radicale in a process of its own, with one calendar and one address book."""

    running: Running
    folder: Path
    name: str = STOCK
    kind: str = "caldav"
    keeps_uids: bool = True
    _opened: Opened = field(default_factory=Opened)

    @property
    def account(self) -> NewAccount:
        """Its address on the loopback interface."""
        place = self.running.account
        url = f"http://127.0.0.1:{place.port}/"
        return NewAccount(self.kind, url=url, username=place.login, secret=place.password)

    def connector(self, clock: Clock) -> Connector:
        """Open accounts by the provider that users have."""
        return self._opened.through(CalDavConnector(clock))

    def asked(self) -> Mapping[str, int]:
        """What all accounts sent that were opened since."""
        return self._opened.asked()

    def uids(self, kind: FlowKind) -> set[str]:
        """Resources are called after their UIDs."""
        name, suffix = ("activities", "ics") if kind is FlowKind.CALENDAR else ("contacts", "vcf")
        return {each.stem for each in (self.folder / name).glob(f"*.{suffix}")}

    def edit(self, kind: FlowKind) -> None:
        """Change the first object by GET and PUT. Raises ``WrongAnswer``."""
        calendar = kind is FlowKind.CALENDAR
        path = (
            f"{self.running.calendar}{min(self.uids(kind))}.ics"
            if calendar
            else f"{self.running.book}{min(self.uids(kind))}.vcf"
        )
        with Client(self.running.account) as client:
            text = client.send("GET", path)
            changed = re.sub(r"^(SUMMARY|NOTE):", r"\1:Changed ", text.body.decode(), count=1, flags=re.MULTILINE)
            answer = client.put(path, changed, If_Match=text.etag)
        if answer.status >= 300:
            raise WrongAnswer(f"status {answer.status} to a PUT")


@contextmanager
def stock(folder: Path, held: Corpus = NOTHING_HELD) -> Iterator[Stock]:
    """Start a Radicale that holds so much, for as long as it is needed. Raises ``NotStarted``."""
    running = Radicale()(folder, held, _texts(folder / "rendered", held))
    try:
        with Client(running.account) as client:
            for path in (running.calendar, running.book):  # else it reads every text when it is asked first
                client.propfind(path, bodies.ETAGS, "1")
                client.report(path, bodies.sync(""))
        yield Stock(running, folder / "collections" / "collection-root" / LOGIN)
    finally:
        running.process.stop()


def _texts(folder: Path, held: Corpus) -> Texts:
    """What davbridge makes of records, as another program would have brought it there."""
    folder.mkdir()
    settings = bridge_config(bridge_environ(folder, free_port()))
    filling.fill(settings, held)
    return filling.texts(settings)
