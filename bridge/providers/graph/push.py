"""Subscriptions: Graph tells of changes in calendars and contact folders, and of what becomes of the subscription."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from bridge.errors import Invalid, Refused
from bridge.ports import Channel, Clock, Notice
from bridge.providers.graph.client import Ask, Client, Raw, segment
from bridge.providers.graph.event_read import text
from bridge.providers.graph.times import read_instant

LIFETIME = timedelta(minutes=4200)
"""Just below the shortest limit that Microsoft has documented for calendars and contacts (4230 minutes)."""

_LARGEST = 256 * 1024  # octets; one message may tell of many changes
_LONGEST = 1024  # characters of what has to be repeated to show that we listen
_CHANGES = "created,updated,deleted"
_ENDING = frozenset(("subscriptionRemoved", "reauthorizationRequired"))


def watch(client: Client, clock: Clock, resources: Sequence[str], address: str, token: str) -> Channel:
    """Subscribe to the first of these resources that Graph takes. Raises what the client does, and ``Refused``.

    Graph asks ``address`` at once whether we listen. It tells there too when the subscription is about to end.
    """
    refusal = Refused(f"{client.name} tells of no changes.", remote=client.name)
    for resource in resources:
        body = {
            "changeType": _CHANGES,
            "notificationUrl": address,
            "lifecycleNotificationUrl": address,
            "resource": resource,
            "expirationDateTime": _written(clock.now() + LIFETIME),
            "clientState": token,
        }
        answer = client.call(Ask("POST", "/subscriptions", body))
        if answer.ok:
            found = answer.json()
            if not text(found, "id"):
                raise client.nonsense()
            return Channel(text(found, "id"), _end(found, clock.now()), resource)
        error = client.error(answer)
        if not isinstance(error, Refused):
            raise error
        refusal = error
    raise refusal


def renew(client: Client, clock: Clock, channel: Channel) -> Channel | None:
    """Let a subscription go on. ``None``: it is no more."""
    body = {"expirationDateTime": _written(clock.now() + LIFETIME)}
    answer = client.call(Ask("PATCH", f"/subscriptions/{segment(channel.id)}", body))
    if client.is_gone(answer):
        return None
    if not answer.ok:
        raise client.error(answer)
    return Channel(channel.id, _end(answer.json(), clock.now()), channel.resource)


def unwatch(client: Client, channel: Channel) -> None:
    """End a subscription."""
    answer = client.call(Ask("DELETE", f"/subscriptions/{segment(channel.id)}"))
    if not answer.ok and not client.is_gone(answer):
        raise client.error(answer)


class GraphHook:
    """Reads what Graph sends. It is not signed: only ``clientState``, which is our token, shows where it comes from."""

    largest = _LARGEST

    def read(self, query: Mapping[str, str], headers: Mapping[str, str], body: bytes) -> Sequence[Notice] | str:  # noqa: ARG002
        """See ``Hook.read``."""
        asked = query.get("validationToken")
        if asked is not None:
            if len(asked) > _LONGEST:
                raise Invalid("This is no question of Microsoft Graph.")
            return asked
        found = _rows(body)
        if not found:
            raise Invalid("This is no message of Microsoft Graph.")
        notices: dict[tuple[str, str], bool] = {}
        for row in found:
            key = (text(row, "subscriptionId"), text(row, "clientState"))
            notices[key] = notices.get(key, False) or text(row, "lifecycleEvent") in _ENDING
        return [Notice(channel, token, ended=ended) for (channel, token), ended in notices.items()]


def _rows(body: bytes) -> list[Raw]:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return []
    rows = found.get("value") if isinstance(found, Mapping) else None
    told = [row for row in rows if isinstance(row, Mapping)] if isinstance(rows, list) else []
    return [row for row in told if text(row, "subscriptionId")]


def _end(found: Raw, now: datetime) -> datetime:
    return read_instant(found.get("expirationDateTime")) or now + LIFETIME


def _written(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.0000000Z")
