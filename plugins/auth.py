"""Radicale's auth plugin: app passwords (R25)."""

from typing import Protocol

from radicale import config
from radicale.auth import AuthContext, BaseAuth

from bridge.services.devices import SignedIn
from plugins.context import current_request


class SignIn(Protocol):
    """Checks app passwords."""

    def sign_in(self, login: str, password: str, client: str, address: str = "") -> SignedIn | None:
        """Who has this password, if anybody. Raises ``TooManyTries``."""


class Auth(BaseAuth):
    """Signs devices in. The login may be the user's e-mail address (RFC 6764 6)."""

    def __init__(self, configuration: config.Configuration, devices: SignIn) -> None:
        super().__init__(configuration)
        self._devices = devices

    def _login_ext(self, login: str, password: str, context: AuthContext) -> str:
        request = current_request()
        request.signed_in = self._devices.sign_in(login, password, request.user_agent, context.remote_addr or "")
        return request.signed_in.user.login if request.signed_in else ""

    def _sleep_for_constant_exec_time(self, time_ns_begin: int) -> None:
        """Do not sleep.

        Radicale would let every failed sign-in take as long as the longest ever did, and keep a thread all the while.
        Here an unknown login and a wrong password take the same path, and who fails too often is refused at once.
        """
