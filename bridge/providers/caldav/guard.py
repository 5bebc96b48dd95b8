"""Where the program may connect to: names are resolved once, judged, and the very address judged is connected to."""

import ipaddress
import socket
from collections.abc import Callable
from typing import Any

from niquests.packages.urllib3.contrib.resolver.system import SystemResolver  # type: ignore[import-not-found]

Lookup = Callable[..., list[Any]]
"""What ``socket.getaddrinfo`` is."""


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


class GuardedResolver(SystemResolver):  # type: ignore[misc] # niquests hides where its urllib3 is
    """The system's resolver without forbidden addresses; what it returns is what the connection is made to."""

    def __init__(self, *, allow_private: bool, lookup: Lookup | None = None) -> None:
        super().__init__()
        self._allow_private = allow_private
        self._lookup = lookup or socket.getaddrinfo

    def recycle(self) -> "GuardedResolver":
        """Stay the same: the default would make one without our arguments."""
        return self

    def getaddrinfo(self, host: Any, port: Any, *args: Any, **_: Any) -> list[Any]:
        """Resolve a name. Raises ``PrivateAddress`` unless one of its addresses is allowed."""
        found = self._lookup(host, port, *args)
        allowed = [each for each in found if self._allow_private or is_public(str(each[4][0]))]
        if found and not allowed:
            raise PrivateAddress("The name leads to an address inside a private network.")
        return allowed
