"""Who takes the mail of a domain (MX, RFC 5321 5.1), by dnspython: often the service that keeps its calendars too."""

from collections.abc import Sequence

import dns.exception
import dns.rdatatype
import dns.resolver

_LIFETIME = 3.0  # seconds; somebody waits


def mail_exchangers(domain: str, resolver: dns.resolver.Resolver | None = None) -> Sequence[str]:
    """The hosts, in lower case, the preferred one first; none where DNS does not tell in time.

    The name servers are those of the system, or of ``resolver``.
    """
    try:
        asked = resolver or dns.resolver.get_default_resolver()
        records = asked.resolve(f"{domain}.", dns.rdatatype.MX, lifetime=_LIFETIME)
    except (dns.exception.DNSException, OSError, ValueError):
        return ()
    ordered = sorted(records, key=lambda record: int(record.preference))
    hosts = [str(record.exchange.to_text(omit_final_dot=True)).lower() for record in ordered]
    return [host for host in hosts if host != "."]  # which says that it takes no mail (RFC 7505)
