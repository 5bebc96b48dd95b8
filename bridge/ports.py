"""The ports: what the services need from outside, as Protocols whose prose is the contract."""

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """Where time enters."""

    def now(self) -> datetime:
        """The present moment, aware, in UTC."""
        ...
