"""The programs that there are steps for."""

from types import MappingProxyType

from flask_babel import lazy_gettext

from bridge.errors import NotFound
from bridge.services.onboarding import Program

PROGRAMS = MappingProxyType(
    {
        Program.APPLE: lazy_gettext("iPhone, iPad or Mac"),
        Program.ANDROID: lazy_gettext("Android (DAVx⁵)"),
        Program.THUNDERBIRD: "Thunderbird",
        Program.OUTLOOK: lazy_gettext("Outlook for Windows (CalDavSynchronizer)"),
        Program.EVOLUTION: "Evolution, GNOME",
        Program.KHAL: "khal, vdirsyncer",
        Program.OTHER: lazy_gettext("Another program"),
    }
)


def steps_of(name: str) -> Program:
    """The program that an address names. Raises ``NotFound``."""
    try:
        return Program(name)
    except ValueError:
        raise NotFound("There are no steps for that.") from None
