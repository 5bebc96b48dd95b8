"""What the page needs of the rest of the program."""

from typing import Protocol


class Services(Protocol):
    """The use cases that the page offers."""

    def ready(self) -> None:
        """Return when requests can be answered; raise ``BridgeError`` with a sentence when not."""
