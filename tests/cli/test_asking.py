"""The commands that tell: why, journal, doctor; and undo."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from bridge.cli.journal import Since
from tests.cli.conftest import Program
from tests.cli.test_transfer import CARD, EVENT


@pytest.fixture
def filled(anna: Program) -> Program:
    """Anna has an event and a card, and the event was renamed."""
    for name, content in (("x.ics", EVENT), ("x.vcf", CARD), ("y.ics", EVENT.replace("First", "Second"))):
        anna.ok("import", anna.write(name, content), "--owner", "anna")
    return anna


def test_why_tells_in_words(filled: Program) -> None:
    first, place = filled.ok("why", "anna", "Second").splitlines()
    assert first == "activity 1 “Second”, owned by anna, UID one"
    assert place.startswith("  activities: there, as one.ics, since 20")
    filled.ok("user", "set", "anna", "--show", "meeting=task")
    told = filled.ok("why", "anna", "one")
    assert "activities: not there. R27: Activities of the type “meeting” are shown as tasks" in told
    assert "tasks: there, as one.ics" in told


def test_why_tells_what_never_arrived(filled: Program) -> None:
    filled.ok("device", "add", "anna", "--name", "Phone")
    result = filled("why", "anna", "nonsense")
    assert result.exit_code == 1
    assert "There is no activity, person or organization" in result.stdout
    assert "refused or it never arrived" in result.stdout
    assert "“Phone” was last used: never" in result.stdout
    assert filled("why", "anna", "nonsense", "--json").stdout == "[]\n"
    assert "no user “bob”" in filled.fails("why", "bob", "1")


def test_why_tells_who_deleted_it(filled: Program) -> None:
    filled.ok("undo", "1")
    told = filled.ok("why", "anna", "one")
    assert "Deleted by the system through davbridge undo on" in told
    assert "(journal entry 4): undo with “davbridge undo 4”." in told


def test_the_journal_names_fields_from_and_to(filled: Program) -> None:
    heading, latest, *others = filled.ok("journal", "anna").splitlines()
    assert heading.split("\t") == ["entry", "when (UTC)", "who", "through", "what", "changes"]
    entry, _, who, through, what, changes = latest.split("\t")
    assert (entry, who, through) == ("3", "anna", "davbridge import")
    assert what == "update activity “Second”"
    assert changes == "subject: First → Second"
    assert len(others) == 2


def test_the_journal_as_json(filled: Program) -> None:
    (event,) = filled.json("journal", "--limit", "1")
    assert event["changes"] == [{"field": "subject", "before": "First", "after": "Second"}]
    assert (event["action"], event["kind"], event["owner"]) == ("update", "activity", "anna")
    assert filled.json("journal", "--since", "2999-01-01") == []
    assert len(filled.json("journal", "--since", "1h")) == 3
    assert "no user “bob”" in filled.fails("journal", "bob")
    assert "neither a day" in filled.fails("journal", "--since", "yesterday", status=2)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-01", datetime(2026, 11, 1, tzinfo=UTC)),
        ("2026-11-01T12:30", datetime(2026, 11, 1, 12, 30, tzinfo=UTC)),
        ("2026-11-01T12:30+02:00", datetime(2026, 11, 1, 10, 30, tzinfo=UTC)),
        ("7d", timedelta(days=7)),
        ("90m", timedelta(minutes=90)),
        ("2w", timedelta(weeks=2)),
    ],
)
def test_since_is_a_day_a_moment_or_a_span(text: str, expected: datetime | timedelta) -> None:
    assert Since().convert(text, None, None) == expected


def test_undo_takes_one_change_back(filled: Program) -> None:
    assert filled.ok("undo", "3") == "Took back 3: “Second”.\n"
    assert "“First”" in filled.ok("why", "anna", "one")
    assert "undone already" in filled.fails("undo", "3")
    assert "There is no journal entry 99." in filled.fails("undo", "99")
    assert "no run “x”" in filled.fails("undo", "--run", "x")
    assert "Give either" in filled.fails("undo", "3", "--run", "x", status=2)


def test_undo_as_json(filled: Program) -> None:
    assert filled.json("undo", "3") == [{"entry_id": 3, "title": "Second", "left_alone": [], "problem": ""}]


def test_the_doctor_is_content(filled: Program) -> None:
    assert filled.ok("doctor").endswith("no findings.\n")
    assert filled.json("doctor") == []


def test_the_doctor_complains_with_remedies(filled: Program) -> None:
    (filled.folder / "key").chmod(0o644)
    result = filled("doctor")
    assert result.exit_code == 1
    assert "can be read by others (mode 644). chmod 600" in result.stdout
    assert result.stdout.endswith(": 1 finding.\n")


def test_the_doctor_works_without_tables_and_without_a_configuration(empty: Program) -> None:
    result = empty("doctor")
    assert result.exit_code == 1
    assert "no tables yet" in result.stdout
    empty.write("config.ini", "[server]\nport = x\n")
    result = empty("doctor")
    assert result.exit_code == 1
    assert "[server] port" in result.stdout
