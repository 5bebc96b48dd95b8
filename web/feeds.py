"""Subscribed calendars: ``/feeds/<secret>/activities.ics`` (R26)."""

from tempfile import SpooledTemporaryFile

from flask import Blueprint, Response, request
from werkzeug.wsgi import FileWrapper

from bridge.config import Config
from bridge.errors import NotFound, TemporaryError
from bridge.services.feeds import Feeds, Subscription
from web.services import Services
from web.topics import Access, Topic

_IN_MEMORY = 1_000_000  # octets; a larger calendar waits for a slow client in a file
_PORTION = 65_536


def topic(services: Services, _config: Config) -> Topic:
    """Answer GET and HEAD, with an entity tag and 304. What is no feed, or no longer, is a 404 like any other."""
    pages = Blueprint("feeds", __name__)

    @pages.route("/feeds/<secret>/activities.ics", methods=["GET"], provide_automatic_options=False)
    def activities(secret: str) -> Response:
        try:
            return _answer(services.feeds, services.feeds.find(secret))
        except NotFound as error:
            return _plain(str(error), 404)
        except TemporaryError as error:
            response = _plain(f"{error} {error.remedy}".strip(), 503)
            response.headers["Retry-After"] = "5"
            return response

    return Topic(pages, Access.PUBLIC)


def _answer(feeds: Feeds, subscription: Subscription) -> Response:
    response = Response(iter(()), content_type="text/calendar; charset=utf-8")
    response.set_etag(subscription.collection.etag)
    response.last_modified = subscription.collection.modified_at
    response.headers["Cache-Control"] = "private"
    response.make_conditional(request)
    if response.status_code == 200 and request.method == "GET":
        _fill(response, feeds, subscription)
    return response


def _fill(response: Response, feeds: Feeds, subscription: Subscription) -> None:
    """The database is let go before the first octet leaves: no client is slow enough to hold it."""
    file = SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115 - closed with the response
    response.call_on_close(file.close)
    try:
        feeds.write(subscription, file)
    except BaseException:
        file.close()
        raise
    response.content_length = file.tell()
    file.seek(0)
    response.response = FileWrapper(file, _PORTION)
    response.direct_passthrough = True


def _plain(text: str, status: int) -> Response:
    response = Response(f"{text}\n", status=status, mimetype="text/plain")
    response.headers["Cache-Control"] = "no-store"
    return response
