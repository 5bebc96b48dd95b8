"""The remote in memory, by the contract, as services of all kinds: what they can and what they cannot do."""

from dataclasses import replace

import pytest

from bridge.core.contact import Contact
from bridge.core.event import Event
from bridge.ports import Traits
from tests.contract.side_contract import (
    ContactSideContract,
    EventSideContract,
    ReadOnlyContactSideContract,
    ReadOnlyEventSideContract,
)
from tests.contract.trouble_contract import CollectionTroubleContract, ConnectionTroubleContract, ObjectTroubleContract
from tests.providers.memory_world import CalendarWorld, GroupWorld

FULL = Traits("Full", max_fetch=4, max_writes=5)
LESS = replace(FULL, keeps_uid=False, has_sync_token=False, guards_writes=False, mails_attendees=True)
KINDS = {
    "everything": FULL,
    "new UIDs": replace(FULL, keeps_uid=False),
    "no sync token": replace(FULL, has_sync_token=False),
    "no guard": replace(FULL, guards_writes=False),
    "mails attendees": replace(FULL, mails_attendees=True),
    "nothing": LESS,
}
POOR_EVENT = frozenset({"summary", "start", "end", "description", "recurrence", "overrides", "cancelled"})
POOR_CONTACT = frozenset({"name", "formatted_name", "emails", "phones"})


class TestCalendar(
    EventSideContract,
    ObjectTroubleContract[Event],
    CollectionTroubleContract[Event],
    ConnectionTroubleContract[Event],
):
    @pytest.fixture(params=[*KINDS, "poor"])
    def world(self, request: pytest.FixtureRequest) -> CalendarWorld:
        return CalendarWorld(KINDS.get(request.param, replace(LESS, expresses=POOR_EVENT)))


class TestGroup(
    ContactSideContract,
    ObjectTroubleContract[Contact],
    CollectionTroubleContract[Contact],
    ConnectionTroubleContract[Contact],
):
    @pytest.fixture(params=[*KINDS, "poor"])
    def world(self, request: pytest.FixtureRequest) -> GroupWorld:
        return GroupWorld(KINDS.get(request.param, replace(LESS, expresses=POOR_CONTACT)))


class TestCalendarThatListsNamesOnly(EventSideContract, ObjectTroubleContract[Event]):
    @pytest.fixture(params=["everything", "nothing"])
    def world(self, request: pytest.FixtureRequest) -> CalendarWorld:
        return CalendarWorld(KINDS[request.param], lists_objects=False)


class TestGroupThatListsNamesOnly(ContactSideContract, ObjectTroubleContract[Contact]):
    @pytest.fixture
    def world(self) -> GroupWorld:
        return GroupWorld(FULL, lists_objects=False)


class TestReadOnlyCalendar(ReadOnlyEventSideContract):
    @pytest.fixture(params=KINDS)
    def world(self, request: pytest.FixtureRequest) -> CalendarWorld:
        return CalendarWorld(replace(KINDS[request.param], read_only=True))


class TestReadOnlyGroup(ReadOnlyContactSideContract):
    @pytest.fixture(params=KINDS)
    def world(self, request: pytest.FixtureRequest) -> GroupWorld:
        return GroupWorld(replace(KINDS[request.param], read_only=True))
