"""The server is killed while it draws very many again: the next one goes on where it was."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, time
from pathlib import Path

import pytest

from bridge.core.activity import Activity
from bridge.services.redrawing import AT_ONCE, PORTION
from bridge.services.rendering import refresh_activities
from bridge.store import activities
from tests.system.chaos import CHAOS
from tests.system.server import ServerProcess
from tests.system.test_worker_process import await_that

MANY, KILLS = 3 * AT_ONCE, 5


@pytest.mark.skipif(not CHAOS, reason="starts the server again and again")
@pytest.mark.parametrize("sync", ["off", "on"])
def test_a_killed_server_goes_on_drawing(database_url: str, tmp_path: Path, sync: str) -> None:
    """With the sync worker, and with the server alone; while it draws, it answers."""
    server = ServerProcess(tmp_path / "server", database_url, workers=1)
    with server.config_file.open("a", encoding="utf-8") as file:
        file.write(f"[sync]\nenabled = {sync}\n")
    login = server.add_user("anna").login
    fill(server, login)
    services, viewer = server.services, server.services.principals.find(login)
    (call,) = [kind for kind in services.activities.types() if kind.key == "call"]
    services.activities.save_type(replace(call, name="Zvans"))
    done = 0
    try:
        for _ in range(KILLS):
            server.start()
            await_that(lambda least=done + 1: progress(server, login) >= least, server.said())
            server.kill()
            done = progress(server, login)
            assert PORTION <= done <= MANY
        server.start()
        await_that(lambda: services.redraws.progress(viewer) is None, server.said())
        server.stop()
    finally:
        server.kill()
    collection = services.resources.collection(login, "activities")
    assert collection is not None
    drawn = [found for found in services.resources.listing(collection, text=True) if "CATEGORIES:Zvans" in found.text]
    assert len(drawn) == MANY
    services.close()


def fill(server: ServerProcess, login: str) -> None:
    services = server.services
    owner = services.principals.find(login).id
    now = services.clock.now()
    new = Activity("", owner, "Call", "call", date(2026, 12, 1), time(8), created_at=now, updated_at=now)
    with services.database.write() as session:
        ids = activities.add_activities(session, [replace(new, uid=f"uid-{number}") for number in range(MANY)])
        refresh_activities(session, ids, services.settings, now=now)


def progress(server: ServerProcess, login: str) -> int:
    found = server.services.redraws.progress(server.services.principals.find(login))
    return found.done if found else MANY
