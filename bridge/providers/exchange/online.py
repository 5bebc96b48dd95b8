"""Exchange Online takes no EWS any more: its accounts are led to Microsoft 365, before anything is sent."""

from urllib.parse import urlsplit

from bridge.errors import NotFound

_HOSTS = ("office365.com", "outlook.com", "office.com", "microsoftonline.com", "office365.us", "outlook.cn")
_PARTNERS = ("partner.outlook.cn", "outlook.de")
_DOMAINS = ("outlook.", "hotmail.", "live.")
_EXACT = frozenset(("msn.com", "windowslive.com", "passport.com"))
_MICROSOFT = ".onmicrosoft."


def check_address(address: str) -> None:
    """Refuse an e-mail address of Outlook.com or of a tenant's own domain at Microsoft. Raises ``NotFound``."""
    domain = address.strip().lower().rpartition("@")[2]
    if domain in _EXACT or domain.startswith(_DOMAINS) or _MICROSOFT in f".{domain}":
        raise closed(domain)


def check_url(url: str) -> None:
    """Refuse a server of Exchange Online. Raises ``NotFound``."""
    host = (urlsplit(url).hostname or "").lower().rstrip(".")
    if any(host == each or host.endswith(f".{each}") for each in (*_HOSTS, *_PARTNERS)):
        raise closed(host)


def closed(place: str) -> NotFound:
    """The error that says so."""
    return NotFound(
        f"{place} belongs to Exchange Online, where Exchange Web Services are closed: they end for everybody on"
        " April 1, 2027.",
        remedy="Connect it as a Microsoft 365 account.",
    )
