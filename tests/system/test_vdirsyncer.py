"""vdirsyncer both ways: a first sync, interruptions, edits everywhere; nothing is lost, and it comes to rest."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from bridge.core.person import Person
from tests.database import BOTH
from tests.system import samples
from tests.system.chaos import CHAOS, amount
from tests.system.crm import Crm
from tests.system.samples import content_lines
from tests.system.server import Account, ServerProcess
from tests.system.vdirsyncer import Folder, Vdirsyncer

MANY = {"sqlite": amount(quick=250, full=500), "postgresql": 250}  # files at first, of each kind
NEW, OWN = 25, 20  # files that come later, records of the CRM's own
HERE, CRM_SIDE = "Edited in a file", "Edited in the CRM"
KEPT_UP = {"CATEGORIES", "DTSTAMP", "LAST-MODIFIED", "REV"}  # properties that the server changes by itself


@dataclass(frozen=True, slots=True)
class Plan:
    """Which of the numbered files are edited or deleted, and where."""

    edited_here: range = range(50)
    deleted_here: range = range(50, 75)
    edited_there: range = range(100, 150)
    deleted_there: range = range(150, 175)
    edited_on_both: range = range(200, 210)
    deleted_here_edited_there: range = range(210, 220)
    edited_here_deleted_there: range = range(220, 230)

    @property
    def here(self) -> list[int]:
        return [*self.edited_here, *self.edited_on_both, *self.edited_here_deleted_there]

    @property
    def there(self) -> list[int]:
        return [*self.edited_there, *self.edited_on_both, *self.deleted_here_edited_there]

    @property
    def gone(self) -> set[int]:
        """An edit beats a deletion, wherever it was made."""
        return {*self.deleted_here, *self.deleted_there}

    @property
    def won_here(self) -> list[int]:
        return [*self.edited_here, *self.edited_here_deleted_there]


PLAN = Plan()


@pytest.mark.parametrize("any_server", BOTH if CHAOS else ["sqlite"], indirect=True)
def test_many_objects_both_ways(any_server: ServerProcess, anna: Account, crm: Crm, tmp_path: Path) -> None:
    client, many = Vdirsyncer(tmp_path, anna), MANY[any_server.services.database.dialect]
    files = {client.calendar: samples.events(many + NEW), client.contacts: samples.cards(many + NEW)}
    for folder, texts in files.items():
        _write(folder, list(texts.items())[:many])
    for number in range(OWN):
        crm.add(f"Own {number}")
        crm.add_person(f"Own {number}")
    client.discover()
    with client.running() as run:
        _wait_until(run, lambda: len(crm.activities()) > OWN + many // 5)
    assert len(crm.activities()) < OWN + many, "the run was not interrupted midway"
    client.settle()
    _assert_equal(client, anna, crm)
    for folder, texts in files.items():
        _assert_kept(folder, dict(list(texts.items())[:many]))

    for folder, texts in files.items():
        _write(folder, list(texts.items())[many:])
        _edit_files(folder, list(texts))
    _edit_crm(crm)
    with client.running() as run:
        _wait_until(run, lambda: HERE in crm.subjects())
        any_server.restart()
    client.settle()
    _assert_equal(client, anna, crm)
    for folder, texts in files.items():
        _assert_edited(folder, list(texts))
    assert crm.subjects().count(HERE) == sum(HERE in text for text in client.calendar.texts().values())
    assert client.sync() == 0


def _write(folder: Folder, texts: list[tuple[str, str]]) -> None:
    for uid, text in texts:
        folder.write(uid, text)


def _wait_until(run: subprocess.Popen[bytes], reached: Callable[[], bool]) -> None:
    """Wait until a run in the background has come so far; it must not end before."""
    for _ in range(600):
        if reached():
            return
        try:
            pytest.fail(f"vdirsyncer ended too early, with {run.wait(timeout=0.1)}.")
        except subprocess.TimeoutExpired:
            continue
    pytest.fail("vdirsyncer does not get so far.")


def _edit_files(folder: Folder, uids: list[str]) -> None:
    for number in PLAN.here:
        folder.write(uids[number], _edited(folder.read(uids[number])))
    for number in PLAN.deleted_here:
        folder.delete(uids[number])
    for number in PLAN.deleted_here_edited_there:
        if _crm_can_edit(folder.read(uids[number])):
            folder.delete(uids[number])


def _edited(text: str) -> str:
    """Another summary for every part of an event, another title for a card."""
    if text.startswith("BEGIN:VCALENDAR"):
        return re.sub(r"^SUMMARY[^:]*:.*(\r?\n[ \t].*)*", f"SUMMARY:{HERE}", text, flags=re.MULTILINE)
    untitled = re.sub(r"^TITLE:.*\r?\n", "", text, flags=re.MULTILINE)
    return untitled.replace("END:VCARD", f"TITLE:{HERE}\nEND:VCARD")


def _crm_can_edit(text: str) -> bool:
    """A series it cannot, and a company has no title."""
    return "RRULE" not in text and "X-ABShowAs:COMPANY" not in text


def _edit_crm(crm: Crm) -> None:
    activities = {activity.uid: activity for activity in crm.activities()}
    people = {person.uid: person for person in crm.people()}
    contacts = people | {company.uid: company for company in crm.companies()}
    for number in PLAN.there:
        activity, person = activities[f"event-{number}@example.com"], people.get(f"card-{number}")
        if not activity.series:
            crm.rename(activity, CRM_SIDE)
        if person is not None:
            crm.change_person(person, _entitled)
    for number in (*PLAN.deleted_there, *PLAN.edited_here_deleted_there):
        crm.delete(activities[f"event-{number}@example.com"])
        crm.delete_contact(contacts[f"card-{number}"])
    for number in range(NEW):
        crm.add(f"New {number}")
        crm.add_person(f"New {number}")


def _entitled(person: Person) -> Person:
    return replace(person, job_title=CRM_SIDE)


def _assert_equal(client: Vdirsyncer, account: Account, crm: Crm) -> None:
    """The files, what the server gives out, and the CRM's records are the same things."""
    for folder in (client.calendar, client.contacts):
        here, there = folder.texts(), folder.texts_on_server(account)
        assert here.keys() == there.keys()
        for uid, text in here.items():
            assert content_lines(text) == content_lines(there[uid])
    assert {activity.uid for activity in crm.activities()} == client.calendar.texts().keys()
    records = [*crm.people(), *crm.companies()]
    assert sorted(record.uid for record in records) == sorted(client.contacts.texts())


def _assert_kept(folder: Folder, before: Mapping[str, str]) -> None:
    """No line of a file was lost, but for what the server keeps up to date itself."""
    after = folder.texts()
    for uid, text in before.items():
        lost = content_lines(text) - content_lines(after[uid])
        assert {re.split("[:;]", line)[0] for line in lost} <= KEPT_UP, f"{uid}: {lost}"


def _assert_edited(folder: Folder, uids: list[str]) -> None:
    texts = folder.texts()
    assert {number for number, uid in enumerate(uids) if uid not in texts} == PLAN.gone
    for number in PLAN.won_here:
        assert HERE in texts[uids[number]]
    for number in PLAN.there:
        text = texts[uids[number]]
        assert (CRM_SIDE in text) == _crm_can_edit(text)
        assert (HERE in text) == (number in PLAN.here and not _crm_can_edit(text))
