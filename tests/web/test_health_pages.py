"""Health: failures, conflicts, the guard's question, runs — and who may see them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import html5lib
import pytest

from bridge.core.scope import ConflictPolicy, FlowKind
from bridge.errors import Refused, TemporaryError
from bridge.providers.memory.misbehaviour import Call, Fault, Raises
from bridge.store import links, runs
from bridge.store.database import Database
from bridge.store.models.sync import LinkState, ResultOutcome, RunOutcome
from bridge.store.runs import Result
from tests.harness import CRM
from tests.web.conftest import Browser
from tests.web.sync_house import SyncHouse, furnished
from tests.web.test_accounts import followed, problem, signed_in

MARKUP = "<script>alert(1)</script>"


@pytest.fixture
def house(sqlite_database: Database, tmp_path: Path) -> Iterator[SyncHouse]:
    house = furnished(sqlite_database, tmp_path)
    yield house
    house.close()


@pytest.fixture
def anna(house: SyncHouse) -> Browser:
    return signed_in(house, "anna")


def results(house: SyncHouse, number: int) -> list[Result]:
    with house.database.read() as session:
        return runs.results(session, [flow.id for flow in house.shown(number).flows if flow.enabled])


def failing(house: SyncHouse, subject: str = "Call Anna") -> int:
    """A connection of which one creation was refused."""
    number = house.running()
    house.activity(subject)
    house.remote.misbehave(Fault(Call.CREATE, Raises(Refused("No room there.", remedy="Make some room."))))
    house.run(number)
    return number


def disputed(house: SyncHouse) -> tuple[int, int]:
    """A connection with one conflict about the subject, and the id of its link."""
    number = house.running()
    house.connections.change(None, number, lambda c: replace(c, policy=ConflictPolicy.ASK))
    activity = house.activity("Call")
    house.run(number)
    (event,) = house.calendar.resources
    house.activities.change(CRM, activity.id, lambda a: replace(a, subject="Call Bob"))
    house.edit(event, summary="Call Carl")
    house.run(number)
    (found,) = results(house, number)
    assert found.outcome is ResultOutcome.CONFLICT
    with house.database.read() as session:
        (link,) = links.links_of_record(session, [found.flow_id], activity.id)
    return number, link.id


def emptied(house: SyncHouse) -> int:
    """A connection whose other side is suddenly empty."""
    number = house.running()
    for hour in range(4):
        house.activity(f"Call {hour}")
    house.run(number)
    for id_ in list(house.calendar.resources):
        house.calendar.remove(id_)
    assert house.run(number).outcome is RunOutcome.DECISION
    return number


def test_counts_times_and_runs(house: SyncHouse, anna: Browser) -> None:
    number = house.running(types=frozenset({"meeting"}))
    house.activity("Call Anna")
    house.event("Lunch")
    house.run(number)
    overview = anna.get("/health/").text
    assert "<strong>1</strong> linked" in overview
    assert "<strong>1</strong> left out" in overview
    assert "Up to date" in overview
    page = anna.get(f"/health/{number}").text
    assert all(word in page for word in ("Last success", "Last attempt", "Next run", "1 created here", "by hand"))
    left = anna.get(f"/health/{number}/left-out").text
    assert "Call Anna" in left
    assert "Activities of the type “call” are not synced." in left


def test_without_accounts(anna: Browser) -> None:
    assert "nothing that could fail" in anna.get("/health/").text


def test_a_failure_is_shown_with_its_remedy_and_tried_again(house: SyncHouse, anna: Browser) -> None:
    number = failing(house)
    page = anna.get(f"/health/{number}").text
    assert all(text in page for text in ("Call Anna", "No room there.", "Make some room.", "failed for good"))
    (failed,) = results(house, number)
    answer = followed(anna, anna.post(f"/health/{number}/results/{failed.id}/retry"))
    assert "It is looked at again in a moment." in answer.text
    assert len(house.queue.waiting()) == 1
    house.run(number)
    assert len(house.calendar.resources) == 1
    assert "Nothing failed." in anna.get(f"/health/{number}").text


def test_everything_that_failed_is_tried_again(house: SyncHouse, anna: Browser) -> None:
    number = failing(house)
    answer = followed(anna, anna.post(f"/health/{number}/retry"))
    assert "1 object is looked at again." in answer.text
    house.run(number)
    assert len(house.calendar.resources) == 1


def test_an_ignored_object_stays_as_it_is_until_it_is_looked_at_again(house: SyncHouse, anna: Browser) -> None:
    number = failing(house)
    (failed,) = results(house, number)
    followed(anna, anna.post(f"/health/{number}/results/{failed.id}/ignore"))
    house.run(number)
    assert not house.calendar.resources
    (ignored,) = results(house, number)
    assert ignored.reason == "It is not synced because you chose so."
    assert "Call Anna" in anna.get(f"/health/{number}/left-out").text
    anna.post(f"/health/{number}/results/{ignored.id}/retry")
    house.run(number)
    assert len(house.calendar.resources) == 1


def test_an_ignored_pair_is_tied_no_longer_and_found_again_without_a_duplicate(house: SyncHouse, anna: Browser) -> None:
    number = house.running()
    activity = house.activity("Call")
    house.run(number)
    (event,) = house.calendar.resources
    (done,) = results(house, number)
    anna.post(f"/health/{number}/results/{done.id}/ignore")
    house.edit(event, summary="Another")
    house.run(number)
    assert house.activities.get(activity.id).subject == "Call"
    (ignored,) = results(house, number)
    anna.post(f"/health/{number}/results/{ignored.id}/retry")
    house.run(number)
    assert len(house.calendar.resources) == 1
    assert len(house.activities.owned_by(activity.owner_id)) == 1
    with house.database.read() as session:
        (link,) = links.links_of_record(session, [done.flow_id], activity.id)
    assert link.state is LinkState.LINKED


@pytest.mark.parametrize("path", ["results/999/retry", "results/999/ignore"])
def test_an_object_that_there_is_not(house: SyncHouse, anna: Browser, path: str) -> None:
    number = house.running()
    assert anna.post(f"/health/{number}/{path}").status_code == 404


def test_failures_come_in_pages(house: SyncHouse, anna: Browser) -> None:
    number = house.running()
    flow = house.shown(number).flows[0]
    with house.database.write() as session:
        for count in range(60):
            result = Result(
                flow.id, "r", ResultOutcome.FAILED, house.clock.now(), local_id=count, title=f"Object {count}."
            )
            runs.put_results(session, flow.id, [result])
    page = anna.get(f"/health/{number}").text
    assert "Object 59." in page
    assert "Object 5." not in page
    after = re.search(r'rel="next" href="([^"]+)"', page)
    assert after is not None
    assert "Object 5." in anna.get(after[1].replace("&amp;", "&")).text
    for nonsense in ("x", "-1", "9" * 50, "1.5"):
        assert anna.get(f"/health/{number}?before={nonsense}").status_code == 200


# Conflicts


def test_a_conflict_is_shown_side_by_side(house: SyncHouse, anna: Browser) -> None:
    number, _ = disputed(house)
    page = anna.get(f"/health/{number}/conflicts").text
    assert all(text in page for text in ("Call Bob", "Call Carl", "In the CRM", "In the account", "Subject"))
    html5lib.HTMLParser(strict=True).parse(page)


@pytest.mark.parametrize(("pick", "subject"), [("ours", "Call Bob"), ("theirs", "Call Carl")])
def test_the_chosen_side_wins_on_both(house: SyncHouse, anna: Browser, pick: str, subject: str) -> None:
    number, link = disputed(house)
    answer = anna.post(f"/health/{number}/conflicts/{link}", {"part-summary": pick})
    assert "There are no conflicts." in followed(anna, answer).text
    house.run(number)
    assert [each.object.summary for each in house.calendar.resources.values()] == [subject]
    (activity,) = house.activities.owned_by(house.principals.find("anna").id)
    assert activity.subject == subject
    (result,) = results(house, number)
    assert result.outcome is ResultOutcome.DONE
    house.run(number)
    assert [each.object.summary for each in house.calendar.resources.values()] == [subject]


@pytest.mark.parametrize("sent", [{}, {"part-summary": "both"}, {"part-location": "ours"}, {"part-summary": ""}])
def test_half_a_choice_is_none(house: SyncHouse, anna: Browser, sent: dict[str, str]) -> None:
    number, link = disputed(house)
    answer = anna.post(f"/health/{number}/conflicts/{link}", sent)
    assert answer.status_code in {400, 422}
    assert "Choose a side for each part." in problem(answer)
    assert results(house, number)[0].outcome is ResultOutcome.CONFLICT


def test_a_conflict_that_is_over(house: SyncHouse, anna: Browser) -> None:
    number, link = disputed(house)
    assert anna.post(f"/health/{number}/conflicts/999", {"part-summary": "ours"}).status_code == 404
    anna.post(f"/health/{number}/conflicts/{link}", {"part-summary": "ours"})
    assert anna.post(f"/health/{number}/conflicts/{link}", {"part-summary": "ours"}).status_code == 404


def test_conflicts_of_an_account_that_does_not_answer(house: SyncHouse, anna: Browser) -> None:
    number, link = disputed(house)
    house.remote.misbehave(Fault(Call.FETCH, Raises(TemporaryError("Busy.")), times=None))
    answer = anna.get(f"/health/{number}/conflicts")
    assert (answer.status_code, problem(answer)) == (503, "Busy.")
    assert anna.post(f"/health/{number}/conflicts/{link}", {"part-summary": "ours"}).status_code == 503


# The guard's question (R22)


def test_the_question_and_its_list(house: SyncHouse, anna: Browser) -> None:
    number = emptied(house)
    assert "Look at the list and decide" in anna.get(f"/health/{number}").text
    page = anna.get(f"/health/{number}/decision").text
    assert "The other side is suddenly empty, and 4 objects were in sync." in page
    assert "4 objects would be deleted" in page
    assert all(f"Call {hour}" in page for hour in range(4))
    assert len(house.activities.owned_by(house.principals.find("anna").id)) == 4


def test_accepted(house: SyncHouse, anna: Browser) -> None:
    number = emptied(house)
    page = followed(anna, anna.post(f"/health/{number}/decision", {"answer": "accept"})).text
    assert "It is done, and the sync goes on." in page
    assert "Up to date" in page
    assert house.activities.owned_by(house.principals.find("anna").id) == []


def test_restored(house: SyncHouse, anna: Browser) -> None:
    number = emptied(house)
    followed(anna, anna.post(f"/health/{number}/decision", {"answer": "restore"}))
    assert len(house.calendar.resources) == 4
    assert len(house.activities.owned_by(house.principals.find("anna").id)) == 4


@pytest.mark.parametrize("answer", ["", "perhaps", "x" * 9_999])
def test_no_answer_is_none(house: SyncHouse, anna: Browser, answer: str) -> None:
    number = emptied(house)
    told = anna.post(f"/health/{number}/decision", {"answer": answer})
    assert told.status_code == 422
    assert problem(told) == "Choose one of the two answers."
    assert len(house.activities.owned_by(house.principals.find("anna").id)) == 4


def test_a_decision_while_the_account_is_out_of_reach(house: SyncHouse, anna: Browser) -> None:
    number = emptied(house)
    house.account.revoked = True
    page = followed(anna, anna.post(f"/health/{number}/decision", {"answer": "accept"})).text
    assert "The service does not accept this sign-in." in page
    assert len(house.activities.owned_by(house.principals.find("anna").id)) == 4
    assert anna.get(f"/health/{number}/decision").status_code == 502


# Runs


def test_a_run_is_shown_and_undone_on_both_sides(house: SyncHouse, anna: Browser) -> None:
    number = house.running()
    house.activity("Call Anna")
    house.event("Lunch")
    run = house.run(number).run_id
    page = anna.get(f"/health/runs/{run}").text
    assert all(text in page for text in ("Call Anna", "Lunch", "What it wrote there", "Undo this run"))
    undone = anna.post(f"/health/runs/{run}/undo").text
    assert undone.count("taken back</span>") == 2
    assert [each.object.summary for each in house.calendar.resources.values()] == ["Lunch"]
    assert [each.subject for each in house.activities.owned_by(house.principals.find("anna").id)] == ["Call Anna"]


def test_titles_and_reasons_are_text(house: SyncHouse, anna: Browser) -> None:
    number = house.running()
    house.activity(MARKUP)
    house.remote.misbehave(Fault(Call.CREATE, Raises(Refused(f"No {MARKUP}.", remedy=MARKUP))))
    run = house.run(number).run_id
    for path in ("/health/", f"/health/{number}", f"/health/runs/{run}"):
        page = anna.get(path).text
        assert "<script>alert" not in page
        html5lib.HTMLParser(strict=True).parse(page)
    assert "No &lt;script&gt;alert(1)&lt;/script&gt;." in anna.get(f"/health/{number}").text


def test_an_administrator_sees_the_health_of_everybody(house: SyncHouse) -> None:
    number = failing(house)
    zane = signed_in(house, "zane")
    assert "No room there." in zane.get(f"/health/{number}").text
    assert "nothing that could fail" in zane.get("/health/").text


def test_one_write_there_is_taken_back_alone(house: SyncHouse, anna: Browser) -> None:
    """Also where contacts are synced beside the calendar."""
    number = house.running()
    house.connections.choose(None, number, FlowKind.CONTACTS, "/people")
    house.connections.start(None, number, confirmed=True)
    house.activity("First")
    house.activity("Second")
    run = house.run(number)
    with house.database.read() as session:
        written = {change.title: change.id for change in runs.remote_changes(session, run_id=run.run_id)}
    path = f"/health/runs/{run.run_id}/changes/{written['First']}/undo"
    assert path in anna.get(f"/health/runs/{run.run_id}").text
    assert "“First” is as it was before." in followed(anna, anna.post(path)).text
    assert [found.object.summary for found in house.calendar.resources.values()] == ["Second"]
    assert path not in anna.get(f"/health/runs/{run.run_id}").text
    assert anna.post(path).status_code == 409
    house.run(number)
    assert [found.object.summary for found in house.calendar.resources.values()] == ["Second"]
