"""What the page needs of the rest of the program."""

from typing import Protocol

from bridge.services.feeds import Feeds


class Services(Protocol):
    """The use cases that the page offers."""

    @property
    def feeds(self) -> Feeds:
        """The calendars for programs that only subscribe."""

    def ready(self) -> None:
        """Return when requests can be answered; raise ``BridgeError`` with a sentence when not."""
