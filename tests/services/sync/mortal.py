"""A process that can be killed at a chosen moment, without a process: whatever it does next leaves nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy.orm import Session

from bridge.providers.memory.misbehaviour import Moment
from bridge.store.database import Database


class Killed(BaseException):
    """The end of the process that is pretended. No code may catch it."""


@dataclass
class Doom:
    """Which commit is the last thing that happens, or that does not happen any more."""

    left: int
    moment: Moment


class MortalDatabase(Database):
    """The database as one process sees it: once that is dead, none of its sessions opens, so that it tidies nothing up.

    ``deaths`` counts how often it died.
    """

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.deaths = 0
        self._dead = False
        self._doom: Doom | None = None

    def doom(self, nth: int, moment: Moment) -> None:
        """Let the process die right before or right after so many commits from now."""
        self._doom = Doom(nth, moment)

    def die(self) -> None:
        """Kill the process here and now."""
        self._dead = True
        self.deaths += 1
        raise Killed

    def revive(self) -> None:
        """Start another process."""
        self._dead = False
        self._doom = None

    @contextmanager
    def read(self) -> Iterator[Session]:
        self._check()
        with super().read() as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        self._check()
        with super().write() as session:
            yield session
            self._meet(Moment.BEFORE)
        self._meet(Moment.AFTER)

    def _check(self) -> None:
        if self._dead:
            raise Killed

    def _meet(self, moment: Moment) -> None:
        if self._doom is None:
            return
        if moment is Moment.BEFORE:
            self._doom.left -= 1
        if self._doom.left <= 0 and self._doom.moment is moment:
            self.die()
