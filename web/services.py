"""What the page needs of the rest of the program."""

from typing import Protocol

from bridge.ports import Clock
from bridge.services.devices import Devices
from bridge.services.feeds import Feeds
from bridge.services.principals import Principals
from bridge.services.profiles import Profiles
from bridge.services.signing_in import SigningIn


class Services(Protocol):
    """The use cases that the page offers."""

    @property
    def clock(self) -> Clock:
        """The time."""

    @property
    def cookie_key(self) -> bytes:
        """The secret that signs the page's cookie."""

    @property
    def signing_in(self) -> SigningIn:
        """Who is signed in to the page."""

    @property
    def principals(self) -> Principals:
        """Users and their choices."""

    @property
    def profiles(self) -> Profiles:
        """How the page speaks to users."""

    @property
    def devices(self) -> Devices:
        """App passwords."""

    @property
    def feeds(self) -> Feeds:
        """The calendars for programs that only subscribe."""

    def ready(self) -> None:
        """Return when requests can be answered; raise ``BridgeError`` with a sentence when not."""
