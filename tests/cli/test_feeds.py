from __future__ import annotations

import re

from tests.cli.conftest import Program


def test_the_last_line_is_the_address(anna: Program) -> None:
    address = anna.ok("feed", "add", "anna", "--name", "Family", "--private", "skip").splitlines()[-1]
    assert re.fullmatch(r"http://127\.0\.0\.1:8080/feeds/[a-z2-9]{32}/activities\.ics", address)
    (feed,) = anna.json("feed", "list", "anna")
    assert (feed["login"], feed["name"], feed["private"], feed["last_used_at"]) == ("anna", "Family", "skip", None)
    secret = address.split("/")[-2]
    assert secret.encode() not in (anna.folder / "crm.sqlite3").read_bytes()


def test_private_activities_are_busy_unless_chosen_otherwise(anna: Program) -> None:
    anna.ok("feed", "add", "anna", "--name", "Family")
    assert anna.json("feed", "list")[0]["private"] == "busy"
    assert "as-public" in anna.fails("feed", "add", "anna", "--name", "x", "--private", "as-public", status=2)


def test_a_revoked_feed_is_listed_as_such(anna: Program) -> None:
    anna.ok("feed", "add", "anna", "--name", "Family")
    anna.ok("feed", "revoke", "1")
    assert anna.json("feed", "list")[0]["revoked_at"]
    assert "no usable feed 1" in anna.fails("feed", "revoke", "1")
    assert anna.ok("feed", "list").splitlines()[1].startswith("1\tanna\tFamily\tbusy\t")


def test_feeds_of_nobody_are_an_error(anna: Program) -> None:
    assert "There is no user “bob”" in anna.fails("feed", "list", "bob")
    assert "There is no user “bob”" in anna.fails("feed", "add", "bob", "--name", "x")
    assert "A feed needs a name." in anna.fails("feed", "add", "anna", "--name", " ")
