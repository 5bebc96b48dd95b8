"""Every table, by topic."""

from bridge.store.models.access import FeedRow, SignInFailureRow
from bridge.store.models.accounts import ColleagueCalendarRow, DeviceRow, TypeOptionRow, UserRow
from bridge.store.models.base import Base
from bridge.store.models.crm import (
    ActivityRow,
    ActivityTypeRow,
    DealRow,
    LabelRow,
    OrganizationLabelRow,
    OrganizationRow,
    ParticipantRow,
    PersonEmailRow,
    PersonLabelRow,
    PersonRow,
    PhotoRow,
)
from bridge.store.models.journal import JournalRow
from bridge.store.models.resources import CollectionRow, OccurrenceRow, ResourceRow

__all__ = [
    "ActivityRow",
    "ActivityTypeRow",
    "Base",
    "ColleagueCalendarRow",
    "CollectionRow",
    "DealRow",
    "DeviceRow",
    "FeedRow",
    "JournalRow",
    "LabelRow",
    "OccurrenceRow",
    "OrganizationLabelRow",
    "OrganizationRow",
    "ParticipantRow",
    "PersonEmailRow",
    "PersonLabelRow",
    "PersonRow",
    "PhotoRow",
    "ResourceRow",
    "SignInFailureRow",
    "TypeOptionRow",
    "UserRow",
]
