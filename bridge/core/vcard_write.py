"""Contact -> vCard: the lines that we make ourselves (RFC 2426), as every client understands them.

TYPE values are repeated and never quoted, a label of the user's own stands in ``itemN.X-ABLabel``.
"""

import base64
from collections.abc import Sequence
from datetime import UTC, datetime

from bridge.core import vcard_line as line_of
from bridge.core.contact import Address, Birthday, Contact, ContactKind, Labelled, Name, Photo
from bridge.core.contentline import Component, ContentLine, Params, escape_text, make_line, serialize
from bridge.core.vcard_read import (
    CRM_LABEL,
    CRM_ORGANIZATION,
    CRM_PERSON,
    KIND,
    MEMBER,
    contact,
    kind_of,
    parts,
)

_TYPE_OF_LABEL = {"mobile": "CELL", "fax": "FAX", "pager": "PAGER", "home": "HOME", "work": "WORK", "other": "OTHER"}
_NO_YEAR = 1604
_NAMELESS = "?"


def render(source: Contact, *, stamp: datetime) -> str:
    """Return the text of a fresh vCard 3.0; ``stamp`` (aware) becomes REV.

    FN is never empty: it is made from the name, the organization or an address where there is none. A person
    without parts gets them from FN, an organization its ORG, because Apple shows these and not FN.
    """
    groups = _Groups()
    lines = [make_line("VERSION", "3.0"), make_line("PRODID", "-//davbridge//EN")]
    lines += [uid_line(source.uid)] if source.uid else []
    lines += [make_line("FN", escape_text(shown_name(source))), name_line(source), *_kind_lines(source)]
    lines += _texts(source)
    lines += [line for entry in source.emails for line in groups.labelled(email_line(entry), entry.label)]
    lines += [line for entry in source.phones for line in groups.labelled(phone_line(entry), entry.label)]
    lines += [line for entry in source.addresses for line in groups.labelled(address_line(entry), entry.label)]
    lines += [line for entry in source.messaging for line in groups.labelled(account_line(entry), entry.label)]
    lines += groups.labelled(url_line(source.url), CRM_LABEL) if source.url else []
    lines += [photo_line(source.photo)] if source.photo else []
    lines += [member_line(member) for member in source.members]
    return serialize(Component("VCARD", (*lines, rev_line(stamp))))


class _Groups:
    """Deals out ``item1``, ``item2`` …, one for each line with a label of its own."""

    def __init__(self) -> None:
        self._count = 0

    def labelled(self, line: ContentLine, label: str) -> list[ContentLine]:
        if not is_custom(label):
            return [line]
        self._count += 1
        return with_label(line, label, f"item{self._count}")


def _kind_lines(source: Contact) -> list[ContentLine]:
    if source.kind is ContactKind.GROUP:
        return [make_line(KIND, "group")]
    return [company_line()] if source.kind is ContactKind.ORGANIZATION else []


def _texts(source: Contact) -> list[ContentLine]:
    company = shown_name(source) if source.kind is ContactKind.ORGANIZATION else ""
    made = (
        organization_line(source.organization or company, source.department),
        make_line("TITLE", escape_text(source.title)) if source.title else None,
        birthday_line(source.birthday) if source.birthday else None,
        make_line("NOTE", escape_text(source.note)) if source.note else None,
        categories_line(source.categories),
        make_line(CRM_PERSON, str(source.person_id)) if source.person_id is not None else None,
        make_line(CRM_ORGANIZATION, str(source.organization_id)) if source.organization_id is not None else None,
    )
    return [line for line in made if line]


def shown_name(source: Contact) -> str:
    """Return what FN says, from the best that the contact has; never empty."""
    return next((text for text in (source.formatted_name, made_name(source), source.uid) if text.strip()), _NAMELESS)


def made_name(source: Contact, *, nickname: str = "") -> str:
    """Return a name from N, ORG, the nickname, an e-mail address or a phone number, or ``""``."""
    name = source.name
    in_order = (name.prefixes, name.given, name.additional, name.family, name.suffixes)
    values = (entry.value for entry in (*source.emails, *source.phones))
    found = (" ".join(part for part in in_order if part), source.organization, nickname, *values)
    return next((text for text in found if text.strip()), "")


def name_line(source: Contact) -> ContentLine:
    """Return N of a contact."""
    name = source.name
    if source.kind is ContactKind.GROUP:
        name = Name(family=shown_name(source))  # an empty one is shown as ";;;;" by Apple
    elif source.kind is ContactKind.PERSON and name == Name():
        name = Name(given=shown_name(source))
    return make_line("N", ";".join(escape_text(part) for part in name_parts(name)))


def name_line_for(card: Component) -> ContentLine:
    """Return the N that a card without one should have."""
    return name_line(Contact(uid="", kind=kind_of(card), formatted_name=contact(card).formatted_name))


def name_parts(name: Name) -> tuple[str, ...]:
    """Return the parts in the order of N."""
    return name.family, name.given, name.additional, name.prefixes, name.suffixes


def address_parts(address: Address) -> tuple[str, ...]:
    """Return the parts in the order of ADR."""
    return (
        address.po_box,
        address.extended,
        address.street,
        address.locality,
        address.region,
        address.postal_code,
        address.country,
    )


def uid_line(uid: str) -> ContentLine:
    """Return UID as it is, without ``urn:uuid:``."""
    return make_line("UID", escape_text(uid))


def rev_line(stamp: datetime) -> ContentLine:
    """Return REV, in UTC and whole seconds."""
    return make_line("REV", stamp.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))


def company_line() -> ContentLine:
    """Return Apple's mark of an organization."""
    return make_line("X-ABShowAs", "COMPANY")


def organization_line(organization: str, department: str) -> ContentLine | None:
    """Return ORG with up to two units, or ``None`` when there is nothing to say."""
    if not organization and not department:
        return None
    units = (organization, department) if department else (organization,)
    return make_line("ORG", ";".join(escape_text(unit) for unit in units))


def birthday_line(birthday: Birthday) -> ContentLine:
    """Return BDAY as a date; Apple's way to say that the year is unknown."""
    year = _NO_YEAR if birthday.year is None else birthday.year
    params: Params = (("X-APPLE-OMIT-YEAR", (str(_NO_YEAR),)),) if birthday.year is None else ()
    return make_line("BDAY", f"{year:04}-{birthday.month:02}-{birthday.day:02}", params)


def categories_line(categories: tuple[str, ...]) -> ContentLine | None:
    """Return CATEGORIES, or ``None`` for no labels."""
    return make_line("CATEGORIES", ",".join(escape_text(name) for name in categories)) if categories else None


def email_line(email: Labelled) -> ContentLine:
    """Return EMAIL, without a group."""
    return make_line("EMAIL", escape_text(email.value), typed(("INTERNET",), email.label, primary=email.primary))


def phone_line(phone: Labelled) -> ContentLine:
    """Return TEL, without a group; a mobile number is CELL alone, as Apple wants it."""
    return make_line("TEL", escape_text(phone.value), typed((), phone.label, primary=phone.primary))


def address_line(address: Address) -> ContentLine:
    """Return ADR, without a group."""
    value = ";".join(escape_text(part) for part in address_parts(address))
    return make_line("ADR", value, typed((), address.label, primary=False))


def account_line(account: Labelled) -> ContentLine:
    """Return IMPP (RFC 4770), without a group."""
    return make_line("IMPP", escape_uri(account.value), typed((), account.label, primary=account.primary))


def url_line(url: str) -> ContentLine:
    """Return URL, without a group."""
    return make_line("URL", escape_uri(url))


def photo_line(photo: Photo) -> ContentLine:
    """Return PHOTO with the picture inside."""
    kind = photo.media_type.removeprefix("image/")
    params: Params = (("ENCODING", ("b",)), ("TYPE", (kind.upper(),)))
    return make_line("PHOTO", base64.b64encode(photo.data).decode(), params)


def member_line(uid: str) -> ContentLine:
    """Return one member of a group."""
    return make_line(MEMBER, f"urn:uuid:{escape_text(uid)}")


def label_line(label: str, group: str) -> ContentLine:
    """Return the X-ABLabel of a group."""
    return make_line("X-ABLabel", escape_text(label), group=group)


def with_label(line: ContentLine, label: str, group: str) -> list[ContentLine]:
    """Return the line in a group of its own with its X-ABLabel."""
    return [make_line(line.name, line.value, line.params, group), label_line(label, group)]


def is_custom(label: str) -> bool:
    """Whether the label is the user's own and needs an X-ABLabel."""
    return bool(label) and label not in _TYPE_OF_LABEL


def typed(first: tuple[str, ...], label: str, *, primary: bool) -> Params:
    """Return repeated TYPE parameters: the given ones, the label's and ``pref``."""
    names = [*first, *([_TYPE_OF_LABEL[label]] if label in _TYPE_OF_LABEL else []), *(["pref"] if primary else [])]
    return tuple(("TYPE", (name,)) for name in names)


def retyped(line: ContentLine, label: str, *, primary: bool, keep_label: bool) -> Params:
    """Return the parameters of a line with another label or preference, all others as they were."""
    kept = [name for name in line_of.types(line) if name.upper() != line_of.PREF]
    if not keep_label:
        kept = [name for name in kept if name.upper() in line_of.TECHNICAL_TYPES]
    others = tuple(param for param in line.params if param[0] not in {"TYPE", "", line_of.PREF})
    return (*typed(tuple(kept), "" if keep_label else label, primary=primary), *others)


def changed_parts(line: ContentLine, old: Sequence[str], new: Sequence[str]) -> list[str]:
    """Return the parts of a structured value, only those written anew that read differently."""
    raw = parts(line, len(new))
    made = [raw[i] if old[i] == new[i] else escape_text(new[i]) for i in range(len(new))]
    return [*made, *raw[len(new) :]]


def escape_uri(uri: str) -> str:
    """Return a URI as a value: it is no text, so only what would break the line is escaped."""
    return uri.replace("\\", "\\\\").replace("\r\n", "\n").replace("\r", "\n").replace("\n", "\\n")
