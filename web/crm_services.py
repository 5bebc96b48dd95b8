"""What the pages about activities, contacts and administration need of the rest of the program."""

from typing import Protocol

from bridge.services.activities import Activities
from bridge.services.activity_desk import ActivityDesk
from bridge.services.activity_types import ActivityTypes
from bridge.services.administration import Administration
from bridge.services.audit import Audit
from bridge.services.contact_desk import ContactDesk
from bridge.services.duplicates import Duplicates
from bridge.services.oauth_clients import OAuthClients
from bridge.services.taking_back import TakingBack


class CrmServices(Protocol):
    """The use cases of the CRM's own pages."""

    @property
    def activities(self) -> Activities:
        """Activities, and their types."""

    @property
    def desk(self) -> ActivityDesk:
        """What users do with activities."""

    @property
    def contact_desk(self) -> ContactDesk:
        """What users do with contacts."""

    @property
    def duplicates(self) -> Duplicates:
        """Contacts that may be one."""

    @property
    def administration(self) -> Administration:
        """Users, and what is decided for everybody."""

    @property
    def types(self) -> ActivityTypes:
        """The company's activity types."""

    @property
    def oauth_clients(self) -> OAuthClients:
        """Our registrations at providers."""

    @property
    def audit(self) -> Audit:
        """What administrators did."""

    @property
    def taking_back(self) -> TakingBack:
        """Undo of what one has just done."""
