"""One calendar of Google Calendar as a ``Side``.

Listings are read with ``singleEvents=false``: masters and exceptions come as events of their own, in any order and, in
an incremental listing, without the rest of their series. So a series that is touched is read again as a whole.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import groupby

from bridge.core.event import Event
from bridge.errors import BridgeError, TemporaryError, TokenExpired
from bridge.ports import Changes, Delete, Found, Outcome, RemoteId, SyncToken, Traits, Write
from bridge.providers.google import event_mapping, series
from bridge.providers.google.batch import MOST
from bridge.providers.google.client import Client
from bridge.providers.google.event_mapping import Raw
from bridge.providers.google.event_writes import written
from bridge.providers.google.events import Events, uid_of
from bridge.providers.google.series import Held
from bridge.providers.together import alone, together

_MANY = 8
"""More series than that are read by listing everything, which takes one request for 2,500 events."""
_TOKEN = "events-1 "  # noqa: S105 - how our tokens begin; another listing than this one needs another number
_LISTING = {"singleEvents": "false", "eventTypes": ("default", "fromGmail")}

TRAITS = Traits(
    "Google Calendar",
    keeps_uid=False,
    max_fetch=MOST,
    max_writes=180,  # four batches, with room for the occurrences of some series
    expresses=event_mapping.EXPRESSES,
    floating_times=False,
)


class CalendarSide:
    """A calendar. Ids are those of events; a series has that of its master."""

    def __init__(self, client: Client, id_: str) -> None:
        self._client = client
        self._events = Events(client, id_)

    @property
    def traits(self) -> Traits:
        """What a calendar there can do."""
        return TRAITS

    def changes(self, since: SyncToken | None) -> Changes[Event]:
        """See ``Side.changes``."""
        if since is None:
            items, token = self._items({})
            return Changes(tuple(map(self._found, series.assemble(items))), (), token)
        if not since.startswith(_TOKEN):
            raise TokenExpired("The sync token is not one of Google Calendar.", remote=TRAITS.name)
        items, token = self._items({"syncToken": since.removeprefix(_TOKEN)})
        held, gone = self._touched(items)
        return Changes(tuple(map(self._found, held.values())), gone, token, complete=False)

    def fetch(self, ids: Collection[RemoteId]) -> Iterator[Found[Event]]:
        """See ``Side.fetch``."""
        for held in together(self._client, [self._events.held(id_) for id_ in dict.fromkeys(ids)]):
            if isinstance(held, BridgeError):
                raise held
            if held is not None:
                yield self._found(held)

    def write(self, writes: Sequence[Write[Event]]) -> Iterator[Outcome[Event]]:
        """See ``Side.write``. Writes of one kind that follow each other share their requests."""
        for _, run in groupby(writes, type):
            portion = list(run)
            steps = [written(self._events, each) for each in portion]
            series_first = sorted(range(len(portion)), key=lambda number: not _takes_turns(portion[number]))
            yield from together(self._client, steps, series_first)

    def _found(self, held: Held) -> Found[Event]:
        return held.found(self._events.manner)

    def _touched(self, items: Sequence[Raw]) -> tuple[dict[RemoteId, Held], tuple[RemoteId, ...]]:
        """What a listing of changes tells: objects by their ids, and the ids of those that are gone."""
        held: dict[RemoteId, Held] = {}
        gone: dict[RemoteId, None] = {}
        touched: dict[RemoteId, str] = {}
        for item in items:
            id_ = RemoteId(str(item.get("id", "")))
            if series.series_of(item) or (series.is_series(item) and not series.is_cancelled(item)):
                key = RemoteId(series.series_of(item) or id_)
                touched[key] = touched.get(key) or uid_of(item)
            elif series.is_cancelled(item):
                gone[id_] = None
            else:
                held[id_] = Held(item)
        wholes = self._wholes({master: uid for master, uid in touched.items() if master not in gone})
        for master in touched:
            whole = wholes.get(master)
            if whole is not None:
                held[whole.id] = whole
                continue
            strays = [each for each in items if series.series_of(each) == master]
            held |= {each.id: each for each in map(Held, strays) if not series.is_cancelled(each.master)}
            cancelled = (each for each in strays if series.is_cancelled(each))
            gone |= dict.fromkeys([*(Held(each).id for each in cancelled), master])
        return held, tuple(id_ for id_ in gone if id_ not in held)

    def _wholes(self, uids: Mapping[RemoteId, str]) -> dict[RemoteId, Held]:
        """Those of these series that are there. Many are read with the whole calendar, which is fewer requests."""
        there = series.assemble(self._items({})[0]) if len(uids) > _MANY else []
        found = {each.id: each for each in there if each.id in uids}
        looks = [self._events.whole(master, uid) for master, uid in uids.items() if master not in found]
        for held in together(self._client, looks):
            if isinstance(held, BridgeError):
                raise held
            if held is not None:
                found[held.id] = held
        return found

    def _items(self, query: dict[str, str]) -> tuple[list[Raw], SyncToken]:
        """All events of a listing, and the token for the next one."""
        items, token = alone(self._client, self._events.listed(_LISTING | query))
        if not token:
            raise TemporaryError("Google Calendar's list breaks off.", remote=TRAITS.name)
        return items, SyncToken(f"{_TOKEN}{token}")


def _takes_turns(write: Write[Event]) -> bool:
    """Whether other requests follow the first one, as far as one can tell."""
    return not isinstance(write, Delete) and bool(write.object.overrides)
