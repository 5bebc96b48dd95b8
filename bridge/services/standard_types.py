"""The activity types that a new CRM has."""

from dataclasses import replace
from datetime import timedelta

from sqlalchemy.orm import Session

from bridge.core.activity import ActivityType
from bridge.store import accounts

_MINUTES = timedelta(minutes=1)

STANDARD = (
    ActivityType("call", "Call", "steelblue", 15 * _MINUTES),
    ActivityType("meeting", "Meeting", "seagreen", 60 * _MINUTES),
    ActivityType("task", "Task", "slategray", 30 * _MINUTES, busy=False),
    ActivityType("deadline", "Deadline", "crimson", 30 * _MINUTES, busy=False),
    ActivityType("email", "E-mail", "goldenrod", 15 * _MINUTES, busy=False),
    ActivityType("lunch", "Lunch", "darkorange", 60 * _MINUTES),
)


def ensure_types(session: Session) -> None:
    """Add the standard types where there are none at all."""
    if accounts.activity_types(session):
        return
    for position, kind in enumerate(STANDARD):
        accounts.save_activity_type(session, replace(kind, position=position))
