"""SRV and TXT records (RFC 6764) and MX records, asked from a name server of the test's own."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import closing
from threading import Thread

import dns.message
import dns.rcode
import dns.resolver
import dns.rrset
import pytest

from bridge.providers.caldav.dns import DnsResolver, Target
from bridge.providers.mail_exchangers import mail_exchangers

ZONE = {
    "_caldavs._tcp.firm.example. SRV": ("20 1 443 backup.firm.example.", "10 1 8443 dav.firm.example."),
    "_caldavs._tcp.firm.example. TXT": ('"other=x"', '"path=/dav/"'),
    "_carddavs._tcp.firm.example. SRV": ("0 0 0 .",),
    "_caldavs._tcp.plain.example. SRV": ("0 1 443 dav.plain.example.",),
    "_caldavs._tcp.odd.example. SRV": ("0 1 443 dav.odd.example.",),
    "_caldavs._tcp.odd.example. TXT": ('"path=relative"',),
    "firm.example. MX": ("20 alt.mx.example.", "10 FIRM-example.mail.protection.outlook.com."),
    "none.example. MX": ("0 .",),
}


def _reply(wire: bytes) -> bytes:
    query = dns.message.from_wire(wire)
    (question,) = query.question
    kind = dns.rdatatype.to_text(question.rdtype)
    reply = dns.message.make_response(query)
    records = ZONE.get(f"{question.name} {kind}")
    if records is None:
        reply.set_rcode(dns.rcode.NXDOMAIN)
    else:
        reply.answer.append(dns.rrset.from_text(question.name, 60, "IN", kind, *records))
    return bytes(reply.to_wire())


@pytest.fixture
def asking() -> Iterator[dns.resolver.Resolver]:
    """Asks a name server that lives as long as the test."""
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as server:
        server.bind(("127.0.0.1", 0))

        def serve() -> None:
            while (received := server.recvfrom(4096))[0] != b"end":
                server.sendto(_reply(received[0]), received[1])

        thread = Thread(target=serve)
        thread.start()
        asking = dns.resolver.Resolver(configure=False)
        asking.nameservers, asking.port = ["127.0.0.1"], server.getsockname()[1]
        try:
            yield asking
        finally:
            with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as last:
                last.sendto(b"end", server.getsockname())
            thread.join()


@pytest.fixture
def resolver(asking: dns.resolver.Resolver) -> DnsResolver:
    return DnsResolver(asking)


@pytest.mark.parametrize(
    ("name", "domain", "expected"),
    [
        ("caldavs", "firm.example", Target("dav.firm.example", 8443, "/dav/")),
        ("carddavs", "firm.example", None),  # decidedly not there
        ("caldavs", "plain.example", Target("dav.plain.example", 443)),
        ("caldavs", "odd.example", Target("dav.odd.example", 443)),
        ("caldavs", "unknown.example", None),
        ("caldavs", "no..name", None),
        ("caldavs", "x" * 300, None),
    ],
)
def test_a_service_is_found_by_its_records(
    resolver: DnsResolver, name: str, domain: str, expected: Target | None
) -> None:
    assert resolver.service(name, domain) == expected


@pytest.mark.parametrize(
    ("domain", "expected"),
    [
        ("firm.example", ["firm-example.mail.protection.outlook.com", "alt.mx.example"]),
        ("none.example", []),
        ("unknown.example", []),
        ("no..name", []),
        ("x" * 300, []),
        ("b\u00fccher.example", []),
    ],
)
def test_who_takes_the_mail_of_a_domain(asking: dns.resolver.Resolver, domain: str, expected: list[str]) -> None:
    assert list(mail_exchangers(domain, asking)) == expected
