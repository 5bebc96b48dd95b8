"""One calendar of Microsoft 365 as a ``Side``.

What changed is told by ``calendarView/delta`` over a window that moves on; the whole calendar is read without a window,
so that nothing is taken for gone because it lies outside. Our marks come with neither, so what changed is only named
and then fetched, twenty at a time. Graph writes to guests without being asked (R13): what would reach them is refused.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import groupby
from typing import Any

from bridge.core.event import Event
from bridge.errors import BridgeError, TokenExpired
from bridge.ports import Changes, Clock, Found, Outcome, RemoteId, SyncToken, Traits, Write
from bridge.providers.graph.client import BATCH, Client, query
from bridge.providers.graph.event_read import EXPRESSES, MASTER, text
from bridge.providers.graph.event_writes import takes_turns, written
from bridge.providers.graph.events import Events
from bridge.providers.graph.marks import UID, memory, text_of
from bridge.providers.graph.series import Held, is_series, series_of, version_of
from bridge.providers.graph.window import Window, window_at
from bridge.providers.together import alone, together

Raw = Mapping[str, Any]

_TOKEN = "events-1"  # noqa: S105 - how our tokens begin; another listing than this one needs another number
_MANY = 10 * BATCH
"""More events than that are read by listing everything, which takes one request for 999 of them."""

TRAITS = Traits(
    "Microsoft 365 Calendar",
    keeps_uid=False,
    max_fetch=5 * BATCH,
    max_writes=20 * BATCH,  # with room for the exceptions of some series
    expresses=EXPRESSES,
    floating_times=False,
)


class CalendarSide:
    """A calendar. Ids are those of events; a series has that of its master."""

    def __init__(self, client: Client, id_: str, clock: Clock) -> None:
        self._client = client
        self._events = Events(client, id_)
        self._clock = clock

    @property
    def traits(self) -> Traits:
        """What a calendar there can do."""
        return TRAITS

    def changes(self, since: SyncToken | None) -> Changes[Event]:
        """See ``Side.changes``. Series are only named: their exceptions take a request of their own."""
        if since is None:
            window = window_at(self._clock.now())
            _, link = self._client.round(query(f"{self._events.calendar}/calendarView/delta", **window.options))
            found = tuple(map(_listed, self._events.all()))
            return Changes(found, (), _token(window, link))
        window, link = self._position(since)
        rows, following = self._client.round(link)
        found, gone = self._touched(rows, window)
        return Changes(found, gone, _token(window, following), complete=False)

    def fetch(self, ids: Collection[RemoteId]) -> Iterator[Found[Event]]:
        """See ``Side.fetch``."""
        wanted = list(dict.fromkeys(ids))
        single = self._read_with_all(wanted)
        yield from (Held(raw).found() for raw in single.values())
        complete = True
        for held in self._looked_for([id_ for id_ in wanted if id_ not in single]).values():
            if held is None:
                complete = False
            else:
                yield held.found()
        if not complete:
            alone(self._client, self._events.check())

    def write(self, writes: Sequence[Write[Event]]) -> Iterator[Outcome[Event]]:
        """See ``Side.write``. Writes of one kind that follow each other share their requests."""
        for _, run in groupby(writes, type):
            portion = list(run)
            series_first = sorted(range(len(portion)), key=lambda number: not takes_turns(portion[number]))
            yield from together(self._client, [written(self._events, each) for each in portion], series_first)

    def _read_with_all(self, ids: Collection[RemoteId]) -> dict[str, Raw]:
        """The single ones among many events: reading the whole calendar takes fewer requests then."""
        unread = {id_ for id_ in ids if not self._events.is_listed_series(id_)}
        if len(unread) <= _MANY:
            return {}
        return {id_: raw for raw in self._events.all() if (id_ := text(raw, "id")) in unread and not is_series(raw)}

    def _position(self, since: SyncToken) -> tuple[Window, str]:
        """Where a round of changes goes on. Raises ``TokenExpired`` also when the window has to move on."""
        kind, _, rest = since.partition(" ")
        day, _, link = rest.partition(" ")
        try:
            begun = datetime.fromisoformat(day) if kind == _TOKEN else None
        except ValueError:
            begun = None
        known = (
            begun is not None and begun.tzinfo is not None and link.startswith(f"{self._events.calendar}/calendarView/")
        )
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
        looks = together(self._client, [self._events.held(id_) for id_ in ids])
        for id_, held in zip(ids, looks, strict=True):
            if isinstance(held, BridgeError):
                raise held
            found[id_] = held
        return found


def _listed(raw: Raw) -> Found[Event]:
    if text(raw, "type") == MASTER or is_series(raw):
        return Found(RemoteId(text(raw, "id")), version_of(raw), stamp=text_of(memory(raw), UID))
    return Held(raw).found()


def _token(window: Window, link: str) -> SyncToken:
    return SyncToken(f"{_TOKEN} {window.begun.astimezone(UTC).isoformat()} {link}")
