"""Devices and feeds: shown once, revoked at once, and nobody else's."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest

from bridge.config import Config
from bridge.services.onboarding import Program, free_name
from tests.harness import Client
from tests.web.conftest import Browser, House
from web.addresses import Addresses, dns_records

WRITTEN = ("thunderbird", "outlook", "evolution", "khal", "other")


def secret_in(text: str, name: str) -> str:
    found = re.search(rf'<code id="{name}">([^<]+)</code>', text)
    assert found
    return found[1]


@pytest.mark.parametrize("program", WRITTEN)
def test_a_password_is_shown_once_and_works(house: House, anna: Browser, program: str) -> None:
    answer = anna.post("/devices/", {"program": program, "name": "Laptop"})
    assert answer.status_code == 200
    password = secret_in(answer.text, "password")
    assert "http://127.0.0.1:8080/dav/" in answer.text
    client = Client(house.office.wsgi(), "anna", password, "Thunderbird/128")
    assert client.propfind("/dav/anna/").status == 207
    listed = anna.get("/devices/").text
    assert password not in listed
    assert "Laptop" in listed
    assert "Thunderbird" in listed


def test_it_is_revoked_at_once(house: House, anna: Browser) -> None:
    device, password = house.devices.add("anna", "Phone")
    assert "What is on the device stays there." in anna.get("/devices/").text
    assert anna.post(f"/devices/{device.id}/revoke").status_code == 303
    assert "“Phone” can no longer sign in." in anna.get("/devices/").text
    assert Client(house.office.wsgi(), "anna", password).propfind("/dav/anna/").status == 401
    assert anna.post(f"/devices/{device.id}/revoke").status_code == 404


@pytest.mark.parametrize("number", ["0", "1", "999999", "99999999999999999999999", "-1", "x", "1%00"])
def test_other_peoples_devices_do_not_exist(house: House, anna: Browser, number: str) -> None:
    device, password = house.devices.add("bob", "Bob’s phone")
    feed, _ = house.feeds.add("bob", "Bob’s feed")
    assert (device.id, feed.id) == (1, 1)
    assert anna.post(f"/devices/{number}/revoke").status_code == 404
    assert anna.post(f"/devices/feeds/{number}/revoke").status_code == 404
    assert "Bob" not in anna.get("/devices/").text
    assert Client(house.office.wsgi(), "bob", password).propfind("/dav/bob/").status == 207
    assert [feed.revoked_at for _, feed in house.feeds.list("bob")] == [None]


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_revoking_needs_a_post(house: House, anna: Browser, method: str) -> None:
    device, _ = house.devices.add("anna", "Phone")
    answer = anna.client.open(f"/devices/{device.id}/revoke", method=method, base_url=anna.base_url)
    assert answer.status_code in {400, 405}
    assert [each.revoked_at for _, each in house.devices.list("anna")] == [None]


NAMES = ["", "  ", "x" * 101, "two\nlines", "\x00", "\u2028", "tab\there"]


@pytest.mark.parametrize("name", NAMES)
def test_names_that_are_none(house: House, anna: Browser, name: str) -> None:
    for path, data in (
        ("/devices/", {"program": "other", "name": name}),
        ("/devices/feeds", {"feed-name": name, "feed-private": "busy"}),
    ):
        answer = anna.post(path, data)
        assert answer.status_code == 422
        assert 'aria-invalid="true"' in answer.text
    assert house.devices.list() == house.feeds.list() == []


@pytest.mark.parametrize("program", ["", "windows-phone", "../x", "<b>", "x" * 1000])
def test_programs_that_are_none(house: House, anna: Browser, program: str) -> None:
    answer = anna.post("/devices/", {"program": program, "name": "Phone"})
    assert answer.status_code == 422
    assert "Choose one of the options." in answer.text
    assert anna.get(f"/devices/steps/{program or 'none'}").status_code == 404
    assert house.devices.list() == []


@pytest.mark.parametrize("private", ["", "all", "BUSY"])
def test_privacy_that_is_none(house: House, anna: Browser, private: str) -> None:
    assert anna.post("/devices/feeds", {"feed-name": "Hall", "feed-private": private}).status_code == 422
    assert house.feeds.list() == []


def test_missing_fields_are_told(anna: Browser) -> None:
    for path in ("/devices/", "/devices/feeds"):
        answer = anna.post(path)
        assert answer.status_code == 422
        assert "This is needed." in answer.text


HTML = '<script>alert(1)</script>"><b>&amp;'


@pytest.mark.parametrize("program", [*WRITTEN, "apple", "android"])
def test_names_are_text(house: House, anna: Browser, program: str) -> None:
    answers = [anna.post("/devices/", {"program": program, "name": HTML})]
    answers += [anna.get("/devices/"), anna.post("/devices/", {"program": "x", "name": HTML})]
    answers += [anna.post("/devices/feeds", {"feed-name": HTML, "feed-private": "busy"}), anna.get("/devices/")]
    for answer in answers:
        assert "<script>alert" not in answer.text
        assert '"><b>' not in answer.text


def test_the_second_of_a_name_gets_a_number(house: House, anna: Browser) -> None:
    for _ in range(3):
        anna.post("/devices/", {"program": "other", "name": "Laptop"})
    assert [device.name for _, device in house.devices.list("anna")] == ["Laptop", "Laptop 2", "Laptop 3"]
    assert free_name("a", []) == "a"


def test_a_feed_is_shown_once_and_works(house: House, anna: Browser) -> None:
    answer = anna.post("/devices/feeds", {"feed-name": "Hall", "feed-private": "skip"})
    address = secret_in(answer.text, "feed")
    assert f'href="webcal://{address.removeprefix("http://")}"' in answer.text
    path = address.removeprefix("http://127.0.0.1:8080")
    assert anna.client.get(path, buffered=True).mimetype == "text/calendar"
    listed = anna.get("/devices/").text
    assert path not in listed
    assert "not at all" in listed
    ((_, feed),) = house.feeds.list("anna")
    assert anna.post(f"/devices/feeds/{feed.id}/revoke").status_code == 303
    assert anna.client.get(path).status_code == 404


def test_times_are_told_in_words(house: House, anna: Browser) -> None:
    _, password = house.devices.add("anna", "Phone")
    house.devices.sign_in("anna", password, "DAVx5/4.4")
    house.clock.advance(timedelta(hours=3))
    text = anna.get("/devices/").text
    assert "3 hours ago" in text
    assert 'title="Nov 21, 2026, 11:00:00\u202fAM"' in text
    assert "DAVx5" in text
    anna.post("/language", {"language": "lv"})
    text = anna.get("/devices/").text
    assert "pirms 3 stundām" in text
    assert 'title="2026. gada 21. nov. 11:00:00"' in text


def test_the_addresses_are_those_of_the_public() -> None:
    addresses = Addresses("https://dav.example.com/x", "anna@example.com")
    assert addresses.collection("tasks") == "https://dav.example.com/x/dav/anna%40example.com/tasks/"
    assert addresses.davx5_flow == (
        "intent://dav.example.com#Intent;action=android.intent.action.VIEW;"
        "component=at.bitfire.davdroid.ui.setup.LoginActivity;scheme=davx5;package=at.bitfire.davdroid;"
        "S.loginFlow=1;end"
    )


def test_dns_records() -> None:
    assert [str(record) for record in dns_records("https://dav.example.com", "example.com")] == [
        "_caldavs._tcp.example.com. IN SRV 0 1 443 dav.example.com.",
        '_caldavs._tcp.example.com. IN TXT "path=/dav/"',
        "_carddavs._tcp.example.com. IN SRV 0 1 443 dav.example.com.",
        '_carddavs._tcp.example.com. IN TXT "path=/dav/"',
    ]
    assert str(dns_records("http://dav.example.com:8080/x", "")[0]) == (
        "_caldav._tcp.dav.example.com. IN SRV 0 1 8080 dav.example.com."
    )
    assert dns_records("http://h/x", "")[1].value == '"path=/x/dav/"'


def test_the_public_address_is_shown(house: House) -> None:
    config = Config()
    browser = house.browser(replace(config, server=replace(config.server, base_url="https://dav.example.com")))
    browser.sign_in("anna")
    text = browser.get("/devices/").text
    assert "https://dav.example.com/dav/" in text
    assert "_caldavs._tcp.example.com. IN SRV 0 1 443 dav.example.com." in text


def test_every_program_has_its_steps(anna: Browser) -> None:
    for program in Program:
        text = anna.get(f"/devices/steps/{program}").text
        assert "anna" in text
        assert 'id="password"' not in text
