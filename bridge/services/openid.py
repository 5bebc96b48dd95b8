"""OpenID Connect: the authorization code flow with PKCE, state and nonce (OpenID Connect Core 3.1, RFC 7636).

The provider describes itself (Discovery 4); its keys are read anew for each sign-in, which are few, so that a provider
may change them at any time.
"""

import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx2
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.httpx_client import OAuth2Client
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from bridge.errors import NotAllowed, TemporaryError
from bridge.ports import Clock
from bridge.services.identities import Identity

_TIMEOUT = 10.0  # seconds
_LEEWAY = 60  # seconds by which two clocks may differ
_OCTETS = 32
_ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"]
_LARGEST = 1_000_000  # octets of an answer
_FAILED = "Signing in with the company account did not work."


@dataclass(frozen=True, slots=True)
class Provider:
    """A provider and our registration there. ``claim`` names the user; ``metadata_url`` is empty for the usual one."""

    issuer: str
    client_id: str
    client_secret: str
    claim: str = "preferred_username"
    scopes: str = "openid profile email"
    metadata_url: str = ""

    @property
    def metadata_address(self) -> str:
        """Where the provider describes itself (Discovery 4)."""
        return self.metadata_url or f"{self.issuer.rstrip('/')}/.well-known/openid-configuration"


@dataclass(frozen=True, slots=True)
class Trip:
    """What the browser's session holds while its user is at the provider."""

    state: str
    nonce: str
    verifier: str


class OpenId:
    """Sends browsers to a provider, and reads what they bring back."""

    def __init__(
        self, provider: Provider, clock: Clock, open_client: Callable[..., OAuth2Client] | None = None
    ) -> None:
        self.provider = provider
        self._clock = clock
        self._open = open_client or _client

    def start(self, redirect_uri: str) -> tuple[str, Trip]:
        """Where to send a browser, and what it must bring back. Raises ``TemporaryError``."""
        trip = Trip(*(secrets.token_urlsafe(_OCTETS) for _ in range(3)))
        with self._client(redirect_uri) as client:
            endpoint = self._endpoint(self._metadata(client), "authorization_endpoint")
            address, _ = client.create_authorization_url(
                endpoint, state=trip.state, nonce=trip.nonce, code_verifier=trip.verifier
            )
        return str(address), trip

    @staticmethod
    def trip(kept: Mapping[str, str]) -> Trip:
        """What ``start`` returned, as the browser's session has kept it."""
        return Trip(**kept)

    def finish(self, redirect_uri: str, trip: Trip, answer: Mapping[str, str]) -> Identity:
        """Read the provider's answer. Raises ``NotAllowed`` for one that is no proof, and ``TemporaryError``."""
        if not secrets.compare_digest(answer.get("state", "").encode(), trip.state.encode()):
            raise NotAllowed(_FAILED, remedy="It was begun in another window, or long ago: begin again.")
        if "code" not in answer:
            raise NotAllowed(_FAILED, remedy=f"The provider said: {answer.get('error', 'nothing')[:100]}.")
        with self._client(redirect_uri) as client:
            metadata = self._metadata(client)
            token = self._token(client, metadata, trip, answer["code"])
            keys = self._read(client, self._endpoint(metadata, "jwks_uri"))
        return self._identity(token, keys, trip)

    def _token(self, client: OAuth2Client, metadata: Mapping[str, Any], trip: Trip, code: str) -> Mapping[str, Any]:
        try:
            endpoint = self._endpoint(metadata, "token_endpoint")
            token: Mapping[str, Any] = client.fetch_token(
                endpoint, grant_type="authorization_code", code=code, code_verifier=trip.verifier
            )
        except httpx2.HTTPError as error:
            raise self._trouble() from error
        except (AuthlibBaseError, ValueError) as error:
            raise NotAllowed(_FAILED, remedy="Try again; if it stays so, tell your administrator.") from error
        return token

    def _identity(self, token: Mapping[str, Any], keys: Mapping[str, Any], trip: Trip) -> Identity:
        """Check the signature and every claim of the ID token (Core 3.1.3.7)."""
        try:
            found = jwt.decode(str(token.get("id_token")), KeySet.import_key_set(keys), algorithms=_ALGORITHMS)  # type: ignore[arg-type]
            claims = CodeIDToken(
                found.claims,
                found.header,
                {
                    "iss": {"essential": True, "value": self.provider.issuer},
                    "aud": {"essential": True, "value": self.provider.client_id},
                },
                {
                    "nonce": trip.nonce,
                    "client_id": self.provider.client_id,
                    "access_token": token.get("access_token"),
                },
            )
            claims.validate(now=int(self._clock.now().timestamp()), leeway=_LEEWAY)
        except (JoseError, AuthlibBaseError, ValueError, TypeError, KeyError, AttributeError) as error:
            raise NotAllowed(
                _FAILED, remedy="What the provider sent is no valid proof. Tell your administrator."
            ) from error
        return self._named(claims)

    def _named(self, claims: Mapping[str, Any]) -> Identity:
        login = claims.get(self.provider.claim)
        subject = claims.get("sub")
        if not isinstance(login, str) or not login or not isinstance(subject, str) or not 0 < len(subject) <= 255:
            raise NotAllowed(
                _FAILED, remedy=f"The provider does not tell “{self.provider.claim}”: tell your administrator."
            )
        verified = claims.get("email_verified") is True
        if self.provider.claim == "email" and not verified:
            raise NotAllowed(_FAILED, remedy="Your e-mail address is not verified there. Verify it, and try again.")
        name, email = claims.get("name"), claims.get("email")
        return Identity(
            self.provider.issuer,
            subject,
            login,
            name[:255] if isinstance(name, str) and name.isprintable() else "",
            email if verified and isinstance(email, str) and len(email) <= 255 and email.isprintable() else "",
        )

    def _client(self, redirect_uri: str) -> OAuth2Client:
        return self._open(
            client_id=self.provider.client_id,
            client_secret=self.provider.client_secret,
            scope=self.provider.scopes,
            redirect_uri=redirect_uri,
            code_challenge_method="S256",
        )

    def _metadata(self, client: OAuth2Client) -> Mapping[str, Any]:
        """What the provider says of itself. It must be the one that is configured (Discovery 4.3)."""
        metadata = self._read(client, self.provider.metadata_address)
        if metadata.get("issuer") != self.provider.issuer:
            raise TemporaryError(
                "The company's sign-in service calls itself by another name than is configured.",
                remedy="An administrator has to correct [oidc] issuer.",
            )
        return metadata

    def _endpoint(self, metadata: Mapping[str, Any], name: str) -> str:
        address = metadata.get(name)
        if not isinstance(address, str) or not address.startswith(("https://", "http://")):
            raise self._trouble()
        return address

    def _read(self, client: OAuth2Client, address: str) -> Mapping[str, Any]:
        try:
            answer = client.request("GET", address, withhold_token=True)
            answer.raise_for_status()
            found = json.loads(answer.content[:_LARGEST])
        except (httpx2.HTTPError, httpx2.InvalidURL, ValueError) as error:
            raise self._trouble() from error
        if not isinstance(found, dict):
            raise self._trouble()
        return found

    def _trouble(self) -> TemporaryError:
        return TemporaryError(
            "The company's sign-in service does not answer as it should.",
            remedy="Try again later, or sign in with a password.",
            retry_after=timedelta(seconds=30),
        )


def _client(**options: Any) -> OAuth2Client:
    return OAuth2Client(timeout=_TIMEOUT, trust_env=False, follow_redirects=False, **options)
