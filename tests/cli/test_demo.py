from __future__ import annotations

import re

from tests.cli.conftest import Program

SMALL = ("demo", "--users", "2", "--activities", "8", "--contacts", "6")


def test_a_demo_ends_with_an_account_that_is_ready(davbridge: Program) -> None:
    page, *lines, password = davbridge.ok(*SMALL).splitlines()
    assert page == "Page: http://127.0.0.1:8080/ (sign in as anna with the password demo)"
    assert "Address: http://127.0.0.1:8080/dav/" in lines
    assert "User name: anna" in lines
    assert re.fullmatch(r"[a-z2-9]{5}(-[a-z2-9]{5}){4}", password)
    assert [user["login"] for user in davbridge.json("user", "list")] == ["anna", "janis"]
    assert davbridge.json("user", "list")[0]["role"] == "admin"
    assert davbridge.json("device", "list", "anna")[0]["name"] == "Demo"
    assert "no findings" in davbridge.ok("doctor")


def test_a_second_demo_is_refused_or_does_nothing(davbridge: Program) -> None:
    davbridge.ok(*SMALL)
    told = davbridge.fails(*SMALL)
    assert "already has users" in told
    assert "--if-empty" in told
    before = davbridge.json("device", "list")
    assert "nothing was changed" in davbridge.ok(*SMALL, "--if-empty")
    assert davbridge.json("device", "list") == before
