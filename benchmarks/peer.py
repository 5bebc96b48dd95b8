"""One server under measurement: what its stores must hold by now, and a connection to ask it over."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from random import Random
from uuid import UUID

from benchmarks import bodies, multistatus
from benchmarks.client import Client, WrongAnswer
from benchmarks.corpus import Appointment, Corpus
from benchmarks.servers import Running
from benchmarks.texts import calendar


@dataclass
class Peer:
    """A server and what should be in it. ``events`` and ``cards`` are names; ``fresh`` were put during the run."""

    server: Running
    corpus: Corpus
    events: set[str] = field(default_factory=set)
    cards: set[str] = field(default_factory=set)
    fresh: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.events |= {each.name for each in self.corpus.appointments}
        self.cards |= {each.name for each in self.corpus.cards}

    @contextmanager
    def visit(self, topic: str) -> Iterator["Visit"]:
        """Connect, and ask something first, so that no measured request opens the connection by itself.

        The choices of a visit depend on the topic only: they are the same for every server.
        """
        with Client(self.server.account) as client:
            client.propfind(self.server.calendar, bodies.POLL, "0")
            yield Visit(self, client, Random(topic))  # noqa: S311 - which rows to ask for is no secret

    def warm_up(self) -> None:
        """Let the server fill its caches: every resource is read and searched once."""
        with Client(self.server.account) as client:
            for path in (self.server.calendar, self.server.book):
                client.propfind(path, bodies.ETAGS, "1")
                client.report(path, bodies.sync(""))
            client.report(self.server.calendar, bodies.ALL_EVENTS)
            client.report(self.server.book, bodies.containing("FN", "none"))
            client.report(self.server.book, bodies.containing("EMAIL", "none"))


@dataclass(frozen=True, slots=True)
class Visit:
    """One stay at a server: its connection, and a generator that decides what to ask for."""

    peer: Peer
    client: Client
    rng: Random

    @property
    def calendar(self) -> str:
        """The calendar's path."""
        return self.peer.server.calendar

    @property
    def book(self) -> str:
        """The address book's path."""
        return self.peer.server.book

    def token(self) -> str:
        """The present sync-token of the calendar."""
        return multistatus.read(self.client.propfind(self.calendar, bodies.POLL, "0")).sync_token

    def new_appointment(self) -> Appointment:
        """An appointment that is not in the store yet: a plain one of the corpus under another UID."""
        sample = self.rng.choice(self.peer.corpus.single())
        return replace(sample, uid=str(UUID(int=self.rng.getrandbits(128), version=4)))

    def changed_appointment(self) -> Appointment:
        """A plain appointment of the corpus with another subject."""
        sample = self.rng.choice(self.peer.corpus.single())
        return replace(sample, subject=f"Changed {self.rng.randrange(10**9)}")

    def etag(self, name: str) -> str:
        """The present entity tag of an event, as a client knows it from its last sync."""
        answer = self.client.report(self.calendar, bodies.multiget([self.calendar + name]))
        return multistatus.read(answer).members[name].etag

    def put_new(self, found: Appointment) -> float:
        """Create an event and check that it is there. The seconds of the PUT."""
        answer = self.client.put(self.calendar + found.name, calendar(found), If_None_Match="*")
        if answer.status not in {201, 204}:
            raise WrongAnswer(f"PUT of a new event: status {answer.status}")
        self.peer.events.add(found.name)
        self.peer.fresh.append(found.name)
        self._check(found)
        return answer.seconds

    def put_changed(self, found: Appointment) -> float:
        """Change an event, demanding that it be the one last seen. The seconds of the PUT."""
        seen = self.etag(found.name)
        answer = self.client.put(self.calendar + found.name, calendar(found), If_Match=seen)
        if answer.status not in {200, 201, 204}:
            raise WrongAnswer(f"PUT of a change: status {answer.status}")
        self._check(found)
        return answer.seconds

    def _check(self, found: Appointment) -> None:
        answer = self.client.send("GET", self.calendar + found.name)
        if answer.status != 200 or f"SUMMARY:{found.subject}".encode() not in answer.body:
            raise WrongAnswer(f"what was put is not there: status {answer.status}")
