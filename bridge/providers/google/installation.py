"""What this installation is at Google, and the scopes that it asks for, step by step."""

from collections.abc import Sequence
from dataclasses import dataclass, field

NAME = "Google"

_AUTH = "https://www.googleapis.com/auth"
EVENTS = f"{_AUTH}/calendar.events"
CALENDARS = f"{_AUTH}/calendar.calendarlist.readonly"
CONTACTS = f"{_AUTH}/contacts"

FOR_CALENDARS = (EVENTS, CALENDARS)
FOR_CONTACTS = (CONTACTS,)
IDENTITY = ("openid", "email")
"""Asked for with the others: whose account it is. Google shows them as one line, and nobody has to tick it."""

_WORDS = {
    EVENTS: "see and change events in your calendars",
    CALENDARS: "see the list of your calendars",
    CONTACTS: "see and change your contacts",
}
_WIDER = {  # a broader scope is as good
    EVENTS: (f"{_AUTH}/calendar",),
    CALENDARS: (f"{_AUTH}/calendar", f"{_AUTH}/calendar.readonly", f"{_AUTH}/calendar.calendarlist"),
}

ASK_IT = "Ask your IT administrator to allow third-party calendar access."
RECONNECT = "Reconnect the account, and leave every box ticked when Google asks."


@dataclass(frozen=True, slots=True)
class Installation:
    """The OAuth client of this installation, and where Google is. URLs are without a slash at the end."""

    client_id: str = ""
    client_secret: str = field(default="", repr=False)
    calendar_url: str = "https://www.googleapis.com/calendar/v3"
    people_url: str = "https://people.googleapis.com"
    token_url: str = "https://oauth2.googleapis.com/token"  # noqa: S105 - an address
    authorization_url: str = "https://accounts.google.com/o/oauth2/v2/auth"


def missing(granted: Sequence[str], wanted: Sequence[str]) -> list[str]:
    """The scopes that were not given, neither themselves nor by a broader one."""
    have = set(granted)
    return [scope for scope in wanted if not have & {scope, *_WIDER.get(scope, ())}]


def words(scope: str) -> str:
    """What a scope allows, as a reader understands it, with its name for an administrator."""
    said = _WORDS.get(scope)
    return f"{said} ({scope})" if said else scope
