"""The form of an activity, and the filters of the list."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, time
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from flask import request
from flask_babel import gettext, lazy_gettext
from werkzeug.datastructures import MultiDict
from wtforms import BooleanField, SelectField, TextAreaField
from wtforms.validators import StopValidation

from bridge.core import richtext
from bridge.core.activity import Activity, ActivityType, Visibility
from bridge.core.event import Privacy
from bridge.core.user import User
from bridge.services.activity_desk import LONGEST, ActivityDesk, Draft
from bridge.services.activity_filters import FIRST_DAY, LAST_DAY, Filters, Progress, Span
from bridge.store.activity_list import Key
from bridge.store.models.journal import RecordKind
from web.forms import SHORT, AtMost, Choice, Form, line
from web.inputs import DayField, MinutesField, TimeOfDayField, optional_line
from web.linking import LINKED, Picks, link_field, names_of, resolve

TEXT = 50_000  # characters

PROGRESS = {
    Progress.OPEN: lazy_gettext("To do"),
    Progress.OVERDUE: lazy_gettext("Overdue"),
    Progress.DONE: lazy_gettext("Done"),
    Progress.ALL: lazy_gettext("All"),
}
SPANS = {
    Span.ANY: lazy_gettext("Any time"),
    Span.TODAY: lazy_gettext("Today"),
    Span.TOMORROW: lazy_gettext("Tomorrow"),
    Span.THIS_WEEK: lazy_gettext("This week"),
    Span.NEXT_WEEK: lazy_gettext("Next week"),
    Span.THIS_MONTH: lazy_gettext("This month"),
    Span.PERIOD: lazy_gettext("From … to …"),
    Span.UNDATED: lazy_gettext("Without a date"),
}
SEEN = {
    Visibility.EVERYONE: lazy_gettext("Everyone"),
    Visibility.OWNER: lazy_gettext("Only me"),
}


class WebAddress:
    """Refuse what is no web address."""

    def __call__(self, _form: Any, field: Any) -> None:
        """Raise ``StopValidation``."""
        if field.data and not is_web_address(field.data):
            raise StopValidation(gettext("An address that begins with https:// or http://, please."))


def is_web_address(text: str) -> bool:
    """Whether a browser would go to another page, and do nothing else."""
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.netloc)


class ActivityForm(Form):
    """An activity of one's own."""

    subject = line(lazy_gettext("Subject"))
    type_key = SelectField(lazy_gettext("Type"), [Choice()], validate_choice=False)
    day = DayField(lazy_gettext("Day"))
    at = TimeOfDayField(lazy_gettext("Time"))
    duration = MinutesField(lazy_gettext("Duration in minutes"))
    deal = link_field(RecordKind.DEAL)
    person = link_field(RecordKind.PERSON)
    organization = link_field(RecordKind.ORGANIZATION)
    location = optional_line(lazy_gettext("Location"))
    conference_url = optional_line(lazy_gettext("Address of the video call"), WebAddress(), most=2000)
    public_description = TextAreaField(lazy_gettext("Description"), [AtMost(TEXT)])
    note = TextAreaField(lazy_gettext("Note"), [AtMost(TEXT)])
    busy = BooleanField(lazy_gettext("Busy"))
    private = BooleanField(lazy_gettext("Private"))
    visibility = SelectField(lazy_gettext("Who may see it"), [Choice()], validate_choice=False)
    done = BooleanField(lazy_gettext("Done"))

    def validate_day(self, field: DayField) -> None:
        """Refuse days that no calendar needs, and a time without a day."""
        if field.data is None and self.at.data is not None:
            raise StopValidation(gettext("A time needs a day."))
        if field.data is not None and not FIRST_DAY <= field.data <= LAST_DAY:
            limits = {"first": FIRST_DAY.year, "last": LAST_DAY.year}
            raise StopValidation(gettext("A day from %(first)s to %(last)s, please.", **limits))

    def validate_duration(self, field: MinutesField) -> None:
        """Refuse what is too long."""
        if field.data is not None and field.data > LONGEST:
            raise StopValidation(gettext("At most %(count)s days, please.", count=LONGEST.days))


@dataclass(slots=True)
class Editing:
    """A form being filled in: the activity as it was, if there was one, and what has to be picked."""

    form: ActivityForm
    before: Activity | None = None
    picks: Picks = field(default_factory=dict)


def blank(desk: ActivityDesk, user: User, types: Mapping[str, ActivityType]) -> Editing:
    """The form of a new activity, with the user's defaults."""
    kind = types.get(user.default_type) or next(iter(types.values()), None)
    values: dict[str, Any] = {"type_key": kind.key if kind else "", "visibility": user.default_visibility}
    form = ActivityForm(data={**values, "busy": kind.busy if kind else True, **_asked_for(desk, user)})
    return Editing(_with_types(form, types, ""))


def _asked_for(desk: ActivityDesk, user: User) -> dict[str, str]:
    """What a link to this page wants to be linked, as far as the user may see it."""
    found: dict[str, str] = {}
    for kind in LINKED:
        wanted = request.args.get(kind.value, "")
        if wanted.isascii() and wanted.isdigit() and len(wanted) <= 18:
            found |= {kind.value: desk.names(user, kind, [int(wanted)]).get(int(wanted), "")}
    return found


def filled(desk: ActivityDesk, user: User, activity: Activity, types: Mapping[str, ActivityType]) -> Editing:
    """The form of an activity that is there."""
    due = activity.due.astimezone(ZoneInfo(user.time_zone)) if activity.due_time and activity.due_date else None  # type: ignore[union-attr]
    values = {
        "subject": activity.subject,
        "type_key": activity.type,
        "day": due.date() if due else activity.due_date,
        "at": due.time() if due else None,
        "duration": activity.duration,
        "location": activity.location,
        "conference_url": activity.conference_url,
        "public_description": richtext.to_text(activity.public_description),
        "note": richtext.to_text(activity.note),
        "busy": activity.busy,
        "private": activity.privacy is not Privacy.PUBLIC,
        "visibility": activity.visibility,
        "done": activity.done,
    }
    names = names_of(desk, user, {kind: getattr(activity, f"{kind.value}_id") for kind in LINKED})
    form = ActivityForm(data=values | {kind.value: name for kind, name in names.items()})
    return Editing(_with_types(form, types, activity.type), activity)


def _with_types(form: ActivityForm, types: Mapping[str, ActivityType], present: str) -> ActivityForm:
    """Offer the types in use, and the present one whatever it is."""
    form.visibility.choices = list(SEEN.items())
    form.type_key.choices = [(key, kind.name) for key, kind in types.items() if kind.active or key == present]
    if present and present not in types:
        form.type_key.choices.append((present, present))
    return form


def take(editing: Editing, sent: MultiDict[str, str], desk: ActivityDesk, user: User) -> Draft | None:
    """What the form says now, or nothing when something in it is wrong, which the form then tells."""
    form, before = editing.form, editing.before
    form.process(sent)
    valid = form.validate()
    links = {
        f"{kind.value}_id": resolve(
            desk, user, kind, form[kind.value], getattr(before, f"{kind.value}_id", None), editing.picks
        )
        for kind in LINKED
        if not form[kind.value].errors
    }
    if not valid or any(form[kind.value].errors for kind in LINKED):
        return None
    return Draft(
        subject=form.subject.data or "",
        type_key=form.type_key.data,
        day=form.day.data,
        at=form.at.data,
        duration=form.duration.data,
        busy=form.busy.data,
        privacy=_privacy(before, private=form.private.data),
        visibility=Visibility(form.visibility.data),
        location=form.location.data or "",
        conference_url=form.conference_url.data or "",
        public_description=_html(before.public_description if before else "", form.public_description.data or ""),
        note=_html(before.note if before else "", form.note.data or ""),
        done=form.done.data,
        **links,
    )


def _privacy(before: Activity | None, *, private: bool) -> Privacy:
    if not private:
        return Privacy.PUBLIC
    return before.privacy if before and before.privacy is not Privacy.PUBLIC else Privacy.PRIVATE


def _html(before: str, text: str) -> str:
    """The HTML of a text; what was there stays as it is when the text still says the same."""
    return before if richtext.same(before, text) else richtext.to_html(text.strip())


def filters() -> Filters:
    """What the address asks for. What makes no sense there is not asked for."""
    given = request.args
    return Filters(
        owner=given.get("owner", "")[:SHORT],
        type_key=given.get("type", "")[:SHORT],
        progress=Progress(given.get("status", "")) if given.get("status") in list(Progress) else Progress.OPEN,
        span=Span(given.get("time", "")) if given.get("time") in list(Span) else Span.ANY,
        first=_day(given.get("from", "")),
        last=_day(given.get("to", "")),
        text=given.get("q", "").strip()[:SHORT].replace("\x00", ""),
    )


def asked(found: Filters) -> dict[str, Any]:
    """The same as parameters of an address."""
    values = {
        "owner": found.owner,
        "type": found.type_key,
        "status": found.progress.value,
        "time": found.span.value,
        "from": found.first.isoformat() if found.first else "",
        "to": found.last.isoformat() if found.last else "",
        "q": found.text,
    }
    plain = {"status": Progress.OPEN.value, "time": Span.ANY.value}
    return {name: value for name, value in values.items() if value and value != plain.get(name)}


def written_key(key: Key | None) -> str:
    """A place in the list, for an address."""
    if key is None:
        return ""
    return f"{key.day or ''}_{key.at.isoformat() if key.at else ''}_{key.id}"


def read_key(text: str) -> Key | None:
    """The place that an address names, if it names one."""
    day, _, rest = text.partition("_")
    at, _, number = rest.partition("_")
    if not (number.isascii() and number.isdigit() and len(number) <= 18):
        return None
    try:
        moment = time.fromisoformat(at) if at else None
    except ValueError:
        return None
    found = _day(day)
    return Key(found, moment.replace(tzinfo=None) if moment and found else None, int(number))


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
