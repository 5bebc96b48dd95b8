"""Draw resources again after a choice that concerns many: few at once, very many in the background.

What is to be drawn is marked in the transaction of the choice itself, so that nothing is forgotten, whatever happens.
Then whoever works in the background draws one portion after the other, each in a transaction of its own that also
notes how far it has come: others write in between, a process that dies loses one portion, and several share the work.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Collection as Some
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from bridge.core.user import Role, User
from bridge.errors import BridgeError, Invalid
from bridge.ports import Clock
from bridge.services.address_books import refresh_organizations, refresh_persons
from bridge.services.rendering import refresh_activities
from bridge.services.settings import Settings
from bridge.store import accounts, redraws
from bridge.store.database import Database
from bridge.store.memo import forget
from bridge.store.models.resources import Drawn
from bridge.store.redraws import Redraw, Scope

_LOG = logging.getLogger(__name__)

AT_ONCE = 500  # records that are drawn in the transaction of the choice itself
PORTION = 100  # records that are drawn in one transaction in the background
_IDLE = timedelta(seconds=2)  # between two looks whether there is anything to do

_REFRESH: Mapping[Drawn, Callable[..., int]] = {
    Drawn.ACTIVITY: refresh_activities,
    Drawn.PERSON: refresh_persons,
    Drawn.ORGANIZATION: refresh_organizations,
}


def redraw(session: Session, counted: Mapping[Scope, int], settings: Settings, *, now: datetime) -> None:
    """Draw so many records again: all of them here if they are few, else mark them for the background."""
    wanted = {scope: number for scope, number in counted.items() if number}
    if sum(wanted.values()) > AT_ONCE:
        redraws.ask(session, wanted)
        return
    ids: dict[Drawn, set[int]] = {}
    for scope, number in wanted.items():
        ids.setdefault(scope.kind, set()).update(redraws.record_ids(session, scope, now=now, limit=number))
    for kind, found in ids.items():
        _REFRESH[kind](session, found, settings, now=now)


@dataclass(frozen=True, slots=True)
class Progress:
    """How many records of how many are drawn again."""

    done: int
    total: int

    @property
    def percent(self) -> int:
        """The same from 0 to 99: what is done is no longer told of."""
        return min(99, 100 * self.done // max(1, self.total))


class Redraws:
    """The work in the background. ``arrange`` gives a user's home the collections that it needs, once all is drawn."""

    def __init__(
        self, database: Database, clock: Clock, settings: Settings, arrange: Callable[[Session, User], None]
    ) -> None:
        self._database = database
        self._clock = clock
        self._settings = settings
        self._arrange = arrange

    def progress(self, viewer: User) -> Progress | None:
        """How far it has come with the viewer's records, for administrators with all; ``None`` when all is done."""
        with self._database.read() as session:
            found = redraws.marks(session, None if viewer.role is Role.ADMIN else viewer.id)
        if all(each.ended for each in found):
            return None
        return Progress(sum(min(each.done, each.total) for each in found), sum(each.total for each in found))

    def work(self, pause: Callable[[timedelta], bool]) -> None:
        """Draw what there is to be drawn until ``pause``, which lets so much time pass, says that it is enough.

        The pause after a portion is as long as the portion took: others come to write.
        """
        trouble, rest = "", timedelta(0)
        while not pause(rest):
            begun = self._clock.now()
            try:
                more, trouble = self.step(), ""
            except BridgeError as error:
                if trouble != str(error):
                    _LOG.warning("What is to be drawn again waits: %s %s", error, error.remedy)
                more, trouble = False, str(error)
            except Exception:  # noqa: BLE001 - a bug must not end the process beside whose work this is done
                _LOG.exception("Drawing again ended by a bug.")
                more = False
            rest = max(self._clock.now() - begun, timedelta(0)) if more else _IDLE

    def finish(self, pause: Callable[[timedelta], None]) -> None:
        """Draw everything that is to be drawn, with pauses for others. For commands."""
        begun = self._clock.now()
        while self.step():
            pause(max(self._clock.now() - begun, timedelta(0)))
            begun = self._clock.now()

    def step(self) -> bool:
        """Draw one portion. Whether there was anything to do that nobody else was doing."""
        with self._database.read() as session:
            found = redraws.marks(session)
        if all(each.ended for each in found):
            self._forget(found)
            return False
        with self._database.write() as session:
            mark = redraws.next_mark(session)
            if mark is None:
                return False
            if redraws.is_covered(session, mark):
                redraws.drop(session, mark)
            else:
                self._go_on(session, mark)
        return True

    def _forget(self, ended: Sequence[Redraw]) -> None:
        """Two who ended the last marks at the same moment have each left them to the other."""
        if ended:
            with self._database.write() as session:
                redraws.forget_ended(session)

    def _go_on(self, session: Session, mark: Redraw) -> None:
        now = self._clock.now()
        ids = redraws.record_ids(session, mark.scope, now=now, after=mark.after_id, limit=PORTION)
        self._draw(session, mark.kind, ids)
        if len(ids) == PORTION:
            redraws.advance(session, mark, ids)
            return
        redraws.end(session, mark)
        self._arrange(session, accounts.users(session, [mark.owner_id])[mark.owner_id])
        redraws.forget_ended(session)

    def _draw(self, session: Session, kind: Drawn, ids: Some[int]) -> None:
        """Draw a portion; what cannot be read is left as it is, and does not stop the others."""
        try:
            with session.begin_nested():
                self._refresh(session, kind, ids)
        except Invalid:
            forget(session)
            for record_id in ids:
                self._draw_one(session, kind, record_id)

    def _draw_one(self, session: Session, kind: Drawn, record_id: int) -> None:
        try:
            with session.begin_nested():
                self._refresh(session, kind, [record_id])
        except Invalid as error:
            forget(session)
            _LOG.warning("The %s %s cannot be drawn again: %s", kind.value, record_id, error)

    def _refresh(self, session: Session, kind: Drawn, ids: Some[int]) -> None:
        _REFRESH[kind](session, ids, self._settings, now=self._clock.now())
