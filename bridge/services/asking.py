"""“Why?” as the page answers it: for a user's collections and each of their connections at once (R12, R20)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy.orm import Session

from bridge.core import rules
from bridge.core.activity import Activity
from bridge.core.event import Privacy
from bridge.core.person import Label
from bridge.core.user import Role, User
from bridge.services import snapshots
from bridge.services.connections import Connections, Shown
from bridge.services.explain import Answer, Explain
from bridge.services.sync.explaining import Synced, SyncExplain
from bridge.store import activities
from bridge.store.database import Database
from bridge.store.models.journal import RecordKind
from bridge.store.models.sync import ConnectionState

LONGEST = 255  # characters of a question


@dataclass(frozen=True, slots=True)
class About:
    """What one connection says about a question."""

    shown: Shown
    found: tuple[Synced, ...]


@dataclass(frozen=True, slots=True)
class Told:
    """The whole answer. Titles that are kept from who asks (R12) are empty."""

    answers: tuple[Answer, ...] = ()
    connections: tuple[About, ...] = ()


class Asking:
    """Answers questions of signed-in users."""

    def __init__(self, database: Database, explain: Explain, synced: SyncExplain, known: Connections) -> None:
        self._database = database
        self._explain = explain
        self._synced = synced
        self._connections = known

    def ask(self, viewer: User, item: str) -> Told:
        """Everything about what fits ``item``: an id, a UID, an href or address, or a part of a subject or name.

        What others own and the viewer may not see is not found by what it says; named by id, UID or address it is
        answered without its title.
        """
        text = item.strip()[:LONGEST]
        if not text:
            return Told()
        found = self._explain.why(viewer.login, text)
        answers = [self._open(viewer, answer, text) for answer in found]
        kept = tuple(answer for answer in answers if answer is not None)
        told = {(answer.kind, answer.id): answer.title for answer in kept}
        shown = [
            each
            for each in self._connections.all(viewer, viewer.login)
            if each.connection.state is not ConnectionState.STOPPED
        ]
        said = ((each, self._synced.of(found, viewer.login, text, each.connection.id)) for each in shown)
        return Told(kept, tuple(About(each, _openly(synced, told)) for each, synced in said))

    def _open(self, viewer: User, answer: Answer, text: str) -> Answer | None:
        if answer.owner == viewer.login or viewer.role is Role.ADMIN:
            return answer
        with self._database.read() as session:
            if _visible(session, viewer, answer):
                return replace(answer, deleted_by=None)
        named = text in {str(answer.id), answer.uid} or "/" in text or text.endswith((".ics", ".vcf"))
        return replace(answer, title="", uid="", deleted_by=None) if named else None


def _visible(session: Session, viewer: User, answer: Answer) -> bool:
    record = snapshots.record_by_id(session, RecordKind(answer.kind), answer.id)
    if record is None or isinstance(record, Label) or not rules.visible_to(record, viewer.id):
        return False
    if not isinstance(record, Activity):
        return True
    linked = activities.linked_records(session, [record])[record.id].all
    seen = all(rules.visible_to(each, viewer.id) for each in linked if not each.deleted)
    return seen and record.privacy is Privacy.PUBLIC


def _openly(found: Sequence[Synced], told: dict[tuple[str, int], str]) -> tuple[Synced, ...]:
    return tuple(_titled(each, told) for each in found if _may_be_told(each, told))


def _may_be_told(synced: Synced, told: dict[tuple[str, int], str]) -> bool:
    """What the account itself holds is the viewer's; of our records only those that were answered before."""
    return synced.kind not in _RECORDS or (synced.kind, synced.local_id) in told


def _titled(synced: Synced, told: dict[tuple[str, int], str]) -> Synced:
    title = told.get((synced.kind, synced.local_id or 0))
    return synced if title is None else replace(synced, title=title)


_RECORDS: Sequence[str] = ("activity", "person")
