"""Keeps servers that send invitations by themselves from mailing anybody because of us (R13, RFC 6638)."""

from functools import cached_property
from typing import Generic

from bridge.errors import Refused
from bridge.ports import T
from bridge.providers.caldav.client import Client
from bridge.providers.caldav.mapping import Dialect
from bridge.providers.caldav.statuses import of_collection

_ANSWERED = frozenset((200, 204, 405, 501))
"""How servers answer to OPTIONS, also those that cannot."""


class Scheduling(Generic[T]):
    """What a collection's server does for guests.

    A new event has no guests. A change or deletion of an event that has some would make such a server mail them when
    the account is its organizer. There is no way to ask it not to: SCHEDULE-AGENT=CLIENT, set where it was not,
    makes it send cancellations first (RFC 6638 3.2.1.2).
    """

    def __init__(self, client: Client, url: str, dialect: Dialect[T]) -> None:
        self._client = client
        self._url = url
        self._dialect: Dialect[T] = dialect

    @cached_property
    def mails(self) -> bool:
        """Whether the server announces it. Asked once, and only where a write depends on it."""
        if self._dialect.guests is None:
            return False
        answer = self._client.call("OPTIONS", self._url)
        if answer.status not in _ANSWERED:
            raise of_collection(answer, self._client.service)
        announced = answer.headers.get("dav", "")
        return "calendar-auto-schedule" in announced.replace(",", " ").split()

    def check(self, text: str) -> None:
        """Raise ``Refused`` when guests would be mailed about a change of this text."""
        guests = self._dialect.guests(text) if self._dialect.guests else ()
        if not guests or not self.mails:
            return
        own = self._client.address.lower()
        if any(each.email.lower() == own and not each.organizer for each in guests):
            return  # an attendee's copy: the server writes to nobody unless the reply changes
        raise Refused(
            "This event has guests, and the server mails them whenever it is changed.",
            remote=self._client.service.name,
            remedy="Change or delete it in the calendar itself.",
        )
