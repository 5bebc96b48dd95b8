from __future__ import annotations

import json

from tests.cli.conftest import Program

EVENT = (
    "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VEVENT\r\nUID:one\r\nDTSTAMP:20261101T080000Z\r\n"
    "DTSTART:20261201T080000Z\r\nSUMMARY:First\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
)
CARD = "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:card\r\nFN:Eve\r\nN:;Eve;;;\r\nEND:VCARD\r\n"


def test_an_import_tells_how_to_take_it_back(anna: Program) -> None:
    file = anna.write("x.ics", EVENT)
    counts, hint = anna.ok("import", file, "--owner", "anna").splitlines()
    assert counts == "1 stored, 0 unchanged, 0 refused"
    run = hint.rpartition(" ")[2]
    assert anna.ok("import", file, "--owner", "anna") == "0 stored, 1 unchanged, 0 refused\n"
    assert "First" in anna.ok("undo", "--run", run)
    assert anna.ok("undo", "--run", run) == "Nothing is left to take back.\n"
    assert anna.json("why", "anna", "First")[0]["deleted_by"]["source"] == "undo"


def test_what_is_refused_is_said_and_the_others_stay(anna: Program) -> None:
    file = anna.write("x.vcf", f"{CARD}BEGIN:VCARD\r\nVERSION:3.0\r\nEND:VCARD\r\n")
    result = anna("import", file, "--owner", "anna")
    assert result.exit_code == 1
    assert result.stdout.startswith("1 stored, 0 unchanged, 1 refused\n")
    assert result.stderr.startswith("Refused: card 2: The card has no name")
    assert "there, as card.vcf" in anna.ok("why", "anna", "Eve")


def test_results_come_as_json(anna: Program) -> None:
    file = anna.write("x.csv", "subject,due_date\nA,2026-12-01\nB,never\n")
    result = anna("import", file, "--owner", "anna", "--json")
    content = json.loads(result.stdout)
    assert result.exit_code == 1
    assert [r["outcome"] for r in content["results"]] == ["stored", "refused"]
    assert content["results"][1]["what"] == "line 3: B"
    assert len(content["run"]) == 32


def test_an_export_writes_files_that_come_back(anna: Program) -> None:
    for name, content in (("x.ics", EVENT), ("x.vcf", CARD)):
        anna.ok("import", anna.write(name, content), "--owner", "anna")
    files = [anna.folder / name for name in ("a.ics", "a.vcf", "a.json")]
    options = [word for pair in zip(("--activities", "--contacts", "--json"), files, strict=True) for word in pair]
    anna.ok("export", "anna", *options)
    assert all(file.stat().st_mode & 0o777 == 0o600 for file in files)
    assert "exists already" in anna.fails("export", "anna", *options)
    anna.ok("export", "anna", *options, "--force")
    anna.ok("user", "add", "eve")
    assert anna.ok("import", files[2], "--owner", "eve").startswith("2 stored, 0 unchanged")
    for file in files:
        assert "0 stored" in anna.ok("import", file, "--owner", "eve")


def test_files_and_users_that_are_missing_are_said(anna: Program) -> None:
    assert "cannot be read" in anna.fails("import", anna.folder / "none.ics", "--owner", "anna")
    assert "no user “bob”" in anna.fails("import", anna.write("x.ics", EVENT), "--owner", "bob")
    assert "no user “bob”" in anna.fails("export", "bob", "--json", anna.folder / "b.json")
    assert not (anna.folder / "b.json").exists()
    assert "is none of" in anna.fails("import", anna.write("x.doc", EVENT), "--owner", "anna")
