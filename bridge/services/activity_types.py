"""The company's activity types, custom ones too: how they are called, shown and ordered (R27, R30)."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from bridge.core.activity import ActivityType
from bridge.core.colors import CSS3_NAMES
from bridge.core.event import EventKind
from bridge.core.user import User
from bridge.errors import Conflict, Invalid, NotFound
from bridge.services.activities import Activities
from bridge.services.audit import Audit, AuditAction, differences
from bridge.services.connection_rules import check_governs
from bridge.services.principals import Principals
from bridge.store import accounts
from bridge.store.database import Database

LONGEST_REMINDER = timedelta(days=28)
LONGEST_DURATION = timedelta(days=1)
_NOTED = ("name", "color", "shown_as", "reminder", "default_duration", "busy", "active")
_NO_WORD = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True, slots=True)
class TypeDraft:
    """A type as a form gives it. ``reminder`` is how long before the start, or none."""

    name: str
    color: str = ""
    shown_as: EventKind = EventKind.EVENT
    reminder: timedelta | None = None
    duration: timedelta = timedelta(minutes=30)
    busy: bool = True
    active: bool = True


class ActivityTypes:
    """Use cases of administrators. ``viewer`` is who acts; everything raises ``NotAllowed`` for anybody else."""

    def __init__(self, database: Database, records: Activities, principals: Principals, record: Audit) -> None:
        self._database = database
        self._records = records
        self._principals = principals
        self._audit = record

    def all(self, viewer: User) -> Sequence[ActivityType]:
        """All types, archived ones too, in their order."""
        check_governs(viewer)
        return self._records.types()

    def get(self, viewer: User, key: str) -> ActivityType:
        """One type. Raises ``NotFound``."""
        for kind in self.all(viewer):
            if kind.key == key:
                return kind
        raise NotFound(f"There is no activity type “{key}”.")

    def add(self, viewer: User, draft: TypeDraft) -> ActivityType:
        """Add a custom type, behind all others. Raises ``Invalid`` and ``Conflict``."""
        known = self.all(viewer)
        self._check(known, draft, "")
        position = max((kind.position for kind in known), default=0) + 1
        kind = _applied(ActivityType(_free_key(draft.name, {kind.key for kind in known}), "", position=position), draft)
        return self._save(viewer, AuditAction.ADD_TYPE, None, kind)

    def change(self, viewer: User, key: str, draft: TypeDraft) -> ActivityType:
        """Change a type; its activities are drawn again. Raises ``NotFound``, ``Invalid`` and ``Conflict``."""
        before = self.get(viewer, key)
        self._check(self.all(viewer), draft, key)
        after = _applied(before, draft)
        return before if after == before else self._save(viewer, AuditAction.CHANGE_TYPE, before, after)

    def move(self, viewer: User, key: str, *, up: bool) -> None:
        """Let a type change places with its neighbour. Raises ``NotFound``."""
        self.get(viewer, key)
        with self._database.write() as session:
            order = list(accounts.activity_types(session).values())
            place = [kind.key for kind in order].index(key)
            other = place - 1 if up else place + 1
            if not 0 <= other < len(order):
                return
            order[place], order[other] = order[other], order[place]
            for position, kind in enumerate(order):
                accounts.save_activity_type(session, replace(kind, position=position))
        self._audit.note(viewer, AuditAction.MOVE_TYPE, key, {"up": up})

    def _save(self, viewer: User, action: AuditAction, before: ActivityType | None, kind: ActivityType) -> ActivityType:
        saved = self._records.save_type(kind)
        if before is None or before.shown_as is not saved.shown_as or before.active != saved.active:
            self._rearrange()
        details = differences(before, saved, _NOTED) if before else {"name": saved.name}
        self._audit.note(viewer, action, saved.key, details)
        return saved

    def _rearrange(self) -> None:
        """Give every home the task list that it needs now, or take it away."""
        for user in self._principals.all():
            with self._database.write() as session:
                self._principals.arrange(session, user)

    def _check(self, known: Sequence[ActivityType], draft: TypeDraft, key: str) -> None:
        name = draft.name.strip().casefold()
        if not name:
            raise Invalid("A name is needed.")
        if any(kind.name.casefold() == name for kind in known if kind.key != key):
            raise Conflict(f"There is already a type “{draft.name}”.")
        if draft.color and draft.color not in CSS3_NAMES:
            raise Invalid(f"“{draft.color}” is not a CSS3 colour name, such as steelblue.")
        if draft.reminder is not None and not timedelta() <= draft.reminder <= LONGEST_REMINDER:
            raise Invalid(f"A reminder is at most {LONGEST_REMINDER.days} days before.")
        if not timedelta() < draft.duration <= LONGEST_DURATION:
            raise Invalid("A usual duration is at least a minute and at most a day.")
        active = [kind for kind in known if kind.active and kind.key != key]
        if not draft.active and not active:
            raise Conflict("The last type cannot be archived.", remedy="Add another one first.")


def _applied(kind: ActivityType, draft: TypeDraft) -> ActivityType:
    return replace(
        kind,
        name=draft.name.strip(),
        color=draft.color,
        shown_as=draft.shown_as,
        reminder=-draft.reminder if draft.reminder is not None else None,
        default_duration=draft.duration,
        busy=draft.busy,
        active=draft.active,
    )


def _free_key(name: str, taken: set[str]) -> str:
    """A key that programs can use, after the name."""
    plain = unicodedata.normalize("NFD", name).encode("ascii", "ignore").decode().lower()
    stem = _NO_WORD.sub("_", plain).strip("_")[:50] or "type"
    keys = (stem if number == 1 else f"{stem}_{number}" for number in range(1, len(taken) + 2))
    return next(key for key in keys if key not in taken)
