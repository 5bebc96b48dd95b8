"""OAuth 2.0 at Google: authorization code with PKCE and state (RFC 6749 4.1, RFC 7636), and refreshing."""

import base64
import hashlib
import secrets
from collections.abc import Collection, Mapping

from bridge.core.scope import FlowKind
from bridge.errors import BridgeError, NotAllowed, PermissionMissing, SignInNeeded, TemporaryError
from bridge.http import Answer, Http, failure, with_query
from bridge.ports import Clock, Trip
from bridge.providers.google.installation import (
    ASK_IT,
    FOR_CALENDARS,
    FOR_CONTACTS,
    IDENTITY,
    NAME,
    RECONNECT,
    Installation,
    missing,
    words,
)
from bridge.providers.google.token import Token, renewed, write_token

_OCTETS = 48
_BY_POLICY = frozenset(("admin_policy_enforced", "org_internal", "disallowed_useragent"))
_CLIENT = frozenset(("invalid_client", "unauthorized_client"))
_AGAIN = "Begin again from this page."
_SCOPES = {FlowKind.CALENDAR: FOR_CALENDARS, FlowKind.CONTACTS: FOR_CONTACTS}


class GoogleOAuth:
    """Sends browsers to Google, trades what they bring back for a token, and renews tokens."""

    def __init__(self, installation: Installation, http: Http, clock: Clock) -> None:
        self._installation = installation
        self._http = http
        self._clock = clock

    @property
    def is_set_up(self) -> bool:
        """See ``ConsentFlow.is_set_up``."""
        return bool(self._installation.client_id)

    def start(self, redirect_uri: str, kinds: Collection[FlowKind], *, address: str = "") -> tuple[str, Trip]:
        """See ``ConsentFlow.start``. Who consents is asked for too, since contacts alone do not tell it."""
        wanted = tuple(scope for kind in FlowKind if kind in kinds for scope in _SCOPES[kind])
        trip = Trip(secrets.token_urlsafe(_OCTETS), secrets.token_urlsafe(_OCTETS), wanted)
        query = {
            "response_type": "code",
            "client_id": self._installation.client_id,
            "redirect_uri": redirect_uri,
            "scope": " ".join((*trip.wanted, *IDENTITY)),
            "state": trip.state,
            "code_challenge": challenge(trip.verifier),
            "code_challenge_method": "S256",
            "access_type": "offline",
            "include_granted_scopes": "true",
            "prompt": "consent",  # without it, a second connection gets no refresh token
        }
        hint = {"login_hint": address} if address else {}
        return with_query(self._installation.authorization_url, query | hint), trip

    def finish(self, redirect_uri: str, trip: Trip, answer: Mapping[str, str]) -> str:
        """See ``ConsentFlow.finish``."""
        if not secrets.compare_digest(answer.get("state", "").encode(), trip.state.encode()):
            raise NotAllowed("Connecting to Google did not work: it was begun in another window.", remedy=_AGAIN)
        if "code" not in answer:
            raise _denied(answer.get("error", ""), trip)
        form = {
            "grant_type": "authorization_code",
            "code": answer["code"],
            "redirect_uri": redirect_uri,
            "code_verifier": trip.verifier,
        }
        token = self._ask(form, Token(scopes=trip.wanted))
        if lacking := missing(token.scopes, trip.wanted):
            raise PermissionMissing(" and ".join(map(words, lacking)), remote=NAME, remedy=RECONNECT)
        return write_token(token)

    def refresh(self, token: Token) -> Token:
        """A token with a new access token.

        Raises ``SignInNeeded`` when the consent was revoked, ``PermissionMissing`` when Google does not accept this
        installation, and ``TemporaryError``.
        """
        if not token.refresh_token:
            raise SignInNeeded("The sign-in at Google has expired.", remote=NAME, remedy=RECONNECT)
        return self._ask({"grant_type": "refresh_token", "refresh_token": token.refresh_token}, token)

    def _ask(self, form: Mapping[str, str], token: Token) -> Token:
        own = {"client_id": self._installation.client_id, "client_secret": self._installation.client_secret}
        sent = {**form, **{name: value for name, value in own.items() if value}}
        answer = self._http.send("POST", self._installation.token_url, form=sent)
        if not answer.ok:
            raise _refusal(answer)
        try:
            return renewed(token, answer.json(), self._clock.now())
        except ValueError as error:
            raise TemporaryError("Google's answer holds no token.", remote=NAME) from error


def challenge(verifier: str) -> str:
    """What PKCE shows of a verifier beforehand (RFC 7636 4.2, S256)."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def _denied(error: str, trip: Trip) -> BridgeError:
    """Why a browser came back without a code (RFC 6749 4.1.2.1)."""
    what = " and ".join(map(words, trip.wanted))
    if error in _BY_POLICY:
        return PermissionMissing(what, remote=NAME, remedy=ASK_IT)
    if error == "access_denied":
        return PermissionMissing(what, remote=NAME, remedy=f"Connect again and allow it. {ASK_IT}")
    return NotAllowed(f"Google did not let you connect: {error[:100] or 'it gave no reason'}.", remedy=_AGAIN)


def _refusal(answer: Answer) -> BridgeError:
    """Why the token endpoint gave no token (RFC 6749 5.2)."""
    error = str((answer.read_json() or {}).get("error", ""))
    if error == "invalid_grant":
        text = "Google no longer accepts the sign-in: it was revoked, or has expired."
        return SignInNeeded(text, remote=NAME, remedy=RECONNECT)
    if error in _CLIENT:
        remedy = "Ask your administrator to check the registration at Google, on the page or in the section [google]."
        return PermissionMissing("signing in with the OAuth client of this installation", remote=NAME, remedy=remedy)
    if error in _BY_POLICY:
        return PermissionMissing("connecting this account", remote=NAME, remedy=ASK_IT)
    if answer.status in {400, 401} and error:
        return SignInNeeded(f"Google does not accept the sign-in ({error[:100]}).", remote=NAME, remedy=RECONNECT)
    known = failure(answer, NAME)
    return known if isinstance(known, TemporaryError) else TemporaryError(str(known), remote=NAME)
