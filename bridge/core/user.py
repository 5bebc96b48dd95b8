"""The people who sign in."""

from dataclasses import dataclass
from enum import StrEnum

from bridge.core.activity import Visibility


class Role(StrEnum):
    """What a user may do besides their own data (R28)."""

    REGULAR = "regular"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class User:
    """A person who signs in, with their choices for calendars and address books.

    ``time_zone`` is an IANA name. ``past_days`` is how far back the calendars reach, 0 for everything (R27).
    ``group_cards``: each label of the user's contacts also appears as a group card. ``id`` is 0 until stored.
    """

    login: str
    time_zone: str
    name: str = ""
    email: str = ""
    role: Role = Role.REGULAR
    enabled: bool = True
    language: str = "en"
    may_add_people: bool = True
    may_add_organizations: bool = True
    default_type: str = "meeting"
    default_visibility: Visibility = Visibility.EVERYONE
    include_links: bool = True
    group_cards: bool = False
    past_days: int = 0
    id: int = 0
