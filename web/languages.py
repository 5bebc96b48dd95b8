"""Which language and time zone a page speaks (R29)."""

from collections.abc import Mapping
from types import MappingProxyType

from flask import Flask, request
from flask_babel import Babel

from bridge.config import Config
from web.access import current_user
from web.catalogs import Catalogs

LANGUAGES: Mapping[str, str] = MappingProxyType(
    {"en": "English", "lv": "Latviešu", "pl": "Polski", "ru": "Русский", "sv": "Svenska"}
)
COOKIE = "language"
COOKIE_SECONDS = 365 * 24 * 3600


def install(app: Flask, config: Config) -> None:
    """Choose for each request: what the user has set, else the browser's cookie, else what the browser prefers."""

    def language() -> str:
        user = current_user()
        if user is not None and user.language in LANGUAGES:
            return user.language
        chosen = request.cookies.get(COOKIE, "")
        return chosen if chosen in LANGUAGES else preferred(config.web.language)

    def time_zone() -> str:
        user = current_user()
        return user.time_zone if user is not None else config.web.time_zone

    babel = Babel(
        app,
        default_locale=config.web.language,
        default_timezone=config.web.time_zone,
        locale_selector=language,
        timezone_selector=time_zone,
    )
    babel.domain_instance = Catalogs()


def preferred(default: str) -> str:
    """What the browser prefers of our languages."""
    return request.accept_languages.best_match(list(LANGUAGES), default) or default
