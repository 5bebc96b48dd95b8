"""Activity types, custom ones too (R27)."""

from datetime import timedelta

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext, lazy_gettext
from werkzeug.wrappers import Response
from wtforms import BooleanField, SelectField
from wtforms.validators import StopValidation

from bridge.core.activity import ActivityType
from bridge.core.colors import CSS3_NAMES
from bridge.core.event import EventKind
from bridge.errors import Conflict
from bridge.services.activity_types import LONGEST_DURATION, LONGEST_REMINDER, TypeDraft
from web.access import signed_in
from web.forms import Choice, Form, line
from web.inputs import MinutesField
from web.services import Services

Answer = str | Response | tuple[str, int]
SHOWN = {EventKind.EVENT: lazy_gettext("Event"), EventKind.TASK: lazy_gettext("Task")}


class TypeForm(Form):
    """An activity type."""

    name = line(lazy_gettext("Name"))
    shown_as = SelectField(lazy_gettext("Calendars show it as"), [Choice()], validate_choice=False)
    color = SelectField(lazy_gettext("Colour"), [Choice()], validate_choice=False)
    reminder = MinutesField(lazy_gettext("Reminder, minutes before"))
    duration = MinutesField(lazy_gettext("Usual duration in minutes"))
    busy = BooleanField(lazy_gettext("Busy"))
    active = BooleanField(lazy_gettext("In use"))

    def validate_reminder(self, field: MinutesField) -> None:
        """Refuse what no calendar takes."""
        if field.data is not None and field.data > LONGEST_REMINDER:
            raise StopValidation(gettext("At most %(count)s days, please.", count=LONGEST_REMINDER.days))

    def validate_duration(self, field: MinutesField) -> None:
        """Refuse nothing, and more than a day."""
        if field.data is None or not timedelta() < field.data <= LONGEST_DURATION:
            raise StopValidation(gettext("A number from %(least)s to %(most)s, please.", least=1, most=1440))


def add_pages(pages: Blueprint, services: Services) -> None:
    """Add ``/admin/types``."""

    @pages.get("/types")
    def types() -> str:
        return render_template("admin/types.html", types=services.types.all(signed_in()), shown=SHOWN)

    @pages.get("/types/new")
    def new_type() -> str:
        return _edit(_offered(TypeForm(data={"duration": timedelta(minutes=30), "busy": True, "active": True})), None)

    @pages.post("/types/new")
    def add_type() -> Answer:
        form = _offered(TypeForm(request.form))
        return _saved(services, form, None)

    @pages.get("/types/<key>")
    def kind(key: str) -> str:
        found = services.types.get(signed_in(), key)
        return _edit(_offered(TypeForm(data=_values(found))), found)

    @pages.post("/types/<key>")
    def change_type(key: str) -> Answer:
        found = services.types.get(signed_in(), key)
        return _saved(services, _offered(TypeForm(request.form)), found)

    @pages.post("/types/<key>/up")
    def move_up(key: str) -> Response:
        services.types.move(signed_in(), key, up=True)
        return redirect(url_for("admin.types"), code=303)

    @pages.post("/types/<key>/down")
    def move_down(key: str) -> Response:
        services.types.move(signed_in(), key, up=False)
        return redirect(url_for("admin.types"), code=303)


def _saved(services: Services, form: TypeForm, before: ActivityType | None) -> Answer:
    if not form.validate():
        return _edit(form, before), 422
    draft = TypeDraft(
        form.name.data or "",
        form.color.data,
        EventKind(form.shown_as.data),
        form.reminder.data,
        form.duration.data,
        busy=form.busy.data,
        active=form.active.data or before is None,
    )
    try:
        if before is None:
            services.types.add(signed_in(), draft)
        else:
            services.types.change(signed_in(), before.key, draft)
    except Conflict:
        form.form_errors.append(gettext("Another type has this name already, or no other type would be in use."))
        return _edit(form, before), 422
    flash(gettext("Saved."), "good")
    return redirect(url_for("admin.types"), code=303)


def _offered(form: TypeForm) -> TypeForm:
    form.shown_as.choices = list(SHOWN.items())
    form.color.choices = [("", gettext("none")), *((name, name) for name in sorted(CSS3_NAMES))]
    return form


def _values(kind: ActivityType) -> dict[str, object]:
    return {
        "name": kind.name,
        "shown_as": kind.shown_as,
        "color": kind.color,
        "reminder": -kind.reminder if kind.reminder is not None else None,
        "duration": kind.default_duration,
        "busy": kind.busy,
        "active": kind.active,
    }


def _edit(form: TypeForm, kind: ActivityType | None) -> str:
    return render_template("admin/type.html", form=form, kind=kind)
