"""Our registrations at Google and Microsoft: kept sealed, and tested before anybody depends on them (R30)."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from bridge.core.user import User
from bridge.errors import BridgeError, Invalid, NotFound
from bridge.ports import Clock, Vault
from bridge.services.audit import Audit, AuditAction
from bridge.services.connection_rules import check_governs
from bridge.store import audit
from bridge.store.audit import OAuthClient
from bridge.store.database import Database

Fetch = Callable[[str], Mapping[str, object]]
"""Reads a JSON object from an address. Raises ``BridgeError``."""

METADATA = {
    "google": "https://accounts.google.com/.well-known/openid-configuration",
    "graph": "https://login.microsoftonline.com/{tenant}/v2.0/.well-known/openid-configuration",
}
_ENDPOINTS = ("authorization_endpoint", "token_endpoint")
_TENANT = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]{0,253}")
_LONGEST = 255, 4000  # characters of an identifier and of a secret


@dataclass(frozen=True, slots=True)
class Tested:
    """What a test has found. ``problem`` is empty when all is well."""

    address: str
    problem: str = ""
    remedy: str = ""


class OAuthClients:
    """Use cases of administrators. ``viewer`` is who acts; everything raises ``NotAllowed`` for anybody else."""

    def __init__(
        self, database: Database, clock: Clock, vault: Vault, fetch: Fetch, record: Audit, addresses: Mapping[str, str]
    ) -> None:
        self._database = database
        self._clock = clock
        self._vault = vault
        self._fetch = fetch
        self._audit = record
        self._addresses = addresses

    @property
    def providers(self) -> tuple[str, ...]:
        """Where a registration is needed."""
        return tuple(self._addresses)

    def known(self, viewer: User) -> Mapping[str, OAuthClient]:
        """The registrations, by provider, with their secrets sealed."""
        check_governs(viewer)
        with self._database.read() as session:
            found = {provider: audit.oauth_client(session, provider) for provider in self._addresses}
        return {provider: client for provider, client in found.items() if client is not None}

    def registration(self, provider: str) -> OAuthClient | None:
        """The registration at a provider with its secret opened, for who signs users in there."""
        with self._database.read() as session:
            found = audit.oauth_client(session, provider)
        return replace(found, secret=self._vault.open(found.secret)) if found else None

    def set(self, viewer: User, provider: str, client_id: str, secret: str = "", tenant: str = "") -> None:
        """Keep a registration; an empty secret leaves the known one. Raises ``NotFound`` and ``Invalid``."""
        check_governs(viewer)
        self._check(provider, client_id, secret, tenant)
        with self._database.write() as session:
            before = audit.oauth_client(session, provider)
            sealed = self._vault.seal(secret) if secret else before.secret if before else ""
            if not sealed:
                raise Invalid("The secret of the registration is needed.")
            audit.save_oauth_client(session, OAuthClient(provider, client_id, self._clock.now(), sealed, tenant))
        details = {"client_id": client_id, "tenant": tenant, "new secret": bool(secret)}
        self._audit.note(viewer, AuditAction.SET_CLIENT, provider, details)

    def clear(self, viewer: User, provider: str) -> None:
        """Forget a registration."""
        check_governs(viewer)
        with self._database.write() as session:
            gone = audit.remove_oauth_client(session, provider)
        if gone:
            self._audit.note(viewer, AuditAction.CLEAR_CLIENT, provider)

    def test(self, viewer: User, provider: str) -> Tested:
        """Ask the provider where it lets users sign in. Raises ``NotFound`` for one that is not registered yet."""
        client = self.known(viewer).get(provider)
        if client is None:
            raise NotFound(f"There is no registration at “{provider}”.")
        address = self._addresses[provider].format(tenant=client.tenant or "common")
        try:
            found = self._fetch(address)
        except BridgeError as error:
            return Tested(address, str(error), error.remedy)
        missing = [name for name in _ENDPOINTS if not str(found.get(name, "")).startswith(("https://", "http://"))]
        if missing:
            return Tested(address, f"The answer does not say: {', '.join(missing)}.", "Check the directory (tenant).")
        return Tested(address)

    def _check(self, provider: str, client_id: str, secret: str, tenant: str) -> None:
        if provider not in self._addresses:
            raise NotFound(f"There is no provider “{provider}”.")
        if not client_id or len(client_id) > _LONGEST[0] or not client_id.isprintable() or " " in client_id:
            raise Invalid("The identifier of the registration is needed, as the provider shows it.")
        if len(secret) > _LONGEST[1] or not secret.isprintable():
            raise Invalid("The secret is too long, or no plain text.")
        if tenant and not _TENANT.fullmatch(tenant):
            raise Invalid("The directory (tenant) is an identifier or a domain.")
