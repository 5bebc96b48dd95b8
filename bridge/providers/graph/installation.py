"""What this installation is at Microsoft, and the scopes that it asks for, step by step."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from bridge.core.scope import FlowKind
from bridge.http import with_query
from bridge.providers.oauth import Authority

NAME = "Microsoft 365"

CALENDARS = "Calendars.ReadWrite"
CONTACTS = "Contacts.ReadWrite"

FOR_CALENDARS = (CALENDARS,)
FOR_CONTACTS = (CONTACTS,)
IDENTITY = ("User.Read", "MailboxSettings.Read", "offline_access", "openid", "email")
"""Asked for with the others: whose account it is, its time zone, and that the consent outlives an hour."""

_WORDS = {
    CALENDARS: "see and change your calendars",
    CONTACTS: "see and change your contacts",
}
_WIDER = {CALENDARS: ("Calendars.ReadWrite.Shared",), CONTACTS: ("Contacts.ReadWrite.Shared",)}

# What sign-in tells where only an administrator can help: a consent that users may not give, an application that is not
# allowed, or a rule about devices and places.
_CONSENT = ("AADSTS65001", "AADSTS90094", "AADSTS90093", "AADSTS90095", "AADSTS650052", "AADSTS650056", "AADSTS50105")
_RULES = ("AADSTS53000", "AADSTS53001", "AADSTS53002", "AADSTS53003", "AADSTS53004", "AADSTS50020", "AADSTS7000112")

ASK_IT = "Ask your IT administrator to allow third-party calendar access."
RECONNECT = "Reconnect the account, and accept what Microsoft asks."


@dataclass(frozen=True, slots=True)
class Installation:
    """The app registration of this installation, and where Microsoft is.

    ``tenant`` is a directory, or ``common``, ``organizations``, ``consumers``; it takes the place of ``{tenant}`` in
    addresses. URLs are without a slash at the end.
    """

    client_id: str = ""
    client_secret: str = field(default="", repr=False)
    tenant: str = "common"
    graph_url: str = "https://graph.microsoft.com/v1.0"
    token_url: str = "https://login.microsoftonline.com/{tenant}/oauth2/v2.0/token"  # noqa: S105 - an address
    authorization_url: str = "https://login.microsoftonline.com/{tenant}/oauth2/v2.0/authorize"
    admin_consent_url: str = "https://login.microsoftonline.com/{tenant}/adminconsent"

    def placed(self, address: str) -> str:
        """An address with the directory in its place."""
        return address.replace("{tenant}", self.tenant or "common")

    @property
    def admin_consent(self) -> str:
        """Where an administrator allows this installation for everybody in a directory."""
        tenant = "organizations" if self.tenant in {"", "common", "consumers"} else self.tenant
        return with_query(self.admin_consent_url.replace("{tenant}", tenant), {"client_id": self.client_id})


def missing(granted: Sequence[str], wanted: Sequence[str]) -> list[str]:
    """The scopes that were not given, neither themselves nor by a broader one. Those given may be whole addresses."""
    have = {scope.rpartition("/")[2].casefold() for scope in granted}
    return [scope for scope in wanted if not have & {each.casefold() for each in (scope, *_WIDER.get(scope, ()))}]


def words(scope: str) -> str:
    """What a scope allows, as a reader understands it, with its name for an administrator."""
    said = _WORDS.get(scope)
    return f"{said} ({scope})" if said else scope


def authority(installation: Installation) -> Authority:
    """Microsoft as the service that users consent at."""

    def policy(error: str, description: str) -> str:
        if error == "consent_required" or any(code in description for code in _CONSENT):
            address = installation.admin_consent
            return f"Ask your IT administrator to allow this application for everybody, at {address}"
        return ASK_IT if any(code in description for code in _RULES) else ""

    return Authority(
        name=NAME,
        section="graph",
        client_id=installation.client_id,
        client_secret=installation.client_secret,
        authorization_url=installation.placed(installation.authorization_url),
        token_url=installation.placed(installation.token_url),
        scopes={FlowKind.CALENDAR: FOR_CALENDARS, FlowKind.CONTACTS: FOR_CONTACTS},
        identity=IDENTITY,
        asked={"response_mode": "query", "prompt": "select_account"},
        reconnect=RECONNECT,
        ask_it=ASK_IT,
        missing=missing,
        words=words,
        policy=policy,
    )
