"""A calendar of Exchange as a ``Side``."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import tzinfo

from bridge.core.event import Event
from bridge.errors import BridgeError, Invalid, Refused
from bridge.ports import Create, Found, Traits, Version
from bridge.providers.exchange import series
from bridge.providers.exchange.event_read import EXPRESSES, PROPERTIES
from bridge.providers.exchange.event_write import ITEM, alone, changes, memory_of, new_event, timing_differs
from bridge.providers.exchange.exceptions import Exceptions, Series, must_begin_anew
from bridge.providers.exchange.fields import KEY, MORE, UID, item, own, updates
from bridge.providers.exchange.items import Items, Kind, paths
from bridge.providers.exchange.side import BATCHES, Draft, FolderSide, Held, Job
from bridge.providers.exchange.soap import Client
from bridge.providers.exchange.xml import Element

KIND = Kind(ITEM, paths(PROPERTIES, own(KEY), own(UID), own(MORE)))


@dataclass(frozen=True, slots=True)
class HeldEvent:
    """An event or a series as it is there."""

    whole: series.Held
    home: tzinfo

    @property
    def version(self) -> Version:
        """Its change key."""
        return self.whole.version

    def found(self) -> Found[Event]:
        """What a listing tells of it."""
        return self.whole.found(self.home)


class CalendarSide(FolderSide[Event]):
    """A calendar. ``home`` is the zone of this installation: that of times and days without one."""

    def __init__(self, client: Client, folder: str, batch: int, home: tzinfo) -> None:
        traits = Traits(
            "Exchange",
            keeps_uid=False,
            guards_writes=False,  # updates it does, deletions not
            max_fetch=BATCHES * batch,
            max_writes=BATCHES * batch,
            floating_times=False,
            expresses=EXPRESSES,
        )
        super().__init__(Items(client, folder, KIND, batch), traits)
        self._home = home
        self._exceptions = Exceptions(self._items, home)

    def _held(self, ids: Collection[str]) -> Mapping[str, HeldEvent]:
        raws = self._items.get(ids)
        changed = self._items.get(id_ for raw in raws.values() for id_ in series.exception_ids(raw))

        def held(raw: Element) -> HeldEvent:
            parts = (changed.get(id_) for id_ in series.exception_ids(raw))
            return HeldEvent(series.Held(raw, tuple(each for each in parts if each is not None)), self._home)

        return {id_: held(raw) for id_, raw in raws.items()}

    def _drawn(self, create: Create[Event]) -> Element:
        return item(ITEM, new_event(alone(create.object), create.key, self._home))

    def _draft(self, wanted: Event, there: Held[Event]) -> Draft:
        assert isinstance(there, HeldEvent)  # noqa: S101 - what _held has made
        event = there.whole.event(self._home)
        raw = there.whole.raw
        again = bool(wanted.recurrence) and must_begin_anew(wanted, self._deleted(there, event))
        anew = again or timing_differs(alone(wanted), event, self._home)
        fields = changes(alone(wanted), event, self._home, memory=memory_of(raw), anew=anew)
        return Draft(updates(ITEM, fields) if fields else None, anew)

    def _complete(self, jobs: Mapping[str, Job[Event]]) -> Mapping[str, BridgeError | None]:
        several = {id_: job for id_, job in jobs.items() if job.wanted.recurrence}
        there = self._held([id_ for id_, job in several.items() if not job.anew and _has_exceptions(job)])
        errors: dict[str, BridgeError | None] = {}
        readable: list[Series] = []
        for id_, job in several.items():
            try:
                readable.append(self._series(id_, job, there.get(id_)))
            except Invalid as error:
                errors[id_] = Refused(f"What is there cannot be read, so its exceptions are not changed: {error}")
        return errors | self._exceptions.bring(readable)

    def _series(self, id_: str, job: Job[Event], now: HeldEvent | None) -> Series:
        """What is there of a series after its item was written: setting its times takes its exceptions away."""
        if now is None:
            return Series(id_, job.wanted)
        event = now.whole.event(self._home)
        return Series(id_, job.wanted, now.whole.exceptions, self._deleted(now, event))

    def _deleted(self, there: HeldEvent, event: Event) -> frozenset[series.Key]:
        try:
            return frozenset(series.deletions(there.whole.raw, event, self._home))
        except Invalid:
            return frozenset()


def _has_exceptions(job: Job[Event]) -> bool:
    return isinstance(job.before, HeldEvent) and bool(job.before.whole.exceptions or job.before.whole.has_deletions)
