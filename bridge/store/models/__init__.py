"""Every table, by topic."""

from bridge.store.models.access import FeedRow, SignInFailureRow
from bridge.store.models.accounts import ColleagueCalendarRow, DeviceRow, TypeOptionRow, UserRow
from bridge.store.models.admin import AuditRow, OAuthClientRow
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
from bridge.store.models.duplicates import DistinctPersonsRow
from bridge.store.models.journal import JournalRow
from bridge.store.models.push import ChannelRow
from bridge.store.models.resources import CollectionRow, OccurrenceRow, RedrawRow, ResourceRow
from bridge.store.models.sync import (
    ConnectionRow,
    FlowRow,
    IntentRow,
    LinkRow,
    OptionDefaultRow,
    RemoteChangeRow,
    ResultRow,
    RunRow,
)
from bridge.store.models.web import IdentityRow, LoginFlowRow, OneTimeLinkRow, PageSessionRow

__all__ = [
    "ActivityRow",
    "ActivityTypeRow",
    "AuditRow",
    "Base",
    "ChannelRow",
    "ColleagueCalendarRow",
    "CollectionRow",
    "ConnectionRow",
    "DealRow",
    "DeviceRow",
    "DistinctPersonsRow",
    "FeedRow",
    "FlowRow",
    "IdentityRow",
    "IntentRow",
    "JournalRow",
    "LabelRow",
    "LinkRow",
    "LoginFlowRow",
    "OAuthClientRow",
    "OccurrenceRow",
    "OneTimeLinkRow",
    "OptionDefaultRow",
    "OrganizationLabelRow",
    "OrganizationRow",
    "PageSessionRow",
    "ParticipantRow",
    "PersonEmailRow",
    "PersonLabelRow",
    "PersonRow",
    "PhotoRow",
    "RedrawRow",
    "RemoteChangeRow",
    "ResourceRow",
    "ResultRow",
    "RunRow",
    "SignInFailureRow",
    "TypeOptionRow",
    "UserRow",
]
