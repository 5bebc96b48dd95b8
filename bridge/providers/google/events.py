"""Reading the events of one calendar: listings, single events, and series with all that belongs to them."""

from collections.abc import Mapping
from datetime import UTC
from typing import Any
from urllib.parse import quote

from bridge.core.timezones import resolve
from bridge.errors import TemporaryError, TokenExpired
from bridge.http import Answer
from bridge.ports import RemoteId
from bridge.providers.google import event_mapping, series
from bridge.providers.google.batch import Ask, Steps
from bridge.providers.google.client import Client, next_page
from bridge.providers.google.event_mapping import Raw
from bridge.providers.google.series import Held, Manner
from bridge.providers.together import one

GONE = frozenset((404, 410))
_PAGE = 2500
_MOST_PAGES = 1000


class Events:
    """The events of a calendar. ``path`` is where they are."""

    def __init__(self, client: Client, calendar: str) -> None:
        self.client = client
        self.path = f"/calendars/{quote(calendar, safe='')}/events"
        self._manner: Manner | None = None

    @property
    def manner(self) -> Manner:
        """The calendar's zone and reminders. Raises ``NotFound`` when it is gone."""
        if self._manner is None:
            self._manner = _manner(self.client.get(self.path, {"maxResults": 1}))
        return self._manner

    def at(self, id_: str) -> str:
        """The path of one event."""
        return f"{self.path}/{quote(id_, safe='')}"

    def listed(self, query: Mapping[str, Any]) -> Steps[tuple[list[Raw], str]]:
        """All events of a listing, each once in its latest form, and the token for the next one, if it names any.

        Raises ``TokenExpired``.
        """
        items: dict[str, Raw] = {}
        following: dict[str, str] = {}
        for _ in range(_MOST_PAGES):
            answer = yield from one(Ask("GET", self.path, {**query, "maxResults": _PAGE, **following}))
            if "syncToken" in query and answer.status in {400, 410}:
                raise TokenExpired("The sync token is too old or unknown to Google Calendar.", remote=self._name)
            if not answer.ok:
                raise self.client.error(answer)
            page = answer.json()
            self._manner = _manner(page)
            items |= {str(item["id"]): item for item in _rows(page)}
            following = next_page(page, following, self._name)
            if not following:
                return list(items.values()), event_mapping.text(page, "nextSyncToken")
        raise TemporaryError("Google Calendar's list has no end.", remote=self._name)

    def held(self, id_: RemoteId) -> Steps[Held | None]:
        """One object with all that belongs to it, or ``None``. Raises ``NotFound`` when the calendar is gone."""
        answer = yield from one(Ask("GET", self.at(id_)))
        if answer.status in GONE:
            yield from self.check()
            return None
        raw = self.read(answer, id_)
        if series.is_cancelled(raw):
            return None
        if series.series_of(raw):
            whole = yield from self.whole(series.series_of(raw), uid_of(raw))
            return Held(raw) if whole is None else None
        return (yield from self.whole(id_, uid_of(raw))) if series.is_series(raw) else Held(raw)

    def whole(self, master: str, uid: str) -> Steps[Held | None]:
        """A series with its exceptions, found by the UID that they share; ``None`` without its master.

        That a list lacks the master does not prove that it is gone.
        """
        if not uid:
            raw = yield from self._there(master)
            if raw is None:
                return None
            uid = uid_of(raw)
        items, _ = yield from self.listed({"iCalUID": uid, "singleEvents": "false"})
        found = next((each for each in series.assemble(items) if each.id == master), None)
        if found is None and (raw := (yield from self._there(master))) is not None:
            return Held(raw, tuple(each for each in items if series.series_of(each) == master))
        return found

    def _there(self, id_: str) -> Steps[Raw | None]:
        """One event, unless it is gone."""
        answer = yield from one(Ask("GET", self.at(id_)))
        if answer.status in GONE:
            return None
        raw = self.read(answer, id_)
        return None if series.is_cancelled(raw) else raw

    def check(self) -> Steps[None]:
        """Raise ``NotFound`` when the calendar is gone."""
        answer = yield from one(Ask("GET", self.path, {"maxResults": 1}))
        if not answer.ok:
            raise self.client.error(answer)

    def read(self, answer: Answer, id_: str) -> dict[str, Any]:
        """The event of an answer. Raises what the answer means, and ``TemporaryError`` for nonsense."""
        if not answer.ok:
            raise self.client.error(answer)
        raw = answer.json()
        if raw.get("id") != id_:
            raise TemporaryError("Google Calendar's answer holds another event, or none.", remote=self._name)
        return raw

    @property
    def _name(self) -> str:
        return self.client.service.name


def uid_of(raw: Raw) -> str:
    """The UID that an event shares with the others of its series."""
    return event_mapping.text(raw, "iCalUID")


def _manner(page: Raw) -> Manner:
    zone = resolve(str(page.get("timeZone") or "")) or UTC
    return Manner(zone, event_mapping.offsets(page.get("defaultReminders")))


def _rows(page: Raw) -> list[Raw]:
    found = page.get("items")  # a list that is empty has them too
    if isinstance(found, list) and all(isinstance(each, dict) and event_mapping.text(each, "id") for each in found):
        return found
    raise TemporaryError("Google Calendar's answer holds no events.", remote="Google Calendar")
