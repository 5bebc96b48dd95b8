"""Addresses for monitors, which tell whether the process lives and can work."""

from flask import Blueprint, Response

from bridge.config import Config
from bridge.errors import BridgeError
from web.services import Services
from web.topics import Access, Topic


def topic(services: Services, _config: Config) -> Topic:
    """``/healthz`` answers while the process lives; ``/readyz`` answers 503 with a sentence when it cannot work."""
    monitors = Blueprint("monitors", __name__)

    @monitors.get("/healthz")
    def alive() -> Response:
        return _plain("alive", 200)

    @monitors.get("/readyz")
    def ready() -> Response:
        try:
            services.ready()
        except BridgeError as error:
            return _plain(str(error), 503)
        return _plain("ready", 200)

    return Topic(monitors, Access.PUBLIC)


def _plain(text: str, status: int) -> Response:
    response = Response(text + "\n", status=status, mimetype="text/plain")
    response.headers["Cache-Control"] = "no-store"
    return response
