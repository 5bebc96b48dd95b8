"""Which persons of an address book may be one and the same (R17).

Persons are suggested together when they have

* one e-mail address or one phone number, unless more than ``MOST_SHARING`` different names have it: that is a
  switchboard or an ``info@`` address, and says nothing about who somebody is;
* one name of at least two words. A name of one word, or one that more than ``MOST_SHARING`` persons bear, counts only
  among persons of one organization;
* names that are alike at ``SIMILARITY`` per cent or more, share a word, and belong to one organization.

Everything is looked up by keys, never by comparing all with all.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import combinations, pairwise

from rapidfuzz import fuzz

from bridge.core.duplicate_keys import email_key, name_key, phone_key, phone_tail
from bridge.core.person import Person

MOST_SHARING = 5
SIMILARITY = 92  # per cent: one letter of a long name, not Anna for Inna
_NEIGHBOURS = 10  # how many names, in the order of the alphabet, one name is compared with

Pair = tuple[int, int]
"""The ids of two persons, the smaller first."""


class Reason(StrEnum):
    """Why persons may be one."""

    EMAIL = "same e-mail"
    PHONE = "same phone"
    NAME = "same name"
    SIMILAR_NAME = "similar name"


@dataclass(frozen=True, slots=True)
class Match:
    """What some persons have in common. ``value`` is normalised: the address, the ``tel`` URI, the words of the name.

    For similar names it is empty.
    """

    reason: Reason
    value: str
    person_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """Persons who may be one, by id, and why. Each is tied to another of them by at least one match."""

    members: tuple[Person, ...]
    matches: tuple[Match, ...]

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """The different reasons, the strongest first."""
        return tuple(sorted({match.reason for match in self.matches}, key=list(Reason).index))


def groups(persons: Iterable[Person], region: str | None = None, apart: Collection[Pair] = frozenset()) -> list[Group]:
    """Find the groups among stored live persons, those with the most reasons first.

    ``region`` is where phone numbers without a country code are dialled. ``apart`` are pairs of whom somebody has
    said that they are two: nothing ties them to each other, though a third person may.
    """
    people = {person.id: person for person in sorted(persons, key=lambda p: p.id) if not person.deleted}
    trees = _Trees()
    parted = _Parted(apart)
    matches = [found for match in _matches(people, region) for found in parted.tie(match, trees)]
    together = defaultdict(list)
    for match in matches:
        together[trees.root(match.person_ids[0])].append(match)
    found = [_group(people, each) for each in together.values()]
    return sorted(found, key=lambda group: (-len(group.reasons), group.members[0].id))


def _group(people: Mapping[int, Person], matches: Sequence[Match]) -> Group:
    ids = sorted({person_id for match in matches for person_id in match.person_ids})
    return Group(tuple(people[person_id] for person_id in ids), tuple(matches))


def _matches(people: Mapping[int, Person], region: str | None) -> Iterator[Match]:
    names = {person.id: name_key(person.name, person.parts.prefixes) for person in people.values()}
    for value, ids in _by_email(people).items():
        if _tells_apart(ids, names):
            yield Match(Reason.EMAIL, value, tuple(ids))
    for value, ids in _by_phone(people, region).items():
        if _tells_apart(ids, names):
            yield Match(Reason.PHONE, value, tuple(ids))
    yield from _same_names(people, names)
    yield from _similar_names(people, names)


def _tells_apart(ids: Collection[int], names: Mapping[int, str]) -> bool:
    """Whether several persons have something, but not so many people that it is nobody's own."""
    return len(ids) > 1 and len({names[person_id] for person_id in ids}) <= MOST_SHARING


def _by_email(people: Mapping[int, Person]) -> dict[str, dict[int, None]]:
    found: dict[str, dict[int, None]] = defaultdict(dict)
    for person in people.values():
        for email in person.emails:
            if key := email_key(email.value):
                found[key][person.id] = None
    return found


def _by_phone(people: Mapping[int, Person], region: str | None) -> dict[str, dict[int, None]]:
    """Persons by number. Only numbers that end alike are looked at closely."""
    alike: dict[str, dict[str, dict[int, None]]] = defaultdict(lambda: defaultdict(dict))
    for person in people.values():
        for phone in person.phones:
            alike[phone_tail(phone.value)][phone.value][person.id] = None
    found: dict[str, dict[int, None]] = defaultdict(dict)
    for written in alike.values():
        if len({person_id for ids in written.values() for person_id in ids}) > 1:
            for value, ids in written.items():
                if key := phone_key(value, region):
                    found[key].update(ids)
    return {key: dict.fromkeys(sorted(ids)) for key, ids in found.items()}


def _same_names(people: Mapping[int, Person], names: Mapping[int, str]) -> Iterator[Match]:
    bearers: dict[str, list[int]] = defaultdict(list)
    for person_id, name in names.items():
        bearers[name].append(person_id)
    for name, ids in bearers.items():
        telling = " " in name and len(ids) <= MOST_SHARING
        for same in [ids] if telling else _colleagues(people, ids):
            if name and len(same) > 1:
                yield Match(Reason.NAME, name, tuple(same))


def _colleagues(people: Mapping[int, Person], ids: Iterable[int]) -> list[list[int]]:
    """These persons by organization, without those who have none."""
    found: dict[int, list[int]] = defaultdict(list)
    for person_id in ids:
        if (organization := people[person_id].organization_id) is not None:
            found[organization].append(person_id)
    return list(found.values())


def _similar_names(people: Mapping[int, Person], names: Mapping[int, str]) -> Iterator[Match]:
    blocks: dict[tuple[int, str], dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for ids in _colleagues(people, names):
        for person_id in ids:
            words = names[person_id].split()
            for word in set(words) if len(words) > 1 else ():
                blocks[people[person_id].organization_id or 0, word][names[person_id]].append(person_id)
    seen = set()
    for block in blocks.values():
        for one, other in _neighbours(sorted(block)):
            if fuzz.ratio(one, other, score_cutoff=SIMILARITY):
                alike = tuple(sorted((*block[one], *block[other])))
                if alike not in seen:
                    yield Match(Reason.SIMILAR_NAME, "", alike)
                seen.add(alike)


def _neighbours(names: Sequence[str]) -> Iterator[tuple[str, str]]:
    for index, name in enumerate(names):
        for other in names[index + 1 : index + 1 + _NEIGHBOURS]:
            yield name, other


class _Trees:
    """Disjoint sets of ids (union-find with path halving)."""

    def __init__(self) -> None:
        self._parent: dict[int, int] = {}

    def root(self, member: int) -> int:
        parent = self._parent
        while (above := parent.setdefault(member, member)) != member:
            parent[member] = parent[above]
            member = parent[member]
        return member

    def join(self, one: int, other: int) -> None:
        self._parent[self.root(other)] = self.root(one)


class _Parted:
    """Pairs that nothing ties to each other."""

    def __init__(self, pairs: Collection[Pair]) -> None:
        self._pairs = frozenset(pairs)
        self._concerned = {person_id for pair in self._pairs for person_id in pair}

    def tie(self, match: Match, trees: _Trees) -> list[Match]:
        """Join what a match ties together; what is left of the match, in as many parts as it falls into."""
        own = _Trees()
        for one, other in self._ties(match.person_ids):
            own.join(one, other)
            trees.join(one, other)
        parts: dict[int, list[int]] = defaultdict(list)
        for person_id in match.person_ids:
            parts[own.root(person_id)].append(person_id)
        return [Match(match.reason, match.value, tuple(ids)) for ids in parts.values() if len(ids) > 1]

    def _ties(self, ids: Sequence[int]) -> Iterator[Pair]:
        if len(self._concerned.intersection(ids)) < 2:
            return pairwise(ids)
        return (pair for pair in combinations(ids, 2) if pair not in self._pairs)
