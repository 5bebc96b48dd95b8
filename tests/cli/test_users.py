from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from bridge import bootstrap, config
from bridge.errors import NotAllowed
from tests.cli.conftest import Program


def test_a_user_is_added_with_the_standard_types_and_a_home(anna: Program) -> None:
    (user,) = anna.json("user", "list")
    assert (user["login"], user["name"], user["email"]) == ("anna", "Anna Ozola", "anna@example.com")
    assert (user["role"], user["enabled"], user["time_zone"]) == ("regular", True, "Europe/Riga")
    with sqlite3.connect(anna.folder / "crm.sqlite3") as database:
        types = [key for (key,) in database.execute("SELECT key FROM activity_types ORDER BY position")]
        names = {name for (name,) in database.execute("SELECT name FROM collections")}
    database.close()
    assert types == ["call", "meeting", "task", "deadline", "email", "lunch"]
    assert names == {"activities", "contacts"}


def test_an_admin_with_a_password(davbridge: Program) -> None:
    short = davbridge("user", "add", "root", "--admin", "--password-stdin", stdin="secret\n")
    assert (short.exit_code, short.stdout) == (1, "")
    assert "A password has 10 to" in short.stderr
    davbridge.ok("user", "add", "root", "--admin", "--password-stdin", stdin="long enough\n")
    assert davbridge.json("user", "list")[0]["role"] == "admin"


def test_an_empty_password_is_wrong_use(davbridge: Program) -> None:
    assert davbridge("user", "add", "root", "--password-stdin", stdin="").exit_code == 2


def test_a_password_is_set_and_the_former_one_and_open_pages_end(anna: Program) -> None:
    anna.ok("user", "password", "anna", "--password-stdin", stdin="first of all\n")
    with closing(bootstrap.build(config.load(anna.folder / "config.ini", {}))) as services:
        key = services.signing_in.with_password("anna", "first of all", "Firefox", "127.0.0.1")
        assert services.signing_in.visitor(key) is not None
        said = anna.ok("user", "password", "anna", "--password-stdin", stdin="second thoughts\n")
        assert said == "Set the password of anna.\n"
        assert services.signing_in.visitor(key) is None
        with pytest.raises(NotAllowed):
            services.signing_in.with_password("anna", "first of all", "Firefox", "127.0.0.1")
        assert services.signing_in.with_password("anna", "second thoughts", "Firefox", "127.0.0.1")


def test_a_password_is_asked_for_twice_and_not_shown(anna: Program) -> None:
    result = anna("user", "password", "anna", stdin="correct horse\ncorrect horse\n")
    assert result.exit_code == 0
    assert "correct horse" not in result.output
    assert anna("user", "password", "anna", stdin="correct horse\nanother\n").exit_code != 0


def test_passwords_that_cannot_be_set(anna: Program) -> None:
    assert anna("user", "password", "anna", "--password-stdin", stdin="").exit_code == 2
    assert "A password has 10 to" in anna("user", "password", "anna", "--password-stdin", stdin="short\n").stderr
    assert "There is no user" in anna("user", "password", "nobody", "--password-stdin", stdin="long enough\n").stderr


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("anna",), "There is already a user “anna”."),
        (("a/b",), "A login has"),
        (("bob", "--email", "nonsense"), "is not an e-mail address"),
    ],
)
def test_what_cannot_be_added_is_said(anna: Program, arguments: tuple[str, ...], sentence: str) -> None:
    assert sentence in anna.fails("user", "add", *arguments)


def test_the_list_is_lines_for_programs(anna: Program) -> None:
    heading, line = anna.ok("user", "list").splitlines()
    assert heading.split("\t")[0] == "login"
    assert line.split("\t") == ["anna", "Anna Ozola", "anna@example.com", "regular", "enabled", "Europe/Riga"]


def test_disable_shuts_out_and_enabled_lets_in(anna: Program) -> None:
    anna.ok("user", "disable", "anna")
    assert anna.json("user", "list")[0]["enabled"] is False
    anna.ok("user", "set", "anna", "--enabled")
    assert anna.json("user", "list")[0]["enabled"] is True


def test_choices_are_kept(anna: Program) -> None:
    anna.ok(
        *("user", "set", "anna", "--name", "A", "--language", "lv", "--time-zone", "Europe/Warsaw"),
        *("--past-days", "30", "--no-include-links", "--group-cards", "--default-type", "call"),
        *("--default-visibility", "owner"),
    )
    (user,) = anna.json("user", "list")
    assert (user["name"], user["language"], user["time_zone"]) == ("A", "lv", "Europe/Warsaw")
    assert (user["past_days"], user["include_links"], user["group_cards"]) == (30, False, True)
    assert (user["default_type"], user["default_visibility"]) == ("call", "owner")


def options(program: Program) -> list[tuple[str, str, str, int | None]]:
    database = sqlite3.connect(program.folder / "crm.sqlite3")
    found = database.execute("SELECT type_key, shown_as, color, reminder_minutes FROM type_options ORDER BY type_key")
    rows = found.fetchall()
    database.close()
    return rows


def test_types_are_shown_as_chosen(anna: Program) -> None:
    anna.ok("user", "set", "anna", "--show", "task=task", "--reminder", "call=10", "--color", "call=Tomato")
    assert options(anna) == [("call", "VEVENT", "tomato", 10), ("task", "VTODO", "", None)]
    anna.ok("user", "set", "anna", "--reminder", "call=none", "--show", "task=event")
    assert options(anna) == [("call", "VEVENT", "tomato", None), ("task", "VEVENT", "", None)]


def test_colleagues_appear_and_go(anna: Program) -> None:
    def collections() -> set[str]:
        database = sqlite3.connect(anna.folder / "crm.sqlite3")
        names = {name for (name,) in database.execute("SELECT name FROM collections WHERE name LIKE 'of-%'")}
        database.close()
        return names

    for login in ("bob", "eve"):
        anna.ok("user", "add", login)
    anna.ok("user", "set", "anna", "--colleagues", "bob")
    assert collections() == {"of-bob"}
    anna.ok("user", "set", "anna", "--colleagues", "all")
    assert collections() == {"of-bob", "of-eve"}
    anna.ok("user", "set", "anna", "--colleagues", "none")
    assert collections() == set()


@pytest.mark.parametrize(
    ("arguments", "status", "sentence"),
    [
        ((), 2, "Nothing to change"),
        (("--show", "task=poem"), 2, "event or task"),
        (("--show", "task"), 2, "TYPE=event|task"),
        (("--reminder", "call=soon"), 2, "number of minutes"),
        (("--color", "call=blurple"), 2, "CSS3"),
        (("--show", "party=task"), 1, "There is no activity type “party”."),
        (("--default-type", "party"), 1, "call, meeting, task"),
        (("--time-zone", "Mars/Olympus"), 1, "There is no time zone"),
        (("--colleagues", "bob"), 1, "There is no user “bob”."),
        (("--email", "a b@c"), 1, "is not an e-mail address"),
    ],
)
def test_what_cannot_be_set_is_said(anna: Program, arguments: tuple[str, ...], status: int, sentence: str) -> None:
    assert sentence in anna.fails("user", "set", "anna", *arguments, status=status)


def test_an_unknown_user_is_said_with_the_remedy(anna: Program) -> None:
    told = anna.fails("user", "disable", "bob")
    assert told.splitlines() == ["Error: There is no user “bob”.", "List the users with “davbridge user list”."]
