from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from bridge.core.activity import Visibility
from bridge.core.event import EventKind
from bridge.core.projection.options import TypeOption
from tests.web.conftest import Browser, House
from tests.web.test_pages import check_html

FORM = {"default_type": "meeting", "default_visibility": "everyone", "past_days": "0", "include_links": "y"}
SCRIPT = {"X-Requested-With": "fetch"}


def test_the_page_is_valid(house: House, anna: Browser) -> None:
    check_html(anna.get("/preferences/").text)
    assert "/sign-in" in house.browser().get("/preferences/").headers["Location"]


def test_choices_are_saved_at_once(house: House, anna: Browser) -> None:
    sent = {**FORM, "default_type": "call", "default_visibility": "owner", "past_days": "90", "group_cards": "y"}
    answer = anna.post("/preferences/", sent, headers=SCRIPT)
    assert (answer.status_code, answer.json) == (200, {"message": "Saved."})
    user = house.principals.find("anna")
    assert (user.default_type, user.default_visibility, user.past_days) == ("call", Visibility.OWNER, 90)
    assert (user.group_cards, user.include_links) == (True, True)
    assert anna.post("/preferences/", {**FORM, "include_links": ""}).headers["Location"] == "/preferences/"  # no script
    assert house.principals.find("anna").default_type == "meeting"
    sent.pop("include_links")
    anna.post("/preferences/", sent)
    assert not house.principals.find("anna").include_links


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("default_type", "nothing"), ("default_type", "x" * 999), ("default_visibility", "nobody"), ("past_days", ""),
        ("past_days", "-1"), ("past_days", "99999"), ("past_days", "1e3"), ("past_days", "٣"), ("past_days", "9" * 99),
    ],
)  # fmt: skip
def test_mistakes_are_told(house: House, anna: Browser, field: str, value: str) -> None:
    before = house.principals.find("anna")
    answer = anna.post("/preferences/", {**FORM, field: value})
    assert answer.status_code == 422
    check_html(answer.text)
    told: Any = anna.post("/preferences/", {**FORM, field: value}, headers=SCRIPT)
    assert (told.status_code, list(told.json["errors"])) == (422, [field])
    assert house.principals.find("anna") == before


def test_a_type_is_shown_as_a_task(house: House, anna: Browser) -> None:
    sent = {"call-shown_as": "VTODO", "call-color": "teal", "call-reminder": "15"}
    assert anna.post("/preferences/types/call", sent).status_code == 303
    assert house.principals.type_options("anna") == {"call": TypeOption(EventKind.TASK, "teal", timedelta(minutes=-15))}
    assert house.office.client("anna").propfind("/dav/anna/tasks/").status == 207
    page = anna.get("/preferences/").text
    assert 'value="15"' in page
    check_html(page)
    assert anna.post("/preferences/types/call", {"call-shown_as": "VEVENT", "call-color": ""}).status_code == 303
    assert house.principals.type_options("anna") == {"call": TypeOption()}


@pytest.mark.parametrize(
    "change",
    [{"call-shown_as": "VJOURNAL"}, {"call-color": "no colour"}, {"call-reminder": "x"}, {"call-reminder": "99999"}],
)
def test_mistakes_about_types_are_told(house: House, anna: Browser, change: dict[str, str]) -> None:
    sent = {"call-shown_as": "VTODO", "call-color": "teal", "call-reminder": "15", **change}
    answer = anna.post("/preferences/types/call", sent)
    assert answer.status_code == 422
    check_html(answer.text)
    (field,) = change
    told: Any = anna.post("/preferences/types/call", sent, headers=SCRIPT).json
    assert told["errors"]
    assert house.principals.type_options("anna") == {}
    assert field in answer.text


def test_calendars_of_colleagues_are_chosen(house: House, anna: Browser) -> None:
    assert anna.post("/preferences/colleagues", {"colleagues": ["bob"]}).status_code == 303
    assert [each.login for each in house.principals.known_to("anna")] == ["anna", "bob"]
    assert house.office.client("anna").propfind("/dav/anna/of-bob/").status == 207
    for wrong in (["nobody"], ["anna"], ["x" * 999]):
        answer = anna.post("/preferences/colleagues", {"colleagues": wrong})
        assert answer.status_code == 422
        check_html(answer.text)
    assert anna.post("/preferences/colleagues", {}).status_code == 303
    assert [each.login for each in house.principals.known_to("anna")] == ["anna"]


def test_others_change_nothing(house: House, anna: Browser) -> None:
    assert anna.post("/preferences/types/nothing", {}).status_code == 404
    for path in ("", "types/call", "colleagues"):
        assert house.browser().post(f"/preferences/{path}", FORM).status_code == 303
    assert house.principals.type_options("anna") == {}
