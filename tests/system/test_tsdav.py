"""tsdav (JavaScript) against a real server: both kinds of accounts, from the server's address alone."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.harness import ics, vcf
from tests.system.crm import Crm
from tests.system.server import Account, ServerProcess

pytestmark = pytest.mark.node

SOURCE = Path(__file__).parent / "tsdav"


@pytest.fixture(scope="session")
def script(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """How to start the script beside which tsdav is installed, of the version in the lock.

    Each process of the tests has its own copy: npm cannot install twice at a time into one folder.
    """
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        if os.environ.get("CI") == "true":
            pytest.fail("CI needs Node.js and npm.")
        pytest.skip("Node.js or npm is not installed")
    folder = tmp_path_factory.mktemp("tsdav")
    for name in ("package.json", "package-lock.json", "client.mjs"):
        shutil.copy(SOURCE / name, folder)
    command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    return node, str(folder / "client.mjs")


class Tsdav:
    """A client that lives in a process of Node.js."""

    def __init__(self, script: tuple[str, str], account: Account, account_type: str) -> None:
        environment = os.environ | {
            "DAV_URL": account.url,
            "DAV_LOGIN": account.login,
            "DAV_PASSWORD": account.password,
            "DAV_TYPE": account_type,
        }
        self._process = subprocess.Popen(
            script,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def call(self, method: str, /, **parameters: Any) -> Any:
        """What a method of the client returns, as JSON."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"method": method, "parameters": parameters}) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        answer = json.loads(line) if line else {"error": self.close()}
        assert "error" not in answer, f"{method}: {answer['error']}"
        return answer["result"]

    def close(self) -> str:
        """End it; what it complained about."""
        _, complaints = self._process.communicate(timeout=30)
        return complaints


@pytest.fixture
def open_account(script: tuple[str, str], anna: Account) -> Iterator[Callable[[str], Tsdav]]:
    """Add anna's account to a new client."""
    opened: list[Tsdav] = []

    def add(account_type: str) -> Tsdav:
        opened.append(Tsdav(script, anna, account_type))
        return opened[-1]

    yield add
    for client in opened:
        client.close()


def test_calendars(anna: Account, crm: Crm, open_account: Callable[[str], Tsdav]) -> None:
    client = open_account("caldav")
    (calendar,) = client.call("fetchCalendars")
    assert calendar["url"] == f"{anna.url}{anna.path('activities')}"
    assert (calendar["displayName"], calendar["components"]) == ("Activities", ["VEVENT"])
    assert {"calendarQuery", "calendarMultiget", "syncCollection", "freeBusyQuery"} <= set(calendar["reports"])

    text = ics("SUMMARY:Pusdienas", "DTSTART:20261201T100000Z", "DTEND:20261201T110000Z")
    created = client.call("createCalendarObject", calendar=calendar, filename="lunch.ics", iCalString=text)
    assert created["status"] == 201
    again = client.call("createCalendarObject", calendar=calendar, filename="lunch.ics", iCalString=text)
    assert again["status"] == 412
    assert crm.subjects() == ["Pusdienas"]

    (stored,) = client.call("fetchCalendarObjects", calendar=calendar)
    changed = stored | {"data": stored["data"].replace("SUMMARY:Pusdienas", "SUMMARY:Vakariņas")}
    assert client.call("updateCalendarObject", calendarObject=changed)["status"] == 204
    assert crm.subjects() == ["Vakariņas"]
    assert client.call("updateCalendarObject", calendarObject=changed)["status"] == 412

    november = {"start": "2026-11-01T00:00:00Z", "end": "2026-12-01T00:00:00Z"}
    december = {"start": "2026-12-01T00:00:00Z", "end": "2027-01-01T00:00:00Z"}
    assert client.call("fetchCalendarObjects", calendar=calendar, timeRange=november) == []
    (found,) = client.call("fetchCalendarObjects", calendar=calendar, timeRange=december, expand=True)
    assert "SUMMARY:Vakariņas" in found["data"]
    assert client.call("deleteCalendarObject", calendarObject=stored)["status"] == 412
    assert client.call("deleteCalendarObject", calendarObject=found)["status"] == 204
    assert crm.subjects() == []


def test_calendars_in_step(
    any_server: ServerProcess, anna: Account, crm: Crm, open_account: Callable[[str], Tsdav]
) -> None:
    client = open_account("caldav")
    old = client.call("fetchCalendars")
    call = crm.add("Call Ilze")

    result = client.call("syncCalendarsDetailed", oldCalendars=old)
    assert (result["created"], len(result["updated"]), result["deleted"]) == ([], 1, [])
    (calendar,) = client.call("syncCalendars", oldCalendars=old)
    assert ["SUMMARY:Call Ilze" in each["data"] for each in calendar["objects"]] == [True]
    assert client.call("syncCalendarsDetailed", oldCalendars=[calendar])["updated"] == []

    crm.rename(call, "Call Jānis")
    crm.add("Lunch")
    after = client.call("smartCollectionSync", collection=calendar, method="webdav")
    subjects = sorted("Call Jānis" in each["data"] for each in after["objects"])
    assert subjects == [False, True]
    crm.delete(call)
    gone = client.call("smartCollectionSyncDetailed", collection=after, method="webdav")
    assert [each["url"] for each in gone["objects"]["deleted"]] == [f"{calendar['url']}{call.uid}.ics"]

    any_server.run("user", "set", anna.login, "--show", "task=task")
    (tasks,) = client.call("syncCalendarsDetailed", oldCalendars=[calendar])["created"]
    assert (tasks["displayName"], tasks["components"]) == ("Tasks", ["VTODO"])


def test_address_books(anna: Account, crm: Crm, open_account: Callable[[str], Tsdav]) -> None:
    client = open_account("carddav")
    (book,) = client.call("fetchAddressBooks")
    assert (book["url"], book["displayName"]) == (f"{anna.url}{anna.path('contacts')}", "Contacts")

    created = client.call("createVCard", addressBook=book, filename="ilze.vcf", vCardString=vcf())
    assert created["status"] == 201
    (person,) = crm.people()
    assert person.name == "Ilze Ozola"

    (stored,) = client.call("fetchVCards", addressBook=book)
    changed = stored | {"data": stored["data"].replace("END:VCARD", "TITLE:Direktore\nEND:VCARD")}
    assert client.call("updateVCard", vCard=changed)["status"] == 204
    assert [found.job_title for found in crm.people()] == ["Direktore"]
    assert client.call("updateVCard", vCard=changed)["status"] == 412

    held = book | {"objects": client.call("fetchVCards", addressBook=book)}
    crm.add_person("Jānis Kalns")
    crm.change_person(person, lambda found: replace(found, job_title=""))
    synced = client.call("smartCollectionSync", collection=held, method="webdav")
    assert len(synced["objects"]) == 2
    assert not any("Direktore" in each["data"] for each in synced["objects"])
    ilze = next(each for each in synced["objects"] if each["url"].endswith("ilze.vcf"))
    assert client.call("deleteVCard", vCard=ilze)["status"] == 204
    assert [found.name for found in crm.people()] == ["Jānis Kalns"]
    left = client.call("smartCollectionSync", collection=synced, method="webdav")
    assert len(left["objects"]) == 1
