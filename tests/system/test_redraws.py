"""The server is killed while it draws very many again: the next one goes on where it was."""

from __future__ import annotations

from dataclasses import replace
from datetime import time, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from bridge.bootstrap import Services
from bridge.core.activity import Activity
from bridge.core.person import Organization
from bridge.services.redrawing import AT_ONCE, PORTION
from bridge.services.rendering import refresh_activities
from bridge.store import activities
from tests.harness import CRM
from tests.system.chaos import CHAOS
from tests.system.server import ServerProcess
from tests.system.test_worker_process import await_that

MANY, KILLS = 3 * AT_ONCE, 5


@pytest.mark.skipif(not CHAOS, reason="starts the server again and again")
@pytest.mark.parametrize(("sync", "cause"), [("off", "type"), ("on", "type"), ("on", "organization"), ("on", "day")])
def test_a_killed_server_goes_on_drawing(database_url: str, tmp_path: Path, sync: str, cause: str) -> None:
    """With the sync worker, and with the server alone; while it draws, it answers."""
    server = ServerProcess(tmp_path / "server", database_url, workers=1)
    with server.config_file.open("a", encoding="utf-8") as file:
        file.write(f"[sync]\nenabled = {sync}\n")
    login = server.add_user("anna").login
    organization = fill(server, login)
    services, viewer = server.services, server.services.principals.find(login)
    change(services, login, organization, cause)
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
    texts = [unfolded(found.text) for found in services.resources.listing(collection, text=True)]
    assert sum(LOOKS[cause] in found for found in texts) == (0 if cause == "day" else MANY)
    services.close()


LOOKS = {"type": "CATEGORIES:Zvans\r\n", "organization": "Dzintars", "day": "UID"}


def unfolded(text: str) -> str:
    return text.replace("\r\n ", "")


def fill(server: ServerProcess, login: str) -> int:
    """Many activities of the month before last with one organization."""
    services = server.services
    owner = services.principals.find(login).id
    now = services.clock.now()
    firm = services.contacts.create_organization(CRM, Organization("", owner, "Before")).id
    due = (now - timedelta(days=60)).date()
    new = Activity("", owner, "Call", "call", due, time(8), organization_id=firm, created_at=now, updated_at=now)
    with services.database.write() as session:
        ids = activities.add_activities(session, [replace(new, uid=f"uid-{number}") for number in range(MANY)])
        refresh_activities(session, ids, services.settings, now=now)
    return firm


def change(services: Services, login: str, organization: int, cause: str) -> None:
    """What all of them show, or what they are too old for."""
    if cause == "type":
        (call,) = [kind for kind in services.activities.types() if kind.key == "call"]
        services.activities.save_type(replace(call, name="Zvans"))
    elif cause == "organization":
        services.contacts.change_organization(CRM, organization, lambda each: replace(each, name="Dzintars"))
    else:
        with services.database.write() as session:
            session.execute(text("UPDATE users SET past_days = 30"))
        services.principals.sweep(login)


def progress(server: ServerProcess, login: str) -> int:
    found = server.services.redraws.progress(server.services.principals.find(login))
    return found.done if found else MANY
