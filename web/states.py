"""How a connection is doing, in words (R18), and what goes by which name on the pages about syncs."""

from flask_babel import format_time, gettext, lazy_gettext

from bridge.core.scope import FlowKind
from bridge.services.status import Condition, Status
from bridge.store.models.sync import ResultOutcome, RunOutcome

_WORDS = {
    Condition.NOT_CONNECTED: lazy_gettext("Not connected"),
    Condition.CHOOSE: lazy_gettext("Choose settings"),
    Condition.UP_TO_DATE: lazy_gettext("Up to date"),
    Condition.RECONNECT: lazy_gettext("Reconnect needed"),
    Condition.PAUSED: lazy_gettext("Paused by you"),
    Condition.PAUSED_BY_ADMIN: lazy_gettext("Paused by admin"),
    Condition.DECISION: lazy_gettext("Stopped: needs your decision"),
}
_KINDS = {
    Condition.UP_TO_DATE: "good",
    Condition.FIRST_SYNC: "good",
    Condition.CHOOSE: "warn",
    Condition.WAITING: "warn",
    Condition.DECISION: "bad",
    Condition.RECONNECT: "bad",
}
LIVE = frozenset({Condition.FIRST_SYNC, Condition.UP_TO_DATE, Condition.WAITING})

PROVIDERS = {"caldav": "CalDAV", "google": "Google", "graph": "Microsoft 365", "exchange": "Exchange"}
FLOWS = {FlowKind.CALENDAR: lazy_gettext("Calendar"), FlowKind.CONTACTS: lazy_gettext("Contacts")}
ACTIONS = {
    "created there": lazy_gettext("created there"),
    "created here": lazy_gettext("created here"),
    "matched": lazy_gettext("matched"),
    "changed here": lazy_gettext("changed here"),
    "changed there": lazy_gettext("changed there"),
    "merged": lazy_gettext("merged"),
    "deleted there": lazy_gettext("deleted there"),
    "deleted here": lazy_gettext("deleted here"),
    "released": lazy_gettext("released"),
    "forgotten": lazy_gettext("forgotten"),
    "left out": lazy_gettext("left out"),
    "left-out": lazy_gettext("left out"),
    "failed": lazy_gettext("failed"),
    "parked": lazy_gettext("failed for good"),
    "create-there": lazy_gettext("created there"),
    "update-there": lazy_gettext("changed there"),
    "delete-there": lazy_gettext("deleted there"),
    "merge": lazy_gettext("changed there"),
    "link": lazy_gettext("changed there"),
}
OUTCOMES = {
    ResultOutcome.DONE: lazy_gettext("done"),
    ResultOutcome.FAILED: lazy_gettext("failed"),
    ResultOutcome.PARKED: lazy_gettext("failed for good"),
    ResultOutcome.LEFT_OUT: lazy_gettext("left out"),
    ResultOutcome.CONFLICT: lazy_gettext("in conflict"),
}
RUNS = {
    RunOutcome.RUNNING: lazy_gettext("still running"),
    RunOutcome.DONE: lazy_gettext("done"),
    RunOutcome.PARTLY: lazy_gettext("done but for what failed"),
    RunOutcome.FAILED: lazy_gettext("not done"),
    RunOutcome.DECISION: lazy_gettext("stopped, needs your decision"),
    RunOutcome.INTERRUPTED: lazy_gettext("interrupted"),
}
TRIGGERS = {
    "manual": lazy_gettext("by hand"),
    "timer": lazy_gettext("by the clock"),
    "change": lazy_gettext("after a change here"),
    "push": lazy_gettext("after a change there"),
}
RECORDS = {
    "activity": lazy_gettext("Activity"),
    "person": lazy_gettext("Person"),
    "organization": lazy_gettext("Organization"),
    "deal": lazy_gettext("Deal"),
    "label": lazy_gettext("Label"),
    "event": lazy_gettext("Event"),
    "contact": lazy_gettext("Contact"),
}
SOURCES = {
    "dav": lazy_gettext("a device"),
    "crm": lazy_gettext("the CRM"),
    "import": lazy_gettext("an import"),
    "undo": lazy_gettext("an undo"),
    "sync": lazy_gettext("a sync"),
}
CHANGES = {
    "create": lazy_gettext("created"),
    "update": lazy_gettext("changed"),
    "delete": lazy_gettext("deleted"),
}


def words(found: Status) -> str:
    """The state in words, in the user's language and time zone."""
    if found.condition is Condition.FIRST_SYNC:
        return str(gettext("First sync %(percent)s %%", percent=found.percent))
    if found.condition is Condition.WAITING:
        if found.next_run is None:
            return str(gettext("Waiting (next try soon)"))
        return str(gettext("Waiting (next try %(time)s)", time=format_time(found.next_run, "short")))
    return str(_WORDS[found.condition])


def kind(found: Status) -> str:
    """The look of a state: good, warn, bad or quiet."""
    return _KINDS.get(found.condition, "quiet")


def named(names: dict[str, str], key: str) -> str:
    """What goes by a name; the key itself where nobody gave it one."""
    return str(names.get(key, key))
