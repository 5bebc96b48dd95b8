"""Signing in and out (R28)."""

from flask import Blueprint, flash, make_response, redirect, render_template, request, session
from flask_babel import gettext, lazy_gettext, ngettext
from werkzeug.wrappers import Response
from wtforms import HiddenField, PasswordField

from bridge.config import Config
from bridge.errors import NotAllowed, TooManyTries
from web import access
from web.access import public
from web.forms import AtMost, Form, Needed, line
from web.languages import COOKIE, COOKIE_SECONDS, LANGUAGES
from web.links import safe_path
from web.services import Services
from web.topics import Topic


class SignInForm(Form):
    """A user name and a password."""

    name = line(lazy_gettext("User name or e-mail address"))
    password = PasswordField(lazy_gettext("Password"), [Needed(), AtMost(1000)])
    next = HiddenField()


def topic(services: Services, config: Config) -> Topic:
    """``/sign-in``, ``/sign-out`` and ``/language``."""
    pages = Blueprint("signing_in", __name__)

    @pages.get("/sign-in")
    @public
    def form() -> str | Response:
        target = safe_path(request.args.get("next"))
        if access.current_user():
            return redirect(target, code=303)
        return _form(SignInForm(data={"next": target}))

    @pages.post("/sign-in")
    @public
    def enter() -> str | Response | tuple[str, int]:
        form = SignInForm(request.form)
        status = 422
        if form.validate():
            problem, status = _enter(services, form)
            if not problem:
                return redirect(safe_path(form.next.data), code=303)
            form.form_errors.append(problem)
        return _form(form), status

    @pages.post("/sign-out")
    @public
    def leave() -> Response:
        key = session.get(access.KEY)
        if isinstance(key, str):
            services.signing_in.end(key)
        access.sign_out()
        flash(gettext("You are signed out."), "good")
        return redirect("/sign-in", code=303)

    @pages.post("/language")
    @public
    def language() -> Response:
        chosen = request.form.get("language", "")
        response = make_response(redirect(safe_path(request.form.get("next")), code=303))
        if chosen in LANGUAGES:
            secure = request.is_secure or config.server.base_url.startswith("https://")
            response.set_cookie(COOKIE, chosen, max_age=COOKIE_SECONDS, secure=secure, httponly=True, samesite="Lax")
            user = access.current_user()
            if user is not None:
                services.profiles.speak(user.login, chosen)
        return response

    def _form(form: SignInForm) -> str:
        label = config.oidc.label or gettext("your company account")
        return render_template("signing_in/form.html", form=form, company=label if services.openid else "")

    return Topic(pages)


def _enter(services: Services, form: SignInForm) -> tuple[str, int]:
    """Sign the browser in. A sentence and a status when it may not."""
    address, client = request.remote_addr or "", request.user_agent.string
    try:
        key = services.signing_in.with_password(form.name.data or "", form.password.data or "", client, address)
    except NotAllowed:
        return gettext("The user name and the password do not fit together."), 403
    except TooManyTries as error:
        seconds = int(error.retry_after.total_seconds())
        return ngettext(
            "There were too many failed tries. Try again in %(num)d second.",
            "There were too many failed tries. Try again in %(num)d seconds.",
            seconds,
        ), 429
    access.sign_in(key)
    return "", 200
