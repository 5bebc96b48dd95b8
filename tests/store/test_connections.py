from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest

from bridge.core.scope import FlowKind, PrivatePolicy
from bridge.errors import Conflict
from bridge.store import accounts, collections, connections
from bridge.store.connections import PAUSED, Flow, OptionDefault
from bridge.store.database import Database
from bridge.store.models.sync import ConnectionState, ProblemKind
from tests.harness import NOW
from tests.store.sync_rows import MINUTE, a_flow, add_connection, add_flow, add_user


def test_a_connection_comes_back_as_it_was_stored(database: Database) -> None:
    user = add_user(database)
    stored = add_connection(database, user, secret="sealed", retry_at=NOW, problem=ProblemKind.WAITING)
    with database.read() as session:
        assert connections.connection(session, stored.id) == stored
        assert connections.connections(session, user) == [stored]
        assert connections.connections(session, user + 1) == []
        assert connections.connection(session, stored.id + 1) is None
    assert stored.id
    assert "sealed" not in repr(stored)


def test_saving_leaves_the_lease_alone(database: Database) -> None:
    stored = add_connection(database, add_user(database))
    with database.write() as session:
        fence = connections.acquire(session, stored.id, "one", NOW, MINUTE)
    with database.write() as session:
        connections.save_connection(session, replace(stored, state=ConnectionState.PAUSED))
    with database.write() as session:
        found = connections.connection(session, stored.id, lock=True)
        assert found is not None
        assert (found.state, found.fence, found.lease_owner) == (ConnectionState.PAUSED, fence, "one")


@pytest.mark.parametrize("types", [None, frozenset[str](), frozenset({"call", "meeting"})])
def test_a_flow_comes_back_as_it_was_stored(database: Database, types: frozenset[str] | None) -> None:
    flow = a_flow(database)
    changed = replace(flow, types=types, private=PrivatePolicy.SKIP, started_at=NOW, ours_token="{}")
    with database.write() as session:
        connections.save_flow(session, changed)
        connections.set_progress(session, flow.id, 3, 10)
        connections.finish_flow(session, flow.id, "ours", None, "digest")
    with database.read() as session:
        (found,) = connections.flows(session, [flow.connection_id])
    finished = replace(changed, first_done=10, first_total=10, ours_token="ours", confirmed_options="digest")
    assert found == finished
    with database.write() as session:
        connections.set_tokens(session, flow.id, None, "theirs")
        assert connections.flows(session, [flow.connection_id]) == [
            replace(finished, ours_token=None, theirs_token="theirs")
        ]


def test_single_values_of_a_connection(database: Database) -> None:
    stored = add_connection(database, add_user(database))
    with database.write() as session:
        connections.set_secret(session, stored.id, "sealed again")
        connections.set_attempt(session, stored.id, NOW)
    with database.read() as session:
        found = connections.connection(session, stored.id)
    assert found == replace(stored, secret="sealed again", last_attempt_at=NOW)


def test_a_connection_has_one_flow_for_each_calendar(database: Database) -> None:
    flow = a_flow(database)
    other = add_flow(database, flow.connection_id, collection_id="/other/", enabled=False)
    group = add_flow(database, flow.connection_id, FlowKind.CONTACTS)
    with database.read() as session:
        assert connections.flows(session, [flow.connection_id]) == [flow, other, group]
        assert connections.flows(session, []) == []
    with pytest.raises(Conflict), database.write() as session:
        connections.add_flow(session, Flow(flow.connection_id, FlowKind.CALENDAR, collection_id="/c/"))


def test_removing_a_connection_removes_its_flows(database: Database) -> None:
    flow = a_flow(database)
    with database.write() as session:
        connections.remove_connection(session, flow.connection_id)
    with database.read() as session:
        assert connections.connections(session) == []
        assert connections.flows(session, [flow.connection_id]) == []


def test_company_values(database: Database) -> None:
    with database.write() as session:
        connections.save_option_default(session, OptionDefault("types", ["call"]))
        connections.save_option_default(session, OptionDefault("types", None, forced=True))
        connections.save_option_default(session, OptionDefault("interval", 60))
        connections.remove_option_default(session, "interval")
    with database.read() as session:
        assert connections.option_defaults(session) == {"types": OptionDefault("types", None, forced=True)}


class TestLease:
    @pytest.fixture
    def id_(self, database: Database) -> int:
        return add_connection(database, add_user(database)).id

    def acquire(self, database: Database, id_: int, owner: str, minutes: int = 0) -> int | None:
        with database.write() as session:
            return connections.acquire(session, id_, owner, NOW + minutes * MINUTE, 2 * MINUTE)

    def held(self, database: Database, id_: int, fence: int) -> bool:
        with database.write() as session:
            return connections.held(session, id_, fence)

    def test_one_holder_at_a_time(self, database: Database, id_: int) -> None:
        assert self.acquire(database, id_, "one") == 1
        assert self.acquire(database, id_, "two") is None
        assert self.acquire(database, id_, "one") is None
        assert self.acquire(database, id_ + 1, "one") is None

    def test_a_released_lease_is_free(self, database: Database, id_: int) -> None:
        self.acquire(database, id_, "one")
        with database.write() as session:
            connections.release(session, id_, 1)
        assert not self.held(database, id_, 1)
        assert self.acquire(database, id_, "two") == 2

    def test_a_stalled_holder_is_refused_after_a_takeover(self, database: Database, id_: int) -> None:
        self.acquire(database, id_, "one")
        assert self.acquire(database, id_, "two", minutes=1) is None
        assert self.acquire(database, id_, "two", minutes=2) == 2
        assert not self.held(database, id_, 1)
        assert self.held(database, id_, 2)
        with database.write() as session:
            assert not connections.renew(session, id_, 1, NOW, MINUTE)
            connections.release(session, id_, 1)  # the stalled one ends at last
        assert self.held(database, id_, 2)

    def test_renewing_keeps_others_away(self, database: Database, id_: int) -> None:
        self.acquire(database, id_, "one")
        with database.write() as session:
            assert connections.renew(session, id_, 1, NOW + MINUTE, 2 * MINUTE)
        assert self.acquire(database, id_, "two", minutes=2) is None
        assert self.acquire(database, id_, "two", minutes=3) == 2

    def test_an_expired_lease_that_nobody_took_is_still_ours(self, database: Database, id_: int) -> None:
        self.acquire(database, id_, "one")
        with database.write() as session:
            assert connections.renew(session, id_, 1, NOW + 60 * MINUTE, MINUTE)
        assert self.held(database, id_, 1)

    def test_revoking_stops_the_run(self, database: Database, id_: int) -> None:
        self.acquire(database, id_, "one")
        with database.write() as session:
            connections.revoke(session, id_)
        assert not self.held(database, id_, 1)
        assert not self.held(database, id_, 2)  # nobody's number
        assert self.acquire(database, id_, "two") == 3

    def test_of_many_at_once_one_wins(self, database: Database, database_url: str, id_: int) -> None:
        barrier = Barrier(4)

        def compete(number: int) -> int | None:
            with closing(Database(database_url)) as mine:
                barrier.wait(60)
                return self.acquire(mine, id_, str(number))

        with ThreadPoolExecutor(4) as threads:
            assert sorted(threads.map(compete, range(4)), key=str) == [1, None, None, None]

    def test_who_asks_whether_it_holds_keeps_takers_waiting(
        self, database: Database, database_url: str, id_: int
    ) -> None:
        """The takeover comes after the write of the old holder, never in the middle of it."""
        self.acquire(database, id_, "one")
        order = []

        def take_over() -> int | None:
            with closing(Database(database_url, busy_timeout=timedelta(seconds=60))) as other:
                taken = self.acquire(other, id_, "two", minutes=5)
                order.append("taken")
                return taken

        with ThreadPoolExecutor(1) as threads:
            with database.write() as session:
                assert connections.held(session, id_, 1)
                taken = threads.submit(take_over)
                connections.set_progress(session, 0, 0, 0)
                order.append("written")
            assert taken.result(60) == 2
        assert order == ["written", "taken"]


class TestDue:
    def due(self, database: Database, minutes: int = 0) -> list[int]:
        with database.read() as session:
            return connections.due(session, NOW + minutes * MINUTE)

    def token(self, database: Database, user: int, *names: str) -> str:
        """As our own side writes it: the revisions of what it has read, and more that does not matter here."""
        with database.read() as session:
            revisions = connections.our_revisions(session, [user])[user]
        read = {name: revisions[name] for name in names}
        return json.dumps({**read, "at": NOW.isoformat(), "options": "2024", "told": {"7": "1-9"}})

    def touch(self, database: Database, login: str, name: str) -> None:
        with database.write() as session:
            found = collections.collection(session, login, name)
            assert found is not None
            collections.next_revisions(session, found.id, 1, now=NOW)

    def test_the_timer(self, database: Database) -> None:
        flow = a_flow(database)
        assert self.due(database) == []
        assert self.due(database, 60) == [flow.connection_id]

    @pytest.mark.parametrize(
        "values",
        [
            {"state": ConnectionState.CHOOSING},
            {"state": ConnectionState.PAUSED},
            {"state": ConnectionState.STOPPED},
            {"paused_by_admin": True},
            {"confirmed": False},
            {"problem": ProblemKind.SIGN_IN},
            {"problem": ProblemKind.PERMISSION},
            {"problem": ProblemKind.DECISION},
            {"lease_owner": "one", "lease_until": NOW + 61 * MINUTE},
            {"retry_at": NOW + 61 * MINUTE, "problem": ProblemKind.WAITING},
        ],
    )
    def test_what_waits_is_not_due(self, database: Database, values: dict[str, Any]) -> None:
        connection = add_connection(database, add_user(database), **values)
        add_flow(database, connection.id)
        assert self.due(database, 60) == []

    @pytest.mark.parametrize("problem", [ProblemKind.WAITING, ProblemKind.BROKEN])
    def test_a_retry_comes_before_the_timer(self, database: Database, problem: ProblemKind) -> None:
        values = {"problem": problem, "retry_at": NOW + 5 * MINUTE}
        connection = add_connection(database, add_user(database), **values)
        add_flow(database, connection.id)
        assert self.due(database, 4) == []
        assert self.due(database, 5) == [connection.id]

    def test_an_expired_lease_does_not_keep_it_back(self, database: Database) -> None:
        connection = add_connection(database, add_user(database), lease_owner="one", lease_until=NOW)
        add_flow(database, connection.id)
        assert self.due(database, 60) == [connection.id]

    def test_without_a_flow_there_is_nothing_to_run(self, database: Database) -> None:
        connection = add_connection(database, add_user(database))
        add_flow(database, connection.id, enabled=False)
        assert self.due(database, 60) == []

    def test_nobody_runs_for_a_disabled_user(self, database: Database) -> None:
        flow = a_flow(database)
        with database.write() as session:
            accounts.save_user(session, replace(accounts.users(session).popitem()[1], enabled=False), now=NOW)
        assert self.due(database, 60) == []
        assert flow.id

    def test_all_can_be_paused(self, database: Database) -> None:
        flow = a_flow(database)
        with database.write() as session:
            connections.save_option_default(session, OptionDefault(PAUSED, True, forced=True))
        assert self.due(database, 60) == []
        with database.write() as session:
            connections.save_option_default(session, OptionDefault(PAUSED, False))
        assert self.due(database, 60) == [flow.connection_id]

    @pytest.mark.parametrize(
        ("read", "name", "is_due"),
        [
            (("activities", "tasks"), "activities", True),
            (("activities", "tasks"), "tasks", True),
            (("activities", "tasks"), "contacts", False),
            (("contacts",), "contacts", True),
            (("contacts",), "activities", False),
        ],
    )
    def test_a_change_here(self, database: Database, read: tuple[str, ...], name: str, is_due: bool) -> None:
        user = add_user(database)
        connection = add_connection(database, user)
        add_flow(database, connection.id, ours_token=self.token(database, user, *read))
        assert self.due(database) == []
        self.touch(database, "anna", name)
        assert self.due(database) == ([connection.id] if is_due else [])

    @pytest.mark.parametrize("token", ["", "nonsense", "7", '{"activities": "1-9"}', '{"removed": "1-0"}'])
    def test_a_token_of_another_state_is_a_change(self, database: Database, token: str) -> None:
        connection = add_connection(database, add_user(database))
        add_flow(database, connection.id, ours_token=token)
        assert self.due(database) == [connection.id]

    def test_a_change_of_another_user_is_nothing_to_us(self, database: Database) -> None:
        user = add_user(database)
        add_user(database, "bob")
        connection = add_connection(database, user)
        add_flow(database, connection.id, ours_token=self.token(database, user, "activities", "contacts"))
        self.touch(database, "bob", "activities")
        assert self.due(database) == []

    def test_a_change_here_goes_before_the_timer_and_each_is_named_once(self, database: Database) -> None:
        user = add_user(database)
        ripe, changed = (add_connection(database, user, next_run_at=when) for when in (NOW, None))
        for kind in FlowKind:
            add_flow(database, ripe.id, kind, ours_token="")
            add_flow(database, changed.id, kind, ours_token="")
        assert self.due(database) == [changed.id, ripe.id]
