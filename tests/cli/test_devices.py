from __future__ import annotations

import re
from contextlib import closing
from datetime import UTC, datetime

from bridge.bootstrap import secret_key
from bridge.services.devices import Devices
from bridge.store.database import Database
from tests.cli.conftest import Program
from tests.harness import FixedClock


def test_the_last_line_is_the_password_and_signs_in(anna: Program) -> None:
    password = anna.ok("device", "add", "anna", "--name", "Anna's phone").splitlines()[-1]
    assert re.fullmatch(r"[a-z2-9]{5}(-[a-z2-9]{5}){4}", password)
    with closing(Database(f"sqlite:///{anna.folder / 'crm.sqlite3'}")) as database:
        key = secret_key(anna.folder / "key")
        clock = FixedClock(datetime(2026, 11, 21, tzinfo=UTC))
        signed_in = Devices(database, clock, key).sign_in("anna", password, "test")
    assert signed_in is not None
    assert signed_in.device.name == "Anna's phone"
    (device,) = anna.json("device", "list", "anna")
    assert (device["login"], device["last_client"], device["revoked_at"]) == ("anna", "test", None)


def test_a_revoked_device_is_listed_as_such(anna: Program) -> None:
    anna.ok("device", "add", "anna", "--name", "phone")
    anna.ok("device", "revoke", "1")
    assert anna.json("device", "list")[0]["revoked_at"]
    assert "no usable device 1" in anna.fails("device", "revoke", "1")
    assert anna.ok("device", "list").splitlines()[1].startswith("1\tanna\tphone\t")


def test_devices_of_nobody_are_an_error(anna: Program) -> None:
    assert "There is no user “bob”" in anna.fails("device", "list", "bob")
    assert "There is no user “bob”" in anna.fails("device", "add", "bob", "--name", "x")
    assert "A device needs a name." in anna.fails("device", "add", "anna", "--name", " ")
