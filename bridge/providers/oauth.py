"""OAuth 2.0 with any service: authorization code with PKCE and state (RFC 6749 4.1, RFC 7636), and refreshing.

What is particular to a service is its ``Authority``.
"""

import base64
import hashlib
import secrets
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field

from bridge.core.scope import FlowKind
from bridge.errors import BridgeError, NotAllowed, PermissionMissing, SignInNeeded, TemporaryError
from bridge.http import Answer, Http, failure, with_query
from bridge.ports import Clock, Trip
from bridge.providers.token import Token, renewed, write_token

_OCTETS = 48
_CLIENT = frozenset(("invalid_client", "unauthorized_client"))
_AGAIN = "Begin again from this page."


@dataclass(frozen=True, slots=True)
class Authority:
    """A service that lets its users consent, and what this installation is there.

    ``name`` is what a reader calls it, ``section`` that of the configuration. ``scopes`` are asked for step by step,
    ``identity`` with each of them, and ``asked`` are further parameters of its page. ``missing`` tells which scopes of
    the second list the first one does not cover, ``words`` what a scope allows. ``policy`` turns an error and its
    description into what an administrator there has to do about it, or into nothing where it is not up to them.
    """

    name: str
    section: str
    client_id: str
    client_secret: str = field(repr=False)
    authorization_url: str
    token_url: str
    scopes: Mapping[FlowKind, Sequence[str]]
    identity: Sequence[str]
    asked: Mapping[str, str]
    reconnect: str
    ask_it: str
    missing: Callable[[Sequence[str], Sequence[str]], list[str]]
    words: Callable[[str], str]
    policy: Callable[[str, str], str]

    def lacking(self, granted: Sequence[str], wanted: Sequence[str]) -> PermissionMissing | None:
        """The error that names every scope that was not given."""
        found = self.missing(granted, wanted)
        if not found:
            return None
        return PermissionMissing(self.named(found), remote=self.name, remedy=self.reconnect)

    def named(self, scopes: Sequence[str]) -> str:
        """Scopes as a reader understands them."""
        return " and ".join(map(self.words, scopes))


class CodeFlow:
    """Sends browsers to a service, trades what they bring back for a token, and renews tokens: a ``ConsentFlow``."""

    def __init__(self, authority: Authority, http: Http, clock: Clock) -> None:
        self.authority = authority
        self.http = http
        self.clock = clock

    @property
    def is_set_up(self) -> bool:
        """See ``ConsentFlow.is_set_up``."""
        return bool(self.authority.client_id)

    def start(self, redirect_uri: str, kinds: Collection[FlowKind], *, address: str = "") -> tuple[str, Trip]:
        """See ``ConsentFlow.start``. Who consents is asked for too, since contacts alone do not tell it."""
        known = self.authority
        wanted = tuple(scope for kind in FlowKind if kind in kinds for scope in known.scopes[kind])
        trip = Trip(secrets.token_urlsafe(_OCTETS), secrets.token_urlsafe(_OCTETS), wanted)
        query = {
            "response_type": "code",
            "client_id": known.client_id,
            "redirect_uri": redirect_uri,
            "scope": " ".join((*trip.wanted, *known.identity)),
            "state": trip.state,
            "code_challenge": challenge(trip.verifier),
            "code_challenge_method": "S256",
            **known.asked,
        }
        hint = {"login_hint": address} if address else {}
        return with_query(known.authorization_url, query | hint), trip

    def finish(self, redirect_uri: str, trip: Trip, answer: Mapping[str, str]) -> str:
        """See ``ConsentFlow.finish``."""
        if not secrets.compare_digest(answer.get("state", "").encode(), trip.state.encode()):
            text = f"Connecting to {self.authority.name} did not work: it was begun in another window."
            raise NotAllowed(text, remedy=_AGAIN)
        if "code" not in answer:
            raise self._denied(answer.get("error", ""), answer.get("error_description", ""), trip)
        form = {
            "grant_type": "authorization_code",
            "code": answer["code"],
            "redirect_uri": redirect_uri,
            "code_verifier": trip.verifier,
        }
        token = self._ask(form, Token(scopes=trip.wanted))
        if error := self.authority.lacking(token.scopes, trip.wanted):
            raise error
        return write_token(token)

    def refresh(self, token: Token) -> Token:
        """A token with a new access token.

        Raises ``SignInNeeded`` when the consent was revoked, ``PermissionMissing`` when the service does not accept
        this installation, and ``TemporaryError``.
        """
        if not token.refresh_token:
            name = self.authority.name
            raise SignInNeeded(f"The sign-in at {name} has expired.", remote=name, remedy=self.authority.reconnect)
        return self._ask({"grant_type": "refresh_token", "refresh_token": token.refresh_token}, token)

    def _ask(self, form: Mapping[str, str], token: Token) -> Token:
        known = self.authority
        own = {"client_id": known.client_id, "client_secret": known.client_secret}
        sent = {**form, **{name: value for name, value in own.items() if value}}
        answer = self.http.send("POST", known.token_url, form=sent)
        if not answer.ok:
            raise self._refusal(answer)
        try:
            return renewed(token, answer.json(), self.clock.now())
        except ValueError as error:
            raise TemporaryError(f"{known.name}'s answer holds no token.", remote=known.name) from error

    def _denied(self, error: str, description: str, trip: Trip) -> BridgeError:
        """Why a browser came back without a code (RFC 6749 4.1.2.1)."""
        known = self.authority
        what = known.named(trip.wanted)
        if remedy := known.policy(error, description):
            return PermissionMissing(what, remote=known.name, remedy=remedy)
        if error == "access_denied":
            return PermissionMissing(what, remote=known.name, remedy=f"Connect again and allow it. {known.ask_it}")
        text = f"{known.name} did not let you connect: {error[:100] or 'it gave no reason'}."
        return NotAllowed(text, remedy=_AGAIN)

    def _refusal(self, answer: Answer) -> BridgeError:
        """Why the token endpoint gave no token (RFC 6749 5.2)."""
        name, again = self.authority.name, self.authority.reconnect
        found = answer.read_json() or {}
        error = str(found.get("error", ""))
        if error in _CLIENT:
            return self._unknown_client()
        if remedy := self.authority.policy(error, str(found.get("error_description", ""))):
            return PermissionMissing("connecting this account", remote=name, remedy=remedy)
        if error == "invalid_grant":
            text = f"{name} no longer accepts the sign-in: it was revoked, or has expired."
            return SignInNeeded(text, remote=name, remedy=again)
        if answer.status in {400, 401} and error:
            return SignInNeeded(f"{name} does not accept the sign-in ({error[:100]}).", remote=name, remedy=again)
        known = failure(answer, name)
        return known if isinstance(known, TemporaryError) else TemporaryError(str(known), remote=name)

    def _unknown_client(self) -> PermissionMissing:
        name, section = self.authority.name, self.authority.section
        remedy = (
            f"Ask your administrator to check the registration at {name}, on the page or in the section [{section}]."
        )
        return PermissionMissing("signing in with the OAuth client of this installation", remote=name, remedy=remedy)


def challenge(verifier: str) -> str:
    """What PKCE shows of a verifier beforehand (RFC 7636 4.2, S256)."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
