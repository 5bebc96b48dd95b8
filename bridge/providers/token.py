"""The OAuth token of one account as it is stored.

JSON with ``access_token``, ``refresh_token``, ``expiry`` (ISO 8601), ``scopes`` (a list) and ``address``.
"""

import base64
import json
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from bridge.errors import SignInNeeded

_EARLY = timedelta(seconds=60)
_LONGEST = 10 * 365 * 86400  # seconds


@dataclass(frozen=True, slots=True)
class Token:
    """What lets us in. ``expiry`` is aware; ``None``: nobody knows. No ``scopes``: nobody knows either.

    ``address`` is the e-mail address of who consented, as the service told it then.
    """

    access_token: str = field(default="", repr=False)
    refresh_token: str = field(default="", repr=False)
    expiry: datetime | None = None
    scopes: tuple[str, ...] = ()
    address: str = ""

    def is_stale(self, now: datetime) -> bool:
        """Whether the access token is missing, or ends within a minute."""
        return not self.access_token or (self.expiry is not None and self.expiry - _EARLY <= now)


def read_token(secret: str, service: str = "", remedy: str = "") -> Token:
    """Read a stored token. Raises ``SignInNeeded`` for anything else, in the name of ``service``."""
    try:
        found = json.loads(secret)
        token = Token(
            _text(found, "access_token"),
            _text(found, "refresh_token"),
            _expiry(found.get("expiry")),
            _scopes(found),
            _text(found, "address"),
        )
    except (ValueError, OverflowError, OSError, AttributeError, RecursionError) as error:
        raise SignInNeeded("The stored token cannot be read.", remote=service, remedy=remedy) from error
    if not token.access_token and not token.refresh_token:
        raise SignInNeeded("The stored token holds nothing to sign in with.", remote=service, remedy=remedy)
    return token


def write_token(token: Token) -> str:
    """The text that ``read_token`` reads."""
    expiry = token.expiry.astimezone(UTC).isoformat() if token.expiry else None
    return json.dumps(
        {
            "access_token": token.access_token,
            "refresh_token": token.refresh_token,
            "expiry": expiry,
            "scopes": list(token.scopes),
            "address": token.address,
        }
    )


def renewed(token: Token, answer: dict[str, Any], now: datetime) -> Token:
    """The token after an answer of the token endpoint (RFC 6749 5.1). What it does not say stays.

    Raises ``ValueError`` for an answer without an access token.
    """
    access = _text(answer, "access_token")
    if not access:
        raise ValueError("There is no access token.")
    lifetime = _lifetime(answer.get("expires_in"))
    return replace(
        token,
        access_token=access,
        refresh_token=_text(answer, "refresh_token") or token.refresh_token,
        expiry=now + lifetime if lifetime is not None else None,
        scopes=_scopes(answer) or token.scopes,
        address=_address(answer) or token.address,
    )


def _lifetime(seconds: object) -> timedelta | None:
    """How long a token lives, as far as that is told."""
    try:
        known = int(seconds) if isinstance(seconds, int | float | str) else None
    except (ValueError, OverflowError):
        return None
    return timedelta(seconds=max(0, min(known, _LONGEST))) if known is not None else None


def _text(found: dict[str, Any], name: str) -> str:
    value = found.get(name) or ""
    if not isinstance(value, str) or not value.isascii() or any(letter.isspace() for letter in value):
        raise ValueError(f"{name} is no token.")
    return value


def _address(answer: dict[str, Any]) -> str:
    """Who consented, by the ID token. It came from the service itself over TLS (OpenID Connect Core 3.1.3.7, 6)."""
    try:
        body = str(answer.get("id_token") or "").split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
        return _text(claims, "email") if claims.get("email_verified") is True else ""
    except (ValueError, IndexError, AttributeError, RecursionError):
        return ""


def _scopes(found: dict[str, Any]) -> tuple[str, ...]:
    """A list ``scopes``, or ``scope`` with blanks as the endpoint writes it."""
    value = found.get("scopes") or found.get("scope") or ()
    names = value.split() if isinstance(value, str) else value
    if not isinstance(names, list | tuple) or not all(isinstance(name, str) for name in names):
        raise ValueError("scopes is no list of names.")
    return tuple(names)


def _expiry(value: object) -> datetime | None:
    if value is None or value == "":
        return None
    if isinstance(value, int | float):
        return datetime.fromtimestamp(value, UTC)
    moment = datetime.fromisoformat(str(value))
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
