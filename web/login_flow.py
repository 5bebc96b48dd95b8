"""The Nextcloud login flow, version 2, as DAVx5 and others use it: POST, consent in the browser, poll."""

from flask import Blueprint, Response, jsonify, redirect, render_template, request, session, url_for
from flask_babel import lazy_gettext
from werkzeug.wrappers import Response as WerkzeugResponse

from bridge.config import Config
from bridge.core.user import User
from bridge.errors import TooManyTries
from bridge.services.onboarding import LONGEST_NAME
from web.access import current_user
from web.forms import Form, line
from web.links import here, root
from web.onboarding import GRANT
from web.services import Services
from web.topics import Access, Topic


class ConsentForm(Form):
    """How the device will be called."""

    name = line(lazy_gettext("Name of the device"), most=LONGEST_NAME)


def topic(services: Services, config: Config) -> Topic:
    """What the program asks: ``/index.php/login/v2``, and ``…/poll`` until there is an answer."""
    asked = Blueprint("login_flow", __name__, url_prefix="/index.php/login/v2")

    @asked.post("")
    def start() -> Response:
        try:
            started = services.login_flows.start(request.user_agent.string, request.remote_addr or "")
        except TooManyTries as error:
            return _json({"message": str(error)}, 429, {"Retry-After": str(int(error.retry_after.total_seconds()))})
        address = f"{root(config)}/index.php/login/v2"
        poll = {"token": started.poll, "endpoint": f"{address}/poll"}
        return _json({"poll": poll, "login": f"{address}/flow/{started.page}"})

    @asked.post("/poll")
    def poll() -> Response:
        found = services.login_flows.poll(request.form.get("token", ""))
        if found is None:
            return _json([], 404)
        return _json({"server": root(config), "loginName": found.user.login, "appPassword": found.password})

    return Topic(asked, Access.PUBLIC, machines=True)


def consent(services: Services, _config: Config) -> Topic:
    """The page where a user consents, who is signed in or has opened a one-time link in this browser."""
    pages = Blueprint("consent", __name__, url_prefix="/index.php/login/v2/flow")

    @pages.get("/<page>")
    def ask(page: str) -> str | WerkzeugResponse:
        program = services.login_flows.look(page)
        user, name = _consenting(services)
        if user is None:
            return redirect(url_for("signing_in.form", next=here()), code=303)
        form = ConsentForm(data={"name": name or program})
        return render_template("consent/ask.html", form=form, program=program, user=user, page=page)

    @pages.post("/<page>")
    def answer(page: str) -> str | WerkzeugResponse | tuple[str, int]:
        user, _ = _consenting(services)
        if user is None:
            return redirect(url_for("signing_in.form"), code=303)
        if "deny" in request.form:
            services.login_flows.deny(page)
            return render_template("consent/done.html", granted=False)
        form = ConsentForm(request.form)
        if not form.validate():
            program = services.login_flows.look(page)
            return render_template("consent/ask.html", form=form, program=program, user=user, page=page), 422
        services.login_flows.look(page)  # a request that is gone does not use the right up
        if secret := session.pop(GRANT, None):
            user = services.onboarding.use_grant(str(secret))
        services.login_flows.grant(page, user, form.name.data or "")
        return render_template("consent/done.html", granted=True)

    return Topic(pages, Access.PUBLIC)


def _consenting(services: Services) -> tuple[User | None, str]:
    """Who may consent in this browser, and how their device is to be called, if that is known."""
    secret = session.get(GRANT)
    invitation = services.onboarding.may_grant(secret) if isinstance(secret, str) else None
    if invitation:
        return invitation.user, invitation.name
    session.pop(GRANT, None)
    return current_user(), ""


def _json(content: object, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    response = jsonify(content)
    response.status_code = status
    response.headers.update(headers or {})
    return response
