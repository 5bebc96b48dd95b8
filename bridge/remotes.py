"""The kinds of services that this installation knows, built from the configuration. A provider plugs in here.

``connectors`` opens accounts, ``consent_flows`` names those whose users consent on a page of the service. Libraries are
loaded at the first use of a kind: most processes need none.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import cast
from urllib.parse import urlsplit

from bridge.config import Config
from bridge.core.bucket import Rate
from bridge.errors import RemoteError
from bridge.ports import Clock, Connector, ConsentFlow, Consenting, Hook, Registration
from bridge.services.connection_rules import BY_CONSENT
from bridge.services.consents import ConsentFlows
from bridge.services.oauth_clients import OAuthClients
from bridge.services.sync.pacing import Buckets, Stop
from bridge.services.sync.wrapping import ThrottledConnector

Registered = Callable[[str], Registration | None]
"""What an administrator has entered on the page about a provider."""


def throttled(config: Config, known: Mapping[str, Connector], stop: Stop) -> Mapping[str, Connector]:
    """The same kinds of services, asked no faster than the configuration allows."""
    buckets = Buckets(time.monotonic)
    account, together = _rate(config.sync.requests_per_second), _rate(config.sync.provider_requests_per_second)
    google = config.google
    at_google = (urlsplit(google.calendar_url).hostname or "").endswith(".googleapis.com")  # another has other quotas
    own = {"google": (google.requests_per_minute, google.project_requests_per_minute)} if at_google else {}

    def slowed(name: str) -> Connector:
        quota, shared = (_quota(each) for each in own.get(name, (0, 0)))
        return ThrottledConnector(name, known[name], buckets, stop, _slower(account, quota), _slower(together, shared))

    return Connectors({name: partial(slowed, name) for name in known})


def _rate(per_second: int) -> Rate | None:
    """So many calls in a second, of which all may come at once; 0 is no limit."""
    return Rate(per_second, burst=per_second) if per_second else None


def _quota(per_minute: int) -> Rate | None:
    """So many calls in a minute, of which those of ten seconds may come at once; 0 is no limit."""
    return Rate(per_minute / 60, burst=max(per_minute / 6, 1)) if per_minute else None


def _slower(*rates: Rate | None) -> Rate | None:
    return min((rate for rate in rates if rate), key=lambda rate: rate.per_second, default=None)


class Connectors(Mapping[str, Connector]):
    """The kinds of services that this installation knows. Each is made at its first use: most processes need none."""

    def __init__(self, makers: Mapping[str, Callable[[], Connector]]) -> None:
        self._makers = makers
        self._made: dict[str, Connector] = {}

    def __getitem__(self, name: str) -> Connector:
        if name not in self._made:
            self._made[name] = self._makers[name]()
        return self._made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._makers)

    def __len__(self) -> int:
        return len(self._makers)


def connectors(config: Config, clock: Clock, registered: Registered = lambda _: None) -> Mapping[str, Connector]:
    """The kinds of services that this installation knows."""
    return Connectors(
        {
            "caldav": lambda: _caldav(config, clock),
            "google": lambda: _google(config, clock, registered),
            "graph": lambda: _graph(config, clock, registered),
            "exchange": lambda: _exchange(config),
        }
    )


def consent_flows(known: Mapping[str, Connector]) -> ConsentFlows:
    """The services whose users consent on a page of theirs."""

    def opened(name: str) -> ConsentFlow:
        return cast("Consenting", known[name]).oauth()

    return {name: partial(opened, name) for name in sorted(BY_CONSENT)}


def registration(clients: OAuthClients, provider: str) -> Registration | None:
    """What an administrator has entered on the page about a provider, which wins over the configuration."""
    found = clients.registration(provider)
    return Registration(found.client_id, found.secret, found.tenant) if found else None


def mail_exchangers(domain: str) -> Sequence[str]:
    """The hosts that take the mail of a domain, the preferred one first; none where DNS does not tell in time."""
    from bridge.providers.mail_exchangers import mail_exchangers as asked  # noqa: PLC0415 - its libraries are large

    return asked(domain)


def hooks() -> Mapping[str, Callable[[], Hook]]:
    """What reads the messages of the services that tell us of changes, by provider."""
    return {"google": _google_hook, "graph": _graph_hook}


def _google_hook() -> Hook:
    from bridge.providers.google.push import GoogleHook  # noqa: PLC0415 - its libraries are large

    return GoogleHook()


def _graph_hook() -> Hook:
    from bridge.providers.graph.push import GraphHook  # noqa: PLC0415 - its libraries are large

    return GraphHook()


def _caldav(config: Config, clock: Clock) -> Connector:
    from bridge.providers.caldav.client import Network  # noqa: PLC0415 - its libraries are large
    from bridge.providers.caldav.provider import CalDavConnector  # noqa: PLC0415

    return CalDavConnector(clock, network=Network(allow_private=config.sync.allow_private_addresses))


def _google(config: Config, clock: Clock, registered: Registered) -> Connector:
    from bridge.network import Reach  # noqa: PLC0415 - its libraries are large
    from bridge.providers.google.installation import Installation  # noqa: PLC0415
    from bridge.providers.google.provider import GoogleConnector  # noqa: PLC0415

    known = config.google
    installation = Installation(
        known.client_id,
        known.client_secret,
        calendar_url=known.calendar_url,
        people_url=known.people_url,
        token_url=known.token_url,
        authorization_url=known.authorization_url,
    )
    reach = Reach(allow_private=config.sync.allow_private_addresses, timeout=config.sync.request_timeout)
    return GoogleConnector(installation, clock, reach, partial(registered, "google"))


def _graph(config: Config, clock: Clock, registered: Registered) -> Connector:
    from bridge.network import Reach  # noqa: PLC0415 - its libraries are large
    from bridge.providers.graph.installation import Installation  # noqa: PLC0415
    from bridge.providers.graph.provider import GraphConnector  # noqa: PLC0415

    known = config.graph
    installation = Installation(
        known.client_id,
        known.client_secret,
        known.tenant,
        graph_url=known.graph_url,
        token_url=known.token_url,
        authorization_url=known.authorization_url,
        admin_consent_url=known.admin_consent_url,
    )
    reach = Reach(allow_private=config.sync.allow_private_addresses, timeout=config.sync.request_timeout)
    return GraphConnector(installation, clock, reach, partial(registered, "graph"))


def _exchange(config: Config) -> Connector:
    from bridge.network import Reach  # noqa: PLC0415 - its libraries are large
    from bridge.providers.exchange.installation import Installation  # noqa: PLC0415
    from bridge.providers.exchange.provider import ExchangeConnector  # noqa: PLC0415

    known = config.exchange
    installation = Installation(
        known.url,
        autodiscover=known.autodiscover,
        plain_http=known.plain_http,
        timeout=known.timeout,
        batch=known.batch,
        zone=config.web.time_zone,
        authorities=known.authorities,
    )
    return ExchangeConnector(installation, Reach(config.sync.allow_private_addresses, known.timeout))


def metadata(config: Config, address: str) -> Mapping[str, object]:
    """What a provider says of itself at an address. Raises ``RemoteError``."""
    from bridge.http import Http  # noqa: PLC0415 - its libraries are large, and it is seldom asked
    from bridge.network import Reach  # noqa: PLC0415

    reach = Reach(allow_private=config.sync.allow_private_addresses, timeout=config.sync.request_timeout)
    answer = Http("The provider", [], reach).send("GET", address, headers={"Accept": "application/json"})
    if not answer.ok:
        raise RemoteError(f"The provider answers with status {answer.status}.", remedy="Check the directory (tenant).")
    return answer.json()
