"""Objects on which two sides agreed, and what becomes of them when both go on from there."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from bridge.core.contact import Contact, Labelled, Name
from bridge.core.event import Event, Links
from bridge.core.reconcile import Agreed, Reconciled, Winner, reconcile

RIGA = ZoneInfo("Europe/Riga")
OLD, NEW = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC)


def at(day: int, hour: int) -> datetime:
    return datetime(2026, 6, day, hour, tzinfo=RIGA)


CALL = Event(
    "ours@example.com",
    summary="Call",
    start=at(1, 10),
    end=at(1, 11),
    location="Rīga",
    categories=("Call",),
    links=Links(1, 2, 3),
    sequence=3,
    created=OLD,
)
THEIR_CALL = replace(CALL, uid="theirs", links=Links(), sequence=0, created=NEW)
WEEKLY = replace(
    CALL,
    recurrence=("RRULE:FREQ=WEEKLY", "EXDATE;TZID=Europe/Riga:20260608T100000"),
    overrides=(replace(CALL, recurrence_id=at(15, 10), start=at(15, 12), end=at(15, 13)),),
)
THEIR_WEEKLY = replace(
    WEEKLY,
    uid="theirs",
    overrides=(replace(WEEKLY.overrides[0], uid="theirs", links=Links()),),
    links=Links(),
    sequence=0,
)
ILZE = Contact(
    "ours",
    formatted_name="Ilze Kalniņa",
    name=Name("Kalniņa", "Ilze"),
    emails=(Labelled("ilze@example.com", "work", primary=True), Labelled("ilze@example.lv", "home")),
    phones=(Labelled("+371 29123456", "mobile"),),
    person_id=7,
)
THEIR_ILZE = replace(ILZE, uid="theirs", person_id=None)


def settled(
    then: tuple[Any, Any] | None,
    ours: Any,
    theirs: Any,
    who: Winner = Winner.THEIRS,
    expresses: frozenset[str] | None = None,
) -> Reconciled[Any]:
    agreed = Agreed(*then) if then is not None else None
    result = reconcile(agreed, ours, theirs, winner=who, expresses=expresses)
    again = reconcile(agreed, result.ours, result.theirs, winner=who, expresses=expresses)
    assert (again.ours, again.theirs) == (result.ours, result.theirs)
    return result


def events(ours: Event, theirs: Event, who: Winner = Winner.THEIRS) -> Reconciled[Event]:
    return settled((CALL, THEIR_CALL), ours, theirs, who)


def series(ours: Event, theirs: Event, who: Winner = Winner.THEIRS) -> Reconciled[Event]:
    return settled((WEEKLY, THEIR_WEEKLY), ours, theirs, who)


def contacts(ours: Contact, theirs: Contact, who: Winner = Winner.THEIRS) -> Reconciled[Contact]:
    return settled((ILZE, THEIR_ILZE), ours, theirs, who)
