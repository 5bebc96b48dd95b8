"""Where REST requests may connect to: names are resolved once, judged, and the very address judged is connected to."""

import ipaddress
import socket
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpcore2

Lookup = Callable[..., list[Any]]
"""What ``socket.getaddrinfo`` is."""

MAX_BODY = 50 * 1024 * 1024  # octets, uncompressed
_CONNECT = 15.0  # seconds


@dataclass(frozen=True, slots=True)
class Reach:
    """How far connections reach.

    ``allow_private``: into private networks too. ``timeout`` is between two pieces of an answer, ``max_body`` in octets
    after unpacking. ``lookup`` is ``socket.getaddrinfo`` unless a test has its own.
    """

    allow_private: bool = True
    timeout: timedelta = timedelta(seconds=60)
    max_body: int = MAX_BODY
    lookup: Lookup | None = None

    @property
    def timeouts(self) -> dict[str, float]:
        """The same for each step of a request, in seconds."""
        wait = self.timeout.total_seconds()
        return {"connect": min(_CONNECT, wait), "read": wait, "write": wait, "pool": wait}


class PrivateAddress(OSError):
    """A name leads to an address that the administrator has forbidden."""


def is_public(address: str) -> bool:
    """Whether an IP address is one of the public internet.

    IPv4 addresses inside IPv6 ones (mapped, 6to4, NAT64, Teredo) are judged as well, since they are where it would end.
    """
    found = ipaddress.ip_address(address.partition("%")[0])
    return all(each.is_global and not each.is_multicast and not each.is_reserved for each in (found, *_inside(found)))


def _inside(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> list[ipaddress.IPv4Address]:
    if isinstance(address, ipaddress.IPv4Address):
        return []
    inner = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
    if address in ipaddress.ip_network("64:ff9b::/96"):
        inner.append(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    return [each for each in inner if each is not None]


class GuardedBackend(httpcore2.SyncBackend):
    """Opens connections to allowed addresses only. The hosts in ``configured`` are the administrator's own choice."""

    def __init__(self, reach: Reach, configured: Iterable[str]) -> None:
        self._reach = reach
        self._configured = frozenset(configured)
        self._lookup = reach.lookup or socket.getaddrinfo

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.NetworkStream:
        """Connect to the first address that answers. Raises ``PrivateAddress`` or an ``httpcore2`` error."""
        last: Exception | None = None
        for address in self._addresses(host, port):
            try:
                return super().connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                last = error
        raise last or httpcore2.ConnectError("The name has no address.")

    def _addresses(self, host: str, port: int) -> list[str]:
        try:
            rows = self._lookup(host, port, 0, socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise httpcore2.ConnectError("The name is not known.") from error
        found = list(dict.fromkeys(str(row[4][0]) for row in rows))
        if self._reach.allow_private or host in self._configured:
            return found
        allowed = [address for address in found if is_public(address)]
        if found and not allowed:
            raise PrivateAddress("The name leads to an address inside a private network.")
        return allowed
