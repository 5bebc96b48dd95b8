"""How the page speaks to a user: language and time zone."""

from dataclasses import replace

from bridge.errors import Invalid, NotFound
from bridge.ports import Clock
from bridge.services.principals import Principals
from bridge.store import accounts
from bridge.store.database import Database

LANGUAGES = ("en", "lv", "ru", "pl", "sv")


class Profiles:
    """Choices that only the page knows of, and those that calendars are drawn by."""

    def __init__(self, database: Database, clock: Clock, principals: Principals) -> None:
        self._database = database
        self._clock = clock
        self._principals = principals

    def speak(self, login: str, language: str, time_zone: str = "") -> None:
        """Choose the language, and the time zone unless it is empty. Raises ``Invalid`` or ``NotFound``.

        A new time zone draws every calendar of the user anew; a new language does not.
        """
        if language not in LANGUAGES:
            raise Invalid(f"This page does not speak “{language}”.")
        user = self._principals.find(login)
        if time_zone and time_zone != user.time_zone:
            self._principals.change(login, lambda before: replace(before, language=language, time_zone=time_zone))
            return
        with self._database.write() as session:
            found = accounts.user_by_login(session, login)
            if found is None:
                raise NotFound(f"There is no user “{login}”.")
            accounts.save_user(session, replace(found, language=language), now=self._clock.now())
