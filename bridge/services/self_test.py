"""Looks at this server as a calendar program would (R26): redirects, the password prompt, the way to the home.

The requests go over the network, to the public address, and through whatever proxy stands before it: that is where
set-ups fail. Only the configured address is ever asked, never one that a request names.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum, auto
from urllib.parse import urljoin, urlsplit
from xml.etree.ElementTree import Element, ParseError

import httpx2
from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from bridge.core.user import User
from bridge.services.devices import Devices

TIMEOUT = 5.0  # seconds
_NAME = "Self-test"
_AGENT = "davbridge self-test"
_PROPFIND = (
    b'<?xml version="1.0" encoding="utf-8"?><D:propfind xmlns:D="DAV:"><D:prop><D:current-user-principal/>'
    b'<C:calendar-home-set xmlns:C="urn:ietf:params:xml:ns:caldav"/>'
    b'<A:addressbook-home-set xmlns:A="urn:ietf:params:xml:ns:carddav"/></D:prop></D:propfind>'
)
_HOMES = (
    "{urn:ietf:params:xml:ns:caldav}calendar-home-set",
    "{urn:ietf:params:xml:ns:carddav}addressbook-home-set",
)


class Check(Enum):
    """What is looked at."""

    ENCRYPTED = auto()
    REACHED = auto()
    CALDAV = auto()
    CARDDAV = auto()
    PROMPT = auto()
    PRINCIPAL = auto()
    HOMES = auto()


@dataclass(frozen=True, slots=True)
class Finding:
    """What a look brought. ``seen`` is what was there instead of what clients need, in the words of the protocol."""

    check: Check
    good: bool
    seen: str = ""


class _Unreachable(Exception):
    """Nobody answers."""


class SelfTest:
    """``address`` is the public one, without a final slash. ``open_client`` makes the HTTP client."""

    def __init__(self, address: str, devices: Devices, open_client: Callable[[], httpx2.Client] | None = None) -> None:
        self.address = address
        self._devices = devices
        self._open = open_client or _client

    def run(self, user: User) -> list[Finding]:
        """Look at everything, with an app password of the user that is revoked afterwards."""
        encrypted = urlsplit(self.address).scheme == "https"
        findings = [Finding(Check.ENCRYPTED, encrypted, "" if encrypted else self.address)]
        device, password = self._devices.add(user.login, _NAME)
        try:
            with self._open() as client:
                findings += _Looking(client, self.address, (user.login, password)).findings()
        except _Unreachable as error:
            findings.append(Finding(Check.REACHED, good=False, seen=str(error)))
        finally:
            self._devices.revoke(device.id)
        return findings


class _Looking:
    """One look, in the order in which clients ask."""

    def __init__(self, client: httpx2.Client, address: str, credentials: tuple[str, str]) -> None:
        self._client = client
        self._address = address
        self._credentials = credentials
        self._root = f"{address}/dav/"

    def findings(self) -> Iterator[Finding]:
        calendars = self._well_known(Check.CALDAV, "caldav")
        yield Finding(Check.REACHED, good=True)
        yield calendars
        yield self._well_known(Check.CARDDAV, "carddav")
        yield self._prompt()
        principal = self._property(self._root, "{DAV:}current-user-principal")
        wanted = f"/dav/{self._credentials[0]}/"
        good = bool(principal) and _path_of(self._address, principal).endswith(wanted)
        yield Finding(Check.PRINCIPAL, good, principal if not good else "")
        if good:
            homes = [self._property(urljoin(self._root, principal), name) for name in _HOMES]
            yield Finding(Check.HOMES, all(homes), "" if all(homes) else " ".join(homes))

    def _well_known(self, check: Check, service: str) -> Finding:
        answer = self._ask("PROPFIND", f"{self._address}/.well-known/{service}")
        location = answer.headers.get("Location", "")
        leads = _path_of(self._address, location).endswith("/dav/")
        good = answer.status_code in {301, 302, 303, 307, 308} and leads
        return Finding(check, good, "" if good else f"{answer.status_code} {location}".strip())

    def _prompt(self) -> Finding:
        answer = self._ask("PROPFIND", self._root)
        offered = answer.headers.get("WWW-Authenticate", "")
        good = answer.status_code == 401 and offered.lower().startswith("basic")
        return Finding(Check.PROMPT, good, "" if good else f"{answer.status_code} {offered}".strip())

    def _property(self, address: str, name: str) -> str:
        """The address in a property, or an empty text."""
        answer = self._ask("PROPFIND", address, auth=self._credentials)
        if answer.status_code != 207:
            return ""
        try:
            found: Element | None = fromstring(answer.content).find(f".//{name}/{{DAV:}}href")
        except (ParseError, DefusedXmlException, ValueError):
            return ""
        return (found.text or "") if found is not None else ""

    def _ask(self, method: str, address: str, auth: tuple[str, str] | None = None) -> httpx2.Response:
        headers = {"Depth": "0", "Content-Type": "application/xml; charset=utf-8"}
        try:
            return self._client.request(method, address, headers=headers, content=_PROPFIND, auth=auth)
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            raise _Unreachable(f"{address}: {error}") from error


def _path_of(address: str, target: str) -> str:
    """The path that a link on ``address`` leads to; an empty one when it leads elsewhere or is none."""
    try:
        parts = urlsplit(urljoin(f"{address}/", target))
    except ValueError:
        return ""
    return parts.path if parts[:2] == urlsplit(address)[:2] else ""


def _client() -> httpx2.Client:
    return httpx2.Client(timeout=TIMEOUT, follow_redirects=False, headers={"User-Agent": _AGENT}, trust_env=False)
