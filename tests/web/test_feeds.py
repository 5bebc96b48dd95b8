"""Feeds over HTTP: entity tags, 304, secrets, and nothing but reading (R26)."""

from dataclasses import replace
from datetime import time, timedelta

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from bridge.config import Config
from bridge.core.activity import Activity
from bridge.core.feed import FeedPrivacy
from bridge.errors import TemporaryError
from bridge.services.feeds import Feeds
from bridge.store.database import Database
from tests.harness import CRM, Client, Office, ics
from tests.web.conftest import Answering
from web import create_app

CALENDAR = "/dav/anna/activities/"
TIMES = ("DTSTART:20261201T100000Z", "DTEND:20261201T110000Z")


@pytest.fixture
def office(database: Database) -> Office:
    office = Office(database)
    office.user("anna", name="Anna Ozola")
    return office


@pytest.fixture
def anna(office: Office) -> Client:
    return office.client("anna")


@pytest.fixture
def browser(office: Office) -> FlaskClient:
    return create_app(Answering(feeds=office.feeds), Config()).test_client()


def get(browser: FlaskClient, path: str, headers: dict[str, str] | None = None) -> TestResponse:
    """Fetch and close, as servers do."""
    return browser.get(path, buffered=True, headers=headers)


def address(office: Office, private: FeedPrivacy = FeedPrivacy.BUSY) -> str:
    _, secret = office.feeds.add("anna", "Family", private)
    return f"/feeds/{secret}/activities.ics"


def test_subscribers_read_the_activities(office: Office, anna: Client, browser: FlaskClient) -> None:
    anna.put(f"{CALENDAR}a.ics", ics("SUMMARY:Lunch", *TIMES, uid="a"))
    anna.put(f"{CALENDAR}b.ics", ics("SUMMARY:Doctor", "CLASS:PRIVATE", *TIMES, uid="b"))
    answer = get(browser, address(office))
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/calendar; charset=utf-8")
    assert answer.headers["Cache-Control"] == "private"
    assert int(answer.headers["Content-Length"]) == len(answer.data)
    assert answer.text.count("BEGIN:VCALENDAR\r\n") == 1
    assert "X-WR-CALNAME:Anna Ozola: Activities\r\n" in answer.text
    assert "SUMMARY:Lunch\r\n" in answer.text
    assert "Doctor" not in answer.text
    assert "SUMMARY:Private\r\n" in answer.text
    assert "UID:b" not in get(browser, address(office, FeedPrivacy.SKIP)).text
    assert "SUMMARY:Doctor\r\n" in get(browser, address(office, FeedPrivacy.AS_PRIVATE)).text


def test_what_has_not_changed_is_not_sent_again(office: Office, anna: Client, browser: FlaskClient) -> None:
    anna.put(f"{CALENDAR}a.ics", ics("SUMMARY:Lunch", *TIMES))
    path = address(office)
    first = get(browser, path)
    (ctag,) = anna.propfind(CALENDAR, "{http://calendarserver.org/ns/}getctag").xml.iter(
        "{http://calendarserver.org/ns/}getctag"
    )
    assert first.headers["ETag"] == ctag.text
    for headers in (
        {"If-None-Match": first.headers["ETag"]},
        {"If-None-Match": f'"other", W/{first.headers["ETag"]}'},
        {"If-Modified-Since": first.headers["Last-Modified"]},
    ):
        again = get(browser, path, headers=headers)
        assert (again.status_code, again.data, again.headers["ETag"]) == (304, b"", first.headers["ETag"])
    office.clock.advance(timedelta(seconds=2))
    anna.put(f"{CALENDAR}b.ics", ics("SUMMARY:Dinner", *TIMES, uid="b"))
    stale = {"If-None-Match": first.headers["ETag"], "If-Modified-Since": first.headers["Last-Modified"]}
    changed = get(browser, path, headers=stale)
    assert changed.status_code == 200
    assert "SUMMARY:Dinner" in changed.text
    anna.delete(f"{CALENDAR}a.ics")
    assert "SUMMARY:Lunch" not in get(browser, path, headers={"If-None-Match": changed.headers["ETag"]}).text


def test_head_tells_the_same_without_a_body(office: Office, anna: Client, browser: FlaskClient) -> None:
    anna.put(f"{CALENDAR}a.ics", ics("SUMMARY:Lunch", *TIMES))
    path = address(office)
    head, got = browser.head(path), get(browser, path)
    assert (head.status_code, head.data) == (200, b"")
    for name in ("ETag", "Last-Modified", "Content-Type", "Cache-Control"):
        assert head.headers[name] == got.headers[name]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "PROPFIND", "REPORT"])
def test_nothing_else_can_be_done(office: Office, browser: FlaskClient, method: str) -> None:
    answer = browser.open(address(office), method=method)
    assert answer.status_code == 405
    assert set(answer.headers["Allow"].replace(" ", "").split(",")) == {"GET", "HEAD"}


def test_what_is_no_feed_any_more_never_was_one(office: Office, browser: FlaskClient) -> None:
    """Unknown, odd, revoked, of a disabled user: the answers are the same to the octet."""
    revoked, secret = office.feeds.add("anna", "Old")
    office.feeds.revoke(revoked.id)
    office.user("carl")
    _, disabled = office.feeds.add("carl", "Off")
    office.principals.change("carl", lambda user: replace(user, enabled=False))
    seen = []
    for each in (secret, disabled, "unknown", "%00", "%ff", "a" * 5000, secret.upper(), "-"):
        answer = get(browser, f"/feeds/{each}/activities.ics")
        seen.append((answer.status_code, answer.data, sorted(answer.headers.items())))
    assert seen[0][:2] == (404, b"There is no such calendar.\n")
    assert all(answer == seen[0] for answer in seen)


def test_a_large_calendar_comes_whole_and_leaves_the_database_free(
    office: Office, anna: Client, browser: FlaskClient
) -> None:
    """Larger than what is kept in memory, it waits for the client in a file."""
    for number in range(3):
        note = "DESCRIPTION:" + "x" * 600_000
        assert anna.put(f"{CALENDAR}{number}.ics", ics("SUMMARY:Long", *TIMES, note, uid=str(number))).status == 201
    answer = browser.get(address(office), buffered=False)
    assert anna.put(f"{CALENDAR}more.ics", ics("SUMMARY:More", *TIMES, uid="more")).status == 201
    whole = b"".join(answer.iter_encoded())
    assert len(whole) == int(answer.headers["Content-Length"]) > 1_800_000
    assert whole.endswith(b"END:VEVENT\r\nEND:VCALENDAR\r\n")
    answer.close()


def test_its_last_use_is_known(office: Office, browser: FlaskClient) -> None:
    path = address(office)
    get(browser, path)
    ((login, feed),) = office.feeds.list("anna")
    assert (login, feed.name, feed.last_used_at) == ("anna", "Family", office.clock.now())


def test_a_database_that_does_not_answer_is_no_missing_feed() -> None:
    class Locked(Feeds):
        def __init__(self) -> None:
            pass

        def find(self, secret: str) -> object:  # type: ignore[override]
            raise TemporaryError("The database is locked.")

    answer = create_app(Answering(feeds=Locked()), Config()).test_client().get("/feeds/x/activities.ics")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")


def test_who_only_subscribes_loses_what_is_too_old_as_well(office: Office, browser: FlaskClient) -> None:
    """Nobody lists these calendars, so reading the feed is what sweeps them (R27)."""
    anna = office.principals.find("anna")
    day = office.clock.now().date()
    office.activities.create(CRM, Activity("old", anna.id, "Long ago", "call", day, time(8)))
    office.principals.change("anna", lambda user: replace(user, past_days=30))
    path = address(office)
    first = get(browser, path)
    assert "Long ago" in first.text
    office.clock.advance(timedelta(days=40))
    again = get(browser, path, {"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 200
    assert "Long ago" not in again.text
    assert get(browser, path, {"If-None-Match": again.headers["ETag"]}).status_code == 304
