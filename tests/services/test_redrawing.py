"""What concerns many is drawn again in the background: in portions, to the end, whatever happens in between."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import date, time, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from bridge.core.activity import Activity
from bridge.core.event import EventKind
from bridge.core.person import Person
from bridge.core.projection.options import TypeOption
from bridge.core.user import Role, User
from bridge.errors import TemporaryError
from bridge.services import redrawing
from bridge.services.redrawing import Progress, Redraws
from bridge.store import redraws
from bridge.store.models.resources import Cause
from tests.database import opened
from tests.harness import CRM, Office

pytestmark = pytest.mark.usefixtures("few_are_many")

MANY = 7


@pytest.fixture
def anna(office: Office) -> User:
    user = office.user("anna")
    for number in range(MANY):
        office.activities.create(CRM, activity(user, number))
    return user


def activity(owner: User, number: int, **more: Any) -> Activity:
    return Activity(
        f"uid-{number}", owner.id, f"Call {number}", "call", date(2026, 12, 1), time(8), timedelta(hours=1), **more
    )


def rename(office: Office, name: str) -> None:
    call = next(kind for kind in office.activities.types() if kind.key == "call")
    office.activities.save_type(replace(call, name=name))


def texts(office: Office, login: str = "anna", name: str = "activities") -> list[str]:
    collection = office.resources.collection(login, name)
    assert collection is not None
    return [resource.text for resource in office.resources.listing(collection, text=True)]


def named(office: Office, name: str) -> int:
    return sum(f"CATEGORIES:{name}\r\n" in found for found in texts(office))


def finish(office: Office) -> int:
    """Everything that is to be drawn. In how many portions."""
    portions = 0
    while office.redraws.step():
        portions += 1
    return portions


def test_few_are_drawn_at_once(office: Office, monkeypatch: pytest.MonkeyPatch, anna: User) -> None:
    monkeypatch.setattr(redrawing, "AT_ONCE", MANY)
    rename(office, "Zvans")
    assert named(office, "Zvans") == MANY
    assert office.redraws.progress(anna) is None
    assert not office.redraws.step()


def test_many_are_drawn_in_portions_and_the_progress_is_told(office: Office, anna: User) -> None:
    rename(office, "Zvans")
    assert named(office, "Zvans") == 0
    told = [office.redraws.progress(anna)]
    while office.redraws.step():
        told.append(office.redraws.progress(anna))
        assert named(office, "Zvans") == (told[-1].done if told[-1] else MANY)
    assert told == [Progress(0, MANY), Progress(3, MANY), Progress(6, MANY), None]
    assert [each.percent for each in told if each] == [0, 42, 85]


def test_a_redraw_changes_nothing_that_looks_the_same(office: Office, anna: User) -> None:
    rename(office, "Zvans")
    finish(office)
    tokens = [c.sync_token for c in office.resources.home("anna")]
    office.principals.change("anna", replace)
    assert finish(office) > 0
    assert [c.sync_token for c in office.resources.home("anna")] == tokens


class Killed(BaseException):
    """The process ends here; the database forgets the transaction."""


@pytest.mark.parametrize("after", [0, 1, 2])
def test_another_goes_on_where_one_was_killed_in_a_portion(
    monkeypatch: pytest.MonkeyPatch, office: Office, anna: User, after: int
) -> None:
    rename(office, "Zvans")
    for _ in range(after):
        assert office.redraws.step()

    def die(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as dying:
        dying.setattr(redraws, "end" if after == 2 else "advance", die)
        with pytest.raises(Killed):
            office.redraws.step()
    assert named(office, "Zvans") == 3 * after
    assert office.redraws.progress(anna) == Progress(3 * after, MANY)
    successor = Redraws(office.database, office.clock, office.settings, office.principals.arrange)
    successor.finish(lambda _: None)
    assert named(office, "Zvans") == MANY
    assert office.redraws.progress(anna) is None


def test_a_second_change_takes_the_place_of_the_first(office: Office, anna: User) -> None:
    """It begins anew, and nothing is drawn twice for the first."""
    rename(office, "Zvans")
    office.redraws.step()
    rename(office, "Anruf")
    assert office.redraws.progress(anna) == Progress(0, MANY)
    assert finish(office) == 3
    assert named(office, "Anruf") == MANY
    with office.database.read() as session:
        assert redraws.marks(session) == []


def test_a_change_of_everything_covers_that_of_a_type_but_not_the_other_way(office: Office, anna: User) -> None:
    rename(office, "Zvans")
    office.principals.change("anna", lambda user: replace(user, time_zone="Asia/Tokyo"))
    assert office.redraws.progress(anna) == Progress(0, MANY)
    rename(office, "Anruf")
    assert office.redraws.progress(anna) == Progress(0, 2 * MANY)
    finish(office)
    assert named(office, "Anruf") == MANY


def test_whoever_changes_their_mind_again_and_again_leaves_one_mark(office: Office, anna: User) -> None:
    for number in range(5):
        rename(office, f"Call {number}")
    with office.database.read() as session:
        assert [mark.id for mark in redraws.marks(session)] == [mark.id for mark in stored(office)]
    assert len(stored(office)) == 1


@pytest.mark.postgresql
@pytest.mark.xdist_group("postgresql")
def test_a_change_does_not_wait_for_a_portion_in_progress(postgresql_url: str) -> None:
    with opened(postgresql_url) as database:
        office = Office(database)
        user = office.user("anna")
        for number in range(MANY):
            office.activities.create(CRM, activity(user, number))
        rename(office, "Zvans")
        with database.write() as portion:
            assert redraws.next_mark(portion) is not None
            assert not office.redraws.step()  # nobody else works on the same mark
            with database.write() as session:
                redraws.ask(session, redraws.showing(session, Cause.TYPE, "call", now=office.clock.now()))
        assert len(stored(office)) == 2
        assert office.redraws.progress(user) == Progress(0, MANY)
        assert finish(office) == 1 + 3
        assert stored(office) == []


def stored(office: Office) -> list[Any]:
    with office.database.read() as session:
        return list(session.execute(text("SELECT id FROM redraws ORDER BY id")))


def test_everybodys_marks_are_counted_together_until_all_is_done(office: Office, anna: User) -> None:
    bela, zane = office.user("bela"), office.user("zane", role=Role.ADMIN)
    office.activities.create(CRM, replace(activity(bela, 100)))
    rename(office, "Zvans")
    assert office.redraws.progress(zane) == Progress(0, MANY + 1)
    assert office.redraws.progress(bela) == Progress(0, 1)
    for _ in range(3):
        office.redraws.step()
    assert office.redraws.progress(anna) is None
    assert office.redraws.progress(zane) == Progress(MANY, MANY + 1)
    finish(office)
    assert office.redraws.progress(zane) is None


def test_what_is_written_meanwhile_is_drawn_right(office: Office, anna: User) -> None:
    """Others write between the portions; whatever they write looks like the new choice at once."""
    rename(office, "Zvans")
    office.redraws.step()
    first, *_, last = office.activities.owned_by(anna.id)
    for found in (first, last):
        office.activities.change(CRM, found.id, lambda each: replace(each, subject="Meanwhile"))
    office.activities.delete(CRM, last.id - 1)
    office.activities.create(CRM, activity(anna, 100))
    assert named(office, "Zvans") == 3 + 2
    finish(office)
    assert named(office, "Zvans") == MANY
    assert sum("SUMMARY:Meanwhile" in found for found in texts(office)) == 2


def test_a_task_list_goes_only_when_everything_in_it_has_moved(office: Office, anna: User) -> None:
    """What clients have written into it moves with it."""
    office.principals.choose_type("anna", "call", TypeOption(EventKind.TASK))
    finish(office)
    client = office.client("anna")
    (href, *_) = (found for found in client.propfind("/dav/anna/tasks/", depth="1").hrefs() if found.endswith(".ics"))
    written = client.get(href).text.replace("END:VTODO", "X-OTHER:kept\r\nEND:VTODO")
    assert client.put(href, written).status in {201, 204}
    office.principals.choose_type("anna", "call", TypeOption(EventKind.EVENT))
    sizes = []
    while office.resources.collection("anna", "tasks") is not None:
        sizes.append((len(texts(office, name="tasks")), len(texts(office))))
        assert office.redraws.step()
    assert sizes == [(7, 0), (4, 3), (1, 6)]
    assert len(texts(office)) == MANY
    assert sum("X-OTHER:kept" in found for found in texts(office)) == 1


def test_a_new_calendar_of_a_colleague_is_filled_bit_by_bit(office: Office, anna: User) -> None:
    bela = office.user("bela")
    office.principals.choose_colleagues("bela", ["anna"])
    assert texts(office, "bela", "of-anna") == []
    finish(office)
    assert len(texts(office, "bela", "of-anna")) == MANY
    assert office.redraws.progress(bela) is None


def test_contacts_are_drawn_too(office: Office, anna: User) -> None:
    for number in range(4):
        office.contacts.create_person(CRM, Person(f"person-{number}", anna.id, f"Person {number}"))
    with office.database.write() as session:
        session.execute(text("UPDATE persons SET name = 'Ilze'"))
    office.principals.change("anna", replace)
    finish(office)
    assert sum("FN:Ilze\r\n" in found for found in texts(office, name="contacts")) == 4


def test_what_cannot_be_read_stops_nothing(office: Office, anna: User, caplog: pytest.LogCaptureFixture) -> None:
    with office.database.write() as session:
        session.execute(text("UPDATE resources SET text = 'BEGIN:NONSENSE' WHERE uid = 'uid-1'"))
    rename(office, "Zvans")
    with caplog.at_level(logging.WARNING):
        finish(office)
    assert named(office, "Zvans") == MANY - 1
    assert "cannot be drawn again" in caplog.text


def test_work_goes_on_until_it_is_told_to_end_and_leaves_pauses(office: Office, anna: User) -> None:
    rename(office, "Zvans")
    pauses: list[timedelta] = []

    def pause(span: timedelta) -> bool:
        pauses.append(span)
        return len(pauses) > 6

    office.redraws.work(pause)
    assert named(office, "Zvans") == MANY
    idle = timedelta(seconds=2)
    assert pauses == [timedelta(0)] * 4 + [idle] * 3


def test_a_database_out_of_reach_is_waited_for(
    office: Office, anna: User, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    rename(office, "Zvans")
    answers = iter([TemporaryError("The database is locked."), TemporaryError("The database is locked."), KeyError()])

    def fail(*_: object) -> None:
        raise next(answers)

    with monkeypatch.context() as failing:
        failing.setattr(redraws, "next_mark", fail)
        calls = iter([False, False, False, True])
        office.redraws.work(lambda _: next(calls))
    told = [record.message for record in caplog.records]
    assert len(told) == 2
    assert "locked" in told[0]
    assert "bug" in told[1]
    finish(office)
    assert named(office, "Zvans") == MANY
