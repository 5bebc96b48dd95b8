"""From an e-mail address to its server (autodiscover): asked over TLS, at the domain's own hosts only.

Whoever answers gets the password. So a record of DNS, or an unencrypted answer, that names a host of somebody else is
told to the user, who knows whether to trust it, and nothing is sent there.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

import dns.exception
import dns.rdatatype
import dns.resolver
from exchangelib.services import GetUserSettings

from bridge.errors import NotFound, RemoteError, SignInNeeded, TemporaryError
from bridge.providers.exchange.installation import NAME
from bridge.providers.exchange.online import check_address, check_url
from bridge.providers.exchange.session import Session
from bridge.providers.exchange.soap import Line, Strict, told

Opener = Callable[[str], Session]
"""Opens a session at an address."""

_MOST_REDIRECTS = 3
_LIFETIME = 10.0  # seconds for one question
ENTER_IT = "Enter the address of the server; it ends in /EWS/Exchange.asmx."
_SETTINGS = ("external_ews_url", "internal_ews_url")


class _Elsewhere(TemporaryError):
    """The domain names a host of somebody else."""


class _Settings(Strict, GetUserSettings):  # type: ignore[misc] # it has no types
    """What exchangelib asks autodiscover."""


@dataclass(frozen=True, slots=True)
class Discovery:
    """Finds servers. ``places`` are where a domain is asked, ``record`` is the host that DNS names for it, if any."""

    open: Opener
    places: Callable[[str], Sequence[str]]
    record: Callable[[str], str]

    def find(self, address: str) -> str:
        """The EWS address of a mailbox.

        Raises ``NotFound`` for Exchange Online, ``SignInNeeded`` and ``TemporaryError``.
        """
        for _ in range(_MOST_REDIRECTS):
            check_address(address)
            found = next(self._answers(address), None)
            if found is None:
                raise self._nowhere(address.rpartition("@")[2])
            if "@" not in found:
                check_url(found)
                return found
            address = found
        raise TemporaryError("Autodiscover sends us around in circles.", remote=NAME, remedy=ENTER_IT)

    def _answers(self, address: str) -> Iterator[str]:
        """What the places say, one after another: an address of a server, or another e-mail address."""
        for place in self.places(address.rpartition("@")[2]):
            try:
                answer = self._ask(place, address)
            except (SignInNeeded, NotFound, _Elsewhere):
                raise
            except RemoteError:
                continue  # there is no autodiscover; most domains have but one of its places
            if answer:
                yield answer

    def _ask(self, place: str, address: str) -> str:
        session = self.open(place)
        try:
            with told():
                found = _Settings(protocol=Line(session, address)).get(users=[address], settings=_SETTINGS)
                settings = found.user_settings or {}
                url = next((settings[name] for name in _SETTINGS if settings.get(name)), "")
                redirect, target = found.redirect_address or "", found.redirect_url or ""
        finally:
            session.close()
        if target:
            check_url(target)
            raise _stranger(urlsplit(target).hostname or "")
        if redirect and "@" in redirect:
            return str(redirect)
        return str(url) if urlsplit(url).scheme in {"http", "https"} else ""

    def _nowhere(self, domain: str) -> TemporaryError:
        host = self.record(domain)
        if not host:
            return TemporaryError(f"No Exchange server was found for {domain}.", remote=NAME, remedy=ENTER_IT)
        check_url(f"https://{host}/")
        return _stranger(host)


def usual_places(domain: str) -> Sequence[str]:
    """Where a domain keeps its autodiscover service."""
    return [f"https://{host}/autodiscover/autodiscover.svc" for host in (f"autodiscover.{domain}", domain)]


def usual_record(domain: str) -> str:
    """The host that DNS names for the autodiscover of a domain (SRV)."""
    try:
        records = dns.resolver.get_default_resolver().resolve(
            f"_autodiscover._tcp.{domain}.", dns.rdatatype.SRV, lifetime=_LIFETIME
        )
    except (dns.exception.DNSException, OSError, ValueError):
        return ""
    best = min(records, key=lambda record: (record.priority, -record.weight), default=None)
    return "" if best is None else str(best.target.to_text(omit_final_dot=True)).strip(".")


def _stranger(host: str) -> TemporaryError:
    return _Elsewhere(
        f"The domain names {host[:200]} as its Exchange server, without proof; nothing was sent there.",
        remote=NAME,
        remedy=f"If you trust it, enter https://{host[:200]}/EWS/Exchange.asmx as the address of the server.",
    )
