"""What a user chose about how records are shown."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TypeVar
from zoneinfo import ZoneInfo

from bridge.core import rules
from bridge.core.activity import ActivityType, Deal, Visibility
from bridge.core.event import EventKind
from bridge.core.linkblock import BlockLabels
from bridge.core.person import Organization, Person

Linked = TypeVar("Linked", Deal, Person, Organization)


@dataclass(frozen=True, slots=True)
class TypeOption:
    """How one activity type is shown (R27). ``color`` overrides the type's; ``reminder`` is from the start."""

    shown_as: EventKind = EventKind.EVENT
    color: str = ""
    reminder: timedelta | None = None


@dataclass(frozen=True, slots=True)
class CalendarOptions:
    """A user's choices for activities.

    ``zone`` is where floating and new times are meant. ``types`` are all activity types by key. ``base_url`` is the
    CRM page's address for links, or ``""``. ``private_text`` is what others read instead of a private subject.
    """

    zone: ZoneInfo
    types: Mapping[str, ActivityType]
    type_options: Mapping[str, TypeOption] = field(default_factory=dict)
    default_type: str = "meeting"
    default_visibility: Visibility = Visibility.EVERYONE
    include_links: bool = True
    base_url: str = ""
    labels: BlockLabels = field(default_factory=BlockLabels)
    private_text: str = "Private"

    def option(self, type_key: str) -> TypeOption:
        """The choice for one type; the company's where none was made."""
        chosen, kind = self.type_options.get(type_key), self.types.get(type_key)
        if chosen is not None or kind is None:
            return chosen or TypeOption()
        return TypeOption(kind.shown_as, reminder=kind.reminder)

    def type_name(self, type_key: str) -> str:
        """What people call a type; its key when it is gone."""
        return self.types[type_key].name if type_key in self.types else type_key

    def type_keys_by_name(self) -> dict[str, str]:
        """Every name that a type has or had, casefolded, with the key of its type. Present names come first."""
        former = {name.casefold(): key for key, kind in self.types.items() for name in kind.former_names}
        return former | {kind.name.casefold(): key for key, kind in self.types.items()}

    def color(self, type_key: str) -> str:
        """The colour of a type for this user."""
        kind = self.types.get(type_key)
        return self.option(type_key).color or (kind.color if kind else "")


@dataclass(frozen=True, slots=True)
class LinkedRecords:
    """The records an activity is linked to. A deleted one is not shown."""

    deal: Deal | None = None
    person: Person | None = None
    organization: Organization | None = None
    participants: tuple[Person, ...] = ()

    @property
    def all(self) -> tuple[Deal | Person | Organization, ...]:
        """Every linked record, for the rule of visibility (R12)."""
        single = (self.deal, self.person, self.organization)
        return (*(record for record in single if record is not None), *self.participants)

    def visible_to(self, user_id: int) -> "LinkedRecords":
        """Return those that a user may see (R12)."""

        def seen(record: Linked | None) -> Linked | None:
            return record if record is not None and rules.visible_to(record, user_id) else None

        guests = tuple(person for person in self.participants if seen(person))
        return LinkedRecords(seen(self.deal), seen(self.person), seen(self.organization), guests)
