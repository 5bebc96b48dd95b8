"""What services say is told in the user's language, whatever names stand in it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from flask_babel import force_locale

from bridge.config import Config
from bridge.core import guard, rules
from bridge.core.activity import Activity, Visibility
from bridge.core.contact import Contact, ContactKind
from bridge.core.event import Event, EventKind, Privacy
from bridge.core.guard import Counts
from bridge.core.rules import LeaveOut, Verdict
from bridge.core.scope import CalendarScope, ContactScope, Direction, PrivatePolicy
from bridge.errors import PermissionMissing
from bridge.providers.caldav.quirks import SERVICES
from tests.web.conftest import Answering
from web import create_app, sentences
from web.spoken import INSTEAD, SPOKEN

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
WAY = Direction.ONE_WAY


@pytest.fixture
def app() -> Flask:
    return create_app(Answering(), Config())


@pytest.fixture(params=["lv", "pl", "ru", "sv"])
def abroad(app: Flask, request: pytest.FixtureRequest) -> Iterator[str]:
    with app.test_request_context("/"), force_locale(request.param):
        yield request.param


def verdicts() -> list[Verdict]:
    """Every reason that the rules know."""
    mine = Activity("u", 1, "Call", "call", NOW.date())
    event = Event("u", start=NOW, end=NOW + timedelta(hours=1), type_key="call")
    scope, contacts = CalendarScope(1, since=NOW), ContactScope(1)
    own = {"user_id": 1, "component": EventKind.EVENT, "shown_as": EventKind.EVENT, "reachable": True}
    others = {"subject_id": 1, "viewer_id": 2, "linked": [], "reachable": True}
    journey = {"zone": UTC, "now": NOW, "linked": False}

    def own_calendar(activity: Activity, **changes: object) -> Verdict:
        return rules.in_own_calendar(activity, **{**own, **changes})  # type: ignore[arg-type]

    def colleagues(activity: Activity, **changes: object) -> Verdict:
        return rules.in_colleagues_calendar(activity, **{**others, **changes})  # type: ignore[arg-type]

    def incoming(contact: Contact, *, people: bool = True, organizations: bool = True) -> Verdict:
        allowed = {"may_add_people": people, "may_add_organizations": organizations}
        return rules.incoming_contact(contact, contacts, linked=False, **allowed)

    named = Contact("u", formatted_name="Anna")
    found = [
        own_calendar(replace(mine, deleted=True)),
        own_calendar(replace(mine, owner_id=2)),
        own_calendar(replace(mine, due_date=None)),
        own_calendar(mine, shown_as=EventKind.TASK),
        own_calendar(mine, component=EventKind.TASK),
        own_calendar(mine, reachable=False),
        colleagues(replace(mine, visibility=Visibility.OWNER)),
        colleagues(mine, linked=[Activity("l", 3, visibility=Visibility.OWNER)]),
        rules.one_way(replace(scope, direction=WAY)),
        rules.one_way(replace(contacts, direction=WAY)),
        rules.outgoing_event(event, replace(scope, types=frozenset()), **journey),
        rules.outgoing_event(replace(event, start=None, end=None), scope, **journey),
        rules.outgoing_event(
            replace(event, privacy=Privacy.PRIVATE), replace(scope, private=PrivatePolicy.SKIP), **journey
        ),
        rules.outgoing_event(event, replace(scope, since=NOW + timedelta(days=9)), **journey),
        incoming(replace(named, kind=ContactKind.ORGANIZATION)),
        incoming(replace(named, kind=ContactKind.GROUP)),
        incoming(Contact("u")),
        incoming(named, people=False),
        incoming(named, organizations=False),
    ]
    return [each for each in found if each is not None]


def test_every_rule_speaks_every_language(abroad: str) -> None:
    for verdict in verdicts():
        assert isinstance(verdict, LeaveOut), verdict
        for text in (verdict.reason, verdict.remedy):
            told = sentences.translated(text)
            assert told is not None, text
            assert told != text, (abroad, text)


def test_the_guard_does_too(abroad: str) -> None:
    for counts in (
        Counts(9, 0, 0, 9, 0),
        Counts(9, 0, 0, 0, 9),
        Counts(20, 15, 0, 20, 5),
        Counts(20, 0, 15, 5, 20),
    ):
        danger = guard.check(counts)
        assert danger is not None
        told = sentences.translated(danger.message)
        assert told is not None, (abroad, danger.message)
        assert str(counts.linked) in told


def test_services_and_their_remedies(abroad: str) -> None:
    for service in SERVICES:
        assert sentences.translated(service.instead or service.remedy), (abroad, service)
    told = sentences.translated("the CalDAV server does not accept user name and password.")
    assert told
    assert "the CalDAV server" not in told
    assert sentences.translated(str(PermissionMissing("calendars.read")))


def test_each_sentence_is_found_by_its_shape(abroad: str) -> None:
    for message in [*SPOKEN, *INSTEAD]:
        names = re.findall(r"%\((\w+)\)s", message)
        text = message % {name: f"<{name} & Co>" for name in names}
        told = sentences.translated(text)
        assert told is not None, (abroad, text)
        assert told != message


def test_what_nobody_knows_is_marked_as_english(abroad: str) -> None:
    assert sentences.said("The cat <b>sat</b> down.") == '<span lang="en">The cat &lt;b&gt;sat&lt;/b&gt; down.</span>'
    assert sentences.said("") == ""
    assert abroad


def test_in_english_it_stays_as_it_is(app: Flask) -> None:
    with app.test_request_context("/"):
        assert sentences.said("The cat sat <down>.") == "The cat sat &lt;down&gt;."
        assert sentences.said("Only its owner may see it.") == "Only its owner may see it."
        assert sentences.plainly("Reconnect connection 7 first.") == "Reconnect it first."


def test_names_in_sentences_are_text(app: Flask) -> None:
    with app.test_request_context("/"), force_locale("lv"):
        told = sentences.said("Activities of the type “<script>” are not synced.")
        assert "&lt;script&gt;" in told
        assert "<script>" not in told


def test_a_text_without_end_is_not_searched(app: Flask) -> None:
    with app.test_request_context("/"), force_locale("lv"):
        assert sentences.translated("It has: " + "x" * 100_000) is None
