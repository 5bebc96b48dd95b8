"""What goes wrong at the services that we have a fake of, request by request, and which states that may show."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from tests.fakes.exchange.server import Refusing, busy, fault_reply
from tests.fakes.google import answers as google
from tests.fakes.google.server import CUT, Fault
from tests.fakes.graph import answers as graph
from tests.providers.servers import SILENCE, Reply

RIGHT, WAITING, RECONNECT, STOPPED, CHOOSE = "Up to date", "Waiting", "Reconnect needed", "Stopped", "Choose"


class FaultyFake(Protocol):
    faults: list[Fault]


class Faulty(Protocol):
    """An account at a fake of ours. ``revoke`` lets us in no more, until ``recover``."""

    @property
    def fake(self) -> FaultyFake: ...

    def revoke(self) -> None: ...

    def recover(self) -> None: ...


@dataclass(frozen=True)
class Trouble:
    """A fault of one kind. ``calls`` are the ends of the requests that it makes sense for, ``states`` what is shown.

    ``revoked``: from then on we are let in no more. ``refused``: every object of the request gets this code.
    """

    reply: Reply = SILENCE
    calls: tuple[str, ...] = ("",)
    states: tuple[str, ...] = (WAITING, RIGHT)
    after: bool = False
    revoked: bool = False
    refused: str = ""

    def fault(self, nth: int, account: Faulty) -> Fault:
        def strikes(call: str, _: object) -> bool:
            return call != "token" and call.endswith(self.calls)

        def revoke(_: Reply) -> Reply:
            account.revoke()
            return self.reply

        kind: Callable[..., Fault] = partial(Refusing, code=self.refused) if self.refused else Fault
        return kind(revoke if self.revoked else self.reply, strikes, nth=nth, after=self.after)


LOST = {
    "cut": Trouble(CUT),
    "answer lost": Trouble(CUT, after=True),
    "silence": Trouble(SILENCE),
    "silence afterwards": Trouble(SILENCE, after=True),
    "a gateway's page": Trouble(Reply(200, {"Content-Type": "text/html"}, b"<html>Log in to the network</html>")),
}
_PAGE = b"<html>Service Unavailable</html>"
_GONE = (WAITING, RIGHT, STOPPED, CHOOSE)

_LISTS = (".list",)
GOOGLE = LOST | {
    "a token that ended": Trouble(google.refused(401, "Invalid Credentials", "authError"), states=(RIGHT,)),
    "a consent that was revoked": Trouble(
        google.refused(401, "Invalid Credentials", "authError"), states=(RECONNECT, RIGHT), revoked=True
    ),
    "403 rate limit": Trouble(google.refused(403, "User-rate limit exceeded.", "userRateLimitExceeded")),
    "404 of a listing": Trouble(google.refused(404, "Not Found", "notFound"), _LISTS, _GONE),
    "404 of a write": Trouble(google.refused(404, "Not Found", "notFound"), (".update",)),
    "409": Trouble(
        google.refused(409, "The requested identifier already exists.", "duplicate"), (".insert",), after=True
    ),
    "410 of a listing": Trouble(
        google.refused(410, "A full sync is required.", "fullSyncRequired"), _LISTS, (RIGHT, STOPPED)
    ),
    "410 of a deletion": Trouble(
        google.refused(410, "Resource has been deleted", "deleted"), (".delete",), (RIGHT,), after=True
    ),
    "412": Trouble(google.refused(412, "Precondition Failed", "conditionNotMet"), (".update", ".delete")),
    "429": Trouble(google.refused(429, "Quota exceeded.", word="RESOURCE_EXHAUSTED")),
    "500": Trouble(google.refused(500, "Backend Error", "backendError")),
    "500 afterwards": Trouble(google.refused(500, "Backend Error", "backendError"), after=True),
    "503": Trouble(Reply(503, {"Date": google.DATE, "Retry-After": "20"}, _PAGE)),
}

_ROUNDS = (".delta",)
_ENDED = graph.refused(401, "InvalidAuthenticationToken", "Access token has expired or is not yet valid.")
_ABSENT = graph.refused(404, "ErrorItemNotFound", "The specified object was not found in the store.")
GRAPH = LOST | {
    "a token that ended": Trouble(_ENDED, states=(RIGHT,)),
    "a consent that was revoked": Trouble(_ENDED, states=(RECONNECT, RIGHT), revoked=True),
    "403 of a write": Trouble(
        graph.refused(403, "ErrorAccessDenied", "Access is denied."),
        (".create", ".patch", ".delete"),
        (RECONNECT,),
    ),
    "404 of a listing": Trouble(_ABSENT, _ROUNDS, _GONE),
    "404 of a write": Trouble(_ABSENT, (".patch",)),
    "409": Trouble(graph.refused(409, "ErrorIrresolvableConflict", "Conflict."), (".patch",)),
    "a creation that was known": Trouble(
        graph.refused(400, "ErrorDuplicateTransactionId", "It was used."), ("events.create",), after=True
    ),
    "410 of a listing": Trouble(graph.refused(410, "syncStateNotFound", "Begin anew."), _ROUNDS, (RIGHT,)),
    "a token that nobody knows": Trouble(graph.refused(400, "BadRequest", "Badly formed token."), _ROUNDS, (RIGHT,)),
    "404 of a deletion": Trouble(_ABSENT, (".delete",), (RIGHT,), after=True),
    "400 of a deletion": Trouble(
        graph.refused(400, "ErrorInvalidRequest", "Your request can't be completed."), (".delete",), after=True
    ),
    "412": Trouble(graph.refused(412, "ErrorIrresolvableConflict", "Conflict."), (".patch", ".delete")),
    "429": Trouble(graph.refused(429, "ApplicationThrottled", "Slower.", None, **{"Retry-After": "20"})),
    "500": Trouble(graph.refused(500, "ErrorInternalServerError")),
    "500 afterwards": Trouble(graph.refused(500, "ErrorInternalServerError"), after=True),
    "503": Trouble(Reply(503, {"Date": graph.DATE, "Retry-After": "20"}, _PAGE)),
    "504 afterwards": Trouble(graph.refused(504, "GatewayTimeout"), after=True),
}

_DENIED = Reply(401, {"WWW-Authenticate": 'Basic realm="mail.example.com"'}, b"")
_LOOKS, _WRITES = ("SyncFolderItems",), ("CreateItem", "UpdateItem", "DeleteItem")
EXCHANGE = LOST | {
    "401": Trouble(_DENIED, states=(RECONNECT,)),
    "a password that was changed": Trouble(_DENIED, states=(RECONNECT,), revoked=True),
    "403": Trouble(Reply(403, {}, b""), states=(RECONNECT,)),
    "403 of a write": Trouble(calls=_WRITES, states=(RECONNECT,), refused="ErrorAccessDenied"),
    "404 of a listing": Trouble(calls=_LOOKS, states=_GONE, refused="ErrorSyncFolderNotFound"),
    "404 of a write": Trouble(calls=("UpdateItem",), refused="ErrorItemNotFound"),
    "404 of a deletion": Trouble(calls=("DeleteItem",), states=(RIGHT,), refused="ErrorItemNotFound", after=True),
    "410 of a listing": Trouble(calls=_LOOKS, states=(RIGHT,), refused="ErrorInvalidSyncStateData"),
    "412": Trouble(calls=("UpdateItem",), refused="ErrorIrresolvableConflict"),
    "busy": Trouble(busy(20)),
    "busy for one object": Trouble(calls=_WRITES, refused="ErrorServerBusy"),
    "too many connections": Trouble(fault_reply("ErrorExceededConnectionCount")),
    "an error of the server": Trouble(fault_reply("ErrorInternalServerError")),
    "an error of the server afterwards": Trouble(fault_reply("ErrorInternalServerError"), after=True),
    "an error for each object": Trouble(calls=_WRITES, refused="ErrorInternalServerTransientError"),
    "an error for each object afterwards": Trouble(
        calls=_WRITES, refused="ErrorInternalServerTransientError", after=True
    ),
    "a mailbox that moves": Trouble(fault_reply("ErrorMailboxMoveInProgress")),
    "500": Trouble(Reply(500, {"Content-Type": "text/html"}, b"<html>Server Error in '/EWS' Application</html>")),
    "503": Trouble(Reply(503, {"Retry-After": "20"}, _PAGE)),
}

SAMPLES: dict[str, Sequence[str]] = {
    "google": ("answer lost", "a token that ended", "a consent that was revoked", "410 of a listing", "412"),
    "graph": ("answer lost", "a consent that was revoked", "410 of a listing", "412"),
    "exchange": ("answer lost", "a password that was changed", "410 of a listing", "412"),
}
"""What is tried in every run; the others with "make chaos"."""

TROUBLES = {"google": GOOGLE, "graph": GRAPH, "exchange": EXCHANGE}
