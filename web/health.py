"""Addresses for monitors, which tell whether the process lives and can work."""

from flask import Blueprint, Response

from bridge.errors import BridgeError
from web.services import Services


def blueprint(services: Services) -> Blueprint:
    """``/healthz`` answers while the process lives; ``/readyz`` answers 503 with a sentence when it cannot work."""
    health = Blueprint("health", __name__)

    @health.get("/healthz")
    def alive() -> Response:
        return _plain("alive", 200)

    @health.get("/readyz")
    def ready() -> Response:
        try:
            services.ready()
        except BridgeError as error:
            return _plain(str(error), 503)
        return _plain("ready", 200)

    return health


def _plain(text: str, status: int) -> Response:
    response = Response(text + "\n", status=status, mimetype="text/plain")
    response.headers["Cache-Control"] = "no-store"
    return response
