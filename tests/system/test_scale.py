"""One user with very many activities: a start, a poll, a sync and a week are right, and nobody waits for the rest."""

from __future__ import annotations

import time as clock
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta

import pytest

from bridge.core.activity import Activity
from bridge.services.rendering import refresh_activities
from bridge.store import activities
from tests.database import BOTH
from tests.harness import Client, ics
from tests.system.chaos import CHAOS, amount
from tests.system.connection import Connection
from tests.system.following import Follower
from tests.system.server import Account, ServerProcess

SIZE = amount(quick=2_000, full=100_000)
BATCH = 500
FIRST = date(2018, 1, 1)
DAYS = 4_000  # which the activities are spread over
MINUTES = 17  # between two of one day
WEEK = (datetime(2022, 3, 7, tzinfo=UTC), datetime(2022, 3, 14, tzinfo=UTC))
FORMAT = "%Y%m%dT%H%M%SZ"
SYNC = "{DAV:}sync-token"


def due(number: int) -> datetime:
    """When an activity is due; each lasts half an hour."""
    turn, day = divmod(number, DAYS)
    return datetime.combine(FIRST + timedelta(days=day), time(6), UTC) + timedelta(minutes=turn * MINUTES)


def fill(server: ServerProcess, owner_id: int) -> None:
    services = server.services
    for start in range(0, SIZE, BATCH):
        numbers = range(start, min(SIZE, start + BATCH))
        with services.database.write() as session:
            ids = activities.add_activities(session, [_activity(number, owner_id) for number in numbers])
            refresh_activities(session, ids, services.settings, now=services.clock.now())


def _activity(number: int, owner_id: int) -> Activity:
    moment = due(number)
    times = (moment.date(), moment.time(), timedelta(minutes=30))
    uid = f"{number}@example.com"
    return Activity(uid, owner_id, f"Call {number}", "call", *times, created_at=moment, updated_at=moment)


class Figures:
    """How long each step takes. Nothing is judged by it."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def of(self, what: str) -> Iterator[None]:
        begun = clock.perf_counter()
        yield
        self.seconds[what] = clock.perf_counter() - begun

    def __str__(self) -> str:
        told = ", ".join(f"{what} {1000 * seconds:,.1f} ms" for what, seconds in self.seconds.items())
        return f"{SIZE:,} activities: {told}"


@pytest.mark.parametrize("database_url", BOTH if CHAOS else ["sqlite"], indirect=True)
def test_many_activities_do_not_stand_in_the_way(
    own_server: ServerProcess, request: pytest.FixtureRequest, record_property: Callable[[str, object], None]
) -> None:
    account = own_server.add_user("anna")
    figures = Figures()
    with figures.of("filling"):
        fill(own_server, own_server.services.principals.find(account.login).id)
    own_server.stop()
    with figures.of("start"):
        own_server.start()
    with Connection(account) as connection:
        _ask_for_everything(connection, account, figures)
    record_property("figures", str(figures))
    capture = request.config.pluginmanager.getplugin("capturemanager")
    with capture.global_and_fixture_disabled():
        print(f"\n{own_server.database_url.partition(':')[0]}, {figures}")  # noqa: T201 - the figures are asked for


def _ask_for_everything(connection: Client, account: Account, figures: Figures) -> None:
    path = account.path("activities")
    with figures.of("poll"):
        token = connection.propfind(path, SYNC).xml.findtext(f".//{SYNC}", "")
    follower = Follower(path)
    with figures.of("first sync"):
        follower.catch_up(connection)
    assert (len(follower.known), follower.token) == (SIZE, token)
    _follow_changes(connection, path, follower, figures)
    with figures.of("week"):
        found = _week(connection, path)
    begin, end = WEEK
    overlapping = [n for n in range(SIZE) if due(n) < end and due(n) + timedelta(minutes=30) > begin]
    assert found == {f"Call {number}" for number in overlapping}
    assert found


def _follow_changes(connection: Client, path: str, follower: Follower, figures: Figures) -> None:
    with figures.of("sync of nothing"):
        assert not follower.step(connection)
    new, gone = f"{path}new.ics", next(iter(follower.known))
    with figures.of("create"):
        assert connection.put(new, ics()).status == 201
    with figures.of("delete"):
        assert connection.delete(gone).status == 204
    expected = {href: tag for href, tag in follower.known.items() if href != gone}
    with figures.of("sync of two changes"):
        assert not follower.step(connection)
    assert follower.known == {**expected, new: connection.get(new).etag}
    small = Follower(path, limit=100)
    with figures.of("first 100 of a sync"):
        assert small.step(connection)
    assert len(small.known) <= 100


def _week(connection: Client, path: str) -> set[str]:
    start, end = (moment.strftime(FORMAT) for moment in WEEK)
    body = (
        '<C:calendar-query xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><D:prop><C:calendar-data/></D:prop>'
        '<C:filter><C:comp-filter name="VCALENDAR"><C:comp-filter name="VEVENT">'
        f'<C:time-range start="{start}" end="{end}"/></C:comp-filter></C:comp-filter></C:filter></C:calendar-query>'
    )
    reply = connection.request("REPORT", path, body, {"Depth": "1", "Content-Type": "application/xml"})
    assert reply.status == 207
    lines = reply.text.replace("\r", "").splitlines()
    return {line.removeprefix("SUMMARY:").removesuffix("&#13;") for line in lines if line.startswith("SUMMARY:")}
