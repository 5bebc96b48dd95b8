"""What is drawn again in the background: how far it has come, on the pages where it was asked for."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from bridge.core.activity import Activity
from bridge.core.person import Organization
from bridge.services import redrawing
from tests.harness import CRM
from tests.web.conftest import Browser, House

CHOICES = {"default_type": "call", "default_visibility": "everyone", "past_days": "0"}
TYPE = {"name": "Zvans", "shown_as": "VEVENT", "color": "", "duration": "30", "reminder": "", "active": "y"}


@pytest.fixture
def zane(house: House) -> Browser:
    """A browser that is signed in as the administrator Zane."""
    browser = house.browser()
    assert browser.sign_in("zane").status_code == 303
    return browser


@pytest.fixture(autouse=True)
def _many(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Anna has very many activities."""
    monkeypatch.setattr(redrawing, "AT_ONCE", 3)
    monkeypatch.setattr(redrawing, "PORTION", 3)
    owner = house.principals.find("anna").id
    for number in range(5):
        house.activities.create(CRM, Activity("", owner, f"Call {number}", "call", date(2026, 12, 1)))


def test_a_type_is_saved_at_once_and_the_page_tells_how_far_it_is(house: House, zane: Browser) -> None:
    assert "data-refresh" not in zane.get("/admin/types").text
    assert zane.post("/admin/types/call", TYPE).status_code == 303
    for done in (0, 3):
        for path in ("/admin/types", "/redraws/"):
            page = zane.get(path).text
            assert f"Done: {done} of 5." in page
            assert 'data-refresh="/redraws/"' in page
            assert f'value="{20 * done}"' in page
        assert house.redraws.step()
    assert "data-refresh" not in zane.get("/admin/types").text
    assert "All devices can see the change now." in zane.get("/redraws/").text


def test_one_is_told_of_ones_own(house: House, anna: Browser, zane: Browser) -> None:
    assert anna.post("/preferences/", CHOICES).status_code == 303
    for path in ("/preferences/", "/profile/"):
        assert "Done: 0 of 5." in anna.get(path).text
    bob = house.browser()
    bob.sign_in("bob")
    assert "data-refresh" not in bob.get("/preferences/").text
    assert "Done" not in bob.get("/redraws/").text
    assert "Done: 0 of 5." in zane.get("/redraws/").text


def test_another_name_of_an_organization_that_many_show(house: House, anna: Browser, zane: Browser) -> None:
    owner = house.principals.find("anna").id
    firm = house.contacts.create_organization(CRM, Organization("", owner, "Before"))
    for each in house.activities.owned_by(owner):
        house.activities.change(CRM, each.id, lambda found: replace(found, organization_id=firm.id))
    assert (
        anna.post(f"/contacts/organizations/{firm.id}", {"name": "After", "visibility": "everyone"}).status_code == 303
    )
    for browser, path in ((anna, "/contacts/organizations"), (zane, "/admin/")):
        assert "Done: 0 of 5." in browser.get(path).text
    house.redraws.finish(lambda _: None)
    assert "data-refresh" not in anna.get("/contacts/organizations").text


def test_the_script_is_told_to_show_it(house: House, anna: Browser) -> None:
    headers = {"X-Requested-With": "fetch"}
    assert anna.post("/preferences/", CHOICES, headers=headers).get_json()["reload"] is True
    house.redraws.finish(lambda _: None)
    assert anna.post("/preferences/", CHOICES, headers=headers).get_json() == {"message": "Saved."}


def test_guests_are_told_nothing(house: House) -> None:
    assert "/sign-in" in house.browser().get("/redraws/").headers["Location"]
