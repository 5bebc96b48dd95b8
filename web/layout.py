"""What the templates can use besides the values that a view gives them."""

from datetime import datetime, timedelta

from flask import Flask
from flask_babel import format_datetime, format_decimal, format_timedelta, get_locale, gettext

from bridge.config import Config
from web.access import current_user
from web.languages import LANGUAGES
from web.links import here
from web.services import Services
from web.topics import Frame, Topic

_JUST_NOW = timedelta(minutes=1)


def install(app: Flask, services: Services, config: Config, topics: tuple[Topic, ...]) -> None:
    """Give the templates the frame of the page, and words for times."""
    frame = Frame(topics)

    def ago(moment: datetime) -> str:
        """How long ago something was, or how soon it will be, in words."""
        step = moment - services.clock.now()
        if abs(step) < _JUST_NOW:
            return str(gettext("just now") if step <= timedelta() else gettext("in a moment"))
        return str(format_timedelta(step, add_direction=True, threshold=1.1))

    app.jinja_env.filters.update(ago=ago, moment=moment, number=format_decimal)
    app.jinja_env.globals.update(
        installation=config.web.title,
        frame=frame,
        languages=LANGUAGES,
        current_user=current_user,
        here=here,
        page_language=lambda: str(get_locale()),
    )


def moment(value: datetime) -> str:
    """A date and a time of day in the user's language and time zone."""
    return str(format_datetime(value, "medium"))
