"""What the page needs of the rest of the program."""

from typing import TYPE_CHECKING, Protocol

from bridge.ports import Clock
from bridge.services.devices import Devices
from bridge.services.feeds import Feeds
from bridge.services.identities import Identities
from bridge.services.login_flow import LoginFlows
from bridge.services.onboarding import Onboarding
from bridge.services.principals import Principals
from bridge.services.profile_signing import ProfileSigner
from bridge.services.profiles import Profiles
from bridge.services.redrawing import Redraws
from bridge.services.self_test import SelfTest
from bridge.services.signing_in import SigningIn
from web.crm_services import CrmServices
from web.sync_services import SyncServices

if TYPE_CHECKING:  # most installations never need its library
    from bridge.services.openid import OpenId


class Services(SyncServices, CrmServices, Protocol):
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
    def openid(self) -> "OpenId | None":
        """The company's OpenID Connect provider, if there is one."""

    @property
    def identities(self) -> Identities:
        """Who is who at that provider."""

    @property
    def principals(self) -> Principals:
        """Users and their choices."""

    @property
    def profiles(self) -> Profiles:
        """How the page speaks to users."""

    @property
    def redraws(self) -> Redraws:
        """What is drawn again in the background."""

    @property
    def devices(self) -> Devices:
        """App passwords."""

    @property
    def feeds(self) -> Feeds:
        """The calendars for programs that only subscribe."""

    @property
    def onboarding(self) -> Onboarding:
        """One-time links that set up devices."""

    @property
    def login_flows(self) -> LoginFlows:
        """Programs that ask for an app password by way of the browser."""

    @property
    def profile_signer(self) -> ProfileSigner:
        """Signs configuration profiles of Apple."""

    @property
    def self_test(self) -> SelfTest:
        """Looks at this server as clients do."""

    def ready(self) -> None:
        """Return when requests can be answered; raise ``BridgeError`` with a sentence when not."""
