"""Contacts as hypothesis draws them: whatever text, in the normal form that reading a card gives."""

from datetime import date

from hypothesis import strategies as st

from bridge.core.contact import Address, Birthday, Contact, ContactKind, Labelled, Name, Photo

_CHARACTERS = st.sampled_from(" ,;:\\\"'n=^.()<>-_ab1") | st.characters(
    exclude_categories=("Cc", "Cs"), exclude_characters="\ufffe\uffff"
)
TEXTS = st.text(_CHARACTERS, max_size=20).map(str.strip)
WORDS = TEXTS.filter(bool)
PARAGRAPHS = st.text(_CHARACTERS | st.just("\n"), max_size=100)
LABELS = st.sampled_from(["", "work", "home", "mobile", "fax", "pager", "other"]) | WORDS.filter(
    lambda label: not label.startswith("_$!<")
)
VALUES = WORDS.filter(lambda value: not value.lower().startswith(("mailto:", "tel:")))
LABELLED = st.builds(Labelled, value=VALUES, label=LABELS, primary=st.booleans())
NAMES = st.builds(Name, *[TEXTS] * 5)
ADDRESSES = st.builds(Address, *[TEXTS] * 7, label=LABELS).filter(
    lambda address: any(getattr(address, part) for part in Address.__slots__ if part != "label")
)
BIRTHDAYS = st.dates().map(lambda day: Birthday(day.month, day.day, day.year)) | st.dates(
    date(2000, 1, 1), date(2000, 12, 31)
).map(lambda day: Birthday(day.month, day.day))
PHOTOS = st.builds(
    Photo, st.binary(min_size=1, max_size=100), st.sampled_from(["image/jpeg", "image/png", "image/gif", "image/webp"])
)
IDS = st.none() | st.integers(0, 2**53)
LISTS = st.lists(LABELLED, max_size=4).map(tuple)
UIDS = st.uuids().map(str) | WORDS.filter(lambda uid: not uid.lower().startswith("urn:uuid:"))


def _contacts(kind: ContactKind, *, uids: st.SearchStrategy[str] = UIDS) -> st.SearchStrategy[Contact]:
    """A person has parts of a name, an organization has a name in ORG, a group has neither parts nor a company."""
    return st.builds(
        Contact,
        uid=uids,
        kind=st.just(kind),
        formatted_name=WORDS,
        name={
            ContactKind.PERSON: NAMES.filter(lambda name: name != Name()),
            ContactKind.ORGANIZATION: NAMES,
            ContactKind.GROUP: st.just(Name()),
        }[kind],
        organization=WORDS if kind is ContactKind.ORGANIZATION else TEXTS,
        department=TEXTS,
        title=TEXTS,
        emails=LISTS,
        phones=LISTS,
        addresses=st.lists(ADDRESSES, max_size=3).map(tuple),
        messaging=LISTS,
        birthday=st.none() | BIRTHDAYS,
        note=PARAGRAPHS,
        url=TEXTS,
        categories=st.lists(WORDS, max_size=4).map(tuple),
        photo=st.none() | PHOTOS,
        members=st.lists(UIDS, max_size=4).map(tuple),
        person_id=IDS,
        organization_id=IDS,
    )


PERSONS = _contacts(ContactKind.PERSON)
ORGANIZATIONS = _contacts(ContactKind.ORGANIZATION)
GROUPS = _contacts(ContactKind.GROUP)
CONTACTS = PERSONS | ORGANIZATIONS | GROUPS
PAIRS = st.tuples(PERSONS | ORGANIZATIONS, PERSONS | ORGANIZATIONS) | st.tuples(GROUPS, GROUPS)
"""Two contacts of which one can become the other."""
