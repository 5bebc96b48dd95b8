"""Recognise new objects of both sides that are the same, before anything is created (R3, R17)."""

from collections import defaultdict
from collections.abc import Callable, Container, Iterable, Sequence
from dataclasses import dataclass, field

from bridge.core.canonical_event import instant
from bridge.core.canonical_text import words
from bridge.core.contact import Contact
from bridge.core.duplicate_keys import email_key, name_key, phone_tail
from bridge.core.event import Event


@dataclass(frozen=True, slots=True)
class Candidate:
    """What an object is recognised by.

    ``stamp`` is the UID of the object on our side that it was once created from, where a remote keeps such a mark.
    ``content`` are keys of which one is enough, the strongest first.
    """

    id: str
    uid: str = ""
    stamp: str = ""
    content: tuple[str, ...] = ()


def pair(ours: Sequence[Candidate], theirs: Sequence[Candidate]) -> dict[str, str]:
    """Return the id of ours by the id of theirs: equal UIDs first, then our stamp, then content.

    Each object is used once. Objects that share content with several are told apart by another key, or paired in
    their order where there are as many on either side; otherwise nobody knows which is which, and they stay alone.
    """
    pairing = _Pairing(ours, theirs)
    pairing.by_uid(lambda other: other.uid)
    pairing.by_uid(lambda other: other.stamp)
    pairing.by_content(most=1)
    pairing.by_content(most=len(ours))
    return pairing.found


def event_keys(event: Event) -> tuple[str, ...]:
    """The start and the subject. A series is only like a series; what has no date is like nothing."""
    moment = instant(event.start if event.start is not None else event.end)
    if moment is None:
        return ()
    kind = "series" if event.is_series else "event"
    return (f"{kind} {moment.isoformat()} {words(event.summary)}",)


def contact_keys(contact: Contact) -> tuple[str, ...]:
    """An e-mail address, best with the name; else a phone number with the name; else a name that is all there is."""
    name = name_key(contact.formatted_name or f"{contact.name.given} {contact.name.family}")
    emails = dict.fromkeys(key for email in contact.emails if (key := email_key(email.value)))
    tails = dict.fromkeys(tail for phone in contact.phones if (tail := phone_tail(phone.value)))
    named = [f"email {email} {name}" for email in emails if name]
    numbered = [f"phone {tail} {name}" for tail in tails if name]
    bare = [f"name {name}"] if name and not emails and not tails else []
    return (*named, *(f"email {email}" for email in emails), *numbered, *bare)


@dataclass(slots=True)
class _Pairing:
    """The pairs found so far: the id of ours by the id of theirs, and the ids of ours."""

    ours: Sequence[Candidate]
    theirs: Sequence[Candidate]
    found: dict[str, str] = field(default_factory=dict)
    taken: set[str] = field(default_factory=set)

    def by_uid(self, their_key: Callable[[Candidate], str]) -> None:
        """Pair by the UID of ours. Of several of theirs, such as copies, one with the same content comes first."""
        known: dict[str, list[Candidate]] = defaultdict(list)
        for one in self._alone(self.ours, self.taken):
            known[one.uid].append(one)
        claims = [(one, other) for other in self.theirs if (key := their_key(other)) for one in known.get(key, ())]
        for one, other in sorted(claims, key=lambda claim: not set(claim[0].content) & set(claim[1].content)):
            self._tie(one, other)

    def by_content(self, *, most: int) -> None:
        """Pair those who alone share a key, and up to ``most`` where as many on either side share it."""
        shelf = _by_key(self._alone(self.ours, self.taken))
        for key, others in _by_key(self._alone(self.theirs, self.found)).items():
            here = self._alone(shelf.get(key, ()), self.taken)
            there = self._alone(others, self.found)
            if len(here) == len(there) <= most:
                for one, other in zip(here, there, strict=True):
                    self._tie(one, other)

    def _tie(self, one: Candidate, other: Candidate) -> None:
        if one.id not in self.taken and other.id not in self.found:
            self.found[other.id] = one.id
            self.taken.add(one.id)

    @staticmethod
    def _alone(candidates: Sequence[Candidate], taken: Container[str]) -> list[Candidate]:
        return [one for one in candidates if one.id not in taken]


def _by_key(candidates: Iterable[Candidate]) -> dict[str, list[Candidate]]:
    shelf: dict[str, list[Candidate]] = defaultdict(list)
    for one in candidates:
        for key in dict.fromkeys(one.content):
            shelf[key].append(one)
    return shelf
