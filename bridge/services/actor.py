"""Who does something, and through what."""

from dataclasses import dataclass

from bridge.store.models.journal import Source


@dataclass(frozen=True, slots=True)
class Actor:
    """A user acting through a device, the page or the command line.

    ``user_id`` is ``None`` for the system itself. ``client`` is the User-Agent or the name of the program. ``run``
    groups the changes of one import, sync run or undo.
    """

    user_id: int | None
    source: Source
    device_id: int | None = None
    client: str = ""
    run: str | None = None
