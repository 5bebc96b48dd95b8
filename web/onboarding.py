"""What a one-time link opens on the other device, where nobody is signed in (R26)."""

from urllib.parse import urlsplit

from flask import Blueprint, Response, make_response, render_template, request, session
from flask_babel import force_locale, gettext
from werkzeug.exceptions import MethodNotAllowed

from bridge.config import Config
from bridge.core.apple_profile import CONTENT_TYPE, ProfileDetails, render
from bridge.errors import NotFound
from bridge.services.onboarding import Credentials, Program
from web.addresses import Addresses
from web.languages import LANGUAGES
from web.links import root
from web.programs import PROGRAMS
from web.services import Services
from web.topics import Access, Topic

GRANT = "grant"  # of the signed cookie: lets this browser consent to a program's request


def topic(services: Services, config: Config) -> Topic:
    """``/add/<secret>``: looking is free, going on uses the link up."""
    pages = Blueprint("onboarding", __name__, url_prefix="/add")

    @pages.get("/<secret>")
    def look(secret: str) -> str | tuple[str, int]:
        try:
            invitation = services.onboarding.look(secret)
        except NotFound:
            return _expired()
        return render_template("onboarding/look.html", invitation=invitation, title=PROGRAMS[invitation.program])

    @pages.post("/<secret>")
    def go_on(secret: str) -> str | tuple[str, int]:
        try:
            opened = services.onboarding.open(secret)
        except NotFound:
            return _expired()
        program = opened.invitation.program
        if program is Program.ANDROID:
            session[GRANT] = opened.secret
        return render_template(
            "onboarding/opened.html",
            program=program,
            title=PROGRAMS[program],
            password=opened.password,
            secret=opened.secret,
            addresses=Addresses(root(config), opened.invitation.user.login),
        )

    @pages.route("/profile/<secret>/davbridge.mobileconfig", methods=["GET"], provide_automatic_options=False)
    def profile(secret: str) -> Response | tuple[str, int]:
        if request.method == "HEAD":  # it would use the link up
            raise MethodNotAllowed(["GET"])
        try:
            credentials = services.onboarding.profile(secret)
        except NotFound:
            return _expired()
        response = make_response(services.profile_signer.sign(render(_details(config, credentials))))
        response.headers["Content-Type"] = CONTENT_TYPE
        response.headers["Content-Disposition"] = 'attachment; filename="davbridge.mobileconfig"'
        return response

    return Topic(pages, Access.PUBLIC)


def _expired() -> tuple[str, int]:
    return render_template("onboarding/expired.html"), 404


def _details(config: Config, credentials: Credentials) -> ProfileDetails:
    address = urlsplit(root(config))
    tls = address.scheme == "https"
    return ProfileDetails(
        host=address.hostname or "",
        port=address.port or (443 if tls else 80),
        tls=tls,
        path=f"{address.path}/dav",
        login=credentials.user.login,
        password=credentials.password,
        title=config.web.title,
        device=credentials.name,
        description=_consent(config.web.title),
        consent=_consents(config.web.title),
    )


def _consents(title: str) -> dict[str, str]:
    found = {}
    for language in LANGUAGES:
        with force_locale(language):
            found[language] = _consent(title)
    return {"default": found["en"], **found}


def _consent(title: str) -> str:
    return str(
        gettext("Adds the calendars and contacts of %(title)s to this device. Nothing else is changed.", title=title)
    )
