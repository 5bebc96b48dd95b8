"""Build everything from the configuration. With ``remotes``, the only module that knows every concrete class."""

import hashlib
import os
import secrets
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from bridge.clock import SystemClock
from bridge.config import Config
from bridge.core import guard
from bridge.errors import ConfigError
from bridge.ports import Clock
from bridge.remotes import connectors, consent_flows, hooks, mail_exchangers, metadata, registration, throttled
from bridge.services.account_finding import AccountFinding
from bridge.services.activities import Activities
from bridge.services.activity_desk import ActivityDesk
from bridge.services.activity_types import ActivityTypes
from bridge.services.administration import Administration
from bridge.services.asking import Asking
from bridge.services.audit import Audit
from bridge.services.backup import Backup
from bridge.services.chronicle import Chronicle
from bridge.services.company_options import CompanyOptions
from bridge.services.connections import Connections
from bridge.services.consents import Consents
from bridge.services.contact_desk import ContactDesk
from bridge.services.contacts import Contacts
from bridge.services.demo import Demo
from bridge.services.devices import Devices
from bridge.services.duplicates import Duplicates
from bridge.services.explain import Explain
from bridge.services.feeds import Feeds
from bridge.services.health import Health
from bridge.services.identities import Identities
from bridge.services.journal import Journal
from bridge.services.login_flow import LoginFlows
from bridge.services.oauth_clients import METADATA, OAuthClients
from bridge.services.onboarding import Onboarding
from bridge.services.principals import Principals
from bridge.services.profile_signing import ProfileSigner
from bridge.services.profiles import Profiles
from bridge.services.push import Push, offer
from bridge.services.queue import Queue
from bridge.services.redrawing import Redraws
from bridge.services.resources import Resources
from bridge.services.self_test import SelfTest
from bridge.services.settings import Settings
from bridge.services.signing_in import Limits, SigningIn
from bridge.services.sync.deciding import Deciding
from bridge.services.sync.explaining import SyncExplain
from bridge.services.sync.flows import Flows
from bridge.services.sync.pacing import Stop
from bridge.services.sync.resolving import Resolving
from bridge.services.sync.run import Sync
from bridge.services.sync.undoing import Undoing
from bridge.services.taking_back import TakingBack
from bridge.services.transfer import Transfer
from bridge.services.troubles import Troubles
from bridge.services.worker import Pattern, Worker
from bridge.store.database import Database
from bridge.vault import FernetVault, read_keys

if TYPE_CHECKING:
    from bridge.services.openid import OpenId

_KEY_OCTETS = 32


@dataclass(frozen=True, slots=True)
class Services:
    """Every use case, ready to be called. One for each process: the database's connections are its own.

    ``stop`` ends the syncs of this process. ``queued``: a worker is expected to run them, so the queue has to answer.
    """

    database: Database
    clock: Clock
    settings: Settings
    principals: Principals
    profiles: Profiles
    signing_in: SigningIn
    cookie_key: bytes
    identities: Identities
    openid: "OpenId | None"
    onboarding: Onboarding
    login_flows: LoginFlows
    profile_signer: ProfileSigner
    self_test: SelfTest
    devices: Devices
    feeds: Feeds
    resources: Resources
    redraws: Redraws
    activities: Activities
    desk: ActivityDesk
    taking_back: TakingBack
    administration: Administration
    types: ActivityTypes
    oauth_clients: OAuthClients
    audit: Audit
    contacts: Contacts
    contact_desk: ContactDesk
    duplicates: Duplicates
    journal: Journal
    backup: Backup
    demo: Demo
    transfer: Transfer
    explain: Explain
    health: Health
    connections: Connections
    consents: Consents
    company: CompanyOptions
    sync: Sync
    undoing: Undoing
    sync_explain: SyncExplain
    finding: AccountFinding
    troubles: Troubles
    resolving: Resolving
    deciding: Deciding
    chronicle: Chronicle
    asking: Asking
    queue: Queue
    push: Push
    stop: Stop
    queued: bool

    def ready(self) -> None:
        """Raise ``TemporaryError`` when the database or the queue does not answer."""
        with self.database.read() as session:
            session.connection()
        if self.queued:
            self.queue.ready()

    def close(self) -> None:
        """Let go of the database and the queue."""
        self.queue.close()
        self.database.close()


def build(config: Config, *, clock: Clock | None = None) -> Services:
    """Wire the services. Raises ``ConfigError`` when the secret cannot be read or made."""
    used_clock = clock or SystemClock()
    settings = settings_of(config)
    database = Database(
        config.database.url, busy_timeout=config.database.busy_timeout, pool_size=config.database.pool_size
    )
    key = secret_key(config.security.secret_file)
    parts = (database, used_clock, settings)
    vault = FernetVault(key, read_keys(config.security.credential_keys_file))
    stop = Stop()
    audit = Audit(database, used_clock)
    clients = OAuthClients(database, used_clock, vault, partial(metadata, config), audit, METADATA)
    found = connectors(config, used_clock, partial(registration, clients))
    known = throttled(config, found, stop)
    flows = Flows(*parts, vault, known)
    journal, explain = Journal(*parts), Explain(*parts)
    principals, devices = Principals(*parts), Devices(database, used_clock, key)
    records, people = Activities(*parts), Contacts(*parts)
    signing_in = SigningIn(database, used_clock, key, Limits(config.web.session_idle, config.web.session_lifetime))
    linked, company = Connections(*parts, vault, known), CompanyOptions(database, vault)
    queue = Queue(config.sync.queue, used_clock)
    told = offer(config.server.base_url)
    limits = guard.Limits(config.sync.max_delete_count, config.sync.max_delete_percent)
    sync = Sync(database, used_clock, flows, lease=config.sync.lease, interval=config.sync.interval, limits=limits)
    undoing, synced = Undoing(database, used_clock, flows, journal), SyncExplain(*parts, explain)
    return Services(
        database=database,
        clock=used_clock,
        settings=settings,
        principals=principals,
        profiles=Profiles(database, used_clock, principals),
        signing_in=signing_in,
        cookie_key=hashlib.sha256(b"cookie" + key).digest(),
        identities=Identities(database, principals, settings, create=config.oidc.create_users),
        openid=openid(config, used_clock),
        onboarding=Onboarding(database, used_clock, key, vault, devices),
        login_flows=LoginFlows(database, used_clock, key, vault, devices),
        profile_signer=ProfileSigner(key, config.server.certificate, config.server.key),
        self_test=SelfTest(own_address(config), devices),
        devices=devices,
        feeds=Feeds(database, used_clock, key, principals.sweep),
        resources=Resources(*parts),
        redraws=Redraws(*parts, principals.arrange),
        activities=records,
        desk=ActivityDesk(*parts, records),
        taking_back=TakingBack(database, journal),
        administration=Administration(database, settings, principals, signing_in, linked, company, audit),
        types=ActivityTypes(database, records, principals, audit),
        oauth_clients=clients,
        audit=audit,
        contacts=people,
        contact_desk=ContactDesk(database, settings, people),
        duplicates=Duplicates(*parts),
        journal=journal,
        backup=Backup(database, used_clock, key),
        demo=Demo(*parts),
        transfer=Transfer(*parts),
        explain=explain,
        health=Health(*parts),
        connections=linked,
        consents=Consents(database, used_clock, key, vault, consent_flows(found), known, linked),
        company=company,
        sync=sync,
        undoing=undoing,
        sync_explain=synced,
        finding=AccountFinding(known.keys(), mail_exchangers),
        troubles=Troubles(database, used_clock),
        resolving=Resolving(database, used_clock, flows),
        deciding=Deciding(database, sync),
        chronicle=Chronicle(database, journal, undoing),
        asking=Asking(database, explain, synced, linked),
        queue=queue,
        push=Push(database, used_clock, key, queue, hooks(), flows.provider, told),
        stop=stop,
        queued=config.sync.enabled,
    )


def worker(config: Config, services: Services) -> Worker:
    """What runs connections in this process."""
    pattern = Pattern(
        threads=config.sync.workers,
        look_every=config.sync.change_delay,
        interval=config.sync.interval,
        keep_days=config.dav.journal_days,
    )
    parts = (services.database, services.clock, services.queue, services.sync, services.stop)
    return Worker(*parts, pattern, services.push.tend)


def openid(config: Config, clock: Clock) -> "OpenId | None":
    """The company's provider, if there is one."""
    found = config.oidc
    if not found.issuer:
        return None
    from bridge.services.openid import OpenId, Provider  # noqa: PLC0415 - most installations never need its library

    provider = Provider(
        found.issuer, found.client_id, found.client_secret, found.claim, found.scopes, found.metadata_url
    )
    return OpenId(provider, clock)


def own_address(config: Config) -> str:
    """Where the server reaches itself: at its public address, as clients do, if it is configured."""
    server = config.server
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(server.host, server.host)  # noqa: S104 - not bound here
    host = f"[{host}]" if ":" in host and not host.startswith("[") else host
    return server.base_url or f"{'https' if server.certificate else 'http'}://{host}:{server.port}"


def settings_of(config: Config) -> Settings:
    """What of the configuration the services need."""
    return Settings(
        base_url=config.server.base_url.rstrip("/"),
        photo_pixels=config.dav.photo_pixels,
        series_horizon_days=config.dav.series_horizon_days,
        journal_days=config.dav.journal_days,
        max_resource_size=config.dav.max_resource_size,
        time_zone=config.web.time_zone,
        language=config.web.language,
        past_days=config.dav.past_days,
    )


def secret_key(path: Path) -> bytes:
    """The secret of this installation, made on first use and readable by its owner only."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            pass
        else:
            with os.fdopen(handle, "wb") as file:
                file.write(secrets.token_hex(_KEY_OCTETS).encode())
        found = path.read_bytes().strip()
    except OSError as error:
        problem = f"[security] secret_file: {path} cannot be read or made: {error.strerror}."
        raise ConfigError([problem]) from error
    if len(found) < _KEY_OCTETS:
        raise ConfigError([f"[security] secret_file: {path} is too short for a secret; restore it or delete it."])
    return hashlib.sha256(found).digest()
