"""Batches of Google Calendar: as few requests as the API allows, and each failure inside of one is its own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from bridge.core.digest import same
from bridge.errors import BridgeError, PreconditionFailed, Refused, TemporaryError
from bridge.http import Answer
from bridge.ports import Create, Delete, Deleted, IdempotencyKey, Stored, Update
from bridge.providers.google.batch import batch_url, read_batch
from tests.contract import samples
from tests.fakes.google.answers import refused
from tests.fakes.google.server import BATCH, Fault
from tests.providers.google_world import CalendarWorld, calendar_world
from tests.providers.servers import Reply, Request

COUNT = 60


@pytest.fixture
def world() -> Iterator[CalendarWorld]:
    with calendar_world() as world:
        yield world


def creations(count: int = COUNT) -> list[Create]:  # type: ignore[type-arg]
    return [Create(IdempotencyKey(f"key-{number}"), samples.event(number)) for number in range(1, count + 1)]


def test_sixty_of_a_kind_take_as_few_requests_as_they_can(world: CalendarWorld) -> None:
    side = world.open()
    created = list(side.write(creations()))
    assert world.fake.calls.count("batch") == 2
    assert all(isinstance(each, Stored) for each in created)
    assert all(same(each.object, samples.event(n), side.traits.expresses) for n, each in enumerate(created, 1))  # type: ignore[union-attr]
    edits = [Update(each.id, replace(each.object, summary=f"{n} anew"), each.version) for n, each in enumerate(created)]  # type: ignore[union-attr]
    updated = list(side.write(edits))
    assert [each.object.summary for each in updated] == [f"{n} anew" for n in range(COUNT)]  # type: ignore[union-attr]
    assert world.fake.calls.count("batch") == 2 + 4  # a look and a write each
    deleted = list(side.write([Delete(each.id, each.version) for each in updated]))  # type: ignore[union-attr]
    assert deleted == [Deleted(each.id) for each in updated]  # type: ignore[union-attr]
    assert world.fake.calls.count("batch") == 2 + 4 + 2
    assert side.changes(None).found == ()


def test_occurrences_of_series_ride_along_with_other_events(world: CalendarWorld) -> None:
    series = samples.EVENTS["a series with several exceptions"]
    side, count = world.open(), 144
    events = [*(samples.event(n) for n in range(count)), series, replace(series, uid="other@example.com")]
    writes = [Create(IdempotencyKey(f"key-{n}"), event) for n, event in enumerate(events)]
    created = list(side.write(writes))
    assert all(isinstance(each, Stored) for each in created)
    assert all(same(each.object, wanted, side.traits.expresses) for each, wanted in zip(created, events, strict=True))  # type: ignore[union-attr]
    asked = [call for call in world.fake.calls if call != "batch"]
    occurrences = 2 * len(series.overrides)
    assert asked.count("calendar.events.instances") == occurrences
    assert len(asked) == 1 + len(events) + 2 * occurrences  # the first one tells the zone
    assert world.fake.calls.count("batch") == -(-(len(asked) - 1) // 50)
    versions = {each.id: each.version for each in side.changes(None).found}
    assert versions == {each.id: each.version for each in created}  # type: ignore[union-attr]


def test_many_are_fetched_at_once(world: CalendarWorld) -> None:
    ids = [world.add(samples.event(number)) for number in range(30)]
    ids += [world.add(samples.EVENTS["a series with several exceptions"])]
    world.delete(ids[0])
    world.fake.calls.clear()
    side = world.open()
    assert {found.id for found in side.fetch(ids)} == set(ids[1:])
    assert len(world.fake.calls) == 1 + len(ids) + 2  # a batch, the series, and the zone


def test_one_bad_one_leaves_the_others_alone(world: CalendarWorld) -> None:
    def strikes(call: str, request: Request) -> bool:
        return call == "calendar.events.insert" and samples.event(3).uid.encode() in request.body

    world.fake.faults.append(Fault(refused(400, "Invalid value.", "invalid"), strikes))
    writes = [*creations(5), Create(IdempotencyKey("task"), world.never_taken())]
    outcomes = list(world.open().write(writes))
    assert [type(each) for each in outcomes[:5]] == [Stored, Stored, Refused, Stored, Stored]
    assert isinstance(outcomes[5], BridgeError)


def test_what_is_there_already_is_told(world: CalendarWorld) -> None:
    side = world.open()
    (first,) = side.write(creations(1))
    again = list(side.write(creations(3)))
    assert [each.existed for each in again] == [True, False, False]  # type: ignore[union-attr]
    assert again[0].id == first.id  # type: ignore[union-attr]


def test_stale_ones_are_told_apart(world: CalendarWorld) -> None:
    side = world.open()
    created = [each for each in side.write(creations(3)) if isinstance(each, Stored)]
    world.edit(created[1].id, samples.event(9))
    outcomes = list(side.write([Update(each.id, samples.event(7), each.version) for each in created]))
    assert [type(each) for each in outcomes] == [Stored, PreconditionFailed, Stored]
    world.delete(created[0].id)
    gone = list(side.write([Delete(each.id, each.version) for each in created]))
    assert isinstance(gone[0], Deleted)
    assert [type(each) for each in gone[1:]] == [PreconditionFailed, PreconditionFailed]


def test_a_quota_that_ends_within_a_batch_ends_the_writing_and_nothing_is_made_twice(world: CalendarWorld) -> None:
    slower = refused(403, "User-rate limit exceeded.", "userRateLimitExceeded")
    strike = Fault(slower, lambda call, _: call == "calendar.events.insert", nth=4, times=None)
    world.fake.faults.append(strike)
    side, done = world.open(), []
    with pytest.raises(TemporaryError) as caught:
        done += list(side.write(creations(6)))
    assert caught.value.retry_after is not None
    world.fake.faults.clear()
    again = [each for each in world.open().write(creations(6)) if isinstance(each, Stored)]
    assert [each.existed for each in again] == [True, True, True, False, False, False]
    assert len(world.calendar.events) == 6


@pytest.mark.parametrize("status", [200, 400, 404, 405, 500, 501])
def test_a_server_without_batches_is_asked_one_by_one(world: CalendarWorld, status: int) -> None:
    world.fake.faults.append(Fault(Reply(status, {}, b""), lambda call, _: call == "batch", times=None))
    outcomes = list(world.open().write(creations(3)))
    assert all(isinstance(each, Stored) for each in outcomes)
    assert world.fake.calls.count("batch") == 1


def test_where_batches_go() -> None:
    assert batch_url("https://www.googleapis.com/calendar/v3") == f"https://www.googleapis.com{BATCH}"
    assert batch_url("http://127.0.0.1:8000/google/calendar/v3") == f"http://127.0.0.1:8000/google{BATCH}"
    assert batch_url("http://127.0.0.1:8000/api") == ""


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"--x--",
        b"--x\r\nContent-ID: <response-7>\r\n\r\nHTTP/1.1 200 OK\r\n\r\n{}\r\n--x--",
        b"--x\r\nContent-ID: <response-0>\r\n\r\n<html>\r\n--x--",
        b"--x\r\nContent-ID: <response-0\r\n\r\nHTTP/1.1 9 No\r\n\r\n",
    ],
)
def test_answers_that_make_no_sense_are_failures_of_their_own(body: bytes) -> None:
    answer = Answer("http://127.0.0.1/", 200, {"content-type": "multipart/mixed; boundary=x"}, body)
    assert [each.status for each in read_batch(answer, 2)] == [502, 502]


def test_answers_are_told_apart_by_their_numbers() -> None:
    body = (
        b"--x\r\nContent-Type: application/http\r\nContent-ID: <response-1>\r\n\r\n"
        b'HTTP/1.1 200 OK\r\nETag: "7"\r\n\r\n{"summary": "\xc4\x80"}\r\n'
        b"--x\r\nContent-Type: application/http\r\nContent-ID: response-0\r\n\r\n"
        b"HTTP/1.1 204 No Content\r\n\r\n\r\n--x--\r\n"
    )
    answer = Answer("http://127.0.0.1/", 200, {"content-type": 'multipart/mixed; boundary="x"'}, body)
    first, second = read_batch(answer, 2)
    assert (first.status, second.status, second.headers["etag"]) == (204, 200, '"7"')
    assert second.json() == {"summary": "\u0100"}


def test_many_series_that_changed_are_read_at_once(world: CalendarWorld) -> None:
    pattern = samples.EVENTS["a series with several exceptions"]
    ids = [world.add(replace(pattern, uid=f"{number}@example.com")) for number in range(10)]
    side = world.open()
    token = side.changes(None).token
    for id_ in ids:
        world.calendar.touch(id_)
    world.fake.calls.clear()
    found = side.changes(token).found
    assert world.fake.calls == ["calendar.events.list"] * 2
    assert {each.id for each in found} == set(ids)
    assert all(each.object is not None and len(each.object.overrides) == len(pattern.overrides) for each in found)
    world.delete(ids[0])
    for id_ in ids[1:]:
        world.calendar.touch(id_)
    changes = side.changes(token)
    assert ids[0] in changes.gone
    assert {each.id for each in changes.found} == set(ids[1:])
