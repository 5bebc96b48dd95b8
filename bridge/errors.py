"""The one exception tree of the project.

::

    BridgeError
      ConfigError(problems)          the configuration is wrong; every problem at once
      RemoteError(remote)            a remote service said no; ``remote`` names which
        TemporaryError(retry_after)  network, 429, 5xx: try again later
        SignInNeeded                 revoked or expired: stop the connection, tell the user
        PermissionMissing(what)      ask the administrator
        PreconditionFailed           stale or gone: plan again
        TokenExpired                 list again from nothing
        Refused(reason)              this one object will never be taken: report it, go on
      MappingError(property)         this one object cannot be expressed: report it, go on
      DangerousPlan(counts)          the guard said no: a person must confirm
      NotAllowed                     403
      NotFound                       404
      Conflict                       409
      Invalid                        400
      TooManyTries(retry_after)      429

Foreign exceptions are translated where they arise, and nowhere else. A bug is not a ``BridgeError``: it ends the
operation and is logged with its traceback.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta


class BridgeError(Exception):
    """Anything that went wrong and that a reader can do something about.

    ``str(error)`` is one sentence that says what happened; ``remedy`` says what to do. ``permanent`` tells
    whether trying the same again can help.
    """

    permanent = True
    remedy = ""

    def __init__(self, message: str, *, remedy: str = "") -> None:
        super().__init__(message)
        if remedy:
            self.remedy = remedy


class ConfigError(BridgeError):
    """The configuration cannot be used. ``problems`` lists every one that was found."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


class RemoteError(BridgeError):
    """A remote service failed or refused. ``remote`` is its name for the reader."""

    def __init__(self, message: str, *, remote: str = "", remedy: str = "") -> None:
        super().__init__(message, remedy=remedy)
        self.remote = remote


class TemporaryError(RemoteError):
    """Network trouble, 429 or 5xx. ``retry_after`` is how long the remote asked us to wait, if it did."""

    permanent = False

    def __init__(
        self, message: str, *, remote: str = "", retry_after: timedelta | None = None, remedy: str = ""
    ) -> None:
        super().__init__(message, remote=remote, remedy=remedy)
        self.retry_after = retry_after


class SignInNeeded(RemoteError):
    """The credentials were revoked or have expired."""


class PermissionMissing(RemoteError):
    """A consent or scope is missing. ``what`` names it."""

    def __init__(self, what: str, *, remote: str = "", remedy: str = "") -> None:
        super().__init__(f"Permission missing: {what}.", remote=remote, remedy=remedy)
        self.what = what


class PreconditionFailed(RemoteError):
    """The object changed or vanished since it was read (HTTP 412)."""

    permanent = False


class TokenExpired(RemoteError):
    """The sync token is too old: list again from nothing."""

    permanent = False


class Refused(RemoteError):
    """The remote will never take this object."""


class MappingError(BridgeError):
    """An object cannot be expressed. ``property`` names what stands in the way."""

    def __init__(self, property: str, message: str) -> None:  # noqa: A002 - the field's term
        super().__init__(message)
        self.property = property


class DangerousPlan(BridgeError):
    """The mass-delete guard (R22) stopped a run. ``counts`` says what the run would have done."""

    def __init__(self, message: str, counts: Mapping[str, int]) -> None:
        super().__init__(message)
        self.counts = dict(counts)


class NotAllowed(BridgeError):
    """The principal may not do this. ``condition`` is the DAV precondition (``C:…``, ``CR:…`` or ``D:…``), if any."""

    def __init__(self, message: str, *, condition: str = "", remedy: str = "") -> None:
        super().__init__(message, remedy=remedy)
        self.condition = condition


class NotFound(BridgeError):
    """There is no such thing, or the principal may not know of it."""


class Conflict(BridgeError):
    """The request contradicts what is stored. ``href`` names the resource it collides with, if any."""

    def __init__(self, message: str, *, condition: str = "", href: str = "", remedy: str = "") -> None:
        super().__init__(message, remedy=remedy)
        self.condition = condition
        self.href = href


class Invalid(BridgeError):
    """The input is broken. ``condition`` is the DAV precondition that it violates, if any."""

    def __init__(self, message: str, *, condition: str = "", remedy: str = "") -> None:
        super().__init__(message, remedy=remedy)
        self.condition = condition


class TooManyTries(BridgeError):
    """Too many failed sign-ins: ``retry_after`` is how long to wait before the next try."""

    permanent = False
    remedy = "Try again later."

    def __init__(self, message: str, *, retry_after: timedelta) -> None:
        super().__init__(message)
        self.retry_after = retry_after
