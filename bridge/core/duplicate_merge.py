"""One person out of several who are the same (R17)."""

import re
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import astuple, replace
from functools import partial, reduce

from bridge.core.activity import Visibility
from bridge.core.contact import Address, Birthday, Labelled, Name
from bridge.core.duplicate_keys import email_key, fold, name_key, phone_key
from bridge.core.merge import FieldConflict
from bridge.core.person import Person

_SINGLE = ("name", "organization_id", "job_title", "birthday")


def merged(survivor: Person, others: Iterable[Person], region: str | None = None) -> Person:
    """The survivor with everything that the others have besides: the union of what may be several, joined notes.

    Of what a person has once, the first that is not empty stays; ``left_out`` tells what does not. The result is
    visible to its owner only if one of them is, so that a merge shows nobody more than before.
    """
    return reduce(partial(_with, region=region), others, survivor)


def left_out(survivor: Person, others: Iterable[Person]) -> tuple[FieldConflict, ...]:
    """What the others say differently in a field that holds one value, which the survivor's or the first one keeps."""
    others = tuple(others)
    after = merged(survivor, others)
    found = []
    for field in _SINGLE:
        kept = getattr(after, field)
        values = dict.fromkeys(getattr(other, field) for other in others)
        lost = [value for value in values if value and not _same(value, kept)]
        if lost:
            found.append(FieldConflict(field, kept, tuple(lost)))
    return tuple(found)


def _same(value: object, kept: object) -> bool:
    return value == kept or (isinstance(kept, Birthday) and value == replace(kept, year=None))


def _with(person: Person, other: Person, *, region: str | None) -> Person:
    phone = partial(_phone, region=region)
    return replace(
        person,
        name=person.name if person.name.strip() else other.name,
        parts=_parts(person, other),
        organization_id=person.organization_id if person.organization_id is not None else other.organization_id,
        job_title=person.job_title or other.job_title,
        emails=_union(person.emails, other.emails, _email),
        phones=_union(person.phones, other.phones, phone),
        addresses=_addresses(person.addresses, other.addresses),
        messaging=_union(person.messaging, other.messaging, _account),
        birthday=_birthday(person.birthday, other.birthday),
        note=_notes(person.note, other.note),
        labels=tuple(dict.fromkeys((*person.labels, *other.labels))),
        photo=person.photo or other.photo,
        visibility=Visibility.OWNER if Visibility.OWNER in {person.visibility, other.visibility} else person.visibility,
    )


def _parts(person: Person, other: Person) -> Name:
    """The parts that fit the name: those of another name would contradict it."""
    if other.parts == Name() or (person.name.strip() and _key(person) != _key(other)):
        return person.parts
    if person.parts == Name():
        return other.parts
    if (fold(person.parts.family), fold(person.parts.given)) != (fold(other.parts.family), fold(other.parts.given)):
        return person.parts
    pairs = zip(astuple(person.parts), astuple(other.parts), strict=True)
    return Name(*(mine or theirs for mine, theirs in pairs))


def _key(person: Person) -> str:
    return name_key(person.name, person.parts.prefixes)


def _email(email: Labelled) -> Hashable:
    return email_key(email.value) or email.value.strip()


def _phone(phone: Labelled, *, region: str | None) -> Hashable:
    return phone_key(phone.value, region) or re.sub(r"\s", "", phone.value)


def _account(account: Labelled) -> Hashable:
    return account.value.strip().lower()


def _union(
    kept: Sequence[Labelled], more: Iterable[Labelled], key: Callable[[Labelled], Hashable]
) -> tuple[Labelled, ...]:
    """What is kept as it stands, then what is new. A label fills one that was empty; no second one is primary."""
    result = list(kept)
    places = {key(value): place for place, value in reversed(list(enumerate(result)))}
    for value in more:
        place = places.setdefault(key(value), len(result))
        if place == len(result):
            result.append(replace(value, primary=value.primary and not kept))
        elif not result[place].label:
            result[place] = replace(result[place], label=value.label)
    return tuple(result)


def _addresses(kept: Sequence[Address], more: Iterable[Address]) -> tuple[Address, ...]:
    found = {_place(address): address for address in reversed((*kept, *more))}
    known = {_place(address) for address in kept}
    return (*kept, *(found[key] for key in dict.fromkeys(map(_place, more)) if key not in known))


def _place(address: Address) -> Hashable:
    return tuple(map(fold, astuple(replace(address, label=""))))


def _birthday(mine: Birthday | None, theirs: Birthday | None) -> Birthday | None:
    if mine is None or theirs is None:
        return mine or theirs
    return theirs if mine.year is None and mine == replace(theirs, year=None) else mine


def _notes(mine: str, theirs: str) -> str:
    """Both notes, one below the other, unless one says the other already."""
    if theirs.strip() in mine:
        return mine
    return theirs if not mine.strip() else f"{mine.rstrip()}\n\n{theirs.strip()}"
