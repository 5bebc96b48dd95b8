"""Patch the lists of a card: e-mail addresses, phones, addresses, messaging accounts and members.

What is wanted is paired with what is there: equal, then of equal value, then of equal label, then in order. A pair
that differs is changed in its place with the rest of its line kept.
"""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from bridge.core import vcard_line as line_of
from bridge.core import vcard_write as write
from bridge.core.contact import Address, Contact, Labelled
from bridge.core.contentline import Component, ContentLine, escape_text, make_line
from bridge.core.vcard_read import AB_LABEL, Entry, addresses, emails, members, messaging, numbered, phones
from bridge.core.vcard_splice import after_last, fresh_group, is_companion, splice

T = TypeVar("T", bound=Hashable)


def patch_lists(card: Component, wanted: Contact) -> Component:
    """Return the card with all lists as wanted; lines that already say it keep their bytes."""
    card = _patch_list(card, _EMAILS, wanted.emails)
    card = _patch_list(card, _PHONES, wanted.phones)
    card = _patch_list(card, _ADDRESSES, wanted.addresses)
    card = _patch_list(card, _MESSAGING, wanted.messaging)
    return _patch_list(card, _MEMBERS, wanted.members)


@dataclass(frozen=True, slots=True)
class _Kind(Generic[T]):
    """One kind of list: where its lines are, and how a line says a value.

    ``change`` returns the old line with another value, label aside; ``keys`` are what may pair old and new.
    """

    read: Callable[[Component], tuple[Entry[T], ...]]
    fresh: Callable[[T], ContentLine]
    change: Callable[[ContentLine, T, T], ContentLine]
    label: Callable[[T], str]
    keys: tuple[Callable[[T], Hashable], ...]


def _patch_list(card: Component, kind: _Kind[T], wanted: Sequence[T]) -> Component:
    there = kind.read(card)
    if tuple(entry.value for entry in there) == tuple(wanted):
        return card
    pairs = _pairs(there, wanted, kind.keys)
    edits: dict[int, tuple[ContentLine, ...]] = {at: () for entry in there for at in entry.at}
    places = sorted(entry.at[0] for entry in pairs if entry)
    made: list[tuple[ContentLine, ...]] = []
    for value, entry in zip(wanted, pairs, strict=True):
        if entry and entry.value == value:
            edits.update({at: (_line(card, at),) for at in entry.at[1:]})
            made.append((_line(card, entry.at[0]),))
        else:
            taken = sum(len(lines) - 1 for lines in made)
            made.append(_written(card, kind, entry, value, edits, taken))
    edits.update(zip(places, made, strict=False))
    extra = [line for lines in made[len(places) :] for line in lines]
    return splice(card, edits, at=_behind(card, there, made), extra=extra)


def _behind(card: Component, there: Sequence[Entry[T]], made: Sequence[tuple[ContentLine, ...]]) -> int | None:
    """Where additional lines go: behind the last old one, or else behind others of their name."""
    if there:
        names = {_line(card, at).name for entry in there for at in entry.at}
        return after_last(card, *names)
    return after_last(card, *{line.name for lines in made for line in lines})


def _line(card: Component, at: int) -> ContentLine:
    child = card.children[at]
    if not isinstance(child, ContentLine):
        raise TypeError(child)
    return child


def _pairs(
    there: Sequence[Entry[T]], wanted: Sequence[T], keys: Sequence[Callable[[T], Hashable]]
) -> list[Entry[T] | None]:
    """For each wanted value the entry that becomes it, if any."""
    free = list(there)
    found: list[Entry[T] | None] = [None] * len(wanted)
    for key in (_itself, *keys, _anything):
        for index, value in enumerate(wanted):
            if found[index] is None:
                found[index] = next((entry for entry in free if key(entry.value) == key(value)), None)
                if found[index] is not None:
                    free = [entry for entry in free if entry is not found[index]]
    return found


def _itself(value: Hashable) -> Hashable:
    return value


def _anything(_: Hashable) -> Hashable:
    return None


def _written(
    card: Component,
    kind: _Kind[T],
    entry: Entry[T] | None,
    value: T,
    edits: dict[int, tuple[ContentLine, ...]],
    taken: int,
) -> tuple[ContentLine, ...]:
    """The lines for a value that is new or differs from its entry; label lines of the entry go into ``edits``."""
    custom = write.is_custom(kind.label(value))
    if entry is None:
        fresh = kind.fresh(value)
        return tuple(write.with_label(fresh, kind.label(value), fresh_group(card, taken))) if custom else (fresh,)
    line = _line(card, entry.at[0])
    changed = kind.change(line, entry.value, value)
    if kind.label(entry.value) == kind.label(value):
        return (changed,)
    if _shares_group(card, line):
        changed = replace(changed, group="")
    else:
        edits.update({at: () for at, name in numbered(card, AB_LABEL) if line.group and _same_group(name, line)})
    if not custom:
        return (changed,)
    return tuple(write.with_label(changed, kind.label(value), changed.group or fresh_group(card, taken)))


def _same_group(one: ContentLine, other: ContentLine) -> bool:
    return one.group.lower() == other.group.lower()


def _shares_group(card: Component, line: ContentLine) -> bool:
    """Whether another property hangs on the same label."""
    others = (other for other in card.lines if other is not line and not is_companion(other))
    return bool(line.group) and any(_same_group(other, line) for other in others)


def _change_labelled(
    escape: Callable[[str], str],
) -> Callable[[ContentLine, Labelled, Labelled], ContentLine]:
    def change(line: ContentLine, old: Labelled, new: Labelled) -> ContentLine:
        value, kept = line.value, line
        if old.value != new.value or line_of.encoding(line):
            value, kept = escape(new.value), replace(line, params=line_of.plain_params(line))
        if (old.label, old.primary) == (new.label, new.primary):
            return make_line(line.name, value, kept.params, line.group)
        params = write.retyped(kept, new.label, primary=new.primary, keep_label=old.label == new.label)
        return make_line(line.name, value, params, line.group)

    return change


def _change_account(line: ContentLine, old: Labelled, new: Labelled) -> ContentLine:
    """IMPP stays itself; the older spellings become IMPP. X-SERVICE-TYPE goes when the scheme is another one."""
    if line.name != "IMPP":
        return replace(write.account_line(new), group=line.group)
    changed = _change_labelled(write.escape_uri)(line, old, new)
    if new.value.partition(":")[:2] == old.value.partition(":")[:2]:
        return changed
    return replace(changed, params=tuple(param for param in changed.params if param[0] != "X-SERVICE-TYPE"))


def _change_address(line: ContentLine, old: Address, new: Address) -> ContentLine:
    value = ";".join(write.changed_parts(line, write.address_parts(old), write.address_parts(new)))
    kept = replace(line, params=line_of.plain_params(line))
    primary = line_of.is_primary(line)
    params = write.retyped(kept, new.label, primary=primary, keep_label=old.label == new.label)
    return make_line(line.name, value, params, line.group)


def _change_member(line: ContentLine, _: str, new: str) -> ContentLine:
    return make_line(line.name, write.member_line(new).value, line.params, line.group)


def _label(entry: Labelled | Address) -> str:
    return entry.label


def _no_label(_: str) -> str:
    return ""


def _value(entry: Labelled) -> Hashable:
    return entry.value.casefold()


_EMAILS = _Kind(emails, write.email_line, _change_labelled(escape_text), _label, (_value, _label))
_PHONES = _Kind(phones, write.phone_line, _change_labelled(escape_text), _label, (_value, _label))
_MESSAGING = _Kind(messaging, write.account_line, _change_account, _label, (_value, _label))
_ADDRESSES = _Kind(addresses, write.address_line, _change_address, _label, (write.address_parts, _label))
_MEMBERS = _Kind(members, write.member_line, _change_member, _no_label, ())
