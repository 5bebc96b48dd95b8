"""What belongs to the request at hand. One application, storage and auth object serve all threads (never ``self``)."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from bridge.services.actor import Actor
from bridge.services.devices import SignedIn
from bridge.store.models.journal import Source


@dataclass(slots=True)
class RequestContext:
    """One request: the client's name and, once the password was checked, who sent it."""

    user_agent: str = ""
    signed_in: SignedIn | None = None

    @property
    def actor(self) -> Actor:
        """Who acts, for the journal."""
        who = self.signed_in
        return Actor(
            user_id=who.user.id if who else None,
            source=Source.DAV,
            device_id=who.device.id if who else None,
            client=self.user_agent,
        )


_current: ContextVar[RequestContext | None] = ContextVar("davbridge_request", default=None)


@contextmanager
def request_context(user_agent: str) -> Iterator[RequestContext]:
    """Open the context of a request and close it at its end."""
    context = RequestContext(user_agent)
    token = _current.set(context)
    try:
        yield context
    finally:
        _current.reset(token)


def current_request() -> RequestContext:
    """The request at hand; outside of one, an empty context."""
    return _current.get() or RequestContext()
