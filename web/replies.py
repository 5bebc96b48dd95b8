"""Answers that several topics give."""

from flask import Response, flash, jsonify, redirect, request
from flask_babel import gettext
from werkzeug.wrappers import Response as WerkzeugResponse
from wtforms import Form

from web.links import safe_path

_TITLE = 60  # characters


def titled(title: str) -> str:
    """A title, short enough for a message: what is flashed goes into the cookie, which holds 4 kB."""
    return title if len(title) <= _TITLE else f"{title[: _TITLE - 1]}…"


def wants_json() -> bool:
    """Whether our own script asks, which shows the answer in the page."""
    return request.headers.get("X-Requested-With") == "fetch"


def saved(target: str, text: str = "", *, reload: bool = False) -> WerkzeugResponse:
    """Say that a change is saved: in place to the script, and on the page ``target`` to everybody else (R4).

    ``reload``: the page has more to show now, so that the script fetches it again.
    """
    said = text or gettext("Saved.")
    if wants_json():
        return jsonify({"message": said} | ({"reload": True} if reload else {}))
    flash(said, "good")
    return redirect(safe_path(target), code=303)


def refused(form: Form) -> Response | None:
    """Tell the script which fields are wrong; nothing to everybody else, who get the form again."""
    if not wants_json():
        return None
    response = jsonify(
        message=gettext("Not saved."), errors={field.name: field.errors for field in form if field.errors}
    )
    response.status_code = 422
    return response
