"""“Undo” beside the message that something is done (R21), which works without script."""

from typing import cast

from flask import Blueprint, flash, redirect, request, session, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from bridge.config import Config
from web.access import signed_in
from web.links import safe_path
from web.services import Services
from web.topics import Topic

_OFFER = "undo"  # in the signed cookie


def offer_undo(said: str, run: str, back: str) -> None:
    """Show, on the next page, what was done and a button that takes it back. ``back`` is the page to return to."""
    session[_OFFER] = {"said": said, "run": run, "back": back}


def back_to(endpoint: str, target: str | None = None) -> str:
    """The page that a form or an address names, if it is below an endpoint's own; else that one."""
    wanted, plain = safe_path(request.form.get("back") if target is None else target), url_for(endpoint)
    return wanted if wanted.startswith(plain) else plain


def topic(services: Services, _config: Config) -> Topic:
    """``/undo``: take back what one has just done oneself."""
    pages = Blueprint("undoing", __name__)

    @pages.app_template_global("taken_undo")
    def taken_undo() -> dict[str, str] | None:
        """What is offered, once."""
        return cast("dict[str, str] | None", session.pop(_OFFER, None))

    @pages.app_template_filter("safe_back")
    def safe_back(target: str, endpoint: str) -> str:
        """The page of an endpoint that somebody came from, as they had filtered it."""
        return back_to(endpoint, target)

    @pages.post("/undo")
    def undo() -> Response:
        done = services.taking_back.undo(signed_in(), request.form.get("run", ""))
        if any(each.problem or each.left_alone for each in done):
            flash(gettext("Some of it was changed again since, and stays as it is. The rest is taken back."), "warn")
        else:
            flash(gettext("It is taken back."), "good")
        return redirect(safe_path(request.form.get("back")), code=303)

    return Topic(pages)
