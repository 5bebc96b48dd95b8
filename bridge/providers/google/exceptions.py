"""Writing the exceptions of a series. Each is an event of its own, which Google makes of an occurrence when asked."""

from datetime import datetime
from typing import Any
from urllib.parse import quote

from bridge.core.event import Event, Moment
from bridge.errors import BridgeError, Invalid, MappingError, NotFound, PreconditionFailed, Refused
from bridge.http import Answer
from bridge.providers.google import event_mapping
from bridge.providers.google.client import Client
from bridge.providers.google.event_mapping import Raw
from bridge.providers.google.series import Held, Manner, by_start, is_cancelled, original_start
from bridge.providers.google.times import write_time
from bridge.providers.occurrences import instance, start_key

_SILENT = {"sendUpdates": "none"}
_GONE = frozenset((404, 410))


class Exceptions:
    """Makes the exceptions of a series what they should be. ``events`` is the path of the calendar's events."""

    def __init__(self, client: Client, events: str) -> None:
        self._client = client
        self._events = events

    def settle(self, held: Held, wanted: Event, manner: Manner) -> bool:
        """Write the overrides of ``wanted``, and make other exceptions say what the series does.

        Google cannot forget an exception, and one that is left behind keeps what the series said before. Returns
        whether anything may have changed. Raises what a write of the series may.
        """
        if not wanted.overrides and not held.exceptions:
            return False
        try:
            master = event_mapping.read_event(held.master, manner.reminders, manner.zone)
        except Invalid as error:
            raise Refused(f"What is there cannot be read, so it is not changed: {error}") from error
        there = dict(by_start(held.exceptions, master, manner))
        for override in wanted.overrides:
            if override.recurrence_id is not None:
                raw = there.pop(start_key(_aware(override.recurrence_id, manner)), None)
                self._write(held, raw, override, manner)
        for raw in there.values():
            self._reset(held, raw, master, manner)
        return True

    def _reset(self, held: Held, raw: Raw, master: Event, manner: Manner) -> None:
        """Make an exception say nothing. One whose occurrence is no more is left alone."""
        try:
            self._write(held, raw, instance(master, original_start(raw, manner, master)), manner)
        except (NotFound, PreconditionFailed, Refused):
            return

    def _write(self, held: Held, raw: Raw | None, override: Event, manner: Manner) -> None:
        if raw is None:
            raw = self._occurrence(held, override, manner)
        if override.cancelled:
            if not is_cancelled(raw):
                self._check(self._client.call("DELETE", self._path(raw), _SILENT, headers=_guard(raw)))
            return
        there = {name: value for name, value in raw.items() if name != "status"} if is_cancelled(raw) else raw
        body = event_mapping.write_event(override, there, manner.zone, manner.reminders)
        body |= {"status": "confirmed"} if is_cancelled(raw) else {}
        if body != event_mapping.settable(raw):
            self._check(self._client.call("PUT", self._path(raw), _query(body, raw), body, _guard(raw)))

    def _occurrence(self, held: Held, override: Event, manner: Manner) -> Raw:
        """The event that an occurrence is, by the start that the series gives it. Raises ``MappingError``."""
        assert override.recurrence_id is not None  # noqa: S101 - the caller has looked
        start = write_time(override.recurrence_id, manner.zone, recurs=False)
        query = {"originalStart": start.get("dateTime") or start["date"], "showDeleted": "true", "maxResults": 1}
        items = self._client.get(f"{self._events}/{quote(held.id, safe='')}/instances", query).get("items")
        found = items[0] if isinstance(items, list) and items else None
        if not isinstance(found, dict) or not isinstance(found.get("id"), str):
            raise MappingError("overrides", "An exception of this series belongs to none of its occurrences.")
        return found

    def _path(self, raw: Raw) -> str:
        return f"{self._events}/{quote(str(raw.get('id', '')), safe='')}"

    def _check(self, answer: Answer) -> None:
        if not answer.ok:
            error: BridgeError = self._client.error(answer)
            raise PreconditionFailed(str(error)) if answer.status in _GONE else error


def _query(body: dict[str, Any], raw: Raw) -> dict[str, str | int]:
    same = body.get("conferenceData") == raw.get("conferenceData")
    return {**_SILENT} if same else {**_SILENT, "conferenceDataVersion": 1}


def _guard(raw: Raw) -> dict[str, str]:
    return {"If-Match": str(raw["etag"])} if raw.get("etag") else {}


def _aware(moment: Moment, manner: Manner) -> Moment:
    """A floating start in the zone in which it was written."""
    if isinstance(moment, datetime) and moment.tzinfo is None:
        return moment.replace(tzinfo=manner.zone)
    return moment
