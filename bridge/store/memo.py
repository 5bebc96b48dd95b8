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


def remember(session: Session, key: Hashable, found: object) -> None:
    """Remember what another statement has found along the way."""
    session.info.setdefault(_KEY, {})[key] = found


def known(session: Session, key: Hashable) -> bool:
    """Whether the answer to ``key`` is remembered."""
    return key in session.info.get(_KEY, ())


def forget(session: Session, *keys: Hashable) -> None:
    """Forget these, or else everything: the session itself has changed something."""
    if not keys:
        session.info.pop(_KEY, None)
    for key in keys:
        session.info.get(_KEY, {}).pop(key, None)
