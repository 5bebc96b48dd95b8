"""Watch channels of Google Calendar. Google Contacts has nothing of the kind: contacts are looked for by the timer."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

from bridge.errors import Invalid, TemporaryError
from bridge.ports import Channel, Clock, Notice, RemoteId
from bridge.providers.google.client import Client

_USUAL = timedelta(days=6)
"""How long a channel is taken to live when Google does not say: a day less than what it documents."""
_GONE = frozenset((404, 410))
_LARGEST = 4096  # octets; Google sends nothing but headers
_STATES = frozenset(("sync", "exists", "not_exists"))


def watch(client: Client, clock: Clock, collection: RemoteId, address: str, token: str) -> Channel:
    """Open a channel for the events of a calendar (``events.watch``). Raises what the client does, and ``Refused``."""
    name = str(uuid.uuid4())
    body = {"id": name, "type": "web_hook", "address": address, "token": token}
    answer = client.call("POST", f"/calendars/{quote(collection, safe='')}/events/watch", body=body)
    if not answer.ok:
        raise client.error(answer)
    found = answer.json()
    resource = found.get("resourceId")
    if not isinstance(resource, str) or not resource:
        raise TemporaryError("Google Calendar's answer holds no channel.", remote=client.service.name)
    return Channel(name, _end(found.get("expiration"), clock.now()), resource)


def unwatch(client: Client, channel: Channel) -> None:
    """End a channel (``channels.stop``)."""
    answer = client.call("POST", "/channels/stop", body={"id": channel.id, "resourceId": channel.resource})
    if not answer.ok and answer.status not in _GONE:
        raise client.error(answer)


class GoogleHook:
    """Reads what Google Calendar sends: everything is in the headers, and nothing is signed but by our own token."""

    largest = _LARGEST

    def read(self, query: Mapping[str, str], headers: Mapping[str, str], body: bytes) -> Sequence[Notice]:  # noqa: ARG002
        """See ``Hook.read``."""
        channel, state = headers.get("x-goog-channel-id", ""), headers.get("x-goog-resource-state", "")
        number = headers.get("x-goog-message-number", "")
        if not channel or state not in _STATES or not (number.isascii() and number.isdigit() and len(number) < 19):
            raise Invalid("This is no message of Google Calendar.")
        token = headers.get("x-goog-channel-token", "")
        return [Notice(channel, token, int(number), first=state == "sync")]


def _end(text: object, now: datetime) -> datetime:
    """The end that Google names, in milliseconds since 1970."""
    try:
        return datetime.fromtimestamp(int(str(text)) / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return now + _USUAL
