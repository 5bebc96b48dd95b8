"""What is decided for everybody: options, a pause, a notice (R18, R30). Each is saved at once (R4)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext, lazy_gettext
from werkzeug.wrappers import Response
from wtforms import BooleanField, SelectField, SelectMultipleField, TextAreaField
from wtforms.fields import Field

from bridge.core.activity import ActivityType
from bridge.core.scope import FlowKind
from bridge.services.administration import LONGEST_NOTICE
from bridge.services.sync_options import OPTIONS
from bridge.store.connections import Connection, Flow, OptionDefault
from web.access import signed_in
from web.account_forms import CalendarOptions, ConnectionOptions, ContactOptions, Options
from web.forms import AtMost, Choice, Form
from web.replies import refused, saved
from web.services import Services

Answer = str | Response | tuple[str, int]
FREE, DEFAULT, FORCED = "free", "default", "forced"
MODES = {
    FREE: lazy_gettext("Users choose"),
    DEFAULT: lazy_gettext("Users choose, and begin with this"),
    FORCED: lazy_gettext("Fixed for everybody"),
}
GROUPS = {
    "calendar.": lazy_gettext("Calendar"),
    "contacts.": lazy_gettext("Contacts"),
    "": lazy_gettext("Both"),
}


class ModeForm(Form):
    """Whether an option is decided."""

    mode = SelectField(lazy_gettext("Who decides"), [Choice()], validate_choice=False)


class NoticeForm(Form):
    """What everybody is told."""

    text = TextAreaField(lazy_gettext("Notice on every page"), [AtMost(LONGEST_NOTICE)])


@dataclass(frozen=True, slots=True)
class Decision:
    """One option with its two fields."""

    key: str
    field: Field
    mode: SelectField
    form: Options
    kind: str


@dataclass(frozen=True, slots=True)
class Known:
    """What a page needs for all of its decisions, read once."""

    options: Mapping[str, OptionDefault]
    types: Sequence[ActivityType]
    now: datetime


def add_pages(pages: Blueprint, services: Services) -> None:
    """Add ``/admin/company``."""

    @pages.get("/company")
    def company() -> str:
        return _page(services)

    @pages.post("/company/options/<key>")
    def decide(key: str) -> Answer:
        if key not in OPTIONS:
            abort(404)
        decision = _decision(_known(services), key, request.form)
        modes, value = decision.mode.validate(decision.form), True
        if decision.mode.data != FREE:
            value = decision.field.validate(decision.form)
        if not (modes and value):
            return refused(decision.form) or (_page(services, decision), 422)
        if decision.mode.data == FREE:
            services.administration.clear_option(signed_in(), key)
        else:
            forced = decision.mode.data == FORCED
            services.administration.set_option(signed_in(), key, _json(decision.field), forced=forced)
        return saved(url_for("admin.company"))

    @pages.post("/company/pause")
    def pause_all() -> Response:
        services.administration.pause(signed_in(), paused=True)
        flash(gettext("All connections are paused."), "good")
        return redirect(url_for("admin.company"), code=303)

    @pages.post("/company/resume")
    def resume_all() -> Response:
        services.administration.pause(signed_in(), paused=False)
        flash(gettext("The connections go on."), "good")
        return redirect(url_for("admin.company"), code=303)

    @pages.post("/company/notice")
    def tell() -> Answer:
        form = NoticeForm(request.form)
        text = " ".join((form.text.data or "").split())
        if form.validate() and not text.isprintable():
            form.text.errors = [gettext("A single line without special characters, please.")]
        if form.errors:
            return _page(services, notice=form), 422
        services.administration.tell(signed_in(), text)
        return saved(url_for("admin.company"))


def _page(services: Services, wrong: Decision | None = None, notice: NoticeForm | None = None) -> str:
    known = _known(services)
    decisions = {key: wrong if wrong and wrong.key == key else _decision(known, key) for key in OPTIONS}
    grouped = {str(title): [] for title in GROUPS.values()}  # type: dict[str, list[Decision]]
    for key, decision in decisions.items():
        grouped[str(GROUPS[_prefix(key)])].append(decision)
    return render_template(
        "admin/company.html",
        groups=grouped,
        paused=services.administration.all_paused(),
        notice=notice or NoticeForm(data={"text": services.administration.notice()}),
    )


def _prefix(key: str) -> str:
    head, dot, _ = key.rpartition(".")
    return head + dot


def _known(services: Services) -> Known:
    return Known(services.administration.options(), services.activities.types(), services.clock.now())


def _decision(known: Known, key: str, sent: Any = None) -> Decision:
    form = _form(known, key, sent)
    mode = ModeForm(sent, prefix=f"{key.replace('.', '-')}-", data={"mode": _mode(known.options.get(key))})
    mode.mode.choices = list(MODES.items())
    field = form[key.rpartition(".")[2]]
    return Decision(key, field, mode.mode, form, _kind(field))


def _mode(known: OptionDefault | None) -> str:
    if known is None:
        return FREE
    return FORCED if known.forced else DEFAULT


def _form(known: Known, key: str, sent: Any) -> Options:
    """A form that has the option; what is not decided shows what new connections have anyway."""
    group, prefix = _prefix(key), f"{key.replace('.', '-')}-"
    flow = Flow(0, FlowKind.CALENDAR)
    connection = Connection(0, "", known.now)
    plain = connection if not group else flow
    values: dict[str, Any] = {field: getattr(plain, field) for field in _fields(group)}
    if decided := known.options.get(key):
        values[key.rpartition(".")[2]] = decided.value
    if "types" in values:
        values["types"] = [kind.key for kind in known.types] if values["types"] is None else list(values["types"])
    if "interval" in values:
        values["interval"] = str(values["interval"])
    form: Options
    if group == "calendar.":
        form = CalendarOptions(sent, prefix=prefix, data=values)
        form.offer(known.types, flow)
    elif group:
        form = ContactOptions(sent, prefix=prefix, data=values)
    else:
        form = ConnectionOptions(sent, prefix=prefix, data=values)
        form.offer(connection)
    return form


def _fields(group: str) -> list[str]:
    return [option.field for key, option in OPTIONS.items() if _prefix(key) == group]


def _kind(field: Field) -> str:
    if isinstance(field, BooleanField):
        return "check"
    return "choices" if isinstance(field, SelectMultipleField) or field.type == "RadioField" else "input"


def _json(field: Field) -> Any:
    """The value of a field as the option wants it."""
    if isinstance(field, BooleanField):
        return bool(field.data)
    if isinstance(field, SelectMultipleField):
        offered = {choice[0] for choice in field.choices or ()}
        return None if set(field.data or ()) >= offered else sorted(field.data or ())
    return int(field.data) if field.short_name == "interval" else str(field.data)
