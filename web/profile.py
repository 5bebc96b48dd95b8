"""One's own profile: language, time zone, password, and where one is signed in."""

from functools import cache
from zoneinfo import available_timezones

from flask import Blueprint, flash, redirect, render_template, request, session, url_for
from flask_babel import gettext, lazy_gettext, ngettext
from werkzeug.wrappers import Response
from wtforms import PasswordField, SelectField
from wtforms.validators import ValidationError

from bridge.config import Config
from bridge.errors import NotAllowed, TooManyTries
from bridge.services.signing_in import LEAST_PASSWORD, LONGEST_PASSWORD
from web import access
from web.access import signed_in, signed_in_visitor
from web.forms import AtMost, Choice, Form, Needed
from web.languages import LANGUAGES
from web.replies import refused, saved
from web.services import Services
from web.topics import Topic


class ProfileForm(Form):
    """How the page speaks to a user."""

    language = SelectField(lazy_gettext("Language"), [Choice()], validate_choice=False)
    time_zone = SelectField(lazy_gettext("Time zone"), [Choice()], validate_choice=False)


class PasswordForm(Form):
    """A new password, and the old one."""

    old = PasswordField(lazy_gettext("Present password"), [AtMost(LONGEST_PASSWORD)])
    new = PasswordField(lazy_gettext("New password"), [Needed(), AtMost(LONGEST_PASSWORD)])

    def validate_new(self, field: PasswordField) -> None:
        """Refuse short passwords."""
        if len(field.data or "") < LEAST_PASSWORD:
            text = ngettext(
                "At least %(num)d character, please.", "At least %(num)d characters, please.", LEAST_PASSWORD
            )
            raise ValidationError(text)


def topic(services: Services, _config: Config) -> Topic:
    """``/profile`` and what can be changed there."""
    pages = Blueprint("profile", __name__, url_prefix="/profile")

    @pages.get("/")
    def index() -> str:
        return _show(services, _filled(), PasswordForm())

    @pages.post("/")
    def change() -> str | Response | tuple[str, int]:
        form = _filled()
        form.process(request.form)
        if not form.validate():
            return refused(form) or (_show(services, form, PasswordForm()), 422)
        services.profiles.speak(signed_in().login, form.language.data, form.time_zone.data)
        return saved(url_for("profile.index"), reload=services.redraws.progress(signed_in()) is not None)

    @pages.post("/password")
    def password() -> str | Response | tuple[str, int]:
        form = PasswordForm(request.form)
        if form.validate():
            key, address = str(session.get(access.KEY)), request.remote_addr or ""
            old, new = form.old.data or "", form.new.data or ""
            try:
                services.signing_in.change_password(signed_in_visitor(), old, new, key, address)
            except NotAllowed:
                form.old.errors = [gettext("The present password is another one.")]
            except TooManyTries:
                form.old.errors = [gettext("There were too many failed tries. Try again later.")]
            else:
                flash(gettext("The password is changed. Other browsers are signed out."), "good")
                return redirect(url_for("profile.index"), code=303)
        return _show(services, _filled(), form), 422

    @pages.post("/sessions/<int:session_id>/end")
    def end(session_id: int) -> Response:
        services.signing_in.end_other(signed_in(), session_id)
        flash(gettext("That browser is signed out."), "good")
        return redirect(url_for("profile.index"), code=303)

    return Topic(pages)


@cache
def _zones() -> tuple[str, ...]:
    """The names that people choose from; found by a walk through many files."""
    return ("UTC", *(zone for zone in available_timezones() if "/" in zone and not zone.startswith("Etc/")))


def _filled() -> ProfileForm:
    user = signed_in()
    form = ProfileForm(data={"language": user.language, "time_zone": user.time_zone})
    form.language.choices = list(LANGUAGES.items())
    form.time_zone.choices = [(zone, zone.replace("_", " ")) for zone in sorted({*_zones(), user.time_zone})]
    return form


def _show(services: Services, form: ProfileForm, password: PasswordForm) -> str:
    user = signed_in()
    return render_template(
        "profile/index.html",
        user=user,
        form=form,
        password=password,
        has_password=services.signing_in.has_password(user),
        sessions=services.signing_in.sessions(user),
        present=signed_in_visitor().session.id,
    )
