"""Requests of one account with its token, which is renewed when it ends."""

from collections.abc import Callable, Mapping
from functools import partial

from bridge.errors import SignInNeeded
from bridge.http import Answer, Http, Query
from bridge.providers.oauth import CodeFlow
from bridge.providers.token import Token, read_token, write_token


class Account:
    """The token of one account. ``keep`` stores it whenever it was renewed; no request is sent before one is asked."""

    def __init__(self, secret: str, keep: Callable[[str], None], flow: CodeFlow) -> None:
        self._secret = secret
        self._keep = keep
        self._token: Token | None = None
        self._flow = flow

    @property
    def http(self) -> Http:
        """What sends the requests."""
        return self._flow.http

    @property
    def token(self) -> Token:
        """What is stored, or was renewed since. Raises ``SignInNeeded`` for what is no token."""
        if self._token is None:
            known = self._flow.authority
            self._token = read_token(self._secret, known.name, known.reconnect)
        return self._token

    def send(
        self,
        method: str,
        url: str,
        query: Query,
        body: object,
        headers: Mapping[str, str],
        data: bytes | None = None,
    ) -> Answer:
        """Send a request with an access token that is good, as far as anybody knows. ``data`` is a body as it is.

        Raises ``SignInNeeded``, ``PermissionMissing`` and ``TemporaryError``; any status but 401 is an answer.
        """
        if self.token.is_stale(self._flow.clock.now()):
            self._renew()
        once = partial(self._once, method, url, query, body, headers, data)
        answer = once()
        if answer.status == 401 and self.renew():
            answer = once()
        if answer.status == 401:
            known = self._flow.authority
            text = f"{known.name} no longer accepts the sign-in."
            raise SignInNeeded(text, remote=known.name, remedy=known.reconnect)
        return answer

    def renew(self) -> bool:
        """Get another access token, if there is anything to get it with. Raises what ``send`` does."""
        if self.token.refresh_token:
            self._renew()
        return bool(self.token.refresh_token)

    def _once(
        self, method: str, url: str, query: Query, body: object, headers: Mapping[str, str], data: bytes | None
    ) -> Answer:
        token = self.token.access_token
        return self.http.send(method, url, query=query, body=body, data=data, headers=headers, token=token)

    def _renew(self) -> None:
        self._token = self._flow.refresh(self.token)
        self._keep(write_token(self._token))
