"""``/hooks/<provider>``: where services tell that something changed. Asked by machines, without session and token."""

from flask import Blueprint, Response, request

from bridge.config import Config
from bridge.errors import BridgeError, Invalid, NotFound
from web.problems import status_of
from web.services import Services
from web.topics import Access, Topic

_LATER = "30"  # seconds


def topic(services: Services, _config: Config) -> Topic:
    """Take messages. A channel or token that is not ours is a 404 like any other, and tells nothing."""
    pages = Blueprint("hooks", __name__)

    @pages.post("/hooks/<provider>")
    def hear(provider: str) -> Response:
        try:
            return _heard(services, provider)
        except BridgeError as error:
            return _failed(error)

    return Topic(pages, Access.PUBLIC, machines=True)


def _heard(services: Services, provider: str) -> Response:
    hook = services.push.hook(provider)
    headers = {name.lower(): text for name, text in request.headers.items()}
    found = hook.read(request.args.to_dict(), headers, _body(hook.largest))
    if isinstance(found, str):
        return _plain(found, 200)
    services.push.hear_all(provider, found)
    return _plain("", 204)


def _body(largest: int) -> bytes:
    """What was sent, unless it is larger than anything that makes sense."""
    body = request.stream.read(largest + 1)
    if len(body) > largest:
        raise Invalid("This is too large for a message.")
    return body


def _failed(error: BridgeError) -> Response:
    status = status_of(error)
    response = _plain("" if isinstance(error, NotFound) else str(error), status)
    if status == 503:
        response.headers["Retry-After"] = _LATER
    return response


def _plain(text: str, status: int) -> Response:
    response = Response(f"{text}", status=status, mimetype="text/plain")
    response.headers["Cache-Control"] = "no-store"
    return response
