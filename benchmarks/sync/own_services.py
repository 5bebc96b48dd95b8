"""The other side of a sync under measurement: services of our own that speak the API of a provider, in this process.

Their requests are what counts; the time that they take is in ours.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from benchmarks.filling import LOGIN
from benchmarks.sync.remotes import Opened
from bridge.core.scope import FlowKind
from bridge.ports import Clock, Connector
from bridge.services.connections import NewAccount

GOOGLE, GRAPH, EXCHANGE = "Google of our own", "Microsoft 365 of our own", "Exchange of our own"
_ADDRESS = f"{LOGIN}@example.com"


class AtGoogle:
    """An account at a Google."""

    name, kind, keeps_uids = GOOGLE, "google", False

    def __init__(self, fake: Any, clock: Clock) -> None:
        from bridge.providers.google.provider import GoogleConnector  # noqa: PLC0415 - only where it is measured

        self._fake = fake
        self._connector = GoogleConnector(fake.installation, clock)
        self._opened = Opened()
        self.account = NewAccount(self.kind, _ADDRESS, secret=fake.secret())

    def connector(self, clock: Clock) -> Connector:  # noqa: ARG002 - it has one already
        """Open accounts by the provider that users have."""
        return self._opened.through(self._connector)

    def asked(self) -> Mapping[str, int]:
        """What all accounts sent that were opened since."""
        return self._opened.asked()

    def uids(self, kind: FlowKind) -> set[str]:
        """The UIDs that our objects are remembered by."""
        if kind is FlowKind.CALENDAR:
            events = self._fake.calendars.primary.events.values()
            rows = (each.get("extendedProperties", {}).get("private", {}) for each in events)
            return {row["davbridgeUid"] for row in rows if "davbridgeUid" in row}
        rows = (each for person in self._fake.people.people.values() for each in person.get("clientData", []))
        return {row["value"] for row in rows if row["key"] == "davbridge-uid"}

    def edit(self, kind: FlowKind) -> None:
        """Change the first object."""
        if kind is FlowKind.CALENDAR:
            calendar = self._fake.calendars.primary
            name = next(iter(calendar.events))
            calendar.events[name]["summary"] += " (changed)"
            calendar.touch(name)
            return
        people = self._fake.people
        name = next(iter(people.people))
        people.people[name]["biographies"] = [{"value": "Changed.", "contentType": "TEXT_PLAIN"}]
        people.touch(name)


class _Counting:
    """A service that counts its requests by what they ask for."""

    def __init__(self, fake: Any, running: Any) -> None:
        self._fake = fake
        self._running = running

    def asked(self) -> Mapping[str, int]:
        """What came since, by the name of the call."""
        found = Counter(self._fake.calls)
        self._fake.calls.clear()
        self._running.asked.clear()  # with all that was in it
        return found


class AtGraph(_Counting):
    """A mailbox at a Microsoft Graph."""

    name, kind, keeps_uids = GRAPH, "graph", False

    def __init__(self, fake: Any, running: Any, clock: Clock) -> None:
        super().__init__(fake, running)
        self.account = NewAccount(self.kind, _ADDRESS, secret=fake.secret())
        self._calendar = next(iter(fake.calendars.values()))
        self._folder = next(iter(fake.folders.values()))
        self._calendar.now = self._folder.now = clock.now

    def connector(self, clock: Clock) -> Connector:
        """Open accounts by the provider that users have."""
        from bridge.providers.graph.provider import GraphConnector  # noqa: PLC0415 - only where it is measured

        return GraphConnector(self._fake.installation, clock)

    def asked(self) -> Mapping[str, int]:
        """What came since; what is in a batch counts with it."""
        self._fake.inner.clear()
        return super().asked()

    def uids(self, kind: FlowKind) -> set[str]:
        """The UIDs that our objects are remembered by."""
        events = (item.raw for item in self._calendar.items.values())
        raws = events if kind is FlowKind.CALENDAR else self._folder.contacts.values()
        texts = (text for raw in raws for text in raw["properties"].values() if text.startswith("{"))
        return {str(json.loads(text).get("uid")) for text in texts}

    def edit(self, kind: FlowKind) -> None:
        """Change the first object."""
        if kind is FlowKind.CALENDAR:
            id_, item = next(iter(self._calendar.items.items()))
            self._calendar.patch(id_, {"subject": f"{item.raw['subject']} (changed)"})
        else:
            self._folder.patch(next(iter(self._folder.contacts)), {"personalNotes": "Changed."})


class AtExchange(_Counting):
    """A mailbox at an Exchange server."""

    name, kind, keeps_uids = EXCHANGE, "exchange", False

    def __init__(self, fake: Any, running: Any, clock: Clock) -> None:
        super().__init__(fake, running)
        self._mailbox = fake.mailbox
        self._mailbox.now = clock.now
        sign_in = fake.sign_in()
        self.account = NewAccount(self.kind, sign_in.address, sign_in.url, sign_in.username, sign_in.secret)

    def connector(self, clock: Clock) -> Connector:  # noqa: ARG002 - it needs none
        """Open accounts by the provider that users have."""
        from bridge.providers.exchange.installation import Installation  # noqa: PLC0415 - only where it is measured
        from bridge.providers.exchange.provider import ExchangeConnector  # noqa: PLC0415

        return ExchangeConnector(Installation())

    def uids(self, kind: FlowKind) -> set[str]:
        """The UIDs that our objects are remembered by."""
        own = (
            element
            for item in self._folder(kind).items.values()
            for key, element in item.props.items()
            if key[-1] == "davbridgeUid"
        )
        return {element[-1].text for element in own}

    def edit(self, kind: FlowKind) -> None:
        """Change the first object."""
        from bridge.providers.exchange.xml import make  # noqa: PLC0415 - only where it is measured

        folder = self._folder(kind)
        item = next(iter(folder.items.values()))
        uri = "item:Subject" if kind is FlowKind.CALENDAR else "contacts:JobTitle"
        item.props[(uri,)] = make(f"t:{uri.partition(':')[2]}", "Changed")
        self._mailbox.touch(folder, item)

    def _folder(self, kind: FlowKind) -> Any:
        return self._mailbox.distinguished("calendar" if kind is FlowKind.CALENDAR else "contacts")


@contextmanager
def our_google(clock: Clock) -> Iterator[AtGoogle]:
    """Start a Google of our own for as long as it is needed."""
    from tests.fakes.google.server import google  # noqa: PLC0415 - only where it is measured

    with google() as (fake, _):
        fake.people.now = clock.now
        yield AtGoogle(fake, clock)


@contextmanager
def our_graph(clock: Clock) -> Iterator[AtGraph]:
    """Start a Microsoft Graph of our own for as long as it is needed."""
    from tests.fakes.graph.server import graph  # noqa: PLC0415 - only where it is measured

    with graph() as (fake, running):
        yield AtGraph(fake, running, clock)


@contextmanager
def our_exchange(clock: Clock) -> Iterator[AtExchange]:
    """Start an Exchange server of our own for as long as it is needed."""
    from tests.fakes.exchange.server import exchange  # noqa: PLC0415 - only where it is measured

    with exchange() as (fake, running):
        yield AtExchange(fake, running, clock)
