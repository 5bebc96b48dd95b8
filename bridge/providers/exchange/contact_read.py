"""One contact item as our ``Contact``, without its picture. Pure.

Exchange has three e-mail addresses without labels and one number of most kinds. What does not fit, and the labels as
they were meant, are remembered in a property of ours for as long as it fits what is there.
"""

from dataclasses import fields
from datetime import datetime, timedelta

from bridge.core import richtext
from bridge.core.contact import Address, Birthday, Contact, ContactKind, Labelled, Name
from bridge.errors import Invalid
from bridge.providers.exchange.contact_memory import (
    account_key,
    address_key,
    email_key,
    phone_key,
    read_memory,
    with_labels,
)
from bridge.providers.exchange.event_read import raw_id
from bridge.providers.exchange.fields import MORE, PREFIX, read_extended, read_own
from bridge.providers.exchange.xml import Element, child, local, rows, text
from bridge.providers.exchange.zones import read_instant

EXPRESSES = frozenset(each.name for each in fields(Contact)) - {"members"}

PROPERTIES = (
    *("item:Body", "item:Categories", "item:Attachments", "item:LastModifiedTime"),
    *("contacts:DisplayName", "contacts:GivenName", "contacts:MiddleName", "contacts:Surname", "contacts:Generation"),
    *("contacts:CompanyName", "contacts:Department", "contacts:JobTitle", "contacts:BusinessHomePage"),
    *("contacts:Birthday", "contacts:FileAs", "contacts:HasPicture"),
)
EMAILS = ("EmailAddress1", "EmailAddress2", "EmailAddress3")
ACCOUNTS = ("ImAddress1", "ImAddress2", "ImAddress3")
PLACES = {"Business": "work", "Home": "home", "Other": "other"}
PHONES = {
    "BusinessPhone": "work",
    "BusinessPhone2": "work",
    "HomePhone": "home",
    "HomePhone2": "home",
    "MobilePhone": "mobile",
    "BusinessFax": "fax",
    "HomeFax": "fax",
    "OtherFax": "fax",
    "Pager": "pager",
    "OtherTelephone": "other",
    "PrimaryPhone": "",
    "AssistantPhone": "assistant",
    "Callback": "callback",
    "CarPhone": "car",
    "CompanyMainPhone": "company",
    "Isdn": "ISDN",
    "RadioPhone": "radio",
    "Telex": "telex",
    "TtyTddPhone": "TTY/TDD",
}
PARTS = {
    "Street": "street",
    "City": "locality",
    "State": "region",
    "CountryOrRegion": "country",
    "PostalCode": "postal_code",
}
ORGANIZATION = "organization"
NO_YEAR = 1604
"""The year of a birthday whose year is not known: a leap year, as other programs use it."""


def read_contact(raw: Element) -> Contact:
    """Read an item. Raises ``Invalid``."""
    id_ = raw_id(raw)
    if not id_:
        raise Invalid("The contact has no id.")
    memory = read_memory(read_own(raw, MORE))
    said, hidden = memory.said, memory.hidden
    name = read_name(raw)
    company = text(raw, "CompanyName")
    shown = text(raw, "DisplayName") or text(raw, "FileAs")
    nobody = name == Name() and bool(company) and shown in ("", company)
    return Contact(
        uid=id_,
        kind=ContactKind.ORGANIZATION if nobody or memory.kind == ORGANIZATION else ContactKind.PERSON,
        formatted_name=shown,
        name=name,
        organization=company,
        department=text(raw, "Department"),
        title=text(raw, "JobTitle"),
        emails=with_labels(list(read_emails(raw).values()), said.emails, hidden.emails, email_key),
        phones=with_labels(list(read_phones(raw).values()), said.phones, hidden.phones, phone_key),
        addresses=with_labels(list(read_addresses(raw).values()), said.addresses, hidden.addresses, address_key),
        messaging=with_labels(list(read_accounts(raw).values()), said.messaging, hidden.messaging, account_key),
        birthday=read_birthday(raw),
        note=read_note(raw),
        url=text(raw, "BusinessHomePage"),
        categories=tuple(each.text or "" for each in rows(raw, "Categories")),
        person_id=memory.person,
        organization_id=memory.organization,
        modified=_modified(raw),
    )


def read_name(raw: Element) -> Name:
    """The parts of the name."""
    return Name(
        text(raw, "Surname"),
        text(raw, "GivenName"),
        text(raw, "MiddleName"),
        read_extended(raw, PREFIX),
        text(raw, "Generation"),
    )


def read_emails(raw: Element) -> dict[str, Labelled]:
    """The three addresses by their places. Those inside of an organization have another form and are left out."""
    found = entries(raw, "EmailAddresses")
    return {key: Labelled(found[key].strip()) for key in EMAILS if "@" in found.get(key, "")}


def read_phones(raw: Element) -> dict[str, Labelled]:
    """The numbers by their places, the commonest kinds first."""
    found = entries(raw, "PhoneNumbers")
    return {key: Labelled(found[key].strip(), label) for key, label in PHONES.items() if found.get(key, "").strip()}


def read_accounts(raw: Element) -> dict[str, Labelled]:
    """Messaging accounts by their places."""
    found = entries(raw, "ImAddresses")
    return {key: Labelled(found[key].strip()) for key in ACCOUNTS if found.get(key, "").strip()}


def read_addresses(raw: Element) -> dict[str, Address]:
    """Postal addresses by their places."""
    found: dict[str, Address] = {}
    for entry in rows(raw, "PhysicalAddresses"):
        parts = {PARTS[local(part)]: (part.text or "").strip() for part in rows(entry) if local(part) in PARTS}
        key = entry.get("Key", "")
        if key in PLACES and any(parts.values()):
            found[key] = Address(**parts, label=PLACES[key])
    return found


def entries(raw: Element, name: str) -> dict[str, str]:
    """The texts of a list by their keys."""
    return {each.get("Key", ""): each.text or "" for each in rows(raw, name)}


def read_birthday(raw: Element) -> Birthday | None:
    """The day, which is stored as a time near its noon, or at midnight. Raises ``Invalid``."""
    found = text(raw, "Birthday")
    if not found:
        return None
    try:
        day = (read_instant(found) + timedelta(hours=12 if found[11:16] > "12:00" else 0)).date()
    except OverflowError as error:
        raise Invalid("The contact has a birthday that cannot be read.") from error
    return Birthday(day.month, day.day, day.year if day.year != NO_YEAR else None)


def read_note(raw: Element) -> str:
    """The plain text of the notes."""
    body = child(raw, "Body")
    said = text(body).replace("\r\n", "\n") if body is not None else ""
    formatted = body is not None and body.get("BodyType") == "HTML"
    return richtext.to_text(said).strip("\n") if formatted else said.rstrip("\n")


def _modified(raw: Element) -> datetime | None:
    try:
        return read_instant(text(raw, "LastModifiedTime"))
    except Invalid:
        return None
