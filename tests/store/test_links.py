from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import event

from bridge.errors import Conflict
from bridge.store import connections, links
from bridge.store.connections import Flow
from bridge.store.database import Database
from bridge.store.links import Intent, Link, LinkHead
from bridge.store.models.sync import LinkState
from tests.harness import NOW
from tests.store.sync_rows import a_flow, add_flow


@pytest.fixture
def flow(database: Database) -> Flow:
    return a_flow(database)


def drafts(flow: Flow, many: int) -> list[Link]:
    base = {"subject": "Meeting", "guests": ["ilze@example.com"]}
    return [Link(flow.id, n, f"/c/{n}.ics", NOW, f"uid-{n}", "1", "a", ours_base=base) for n in range(1, many + 1)]


def add(database: Database, new: list[Link]) -> list[int]:
    with database.write() as session:
        return links.add_links(session, new)


def test_links_come_back_as_they_were_stored(database: Database, flow: Flow) -> None:
    full = Link(
        flow.id, 7, "/c/7.ics", NOW, "u", "1", "a", "2", "b", {"s": "ours"}, {"s": "theirs"}, LinkState.LINKED,
        [NOW.isoformat()], 2, NOW, True, "Too large.",
    )  # fmt: skip
    bare = Link(flow.id, None, "/c/8.ics", NOW, state=LinkState.LEFT_OUT)
    ids = add(database, [full, bare])
    with database.read() as session:
        assert links.links(session, ids) == {ids[0]: replace(full, id=ids[0]), ids[1]: replace(bare, id=ids[1])}
        assert links.heads(session, flow.id) == [
            LinkHead(ids[0], 7, "/c/7.ics", "u", "1", "a", "2", "b", LinkState.LINKED, 2, NOW, True),
            LinkHead(ids[1], None, "/c/8.ics", "", "", "", "", "", LinkState.LEFT_OUT, 0, None, False),
        ]
        assert links.heads(session, flow.id + 1) == []


def test_ten_thousand_links_are_listed_with_one_statement_that_reads_no_base(database: Database, flow: Flow) -> None:
    ids = add(database, drafts(flow, 10_000))
    assert ids == sorted(ids)
    with database.read() as session:
        told: list[str] = []
        event.listen(session.connection(), "before_cursor_execute", lambda *said: told.append(said[2]))
        found = links.heads(session, flow.id)
    assert [head.id for head in found] == ids
    assert len(told) == 1
    assert "base" not in told[0]
    assert "writes" not in told[0]


def test_many_are_changed_and_deleted_at_once(database: Database, flow: Flow) -> None:
    ids = add(database, drafts(flow, 12_000))
    with database.write() as session:
        found = links.links(session, ids)
        links.save_links(session, [replace(link, state=LinkState.RELEASED) for link in list(found.values())[:6000]])
        assert links.count(session, [flow.id, 0]) == {flow.id: 6000, 0: 0}
        links.delete_links(session, ids[1:])
    with database.read() as session:
        assert [(head.id, head.state) for head in links.heads(session, flow.id)] == [(ids[0], LinkState.RELEASED)]


def test_nothing_to_write_is_nothing_written(database: Database) -> None:
    with database.write() as session:
        assert links.add_links(session, []) == []
        assert links.add_intents(session, []) == []
        links.save_links(session, [])
        links.delete_links(session, [])


@pytest.mark.parametrize(("local", "remote"), [(1, "/other.ics"), (99, "/c/1.ics")])
def test_neither_object_is_tied_twice(database: Database, flow: Flow, local: int, remote: str) -> None:
    add(database, drafts(flow, 1))
    with pytest.raises(Conflict):
        add(database, [Link(flow.id, local, remote, NOW)])


def test_many_may_lack_the_same_side(database: Database, flow: Flow) -> None:
    assert len(add(database, [Link(flow.id, None, f"/{n}", NOW) for n in range(3)])) == 3
    assert len(add(database, [Link(flow.id, n, None, NOW) for n in range(3)])) == 3


def test_an_object_is_found_in_every_flow(database: Database, flow: Flow) -> None:
    other = add_flow(database, flow.connection_id, collection_id="/d/")
    ids = add(database, [Link(flow.id, 1, "/x", NOW), Link(other.id, 1, "/x", NOW), Link(flow.id, 2, "/y", NOW)])
    with database.read() as session:
        both = [flow.id, other.id]
        assert [link.id for link in links.links_of_record(session, both, 1)] == ids[:2]
        assert [link.id for link in links.links_to(session, [other.id], "/x")] == ids[1:2]


def test_intents_last_until_they_are_deleted(database: Database, flow: Flow) -> None:
    create = Intent(flow.id, "r1", "create-there", "key-1", 4, NOW, local_id=1, title="Meeting", after={"s": "Meeting"})
    delete = Intent(flow.id, "r1", "delete-there", "", 4, NOW, remote_id="/c/2.ics", before={"s": "Old"})
    with database.write() as session:
        ids = links.add_intents(session, [create, delete])
    with database.read() as session:
        assert links.intents(session, flow.id) == [replace(create, id=ids[0]), replace(delete, id=ids[1])]
    with database.write() as session:
        links.delete_intents(session, ids[:1])
        assert [intent.id for intent in links.intents(session, flow.id)] == ids[1:]


def test_links_and_intents_go_with_their_connection(database: Database, flow: Flow) -> None:
    add(database, drafts(flow, 2))
    with database.write() as session:
        links.add_intents(session, [Intent(flow.id, "r1", "create-there", "key", 1, NOW)])
        connections.remove_connection(session, flow.connection_id)
    with database.read() as session:
        assert links.heads(session, flow.id) == []
        assert links.intents(session, flow.id) == []
