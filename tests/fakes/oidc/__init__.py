"""An OpenID Connect provider: discovery, authorization with PKCE and nonce, token, keys.

It checks what a strict provider checks, signs with RS256, and can be told to misbehave.
"""

import base64
import hashlib
import json
import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import urlencode

from joserfc import jwt
from joserfc.jwk import RSAKey
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

CLIENT_ID, CLIENT_SECRET = "davbridge", "top-secret"


@dataclass
class Grant:
    """A code that waits for its token request."""

    redirect_uri: str
    nonce: str
    challenge: str


@dataclass
class Issuer:
    """The provider. ``claims`` are those of who signs in there; ``spoil`` changes an ID token before it is signed."""

    address: str
    now: Callable[[], int]
    claims: dict[str, Any] = field(default_factory=dict)
    spoil: Callable[[dict[str, Any]], Any] = lambda claims: None
    metadata: dict[str, Any] = field(default_factory=dict)
    broken: set[str] = field(default_factory=set)
    algorithm: str = "RS256"
    refuse: str = ""
    asked: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.key = _key()
        self.signing_key: Any = self.key
        self.grants: dict[str, Grant] = {}

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        request = Request(environ)
        self.asked.append(request.path)
        answers = {
            "/.well-known/openid-configuration": self._describe,
            "/authorize": self._authorize,
            "/token": self._token,
            "/keys": self._keys,
        }
        if request.path in self.broken:
            return Response("<html>trouble</html>", 500)(environ, start_response)
        answer = answers[request.path](request) if request.path in answers else Response("", 404)
        return answer(environ, start_response)

    def _describe(self, _request: Request) -> Response:
        return _json(
            {
                "issuer": self.address,
                "authorization_endpoint": f"{self.address}/authorize",
                "token_endpoint": f"{self.address}/token",
                "jwks_uri": f"{self.address}/keys",
                "response_types_supported": ["code"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["RS256"],
                "code_challenge_methods_supported": ["S256"],
                **self.metadata,
            }
        )

    def _authorize(self, request: Request) -> Response:
        args = request.args
        assert args["response_type"] == "code"
        assert args["client_id"] == CLIENT_ID
        assert args["code_challenge_method"] == "S256"
        assert "openid" in args["scope"].split()
        if self.refuse:
            back = {"error": self.refuse, "state": args["state"]}
        else:
            code = secrets.token_urlsafe(16)
            self.grants[code] = Grant(args["redirect_uri"], args["nonce"], args["code_challenge"])
            back = {"code": code, "state": args["state"]}
        return Response(status=302, headers={"Location": f"{args['redirect_uri']}?{urlencode(back)}"})

    def _token(self, request: Request) -> Response:
        """Codes work once; the client and its PKCE verifier are checked."""
        grant = self.grants.pop(request.form.get("code", ""), None)
        known = request.authorization
        if known is None or (known.username, known.password) != (CLIENT_ID, CLIENT_SECRET):
            return _json({"error": "invalid_client"}, 401)
        if grant is None or request.form.get("grant_type") != "authorization_code":
            return _json({"error": "invalid_grant"}, 400)
        digest = hashlib.sha256(request.form["code_verifier"].encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        if challenge != grant.challenge or request.form["redirect_uri"] != grant.redirect_uri:
            return _json({"error": "invalid_grant"}, 400)
        claims = {
            "iss": self.address,
            "aud": CLIENT_ID,
            "sub": "subject-1",
            "nonce": grant.nonce,
            "iat": self.now(),
            "exp": self.now() + 300,
            **self.claims,
        }
        self.spoil(claims)
        token = jwt.encode({"alg": self.algorithm, "kid": "one"}, claims, self.signing_key, algorithms=[self.algorithm])
        return _json({"access_token": "x", "token_type": "Bearer", "expires_in": 300, "id_token": token})

    def _keys(self, _request: Request) -> Response:
        return _json({"keys": [self.key.as_dict(private=False)]})


@cache
def _key() -> RSAKey:
    """Made once: it takes long."""
    return RSAKey.generate_key(2048, {"kid": "one"})


@contextmanager
def running(now: Callable[[], int]) -> Iterator[Issuer]:
    """Run a provider on loopback."""
    issuer = Issuer("", now)
    server = make_server("127.0.0.1", 0, issuer, threaded=True)
    issuer.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield issuer
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _json(content: dict[str, Any], status: int = 200) -> Response:
    return Response(json.dumps(content), status, mimetype="application/json")
