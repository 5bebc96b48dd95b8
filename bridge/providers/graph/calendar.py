"""One calendar of Microsoft 365 as a ``Side``.

What changed is told by ``calendarView/delta`` over a window that moves on; the whole calendar is read without a window,
so that nothing is taken for gone because it lies outside. Our marks come with neither, so what changed is only named
and then fetched, twenty at a time. Graph writes to guests without being asked (R13): what would reach them is refused.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from bridge.core.event import Event
from bridge.errors import BridgeError, TokenExpired
from bridge.http import Answer
from bridge.ports import Changes, Clock, Found, Outcome, RemoteId, SyncToken, Traits, Write
from bridge.providers.graph.calendar_writes import CalendarWrites
from bridge.providers.graph.client import BATCH, PAGE, Ask, Client, portions, query, segment
from bridge.providers.graph.event_read import EXPRESSES, MASTER, text
from bridge.providers.graph.marks import EXPAND, KEY, UID, mark, memory, text_of
from bridge.providers.graph.series import Held, is_series, series_of, version_of
from bridge.providers.graph.window import Window, window_at

Raw = Mapping[str, Any]

_TOKEN = "events-1"  # noqa: S105 - how our tokens begin; another listing than this one needs another number
_SELECT = (
    "id,type,iCalUId,subject,body,start,end,isAllDay,originalStartTimeZone,originalEndTimeZone,location,recurrence,"
    "sensitivity,showAs,categories,isReminderOn,reminderMinutesBeforeStart,isCancelled,isOrganizer,organizer,attendees,"
    "isOnlineMeeting,onlineMeeting,onlineMeetingUrl,createdDateTime,lastModifiedDateTime,changeKey,cancelledOccurrences"
)

TRAITS = Traits(
    "Microsoft 365 Calendar",
    keeps_uid=False,
    max_fetch=5 * BATCH,
    max_writes=5 * BATCH,
    expresses=EXPRESSES,
    floating_times=False,
)


class CalendarSide:
    """A calendar. Ids are those of events; a series has that of its master."""

    def __init__(self, client: Client, id_: str, clock: Clock) -> None:
        self._client = client
        self._calendar = f"/me/calendars/{segment(id_)}"
        self._events = f"{self._calendar}/events"
        self._clock = clock
        self._writes = CalendarWrites(client, self._events, self)

    @property
    def traits(self) -> Traits:
        """What a calendar there can do."""
        return TRAITS

    def changes(self, since: SyncToken | None) -> Changes[Event]:
        """See ``Side.changes``. Series are only named: their exceptions take a request of their own."""
        if since is None:
            window = window_at(self._clock.now())
            _, link = self._delta(query(f"{self._calendar}/calendarView/delta", **window.options))
            found = tuple(self._listed(raw) for raw in self._all())
            return Changes(found, (), _token(window, link))
        window, link = self._position(since)
        rows, following = self._delta(link)
        found, gone = self._touched(rows, window)
        return Changes(found, gone, _token(window, following), complete=False)

    def fetch(self, ids: Collection[RemoteId]) -> Iterator[Found[Event]]:
        """See ``Side.fetch``."""
        for portion in portions(list(dict.fromkeys(ids))):
            for held in self.held(portion).values():
                if isinstance(held, BridgeError):
                    raise held
                if held is not None:
                    yield held.found()

    def write(self, writes: Sequence[Write[Event]]) -> Iterator[Outcome[Event]]:
        """See ``Side.write``."""
        yield from self._writes.carry_out(writes)

    def held(self, ids: Sequence[RemoteId], *, must: bool = True) -> dict[RemoteId, Held | BridgeError | None]:
        """These objects with all that belongs to them, ``None`` for what is gone, and what failed for one alone.

        ``must``: raise ``NotFound`` where something is gone because the calendar is.
        """
        raws = self._get(ids, query("", expand=EXPAND))
        series = [id_ for id_, raw in raws.items() if isinstance(raw, Mapping) and is_series(raw)]
        raws |= self._get(series, query("", select=_SELECT, expand=f"{EXPAND},exceptionOccurrences"))
        if must and None in raws.values():
            self.check()
        return {id_: Held(raw) if isinstance(raw, Mapping) else raw for id_, raw in raws.items()}

    def check(self) -> None:
        """Raise ``NotFound`` when the calendar itself is gone."""
        self._client.get(query(self._calendar, select="id"))

    def _get(self, ids: Sequence[RemoteId], options: str) -> dict[RemoteId, Raw | BridgeError | None]:
        found: dict[RemoteId, Raw | BridgeError | None] = {}
        for portion in portions(list(ids)):
            answers = self._client.batch([Ask("GET", f"{self._events}/{segment(id_)}{options}") for id_ in portion])
            found |= {id_: self._one(answer) for id_, answer in zip(portion, answers, strict=True)}
        return found

    def _one(self, answer: Answer) -> Raw | BridgeError | None:
        if answer.ok:
            raw = answer.json()
            return raw if text(raw, "id") else self._client.nonsense()
        return None if self._client.is_gone(answer) else self._client.error(answer)

    def _all(self) -> list[Raw]:
        """Every single event and every master, each once in its latest form."""
        options = query(self._events, top=PAGE, expand=EXPAND)
        rows = (raw for page in self._client.pages(options) for raw in _rows(page))
        found = {text(raw, "id"): raw for raw in rows if not series_of(raw)}
        self._writes.note({mark(raw, KEY): RemoteId(id_) for id_, raw in found.items() if mark(raw, KEY)})
        return list(found.values())

    def _delta(self, path: str) -> tuple[list[Raw], str]:
        """What a round of changes tells, and where the next one begins. Raises ``TokenExpired``."""
        rows: list[Raw] = []
        page: dict[str, Any] = {}
        for page in self._client.pages(path):
            rows += _rows(page)
        link = page.get("@odata.deltaLink")
        if not isinstance(link, str) or not link:
            raise self._client.nonsense()
        return rows, self._client.relative(link)

    def _position(self, since: SyncToken) -> tuple[Window, str]:
        """Where a round of changes goes on. Raises ``TokenExpired`` also when the window has to move on."""
        kind, _, rest = since.partition(" ")
        day, _, link = rest.partition(" ")
        try:
            begun = datetime.fromisoformat(day) if kind == _TOKEN else None
        except ValueError:
            begun = None
        known = begun is not None and begun.tzinfo is not None and link.startswith(f"{self._calendar}/calendarView/")
        if begun is None or not known or not link.isascii():
            raise TokenExpired("The sync token is not one of this calendar.", remote=TRAITS.name)
        window = window_at(begun)
        if not window.is_current(self._clock.now()):
            raise TokenExpired("The window of the calendar has moved on.", remote=TRAITS.name)
        return window, link

    def _touched(self, rows: Sequence[Raw], window: Window) -> tuple[tuple[Found[Event], ...], tuple[RemoteId, ...]]:
        """What a round tells: objects that are there, most of them only named, and the ids of those that are gone.

        What is told as removed may just have left the window, so it is looked for.
        """
        removed = dict.fromkeys(RemoteId(text(raw, "id")) for raw in rows if "@removed" in raw)
        told = {RemoteId(text(raw, "id")): raw for raw in rows if "@removed" not in raw and not series_of(raw)}
        unseen = {RemoteId(series_of(raw)) for raw in rows if series_of(raw)} - told.keys()
        found: dict[RemoteId, Found[Event]] = {
            id_: Found(id_, version_of(raw)) for id_, raw in told.items() if id_ not in removed
        }
        gone: list[RemoteId] = []
        for id_, held in self._looked_for([*removed, *sorted(unseen - removed.keys())]).items():
            if held is None or (id_ in removed and id_ not in told and not window.misses(held)):
                gone.append(id_)
            else:
                found[id_] = held.found()
        return tuple(found.values()), tuple(gone)

    def _looked_for(self, ids: Sequence[RemoteId]) -> dict[RemoteId, Held | None]:
        found: dict[RemoteId, Held | None] = {}
        for id_, held in self.held(ids).items() if ids else ():
            if isinstance(held, BridgeError):
                raise held
            found[id_] = held
        return found

    def _listed(self, raw: Raw) -> Found[Event]:
        if text(raw, "type") == MASTER or is_series(raw):
            return Found(RemoteId(text(raw, "id")), version_of(raw), stamp=text_of(memory(raw), UID))
        return Held(raw).found()


def _token(window: Window, link: str) -> SyncToken:
    return SyncToken(f"{_TOKEN} {window.begun.astimezone(UTC).isoformat()} {link}")


def _rows(page: Raw) -> list[Raw]:
    return [raw for raw in page["value"] if isinstance(raw, Mapping) and text(raw, "id")]
