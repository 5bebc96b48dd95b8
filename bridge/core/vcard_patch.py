"""Contact -> a card that is there already: only what differs is written, everything else keeps its bytes (D16)."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from bridge.core import vcard_line as line_of
from bridge.core import vcard_write as write
from bridge.core.contact import Contact, ContactKind
from bridge.core.contentline import Component, ContentLine, escape_text, make_line, serialize, unescape_text
from bridge.core.vcard_lists import patch_lists
from bridge.core.vcard_read import (
    CRM_LABEL,
    CRM_ORGANIZATION,
    CRM_PERSON,
    KIND,
    SHOW_AS,
    bare_uid,
    categories_of,
    contact,
    crm_links,
    name_of,
    numbered,
    parts,
    shows_company,
    units_of,
)
from bridge.core.vcard_splice import after_last, fresh_group, splice
from bridge.core.vcard_v3 import to_v3
from bridge.errors import MappingError


def patch(card: Component, wanted: Contact, *, stamp: datetime) -> Component:
    """Return the card as vCard 3.0 saying what ``wanted`` says; ``stamp`` (aware) becomes REV if anything changed.

    A property is replaced only if it reads differently, of several e-mail addresses and the like only the one that
    changed. ``wanted.modified`` and an empty ``wanted.uid`` are not looked at. Raises ``MappingError`` when a group
    should become a contact or the other way round.
    """
    card = to_v3(card)
    old = contact(card)
    if (old.kind is ContactKind.GROUP) is not (wanted.kind is ContactKind.GROUP):
        raise MappingError("KIND", "A group cannot become a contact, and a contact cannot become a group.")
    result = _patch_kind(card, old, wanted)
    for step in (_GROUP_NAME if old.kind is ContactKind.GROUP else _NAME, *_STEPS):
        result = _patch_property(result, step, old, wanted)
    result = _patch_url(result, old, wanted)
    result = patch_lists(result, wanted)
    if serialize(result) == serialize(card):
        return card
    return _put(result, _REV, write.rev_line(stamp))


@dataclass(frozen=True, slots=True)
class _Step:
    """How one property follows its fields.

    ``says`` tells a line with a value from one without, and ``joined`` means that all such lines are one value.
    ``make`` gets the line to be replaced, if any, and returns ``None`` to clear the property.
    """

    name: str
    fields: tuple[str, ...]
    says: Callable[[ContentLine], bool]
    make: Callable[[ContentLine | None, Contact], ContentLine | None]
    joined: bool = False


def _patch_property(card: Component, step: _Step, old: Contact, wanted: Contact) -> Component:
    if all(getattr(old, field) == getattr(wanted, field) for field in step.fields):
        return card
    lines = card.all(step.name)
    found = next((line for line in lines if step.says(line)), next(iter(lines), None))
    return _put(card, step, step.make(found, wanted))


def _put(card: Component, step: _Step, line: ContentLine | None) -> Component:
    """Put the line in the place of the first one that says anything, or else of any; ``None`` clears them all."""
    lines = numbered(card, step.name)
    there = [at for at, found in lines if step.says(found)]
    if line is None:
        return splice(card, dict.fromkeys(there, ()))
    there = there or [at for at, _ in lines]
    if not there:
        return splice(card, {}, extra=(line,))
    return splice(card, {there[0]: (line,)} | {at: () for at in there[1:] if step.joined})


def _patch_kind(card: Component, old: Contact, wanted: Contact) -> Component:
    if old.kind is wanted.kind:
        return card
    if wanted.kind is ContactKind.ORGANIZATION:
        return splice(card, {}, at=after_last(card, SHOW_AS), extra=(write.company_line(),))
    marks = [at for at, line in numbered(card, SHOW_AS) if shows_company(line)]
    kinds = [at for name in ("KIND", KIND) for at, _ in numbered(card, name)]
    return splice(card, dict.fromkeys((*marks, *kinds), ()))


def _patch_url(card: Component, old: Contact, wanted: Contact) -> Component:
    if old.url == wanted.url:
        return card
    there = [(at, line) for at, line in crm_links(card) if line_of.words(line)]
    if not wanted.url:
        return splice(card, {at: () for at, _ in there})
    if not there:
        lines = write.with_label(write.url_line(wanted.url), CRM_LABEL, fresh_group(card))
        return splice(card, {}, at=after_last(card, "URL"), extra=lines)
    at, line = there[0]
    return splice(card, {at: (_with_value(line, write.escape_uri(wanted.url)),)})


def _with_value(line: ContentLine, value: str) -> ContentLine:
    """The same line with another value; how the old one was encoded no longer matters."""
    return make_line(line.name, value, line_of.plain_params(line), line.group)


def _text(name: str, value: Callable[[Contact], str]) -> Callable[[ContentLine | None, Contact], ContentLine | None]:
    def make(found: ContentLine | None, wanted: Contact) -> ContentLine | None:
        if not value(wanted):
            return None
        return _with_value(found or make_line(name, ""), escape_text(value(wanted)))

    return make


def _number(value: int | None) -> str:
    return "" if value is None else str(value)


def _name(found: ContentLine | None, wanted: Contact) -> ContentLine:
    fresh = write.name_line(wanted)
    if found is None or wanted.kind is ContactKind.GROUP:
        return fresh
    old, new = write.name_parts(name_of(found)), write.name_parts(name_of(fresh))
    return _with_value(found, ";".join(write.changed_parts(found, old, new)))


def _organization(found: ContentLine | None, wanted: Contact) -> ContentLine | None:
    fresh = write.organization_line(wanted.organization, wanted.department)
    if found is None or fresh is None:
        return fresh
    old = [unescape_text(part) for part in parts(found, 2)[:2]]
    units = write.changed_parts(found, old, (wanted.organization, wanted.department))
    while not units[-1]:
        units.pop()
    return _with_value(found, ";".join(units))


def _birthday(found: ContentLine | None, wanted: Contact) -> ContentLine | None:
    if wanted.birthday is None:
        return None
    fresh = write.birthday_line(wanted.birthday)
    if found is None:
        return fresh
    kept = tuple(param for param in line_of.plain_params(found) if param[0] not in {"X-APPLE-OMIT-YEAR", "TYPE"})
    return replace(fresh, params=(*fresh.params, *kept), group=found.group)


def _categories(found: ContentLine | None, wanted: Contact) -> ContentLine | None:
    fresh = write.categories_line(wanted.categories)
    return _with_value(found, fresh.value) if found and fresh else fresh


def _photo(_: ContentLine | None, wanted: Contact) -> ContentLine | None:
    return write.photo_line(wanted.photo) if wanted.photo else None


def _uid(found: ContentLine | None, wanted: Contact) -> ContentLine | None:
    return write.uid_line(wanted.uid) if wanted.uid else found


def _always(_: ContentLine) -> bool:
    return True


_WORDS = line_of.filled(line_of.words)
_NUMBER = line_of.filled(line_of.number)

_NAME = _Step("N", ("name",), _always, _name)
_GROUP_NAME = _Step("N", ("formatted_name",), _always, _name)
_REV = _Step("REV", (), _always, lambda found, _: found)
_STEPS = (
    _Step("UID", ("uid",), line_of.filled(bare_uid), _uid),
    _Step("FN", ("formatted_name",), _WORDS, _text("FN", write.shown_name)),
    _Step("ORG", ("organization", "department"), line_of.filled(units_of), _organization),
    _Step("TITLE", ("title",), _WORDS, _text("TITLE", lambda wanted: wanted.title)),
    _Step("BDAY", ("birthday",), line_of.filled(line_of.birthday), _birthday),
    _Step("NOTE", ("note",), line_of.filled(line_of.text), _text("NOTE", lambda wanted: wanted.note), joined=True),
    _Step("CATEGORIES", ("categories",), lambda line: bool(categories_of(line)), _categories, joined=True),
    _Step("PHOTO", ("photo",), line_of.filled(line_of.photo), _photo),
    _Step(CRM_PERSON, ("person_id",), _NUMBER, _text(CRM_PERSON, lambda wanted: _number(wanted.person_id))),
    _Step(
        CRM_ORGANIZATION,
        ("organization_id",),
        _NUMBER,
        _text(CRM_ORGANIZATION, lambda wanted: _number(wanted.organization_id)),
    ),
)
