"""Numbers in addresses; fields for days, times and numbers, whose mistakes are told in the user's language."""

from collections.abc import Callable
from datetime import date, time, timedelta
from typing import Any

from flask_babel import gettext
from werkzeug.routing import IntegerConverter, Map
from wtforms import IntegerField, StringField
from wtforms.fields import Field
from wtforms.widgets import DateInput, NumberInput, TimeInput

from web.forms import AtMost, OneLine

LARGEST = 2**31 - 1


class Number(IntegerConverter):
    """A number in an address that the database can hold; a larger one is the address of nothing."""

    def __init__(self, url_map: Map, *args: Any, **options: Any) -> None:
        super().__init__(url_map, *args, **{"max": LARGEST, **options})


class _Read(Field):
    """A field whose text means something. ``data`` is that, or nothing; what cannot be read is shown again."""

    read: Callable[[str], Any]
    problem: Callable[[], str]

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read what was sent."""
        text = valuelist[0].strip() if valuelist else ""
        self.data = None
        if not text:
            return
        try:
            self.data = type(self).read(text)
        except (ValueError, OverflowError):
            raise ValueError(type(self).problem()) from None

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        return self.written(self.data) if self.data is not None else ""

    def written(self, value: Any) -> str:
        """The text of a value, as the browser's input wants it."""
        return str(value)


class DayField(_Read):
    """A day, or none."""

    widget = DateInput()
    read = date.fromisoformat

    @staticmethod
    def problem() -> str:
        """What is wrong."""
        return str(gettext("A day such as 2026-11-21, please."))


class TimeOfDayField(_Read):
    """A time of day to the minute, or none."""

    widget = TimeInput()

    @staticmethod
    def read(text: str) -> time:
        """Read hours and minutes. Raises ``ValueError``."""
        found = time.fromisoformat(text)
        if found.tzinfo is not None:
            raise ValueError("no zone is wanted")
        return found.replace(second=0, microsecond=0)

    @staticmethod
    def problem() -> str:
        """What is wrong."""
        return str(gettext("A time such as 14:30, please."))

    def written(self, value: time) -> str:
        """Hours and minutes."""
        return f"{value:%H:%M}"


class MinutesField(_Read):
    """A number of minutes as a ``timedelta``, or none."""

    widget = NumberInput(step="1", min=0)

    @staticmethod
    def read(text: str) -> timedelta:
        """Read a whole number. Raises ``ValueError``."""
        if not (text.isascii() and text.isdigit() and len(text) <= 6):
            raise ValueError("no number of minutes")
        return timedelta(minutes=int(text))

    @staticmethod
    def problem() -> str:
        """What is wrong."""
        return str(gettext("A number of minutes, please."))

    def written(self, value: timedelta) -> str:
        """The minutes."""
        return str(int(value.total_seconds() // 60))


class CountField(IntegerField):
    """A whole number between two others."""

    widget = NumberInput(step="1")

    def __init__(self, label: str, least: int, most: int, **options: Any) -> None:
        super().__init__(label, **options)
        self.least, self.most = least, most

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read what was sent."""
        text = valuelist[0].strip() if valuelist else ""
        self.data = int(text) if text.isascii() and text.isdigit() and len(text) <= 9 else None
        if self.data is None or not self.least <= self.data <= self.most:
            limits = {"least": self.least, "most": self.most}
            raise ValueError(gettext("A number from %(least)s to %(most)s, please.", **limits))


def optional_line(label: str, *more: Any, most: int = 255, **options: Any) -> StringField:
    """A text on one line that may be left out, without spaces around it."""
    return StringField(label, [AtMost(most), OneLine(), *more], filters=[_stripped], **options)


def _stripped(value: str | None) -> str:
    return value.strip() if value else ""
