"""The Flask application: settings, language, security headers and the blueprints."""

from flask import Flask, Response
from flask_babel import Babel
from jinja2 import StrictUndefined

from bridge.config import Config
from web import feeds, health, landing
from web.services import Services

_HEADERS = {
    # All that a page may load are our own style sheets and pictures: there are no scripts.
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
}


def create_app(services: Services, config: Config) -> Flask:
    """Build the page. Nothing is kept outside the returned application."""
    app = Flask(__name__)
    app.config["MAX_CONTENT_LENGTH"] = config.server.max_body
    app.jinja_env.undefined = StrictUndefined
    Babel(app, default_locale=config.web.language, default_timezone=config.web.time_zone)
    app.register_blueprint(landing.blueprint(config))
    app.register_blueprint(health.blueprint(services))
    app.register_blueprint(feeds.blueprint(services))
    app.after_request(_protect)
    return app


def _protect(response: Response) -> Response:
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
    return response
