"""What is special about well-known services, as data."""

from dataclasses import dataclass

_APP_PASSWORD = "Create an app password in the settings of your account, and enter it instead of your password."  # noqa: S105


@dataclass(frozen=True, slots=True)
class Service:
    """A service that is known by the domains of its addresses or by its host names.

    ``domains`` are those of e-mail addresses, ``hosts`` the host names (with everything below them) that may be given
    the same credentials, because one company runs them. ``calendars`` and ``books`` are where a search begins.
    ``remedy`` is what helps when a sign-in is refused. ``instead`` names the better way to connect: then this one is
    not offered.
    """

    name: str
    domains: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    calendars: str = ""
    books: str = ""
    remedy: str = "Enter user name and password again. With two-factor sign-in, create an app password."
    instead: str = ""


GENERIC = Service("the CalDAV server")

SERVICES = (
    Service(
        "iCloud",
        ("icloud.com", "me.com", "mac.com"),
        ("icloud.com",),
        "https://caldav.icloud.com/",
        "https://contacts.icloud.com/",
        "Apple wants an app-specific password: create one at account.apple.com, and enter it here.",
    ),
    Service(
        "Fastmail",
        ("fastmail.com", "fastmail.fm", "messagingengine.com"),
        ("fastmail.com",),
        "https://caldav.fastmail.com/dav/",
        "https://carddav.fastmail.com/dav/",
        _APP_PASSWORD,
    ),
    Service(
        "Yandex",
        ("yandex.com", "yandex.ru", "ya.ru", "yandex.by", "yandex.kz"),
        ("yandex.ru",),
        "https://caldav.yandex.ru/",
        "https://carddav.yandex.ru/",
        _APP_PASSWORD,
    ),
    Service("mailbox.org", ("mailbox.org",), ("mailbox.org",), "https://dav.mailbox.org/", "https://dav.mailbox.org/"),
    Service(
        "Posteo", ("posteo.de", "posteo.net"), ("posteo.de",), "https://posteo.de:8443/", "https://posteo.de:8843/"
    ),
    Service(
        "GMX",
        ("gmx.net", "gmx.de", "gmx.at", "gmx.ch"),
        ("gmx.net",),
        "https://caldav.gmx.net/",
        "https://carddav.gmx.net/",
        _APP_PASSWORD,
    ),
    Service("WEB.DE", ("web.de",), ("web.de",), "https://caldav.web.de/", "https://carddav.web.de/", _APP_PASSWORD),
    Service(
        "Zoho",
        ("zoho.com", "zohomail.com"),
        ("zoho.com",),
        "https://calendar.zoho.com/",
        "https://contacts.zoho.com/",
        _APP_PASSWORD,
    ),
    Service(
        "Google",
        ("gmail.com", "googlemail.com"),
        ("googleusercontent.com", "google.com", "googleapis.com"),
        instead="Connect it as a Google account: Google takes no passwords for calendars and contacts.",
    ),
    Service(
        "Microsoft",
        ("outlook.com", "hotmail.com", "live.com", "msn.com"),
        ("outlook.com", "office365.com", "office.com"),
        instead="Connect it as a Microsoft 365 or Outlook.com account: Microsoft offers no CalDAV.",
    ),
)


def by_domain(domain: str) -> Service:
    """The service whose e-mail addresses are in this domain."""
    return next((each for each in SERVICES if domain.lower() in each.domains), GENERIC)


def by_host(host: str) -> Service:
    """The service that runs this host."""
    return next((each for each in SERVICES if is_of(each, host)), GENERIC)


def is_of(service: Service, host: str) -> bool:
    """Whether a host belongs to a service."""
    return any(is_below(host, domain) for domain in service.hosts)


def is_below(host: str, domain: str) -> bool:
    """Whether a host name is this domain or lies in it."""
    host, domain = host.lower().rstrip("."), domain.lower().rstrip(".")
    return bool(domain) and (host == domain or host.endswith(f".{domain}"))
