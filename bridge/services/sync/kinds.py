"""What differs between calendars and contacts, for an engine that treats both alike."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Generic, Protocol, TypeVar
from zoneinfo import ZoneInfo

from bridge.core import matching, rules
from bridge.core.contact import Contact
from bridge.core.digest import same
from bridge.core.event import Event, Privacy
from bridge.core.linkblock import append_block, find_block, strip_block
from bridge.core.matching import Candidate
from bridge.core.reconcile import Agreed, Reconciled, reconcile, winner
from bridge.core.rules import LeaveOut, Verdict
from bridge.core.scope import CalendarScope, ConflictPolicy, ContactScope, Direction, PrivatePolicy
from bridge.core.user import User
from bridge.ports import Found, Traits
from bridge.services.sync.objects import contact_from_json, event_from_json, to_json

T = TypeVar("T", Event, Contact)
T_contra = TypeVar("T_contra", Event, Contact, contravariant=True)


class Judge(Protocol[T_contra]):
    """Decides whether an object travels in one direction."""

    def __call__(self, obj: T_contra, *, linked: bool) -> Verdict:
        """Judge an object that is tied already, or not."""
        ...


@dataclass(frozen=True)
class Kind(Generic[T]):
    """How one flow reads, compares, judges and merges its objects.

    ``going`` and ``coming`` are the rules of either direction; what is tied already is judged more mildly (R6).
    ``sent`` is what of ours a remote gets, ``taken`` what of theirs we take in. ``one_way`` is why new objects do not
    travel against the direction, where there is one.
    """

    title: Callable[[T], str]
    load: Callable[[Mapping[str, Any]], T]
    going: Judge[T]
    coming: Judge[T]
    content: Callable[[T], tuple[str, ...]]
    sent: Callable[[T], T]
    taken: Callable[[T], T]
    expresses: frozenset[str] | None
    one_way: LeaveOut | None
    policy: ConflictPolicy

    @property
    def asks(self) -> bool:
        """Whether a conflict waits for a person (R23)."""
        return self.policy is ConflictPolicy.ASK

    def ours_changed(self, base: T, present: T) -> bool:
        """Whether our object says something else than when both sides last agreed. The CRM's block counts (R9)."""
        return not same(base, present, self.expresses) or _block(base) != _block(present)

    def theirs_changed(self, base: T, present: T) -> bool:
        """Whether their object says something else than when both sides last agreed."""
        return not same(self.taken(base), self.taken(present), self.expresses)

    def candidate(self, found: Found[T]) -> Candidate:
        """What an object is recognised by on the other side."""
        assert found.object is not None  # noqa: S101 - only what was read is matched
        return Candidate(found.id, found.object.uid, found.stamp, self.content(found.object))

    def settle(self, agreed: Agreed[T] | None, ours: T, theirs: T) -> Reconciled[T]:
        """Merge by field (R23). The CRM's block is ours alone (R9), attendees and privacy as it is there are theirs."""
        taken = self.taken(theirs)
        basis = None
        if agreed is not None:
            basis = Agreed(_attendees_of(agreed.ours, ours), self.taken(agreed.theirs))
        who = winner(self.policy, ours.modified, theirs.modified)
        merged = reconcile(basis, ours, taken, winner=who, expresses=self.expresses)
        there = _with_block(_with_privacy(merged.theirs, taken, theirs), ours)
        return replace(merged, theirs=there, theirs_changed=merged.theirs_changed or _block(there) != _block(theirs))

    dump = staticmethod(to_json)


def calendar_kind(
    scope: CalendarScope, traits: Traits, policy: ConflictPolicy, zone: ZoneInfo, *, now: datetime
) -> Kind[Event]:
    """A calendar's flow. ``zone`` is where floating times are meant."""

    def taken(event: Event) -> Event:
        if scope.private is not PrivatePolicy.AS_PUBLIC or event.privacy is Privacy.PUBLIC:
            return event
        overrides = tuple(replace(each, privacy=Privacy.PUBLIC) for each in event.overrides)
        return replace(event, privacy=Privacy.PUBLIC, overrides=overrides)

    only_goes = scope.direction is Direction.ONE_WAY and not scope.edits_come_back
    return Kind(
        title=lambda event: event.summary,
        load=event_from_json,
        going=lambda event, *, linked: rules.outgoing_event(event, scope, zone=zone, now=now, linked=linked),
        coming=lambda event, *, linked: rules.incoming_event(event, scope, zone=zone, now=now, linked=linked),
        content=matching.event_keys,
        sent=without_attendees,
        taken=taken,
        expresses=traits.expresses,
        one_way=rules.one_way(scope),
        policy=ConflictPolicy.CRM if only_goes else policy,
    )


def contacts_kind(scope: ContactScope, traits: Traits, policy: ConflictPolicy, user: User) -> Kind[Contact]:
    """A flow of contacts."""
    return Kind(
        title=lambda contact: contact.formatted_name,
        load=contact_from_json,
        going=lambda contact, *, linked: rules.outgoing_contact(contact, scope, linked=linked),
        coming=lambda contact, *, linked: rules.incoming_contact(
            contact,
            scope,
            may_add_people=user.may_add_people,
            may_add_organizations=user.may_add_organizations,
            linked=linked,
        ),
        content=matching.contact_keys,
        sent=lambda contact: contact,
        taken=lambda contact: contact,
        expresses=traits.expresses,
        one_way=rules.one_way(scope),
        policy=policy,
    )


def without_attendees(event: Event) -> Event:
    """An event that makes no service write to anybody (R13)."""
    overrides = tuple(replace(each, attendees=()) for each in event.overrides)
    return replace(event, attendees=(), overrides=overrides)


def _attendees_of(base: T, ours: T) -> T:
    """A base in which our attendees are as they are now: they never travel out (R13)."""
    if isinstance(base, Event) and isinstance(ours, Event):
        return replace(base, attendees=ours.attendees)
    return base


def _with_privacy(merged: T, taken: T, theirs: T) -> T:
    """What goes back is as private as it is there: only here it was taken as public (R10)."""
    if not isinstance(merged, Event) or not isinstance(taken, Event) or not isinstance(theirs, Event):
        return merged
    kept = replace(merged, privacy=theirs.privacy) if merged.privacy is taken.privacy else merged
    return replace(kept, overrides=theirs.overrides) if kept.overrides == taken.overrides else kept


def _block(found: Event | Contact) -> str:
    return find_block(found.description) or "" if isinstance(found, Event) else ""


def _with_block(theirs: T, ours: T) -> T:
    """Their description with the CRM's block as it is with us now."""
    if isinstance(theirs, Event) and isinstance(ours, Event) and _block(theirs) != _block(ours):
        return replace(theirs, description=append_block(strip_block(theirs.description), _block(ours)))
    return theirs
