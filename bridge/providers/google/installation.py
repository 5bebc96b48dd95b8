"""What this installation is at Google, and the scopes that it asks for, step by step."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from bridge.core.scope import FlowKind
from bridge.providers.oauth import Authority

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

_BY_POLICY = frozenset(("admin_policy_enforced", "org_internal", "disallowed_useragent"))

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


def authority(installation: Installation) -> Authority:
    """Google as the service that users consent at."""
    return Authority(
        name=NAME,
        section="google",
        client_id=installation.client_id,
        client_secret=installation.client_secret,
        authorization_url=installation.authorization_url,
        token_url=installation.token_url,
        scopes={FlowKind.CALENDAR: FOR_CALENDARS, FlowKind.CONTACTS: FOR_CONTACTS},
        identity=IDENTITY,
        asked={
            "access_type": "offline",
            "include_granted_scopes": "true",
            "prompt": "consent",  # without it, a second connection gets no refresh token
        },
        reconnect=RECONNECT,
        ask_it=ASK_IT,
        missing=missing,
        words=words,
        policy=lambda error, _: ASK_IT if error in _BY_POLICY else "",
    )
