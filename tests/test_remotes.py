"""How fast services are asked, as the configuration says."""

from __future__ import annotations

from dataclasses import replace

from bridge.config import Config, Google, Sync
from bridge.core.bucket import Rate
from bridge.providers.memory.provider import MemoryConnector
from bridge.providers.memory.remote import Remote
from bridge.remotes import throttled
from bridge.services.sync.pacing import Stop
from bridge.services.sync.wrapping import ThrottledConnector
from tests.harness import FixedClock


def connector(config: Config, name: str) -> ThrottledConnector:
    known = throttled(config, {name: MemoryConnector(Remote(FixedClock()))}, Stop())
    found = known[name]
    assert isinstance(found, ThrottledConnector)
    return found


def test_google_has_a_quota_for_each_user_and_one_for_the_project() -> None:
    found = connector(Config(), "google")
    assert found.account == Rate(10, burst=100)
    assert found.together == Rate(10_000 / 60, burst=10_000 / 6)


def test_another_server_in_its_place_has_no_quota_of_googles() -> None:
    elsewhere = Config(google=Google(calendar_url="http://127.0.0.1:8000/calendar/v3"))
    assert connector(elsewhere, "google").account == Rate(50, burst=50)


def test_other_services_have_what_is_set_for_all() -> None:
    found = connector(Config(), "caldav")
    assert (found.account, found.together) == (Rate(50, burst=50), None)


def test_the_slower_of_two_limits_holds() -> None:
    slow = Config(sync=Sync(requests_per_second=3), google=Google(project_requests_per_minute=0))
    assert connector(slow, "google").account == Rate(3, burst=3)
    assert connector(slow, "google").together is None
    free = replace(slow, sync=Sync(requests_per_second=0), google=Google(requests_per_minute=0))
    assert connector(free, "google").account is None
