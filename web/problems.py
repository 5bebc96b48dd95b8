"""Pages for what went wrong: what happened, and what to do."""

from flask import Flask, Response, jsonify, make_response, render_template
from flask_babel import gettext
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import BadHost, HTTPException

from bridge.errors import (
    BridgeError,
    Conflict,
    DangerousPlan,
    Invalid,
    MappingError,
    NotAllowed,
    NotFound,
    PreconditionFailed,
    RemoteError,
    TemporaryError,
    TooManyTries,
)
from web import sentences
from web.replies import wants_json

_STATUSES: tuple[tuple[type[BridgeError], int], ...] = (
    (NotFound, 404),
    (NotAllowed, 403),
    (Conflict, 409),
    (DangerousPlan, 409),
    (Invalid, 400),
    (MappingError, 400),
    (TooManyTries, 429),
    (PreconditionFailed, 409),
    (TemporaryError, 503),
    (RemoteError, 502),
)


def install(app: Flask) -> None:
    """Show errors as pages. A bug is logged with its traceback by Flask itself, and told without it."""
    app.register_error_handler(BridgeError, _told)
    app.register_error_handler(CSRFError, _forged)
    app.register_error_handler(HTTPException, _http)


def status_of(error: BridgeError) -> int:
    """The HTTP status of an error."""
    return next((status for kind, status in _STATUSES if isinstance(error, kind)), 500)


def _told(error: BridgeError) -> Response:
    status = status_of(error)
    if status == 404:  # the same for what never was and for what is somebody else's
        return _page(404, _title(404), gettext("There is no such page, or it is not yours to see."))
    response = _page(status, _title(status), *_words(error))
    wait = getattr(error, "retry_after", None)
    if wait is not None:
        response.headers["Retry-After"] = str(int(wait.total_seconds()))
    return response


def _words(error: BridgeError) -> tuple[str, str]:
    """What happened and what to do, in the user's language as far as it is known there: plain text for the script."""
    speak = sentences.plainly if wants_json() else sentences.said
    return speak(str(error)), speak(error.remedy)


def _forged(_error: CSRFError) -> Response:
    explanation = gettext("The form was too old, or it did not come from this page.")
    return _page(400, gettext("Please try again"), explanation, gettext("Go back, load the page again, and repeat."))


def _http(error: HTTPException) -> Response:
    status = error.code or 500
    if status < 400 or isinstance(error, BadHost):  # a page has links, which a host that is none cannot have
        return make_response(error.get_response())
    response = _page(status, _title(status), _explanation(status))
    for name, value in error.get_headers():
        if name.lower() not in {"content-type", "content-length"}:
            response.headers[name] = value
    return response


def _title(status: int) -> str:
    titles: dict[int, str] = {
        403: gettext("Not allowed"),
        404: gettext("Not found"),
        405: gettext("That does not work here"),
        413: gettext("Too large"),
        429: gettext("Too many tries"),
        502: gettext("Another server is in trouble"),
        503: gettext("Not just now"),
        500: gettext("Something unexpected happened"),
    }
    return titles.get(status) or str(gettext("That did not work"))


def _explanation(status: int) -> str:
    explanations: dict[int, str] = {
        404: gettext("There is no such page, or it is not yours to see."),
        413: gettext("What was sent is larger than this server takes."),
        500: gettext("It is written to the log of the server. Try again, or tell your administrator when it happened."),
    }
    return explanations.get(status) or str(gettext("The server could not make sense of the request."))


def _page(status: int, title: str, text: str, remedy: str = "") -> Response:
    if wants_json():
        response = jsonify(message=" ".join(filter(None, (text, remedy))))
    else:
        response = make_response(render_template("problem.html", title=title, text=text, remedy=remedy))
    response.status_code = status
    return response
