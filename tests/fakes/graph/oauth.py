"""Microsoft's token endpoint: that of any service, with refresh tokens that change and errors that have numbers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.fakes.google.oauth import FakeOAuth
from tests.providers.servers import Reply

REVOKED = "AADSTS50173: The provided grant has expired due to it being revoked, a fresh auth token is needed."


@dataclass
class MicrosoftOAuth(FakeOAuth):
    """``former`` are the refresh tokens that were given before; they are good for a while."""

    former: set[str] = field(default_factory=set)

    def answer(self, form: Mapping[str, str]) -> Reply:
        """RFC 6749 4.1.3 and 6, and a new refresh token with each access token."""
        if form.get("refresh_token") in self.former:
            form = {**form, "refresh_token": self.refresh_token}
        reply = super().answer(form)
        body = json.loads(reply.body)
        if reply.status != 200:
            text = REVOKED if body["error"] == "invalid_grant" else "AADSTS7000215: Invalid client secret provided."
            return Reply(reply.status, reply.headers, json.dumps({**body, "error_description": text}).encode())
        self.former.add(self.refresh_token)
        self.refresh_token = f"{self.refresh_token.partition('.')[0]}.{len(self.former)}"
        named = " ".join(f"https://graph.microsoft.com/{each}" for each in body.get("scope", "").split())
        told = {**body, "refresh_token": self.refresh_token, "scope": named}
        return Reply(reply.status, reply.headers, json.dumps(told).encode())
