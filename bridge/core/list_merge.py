"""Three-way merge of lists by their elements (R23): e-mail addresses, attendees, exceptions of a series."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

from bridge.core import canonical_contact, canonical_event
from bridge.core.contact import Labelled
from bridge.core.courses import Said, Way, Winner, course, presence
from bridge.core.digest import encoded
from bridge.core.event import Attendee
from bridge.core.merge import FieldConflict

E = TypeVar("E")
F = TypeVar("F")

NORMAL_FORMS: Mapping[str, Callable[[Any], Any]] = {
    "emails": canonical_contact.email,
    "phones": canonical_contact.phone,
    "messaging": canonical_contact.account,
    "addresses": canonical_contact.address,
    "members": canonical_contact.label,
    "categories": canonical_event.category,
    "attendees": canonical_event.attendee,
}
"""The fields that are merged by element, and the form in which their elements are compared."""


@dataclass(frozen=True, slots=True)
class Four(Generic[E]):
    """The same of both sides, then and now."""

    then_ours: E
    then_theirs: E
    ours: E
    theirs: E

    def map(self, read: Callable[[E], F]) -> "Four[F]":
        """Something about each of the four."""
        return Four(read(self.then_ours), read(self.then_theirs), read(self.ours), read(self.theirs))

    def said(self, form: Callable[[E], str]) -> Said:
        """The four in a form that can be compared."""
        return Said(form(self.then_ours), form(self.then_theirs), form(self.ours), form(self.theirs))


@dataclass(frozen=True, slots=True)
class Both(Generic[E]):
    """What both sides should hold."""

    ours: E
    theirs: E
    conflicts: tuple[FieldConflict, ...] = ()


Pairwise = Callable[[Four[Any]], Both[Any]]


def merge_keyed(four: Four[Mapping[str, E]], form: Callable[[E], str], pairwise: Pairwise) -> Both[dict[str, E]]:
    """Merge elements by their keys. ``pairwise`` merges an element that both sides hold; its bases may be ``None``.

    What one side removed goes on the other too, unless it was edited there. What only one side ever held stays where
    it is: a remote may have no room for it.
    """
    ours, theirs = dict(four.ours), dict(four.theirs)
    conflicts: list[FieldConflict] = []
    for key in dict.fromkeys((*four.ours, *four.theirs)):
        one = four.map(lambda side, key=key: side.get(key))  # type: ignore[misc]
        if one.ours is not None and one.theirs is not None:
            both = pairwise(one)
            ours[key], theirs[key] = both.ours, both.theirs
            conflicts += both.conflicts
            continue
        way = presence(one.said(lambda element: "" if element is None else form(element)))
        if way is not Way.STAY:
            source, target = (four.theirs, ours) if way is Way.HERE else (four.ours, theirs)
            if key in source:
                target[key] = source[key]
            else:
                target.pop(key, None)
    return Both(ours, theirs, tuple(conflicts))


def merge_lists(name: str, four: Four[tuple[Any, ...]], winner: Winner) -> Both[tuple[Any, ...]]:
    """Merge a field of ``NORMAL_FORMS``. Which value is the primary one is decided once for the whole list."""
    normal = NORMAL_FORMS[name]
    keyed: Four[Mapping[str, Any]] = four.map(lambda values: _keyed(values, normal))

    def form(element: Any) -> str:
        return encoded(_unmarked(normal(element)))

    def pairwise(one: Four[Any]) -> Both[Any]:
        chosen = course(one.said(lambda element: "" if element is None else form(element)), winner)
        if chosen.way is Way.STAY:
            lost = (FieldConflict(name, one.ours, one.theirs),) if chosen.conflict else ()
            return Both(one.ours, one.theirs, lost)
        kept, lost_one = (one.theirs, one.ours) if chosen.way is Way.HERE else (one.ours, one.theirs)
        return Both(kept, kept, (FieldConflict(name, kept, lost_one),) if chosen.conflict else ())

    merged = merge_keyed(keyed, form, pairwise)
    marks = keyed.map(lambda values: _primary(values, normal))
    way = course(marks.said(str), winner).way
    ours = marks.theirs if way is Way.HERE else marks.ours
    theirs = marks.ours if way is Way.THERE else marks.theirs
    return Both(_marked(merged.ours, ours), _marked(merged.theirs, theirs), merged.conflicts)


def _keyed(values: Iterable[Any], normal: Callable[[Any], Any]) -> dict[str, Any]:
    """The elements by what they are about, and by their count where several are, such as two labels of a number."""
    distinct: dict[str, Any] = {}
    for value in sorted(values, key=lambda value: not getattr(value, "primary", False)):
        if (form := normal(value)) is not None:
            distinct.setdefault(encoded(_unmarked(form)), value)
    counted: dict[str, int] = {}
    keys: dict[int, str] = {}
    for _, value in sorted(distinct.items()):
        subject = _subject(normal(value))
        counted[subject] = counted.get(subject, 0) + 1
        keys[id(value)] = f"{counted[subject]} {subject}"
    return {keys[id(value)]: value for value in values if id(value) in keys}


def _subject(form: Any) -> str:
    if isinstance(form, Labelled):
        return form.value
    return form.email if isinstance(form, Attendee) else encoded(form)


def _unmarked(form: Any) -> Any:
    return replace(form, primary=False) if isinstance(form, Labelled) and form.primary else form


def _primary(keyed: Mapping[str, Any], normal: Callable[[Any], Any]) -> str:
    """The key of the value that is marked as the primary one, where that tells something."""
    marked = [key for key, value in keyed.items() if isinstance(value, Labelled) and normal(value).primary]
    return marked[0] if len(marked) == 1 and len(keyed) > 1 else ""


def _marked(keyed: Mapping[str, Any], primary: str) -> tuple[Any, ...]:
    return tuple(
        replace(value, primary=key == primary) if isinstance(value, Labelled) else value for key, value in keyed.items()
    )
