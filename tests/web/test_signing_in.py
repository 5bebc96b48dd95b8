"""Signing in with a password: sessions, their end, forged forms, guessing, and where a browser is sent."""

from dataclasses import replace
from datetime import timedelta

import pytest
from argon2 import PasswordHasher
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bridge.errors import NotAllowed
from bridge.services.signing_in import Limits, SigningIn
from tests.web.conftest import KEY, PASSWORD, QUICK, Browser, House
from web.links import safe_path

WRONG = "The user name and the password do not fit together."


def is_signed_in(browser: Browser) -> bool:
    return browser.get("/profile/").status_code == 200


def test_in_and_out(house: House) -> None:
    browser = house.browser()
    closed = browser.get("/profile/")
    assert (closed.status_code, closed.headers["Location"]) == (303, "/sign-in?next=/profile/")
    assert browser.sign_in("anna", next="/profile/").headers["Location"] == "/profile/"
    assert is_signed_in(browser)
    assert browser.get("/sign-in").status_code == 303
    out = browser.post("/sign-out")
    assert (out.status_code, out.headers["Location"]) == (303, "/sign-in")
    assert not is_signed_in(browser)


def test_the_session_ends_on_the_server(house: House, anna: Browser) -> None:
    """A stolen cookie is worth nothing after its owner has signed out."""
    cookie = anna.client.get_cookie("davbridge", domain="127.0.0.1")
    assert cookie is not None
    anna.post("/sign-out")
    thief = house.browser()
    thief.client.set_cookie("davbridge", cookie.value, domain="127.0.0.1")
    assert not is_signed_in(thief)


def test_signing_in_makes_a_new_session(house: House) -> None:
    browser = house.browser()
    browser.get("/sign-in")
    token = browser.token
    browser.sign_in("anna")
    assert browser.token != token
    old = browser.client.post("/language", base_url=browser.base_url, data={"csrf_token": token, "language": "lv"})
    assert old.status_code == 400


@pytest.mark.parametrize("name", ["anna@example.com", "  anna  ", "anna"])
def test_names(house: House, name: str) -> None:
    assert house.browser().sign_in(name).status_code == 303


def test_an_address_of_two_users_names_nobody(house: House) -> None:
    house.principals.change("bob", lambda user: replace(user, email="anna@example.com"))
    assert house.browser().sign_in("anna@example.com").status_code == 403


@pytest.mark.parametrize(
    ("name", "password"),
    [
        ("anna", "wrong"),
        ("nobody", "wrong"),
        ("nobody", PASSWORD),
        ("anna", PASSWORD.upper()),
        ("anna", PASSWORD + " "),
        ("anna", PASSWORD + "x" * 900),
        ("ANNA", PASSWORD),
        ("anna", "\x00"),
        ("o'; drop table users; --", "x"),
        ("\x7f", "x"),
    ],
)
def test_what_does_not_fit_gets_the_same_answer(house: House, name: str, password: str) -> None:
    browser = house.browser()
    answer = browser.sign_in(name, password)
    if name == "\x7f":
        assert answer.status_code == 422
    else:
        assert (answer.status_code, WRONG in answer.text) == (403, True)
    assert password == "x" or password not in answer.text
    assert not is_signed_in(browser)


def test_nobody_learns_who_exists(house: House) -> None:
    """Answer, headers and effort are the same for a wrong password, no password, no such user, and a disabled one."""
    house.office.user("carl")
    house.user("dora")
    house.principals.change("dora", lambda user: replace(user, enabled=False))
    seen = set()
    for name in ("anna", "carl", "nobody", "dora"):
        answer = house.browser().sign_in(name, PASSWORD if name in {"carl", "dora"} else "wrong")
        text = answer.text.replace(f'value="{name}"', "")
        token = text.partition('name="csrf_token" value="')[2].partition('"')[0]
        headers = sorted(key for key, _ in answer.headers)
        seen.add((answer.status_code, text.replace(token, ""), tuple(headers)))
    assert len(seen) == 1


def test_an_account_without_password_costs_a_guess_too(house: House) -> None:
    class Counting(PasswordHasher):
        verified = 0

        def verify(self, *args: object, **more: object) -> bool:  # type: ignore[override]
            self.verified += 1
            return super().verify(*args, **more)  # type: ignore[arg-type]

    hasher = Counting(time_cost=1, memory_cost=8, parallelism=1)
    house.office.user("carl")
    signing_in = SigningIn(house.database, house.clock, KEY, hasher=hasher)
    for name in ("anna", "carl", "nobody"):
        with pytest.raises(NotAllowed):
            signing_in.with_password(name, "wrong", "", "192.0.2.1")
    assert hasher.verified == 3


def test_guessing_is_slowed_down(house: House) -> None:
    browser = house.browser()
    for _ in range(5):
        assert browser.sign_in("anna", "wrong").status_code == 403
    slowed = browser.sign_in("anna")
    assert slowed.status_code == 429
    assert "Try again in 1 second" in slowed.text
    house.clock.advance(timedelta(seconds=1))
    assert browser.sign_in("anna").status_code == 303


def test_a_device_with_an_old_password_locks_nobody_out(house: House) -> None:
    for _ in range(5):
        assert house.devices.sign_in("anna", "wrong", "DAVx5", "127.0.0.1") is None
    assert house.browser().sign_in("anna").status_code == 303


@pytest.mark.parametrize(
    ("pause", "times", "left"),
    [(timedelta(hours=11), 20, True), (timedelta(hours=12), 1, False), (timedelta(hours=11), 31, False)],
)
def test_sessions_end_by_themselves(house: House, anna: Browser, pause: timedelta, times: int, left: bool) -> None:
    """Twelve hours without use, or fourteen days in any case."""
    for _ in range(times):
        house.clock.advance(pause)
        signed_in = is_signed_in(anna)
    assert signed_in is left


def test_ended_sessions_are_forgotten(house: House, anna: Browser) -> None:
    user = house.principals.find("anna")
    assert len(house.signing_in.sessions(user)) == 1
    house.clock.advance(timedelta(days=1))
    assert house.signing_in.sessions(user) == []
    short = SigningIn(house.database, house.clock, KEY, Limits(timedelta(minutes=5), timedelta(minutes=9)), QUICK)
    key = short.begin(user, "x")
    house.clock.advance(timedelta(minutes=4))
    assert short.visitor(key) is not None
    house.clock.advance(timedelta(minutes=4))
    assert short.visitor(key) is not None
    house.clock.advance(timedelta(minutes=1))
    assert short.visitor(key) is None


def test_disabled_users_are_out_at_once(house: House, anna: Browser) -> None:
    house.principals.change("anna", lambda user: replace(user, enabled=False))
    assert not is_signed_in(anna)
    assert house.browser().sign_in("anna").status_code == 403


def test_a_token_of_another_session_is_forged(house: House, anna: Browser) -> None:
    other = house.browser()
    other.sign_in("bob")
    answer = anna.client.post("/sign-out", base_url=anna.base_url, data={"csrf_token": other.token})
    assert answer.status_code == 400
    assert is_signed_in(anna)


def test_a_cookie_of_another_key_is_nothing(house: House, anna: Browser) -> None:
    cookie = anna.client.get_cookie("davbridge", domain="127.0.0.1")
    assert cookie is not None
    house.cookie_key = b"other" * 8
    other = house.browser()
    other.client.set_cookie("davbridge", cookie.value, domain="127.0.0.1")
    assert not is_signed_in(other)


EVIL = [
    "https://evil.example/",
    "//evil.example/",
    "/\\evil.example",
    "\\\\evil.example",
    "/\t/evil.example",
    "\t//evil.example",
    "/\n/evil.example",
    " //evil.example",
    "javascript:alert(1)",
    "evil.example",
    "",
    "///evil.example",
    "http:///evil.example",
    "/\x00",
    "/" + "x" * 3000,
    "/a\r\nSet-Cookie: x=y",
    "/\x7f",
]


@pytest.mark.parametrize("target", EVIL)
def test_nobody_is_sent_elsewhere(house: House, target: str) -> None:
    assert safe_path(target) == "/"
    browser = house.browser()
    page = browser.get("/sign-in", query_string={"next": target})
    assert 'name="next" type="hidden" value="/"' in page.text
    assert browser.sign_in("anna", next=target).headers["Location"] == "/"
    assert browser.post("/language", {"language": "lv", "next": target}).headers["Location"] == "/"


@pytest.mark.parametrize("target", ["/", "/devices/?a=1&b=//x", "/a/b#c", "/@evil.example", "/:80", "/žā"])
def test_paths_of_ours_are_kept(target: str) -> None:
    assert safe_path(target) == target


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.text(max_size=40))
def test_what_is_kept_stays_here(text: str) -> None:
    found = safe_path(text)
    assert found.startswith("/")
    assert not found.startswith(("//", "/\\"))
    assert found.isprintable() or all(ord(each) > 0x20 for each in found)


@pytest.mark.parametrize("missing", ["name", "password"])
def test_both_are_needed(house: House, missing: str) -> None:
    browser = house.browser()
    browser.get("/sign-in")
    answer = browser.post("/sign-in", {"name": "anna", "password": PASSWORD, missing: ""})
    assert answer.status_code == 422
    assert f'id="{missing}-error">This is needed.' in answer.text


@pytest.mark.parametrize(("field", "value"), [("name", "x" * 256), ("password", "x" * 1001), ("name", "a\nb")])
def test_too_long_or_odd(house: House, field: str, value: str) -> None:
    browser = house.browser()
    browser.get("/sign-in")
    answer = browser.post("/sign-in", {"name": "anna", "password": PASSWORD, field: value})
    assert answer.status_code == 422


def test_what_was_typed_is_text(house: House) -> None:
    answer = house.browser().sign_in('"><script>alert(1)</script>', "wrong")
    assert "<script>alert" not in answer.text
    assert 'value="wrong"' not in answer.text


def test_the_password_is_changed(house: House, anna: Browser) -> None:
    elsewhere = house.browser()
    elsewhere.sign_in("anna")
    changed = anna.post("/profile/password", {"old": PASSWORD, "new": "another good one"})
    assert changed.status_code == 303
    assert is_signed_in(anna)
    assert not is_signed_in(elsewhere)
    assert house.browser().sign_in("anna").status_code == 403
    assert house.browser().sign_in("anna", "another good one").status_code == 303


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("wrong", "another good one"),
        ("", "another good one"),
        (PASSWORD, "short"),
        (PASSWORD, ""),
        (PASSWORD, "x" * 1001),
    ],
)
def test_the_password_is_not_changed(house: House, anna: Browser, old: str, new: str) -> None:
    answer = anna.post("/profile/password", {"old": old, "new": new})
    assert answer.status_code == 422
    assert house.browser().sign_in("anna").status_code == 303


def test_guessing_the_present_password_is_slowed_down(house: House, anna: Browser) -> None:
    for _ in range(5):
        anna.post("/profile/password", {"old": "wrong", "new": "another good one"})
    answer = anna.post("/profile/password", {"old": PASSWORD, "new": "another good one"})
    assert answer.status_code == 422
    assert "too many failed tries" in answer.text


def test_other_browsers_are_signed_out(house: House, anna: Browser) -> None:
    elsewhere = house.browser()
    elsewhere.client.get("/sign-in")
    elsewhere.sign_in("anna")
    anna_user = house.principals.find("anna")
    other = max(each.id for each in house.signing_in.sessions(anna_user))
    bob = house.browser()
    bob.sign_in("bob")
    assert bob.post(f"/profile/sessions/{other}/end").status_code == 404
    assert is_signed_in(elsewhere)
    assert anna.post(f"/profile/sessions/{other}/end").status_code == 303
    assert not is_signed_in(elsewhere)
    assert anna.post(f"/profile/sessions/{other}/end").status_code == 404


def test_the_language_follows_user_cookie_and_browser(house: House) -> None:
    browser = house.browser()
    swedish = {"Accept-Language": "fi, sv;q=0.8, en;q=0.5"}
    assert '<html lang="sv">' in browser.get("/sign-in", headers=swedish).text
    assert '<html lang="en">' in browser.get("/sign-in", headers={"Accept-Language": "fi"}).text
    chosen = browser.post("/language", {"language": "lv", "next": "/sign-in"})
    assert "HttpOnly" in chosen.headers["Set-Cookie"]
    assert '<html lang="lv">' in browser.get("/sign-in", headers=swedish).text
    house.profiles.speak("anna", "ru")
    browser.sign_in("anna")
    assert '<html lang="ru">' in browser.get("/", headers=swedish).text
    browser.post("/language", {"language": "pl"})
    assert house.principals.find("anna").language == "pl"
    assert '<html lang="pl">' in browser.get("/").text


@pytest.mark.parametrize("language", ["", "xx", "../lv", "lv\n", "<b>", "x" * 1000])
def test_other_languages_there_are_none(house: House, anna: Browser, language: str) -> None:
    answer = anna.post("/language", {"language": language})
    assert (answer.status_code, "Set-Cookie" in answer.headers) == (303, False)
    assert house.principals.find("anna").language == "en"
    anna.client.set_cookie("language", "xx", domain="127.0.0.1")
    anna.post("/sign-out")
    assert '<html lang="en">' in anna.get("/sign-in").text


def test_the_profile_is_saved_in_place(house: House, anna: Browser) -> None:
    anna.get("/profile/")
    script = {"X-Requested-With": "fetch"}
    saved = anna.post("/profile/", {"language": "en", "time_zone": "Europe/Stockholm"}, headers=script)
    assert (saved.status_code, saved.json) == (200, {"message": "Saved."})
    user = house.principals.find("anna")
    assert (user.language, user.time_zone) == ("en", "Europe/Stockholm")
    wrong = anna.post("/profile/", {"language": "xx", "time_zone": "Mars"}, headers=script)
    assert wrong.status_code == 422
    assert set(wrong.json["errors"]) == {"language", "time_zone"}
    assert anna.post("/profile/", {"language": "xx", "time_zone": "UTC"}).status_code == 422
    assert anna.post("/profile/", {"language": "lv", "time_zone": "UTC"}).status_code == 303
    house.signing_in.end_all(user)
    late = anna.post("/profile/", {"language": "lv", "time_zone": "UTC"}, headers=script)
    assert (late.status_code, late.headers["Location"]) == (401, "/sign-in?next=/")
