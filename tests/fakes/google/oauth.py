"""Google's token endpoint and its tokens."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from tests.fakes.google.answers import DATE
from tests.providers.servers import Reply

CLIENT_ID, CLIENT_SECRET = "client-id", "client-secret"


@dataclass
class FakeOAuth:
    """``codes`` maps a code to the challenge, redirect URI and scopes of its consent, which ``address`` gave."""

    scopes: tuple[str, ...] = ()
    revoked: bool = False
    good: set[str] = field(default_factory=set)
    codes: dict[str, tuple[str, str, tuple[str, ...]]] = field(default_factory=dict)
    address: str = "anna@example.com"
    refreshes: int = 0

    def __post_init__(self) -> None:
        self._numbers = count(1)
        self.refresh_token = "refresh-1"

    def issue(self) -> str:
        """A new access token."""
        token = f"access-{next(self._numbers)}"
        self.good.add(token)
        return token

    def lets_in(self, headers: Mapping[str, str]) -> bool:
        kind, _, token = headers.get("authorization", "").partition(" ")
        return kind == "Bearer" and token in self.good and not self.revoked

    def answer(self, form: Mapping[str, str]) -> Reply:
        """RFC 6749 4.1.3 and 6."""
        if (form.get("client_id"), form.get("client_secret")) != (CLIENT_ID, CLIENT_SECRET):
            return _told(401, {"error": "invalid_client", "error_description": "The OAuth client was not found."})
        found: dict[str, Any] = {"expires_in": 3599, "token_type": "Bearer"}
        if form.get("grant_type") == "authorization_code":
            wanted = self.codes.pop(form.get("code", ""), None)
            digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
            challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
            if wanted is None or wanted[:2] != (challenge, form.get("redirect_uri")):
                return _told(400, {"error": "invalid_grant", "error_description": "Malformed auth code."})
            found |= {"access_token": self.issue(), "refresh_token": self.refresh_token, "scope": " ".join(wanted[2])}
            return _told(200, found | ({"id_token": self._id_token()} if "openid" in wanted[2] else {}))
        if self.revoked or form.get("refresh_token") != self.refresh_token:
            text = "Token has been expired or revoked."
            return _told(400, {"error": "invalid_grant", "error_description": text})
        self.refreshes += 1
        return _told(200, found | {"access_token": self.issue(), "scope": " ".join(self.scopes)})

    def _id_token(self) -> str:
        """Who consented. Nobody looks at its signature, since it comes straight from here."""
        claims = {"iss": "https://accounts.google.com", "email": self.address, "email_verified": True}
        parts: list[dict[str, object]] = [{"alg": "RS256"}, claims, {}]
        return ".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in parts)


def _told(status: int, body: dict[str, Any]) -> Reply:
    return Reply(status, {"Content-Type": "application/json; charset=utf-8", "Date": DATE}, json.dumps(body).encode())
