"""SRV and TXT records of RFC 6764, by dnspython."""

from dataclasses import dataclass
from typing import Protocol

import dns.exception
import dns.rdatatype
import dns.resolver

LIFETIME = 10.0  # seconds for one question


@dataclass(frozen=True, slots=True)
class Target:
    """Where a service is: a host, a port, and a path that may be empty."""

    host: str
    port: int
    path: str = ""


class Resolver(Protocol):
    """Finds services of a domain."""

    def service(self, name: str, domain: str) -> Target | None:
        """Where ``_name._tcp.domain`` is; ``None`` when nothing says so."""
        ...


class DnsResolver:
    """Asks the name servers of the system, or those of the resolver that it is given."""

    def __init__(self, resolver: dns.resolver.Resolver | None = None) -> None:
        self._resolver = resolver

    def service(self, name: str, domain: str) -> Target | None:
        """The SRV record of the best priority, with the path of the TXT record beside it."""
        question = f"_{name}._tcp.{domain}."
        try:
            records = self._ask(question, dns.rdatatype.SRV)
        except (dns.exception.DNSException, OSError, ValueError):
            return None
        best = min(records, key=lambda record: (record.priority, -record.weight), default=None)
        host = "" if best is None else best.target.to_text(omit_final_dot=True)
        if best is None or host in {"", "."}:  # "." says that the service is decidedly not there
            return None
        return Target(host, int(best.port), self._path(question))

    def _ask(self, question: str, kind: dns.rdatatype.RdataType) -> dns.resolver.Answer:
        resolver = self._resolver or dns.resolver.get_default_resolver()
        return resolver.resolve(question, kind, lifetime=LIFETIME)

    def _path(self, question: str) -> str:
        try:
            records = self._ask(question, dns.rdatatype.TXT)
        except (dns.exception.DNSException, OSError, ValueError):
            return ""
        texts = (part.decode("utf-8", "replace") for record in records for part in record.strings)
        return next((text[5:] for text in texts if text.lower().startswith("path=/")), "")
