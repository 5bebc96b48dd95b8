"""What the page is made of: one topic each, with a blueprint and, for most, an entry of the navigation.

A new topic is a module with a function ``topic(services, config) -> Topic`` and a line in ``web/app.py``. The layout
needs no change: it shows the entries, the search box and the banners of the topics that there are.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum, IntEnum, auto

from flask import Blueprint, request

from bridge.core.user import Role, User


class Access(Enum):
    """Who may see a page."""

    PUBLIC = auto()
    SIGNED_IN = auto()
    ADMIN = auto()


class Place(IntEnum):
    """The order of the navigation."""

    ACCOUNTS = 1
    HEALTH = 2
    ACTIVITIES = 3
    CONTACTS = 4
    DEVICES = 5
    WHY = 6
    ADMIN = 7


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of the navigation. ``title`` is a lazy text; ``endpoint`` takes no arguments."""

    place: Place
    title: str
    endpoint: str

    @property
    def here(self) -> bool:
        """Whether the page that is shown belongs to this entry."""
        return request.blueprint == self.endpoint.partition(".")[0]


@dataclass(frozen=True, slots=True)
class Topic:
    """A part of the page.

    ``access`` holds for every view of the blueprint that is not marked otherwise. ``search`` is the endpoint of the
    search box in the header, which sends the parameter ``q``. ``banner`` gives a text that stands on every page, or
    nothing. ``machines``: it is asked by programs, whose requests carry no token of a form.
    """

    blueprint: Blueprint
    access: Access = Access.SIGNED_IN
    entry: Entry | None = None
    search: str = ""
    banner: Callable[[], str] | None = None
    machines: bool = False


@dataclass(frozen=True, slots=True)
class Frame:
    """What the layout shows around every page."""

    topics: tuple[Topic, ...]

    def entries(self, user: User | None) -> list[Entry]:
        """The navigation for a user, in its order; nobody else has one."""
        seen = (topic.entry for topic in self.topics if topic.entry and _may_see(user, topic))
        return sorted(seen, key=lambda entry: entry.place)

    def search(self, user: User | None) -> str:
        """The endpoint of the search box, if there is one."""
        return next((topic.search for topic in self.topics if topic.search and _may_see(user, topic)), "")

    def banners(self) -> Iterable[str]:
        """What stands on top of every page."""
        return [text for topic in self.topics if topic.banner and (text := topic.banner())]


def _may_see(user: User | None, topic: Topic) -> bool:
    return user is not None and (topic.access is not Access.ADMIN or user.role is Role.ADMIN)
