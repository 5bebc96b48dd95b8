"""What a user's devices show, and how (R27). Every choice is saved at once (R4)."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from flask import Blueprint, abort, render_template, request, url_for
from flask_babel import gettext, lazy_gettext
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response
from wtforms import BooleanField, SelectField, SelectMultipleField
from wtforms.validators import StopValidation
from wtforms.widgets import CheckboxInput

from bridge.config import Config
from bridge.core.activity import ActivityType, Visibility
from bridge.core.colors import CSS3_NAMES
from bridge.core.event import EventKind
from bridge.core.projection.options import TypeOption
from bridge.services.activity_types import LONGEST_REMINDER
from web.access import signed_in
from web.activity_forms import SEEN
from web.admin.types import SHOWN
from web.forms import Choice, Form
from web.inputs import CountField, MinutesField
from web.replies import refused, saved
from web.services import Services
from web.topics import Topic

Answer = str | Response | tuple[str, int]
MOST_DAYS = 36_500
_NAMES = ("default_type", "default_visibility", "include_links", "group_cards", "past_days")


class ChoicesForm(Form):
    """What holds for all types."""

    default_type = SelectField(
        lazy_gettext("Type of activities made from new events"), [Choice()], validate_choice=False
    )
    default_visibility = SelectField(lazy_gettext("Who may see new activities"), [Choice()], validate_choice=False)
    past_days = CountField(lazy_gettext("How many days the calendars reach back"), 0, MOST_DAYS)
    include_links = BooleanField(lazy_gettext("Include deal and contact information in the events"))
    group_cards = BooleanField(lazy_gettext("Show each label as a group in the address book"))


class TypeOptionForm(Form):
    """How one type is shown."""

    shown_as = SelectField(lazy_gettext("Shown as"), [Choice()], validate_choice=False)
    color = SelectField(lazy_gettext("Colour"), [Choice()], validate_choice=False)
    reminder = MinutesField(lazy_gettext("Reminder, minutes before"))

    def validate_reminder(self, field: MinutesField) -> None:
        """Refuse what no calendar takes."""
        if field.data is not None and field.data > LONGEST_REMINDER:
            raise StopValidation(gettext("At most %(count)s days, please.", count=LONGEST_REMINDER.days))


class ColleaguesForm(Form):
    """Whose calendars appear beside one's own."""

    colleagues = SelectMultipleField(
        lazy_gettext("Calendars of colleagues"), [Choice()], option_widget=CheckboxInput(), validate_choice=False
    )


def topic(services: Services, _config: Config) -> Topic:
    """``/preferences``."""
    pages = Blueprint("preferences", __name__, url_prefix="/preferences")

    @pages.get("/")
    def index() -> str:
        return _page(services)

    @pages.post("/")
    def choose() -> Answer:
        form = _choices(services, request.form)
        if not form.validate():
            return refused(form) or (_page(services, choices=form), 422)
        user = signed_in()
        values: dict[str, Any] = {name: form[name].data for name in _NAMES}
        values["default_visibility"] = Visibility(values["default_visibility"])
        if any(getattr(user, name) != value for name, value in values.items()):
            services.principals.change(user.login, lambda before: replace(before, **values))
        return _chosen(services)

    @pages.post("/types/<key>")
    def choose_type(key: str) -> Answer:
        kind = next((each for each in services.activities.types() if each.key == key), None) or abort(404)
        form = _type_form(kind, TypeOption(), request.form)
        if not form.validate():
            return refused(form) or (_page(services, types={key: form}), 422)
        minutes = form.reminder.data
        option = TypeOption(EventKind(form.shown_as.data), form.color.data, -minutes if minutes is not None else None)
        services.principals.choose_type(signed_in().login, key, option)
        return _chosen(services)

    @pages.post("/colleagues")
    def choose_colleagues() -> Answer:
        form = _colleagues(services, request.form)
        if not form.validate():
            return refused(form) or (_page(services, colleagues=form), 422)
        services.principals.choose_colleagues(signed_in().login, form.colleagues.data or [])
        return _chosen(services)

    return Topic(pages)


def _chosen(services: Services) -> Response:
    return saved(url_for("preferences.index"), reload=services.redraws.progress(signed_in()) is not None)


def _page(
    services: Services,
    *,
    choices: ChoicesForm | None = None,
    types: dict[str, TypeOptionForm] | None = None,
    colleagues: ColleaguesForm | None = None,
) -> str:
    user = signed_in()
    chosen = services.principals.type_options(user.login)
    kinds = [kind for kind in services.activities.types() if kind.active]
    forms = {kind.key: _type_form(kind, chosen.get(kind.key)) for kind in kinds} | (types or {})
    return render_template(
        "preferences/index.html",
        choices=choices or _choices(services),
        kinds=kinds,
        forms=forms,
        colleagues=colleagues or _colleagues(services),
    )


def _choices(services: Services, sent: MultiDict[str, str] | None = None) -> ChoicesForm:
    user = signed_in()
    form = ChoicesForm(sent, data={name: getattr(user, name) for name in _NAMES})
    kinds = [kind for kind in services.activities.types() if kind.active or kind.key == user.default_type]
    form.default_type.choices = [(kind.key, kind.name) for kind in kinds]
    form.default_visibility.choices = list(SEEN.items())
    return form


def _type_form(
    kind: ActivityType, option: TypeOption | None, sent: MultiDict[str, str] | None = None
) -> TypeOptionForm:
    """The form of one type: what the user chose, else what the company did."""
    shown = option or TypeOption(kind.shown_as, reminder=kind.reminder)
    reminder: timedelta | None = -shown.reminder if shown.reminder is not None else None
    values = {"shown_as": shown.shown_as, "color": shown.color, "reminder": reminder}
    form = TypeOptionForm(sent, prefix=f"{kind.key}-", data=values)
    form.shown_as.choices = list(SHOWN.items())
    usual = gettext("as usual (%(color)s)", color=kind.color) if kind.color else gettext("none")
    form.color.choices = [("", usual), *((name, name) for name in sorted(CSS3_NAMES))]
    return form


def _colleagues(services: Services, sent: MultiDict[str, str] | None = None) -> ColleaguesForm:
    user = signed_in()
    chosen = [each.login for each in services.principals.known_to(user.login) if each.id != user.id]
    form = ColleaguesForm(sent, data={"colleagues": chosen})
    others = (each for each in services.desk.owners() if each.id != user.id)
    form.colleagues.choices = [(each.login, each.name or each.login) for each in others]
    return form
