"""Visibility and order of the list of activities, on both databases, against the rules of the core."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, time, timedelta
from itertools import product

import pytest

from bridge.core import rules
from bridge.core.activity import Activity, Deal, Visibility
from bridge.core.event import Privacy
from bridge.core.person import Organization, Person
from bridge.services.activity_desk import ActivityDesk, Line
from bridge.services.activity_filters import EVERYONE, Filters, Progress
from bridge.store import activities, activity_search
from bridge.store.database import Database
from tests.harness import CRM, Office, ics


@pytest.fixture
def office(database: Database) -> Office:
    office = Office(database)
    office.user("anna")
    office.user("bob")
    return office


@pytest.fixture
def desk(office: Office) -> ActivityDesk:
    return ActivityDesk(office.database, office.clock, office.settings, office.activities)


def everything(desk: ActivityDesk, office: Office, login: str, filters: Filters) -> list[Line]:
    viewer = office.principals.find(login)
    found: list[Line] = []
    page = desk.page(viewer, filters)
    found += page.lines
    while page.behind:
        page = desk.page(viewer, filters, behind=page.behind)
        found += page.lines
    return found


def test_the_query_and_the_rule_agree_about_what_is_seen(office: Office, desk: ActivityDesk) -> None:
    bob, anna = office.principals.find("bob").id, office.principals.find("anna").id
    linked: list[dict[str, object]] = [{}]
    for owner, visibility, deleted in product((anna, bob), Visibility, (False, True)):
        deal = office.activities.save_deal(CRM, Deal("Deal", owner, visibility, deleted=deleted))
        person = office.contacts.create_person(CRM, Person("", owner, "P", visibility=visibility, deleted=deleted))
        firm = office.contacts.create_organization(
            CRM, Organization("", owner, "O", visibility=visibility, deleted=deleted)
        )
        linked += [{"deal_id": deal.id}, {"person_id": person.id}, {"organization_id": firm.id}]
        linked.append({"participants": (person.id,)})
    for values, visibility, privacy in product(linked, Visibility, (Privacy.PUBLIC, Privacy.PRIVATE)):
        blank = Activity(
            "", bob, "Bob’s", type="call", visibility=visibility, privacy=privacy, due_date=date(2026, 12, 1)
        )
        office.activities.create(CRM, Activity(**{**as_values(blank), **values}))  # type: ignore[arg-type]
    seen = {line.activity.id: line.masked for line in everything(desk, office, "anna", Filters(owner=EVERYONE))}
    with office.database.read() as session:
        records = activities.activities(session, activities.activity_ids(session))
        links = activities.linked_records(session, records.values())
    expected = {}
    for each in records.values():
        verdict = rules.in_colleagues_calendar(
            each, subject_id=bob, viewer_id=anna, linked=links[each.id].all, reachable=True
        )
        if isinstance(verdict, rules.Include):
            expected[each.id] = verdict.masked
    assert seen == expected
    assert 0 < len(expected) < len(records)


def as_values(activity: Activity) -> dict[str, object]:
    return {name: getattr(activity, name) for name in Activity.__dataclass_fields__}


def test_pages_hold_everything_once_and_in_order(office: Office, desk: ActivityDesk) -> None:
    anna = office.principals.find("anna").id
    days = [None, date(2026, 12, 1), date(2026, 12, 2)]
    for number in range(160):
        day = days[number % 3]
        at = None if day is None or number % 4 == 0 else time(number % 24)
        office.activities.create(CRM, Activity("", anna, f"n{number}", due_date=day, due_time=at))
    body = ics("SUMMARY:Daily", "DTSTART:20261201T050000Z", "DTEND:20261201T060000Z", "RRULE:FREQ=DAILY;COUNT=20")
    assert office.client("anna").put("/dav/anna/activities/s.ics", body).status == 201
    found = everything(desk, office, "anna", Filters())
    assert len(found) == 160 + 20
    orders = [line.key.order() for line in found]
    assert orders == sorted(orders)
    assert len(set(orders)) == len(orders)
    viewer = office.principals.find("anna")
    back: list[Line] = []
    page = desk.page(viewer, Filters(), before=found[-1].key)
    back[:0] = page.lines
    while page.before:
        page = desk.page(viewer, Filters(), before=page.before)
        back[:0] = page.lines
    assert [line.key for line in back] == [line.key for line in found[:-1]]


def test_what_is_done_is_listed_from_the_end(office: Office, desk: ActivityDesk) -> None:
    anna = office.principals.find("anna").id
    for number in range(70):
        day = date(2026, 1, 1) + timedelta(days=number // 5)
        at = time(8) if number % 2 else None
        office.activities.create(CRM, Activity("", anna, f"n{number}", due_date=day, due_time=at, done=True))
    found = everything(desk, office, "anna", Filters(progress=Progress.DONE))
    orders = [line.key.order() for line in found]
    assert orders == sorted(orders, reverse=True)
    assert len(orders) == 70
    viewer = office.principals.find("anna")
    page = desk.page(viewer, Filters(progress=Progress.DONE), before=found[60].key)
    assert [line.key for line in page.lines] == [line.key for line in found[10:60]]


SUBJECTS = (
    "Renewal of the contract", "RENEWAL", "Pagarināt līgumu", "PAGARINĀT LĪGUMU", "Продлить договор", "ПРОДЛИТЬ",
    'A "quoted" word', "100 % sure_ly", "ab", "Żółć gęślą", "Åsa ringer", "İstanbul", "ΟΔΟΣ", "",
)  # fmt: skip
WORDS = (
    "renewal", "NEWAL", "līg", "LĪGUMU", "продлить", "ЛИТЬ", '"quo', "% s", "_ly", "ab", "a", "żół", "ÅSA", "stanbul",
    "ΟΔΟ", "xyzzy", '" OR "', "ren*",
)  # fmt: skip


@pytest.mark.parametrize("rare", [activity_search.RARE, 0])
def test_a_text_is_found_by_the_index_where_a_look_at_each_finds_it(
    office: Office, desk: ActivityDesk, monkeypatch: pytest.MonkeyPatch, rare: int
) -> None:
    """Those that are renamed and deleted too; rare words and common ones."""
    monkeypatch.setattr(activity_search, "RARE", rare)
    anna = office.principals.find("anna").id
    for subject in SUBJECTS:
        office.activities.create(CRM, Activity("", anna, subject, due_date=date(2026, 12, 1)))
    renamed = office.activities.create(CRM, Activity("", anna, "ab initio"))
    office.activities.change(CRM, renamed.id, lambda found: replace(found, subject="Renewal at last"))
    gone = office.activities.create(CRM, Activity("", anna, "Renewal that is gone"))
    office.activities.delete(CRM, gone.id)
    for word in WORDS:
        wanted = sorted(each for each in (*SUBJECTS, "Renewal at last") if word.lower() in each.lower())
        for owner in ("", EVERYONE):
            filters = Filters(owner=owner, progress=Progress.ALL, text=word)
            assert sorted(line.activity.subject for line in everything(desk, office, "anna", filters)) == wanted, word
