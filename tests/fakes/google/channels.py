"""Watch channels: Google tells an address that a calendar changed, with headers only. ``tell`` sends what is due."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

from tests.fakes.google.answers import Refusal, ok
from tests.harness import NOW
from tests.providers.servers import Reply

LIFE = timedelta(days=7)
PATIENCE = 60  # seconds


@dataclass
class FakeChannel:
    """One channel. ``told`` is the version of the calendar that was told last, ``number`` that of the last message."""

    id: str
    calendar: str
    address: str
    token: str
    expires_at: datetime
    resource: str
    told: int
    number: int = 0

    def headers(self, state: str) -> dict[str, str]:
        expires = self.expires_at.strftime("%a, %d %b %Y %H:%M:%S GMT")
        return {
            "X-Goog-Channel-ID": self.id,
            "X-Goog-Channel-Token": self.token,
            "X-Goog-Channel-Expiration": expires,
            "X-Goog-Resource-ID": self.resource,
            "X-Goog-Resource-URI": f"https://www.googleapis.com/calendar/v3/calendars/{self.calendar}/events?alt=json",
            "X-Goog-Resource-State": state,
            "X-Goog-Message-Number": str(self.number),
            "Content-Length": "0",
        }


@dataclass
class FakeChannels:
    """The channels of an account. ``loses``: messages get lost. ``twice``: each comes twice."""

    known: dict[str, FakeChannel] = field(default_factory=dict)
    stopped: list[str] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    loses: bool = False
    twice: bool = False
    now: Callable[[], datetime] = lambda: NOW
    _new: list[FakeChannel] = field(default_factory=list)

    def watch(self, calendar: str, latest: int, body: dict[str, Any]) -> Reply:
        """``events.watch``."""
        address = urlsplit(body.get("address", ""))
        if address.scheme != "https" and address.hostname != "127.0.0.1":
            text = f"WebHook callback must be HTTPS: {body.get('address')}"
            raise Refusal(400, text, "push.webhookUrlNotHttps")
        if not re.fullmatch(r"[A-Za-z0-9\-_+/=]{1,64}", body["id"]) or len(body.get("token", "")) > 256:
            raise Refusal(400, "Invalid channel.", "channelIdInvalid")
        if body["id"] in self.known:
            raise Refusal(400, "Channel id not unique", "channelIdNotUnique")
        made = FakeChannel(
            body["id"], calendar, body["address"], body.get("token", ""), self.now() + LIFE, f"r-{calendar}", latest
        )
        self.known[made.id] = made
        self._new.append(made)
        answer = {"kind": "api#channel", "id": made.id, "resourceId": made.resource, "token": made.token}
        return ok(answer | {"expiration": str(int(made.expires_at.timestamp() * 1000))})

    def stop(self, body: dict[str, Any]) -> Reply:
        """``channels.stop``."""
        found = self.known.get(body.get("id", ""))
        if found is None or found.resource != body.get("resourceId"):
            raise Refusal(404, f"Channel '{body.get('id')}' not found for project", "notFound")
        del self.known[found.id]
        self.stopped.append(found.id)
        return ok()

    def tell(self, latest: Callable[[str], int]) -> list[int]:
        """Send the first message of new channels, and one for each calendar that changed: the answers' statuses."""
        began = len(self.statuses)
        for new in self._new:
            self._send(new, "sync")
        self._new.clear()
        for each in list(self.known.values()):
            if each.expires_at > self.now() and latest(each.calendar) > each.told:
                each.told = latest(each.calendar)
                self._send(each, "exists")
        return self.statuses[began:]

    def _send(self, channel: FakeChannel, state: str) -> None:
        channel.number += 1 if state == "sync" else 3  # “not sequential”
        for _ in range(0 if self.loses else 2 if self.twice else 1):
            self.statuses.append(send(channel.address, channel.headers(state)))


def send(address: str, headers: dict[str, str], body: bytes = b"") -> int:
    """One message to an address on this machine: the status of the answer."""
    parts = urlsplit(address)
    connection = HTTPConnection(parts.hostname or "", parts.port, timeout=PATIENCE)
    try:
        connection.request("POST", parts.path, body, headers)
        return connection.getresponse().status
    finally:
        connection.close()
