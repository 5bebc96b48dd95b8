"""What the administrator decides about Exchange servers."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

NAME = "Exchange"
SIGN_IN = "Enter user name and password again. With two-factor sign-in, create an app password."


@dataclass(frozen=True, slots=True)
class Installation:
    """Where Exchange is, and how it is asked.

    ``url`` is the EWS address of accounts that name none; without it, it is looked for (``autodiscover``).
    ``plain_http``: passwords may travel unencrypted beyond this machine. ``batch`` is how many objects a request names,
    ``zone`` the IANA name of the zone that is meant where several have the same name in Windows. ``authorities`` is a
    file with certificates (PEM) of authorities that are trusted besides the usual ones.
    """

    url: str = ""
    autodiscover: bool = True
    plain_http: bool = False
    timeout: timedelta = timedelta(minutes=2)
    batch: int = 100
    zone: str = "UTC"
    authorities: Path | None = None
