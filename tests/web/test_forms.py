"""Every form and every page about somebody's things, as the application lists them: forged, or asked for by others."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from PIL import Image
from sqlalchemy import select
from werkzeug.routing import Rule

from bridge.config import Config
from bridge.core.activity import Visibility
from bridge.core.contact import Photo
from bridge.core.person import Person
from bridge.errors import Refused
from bridge.providers.memory.misbehaviour import Call, Fault, Raises
from bridge.services.actor import Actor
from bridge.services.onboarding import Program
from bridge.services.troubles import FAILED
from bridge.store import runs
from bridge.store.database import Database
from bridge.store.models import Base
from bridge.store.models.journal import Source
from tests.web.conftest import Browser
from tests.web.sync_house import SyncHouse, furnished
from tests.web.test_health_pages import disputed, results
from web import create_app

# Programs send these, without a session that somebody could abuse.
OPEN = {"hooks.hear", "login_flow.start", "login_flow.poll"}
# What is about nobody's things: what is new, the types of all, and what opens to whoever has been given its address.
NOBODYS = {
    "consent.answer",
    "consent.ask",
    "contacts.add",
    "contacts.new",
    "devices.steps",
    "feeds.activities",
    "oauth.back",
    "oauth.begin",
    "oauth.go",
    "onboarding.go_on",
    "onboarding.look",
    "onboarding.profile",
    "preferences.choose_type",
    "static",
}
# As much as any form asks for, so that nothing but the owner is wrong.
SENT = {
    "subject": "Mine",
    "type": "call",
    "name": "Mine",
    "visibility": "everyone",
    "answer": "accept",
    "part-summary": "ours",
    "wanted": "/home",
    "confirmed": "yes",
    "secret": "mine",
    "calendar-direction": "two-way",
    "calendar-types": ["call", "meeting"],
    "calendar-default_type": "meeting",
    "calendar-private": "as-private",
    "calendar-visibility": "everyone",
}
# What takes away what the others are about, in an order in which each still finds its own.
LAST = (
    *("accounts.change", "accounts.choose", "accounts.stop", "health.undo_there", "health.undo"),
    *("activities.delete", "contacts.delete", "journal.undo", "journal.undo_run", "accounts.remove"),
)
FOUND = {200, 303, 409, 422}  # shown, done, or refused for another reason than that it is not there
SIGNS_OF_LIFE = {"page_sessions"}  # when a browser was last seen


@dataclass(frozen=True)
class Place:
    """A company in which Anna has one of everything that an address can name."""

    house: SyncHouse
    app: Flask
    named: dict[str, Any]

    def rules(self, method: str) -> list[Rule]:
        found = (rule for rule in self.app.url_map.iter_rules() if rule.endpoint not in OPEN)
        return [rule for rule in found if method in (rule.methods or ())]

    def owned(self, method: str) -> list[Rule]:
        """What is about somebody's things, in an order in which everything is still there."""
        found = [rule for rule in self.rules(method) if rule.arguments and rule.endpoint not in NOBODYS]
        return sorted(found, key=lambda rule: LAST.index(rule.endpoint) if rule.endpoint in LAST else -1)

    def path(self, rule: Rule) -> str:
        """The address of Anna's thing. Whoever adds another kind of thing has to name it here."""
        found = {each: self.named.get(f"{rule.endpoint} {each}", self.named.get(each)) for each in rule.arguments}
        assert None not in found.values(), f"Nobody has said what to try {rule.rule} with."
        return self.app.url_map.bind("127.0.0.1").build(rule.endpoint, found)

    def browser(self, login: str) -> Browser:
        browser = Browser(self.app.test_client())
        assert browser.sign_in(login).status_code == 303
        return browser

    def state(self) -> dict[str, list[Any]]:
        """Everything that is stored."""
        tables = [table for table in Base.metadata.sorted_tables if table.name not in SIGNS_OF_LIFE]
        with self.house.database.read() as session:
            return {table.name: [tuple(row) for row in session.execute(select(table))] for table in tables}


@pytest.fixture
def place(sqlite_database: Database, tmp_path: Path) -> Iterator[Place]:
    house = furnished(sqlite_database, tmp_path)
    yield Place(house, create_app(house, Config()), things(house))
    house.close()


def things(house: SyncHouse) -> dict[str, Any]:
    number, link = disputed(house)
    for subject in ("Refused", "Refused too"):
        house.activity(subject)
    house.remote.misbehave(Fault(Call.CREATE, Raises(Refused("No room there.")), times=2))
    house.run(number)
    refused = [each.id for each in results(house, number) if each.outcome in FAILED]
    anna = house.principals.find("anna")
    run = house.troubles.runs(anna, number)[-1].id
    with house.database.read() as session:
        change = runs.remote_changes(session, run_id=run)[0].id
    imported = Actor(anna.id, Source.IMPORT, run="run-1")
    person = Person("", anna.id, "Ilze", photo=picture(), visibility=Visibility.OWNER)
    hidden = house.activity("Hidden", visibility=Visibility.OWNER)
    return {
        "connection_id": number,
        "link_id": link,
        "health.retry result_id": refused[0],
        "health.ignore result_id": refused[1],
        "run_id": run,
        "change_id": change,
        "journal.undo_run run_id": "run-1",
        "entry_id": house.journal.entries()[-1].id,
        "activity_id": hidden.id,
        "record_id": house.contacts.create_person(imported, person).id,
        "kind": "persons",
        "accounts.choose kind": "calendar",
        "accounts.choices kind": "calendar",
        "what": "calendar",
        "session_id": session_of(house, "anna"),
        "device_id": house.devices.add("anna", "Phone")[0].id,
        "feed_id": house.feeds.add("anna", "Family")[0].id,
        "key": "call",
        "admin.decide key": "policy",
        "login": "bob",
        "provider": "google",
        "program": Program.KHAL.value,
        "secret": "nobody-knows",
        "page": "nobody-knows",
    }


def picture() -> Photo:
    target = BytesIO()
    Image.new("RGB", (8, 8)).save(target, "JPEG")
    return Photo(target.getvalue(), "image/jpeg")


def session_of(house: SyncHouse, login: str) -> int:
    user = house.principals.find(login)
    house.signing_in.begin(user, "Laptop")
    return house.signing_in.sessions(user)[0].id


def test_a_forged_form_does_nothing(place: Place) -> None:
    """Not even an administrator's, and with nobody's token: none, nonsense, or one of another session."""
    zane, nobody, token = place.browser("zane"), place.house.browser(), place.browser("bob").token
    forged: list[dict[str, str]] = [{}, *({"csrf_token": each} for each in ("", "x", "a.b.c", token))]
    before, wrong = place.state(), []
    for rule in place.rules("POST"):
        for data in forged:
            answer = zane.client.post(place.path(rule), base_url=zane.base_url, data={**SENT, **data})
            if answer.status_code != 400 or "Please try again" not in answer.text:
                wrong.append((rule.rule, data, answer.status))
        answer = nobody.client.post(place.path(rule), base_url=nobody.base_url, data=SENT)
        if answer.status_code != 400 and not answer.headers.get("Location", "").startswith("/sign-in?"):
            wrong.append((rule.rule, {}, answer.status))
    assert wrong == []
    assert place.state() == before


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_what_is_somebody_elses_is_not_there(place: Place, method: str) -> None:
    """It might as well not exist; what administrators do is refused."""
    bob = place.browser("bob")
    before, wrong = place.state(), []
    for rule in place.owned(method):
        path = place.path(rule)
        answer = bob.get(path) if method == "GET" else bob.post(path, SENT)
        expected = 403 if rule.endpoint.startswith("admin.") else 404
        if answer.status_code != expected or re.search("Hidden|Ilze|elsewhere|Call", answer.text):
            wrong.append((rule.rule, answer.status))
    assert wrong == []
    assert place.state() == before
    assert place.house.queue.waiting() == []


def test_only_administrators_administer(place: Place) -> None:
    bob, before = place.browser("bob"), place.state()
    rules = [rule for rule in place.rules("POST") if rule.endpoint.startswith("admin.")]
    answers = {rule.rule: bob.post(place.path(rule), SENT).status_code for rule in rules}
    assert set(answers.values()) == {403}, answers
    assert place.state() == before


def test_its_owner_finds_each_of_them(place: Place) -> None:
    """Or it would prove nothing that others do not."""
    anna, wrong = place.browser("anna"), []
    assert anna.get("/accounts/999999").status_code == anna.post("/accounts/999999/stop").status_code == 404
    for rule in place.owned("GET"):
        if not rule.endpoint.startswith("admin."):
            answer = anna.get(place.path(rule))
            wrong += [] if answer.status_code in FOUND else [(rule.rule, answer.status)]
    for rule in place.owned("POST"):
        if not rule.endpoint.startswith("admin."):
            answer = anna.post(place.path(rule), SENT)
            wrong += [] if answer.status_code in FOUND else [("POST", rule.rule, answer.status)]
    assert wrong == []
