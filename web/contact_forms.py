"""The form of a person or an organization. Further rows for addresses and numbers are there from the start."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any, cast

from flask import request
from flask_babel import gettext, lazy_gettext, lazy_pgettext
from wtforms import BooleanField, FileField, SelectField, StringField, TextAreaField
from wtforms.validators import StopValidation

from bridge.core.contact import Birthday, Labelled
from bridge.core.person import Person
from bridge.core.user import User
from bridge.services.activity_desk import ActivityDesk
from bridge.services.contact_desk import Card, ContactDraft, ContactFilters
from bridge.store.models.journal import RecordKind
from web.activity_forms import SEEN, TEXT
from web.forms import SHORT, AtMost, Choice, Form, line
from web.inputs import optional_line
from web.linking import Picks, link_field, resolve

ROWS = 2  # empty ones, for more addresses and numbers
MOST_ROWS, MOST_LABELS = 30, 50
LABELS = {
    "": lazy_gettext("no label"),
    "work": lazy_gettext("work"),
    "home": lazy_gettext("home"),
    "mobile": lazy_gettext("mobile"),
    "fax": lazy_gettext("fax"),
    "pager": lazy_gettext("pager"),
    "other": lazy_gettext("other"),
}


class Birthdate:
    """Refuse what is neither a day nor a day of any year."""

    def __call__(self, _form: Any, field: Any) -> None:
        """Raise ``StopValidation``."""
        try:
            read_birthday(field.data or "")
        except ValueError:
            raise StopValidation(gettext("A day such as 1980-05-17, or --05-17 without a year, please.")) from None


class Labels:
    """Refuse too many labels, and too long ones."""

    def __call__(self, _form: Any, field: Any) -> None:
        """Raise ``StopValidation``."""
        found = read_labels(field.data or "")
        if len(found) > MOST_LABELS or any(len(each) > SHORT for each in found):
            raise StopValidation(gettext("Fewer and shorter labels, please."))


class ContactForm(Form):
    """A contact of one's own. What only persons have is not shown for organizations."""

    name = line(lazy_pgettext("contact", "Name"))
    organization = link_field(RecordKind.ORGANIZATION)
    job_title = optional_line(lazy_gettext("Job title"))
    labels = StringField(lazy_gettext("Labels"), [AtMost(5000), Labels()])
    birthday = StringField(lazy_gettext("Birthday"), [AtMost(20), Birthdate()])
    note = TextAreaField(lazy_gettext("Note"), [AtMost(TEXT)])
    visibility = SelectField(lazy_gettext("Who may see it"), [Choice()], validate_choice=False)
    photo = FileField(lazy_gettext("Photo"))
    remove_photo = BooleanField(lazy_gettext("Remove the photo"))


@dataclass(slots=True)
class Editing:
    """A form being filled in: the contact as it was, if there was one, its rows, and what has to be picked."""

    kind: RecordKind
    form: ContactForm
    before: Card | None = None
    rows: dict[str, list[Labelled]] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)
    picks: Picks = field(default_factory=dict)

    @property
    def person(self) -> bool:
        """Whether it is a person's."""
        return self.kind is RecordKind.PERSON

    def labels_of(self, row: Labelled) -> list[tuple[str, str]]:
        """The labels to choose from, with the one that it has."""
        own = [] if row.label in LABELS else [(row.label, row.label)]
        return [*((key, str(text)) for key, text in LABELS.items()), *own]


def start(kind: RecordKind, user: User, card: Card | None = None) -> Editing:
    """The form of a contact, or of a new one with the user's defaults."""
    values: dict[str, Any] = {"visibility": user.default_visibility}
    rows: dict[str, list[Labelled]] = {"emails": [], "phones": []}
    if card is not None:
        record = card.record
        values = {"name": record.name, "note": record.note, "visibility": record.visibility}
        values["labels"] = ", ".join(record.labels)
        rows = {"emails": list(record.emails), "phones": list(record.phones)}
        if isinstance(record, Person):
            values |= {"job_title": record.job_title, "organization": card.organization}
            values["birthday"] = written_birthday(record.birthday)
    form = ContactForm(data=values)
    form.visibility.choices = list(SEEN.items())
    return Editing(kind, form, card, {name: [*found, *[Labelled("")] * ROWS] for name, found in rows.items()})


def take(editing: Editing, desk: ActivityDesk, user: User) -> ContactDraft | None:
    """What the form says now, or nothing when something in it is wrong, which the form then tells."""
    form, record = editing.form, editing.before.record if editing.before else None
    form.process(request.form)
    valid = form.validate()
    for name in ("emails", "phones"):
        found = list(_rows(name, getattr(record, name, ())))
        editing.rows[name] = [*found, *[Labelled("")] * ROWS]
        problem = _problem(name, found, {each.value for each in getattr(record, name, ())})
        if problem:
            editing.problems[name] = problem
    present = record.organization_id if isinstance(record, Person) else None
    firm = None
    if editing.person and not form.organization.errors:
        firm = resolve(desk, user, RecordKind.ORGANIZATION, form.organization, present, editing.picks)
    if not valid or editing.problems or form.organization.errors:
        return None
    upload = request.files.get("photo")
    return ContactDraft(
        name=form.name.data or "",
        emails=tuple(each for each in editing.rows["emails"] if each.value),
        phones=tuple(each for each in editing.rows["phones"] if each.value),
        labels=read_labels(form.labels.data or ""),
        note=(form.note.data or "").replace("\r\n", "\n"),
        visibility=form.visibility.data,
        organization_id=firm,
        job_title=form.job_title.data or "",
        birthday=read_birthday(form.birthday.data or ""),
        photo=upload.read() if upload and upload.filename else None,
        keep_photo=not form.remove_photo.data,
    )


def _rows(name: str, before: tuple[Labelled, ...]) -> Iterator[Labelled]:
    """The rows that were sent and are not empty; one that is as it was stays the primary one if it was."""
    values, labels = request.form.getlist(f"{name}_value"), request.form.getlist(f"{name}_label")
    primary = {each.value for each in before if each.primary}
    for value, label in zip(values, [*labels, *[""] * len(values)], strict=False):
        if value.strip():
            yield Labelled(value.strip(), label.strip(), value.strip() in primary)


def _problem(name: str, rows: list[Labelled], known: set[str]) -> str:
    """What is wrong with new rows; programs may have written others before."""
    if len(rows) > MOST_ROWS:
        return str(gettext("At most %(count)s, please.", count=MOST_ROWS))
    longest = 320 if name == "emails" else 100
    for row in (each for each in rows if each.value not in known or len(each.label) > SHORT):
        if len(row.value) > longest or len(row.label) > SHORT or not (row.value + row.label).isprintable():
            return str(gettext("“%(value)s” is too long, or no plain text.", value=row.value[:40]))
        if name == "emails" and ("@" not in row.value.strip("@") or " " in row.value):
            return str(gettext("“%(value)s” is no e-mail address.", value=row.value[:40]))
    return ""


def read_labels(text: str) -> tuple[str, ...]:
    """Labels that are separated by commas."""
    found = (" ".join(part.split()).replace("\x00", "") for part in text.split(","))
    return tuple(dict.fromkeys(each for each in found if each))


def read_birthday(text: str) -> Birthday | None:
    """A birthday as ISO 8601 has it, perhaps without its year. Raises ``ValueError``."""
    text = text.strip()
    if not text:
        return None
    if text.startswith("--"):
        day = date.fromisoformat(f"2000-{text[2:]}")
        return Birthday(day.month, day.day)
    day = date.fromisoformat(text)
    return Birthday(day.month, day.day, day.year)


def written_birthday(birthday: Birthday | None) -> str:
    """The same the other way round."""
    if birthday is None:
        return ""
    year = f"{birthday.year:04}" if birthday.year else "-"
    return f"{year}-{birthday.month:02}-{birthday.day:02}"


def filters() -> ContactFilters:
    """What the address asks for."""
    given = {name: request.args.get(name, "")[:SHORT].replace("\x00", "").strip() for name in ("owner", "label", "q")}
    return ContactFilters(given["owner"], given["label"], given["q"])


def asked(found: ContactFilters) -> dict[str, Any]:
    """The same as parameters of an address."""
    values = {"owner": found.owner, "label": found.label, "q": found.text}
    return cast("dict[str, Any]", {name: value for name, value in values.items() if value})
