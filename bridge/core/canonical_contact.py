"""Contacts in the one form in which they are compared (R24).

What does not count: UID, REV, the ids of CRM records, the order of values, how a phone number is spaced, the case of an
e-mail address, and a display name that only repeats the parts of the name. Which of several values is the primary one
counts when exactly one is marked; of a single value, or with several marks, nobody can tell.
"""

import re
from dataclasses import fields, replace

from bridge.core.canonical_text import description, paragraphs, plain, unordered, words
from bridge.core.contact import Address, Contact, Labelled, Name, Photo

_SPACING = re.compile(r"[\s\-().\u2010-\u2015]+")
_MEDIA_TYPES = {"image/jpg": "image/jpeg", "image/pjpeg": "image/jpeg", "image/x-png": "image/png"}
_PARTS = tuple(field.name for field in fields(Address) if field.name != "label")


def canonical_contact(contact: Contact) -> Contact:
    """Return the contact as it is compared; nothing changes a second time."""
    name = _name(contact.name)
    return Contact(
        uid="",
        kind=contact.kind,
        formatted_name="" if repeats(contact.formatted_name, name) else _one_line(contact.formatted_name),
        name=name,
        organization=plain(contact.organization),
        department=plain(contact.department),
        title=plain(contact.title),
        emails=_only_mark(unordered(email, contact.emails)) if contact.emails else (),
        phones=_only_mark(unordered(phone, contact.phones)) if contact.phones else (),
        addresses=unordered(address, contact.addresses) if contact.addresses else (),
        messaging=_only_mark(unordered(account, contact.messaging)) if contact.messaging else (),
        birthday=contact.birthday,
        note=description(contact.note),
        url=plain(contact.url),
        categories=unordered(label, contact.categories) if contact.categories else (),
        photo=_photo(contact.photo) if contact.photo else None,
        members=unordered(label, contact.members) if contact.members else (),
    )


def repeats(formatted_name: str, name: Name) -> bool:
    """Whether a display name says nothing beyond the parts, in whatever order and with or without the titles."""
    said = sorted(words(formatted_name).replace(",", " ").split())
    given = _split(name.given, name.family)
    middle = _split(name.additional)
    if not said or not (given or middle):
        return not said
    if said == sorted(given):
        return True
    titles = _split(name.prefixes, name.suffixes)
    return said in (sorted(given + middle), sorted(given + middle + titles), sorted(given + titles))


def display_name(name: Name) -> str:
    """The parts of a name as they are read: title, given, additional and family name, suffix."""
    return _one_line(f"{name.prefixes} {name.given} {name.additional} {name.family} {name.suffixes}")


def email(one: Labelled) -> Labelled | None:
    """The normal form of an e-mail address, ``None`` when there is nothing."""
    value = plain(one.value).lower().removeprefix("mailto:")
    return Labelled(value, plain(one.label), one.primary) if value else None


def phone(one: Labelled) -> Labelled | None:
    """The normal form of a phone number: without blanks, dashes, dots and parentheses."""
    value = plain(one.value).lower().removeprefix("tel:")
    value = _SPACING.sub("", value) or value
    return Labelled(value, plain(one.label), one.primary) if value else None


def account(one: Labelled) -> Labelled | None:
    """The normal form of a messaging account."""
    value = plain(one.value)
    return Labelled(value, plain(one.label), one.primary) if value else None


def address(one: Address) -> Address | None:
    """The normal form of a postal address, ``None`` when only its label says something."""
    form = Address(
        paragraphs(one.street),
        plain(one.locality),
        plain(one.region),
        plain(one.postal_code),
        plain(one.country),
        plain(one.po_box),
        plain(one.extended),
        plain(one.label),
    )
    return form if any(getattr(form, part) for part in _PARTS) else None


def label(text: str) -> str | None:
    """The normal form of a category or a member."""
    return plain(text) or None


def _name(name: Name) -> Name:
    return Name(
        _one_line(name.family),
        _one_line(name.given),
        _one_line(name.additional),
        _one_line(name.prefixes),
        _one_line(name.suffixes),
    )


def _one_line(text: str) -> str:
    return " ".join(plain(text).split()) if text else text


def _split(*parts: str) -> list[str]:
    return words(" ".join(parts)).replace(",", " ").split()


def _only_mark(values: tuple[Labelled, ...]) -> tuple[Labelled, ...]:
    """Keep the mark of the primary value where it tells something."""
    marked = {value for value in values if value.primary}
    if not marked:
        return values
    plainly = {replace(value, primary=False) for value in values}
    if len(marked) == 1 and len(plainly) > 1:
        (first,) = marked
        return unordered(lambda value: value, plainly - {replace(first, primary=False)} | marked)
    return unordered(lambda value: value, plainly)


def _photo(photo: Photo) -> Photo:
    media_type = photo.media_type.strip().lower()
    return Photo(photo.data, _MEDIA_TYPES.get(media_type, media_type))
