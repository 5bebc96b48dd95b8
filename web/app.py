"""The Flask application: what every page shares, and the topics."""

from collections.abc import Callable

from flask import Flask
from jinja2 import StrictUndefined

from bridge.config import Config
from web import (
    access,
    accounts,
    activities,
    admin,
    company,
    consents,
    contacts,
    devices,
    duplicates,
    feeds,
    health,
    hooks,
    journal,
    landing,
    languages,
    layout,
    login_flow,
    monitors,
    onboarding,
    preferences,
    problems,
    profile,
    protection,
    redraws,
    signing_in,
    undoing,
    why,
)
from web.inputs import Number
from web.services import Services
from web.topics import Topic

# One line for each topic.
TOPICS: tuple[Callable[[Services, Config], Topic], ...] = (
    landing.topic,
    monitors.topic,
    feeds.topic,
    hooks.topic,
    signing_in.topic,
    company.topic,
    profile.topic,
    accounts.topic,
    consents.topic,
    health.topic,
    journal.topic,
    why.topic,
    activities.topic,
    contacts.topic,
    duplicates.topic,
    preferences.topic,
    redraws.topic,
    admin.topic,
    undoing.topic,
    devices.topic,
    onboarding.topic,
    login_flow.topic,
    login_flow.consent,
)


def create_app(services: Services, config: Config) -> Flask:
    """Build the page. Nothing is kept outside the returned application."""
    app = Flask(__name__)
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    forgery = protection.install(app, config, services.cookie_key)
    languages.install(app, config)
    app.url_map.converters["int"] = Number
    topics = tuple(make(services, config) for make in TOPICS)
    for topic in topics:
        app.register_blueprint(topic.blueprint)
        if topic.machines:
            forgery.exempt(topic.blueprint)
    access.install(app, services, topics)
    layout.install(app, services, config, topics)
    problems.install(app)
    return app
