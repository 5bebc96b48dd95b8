"""From an e-mail address to the kind of account that it belongs to (R1, R2)."""

from collections.abc import Collection
from dataclasses import dataclass
from types import MappingProxyType

from bridge.errors import Invalid
from bridge.services.connection_rules import BY_CONSENT

_GOOGLE = ("gmail.com", "googlemail.com")
_MICROSOFT = ("outlook.", "hotmail.", "live.", "msn.com", "windowslive.com")
_MAIL_HOSTS = ("imap.", "imap4.", "pop.", "pop3.", "smtp.")
_MAIL_SCHEMES = ("imap:", "imaps:", "pop:", "pops:", "pop3:", "smtp:")
_NAMES = MappingProxyType({"google": "Google", "graph": "Microsoft 365", "exchange": "Exchange", "caldav": "CalDAV"})


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of account. ``by_consent``: one signs in on the service's own page, not with a password here."""

    provider: str
    name: str
    by_consent: bool


class AccountFinding:
    """Finds the kind of an account among those that this installation knows."""

    def __init__(self, providers: Collection[str]) -> None:
        self._providers = frozenset(providers)

    def kinds(self) -> list[Kind]:
        """All kinds that can be connected here."""
        return [_kind(provider) for provider in sorted(self._providers, key=_order)]

    def find(self, address: str, wanted: str = "") -> Kind:
        """The kind of an account, by its e-mail address (or that of its server) unless one is wanted.

        Raises ``Invalid`` for what holds no calendars (R1), and for a service that is not set up here.
        """
        text = address.strip().lower()
        if text.startswith((*_MAIL_HOSTS, *_MAIL_SCHEMES)):
            raise Invalid(
                "IMAP and POP accounts hold mail, no calendars and no contacts.",
                remedy="Connect the calendar of the same service instead: its CalDAV address, Google or Microsoft 365.",
            )
        provider = wanted or _provider(text) or self._usual()
        if provider not in self._providers:
            raise Invalid(
                f"Accounts of {_NAMES.get(provider, provider)} cannot be connected here: this server is not set up for"
                " them.",
                remedy="Ask your administrator to set it up, or connect another account.",
            )
        return _kind(provider)

    def _usual(self) -> str:
        """What an address stands for that tells nothing: whatever discovery finds."""
        return "caldav" if "caldav" in self._providers else min(self._providers - BY_CONSENT, default="caldav")


def _provider(text: str) -> str:
    domain = text.rpartition("@")[2]
    if domain in _GOOGLE:
        return "google"
    return "graph" if domain.startswith(_MICROSOFT) else ""


def _kind(provider: str) -> Kind:
    return Kind(provider, _NAMES.get(provider, provider.title()), provider in BY_CONSENT)


def _order(provider: str) -> tuple[bool, str]:
    return provider != "caldav", provider
