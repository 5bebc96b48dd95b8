"""Every page of activities, contacts and administration in every language."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, time

import pytest

from bridge.core.activity import Activity
from bridge.core.contact import Labelled
from bridge.core.event import Privacy
from bridge.core.person import Organization, Person
from tests.harness import CRM
from tests.web.conftest import House
from tests.web.test_pages import check_html
from web.languages import LANGUAGES

WORDS = {"en": "Without a date", "lv": "Bez datuma", "ru": "Без даты", "pl": "Bez daty", "sv": "Utan datum"}


@pytest.mark.parametrize("language", list(LANGUAGES))
def test_pages_speak_the_users_language(house: House, language: str) -> None:
    house.principals.change("zane", lambda user: replace(user, language=language))
    zane, bob = house.principals.find("zane").id, house.principals.find("bob").id
    own = house.activities.create(CRM, Activity("", zane, "Own", due_date=date(2026, 11, 1), due_time=time(9)))
    house.activities.create(CRM, Activity("", zane, "Some day"))
    theirs = house.activities.create(CRM, Activity("", bob, "Theirs", privacy=Privacy.PRIVATE))
    people = [Person("", zane, f"Ilze {n}", emails=(Labelled("i@example.com"),)) for n in range(2)]
    person, _ = [house.contacts.create_person(CRM, each) for each in people]
    firm = house.contacts.create_organization(CRM, Organization("", bob, "Firma"))
    browser = house.browser()
    browser.sign_in("zane")
    activities = ["", "?owner=everyone&status=all", "?q=nothing", "new", str(own.id), str(theirs.id)]
    contacts = ["", "organizations?owner=everyone", "persons/new", f"persons/{person.id}", f"organizations/{firm.id}"]
    admin = ["", "users/new", "users/bob", "types", "types/call", "company", "clients", "audit"]
    paths = [f"/activities/{each}" for each in activities]
    paths += [f"/contacts/{each}" for each in (*contacts, "duplicates/", "?q=nothing")]
    paths += [f"/admin/{each}" for each in admin]
    for path in (*paths, "/preferences/"):
        answer = browser.get(path)
        assert answer.status_code == 200, path
        check_html(answer.text)
        assert f'<html lang="{language}">' in answer.text
    assert WORDS[language] in browser.get("/activities/").text
    for path in ("/activities/new", "/contacts/persons/new", "/admin/users/new", "/admin/types/new"):
        answer = browser.post(path, {"email": "x", "birthday": "x", "at": "x", "duration": "x", "emails_value": "x"})
        assert answer.status_code == 422
        check_html(answer.text)
