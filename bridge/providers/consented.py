"""Accounts at services whose users consent on a page of theirs: what their connectors and providers have in common."""

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from bridge.errors import PermissionMissing
from bridge.http import Http
from bridge.network import Reach
from bridge.ports import Clock, Registration, SignIn
from bridge.providers.oauth import Authority, CodeFlow
from bridge.providers.signed_in import Account

I = TypeVar("I")  # noqa: E741 - what an installation is at the service


class ConsentedConnector(ABC, Generic[I]):
    """Opens accounts. The secret of a sign-in is the token as JSON (see ``token.py``).

    ``registered`` is what an administrator has entered on the page, which wins over the client of ``installation``.
    """

    def __init__(
        self,
        installation: I,
        clock: Clock,
        reach: Reach | None = None,
        registered: Callable[[], Registration | None] = lambda: None,
    ) -> None:
        self._known = installation
        self._clock = clock
        self._reach = reach or Reach()
        self._registered = registered

    def oauth(self) -> CodeFlow:
        """What sends browsers to the service."""
        known = self._installation
        authority = self._authority(known)
        return CodeFlow(authority, Http(authority.name, self._addresses(known), self._reach), self._clock)

    @property
    def _installation(self) -> I:
        """Looked up anew each time: it may have been changed on the page."""
        found = self._registered()
        return self._with(self._known, found) if found else self._known

    @abstractmethod
    def _authority(self, known: I) -> Authority:
        """The service that users consent at."""

    @abstractmethod
    def _addresses(self, known: I) -> Sequence[str]:
        """Where credentials may go."""

    @abstractmethod
    def _with(self, known: I, found: Registration) -> I:
        """The same installation as the client that was entered on the page."""


class ConsentedProvider:
    """One account. ``keep`` stores its token whenever it was renewed."""

    def __init__(self, sign_in: SignIn, keep: Callable[[str], None], flow: CodeFlow) -> None:
        self._sign_in = sign_in
        self._authority = flow.authority
        self._clock = flow.clock
        self._account = Account(sign_in.secret, keep, flow)

    @property
    def requests(self) -> int:
        """How many requests were sent so far."""
        return self.methods.total()

    @property
    def methods(self) -> Counter[str]:
        """How many of these there were of each method."""
        return self._account.http.methods

    def close(self) -> None:
        """Close all connections."""
        self._account.http.close()

    def _lacks(self, wanted: Sequence[str]) -> bool:
        """Whether one of these scopes was certainly not given. A token that names none may have them all."""
        return self._refusal(wanted) is not None

    def _must(self, wanted: Sequence[str]) -> None:
        """Raise ``PermissionMissing`` when one of these scopes was not given."""
        if error := self._refusal(wanted):
            raise error

    def _refusal(self, wanted: Sequence[str]) -> PermissionMissing | None:
        granted = self._account.token.scopes
        return self._authority.lacking(granted, wanted) if granted else None
