"""Reading the events of one calendar: single events, and series with all that belongs to them."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from typing import Any

from bridge.core.event import Event
from bridge.core.timezones import resolve
from bridge.errors import NotFound, PermissionMissing, Refused
from bridge.http import Answer
from bridge.ports import RemoteId
from bridge.providers.graph.client import PAGE, Ask, Client, Steps, query, segment
from bridge.providers.graph.event_read import text
from bridge.providers.graph.marks import EXPAND, KEY, mark
from bridge.providers.graph.series import OF_SERIES, Held, is_series
from bridge.providers.together import one

Raw = Mapping[str, Any]

_SELECT = (
    "id,type,iCalUId,subject,body,start,end,isAllDay,originalStartTimeZone,originalEndTimeZone,location,recurrence,"
    "sensitivity,showAs,categories,isReminderOn,reminderMinutesBeforeStart,isCancelled,isOrganizer,organizer,attendees,"
    "isOnlineMeeting,onlineMeeting,onlineMeetingUrl,createdDateTime,lastModifiedDateTime,changeKey,cancelledOccurrences"
)
_MOST_PAGES = 100


class Events:
    """The events of a calendar. ``made`` is what creations have made, by their keys, as far as is known."""

    def __init__(self, client: Client, calendar: str) -> None:
        self.client = client
        self.calendar = f"/me/calendars/{segment(calendar)}"
        self.path = f"{self.calendar}/events"
        self.made: dict[str, RemoteId] = {}
        self._masters: set[str] = set()
        self._home: tzinfo | None = None

    def at(self, id_: str) -> str:
        """The path of one event."""
        return f"{self.path}/{segment(id_)}"

    def all(self) -> list[Raw]:
        """Every single event and every master, each once in its latest form. Exceptions do not come with these."""
        options = query(self.path, top=PAGE, expand=EXPAND)
        rows = (raw for page in self.client.pages(options) for raw in self.client.rows(page))
        found = {text(raw, "id"): raw for raw in rows if text(raw, "type") not in OF_SERIES}
        self.made |= {mark(raw, KEY): RemoteId(id_) for id_, raw in found.items() if mark(raw, KEY)}
        self._masters = {id_ for id_, raw in found.items() if is_series(raw)}
        return list(found.values())

    def is_listed_series(self, id_: str) -> bool:
        """Whether the latest listing told that this is a series, which has not been read since."""
        return id_ in self._masters

    def held(self, id_: RemoteId) -> Steps[Held | None]:
        """One object with all that belongs to it, or ``None`` where it is gone."""
        if id_ in self._masters:
            self._masters.discard(id_)
            return (yield from self.whole(id_))
        raw = self._there((yield from one(Ask("GET", query(self.at(id_), expand=EXPAND)))), id_)
        if raw is not None and is_series(raw):
            return (yield from self.whole(id_))
        return None if raw is None else Held(raw)

    def whole(self, id_: RemoteId) -> Steps[Held | None]:
        """A series with its exceptions, or ``None`` where it is gone."""
        path = query(self.at(id_), select=_SELECT, expand=f"{EXPAND},exceptionOccurrences")
        raw = self._there((yield from one(Ask("GET", path))), id_)
        return None if raw is None else Held(raw)

    def check(self) -> Steps[None]:
        """Raise ``NotFound`` when the calendar itself is gone."""
        answer = yield from one(Ask("GET", query(self.calendar, select="id")))
        if not answer.ok:
            raise self.client.error(answer)

    def rows(self, answer: Answer) -> Steps[list[Raw]]:
        """The rows of a short list, from its first page on."""
        rows: list[Raw] = []
        for _ in range(_MOST_PAGES):
            if not answer.ok:
                raise self.client.error(answer)
            page = answer.json()
            rows += self.client.rows(page)
            following = self.client.following(page)
            if not following:
                return rows
            answer = yield from one(Ask("GET", following))
        raise self.client.nonsense()

    def read(self, answer: Answer) -> dict[str, Any]:
        """The event of an answer. Raises ``TemporaryError`` for nonsense."""
        raw = answer.json()
        if not text(raw, "id"):
            raise self.client.nonsense()
        return raw

    def zone(self, event: Event) -> tzinfo:
        """The zone of floating times: the user's own, as far as we may know it. Others need none."""
        if not _floats((event.start, event.end)):
            return UTC
        if self._home is None:
            try:
                found = self.client.get("/me/mailboxSettings/timeZone").get("value")
            except (PermissionMissing, NotFound, Refused):
                found = ""
            self._home = resolve(str(found or "")) or UTC
        return self._home

    def _there(self, answer: Answer, id_: RemoteId) -> Raw | None:
        if self.client.is_gone(answer):
            return None
        if not answer.ok:
            raise self.client.error(answer)
        return {**self.read(answer), "id": id_}  # ids are spelled in more ways than one


def _floats(moments: Sequence[object]) -> bool:
    return any(isinstance(each, datetime) and each.tzinfo is None for each in moments)
