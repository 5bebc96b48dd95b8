"""What the pages about accounts and syncs need of the rest of the program."""

from typing import Protocol

from bridge.services.account_finding import AccountFinding
from bridge.services.activities import Activities
from bridge.services.asking import Asking
from bridge.services.chronicle import Chronicle
from bridge.services.company_options import CompanyOptions
from bridge.services.connections import Connections
from bridge.services.consents import Consents
from bridge.services.push import Push
from bridge.services.queue import Queue
from bridge.services.sync.deciding import Deciding
from bridge.services.sync.resolving import Resolving
from bridge.services.sync.run import Sync
from bridge.services.troubles import Troubles


class SyncServices(Protocol):
    """The use cases of connections, their syncs, and the journal."""

    @property
    def activities(self) -> Activities:
        """Activities and their types."""

    @property
    def connections(self) -> Connections:
        """Accounts elsewhere."""

    @property
    def company(self) -> CompanyOptions:
        """What is decided for everybody."""

    @property
    def finding(self) -> AccountFinding:
        """Which kind of account an address belongs to."""

    @property
    def consents(self) -> Consents:
        """Accounts that are connected on their service's own page."""

    @property
    def sync(self) -> Sync:
        """Runs and previews."""

    @property
    def queue(self) -> Queue:
        """Runs that wait for a worker."""

    @property
    def push(self) -> Push:
        """What remotes tell us by."""

    @property
    def troubles(self) -> Troubles:
        """What did not go well."""

    @property
    def resolving(self) -> Resolving:
        """Conflicts that wait for a choice."""

    @property
    def deciding(self) -> Deciding:
        """Answers to the mass-delete guard."""

    @property
    def chronicle(self) -> Chronicle:
        """The journal."""

    @property
    def asking(self) -> Asking:
        """Why something is there, or not."""
