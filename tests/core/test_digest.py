"""R24: what of an object counts as a change."""

import subprocess
import sys
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.core.contact import Address, Birthday, Contact, Labelled, Name, Photo
from bridge.core.digest import canonical, digest, same
from bridge.core.event import Attendee, Event, EventKind, Links, Privacy
from tests.core.card_strategies import CONTACTS
from tests.core.strategies import events

RIGA = ZoneInfo("Europe/Riga")
CALL = Event(
    "a@example.com",
    summary="Call Ilze",
    start=datetime(2026, 6, 1, 10, tzinfo=RIGA),
    end=datetime(2026, 6, 1, 11, tzinfo=RIGA),
    description="About the offer",
    categories=("Call", "VIP"),
    reminders=(timedelta(minutes=-15),),
    attendees=(Attendee("ilze@example.com", "Ilze"), Attendee("janis@example.com")),
)
WEEKLY = replace(
    CALL,
    recurrence=("RRULE:FREQ=WEEKLY;BYDAY=MO,WE", "EXDATE;TZID=Europe/Riga:20260608T100000,20260610T100000"),
    overrides=(
        replace(CALL, recurrence_id=datetime(2026, 6, 3, 10, tzinfo=RIGA), summary="Later"),
        replace(CALL, recurrence_id=datetime(2026, 6, 15, 10, tzinfo=RIGA), cancelled=True),
    ),
)
ILZE = Contact(
    "c1",
    formatted_name="Ilze Kalniņa",
    name=Name("Kalniņa", "Ilze"),
    emails=(Labelled("ilze@example.com", "work", primary=True), Labelled("ilze@example.lv", "home")),
    phones=(Labelled("+371 2912-3456", "mobile"),),
    addresses=(Address("Brīvības 1", "Rīga", country="Latvia", label="work"),),
    categories=("VIP", "Riga"),
)

NO_CHANGES_OF_EVENTS = {
    "who numbers and dates it": replace(
        CALL, uid="b", sequence=7, created=datetime(2020, 1, 1, tzinfo=UTC), modified=datetime(2021, 1, 1, tzinfo=UTC)
    ),
    "when it was done": replace(CALL, done_at=datetime(2020, 1, 1, tzinfo=UTC)),
    "ids of CRM records": replace(CALL, links=Links(1, 2, 3)),
    "the zone it is told in": replace(
        CALL,
        start=datetime(2026, 6, 1, 7, tzinfo=UTC),
        end=datetime(2026, 6, 1, 10, tzinfo=timezone(timedelta(hours=2))),
    ),
    "fractions of a second": replace(CALL, start=datetime(2026, 6, 1, 10, 0, 0, 5000, tzinfo=RIGA)),
    "the block of the CRM (R9)": replace(
        CALL, description="About the offer  \r\n\r\n[--- CRM ---]\r\nDeal: Big\r\n[--- /CRM ---]\r\n"
    ),
    "white space around text": replace(CALL, summary=" Call Ilze ", location="\n", description="About the offer\n\n"),
    "order of categories": replace(CALL, categories=("VIP", "Call", "VIP")),
    "order of attendees and case of addresses": replace(
        CALL, attendees=(Attendee("JANIS@example.com"), Attendee("mailto:Ilze@example.com", "Ilze", "needs-action"))
    ),
}


@pytest.mark.parametrize("other", NO_CHANGES_OF_EVENTS.values(), ids=NO_CHANGES_OF_EVENTS)
def test_what_is_no_change_of_an_event(other: Event) -> None:
    assert same(CALL, other)
    assert digest(CALL) == digest(other)


def test_the_case_of_a_colour_does_not_count() -> None:
    assert same(replace(CALL, color="Red"), replace(CALL, color="red"))


CHANGES_OF_EVENTS = {
    "kind": replace(CALL, kind=EventKind.TASK),
    "summary": replace(CALL, summary="Call ilze"),
    "an hour later": replace(CALL, start=datetime(2026, 6, 1, 11, tzinfo=RIGA)),
    "a floating time": replace(CALL, start=datetime(2026, 6, 1, 10)),
    "a whole day": replace(CALL, start=date(2026, 6, 1)),
    "end": replace(CALL, end=datetime(2026, 6, 1, 12, tzinfo=RIGA)),
    "no end": replace(CALL, end=None),
    "description": replace(CALL, description="About the  offer"),
    "category": replace(CALL, categories=("Call",)),
    "colour": replace(CALL, color="red"),
    "type": replace(CALL, type_key="call"),
    "done": replace(CALL, done=True),
    "cancelled": replace(CALL, cancelled=True),
    "busy": replace(CALL, busy=False),
    "privacy (R10)": replace(CALL, privacy=Privacy.PRIVATE),
    "reminder": replace(CALL, reminders=()),
    "answer of an attendee": replace(CALL, attendees=(Attendee("ilze@example.com", "Ilze", "ACCEPTED"),)),
    "a series": WEEKLY,
    "an instance": replace(CALL, recurrence_id=CALL.start),
}


@pytest.mark.parametrize("other", CHANGES_OF_EVENTS.values(), ids=CHANGES_OF_EVENTS)
def test_what_is_a_change_of_an_event(other: Event) -> None:
    assert not same(CALL, other)
    assert digest(CALL) != digest(other)


@pytest.mark.parametrize(
    ("start", "told"),
    [
        (date(2026, 6, 1), date(2026, 6, 2)),
        (datetime(2026, 6, 1, 10), datetime(2026, 6, 1, 10)),
        (datetime(2026, 6, 1, 10, tzinfo=UTC), datetime(2026, 6, 1, 10, tzinfo=UTC)),
    ],
)
def test_an_end_that_is_not_told_is_the_end_that_is_meant(start: date, told: date) -> None:
    assert same(Event("a", start=start), Event("a", start=start, end=told))


def test_the_due_time_of_a_task_is_not_implied() -> None:
    start = date(2026, 6, 1)
    assert not same(Event("a", EventKind.TASK, start=start), Event("a", EventKind.TASK, start=start, end=start))


@pytest.mark.parametrize(
    "other",
    [
        replace(WEEKLY, recurrence=WEEKLY.recurrence[::-1], overrides=WEEKLY.overrides[::-1]),
        replace(
            WEEKLY,
            recurrence=(
                "RRULE:BYDAY=WE,MO;FREQ=weekly;INTERVAL=1;WKST=MO",
                "EXDATE:20260610T070000Z",
                "EXDATE;TZID=FLE Standard Time:20260608T100000",
            ),
        ),
        replace(WEEKLY, end=datetime(2026, 6, 1, 8, tzinfo=UTC)),
        replace(
            WEEKLY,
            overrides=(
                replace(WEEKLY.overrides[0], uid="x", recurrence_id=datetime(2026, 6, 3, 7, tzinfo=UTC)),
                replace(WEEKLY.overrides[1], start=datetime(2026, 6, 1, 7, tzinfo=UTC)),
            ),
        ),
    ],
    ids=["order", "spelling of rules", "zone of the end", "zones of exceptions"],
)
def test_what_is_no_change_of_a_series(other: Event) -> None:
    assert same(WEEKLY, other)


@pytest.mark.parametrize(
    "other",
    [
        replace(WEEKLY, start=datetime(2026, 6, 1, 7, tzinfo=UTC)),
        replace(WEEKLY, start=datetime(2026, 6, 1, 10, tzinfo=ZoneInfo("Europe/Helsinki"))),
        replace(WEEKLY, recurrence=WEEKLY.recurrence[:1]),
        replace(WEEKLY, recurrence=("RRULE:FREQ=WEEKLY;BYDAY=MO", WEEKLY.recurrence[1])),
        replace(WEEKLY, overrides=WEEKLY.overrides[:1]),
        replace(WEEKLY, overrides=(WEEKLY.overrides[0], replace(WEEKLY.overrides[1], cancelled=False))),
    ],
    ids=[
        "UTC is another wall clock",
        "zone",
        "an excluded date",
        "rule",
        "an exception less",
        "what an exception says",
    ],
)
def test_what_is_a_change_of_a_series(other: Event) -> None:
    assert not same(WEEKLY, other)


NO_CHANGES_OF_CONTACTS = {
    "who names and dates it": replace(ILZE, uid="x", modified=datetime(2020, 1, 1, tzinfo=UTC)),
    "ids of CRM records": replace(ILZE, person_id=1, organization_id=2),
    "order of values": replace(ILZE, emails=ILZE.emails[::-1], categories=ILZE.categories[::-1]),
    "case of an e-mail address": replace(
        ILZE, emails=(Labelled(" ILZE@Example.com", "work", primary=True), ILZE.emails[1])
    ),
    "spaces of a phone number": replace(ILZE, phones=(Labelled("(+371) 29.12 34 56", "mobile"),)),
    "the mark of an only value": replace(ILZE, phones=(replace(ILZE.phones[0], primary=True),)),
    "a display name that repeats the parts": replace(ILZE, formatted_name="Kalniņa, Ilze"),
    "no display name": replace(ILZE, formatted_name=""),
    "accents in two characters": replace(ILZE, name=Name("Kalnin\u0327a", "Ilze")),
    "empty values": replace(
        ILZE, phones=(*ILZE.phones, Labelled(" ")), addresses=(*ILZE.addresses, Address(label="x"))
    ),
}


@pytest.mark.parametrize("other", NO_CHANGES_OF_CONTACTS.values(), ids=NO_CHANGES_OF_CONTACTS)
def test_what_is_no_change_of_a_contact(other: Contact) -> None:
    assert same(ILZE, other)
    assert digest(ILZE) == digest(other)


CHANGES_OF_CONTACTS = {
    "another display name": replace(ILZE, formatted_name="Ilze from the bank"),
    "family name": replace(ILZE, name=Name("Bērziņa", "Ilze")),
    "swapped parts": replace(ILZE, name=Name("Ilze", "Kalniņa")),
    "label": replace(ILZE, phones=(replace(ILZE.phones[0], label="work"),)),
    "number": replace(ILZE, phones=(Labelled("29123456", "mobile"),)),
    "another primary": replace(
        ILZE, emails=(replace(ILZE.emails[0], primary=False), replace(ILZE.emails[1], primary=True))
    ),
    "birthday": replace(ILZE, birthday=Birthday(5, 1)),
    "photo": replace(ILZE, photo=Photo(b"x")),
    "organization": replace(ILZE, organization="SIA"),
    "address": replace(ILZE, addresses=()),
}


@pytest.mark.parametrize("other", CHANGES_OF_CONTACTS.values(), ids=CHANGES_OF_CONTACTS)
def test_what_is_a_change_of_a_contact(other: Contact) -> None:
    assert not same(ILZE, other)
    assert digest(ILZE) != digest(other)


def test_several_marks_of_a_primary_tell_nothing() -> None:
    both = tuple(replace(email, primary=True) for email in ILZE.emails)
    neither = tuple(replace(email, primary=False) for email in ILZE.emails)
    assert same(replace(ILZE, emails=both), replace(ILZE, emails=neither))


def test_a_photo_counts_by_its_bytes_and_not_by_the_spelling_of_its_type() -> None:
    assert same(replace(ILZE, photo=Photo(b"x", "image/jpg")), replace(ILZE, photo=Photo(b"x", "IMAGE/JPEG")))
    assert not same(replace(ILZE, photo=Photo(b"x")), replace(ILZE, photo=Photo(b"y")))


def test_what_a_remote_cannot_express_does_not_count() -> None:
    expresses = frozenset({"summary", "start", "end", "recurrence", "overrides"})
    assert same(CALL, replace(CALL, categories=(), color="red", busy=False, attendees=()), expresses)
    assert not same(CALL, replace(CALL, summary="x"), expresses)
    reworded = (replace(WEEKLY.overrides[0], location="Rīga"), WEEKLY.overrides[1])
    assert not same(WEEKLY, replace(WEEKLY, overrides=reworded))
    assert same(WEEKLY, replace(WEEKLY, overrides=WEEKLY.overrides[::-1]), expresses - {"summary"})


def test_a_block_that_hides_another_is_stripped_with_it() -> None:
    nested = "Text [--- CR[--- CRM ---]x[--- /CRM ---]M ---] y"
    assert canonical(Event("a", description=nested)).description == "Text"


@given(events | CONTACTS, st.booleans())
def test_a_normal_form_has_no_other_normal_form(obj: Event | Contact, limited: bool) -> None:
    names = type(obj).__dataclass_fields__
    expresses = frozenset(sorted(names)[::2]) if limited else None
    once = canonical(obj, expresses)
    assert canonical(once, expresses) == once
    assert digest(once, expresses) == digest(obj, expresses)
    assert same(obj, once, expresses)


@given(events | CONTACTS, st.randoms(use_true_random=False))
def test_order_does_not_count(obj: Event | Contact, random: Random) -> None:
    shuffled = {}
    for name in type(obj).__dataclass_fields__:
        value = getattr(obj, name)
        if isinstance(value, tuple):
            shuffled[name] = tuple(random.sample(value, len(value)))
    assert same(obj, replace(obj, **shuffled))


def test_a_digest_is_the_same_in_every_process(root: Path) -> None:
    script = (
        "from bridge.core.digest import digest; from bridge.core.event import *;"
        "print(digest(Event('a', summary='x', categories=('c', 'b', 'a'), attendees=(Attendee('q'), Attendee('p')))))"
    )
    seen = {
        subprocess.run(
            [sys.executable, "-c", script],
            cwd=root,
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": str(root)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert seen == {
        digest(Event("a", summary="x", categories=("c", "b", "a"), attendees=(Attendee("q"), Attendee("p")))) + "\n"
    }


def test_times_at_the_edge_of_the_calendar_have_a_digest() -> None:
    edge = Event("a", start=datetime(9999, 12, 31, 23, tzinfo=timezone(timedelta(hours=-5))))
    assert len(digest(edge)) == 64
