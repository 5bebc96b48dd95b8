from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography.fernet import Fernet

from bridge.core.activity import Activity
from bridge.core.event import EventKind
from bridge.core.projection.options import TypeOption
from bridge.core.user import Role, User
from bridge.errors import Conflict, Invalid, NotAllowed, NotFound, TemporaryError
from bridge.services.activity_types import ActivityTypes, TypeDraft
from bridge.services.administration import Administration, UserEdit
from bridge.services.audit import Audit, AuditAction
from bridge.services.company_options import CompanyOptions
from bridge.services.connections import Connections
from bridge.services.oauth_clients import METADATA, OAuthClients
from bridge.services.signing_in import SigningIn
from bridge.store import audit as rows
from bridge.store.database import Database
from bridge.vault import FernetVault
from tests.harness import CRM, Office

EDIT = UserEdit("Eva", "eva@example.com", Role.REGULAR, enabled=True, may_add_people=True, may_add_organizations=False)


class Admin:
    """An office with an administrator and a regular user."""

    def __init__(self, database: Database) -> None:
        self.office = office = Office(database)
        self.zane, self.anna = office.user("zane", role=Role.ADMIN), office.user("anna")
        self.audit = Audit(database, office.clock)
        vault = FernetVault(b"v" * 32)
        self.signing_in = SigningIn(database, office.clock, b"k" * 32)
        linked = Connections(database, office.clock, office.settings, vault, {})
        parts = (office.settings, office.principals, self.signing_in, linked, CompanyOptions(database, vault))
        self.administration = Administration(database, *parts, self.audit)
        self.types = ActivityTypes(database, office.activities, office.principals, self.audit)
        self.answer: dict[str, object] = {}
        self.clients = OAuthClients(database, office.clock, vault, self.fetch, self.audit, METADATA)

    def fetch(self, address: str) -> dict[str, object]:
        if not self.answer:
            raise TemporaryError("No answer.", remedy=address)
        return self.answer

    def noted(self) -> list[tuple[str, str, str]]:
        return [(each.actor, each.action, each.subject) for each in self.audit.entries(self.zane)]


@pytest.fixture
def admin(database: Database) -> Admin:
    return Admin(database)


def test_entries_come_newest_first_in_portions(admin: Admin) -> None:
    for number in range(5):
        admin.audit.note(admin.zane, AuditAction.SET_OPTION, f"o{number}", {"value": number})
        admin.office.clock.advance(timedelta(minutes=1))
    first = admin.audit.entries(admin.zane, limit=3)
    rest = admin.audit.entries(admin.zane, before=first[-1].id)
    assert [each.subject for each in (*first, *rest)] == ["o4", "o3", "o2", "o1", "o0"]
    assert first[0].details == {"value": 4}
    assert first[0].at > first[1].at
    assert [each.subject for each in admin.audit.entries(None, limit=1)] == ["o4"]


def test_a_subject_has_a_limit(admin: Admin) -> None:
    admin.audit.note(None, AuditAction.SET_OPTION, "x" * 1000)
    (entry,) = admin.audit.entries(None)
    assert (len(entry.subject), entry.actor, entry.actor_id) == (255, "", None)


def test_regular_users_may_do_nothing(admin: Admin) -> None:
    anna, draft = admin.anna, TypeDraft("Visit")
    for act in (
        lambda: admin.audit.entries(anna),
        lambda: admin.administration.users(anna),
        lambda: admin.administration.user(anna, "zane"),
        lambda: admin.administration.add(anna, "eva", EDIT),
        lambda: admin.administration.change(anna, "anna", replace(EDIT, role=Role.ADMIN)),
        lambda: admin.administration.set_password(anna, "zane", "a long password"),
        lambda: admin.administration.set_option(anna, "policy", "ask", forced=True),
        lambda: admin.administration.pause(anna, paused=True),
        lambda: admin.administration.tell(anna, "Hello"),
        lambda: admin.types.all(anna),
        lambda: admin.types.add(anna, draft),
        lambda: admin.types.change(anna, "call", draft),
        lambda: admin.types.move(anna, "call", up=True),
        lambda: admin.clients.known(anna),
        lambda: admin.clients.set(anna, "google", "id", "secret"),
        lambda: admin.clients.clear(anna, "google"),
        lambda: admin.clients.test(anna, "google"),
    ):
        with pytest.raises(NotAllowed):
            act()
    assert admin.noted() == []
    assert admin.office.principals.find("anna").role is Role.REGULAR


def test_users_are_added_changed_and_shut_out(admin: Admin) -> None:
    added = admin.administration.add(admin.zane, "eva", EDIT, "a long password")
    assert (added.name, added.may_add_organizations, added.role) == ("Eva", False, Role.REGULAR)
    assert admin.signing_in.with_password("eva", "a long password", "test", "address")
    admin.administration.set_password(admin.zane, "eva", "another password")
    admin.administration.change(admin.zane, "eva", replace(EDIT, enabled=False))
    with pytest.raises(NotAllowed):
        admin.signing_in.with_password("eva", "another password", "test", "address")
    with pytest.raises(Conflict):
        admin.administration.change(admin.zane, "zane", EDIT)
    with pytest.raises(Conflict):
        admin.administration.add(admin.zane, "eva", EDIT)
    with pytest.raises(Invalid):
        admin.administration.add(admin.zane, "ivo", EDIT, "short")
    with pytest.raises(NotFound):
        admin.administration.change(admin.zane, "nobody", EDIT)
    assert [action for _, action, _ in admin.noted()] == ["user.change", "user.password", "user.add"]
    assert admin.audit.entries(admin.zane)[0].details == {"enabled": ["True", "False"]}
    assert not any("password" in str(each.details) for each in admin.audit.entries(admin.zane))


def test_users_are_shown_with_what_they_use(admin: Admin) -> None:
    device, _ = admin.office.devices.add("anna", "Phone")
    admin.office.devices.add("anna", "Tablet")
    gone, _ = admin.office.devices.add("zane", "Old")
    admin.office.devices.revoke(gone.id)
    admin.signing_in.begin(admin.anna, "Browser")
    found = {each.user.login: each for each in admin.administration.users(admin.zane)}
    assert found["anna"].usage == rows.Usage(2, None, admin.office.clock.now())
    assert found["zane"].usage == rows.Usage()
    assert found["anna"].connections == ()
    assert device.user_id == admin.anna.id


def test_options_pauses_and_notices_are_decided_and_noted(admin: Admin) -> None:
    desk, zane = admin.administration, admin.zane
    desk.set_option(zane, "calendar.include_links", False, forced=True)
    desk.set_option(zane, "calendar.include_links", False, forced=True)
    desk.clear_option(zane, "calendar.include_links")
    desk.clear_option(zane, "calendar.include_links")
    desk.pause(zane, paused=True)
    assert desk.all_paused()
    desk.pause(zane, paused=False)
    assert not desk.all_paused()
    desk.tell(zane, "  Google is\n down ")
    assert desk.notice() == "Google is down"
    desk.tell(zane, "")
    assert desk.notice() == ""
    for wrong in ("x" * 1001, "a\x00b"):
        with pytest.raises(Invalid):
            desk.tell(zane, wrong)
    with pytest.raises(Invalid):
        desk.set_option(zane, "nothing", 1, forced=False)
    wanted = ["option.set", "option.clear", "pause.all", "resume.all", "notice.set", "notice.clear"]
    assert [action for _, action, _ in reversed(admin.noted())] == wanted


def test_a_type_is_added_with_a_key_of_its_own(admin: Admin) -> None:
    first = admin.types.add(admin.zane, TypeDraft("Vizīte pie klienta!", "teal", reminder=timedelta(minutes=10)))
    second = admin.types.add(admin.zane, TypeDraft("Vizite pie klienta"))
    third = admin.types.add(admin.zane, TypeDraft("Встреча"))
    assert [first.key, second.key, third.key] == ["vizite_pie_klienta", "vizite_pie_klienta_2", "type"]
    assert first.reminder == timedelta(minutes=-10)
    assert [kind.key for kind in admin.types.all(admin.zane)][-3:] == [first.key, second.key, third.key]
    with pytest.raises(Conflict):
        admin.types.add(admin.zane, TypeDraft("VIZĪTE pie klienta!"))


def test_a_type_shown_as_tasks_moves_to_the_task_list_of_all_who_chose_nothing(admin: Admin) -> None:
    office = admin.office
    office.principals.choose_type("zane", "call", TypeOption(EventKind.EVENT))
    for user in (admin.anna, admin.zane):
        office.activities.create(CRM, Activity("", user.id, "Call", type="call", due_date=office.clock.now().date()))
    admin.types.change(admin.zane, "call", TypeDraft("Call", shown_as=EventKind.TASK, reminder=timedelta(minutes=5)))
    anna, zane = (office.client(login) for login in ("anna", "zane"))
    assert len(anna.propfind("/dav/anna/tasks/", depth="1").hrefs()) == 2
    assert len(anna.propfind("/dav/anna/activities/", depth="1").hrefs()) == 1
    assert zane.propfind("/dav/zane/tasks/", depth="1").status == 404
    assert len(zane.propfind("/dav/zane/activities/", depth="1").hrefs()) == 2
    admin.types.change(admin.zane, "call", TypeDraft("Call"))
    assert len(anna.propfind("/dav/anna/activities/", depth="1").hrefs()) == 2
    assert anna.propfind("/dav/anna/tasks/", depth="1").status == 404


def test_types_change_places(admin: Admin) -> None:
    before = [kind.key for kind in admin.types.all(admin.zane)]
    admin.types.move(admin.zane, before[1], up=True)
    assert [kind.key for kind in admin.types.all(admin.zane)] == [before[1], before[0], *before[2:]]
    admin.types.move(admin.zane, before[1], up=True)
    admin.types.move(admin.zane, before[-1], up=False)
    admin.types.move(admin.zane, before[1], up=False)
    assert [kind.key for kind in admin.types.all(admin.zane)] == before
    with pytest.raises(NotFound):
        admin.types.move(admin.zane, "nothing", up=True)


@pytest.mark.parametrize(
    "draft",
    [
        TypeDraft(" "),
        TypeDraft("Visit", "no colour"),
        TypeDraft("Visit", reminder=timedelta(days=29)),
        TypeDraft("Visit", reminder=timedelta(minutes=-1)),
        TypeDraft("Visit", duration=timedelta()),
        TypeDraft("Visit", duration=timedelta(days=2)),
    ],
)
def test_types_that_make_no_sense_are_refused(admin: Admin, draft: TypeDraft) -> None:
    with pytest.raises(Invalid):
        admin.types.add(admin.zane, draft)
    with pytest.raises(Invalid):
        admin.types.change(admin.zane, "call", draft)
    assert admin.noted() == []


def test_the_last_type_stays_in_use(admin: Admin) -> None:
    *others, last = admin.types.all(admin.zane)
    for kind in others:
        admin.types.change(admin.zane, kind.key, TypeDraft(kind.name, active=False))
    with pytest.raises(Conflict):
        admin.types.change(admin.zane, last.key, TypeDraft(last.name, active=False))


def test_a_registration_is_sealed_tested_and_forgotten(admin: Admin, database: Database) -> None:
    clients, zane = admin.clients, admin.zane
    clients.set(zane, "graph", "client-id", "s3cret", "contoso.example")
    with database.read() as session:
        kept = rows.oauth_client(session, "graph")
    assert kept is not None
    assert "s3cret" not in kept.secret
    opened = clients.registration("graph")
    assert opened is not None
    assert (opened.client_id, opened.secret, opened.tenant) == ("client-id", "s3cret", "contoso.example")
    clients.set(zane, "graph", "other-id")
    again = clients.registration("graph")
    assert again is not None
    assert (again.client_id, again.secret, again.tenant) == ("other-id", "s3cret", "")
    assert clients.test(zane, "graph").problem == "No answer."
    assert "common" in clients.test(zane, "graph").address
    admin.answer = {"authorization_endpoint": "https://x.example/a", "token_endpoint": 5}
    assert "token_endpoint" in clients.test(zane, "graph").problem
    admin.answer["token_endpoint"] = "https://x.example/t"
    assert clients.test(zane, "graph").problem == ""
    clients.clear(zane, "graph")
    assert clients.registration("graph") is None
    with pytest.raises(NotFound):
        clients.test(zane, "graph")
    assert "s3cret" not in str([each.details for each in admin.audit.entries(zane)])


def test_a_new_key_seals_registrations_too(admin: Admin, database: Database) -> None:
    admin.clients.set(admin.zane, "google", "id", "s3cret")
    old, new = FernetVault(b"v" * 32), Fernet(Fernet.generate_key())
    with database.read() as session:
        before = rows.oauth_clients(session)
    assert CompanyOptions(database, FernetVault(b"v" * 32, [new])).rotate_keys() == 1
    with database.read() as session:
        (after,) = rows.oauth_clients(session)
    assert old.open(before[0].secret) == new.decrypt(after.secret.encode()).decode() == "s3cret"


@pytest.mark.parametrize(
    "values",
    [
        ("google", "", "secret"),
        ("google", "id", ""),
        ("google", "a b", "secret"),
        ("google", "x" * 256, "secret"),
        ("google", "id", "a\nb"),
        ("graph", "id", "secret", "../../evil"),
        ("graph", "id", "secret", "a/b"),
    ],
)
def test_registrations_that_make_no_sense_are_refused(admin: Admin, values: tuple[str, ...]) -> None:
    with pytest.raises(Invalid):
        admin.clients.set(admin.zane, *values)
    assert admin.clients.known(admin.zane) == {}
    with pytest.raises(NotFound):
        admin.clients.set(admin.zane, "yahoo", "id", "secret")


def test_an_entry_outlives_its_author(admin: Admin, database: Database) -> None:
    eva = admin.office.principals.add(User("eva", "UTC", role=Role.ADMIN))
    admin.audit.note(eva, AuditAction.PAUSE_ALL)
    assert admin.noted()[0] == ("eva", "pause.all", "")
