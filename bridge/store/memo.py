"""Remember within a transaction what several steps of one use case ask for, and what nobody else can change."""

from collections.abc import Callable, Hashable
from typing import TypeVar, cast

from sqlalchemy.orm import Session

Found = TypeVar("Found")

_KEY = "davbridge_remembered"


def remembered(session: Session, key: Hashable, load: Callable[[], Found]) -> Found:
    """What ``load`` found the first time that this session asked for ``key``."""
    known: dict[Hashable, object] = session.info.setdefault(_KEY, {})
    if key not in known:
        known[key] = load()
    return cast("Found", known[key])


def forget(session: Session) -> None:
    """Forget everything: the session itself has changed something."""
    session.info.pop(_KEY, None)
