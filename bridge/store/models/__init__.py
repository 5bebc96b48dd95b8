"""Every table, by topic."""

from bridge.store.models.accounts import ColleagueCalendarRow, DeviceRow, TypeOptionRow, UserRow
from bridge.store.models.base import Base
from bridge.store.models.crm import (
    ActivityRow,
    ActivityTypeRow,
    DealRow,
    LabelRow,
    OccurrenceRow,
    OrganizationLabelRow,
    OrganizationRow,
    ParticipantRow,
    PersonEmailRow,
    PersonLabelRow,
    PersonRow,
    PhotoRow,
)
from bridge.store.models.journal import JournalRow
from bridge.store.models.resources import CollectionRow, ResourceRow

__all__ = [
    "ActivityRow",
    "ActivityTypeRow",
    "Base",
    "ColleagueCalendarRow",
    "CollectionRow",
    "DealRow",
    "DeviceRow",
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
    "TypeOptionRow",
    "UserRow",
]
