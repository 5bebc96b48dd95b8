"""The program as an operator runs it: commands, processes, signals."""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.client import HTTPException
from itertools import count
from pathlib import Path

from tests.harness import ics
from tests.system.connection import Connection
from tests.system.server import PROGRAM, Account, ServerProcess, serving

CLIENTS = 4
ENOUGH = 60  # acknowledged writes before the server is told to end


def test_the_commands_make_an_account_that_works(sqlite_url: str, tmp_path: Path) -> None:
    with serving(tmp_path / "server", sqlite_url) as server:
        server.run("user", "add", "anna", "--name", "Anna Bērziņa", "--email", "anna@example.com")
        lines = server.run("device", "add", "anna", "--name", "Phone").splitlines()
        assert f"{server.url}/dav/" in lines[1]
        account = Account(server.url, "anna", lines[-1])
        with Connection(account) as connection:
            assert connection.propfind("/dav/anna/activities/").status == 207
            (device,) = json.loads(server.run("device", "list", "anna", "--json"))
            server.run("device", "revoke", str(device["id"]))
            assert connection.propfind("/dav/anna/").status == 401
        server.restart()
        with Connection(account) as connection:
            assert connection.propfind("/dav/anna/").status == 401
        assert server.said().count(f"listens on {server.url} until") == 2
        again = [*PROGRAM, "--config", str(server.config_file), "serve"]
        second = subprocess.run(again, capture_output=True, text=True, check=False)
        assert second.returncode == 1
        assert f"cannot listen on 127.0.0.1:{server.port}.\nAnother program" in second.stderr


def test_a_write_is_seen_by_the_next_request_on_any_connection(any_server: ServerProcess, anna: Account) -> None:
    connections = [Connection(anna) for _ in range(8)]
    token, _ = connections[0].sync(anna.path("activities"))
    for number, (writer, reader) in enumerate(zip(connections, reversed(connections), strict=True)):
        href = f"{anna.path('activities')}{number}.ics"
        assert writer.put(href, ics(uid=f"{number}@example.com")).status == 201
        assert reader.get(href).status == 200
        token, changes = reader.sync(anna.path("activities"), token)
        assert changes.hrefs() == [href]
    for connection in connections:
        connection.close()


@dataclass
class Writers:
    """Clients that write until the server says goodbye, and note what it acknowledged."""

    account: Account
    acknowledged: dict[str, str] = field(default_factory=dict)
    enough: threading.Event = field(default_factory=threading.Event)

    def write(self, client: int) -> None:
        with Connection(self.account) as connection:
            for number in count():
                name = f"{client}-{number}"
                body = ics(f"SUMMARY:{name}", "DTSTART:20261201T100000Z", "DTEND:20261201T110000Z", uid=name)
                try:
                    reply = connection.put(f"{self.account.path('activities')}{name}.ics", body)
                except (OSError, HTTPException):
                    return
                assert reply.status == 201
                self.acknowledged[name] = reply.etag
                if len(self.acknowledged) >= ENOUGH:
                    self.enough.set()


def _while_writing(account: Account, act: Callable[[], None]) -> dict[str, str]:
    """Do something to the server once it is under load; then everything that it had acknowledged."""
    writers = Writers(account)
    with ThreadPoolExecutor(CLIENTS) as pool:
        running = [pool.submit(writers.write, client) for client in range(CLIENTS)]
        assert writers.enough.wait(timeout=60)
        act()
        for each in running:
            each.result(timeout=30)
    return writers.acknowledged


def _assert_all_there(account: Account, acknowledged: dict[str, str]) -> None:
    with Connection(account) as connection:
        for name, etag in acknowledged.items():
            reply = connection.get(f"{account.path('activities')}{name}.ics")
            assert reply.status == 200
            assert f"SUMMARY:{name}\r\n" in reply.text
            assert etag in {"", reply.etag}


def test_nothing_that_was_acknowledged_is_lost_by_a_stop(own_server: ServerProcess) -> None:
    account = own_server.add_user("anna")
    acknowledged = _while_writing(account, own_server.stop)
    own_server.start()
    _assert_all_there(account, acknowledged)


def test_nothing_that_was_acknowledged_is_lost_by_a_crash(own_server: ServerProcess) -> None:
    account = own_server.add_user("anna")
    acknowledged = _while_writing(account, own_server.kill)
    own_server.start()
    _assert_all_there(account, acknowledged)
