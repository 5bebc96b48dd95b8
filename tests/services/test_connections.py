from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bridge.core.scope import ConflictPolicy, Direction, PrivatePolicy
from bridge.core.user import User
from bridge.errors import (
    BridgeError,
    Conflict,
    Invalid,
    NotAllowed,
    NotFound,
    PermissionMissing,
    SignInNeeded,
    TemporaryError,
)
from bridge.ports import Traits
from bridge.providers.memory.misbehaviour import Call, Fault, Meanwhile, quota
from bridge.services.connection_rules import same_account
from bridge.services.connections import Connections, NewAccount
from bridge.services.status import Condition
from bridge.store import accounts, connections
from bridge.store.connections import Connection, Flow
from bridge.store.database import Database
from bridge.store.models.sync import ConnectionState, ProblemKind
from tests.harness import NOW, FixedClock, Office
from tests.services.connection_world import ACCOUNT, ADDRESS, CALENDAR, CONTACTS, SECRET, World, make_world


@pytest.fixture
def world(office: Office) -> World:
    return make_world(office)


@pytest.fixture
def sqlite_world(sqlite_database: Database) -> World:
    """For what does not depend on the database."""
    return make_world(Office(sqlite_database))


class TestAdding:
    def test_a_new_connection_waits_for_choices(self, world: World) -> None:
        shown = world.show(world.add())
        assert (shown.connection.address, shown.connection.name) == (ADDRESS, "Anna elsewhere")
        assert shown.status.condition is Condition.CHOOSE
        assert [flow.enabled for flow in shown.flows] == [False, False]
        assert world.services.active() == []

    def test_the_secret_is_stored_sealed(self, world: World) -> None:
        row = world.row(world.add())
        assert row.secret
        assert SECRET not in row.secret
        assert row.secret not in repr(row)

    def test_the_secret_shows_nowhere(self, sqlite_world: World) -> None:
        assert SECRET not in repr(ACCOUNT)

    def test_an_account_that_does_not_let_us_in_is_not_saved(self, sqlite_world: World) -> None:
        with pytest.raises(SignInNeeded):
            sqlite_world.add(replace(ACCOUNT, secret="wrong"))
        assert sqlite_world.services.all(None) == []
        assert sqlite_world.add(replace(ACCOUNT, secret="wrong"), check=False)

    @pytest.mark.parametrize("error", ["lacks", "quota"])
    def test_what_the_account_says_is_told(self, sqlite_world: World, error: str) -> None:
        expected: type[BridgeError] = TemporaryError
        if error == "lacks":
            sqlite_world.account.lacks = "calendars"
            expected = PermissionMissing
        else:
            sqlite_world.remote.misbehave(quota(timedelta(minutes=1)))
        with pytest.raises(expected):
            sqlite_world.add()
        assert sqlite_world.services.all(None) == []

    @pytest.mark.parametrize(
        ("account", "told"),
        [
            (NewAccount("imap", ADDRESS, secret="x"), "IMAP and POP accounts hold mail"),
            (NewAccount("POP3", ADDRESS, secret="x"), "IMAP and POP accounts hold mail"),
            (NewAccount("memory", ADDRESS, "imaps://mail.example", secret="x"), "IMAP and POP accounts hold mail"),
            (NewAccount("fax", ADDRESS, secret="x"), "There is no provider “fax”"),
            (NewAccount("memory", secret="x"), "needs an e-mail address"),
            (NewAccount("memory", ADDRESS), "needs a password"),
            (NewAccount("memory", "a" * 321, secret="x"), "The address of the account is longer"),
            (NewAccount("memory", ADDRESS, name="a\x00b", secret="x"), "The name of the account"),
        ],
    )
    def test_what_is_no_calendar_account_is_refused(self, sqlite_world: World, account: NewAccount, told: str) -> None:
        """R1."""
        with pytest.raises(Invalid, match=told):
            sqlite_world.add(account)
        assert sqlite_world.remote.requests == 0

    def test_the_same_account_is_not_connected_twice(self, world: World) -> None:
        number = world.add()
        for again in (ACCOUNT, replace(ACCOUNT, address=ADDRESS.upper()), replace(ACCOUNT, name="Other")):
            with pytest.raises((Conflict, SignInNeeded)):
                world.add(again, check=again is ACCOUNT)
        assert [each.connection.id for each in world.services.all(None)] == [number]

    def test_somebody_else_may_connect_the_same_account(self, sqlite_world: World) -> None:
        first = sqlite_world.add()
        assert sqlite_world.services.add(None, "boss", ACCOUNT).id != first

    def test_a_renewed_secret_is_kept(self, sqlite_world: World) -> None:
        sqlite_world.account.renewed = "new secret"
        number = sqlite_world.add()
        assert [each.id for each in sqlite_world.services.calendars(None, number)] == ["/work", "/home"]
        sqlite_world.account.renewed = "newer secret"
        sqlite_world.services.groups(None, number)
        assert [each.id for each in sqlite_world.services.groups(None, number)] == ["/people"]
        assert sqlite_world.account.secret == "newer secret"

    def test_no_session_is_open_while_the_account_is_asked(self, world: World) -> None:
        """Another session can write meanwhile."""
        asked = []

        def write() -> None:
            with world.database.write() as session:
                session.connection()
                asked.append(True)

        for call in (Call.CHECK, Call.CALENDARS, Call.GROUPS):
            world.remote.misbehave(Fault(call, Meanwhile(write), times=None))
        number = world.add()
        world.services.choose(None, number, CALENDAR, "Work")
        world.services.choose(None, number, CONTACTS, "People")
        world.services.reconnect(None, number)
        assert len(asked) == 4


class TestWhoMayWhat:
    def test_users_see_their_own_only(self, world: World) -> None:
        number = world.add()
        bob = world.office.user("bob")
        other = world.services.add(bob, "bob", ACCOUNT).id

        def seen(viewer: User | None) -> list[int]:
            return [each.connection.id for each in world.services.all(viewer)]

        assert (seen(world.anna), seen(bob)) == ([number], [other])
        assert seen(world.boss) == seen(None) == [number, other]
        assert [each.connection.id for each in world.services.all(world.boss, "bob")] == [other]
        assert [each.connection.id for each in world.services.all(world.anna, "anna")] == [number]

    @pytest.mark.parametrize(
        "act",
        [
            lambda services, viewer, number: services.show(viewer, number),
            lambda services, viewer, number: services.calendars(viewer, number),
            lambda services, viewer, number: services.groups(viewer, number),
            lambda services, viewer, number: services.choose(viewer, number, CALENDAR, "Work"),
            lambda services, viewer, number: services.leave(viewer, number, CALENDAR),
            lambda services, viewer, number: services.change_flow(viewer, number, CALENDAR, lambda flow: flow),
            lambda services, viewer, number: services.change(viewer, number, lambda connection: connection),
            lambda services, viewer, number: services.start(viewer, number, confirmed=True),
            lambda services, viewer, number: services.pause(viewer, number),
            lambda services, viewer, number: services.stop(viewer, number),
            lambda services, viewer, number: services.reconnect(viewer, number, SECRET),
            lambda services, viewer, number: services.remove(viewer, number),
        ],
    )
    def test_another_user_cannot_even_tell_that_it_is_there(
        self, sqlite_world: World, act: Callable[[Connections, User, int], object]
    ) -> None:
        number = sqlite_world.running()
        before = sqlite_world.row(number)
        bob = sqlite_world.office.user("bob")
        told = []
        for asked in (number, number + 1):
            with pytest.raises(NotFound) as caught:
                act(sqlite_world.services, bob, asked)
            told.append(str(caught.value).replace(str(asked), "N"))
        assert told[0] == told[1]
        assert sqlite_world.row(number) == before

    def test_users_connect_for_themselves(self, sqlite_world: World) -> None:
        bob = sqlite_world.office.user("bob")
        with pytest.raises(NotAllowed):
            sqlite_world.services.add(bob, "anna", ACCOUNT)
        with pytest.raises(NotAllowed):
            sqlite_world.services.all(bob, "anna")
        with pytest.raises(NotFound, match="no user “nobody”"):
            sqlite_world.services.add(None, "nobody", ACCOUNT)
        assert sqlite_world.services.add(sqlite_world.boss, "anna", ACCOUNT).user_id == sqlite_world.anna.id


class TestChoosing:
    @pytest.mark.parametrize(("wanted", "chosen"), [("/home", "/home"), ("home", "/home"), ("default", "/work")])
    def test_a_calendar_is_chosen_by_id_name_or_as_default(self, sqlite_world: World, wanted: str, chosen: str) -> None:
        number = sqlite_world.add()
        sqlite_world.services.choose(None, number, CALENDAR, wanted)
        flow = sqlite_world.show(number).flow(CALENDAR)
        assert (flow.enabled, flow.collection_id) == (True, chosen)

    def test_what_is_not_there_is_told_with_what_is(self, sqlite_world: World) -> None:
        number = sqlite_world.add()
        with pytest.raises(NotFound, match="no calendar “Garden”") as caught:
            sqlite_world.services.choose(None, number, CALENDAR, "Garden")
        assert "“Work”, “Home”" in caught.value.remedy

    def test_a_name_that_two_bear_must_be_told_apart(self, sqlite_world: World) -> None:
        sqlite_world.account.add_calendar("/other", "work")
        number = sqlite_world.add()
        with pytest.raises(Invalid, match="several") as caught:
            sqlite_world.services.choose(None, number, CALENDAR, "Work")
        assert "/work, /other" in caught.value.remedy

    def test_what_is_read_only_takes_no_writes(self, sqlite_world: World) -> None:
        sqlite_world.account.add_calendar("/feed", "Holidays", traits=Traits("Memory", read_only=True))
        sqlite_world.account.add_group("/company", "Company", traits=Traits("Memory", read_only=True))
        number = sqlite_world.add()
        for kind, name in ((CALENDAR, "Holidays"), (CONTACTS, "Company")):
            with pytest.raises(Invalid, match="can only be read"):
                sqlite_world.services.choose(None, number, kind, name)
        one_way = Direction.ONE_WAY
        sqlite_world.services.change_flow(None, number, CONTACTS, lambda flow: replace(flow, direction=one_way))
        assert sqlite_world.services.choose(None, number, CONTACTS, "Company").enabled

    def test_a_calendar_may_be_chosen_anew_before_the_start(self, world: World) -> None:
        number = world.add()
        first = world.services.choose(None, number, CALENDAR, "Work")
        second = world.services.choose(None, number, CALENDAR, "Home")
        assert (first.id, second.collection_id) == (second.id, "/home")

    def test_a_calendar_that_was_left_keeps_its_links(self, world: World) -> None:
        number = world.running()
        link = world.link(number)
        world.services.change_flow(None, number, CALENDAR, lambda flow: replace(flow, types=frozenset({"call"})))
        world.services.choose(None, number, CALENDAR, "Home")
        home = world.show(number).flow(CALENDAR)
        assert (home.collection_id, home.types, home.started_at) == ("/home", frozenset({"call"}), None)
        assert world.linked(number) == []
        assert not world.row(number).confirmed
        world.services.choose(None, number, CALENDAR, "Work")
        assert world.linked(number) == [link]
        assert len(world.show(number).flows) == 2

    def test_leaving_a_calendar_deletes_nothing(self, world: World) -> None:
        number = world.running()
        link = world.link(number)
        world.services.leave(None, number, CALENDAR)
        assert world.show(number).status.condition is Condition.CHOOSE
        assert world.linked(number) == [link]
        assert world.row(number).confirmed
        world.services.choose(None, number, CALENDAR, "Work")
        assert world.linked(number) == [link]
        assert world.show(number).status.condition is Condition.DECISION

    def test_the_users_own_choices_are_where_it_begins(self, sqlite_world: World) -> None:
        sqlite_world.office.principals.change(
            "anna", lambda user: replace(user, default_type="call", include_links=False)
        )
        flow = sqlite_world.show(sqlite_world.add()).flow(CALENDAR)
        assert (flow.default_type, flow.include_links) == ("call", False)


class TestChanging:
    def change(self, world: World, number: int, **values: Any) -> Flow:
        return world.services.change_flow(None, number, CALENDAR, lambda flow: replace(flow, **values))

    def test_nothing_but_options_is_changed(self, sqlite_world: World) -> None:
        number = sqlite_world.running()
        before = sqlite_world.show(number).flow(CALENDAR)
        after = self.change(sqlite_world, number, include_links=False, ours_token="x", collection_id="/home", id=99)
        assert after == replace(before, include_links=False)
        sqlite_world.services.change(
            None, number, lambda row: replace(row, policy=ConflictPolicy.ASK, name="Mine", user_id=0, secret="")
        )
        row = sqlite_world.row(number)
        assert (row.policy, row.name, row.user_id) == (ConflictPolicy.ASK, "Mine", sqlite_world.anna.id)
        assert row.secret

    @pytest.mark.parametrize(
        ("before", "values", "confirmed"),
        [
            ({}, {"types": frozenset({"call"})}, False),
            ({"types": frozenset({"call"})}, {"types": None}, True),
            ({"types": frozenset({"call"})}, {"types": frozenset({"call", "meeting"})}, True),
            ({"types": frozenset({"call"})}, {"types": frozenset({"meeting"})}, False),
            ({}, {"private": PrivatePolicy.SKIP}, False),
            ({}, {"private": PrivatePolicy.AS_PUBLIC}, True),
            ({"private": PrivatePolicy.SKIP}, {"private": PrivatePolicy.AS_PRIVATE}, True),
            ({}, {"direction": Direction.ONE_WAY}, True),
            ({}, {"default_type": "call"}, True),
        ],
    )
    def test_what_takes_objects_away_must_be_confirmed(
        self, sqlite_world: World, before: dict[str, Any], values: dict[str, Any], confirmed: bool
    ) -> None:
        """R19."""
        number = sqlite_world.add()
        sqlite_world.services.choose(None, number, CALENDAR, "Work")
        if before:
            self.change(sqlite_world, number, **before)
        sqlite_world.services.start(None, number, confirmed=True)
        self.change(sqlite_world, number, **values)
        assert sqlite_world.row(number).confirmed is confirmed
        assert sqlite_world.services.active() == ([number] if confirmed else [])
        expected = Condition.FIRST_SYNC if confirmed else Condition.DECISION
        assert sqlite_world.show(number).status.condition is expected

    def test_a_run_with_former_options_is_ended(self, world: World) -> None:
        number = world.running()
        fence = world.run(number)
        self.change(world, number, types=None)
        assert world.goes_on(number, fence)  # nothing was changed
        self.change(world, number, include_links=False)
        assert not world.goes_on(number, fence)

    def test_a_change_takes_effect_at_once(self, world: World) -> None:
        number = world.running()
        world.office.clock.advance(timedelta(minutes=3))
        world.services.change(None, number, lambda row: replace(row, interval=600))
        assert world.row(number).next_run_at == world.office.clock.now()

    @pytest.mark.parametrize("values", [{"default_type": "party"}, {"types": frozenset({"call", "party"})}])
    def test_there_must_be_such_a_type(self, sqlite_world: World, values: dict[str, Any]) -> None:
        number = sqlite_world.add()
        with pytest.raises(Invalid, match="no activity type “party”"):
            self.change(sqlite_world, number, **values)

    @pytest.mark.parametrize("interval", [-1, 1, 59, 86_401])
    def test_the_interval_has_bounds(self, sqlite_world: World, interval: int) -> None:
        number = sqlite_world.add()
        with pytest.raises(Invalid, match="60 to 86400 seconds"):
            sqlite_world.services.change(None, number, lambda row: replace(row, interval=interval))


class TestStartingAndStopping:
    def test_the_first_start(self, world: World) -> None:
        number = world.running()
        shown, now = world.show(number), world.office.clock.now()
        assert (shown.flow(CALENDAR).started_at, shown.connection.next_run_at) == (now, now)
        assert shown.status.condition is Condition.FIRST_SYNC
        assert shown.flow(CONTACTS).started_at is None
        assert world.services.active() == [number]

    def test_nothing_runs_that_was_not_confirmed(self, sqlite_world: World) -> None:
        """R19."""
        number = sqlite_world.add()
        sqlite_world.services.choose(None, number, CALENDAR, "Work")
        with pytest.raises(Conflict, match="not been confirmed") as caught:
            sqlite_world.services.start(sqlite_world.anna, number)
        assert "preview" in caught.value.remedy
        assert sqlite_world.services.active() == []

    def test_there_must_be_something_to_sync(self, sqlite_world: World) -> None:
        with pytest.raises(Conflict, match="nothing to sync"):
            sqlite_world.services.start(None, sqlite_world.add(), confirmed=True)

    @pytest.mark.parametrize(
        ("people", "organizations", "told"),
        [
            (False, True, "permission “add people”"),
            (True, False, "permission “add organizations”"),
            (False, False, "permissions “add people” and “add organizations”"),
        ],
    )
    def test_contacts_need_permissions(self, sqlite_world: World, people: bool, organizations: bool, told: str) -> None:
        """R14."""
        rights: dict[str, Any] = {"may_add_people": people, "may_add_organizations": organizations}
        sqlite_world.office.principals.change("anna", lambda user: replace(user, **rights))
        number = sqlite_world.add()
        sqlite_world.services.choose(None, number, CONTACTS, "People")
        with pytest.raises(NotAllowed, match=told) as caught:
            sqlite_world.services.start(None, number, confirmed=True)
        assert "The Boss" in caught.value.remedy
        sqlite_world.services.leave(None, number, CONTACTS)
        sqlite_world.services.choose(None, number, CALENDAR, "Work")
        sqlite_world.services.start(None, number, confirmed=True)

    def test_pausing_ends_the_run_and_starting_goes_on(self, world: World) -> None:
        number = world.running()
        started = world.show(number).flow(CALENDAR).started_at
        fence = world.run(number)
        world.services.pause(world.anna, number)
        assert not world.goes_on(number, fence)
        assert world.show(number).status.condition is Condition.PAUSED
        with pytest.raises(Conflict, match="not running"):
            world.services.pause(world.anna, number)
        world.office.clock.advance(timedelta(days=3))
        world.services.start(world.anna, number)
        assert world.show(number).flow(CALENDAR).started_at == started
        assert world.services.active() == [number]

    def test_an_administrators_pause_is_not_the_users_to_end(self, world: World) -> None:
        number = world.running()
        world.services.pause(world.boss, number)
        assert world.show(number).status.condition is Condition.PAUSED_BY_ADMIN
        with pytest.raises(NotAllowed, match="administrator has paused"):
            world.services.start(world.anna, number)
        world.services.reconnect(world.anna, number)
        assert world.show(number).status.condition is Condition.PAUSED_BY_ADMIN
        world.services.start(world.boss, number)
        assert world.show(number).status.condition is Condition.FIRST_SYNC

    def test_a_pause_for_all(self, world: World) -> None:
        number = world.running()
        fence = world.run(number)
        with pytest.raises(NotAllowed):
            world.company.pause(world.anna, paused=True)
        world.company.pause(world.boss, paused=True)
        assert not world.goes_on(number, fence)
        assert world.show(number).status.condition is Condition.PAUSED_BY_ADMIN
        with pytest.raises(Conflict, match="paused all"):
            world.services.start(None, number)
        world.company.pause(world.boss, paused=False)
        assert world.show(number).status.condition is Condition.FIRST_SYNC

    def test_stopping_and_reconnecting_keeps_options_and_links(self, world: World) -> None:
        """R3."""
        number = world.running()
        link = world.link(number)
        before = world.show(number).flow(CALENDAR)
        fence = world.run(number)
        world.services.stop(world.anna, number)
        assert not world.goes_on(number, fence)
        stopped = world.show(number)
        assert (stopped.connection.state, stopped.status.condition) == (
            ConnectionState.STOPPED,
            Condition.NOT_CONNECTED,
        )
        assert stopped.connection.stopped_at == world.office.clock.now()
        with pytest.raises(Conflict, match="stopped"):
            world.services.start(None, number, confirmed=True)
        world.services.reconnect(world.anna, number)
        assert world.show(number).status.condition is Condition.CHOOSE
        assert world.show(number).flow(CALENDAR) == before
        world.services.start(world.anna, number)
        assert world.linked(number) == [link]
        assert world.show(number).flow(CALENDAR).started_at == before.started_at

    def test_adding_a_stopped_account_anew_adopts_it(self, world: World) -> None:
        """R3: no second connection, and so no duplicates."""
        number = world.running()
        link = world.link(number)
        world.services.stop(None, number)
        world.account.secret = "new password"
        assert world.add(replace(ACCOUNT, address=ADDRESS, secret="new password")) == number
        assert world.show(number).status.condition is Condition.CHOOSE
        assert world.linked(number) == [link]
        assert world.services.calendars(None, number)

    @pytest.mark.parametrize(
        ("account", "adopted"),
        [
            (NewAccount("memory", ADDRESS.upper(), "https://dav.example/", "anna", "x"), True),
            (NewAccount("memory", ADDRESS, "https://dav.example", "other", "x"), True),
            (NewAccount("memory", "", "https://dav.example/", "Anna", "x"), True),
            (NewAccount("memory", ADDRESS, secret="x"), True),
            (NewAccount("memory", ADDRESS, "https://other.example/", "anna", "x"), False),
            (NewAccount("memory", "bob@elsewhere.example", "https://dav.example/", "bob", "x"), False),
        ],
    )
    def test_which_account_is_the_same(self, sqlite_world: World, account: NewAccount, adopted: bool) -> None:
        first = NewAccount("memory", ADDRESS, "https://dav.example/", "anna", SECRET)
        number = sqlite_world.add(first, check=False)
        sqlite_world.services.stop(None, number)
        assert (sqlite_world.add(account, check=False) == number) is adopted

    def test_reconnecting_with_a_new_password_goes_on(self, world: World) -> None:
        number = world.running()
        world.trouble(number, ProblemKind.SIGN_IN)
        world.account.secret = "new password"
        assert world.show(number).status.condition is Condition.RECONNECT
        with pytest.raises(SignInNeeded):
            world.services.reconnect(world.anna, number)
        assert world.row(number).problem is ProblemKind.SIGN_IN
        world.services.reconnect(world.anna, number, "new password")
        row = world.row(number)
        assert (row.problem, row.problem_text, row.tries, row.state) == (None, "", 0, ConnectionState.ACTIVE)
        assert row.next_run_at == world.office.clock.now()

    def test_removing_forgets_it(self, world: World) -> None:
        number = world.running()
        world.link(number)
        world.services.remove(world.anna, number)
        assert world.services.all(None) == []
        assert world.add() not in (0, None)


def test_a_disabled_user_has_no_runs(world: World) -> None:
    number = world.running()
    with world.database.write() as session:
        accounts.save_user(session, replace(world.anna, enabled=False), now=FixedClock().now())
    with world.database.read() as session:
        assert connections.due(session, world.office.clock.now()) == []
    assert world.show(number).user.enabled is False


@pytest.mark.parametrize(
    ("address", "is_same"),
    [
        ("Anna.Berzina@gmail.com", True),
        ("annaberzina+crm@googlemail.com", True),
        ("anna-berzina@gmail.com", False),
        ("annaberzina@example.com", False),
    ],
)
def test_gmail_knows_one_account_by_many_addresses(address: str, is_same: bool) -> None:
    known = Connection(1, "google", NOW, address="anna.berzina@gmail.com")
    assert same_account(known, NewAccount("google", address)) is is_same
