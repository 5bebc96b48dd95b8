"""What every import shares: objects that are stored one by one, and what became of each."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from sqlalchemy.orm import Session

from bridge.core.user import User
from bridge.errors import BridgeError, TemporaryError
from bridge.ports import Clock
from bridge.services.actor import Actor
from bridge.services.principals import Principals
from bridge.services.resources import Resources
from bridge.services.settings import Settings
from bridge.store.database import Database

CLIENT = "davbridge import"
_STAMPS = ("DTSTAMP", "LAST-MODIFIED", "REV", "PRODID", "CALSCALE")
Progress = Callable[[int, int], None]


class Outcome(StrEnum):
    """What became of one object of a file."""

    STORED = "stored"
    UNCHANGED = "unchanged"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Result:
    """One object of a file. ``what`` names it for people, with its line where that helps."""

    what: str
    outcome: Outcome
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import did. ``run`` takes back everything that was stored."""

    run: str
    results: tuple[Result, ...]

    def count(self, outcome: Outcome) -> int:
        """How many objects had this outcome."""
        return sum(result.outcome is outcome for result in self.results)


@dataclass(frozen=True, slots=True)
class Importing:
    """What the parts of an import share."""

    database: Database
    clock: Clock
    settings: Settings
    resources: Resources
    principals: Principals
    owner: User
    actor: Actor


class Piece(Protocol):
    """One object of a file on its way in."""

    @property
    def what(self) -> str:
        """What people call it."""
        ...

    def store(self, session: Session) -> None:
        """Write it. Raises what is wrong with it, in a sentence."""
        ...

    def look(self, session: Session) -> object:
        """What there is of it now, less time stamps, to tell whether anything changed."""
        ...


class Unchanged(Exception):
    """Nothing would change."""


def store_all(database: Database, pieces: Sequence[Piece], progress: Progress) -> list[Result]:
    """Store each piece in a transaction of its own; one that is refused does not hinder the others."""
    results = []
    for number, piece in enumerate(pieces, 1):
        results.append(_store(database, piece))
        progress(number, len(pieces))
    return results


def refused(what: str, error: BridgeError) -> Result:
    """Say why an object was not taken."""
    return Result(what, Outcome.REFUSED, " ".join(filter(None, (str(error), error.remedy))))


def stable(text: str) -> str:
    """A calendar or card text without the lines that tell only when and by which program it was written."""
    kept = []
    skipping = False
    for line in text.splitlines():
        folded = line[:1] in {" ", "\t"}
        skipping = skipping if folded else line.upper().startswith(_STAMPS)
        if not skipping:
            kept.append(line)
    return "\n".join(kept)


def _store(database: Database, piece: Piece) -> Result:
    try:
        _write(database, piece)
    except Unchanged:
        return Result(piece.what, Outcome.UNCHANGED)
    except TemporaryError:
        raise
    except BridgeError as error:
        return refused(piece.what, error)
    return Result(piece.what, Outcome.STORED)


def _write(database: Database, piece: Piece) -> None:
    """Write the piece, and roll back if that has changed nothing."""
    with database.write() as session:
        before = piece.look(session)
        piece.store(session)
        if piece.look(session) == before:
            raise Unchanged
