"""One person of the People API as our ``Contact``. Pure.

Only what the user has put into the contact is read, not what Google knows of the person from elsewhere.
"""

from collections.abc import Mapping
from dataclasses import fields
from datetime import date, datetime
from typing import Any

from bridge.core.canonical_contact import repeats
from bridge.core.contact import Address, Birthday, Contact, ContactKind, Labelled, Name
from bridge.errors import Invalid
from bridge.ports import RemoteId

Raw = Mapping[str, Any]

EXPRESSES = frozenset(each.name for each in fields(Contact)) - {"members"}

KEY, UID = "davbridge-key", "davbridge-uid"

NAME_PARTS = {
    "family": "familyName",
    "given": "givenName",
    "additional": "middleName",
    "prefixes": "honorificPrefix",
    "suffixes": "honorificSuffix",
}
ADDRESS_PARTS = {
    "street": "streetAddress",
    "locality": "city",
    "region": "region",
    "postal_code": "postalCode",
    "country": "country",
    "po_box": "poBox",
    "extended": "extendedAddress",
}
PROTOCOLS = {"jabber": "xmpp", "skype": "skype", "aim": "aim", "yahoo": "ymsgr", "icq": "icq", "msn": "msnim"}
_LEAP_YEAR = 2000
_PHONES = {
    "homeFax": "fax",
    "workFax": "fax",
    "otherFax": "fax",
    "workMobile": "mobile",
    "workPager": "pager",
}


def read_person(raw: Raw, labels: Mapping[str, str]) -> Contact:
    """Read a person, without the picture. ``labels`` are the names of groups that count as categories, by their ids.

    Raises ``Invalid``.
    """
    id_ = text(raw, "resourceName").removeprefix("people/")
    if not id_:
        raise Invalid("The contact has no name of its own at Google.")
    name = read_name(raw)
    organization = first(raw, "organizations")
    nobody = name == Name() and not text(first(raw, "names"), "unstructuredName")
    return Contact(
        uid=id_,
        kind=ContactKind.ORGANIZATION if nobody and text(organization, "name") else ContactKind.PERSON,
        formatted_name=_formatted_name(raw, name),
        name=name,
        organization=text(organization, "name"),
        department=text(organization, "department"),
        title=text(organization, "title"),
        emails=tuple(_labelled(row, text(row, "type")) for row in rows(raw, "emailAddresses")),
        phones=tuple(_labelled(row, phone_label(text(row, "type"))) for row in rows(raw, "phoneNumbers")),
        addresses=tuple(read_address(row) for row in rows(raw, "addresses")),
        messaging=tuple(read_account(row) for row in rows(raw, "imClients")),
        birthday=read_birthday(first(raw, "birthdays")),
        note=text(first(raw, "biographies"), "value"),
        url=text(first(raw, "urls"), "value"),
        categories=tuple(labels[group] for group in groups_of(raw) if group in labels),
        modified=_modified(raw),
    )


def read_name(raw: Raw) -> Name:
    """The parts of the name."""
    found = first(raw, "names")
    return Name(**{part: text(found, theirs) for part, theirs in NAME_PARTS.items()})


def read_address(row: Raw) -> Address:
    """A postal address; one that Google could not take apart is all street."""
    parts = {part: text(row, theirs) for part, theirs in ADDRESS_PARTS.items()}
    if not any(parts.values()):
        parts["street"] = text(row, "formattedValue")
    return Address(**parts, label=text(row, "type"))


def read_account(row: Raw) -> Labelled:
    """A messaging account as an address with the scheme of its service."""
    protocol, name = text(row, "protocol"), text(row, "username")
    scheme = PROTOCOLS.get(protocol, protocol)
    return Labelled(f"{scheme}:{name}" if scheme else name, text(row, "type"), is_primary(row))


def read_birthday(row: Raw) -> Birthday | None:
    """A birthday, with or without the year; nothing where it is only described. Raises ``Invalid``."""
    found = row.get("date")
    if not isinstance(found, Mapping):
        return None
    year, month, day = (found.get(part) for part in ("year", "month", "day"))
    if not isinstance(month, int) or not isinstance(day, int) or not month or not day:
        return None
    known = year if isinstance(year, int) and year > 0 else None
    try:
        date(known or _LEAP_YEAR, month, day)
    except ValueError as error:
        raise Invalid("The contact has a birthday on a day that does not exist.") from error
    return Birthday(month, day, known)


def phone_label(kind: str) -> str:
    """Our label for one of Google's kinds of phones."""
    return _PHONES.get(kind, kind)


def groups_of(raw: Raw) -> tuple[str, ...]:
    """The resource names of the groups that somebody is in."""
    found = (row.get("contactGroupMembership") for row in _every(raw, "memberships"))
    return tuple(text(each, "contactGroupResourceName") for each in found if isinstance(each, Mapping))


def tells_groups(raw: Raw) -> bool:
    """Whether every membership can be read, as far as there are any: some are in the domain of the account."""
    found = raw.get("memberships", [])
    strangers = [row for row in _every(raw, "memberships") if "domainMembership" in row]
    return isinstance(found, list) and len(found) == len(strangers) + len([name for name in groups_of(raw) if name])


def client_value(raw: Raw, key: str) -> str:
    """What we noted at a contact."""
    return next((text(row, "value") for row in _every(raw, "clientData") if text(row, "key") == key), "")


def picture_url(raw: Raw) -> str:
    """Where the contact's own picture is; nothing for a letter on a coloured disc."""
    own = (row for row in rows(raw, "photos") if not row.get("default"))
    return next((text(row, "url") for row in own), "")


def etag_of(raw: Raw) -> str:
    """The version of a person."""
    return text(raw, "etag")


def id_of(raw: Raw) -> RemoteId:
    """The resource name of a person."""
    return RemoteId(text(raw, "resourceName"))


def is_deleted(raw: Raw) -> bool:
    """Whether a listing of changes tells of a deletion."""
    found = raw.get("metadata")
    return isinstance(found, Mapping) and found.get("deleted") is True


def former_ids(raw: Raw) -> tuple[RemoteId, ...]:
    """Names that a person had before; Google gives new ones when it ties contacts to profiles."""
    found = raw.get("metadata")
    names = found.get("previousResourceNames") if isinstance(found, Mapping) else None
    return tuple(RemoteId(name) for name in names if isinstance(name, str)) if isinstance(names, list) else ()


def is_primary(row: Raw) -> bool:
    """Whether the user chose a value before others. Google itself calls the first of any the primary one."""
    found = row.get("metadata")
    return isinstance(found, Mapping) and found.get("sourcePrimary") is True


def text(raw: Raw, name: str) -> str:
    """A text, or nothing."""
    value = raw.get(name)
    return value if isinstance(value, str) else ""


def rows(raw: Raw, name: str) -> list[Raw]:
    """The values of a field that come from the contact itself."""
    return [row for row in _every(raw, name) if _is_own(row)]


def first(raw: Raw, name: str) -> Raw:
    """The first value of a field, or an empty one."""
    return next(iter(rows(raw, name)), {})


def _every(raw: Raw, name: str) -> list[Raw]:
    found = raw.get(name)
    return [row for row in found if isinstance(row, Mapping)] if isinstance(found, list) else []


def _is_own(row: Raw) -> bool:
    metadata = row.get("metadata")
    source = metadata.get("source") if isinstance(metadata, Mapping) else None
    return not isinstance(source, Mapping) or source.get("type", "CONTACT") == "CONTACT"


def _labelled(row: Raw, label: str) -> Labelled:
    return Labelled(text(row, "value"), label, is_primary(row))


def _formatted_name(raw: Raw, name: Name) -> str:
    """The display name: the user's own, or else Google's, or the organization's."""
    filed = text(first(raw, "fileAses"), "value")
    if filed and not repeats(filed, name):
        return filed
    shown = first(raw, "names")
    organization = text(first(raw, "organizations"), "name")
    return text(shown, "displayName") or text(shown, "unstructuredName") or organization


def _modified(raw: Raw) -> datetime | None:
    metadata = raw.get("metadata")
    sources = metadata.get("sources") if isinstance(metadata, Mapping) else None
    for source in sources if isinstance(sources, list) else []:
        try:
            return datetime.fromisoformat(str(source["updateTime"]))
        except (KeyError, TypeError, ValueError):
            continue
    return None
