from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select, text

from bridge.core.activity import Visibility
from bridge.core.contact import Address, Birthday, Labelled
from bridge.core.feed import FeedPrivacy
from bridge.core.scope import FlowKind
from bridge.errors import Invalid
from bridge.store import archive, models
from bridge.store.database import Database
from bridge.store.models.accounts import Role
from bridge.store.models.crm import PersonEmailRow
from bridge.store.models.journal import JournalAction, RecordKind, Source
from bridge.store.models.resources import CollectionKind, Drawn
from bridge.store.models.sync import ConnectionState, LinkState, ResultOutcome
from bridge.store.models.web import Purpose
from bridge.store.plain import PlainTable, plain_tables
from bridge.store.portable import dump, load, read_manifest
from tests.database import BOTH, PostgreSQLServer

AT = datetime(2026, 7, 1, 9, 30, 15, 123456, tzinfo=UTC)
NASTY = 'Ā “quotes” \\ " \n\r\t  🎉 ' + "x" * 50


@pytest.fixture
def second(sqlite_template: Path, tmp_path: Path) -> Iterator[Database]:
    """A second migrated SQLite database without rows."""
    file = tmp_path / "second.sqlite3"
    file.write_bytes(sqlite_template.read_bytes())
    with closing(Database(f"sqlite:///{file}")) as database:
        yield database


@pytest.fixture(params=BOTH)
def target(request: pytest.FixtureRequest) -> Iterator[Database]:
    """A second migrated database without rows: SQLite, then PostgreSQL."""
    if request.param == "sqlite":
        yield request.getfixturevalue("second")
        return
    server: PostgreSQLServer = request.getfixturevalue("postgresql_server")
    url = server.create("template_migrated")
    with closing(Database(url)) as database:
        yield database
    server.drop(url)


def silent(_done: int, _total: int) -> None:
    pass


def fill(database: Database) -> None:
    """At least one row per table, and one of each kind of value."""
    with database.write() as session:
        for row in [*people(), *records(), *seen(), *synced(), *page()]:
            session.add(row)
            session.flush()
        session.get_one(models.JournalRow, 11).undoes = 12  # forwards


def people() -> list[models.Base]:
    return [
        models.UserRow(id=3, login="ann", name=NASTY, time_zone="Europe/Riga", role=Role.ADMIN, created_at=AT),
        models.UserRow(id=9, login="bob", time_zone="UTC", enabled=False, password_hash="h", created_at=AT),
        models.TypeOptionRow(user_id=3, type_key="call", reminder_minutes=15),
        models.TypeOptionRow(user_id=3, type_key="task", reminder_minutes=None),
        models.ColleagueCalendarRow(viewer_id=9, subject_id=3),
        models.DeviceRow(id=5, user_id=3, name="Phone", key_hash="k", created_at=AT, last_used_at=AT),
        models.FeedRow(id=4, user_id=3, name="Family", private=FeedPrivacy.BUSY, key_hash="f", created_at=AT),
        models.SignInFailureRow(id=6, address="a", account="b", failures=5, failed_at=AT),
        models.ActivityTypeRow(id=1, key="call", name="Call", default_duration=timedelta(minutes=30)),
    ]


def records() -> list[models.Base]:
    owned: dict[str, Any] = {"owner_id": 3, "created_at": AT, "updated_at": AT}
    address = Address(street="Brīvības 1")
    return [
        models.OrganizationRow(id=1, uid="o", name="Org", emails=(), phones=(), addresses=(address,), **owned),
        models.PhotoRow(id=1, digest="d", media_type="image/png", data=bytes(range(256)) * 40),
        models.PersonRow(
            id=4, uid="p", name=NASTY, organization_id=1, photo_id=1, visibility=Visibility.OWNER,
            emails=(Labelled("a@example.com", "work", primary=True), Labelled("b@example.com", NASTY)),
            phones=(), addresses=(), messaging=(), birthday=Birthday(4, 15, None), **owned,
        ),
        models.PersonRow(
            id=5, uid="q", name="Twin", emails=(), phones=(), addresses=(), messaging=(), birthday=None, **owned
        ),
        models.DistinctPersonsRow(person_id=4, other_id=5, said_at=AT),
        PersonEmailRow(person_id=4, email="a@example.com"),
        models.LabelRow(id=1, uid="l", name="Customer"),
        models.PersonLabelRow(person_id=4, label_id=1),
        models.OrganizationLabelRow(organization_id=1, label_id=1),
        models.DealRow(id=1, title="Deal", person_id=4, **owned),
        models.ActivityRow(
            id=7, uid="a", subject=NASTY, type="call", due_date=date(2026, 2, 28), due_time=time(23, 59, 58),
            duration=timedelta(days=40), deal_id=1, done_at=None, **owned,
        ),
        models.ActivityRow(id=8, uid="b", type="task", due_date=None, deleted=True, **owned),
        models.ParticipantRow(activity_id=7, person_id=4, position=2),
    ]  # fmt: skip


def seen() -> list[models.Base]:
    change: dict[str, Any] = {
        "at": AT, "owner_id": 3, "source": Source.DAV, "action": JournalAction.UPDATE, "kind": RecordKind.PERSON,
        "record_id": 2**50,
    }  # fmt: skip
    nested = {"": [1, 1.5, True, None, {"é": NASTY}], "big": 2**70}
    return [
        models.CollectionRow(
            id=2, uid="c", owner_id=3, subject_id=9, name="calendar", kind=CollectionKind.CALENDAR, component="VEVENT",
            generation=4, revision=2**35, properties={"{DAV:}displayname": NASTY}, modified_at=AT, swept_on=AT.date(),
        ),
        models.ResourceRow(
            id=1, collection_id=2, href="a b%20ä.ics", uid="a", component="VEVENT", etag="e", text=NASTY * 50,
            first_start=-(2**40), revision=3, modified_at=AT, activity_id=7,
        ),
        models.OccurrenceRow(resource_id=1, collection_id=2, starts=2**40, ends=-(2**40)),
        models.JournalRow(id=11, before=None, after=nested, **change),
        models.JournalRow(id=12, before=nested, after=None, device_id=5, **change),
        models.JournalRow(id=13, undoes=11, **change),
    ]  # fmt: skip


def synced() -> list[models.Base]:
    base = {"summary": NASTY, "start": "2026-07-01T09:30:15+03:00[Europe/Riga]"}
    return [
        models.ConnectionRow(
            id=1, user_id=3, provider="caldav", address="a@example.com", secret="sealed", state=ConnectionState.ACTIVE,
            fence=2**40, lease_until=AT, created_at=AT,
        ),
        models.FlowRow(
            id=1, connection_id=1, kind=FlowKind.CALENDAR, collection_id="/a b/", types=frozenset({"call", "task"}),
            ours_token='{"activities":"1-2"}',
        ),
        models.FlowRow(id=2, connection_id=1, kind=FlowKind.CONTACTS, types=None),
        models.ChannelRow(
            id=1, connection_id=1, provider="google", kind=FlowKind.CALENDAR, collection_id="work", channel_id="c",
            token_digest="d", expires_at=AT, seen=2**40,
        ),
        models.LinkRow(
            id=1, flow_id=1, local_id=7, remote_id="/a b/1.ics", ours_base=base, theirs_base=None, updated_at=AT,
            state=LinkState.LINKED, writes=[AT.isoformat()],
        ),
        models.IntentRow(
            id=1, flow_id=1, run_id="r", action="create-there", key="k", fence=3, created_at=AT, after=base
        ),
        models.RunRow(id="r", connection_id=1, trigger="timer", started_at=AT, counts={"created there": 1}),
        models.ResultRow(id=1, flow_id=1, run_id="r", local_id=7, outcome=ResultOutcome.DONE, at=AT, title=NASTY),
        models.OptionDefaultRow(key="calendar.types", value=["call"], forced=True),
        models.RemoteChangeRow(
            id=1, flow_id=1, run_id="r", remote_id="/a b/1.ics", at=AT, action="create-there", after=base
        ),
    ]  # fmt: skip


def page() -> list[models.Base]:
    return [
        models.PageSessionRow(id=1, user_id=3, key_hash="p", client=NASTY, created_at=AT, used_at=AT),
        models.IdentityRow(id=1, user_id=3, issuer="https://id.example", subject="s"),
        models.OneTimeLinkRow(id=1, user_id=3, purpose=Purpose.PROFILE, key_hash="o", expires_at=AT),
        models.LoginFlowRow(id=1, poll_hash="q", page_hash="g", address="a", expires_at=AT),
        models.AuditRow(id=1, at=AT, actor_id=3, actor="ann", action="user.add", subject="bob", details={"a": NASTY}),
        models.OAuthClientRow(provider="google", client_id="c", secret="sealed", updated_at=AT),
        models.RedrawRow(kind=Drawn.ACTIVITY, owner_id=3, cause="type", cause_key="call", after_id=3, done=1, total=4),
    ]


def rows(database: Database) -> dict[str, list[Any]]:
    """Everything, through the models' own types."""
    with database.read() as session:
        return {
            table.name: [tuple(row) for row in session.execute(select(table).order_by(*table.primary_key))]
            for table in models.Base.metadata.sorted_tables
        }


def backup(database: Database) -> io.BytesIO:
    stream = io.BytesIO()
    with database.read() as session:
        dump(session, stream, silent, created_at=AT, key_fingerprint="print")
    stream.seek(0)
    return stream


def restore(database: Database, stream: io.BytesIO, least_generation: int = 1) -> archive.Manifest:
    with database.write() as session:
        return load(session, stream, silent, least_generation=least_generation)


def members(stream: io.BytesIO) -> dict[str, bytes]:
    with zipfile.ZipFile(stream) as opened:
        return {name: opened.read(name) for name in opened.namelist()}


def packed(contents: dict[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> io.BytesIO:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", compression) as opened:
        for name, content in contents.items():
            opened.writestr(name, content)
    return stream


def test_backup_restores_row_by_row(database: Database, target: Database) -> None:
    fill(database)
    before = rows(database)
    assert [name for name, found in before.items() if not found] == []
    manifest = restore(target, backup(database))
    after = rows(target)
    generation = list(models.CollectionRow.__table__.columns.keys()).index("generation")
    assert [row[generation] for row in after["collections"]] == [5]
    before["collections"] = [(*row[:generation], 5, *row[generation + 1 :]) for row in before["collections"]]
    assert after == before
    assert target.check_schema() == []
    assert manifest.rows == sum(map(len, before.values()))


def test_backup_does_not_depend_on_the_database(database: Database, target: Database) -> None:
    fill(database)
    first = members(backup(database))
    restore(target, io.BytesIO(packed(first).getvalue()))
    with target.write() as session:
        session.execute(text("UPDATE collections SET generation = 4"))
    assert members(backup(target)) == first


def test_new_rows_are_numbered_after_the_restored(database: Database, target: Database) -> None:
    fill(database)
    restore(target, backup(database))
    with target.write() as session:
        session.add(user := models.UserRow(login="new", time_zone="UTC", created_at=AT))
        session.flush()
        assert user.id == 10


def test_empty_database_is_backed_up_too(database: Database, target: Database) -> None:
    assert restore(target, backup(database)).rows == 0
    with target.write() as session:
        session.add(user := models.UserRow(login="new", time_zone="UTC", created_at=AT))
        session.flush()
        assert user.id == 1


def test_generation_is_at_least_the_one_asked_for(sqlite_database: Database, second: Database) -> None:
    fill(sqlite_database)
    restore(second, backup(sqlite_database), least_generation=29_000_000)
    with second.read() as session:
        assert session.scalars(select(models.CollectionRow.generation)).all() == [29_000_000]


def test_manifest_tells_what_is_inside(sqlite_database: Database) -> None:
    fill(sqlite_database)
    manifest = read_manifest(backup(sqlite_database))
    assert (manifest.created_at, manifest.key_fingerprint) == (AT, "print")
    assert manifest.tables["users"].rows == 2
    assert set(manifest.tables) == set(models.Base.metadata.tables)


def test_backup_is_of_one_moment(database: Database) -> None:
    fill(database)
    told: list[tuple[int, int]] = []

    def interfere(done: int, total: int) -> None:
        if not told:
            with database.write() as session:
                session.add(models.LabelRow(id=2, uid="more", name="More"))
        told.append((done, total))

    stream = io.BytesIO()
    with database.read() as session:
        dump(session, stream, interfere, created_at=AT, key_fingerprint="")
    assert members(stream)["labels.jsonl"].count(b"\n") == 1
    assert told[-1][0] == told[-1][1] == read_manifest(stream).rows
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(models.LabelRow)) == 2


def test_backup_can_be_written_to_a_pipe(sqlite_database: Database) -> None:
    class Pipe(io.RawIOBase):
        def __init__(self) -> None:
            self.written = bytearray()

        def writable(self) -> bool:
            return True

        def write(self, data: Any) -> int:
            self.written += data
            return len(data)

    fill(sqlite_database)
    pipe = Pipe()
    with sqlite_database.read() as session:
        dump(session, pipe, silent, created_at=AT, key_fingerprint="")  # type: ignore[arg-type]
    assert read_manifest(io.BytesIO(pipe.written)).rows > 0


def test_database_with_rows_is_not_overwritten(database: Database) -> None:
    fill(database)
    before = rows(database)
    with pytest.raises(Invalid, match=r"not empty: it has \w+\."):
        restore(database, backup(database))
    assert rows(database) == before


def test_database_without_tables_is_refused(empty_url: str) -> None:
    with closing(Database(empty_url)) as database, pytest.raises(Invalid, match="no tables yet"):
        backup(database)


def change_manifest(**changes: Any) -> Callable[[dict[str, bytes]], None]:
    def change(contents: dict[str, bytes]) -> None:
        manifest = json.loads(contents["manifest.json"])
        contents["manifest.json"] = json.dumps(manifest | changes).encode()

    return change


def change_table(name: str, old: bytes, new: bytes) -> Callable[[dict[str, bytes]], None]:
    def change(contents: dict[str, bytes]) -> None:
        changed = contents[f"{name}.jsonl"].replace(old, new, 1)
        assert changed != contents[f"{name}.jsonl"]
        contents[f"{name}.jsonl"] = changed

    return change


def remove(name: str) -> Callable[[dict[str, bytes]], None]:
    return lambda contents: contents.pop(name) and None


def add(name: str, content: bytes) -> Callable[[dict[str, bytes]], None]:
    return lambda contents: contents.update({name: contents.get(name, b"") + content})


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (change_manifest(format=2), "format 2"),
        (change_manifest(format="x"), "manifest cannot be read"),
        (change_manifest(format=float("inf")), "manifest cannot be read"),
        (change_manifest(created_at="2026-07-01T00:00:00"), "manifest cannot be read"),
        (change_manifest(tables=[]), "manifest cannot be read"),
        (change_manifest(tables={"../x": {}}), "manifest cannot be read"),
        (change_manifest(tables={}), "does not hold the tables"),
        (change_manifest(revision="0000"), "tables of version 0000, the database of version"),
        (remove("manifest.json"), "not a backup"),
        (remove("users.jsonl"), "does not hold the tables"),
        (add("more.jsonl", b""), "does not hold the tables"),
        (add("users.jsonl", b"[]\n"), "does not hold the 2 rows of users"),
        (add("manifest.json", Random(1).randbytes(2**19).hex().encode()), "line beyond measure"),
        (change_table("users", b"[3", b"[9"), "contradicts itself"),
        (change_table("devices", b"[5,3", b"[5,4"), "contradicts itself"),
        (change_table("journal", b"[11,", b"[14,"), "contradicts itself"),
        (change_table("users", b"[3", b'["3"'), "row of users"),
        (change_table("users", b"[3", b"[true"), "row of users"),
        (change_table("users", b"[3", b"[9223372036854775808"), "row of users"),
        (change_table("users", b'"admin"', b'"king"'), "row of users"),
        (change_table("users", b'"admin"', b"[1]"), "row of users"),
        (change_table("users", b'"2026-07-01T09:30:15.123456"', b'"2026-07-01T09:30:15Z"'), "row of users"),
        (change_table("users", b'"2026-07-01T09:30:15.123456"', b"1"), "row of users"),
        (change_table("users", b"[3", b"[3,3"), "row of users"),
        (change_table("users", b"[3", b"3"), "row of users"),
        (change_table("users", b"[3", b'{"a":3}['), "row of users"),
        (change_table("photos", b"AAEC", b"A*EC"), "row of photos"),
        (change_table("journal", b"[11,", b"[" * 100_000), "row of journal"),
        (change_table("users", b'"ann"', b"null"), "contradicts itself"),
    ],
)
def test_damaged_backup_is_refused_and_changes_nothing(
    sqlite_database: Database, second: Database, change: Callable[[dict[str, bytes]], None], sentence: str
) -> None:
    fill(sqlite_database)
    contents = members(backup(sqlite_database))
    change(contents)
    with pytest.raises(Invalid, match=sentence):
        restore(second, packed(contents))
    assert not any(rows(second).values())


@pytest.mark.postgresql
@pytest.mark.xdist_group("postgresql")
def test_value_too_long_for_postgresql_is_refused(sqlite_database: Database, postgresql_url: str) -> None:
    with sqlite_database.write() as session:
        session.add(models.UserRow(login="x" * 300, time_zone="UTC", created_at=AT))
    with closing(Database(postgresql_url)) as target, pytest.raises(Invalid, match="does not fit"):
        restore(target, backup(sqlite_database))


def test_zip_bomb_is_refused(sqlite_database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "SIZE_LIMIT", 2**20)
    contents = members(backup(sqlite_database))
    contents["users.jsonl"] = b"[1]\n" * 2**20
    with pytest.raises(Invalid, match=r"unpacked, it would have 4\d+ bytes"):
        restore(sqlite_database, packed(contents))


def test_line_beyond_measure_is_refused(sqlite_database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "LINE_BYTES", 1000)
    contents = members(backup(sqlite_database))
    contents["users.jsonl"] = b" " * 1001
    with pytest.raises(Invalid, match="line beyond measure"):
        restore(sqlite_database, packed(contents))


def test_size_limit_is_what_the_caller_says(sqlite_database: Database, second: Database) -> None:
    fill(sqlite_database)
    with pytest.raises(Invalid, match="unpacked") as caught, second.write() as session:
        load(session, backup(sqlite_database), silent, size_limit=1000)
    assert "limit" in caught.value.remedy


def test_texts_that_shrink_to_nothing_do_not_spoil_a_backup(sqlite_database: Database, second: Database) -> None:
    fill(sqlite_database)
    with sqlite_database.write() as session:
        session.get_one(models.PersonRow, 4).note = "a" * 2**24
    restore(second, backup(sqlite_database))
    with second.read() as session:
        assert session.get_one(models.PersonRow, 4).note == "a" * 2**24


@pytest.mark.parametrize("content", [b"", b"PK", b"hello" * 1000, b"PK\x05\x06" + b"\0" * 18])
def test_other_file_is_refused(sqlite_database: Database, content: bytes) -> None:
    with pytest.raises(Invalid, match="not a backup"):
        restore(sqlite_database, io.BytesIO(content))


def loads(target: Database, content: bytes) -> bool:
    """Whether a file is taken; what it holds is rolled back."""
    try:
        with target.write() as session:
            load(session, io.BytesIO(content), silent)
            session.rollback()
    except Invalid:
        return False
    return True


def test_every_flipped_byte_is_noticed_or_harmless(sqlite_database: Database, second: Database) -> None:
    fill(sqlite_database)
    whole = backup(sqlite_database).getvalue()
    expected = members(io.BytesIO(whole))
    flipped = [whole[:at] + bytes([whole[at] ^ 0xFF]) + whole[at + 1 :] for at in range(0, len(whole), 389)]
    taken = [content for content in flipped if loads(second, content)]
    assert len(taken) < len(flipped) / 2
    assert all(members(io.BytesIO(content)) == expected for content in taken)  # a date or a mode of the archive


def test_truncated_backup_is_refused(sqlite_database: Database) -> None:
    whole = backup(sqlite_database).getvalue()
    for length in range(0, len(whole), 101):
        with pytest.raises(Invalid):
            restore(sqlite_database, io.BytesIO(whole[:length]))


def test_other_compression_and_duplicates_are_no_matter_or_refused(sqlite_database: Database) -> None:
    contents = members(backup(sqlite_database))
    assert read_manifest(packed(contents, zipfile.ZIP_STORED)).rows == 0
    stream = packed(contents)
    with zipfile.ZipFile(stream, "a") as opened, pytest.warns(UserWarning, match="Duplicate"):
        opened.writestr("users.jsonl", b"")
    with pytest.raises(Invalid, match="not a backup"):
        read_manifest(stream)


PLAIN: dict[type, st.SearchStrategy[Any]] = {
    int: st.integers(-(2**63), 2**63 - 1),
    str: st.text(),
    bool: st.booleans(),
    bytes: st.binary(),
    datetime: st.datetimes(),
    date: st.dates(),
    time: st.times(),
    object: st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(st.characters()),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
        max_leaves=5,
    ),
}


@pytest.mark.parametrize("plain", plain_tables(), ids=lambda table: table.name)
@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_lines_give_back_every_row(plain: PlainTable, data: st.DataObject) -> None:
    enums = {column.name: getattr(column.type, "enums", None) for column in models.Base.metadata.tables[plain.name].c}
    row = {
        column.name: data.draw(
            st.none() | (st.sampled_from(found) if (found := enums[column.name]) else PLAIN[column.type.python_type])
        )
        for column in plain.table.columns
    }
    line = plain.to_line(list(row.values()))
    assert line.count(b"\n") == 1
    assert plain.from_line(line) == row
