from __future__ import annotations

import re
from typing import Any

import pytest

from bridge.core.event import EventKind
from bridge.core.user import Role
from bridge.errors import TemporaryError
from bridge.store.connections import OptionDefault
from tests.web.conftest import PASSWORD, Browser, House
from tests.web.test_pages import check_html

PAGES = ["", "users/new", "users/anna", "types", "types/new", "types/call", "company", "clients", "audit"]
USER = {"name": "Eva", "email": "eva@example.com", "role": "regular", "enabled": "y", "may_add_people": "y"}
TYPE = {"name": "Visit", "shown_as": "VEVENT", "color": "teal", "reminder": "10", "duration": "45", "active": "y"}
NASTY = "<script>alert(1)</script>\"'><b>x</b>"


@pytest.fixture
def zane(house: House) -> Browser:
    browser = house.browser()
    assert browser.sign_in("zane").status_code == 303
    return browser


def noted(house: House) -> list[str]:
    return [each.action for each in house.audit.entries(None)]


@pytest.mark.parametrize("path", PAGES)
def test_only_administrators_see_the_pages(house: House, anna: Browser, zane: Browser, path: str) -> None:
    answer = zane.get(f"/admin/{path}")
    assert answer.status_code == 200
    check_html(answer.text)
    assert anna.get(f"/admin/{path}").status_code == 403
    assert house.browser().get(f"/admin/{path}").status_code == 303
    assert 'href="/admin/"' not in anna.get("/").text


def test_a_user_is_added_and_changed(house: House, zane: Browser) -> None:
    sent = {**USER, "login": "eva", "password": PASSWORD}
    assert zane.post("/admin/users/new", sent).headers["Location"] == "/admin/"
    eva = house.principals.find("eva")
    assert (eva.name, eva.may_add_people, eva.may_add_organizations, eva.enabled) == ("Eva", True, False, True)
    browser = house.browser()
    assert browser.sign_in("eva").status_code == 303
    again = zane.post("/admin/users/new", sent)
    assert again.status_code == 422
    assert "already" in again.text
    assert zane.post("/admin/users/eva", {**USER, "enabled": "", "role": "admin"}).status_code == 303
    assert house.principals.find("eva").role is Role.ADMIN
    assert zane.post("/admin/users/eva", {"role": "regular"}).status_code == 303
    assert not house.principals.find("eva").enabled
    assert browser.get("/activities/").status_code == 303  # shut out at once
    assert noted(house) == ["user.change", "user.change", "user.add"]


def test_a_password_is_set(house: House, zane: Browser, anna: Browser) -> None:
    assert zane.post("/admin/users/anna/password", {"set-password": "quite another one"}).status_code == 303
    assert anna.get("/activities/").status_code == 303
    assert house.browser().sign_in("anna", "quite another one").status_code == 303
    for wrong in ("", "short", "x" * 1001):
        answer = zane.post("/admin/users/anna/password", {"set-password": wrong})
        assert answer.status_code == 422
        check_html(answer.text)


def test_administrators_do_not_shut_themselves_out(house: House, zane: Browser) -> None:
    for change in ({"role": "regular"}, {"enabled": ""}):
        sent = {**USER, "role": "admin", **change}
        answer = zane.post("/admin/users/zane", {name: value for name, value in sent.items() if value})
        assert answer.status_code == 422
        check_html(answer.text)
    assert house.principals.find("zane").role is Role.ADMIN


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("login", ""), ("login", "a/b"), ("login", "x" * 65), ("login", "."), ("login", "a\x00"), ("name", "x" * 256),
        ("name", "a\nb"), ("email", "nonsense"), ("email", "a b@c"), ("email", "x" * 300 + "@y"), ("role", "king"),
        ("password", "short"), ("password", "x" * 1001),
    ],
)  # fmt: skip
def test_mistakes_about_users_are_told(house: House, zane: Browser, field: str, value: str) -> None:
    answer = zane.post("/admin/users/new", {**USER, "login": "eva", field: value})
    assert answer.status_code == 422
    check_html(answer.text.replace("\x00", ""))
    told = re.search(rf'id="{field}-error">([^<]*)<', answer.text)
    assert told
    assert told[1].strip()
    assert len(house.principals.all()) == 3


def test_what_is_not_there(zane: Browser) -> None:
    for path in ("users/nobody", "types/nothing", "clients/yahoo", "company/options/nothing", "users/nobody/password"):
        assert zane.post(f"/admin/{path}", {**USER, **TYPE, "set-password": PASSWORD}).status_code == 404
    assert zane.post("/admin/types/nothing/up").status_code == 404
    assert zane.post("/admin/clients/yahoo/test").status_code == 404
    assert zane.post("/admin/clients/yahoo/clear").status_code == 404


def test_types_are_added_changed_and_ordered(house: House, zane: Browser) -> None:
    assert zane.post("/admin/types/new", TYPE).status_code == 303
    kinds = {kind.key: kind for kind in house.activities.types()}
    assert kinds["visit"].color == "teal"
    assert (
        zane.post("/admin/types/visit", {**TYPE, "name": "Call on", "shown_as": "VTODO", "reminder": ""}).status_code
        == 303
    )
    changed = house.types.get(house.principals.find("zane"), "visit")
    assert (changed.name, changed.shown_as, changed.reminder, changed.former_names) == (
        "Call on",
        EventKind.TASK,
        None,
        ("Visit",),
    )
    assert zane.post("/admin/types/visit/up").status_code == 303
    assert [kind.key for kind in house.activities.types()][-2] == "visit"
    sent = {name: value for name, value in TYPE.items() if name != "active"}
    assert zane.post("/admin/types/visit", sent).status_code == 303
    assert not house.types.get(house.principals.find("zane"), "visit").active
    page = zane.get("/admin/types").text
    assert "archived" in page
    check_html(page)
    assert zane.post("/admin/types/new", {**TYPE, "name": "CALL"}).status_code == 422


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""), ("name", "x" * 256), ("name", "a\nb"), ("shown_as", "VJOURNAL"), ("color", "no colour"),
        ("color", "#fff"), ("reminder", "-1"), ("reminder", "999999"), ("duration", ""), ("duration", "0"),
        ("duration", "1441"), ("duration", "x"),
    ],
)  # fmt: skip
def test_mistakes_about_types_are_told(house: House, zane: Browser, field: str, value: str) -> None:
    answer = zane.post("/admin/types/new", {**TYPE, field: value})
    assert answer.status_code == 422
    check_html(answer.text)
    assert "visit" not in {kind.key for kind in house.activities.types()}


@pytest.mark.parametrize(
    ("key", "field", "sent", "value"),
    [
        ("calendar.direction", "calendar-direction-direction", "one-way", "one-way"),
        ("calendar.types", "calendar-types-types", ["call", "meeting"], ["call", "meeting"]),
        ("calendar.types", "calendar-types-types", ["call", "meeting", "task", "deadline"], None),
        ("calendar.default_type", "calendar-default_type-default_type", "call", "call"),
        ("calendar.private", "calendar-private-private", "skip", "skip"),
        ("calendar.include_links", "calendar-include_links-include_links", "", False),
        ("calendar.include_links", "calendar-include_links-include_links", "y", True),
        ("contacts.direction", "contacts-direction-direction", "one-way", "one-way"),
        ("contacts.visibility", "contacts-visibility-visibility", "owner", "owner"),
        ("policy", "policy-policy", "ask", "ask"),
        ("interval", "interval-interval", "3600", 3600),
    ],
)
def test_options_are_decided_and_left(house: House, zane: Browser, key: str, field: str, sent: Any, value: Any) -> None:
    path, mode = f"/admin/company/options/{key}", f"{key.replace('.', '-')}-mode"
    data = {mode: "forced", **({field: sent} if sent else {})}
    assert zane.post(path, data).status_code == 303
    assert house.company.all()[key] == OptionDefault(key, value, forced=True)
    check_html(zane.get("/admin/company").text)
    assert zane.post(path, {**data, mode: "default"}, headers={"X-Requested-With": "fetch"}).json == {
        "message": "Saved."
    }
    assert house.company.all()[key].forced is False
    assert zane.post(path, {mode: "free"}).status_code == 303
    assert key not in house.company.all()
    assert noted(house) == ["option.clear", "option.set", "option.set"]


@pytest.mark.parametrize(
    ("key", "data"),
    [
        ("policy", {"policy-mode": "king", "policy-policy": "ask"}),
        ("policy", {"policy-mode": "forced", "policy-policy": "x" * 999}),
        ("interval", {"interval-mode": "forced", "interval-interval": "1"}),
        ("calendar.types", {"calendar-types-mode": "forced", "calendar-types-types": ["nothing"]}),
    ],
)  # fmt: skip
def test_mistakes_about_options_are_told(house: House, zane: Browser, key: str, data: dict[str, Any]) -> None:
    answer = zane.post(f"/admin/company/options/{key}", data)
    assert answer.status_code == 422
    check_html(answer.text)
    assert zane.post(f"/admin/company/options/{key}", data, headers={"X-Requested-With": "fetch"}).status_code == 422
    assert key not in house.company.all()


def test_everything_is_paused_and_goes_on(house: House, zane: Browser) -> None:
    assert zane.post("/admin/company/pause").status_code == 303
    page = zane.get("/admin/company").text
    assert "All connections are paused." in page
    check_html(page)
    assert zane.post("/admin/company/resume").status_code == 303
    assert noted(house) == ["resume.all", "pause.all"]


def test_a_notice_stands_on_every_page(house: House, zane: Browser, anna: Browser) -> None:
    assert zane.post("/admin/company/notice", {"text": f"Down {NASTY}"}).status_code == 303
    for page in (anna.get("/activities/"), house.browser().get("/sign-in"), anna.get("/nowhere")):
        assert "Down &lt;script&gt;" in page.text
        check_html(page.text)
    for wrong in ("x" * 1001, "a\x00b"):
        assert zane.post("/admin/company/notice", {"text": wrong}).status_code == 422
    zane.post("/admin/company/notice", {"text": " "})
    assert 'class="banner"' not in anna.get("/activities/").text


def test_a_registration_is_kept_and_tested(house: House, zane: Browser) -> None:
    sent = {"graph-client_id": "abc", "graph-secret": "s3cret", "graph-tenant": "contoso.example"}
    assert zane.post("/admin/clients/graph", sent).status_code == 303
    page = zane.get("/admin/clients").text
    assert "s3cret" not in page
    check_html(page)
    house.answer = TemporaryError("Nobody answers <b>.")
    page = zane.post("/admin/clients/graph/test").text
    assert "Nobody answers &lt;b&gt;." in page
    check_html(page)
    house.answer = {"authorization_endpoint": "https://x.example/a", "token_endpoint": "https://x.example/t"}
    assert "The provider answers at" in zane.post("/admin/clients/graph/test").text
    assert house.asked[-1] == "https://login.microsoftonline.com/contoso.example/v2.0/.well-known/openid-configuration"
    assert zane.post("/admin/clients/graph/clear").status_code == 303
    assert zane.post("/admin/clients/graph/test").status_code == 404
    for wrong in (
        {"graph-secret": "x"},
        {**sent, "graph-tenant": "a/b"},
        {"graph-client_id": "x"},
        {**sent, "graph-client_id": "x" * 300},
    ):
        answer = zane.post("/admin/clients/graph", wrong)
        assert answer.status_code == 422
        check_html(answer.text)


def test_the_audit_shows_texts_as_texts_and_has_pages(house: House, zane: Browser) -> None:
    zane.post("/admin/users/anna", {**USER, "name": NASTY})
    page = zane.get("/admin/audit").text
    assert "<b>x</b>" not in page
    assert "changed a user" in page
    check_html(page)
    for number in range(101):
        zane.post("/admin/company/notice", {"text": f"n{number}"})
    page = zane.get("/admin/audit").text
    link = re.search(r'rel="next" href="([^"]+)"', page)
    assert link
    assert "changed a user" in zane.get(link[1]).text
    assert zane.get("/admin/audit?before=nonsense").status_code == 200
    assert zane.get("/admin/audit?before=99999999999999999").status_code == 200
