"""Subscriptions at Microsoft Graph: asked whether we listen, renewed, ended; and what it sends."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta

import pytest

from bridge import remotes
from bridge.config import Config
from bridge.core.scope import FlowKind
from bridge.errors import Invalid, PermissionMissing, Refused
from bridge.ports import Notice, RemoteId, Watching
from bridge.providers.graph.contacts import DEFAULT
from bridge.providers.graph.push import LIFETIME, GraphHook
from tests.fakes.graph.subscriptions import QUESTION
from tests.harness import NOW, FixedClock
from tests.providers.graph_world import CRM, WORK, CalendarWorld, calendar_world

ADDRESS = "https://dav.example.com/hooks/graph"


@pytest.fixture
def world() -> Iterator[CalendarWorld]:
    with calendar_world() as world:
        world.fake.subscriptions.listens = ask
        yield world


def ask(_address: str, question: str) -> str:
    """What our own hook says to Microsoft's question."""
    found = GraphHook().read({"validationToken": question}, {}, b"")
    assert isinstance(found, str)
    return found


@pytest.mark.parametrize(
    ("kind", "collection", "resource"),
    [
        (FlowKind.CALENDAR, RemoteId(WORK), "/me/calendars/AAkALgAAWork%3D/events"),
        (FlowKind.CONTACTS, RemoteId(CRM), "/me/contactFolders/AAkALgAACrm%3D/contacts"),
        (FlowKind.CONTACTS, DEFAULT, "/me/contacts"),
    ],
)
def test_a_subscription_is_opened_renewed_and_ended(
    world: CalendarWorld, kind: FlowKind, collection: RemoteId, resource: str
) -> None:
    provider = world.provider()
    assert isinstance(provider, Watching)
    channel = provider.watch(kind, collection, ADDRESS, "our-token")
    assert channel is not None
    assert channel.expires_at == NOW + LIFETIME
    known = world.fake.subscriptions.known[channel.id]
    assert (known["resource"], known["clientState"]) == (resource, "our-token")
    assert known["notificationUrl"] == known["lifecycleNotificationUrl"] == ADDRESS
    world.clock.advance(timedelta(days=1))
    longer = provider.renew(channel)
    assert longer is not None
    assert (longer.id, longer.expires_at) == (channel.id, NOW + timedelta(days=1) + LIFETIME)
    provider.unwatch(channel)
    provider.unwatch(channel)
    assert world.fake.subscriptions.known == {}
    assert provider.renew(channel) is None


def test_where_one_calendar_cannot_be_watched_all_are(world: CalendarWorld) -> None:
    world.fake.subscriptions.resources = "/me/events"
    channel = world.provider().watch(FlowKind.CALENDAR, RemoteId(WORK), ADDRESS, "our-token")
    assert channel is not None
    assert channel.resource == "/me/events"


def test_an_address_that_does_not_answer_is_refused(world: CalendarWorld) -> None:
    world.fake.subscriptions.listens = lambda _address, _question: "<html>Sign in</html>"
    with pytest.raises(Refused, match="validation"):
        world.provider().watch(FlowKind.CALENDAR, RemoteId(WORK), ADDRESS, "our-token")


def test_a_missing_permission_is_named(world: CalendarWorld) -> None:
    world.forbid()
    with pytest.raises(PermissionMissing):
        world.provider().watch(FlowKind.CALENDAR, RemoteId(WORK), ADDRESS, "our-token")


def test_a_message_names_subscription_and_token_once(world: CalendarWorld) -> None:
    channel = world.provider().watch(FlowKind.CALENDAR, RemoteId(WORK), ADDRESS, "our-token")
    assert channel is not None
    (body,) = world.fake.subscriptions.message()
    assert GraphHook().read({}, {}, body) == [Notice(channel.id, "our-token")]


@pytest.mark.parametrize(
    ("event", "ended"), [("subscriptionRemoved", True), ("reauthorizationRequired", True), ("missed", False)]
)
def test_lifecycle_events_end_a_subscription_or_ask_to_look(world: CalendarWorld, event: str, ended: bool) -> None:
    world.provider().watch(FlowKind.CALENDAR, RemoteId(WORK), ADDRESS, "our-token")
    (body,) = world.fake.subscriptions.message(lifecycleEvent=event)
    found = GraphHook().read({}, {}, body)
    assert not isinstance(found, str)
    (notice,) = found
    assert (notice.ended, notice.first, notice.number) == (ended, False, None)


def test_the_question_comes_back_as_it_was() -> None:
    assert GraphHook().read({"validationToken": QUESTION}, {}, b"") == QUESTION


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{}", b'{"value": 7}', b'{"value": [7]}', b'{"value": [{}]}', b"[" * 100_000, b"\xff"]
)
def test_what_is_no_message_is_refused(body: bytes) -> None:
    with pytest.raises(Invalid):
        GraphHook().read({}, {}, body)


def test_a_question_without_end_is_refused() -> None:
    with pytest.raises(Invalid):
        GraphHook().read({"validationToken": "x" * 5000}, {}, b"")


def test_a_message_without_our_token_is_told_as_such() -> None:
    body = json.dumps({"value": [{"subscriptionId": "sub", "clientState": None}]}).encode()
    assert GraphHook().read({}, {}, body) == [Notice("sub", "")]


def test_the_installation_listens_and_sends_browsers() -> None:
    assert isinstance(remotes.hooks()["graph"](), GraphHook)
    known = remotes.connectors(Config(), FixedClock())
    assert not remotes.consent_flows(known)["graph"]().is_set_up
