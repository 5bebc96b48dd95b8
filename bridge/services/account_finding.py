"""From an e-mail address to the kind of account that it belongs to (R1, R2)."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from bridge.errors import Invalid
from bridge.services.connection_rules import BY_CONSENT

_GOOGLE = ("gmail.com", "googlemail.com")
_MICROSOFT = ("outlook.", "hotmail.", "live.", "msn.com", "windowslive.com")
_EXCHANGERS = {"google": (".google.com", ".googlemail.com"), "graph": (".mail.protection.outlook.com", ".mx.microsoft")}
"""How the hosts end that take the mail of domains at Google Workspace and Microsoft 365."""
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
    """Finds the kind of an account among those that this installation knows.

    ``exchangers`` tells the hosts that take the mail of a domain, as far as it can; it never fails.
    """

    def __init__(self, providers: Collection[str], exchangers: Callable[[str], Sequence[str]] = lambda _: ()) -> None:
        self._providers = frozenset(providers)
        self._exchangers = exchangers

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
        provider = wanted or _provider(text) or self._by_mail(text) or self._usual()
        if provider not in self._providers:
            raise Invalid(
                f"Accounts of {_NAMES.get(provider, provider)} cannot be connected here: this server is not set up for"
                " them.",
                remedy="Ask your administrator to set it up, or connect another account.",
            )
        return _kind(provider)

    def _by_mail(self, text: str) -> str:
        """What takes the mail of a company keeps its calendars too, in most cases; a kind that is chosen wins."""
        domain = text.rpartition("@")[2] if "@" in text and "/" not in text else ""
        hosts = self._exchangers(domain)[:1] if domain else ()
        known = {name: ends for name, ends in _EXCHANGERS.items() if name in self._providers}
        return next((name for host in hosts for name, ends in known.items() if f".{host}".endswith(ends)), "")

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
