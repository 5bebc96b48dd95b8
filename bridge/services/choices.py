"""A user's choices, read together as the core wants them."""

from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from bridge.core.activity import ActivityType
from bridge.core.event import EventKind
from bridge.core.projection.options import CalendarOptions
from bridge.core.user import User
from bridge.services.settings import Settings
from bridge.store import accounts


def calendar_options(
    session: Session, user: User, settings: Settings, types: dict[str, ActivityType] | None = None
) -> CalendarOptions:
    """How this user's activities are shown. ``types`` saves a statement where they are known."""
    known, options = (types, None) if types is not None else accounts.types_and_options(session, user.id)
    return CalendarOptions(
        zone=ZoneInfo(user.time_zone),
        types=known,
        type_options=accounts.type_options(session, user.id) if options is None else options,
        default_type=user.default_type,
        default_visibility=user.default_visibility,
        include_links=user.include_links,
        base_url=settings.base_url,
    )


def shows_tasks(options: CalendarOptions) -> bool:
    """Whether any active type is shown as a task, so that there is a task list (R27)."""
    return any(options.option(key).shown_as is EventKind.TASK for key, kind in options.types.items() if kind.active)
