"""Subscriptions: whom the service tells of changes, for how long."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import TYPE_CHECKING, Any

from tests.fakes.graph.answers import Refusal, ok
from tests.fakes.graph.shapes import check
from tests.harness import NOW

if TYPE_CHECKING:
    from tests.providers.servers import Reply

Raw = dict[str, Any]

QUESTION = "Validation: Testing client application reachability for subscription Request-Id: 0 & <more>"
_LONGEST = timedelta(minutes=10080)
_SHORTEST = timedelta(minutes=45)
_RESOURCES = r"/me/(events|contacts|calendars/[^/]+/events|contactFolders/[^/]+/contacts)"


@dataclass
class FakeSubscriptions:
    """``listens`` asks an address whether it is there. ``resources`` are those that may be subscribed to."""

    known: dict[str, Raw] = field(default_factory=dict)
    listens: Callable[[str, str], str] = lambda _, question: question
    resources: str = _RESOURCES
    now: Callable[[], datetime] = lambda: NOW
    numbers: Callable[[], int] = field(default_factory=lambda: count(1).__next__)

    def answer(self, verb: str, ids: list[str | None], body: Raw) -> tuple[Reply, list[str]]:
        """Carry out a request."""
        if verb == "create":
            return self._created(body)
        found = self.known.get(ids[0] or "")
        if found is None:
            raise Refusal(404, "ResourceNotFound", "The object was not found.")
        if verb == "delete":
            del self.known[found["id"]]
            return ok(), []
        found["expirationDateTime"] = self._end(body["expirationDateTime"])
        return ok(found), list(check("subscription", found, "subscriptions.renew"))

    def message(self, **changes: object) -> list[bytes]:
        """What the service sends for each subscription."""
        rows = ({"subscriptionId": id_, "clientState": each["clientState"]} for id_, each in self.known.items())
        told = ({"changeType": "updated", "resource": "Users/1/Events/2", "tenantId": "0", **row} for row in rows)
        return [json.dumps({"value": [row | changes, row | changes]}).encode() for row in told]

    def _created(self, body: Raw) -> tuple[Reply, list[str]]:
        if not re.fullmatch(self.resources, body["resource"]):
            raise Refusal(400, "ExtensionError", "Operation: Create; Exception: the resource is not supported.")
        if len(body["clientState"]) > 128 or body["changeType"] != "created,updated,deleted":
            raise Refusal(400, "InvalidRequest", "clientState or changeType is not valid.")
        address = body["notificationUrl"]
        if self.listens(address, QUESTION) != QUESTION:
            raise Refusal(400, "ValidationError", "Subscription validation request failed.")
        id_ = f"sub-{self.numbers()}"
        made = {**body, "id": id_, "expirationDateTime": self._end(body["expirationDateTime"])}
        self.known[id_] = made | {"notificationQueryOptions": None, "includeResourceData": None}
        self.known[id_] |= {"creatorId": "0", "applicationId": "0"}
        return ok(self.known[id_], 201), list(check("subscription", self.known[id_], "subscriptions.create"))

    def _end(self, text: str) -> str:
        wait = datetime.fromisoformat(text) - self.now()
        if not _SHORTEST <= wait <= _LONGEST:
            raise Refusal(400, "ExtensionError", "Subscription expiration can only be 10080 minutes in the future.")
        return text
