"""Requests to Microsoft Graph, one by one or twenty in a batch, and its codes as our errors.

Requests go one after another: Graph carries out four of one mailbox at the same time at most, those of a batch
included, and turns away the fifth.
"""

import base64
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import quote, urlsplit

from bridge.errors import (
    BridgeError,
    NotFound,
    PermissionMissing,
    PreconditionFailed,
    SignInNeeded,
    TemporaryError,
    TokenExpired,
)
from bridge.http import Answer, failure
from bridge.providers import together
from bridge.providers.graph.installation import ASK_IT, RECONNECT, words
from bridge.providers.signed_in import Account

Raw = Mapping[str, Any]
T = TypeVar("T")

BATCH = 20
PAGE = 999
PREFER = 'IdType="ImmutableId", outlook.timezone="UTC"'
GONE = frozenset((404, 410))

_MOST_PAGES = 5000
_IN_LINKS = "%/?&=$:,'()@+;!*~-._"
"""What stays as it is in a link. Graph does not always escape the rest."""
_CONFLICTS = frozenset(("ErrorIrresolvableConflict", "ErrorChangeKeyRequiredForWriteOperations"))
_ABSENT = frozenset(("ErrorInvalidIdMalformed", "ErrorItemNotFound", "ErrorInvalidId"))
_NO_MAILBOX = frozenset(("MailboxNotEnabledForRESTAPI", "MailboxNotSupportedForRESTAPI", "ErrorNonExistentMailbox"))


@dataclass(frozen=True, slots=True)
class Ask:
    """One request. ``path`` begins with a slash and may have a query; ``body`` travels as JSON."""

    method: str
    path: str
    body: object = None
    headers: Mapping[str, str] = field(default_factory=dict)
    raw: bool = False
    """Whether the answer is not JSON."""


Steps = together.Steps[Ask, T]
"""What has to be asked for one object, turn by turn."""


class Client:
    """Requests of one account. ``scope`` is what the lack of a permission is told as, ``base`` where Graph is."""

    def __init__(self, account: Account, base: str, name: str, scope: str) -> None:
        self._account = account
        self._base = base
        self.name = name
        self._scope = scope

    @property
    def most(self) -> int:
        """See ``Batching.most``."""
        return BATCH

    def call(self, ask: Ask) -> Answer:
        """Send a request. Raises what concerns the whole account; answers about objects and listings are returned.

        Whatever is a success is empty or JSON.
        """
        return self.judged(self.send(ask), raw=ask.raw)

    def send(self, ask: Ask) -> Answer:
        """Send a request; the answer may be anything."""
        headers = {"Prefer": PREFER, **ask.headers}
        return self._account.send(ask.method, f"{self._base}{ask.path}", {}, ask.body, headers)

    def judged(self, answer: Answer, *, raw: bool = False) -> Answer:
        """See ``Batching.judged``. ``raw``: a success need not be JSON."""
        if answer.ok and answer.body and not raw:
            answer.json()  # a gateway's page is no answer
        error = None if answer.ok else self.error(answer)
        if isinstance(error, TemporaryError | SignInNeeded | PermissionMissing):
            raise error
        return answer

    def get(self, path: str) -> dict[str, Any]:
        """Ask for something that is there. Raises what ``error`` tells, and ``TemporaryError`` for nonsense."""
        answer = self.call(Ask("GET", path))
        if not answer.ok:
            raise self.error(answer)
        return answer.json()

    def upload(self, path: str, data: bytes, media_type: str) -> Answer:
        """Store what is not JSON."""
        headers = {"Prefer": PREFER, "Content-Type": media_type}
        return self.judged(self._account.send("PUT", f"{self._base}{path}", {}, None, headers, data), raw=True)

    def batch(self, asks: Sequence[Ask]) -> list[Answer | BridgeError]:
        """Send up to twenty requests at once; one answer for each, in their order, or why there is none.

        Raises what concerns the whole account, and why the whole failed where that says how long it lasts. A request
        that was turned away for a while has its own answer.
        """
        try:
            return list(self._batched(asks))
        except TemporaryError as error:
            if error.retry_after is not None:
                raise
            return [error] * len(asks)

    def _batched(self, asks: Sequence[Ask]) -> list[Answer]:
        """The answers, those of a token that ended meanwhile asked for once more."""
        answers = self._carried(asks)
        stale = [number for number, answer in enumerate(answers) if answer.status == 401]
        if stale and self._account.renew():
            for number, answer in zip(stale, self._carried([asks[number] for number in stale]), strict=True):
                answers[number] = answer
        return [self._of_one(answer) for answer in answers]

    def _carried(self, asks: Sequence[Ask]) -> list[Answer]:
        if len(asks) < 2:
            return [self.call(ask) for ask in asks]
        rows = [_row(number, ask) for number, ask in enumerate(asks)]
        answer = self.call(Ask("POST", "/$batch", {"requests": rows}))
        if not answer.ok:
            raise self.error(answer)
        found = answer.json().get("responses")
        told = {str(row.get("id")): row for row in found if isinstance(row, dict)} if isinstance(found, list) else {}
        if len(told) < len(asks):
            raise self.nonsense()
        return [self._inner(told.get(str(number)), raw=ask.raw) for number, ask in enumerate(asks)]

    def pages(self, path: str) -> Iterator[dict[str, Any]]:
        """The pages of a list, by the links that lead from each to the next. Raises ``TokenExpired`` for a stale one.

        Links are followed on our own way: whatever host they name, it is the configured one that is asked.
        """
        asked, seen = path, set[str]()
        while asked not in seen and len(seen) < _MOST_PAGES:
            seen.add(asked)
            headers = {"Prefer": f"{PREFER}, odata.maxpagesize={PAGE}"}
            answer = self.call(Ask("GET", asked, None, headers))
            if not answer.ok:
                raise self._listing_error(answer, asked)
            page = answer.json()
            self.rows(page)
            yield page
            asked = self.following(page)
            if not asked:
                return
        raise TemporaryError(f"{self.name}'s list has no end.", remote=self.name)

    def round(self, path: str) -> tuple[list[Raw], str]:
        """What a round of changes tells, and where the next one begins. Raises ``TokenExpired``."""
        rows: list[Raw] = []
        page: Raw = {}
        for page in self.pages(path):
            rows += self.rows(page)
        link = page.get("@odata.deltaLink")
        if not isinstance(link, str) or not link:
            raise self.nonsense()
        return rows, self.relative(link)

    def rows(self, page: Raw) -> list[Raw]:
        """The objects of a page. Raises ``TemporaryError`` for nonsense: a list that lacks one is no list."""
        found = page.get("value")
        rows = [row for row in found if isinstance(row, Mapping)] if isinstance(found, list) else []
        ids = [row.get("id") for row in rows]
        if (
            not isinstance(found, list)
            or len(rows) < len(found)
            or not all(isinstance(id_, str) and id_ for id_ in ids)
        ):
            raise self.nonsense()
        return rows

    def following(self, page: Raw) -> str:
        """The path of the next page; nothing after the last one. Raises ``TemporaryError`` for nonsense."""
        link = page.get("@odata.nextLink")
        if link is not None and not isinstance(link, str):
            raise self.nonsense()
        return self.relative(link) if link else ""

    def relative(self, link: str) -> str:
        """The path and query of a link, below the address of Graph. Raises ``TemporaryError`` for nonsense."""
        try:
            parts = urlsplit(link)
        except ValueError as error:
            raise self.nonsense() from error
        root = urlsplit(self._base).path
        path = parts.path.removeprefix(root) if parts.path.startswith(f"{root}/") else _after_version(parts.path)
        if not path.startswith("/"):
            raise self.nonsense()
        return quote(f"{path}?{parts.query}" if parts.query else path, safe=_IN_LINKS)

    def error(self, answer: Answer) -> BridgeError:
        """What an answer that is no success means."""
        code, message = told(answer)
        if code in _NO_MAILBOX:
            text = "the use of a mailbox that is not in Microsoft 365"
            return PermissionMissing(text, remote=self.name, remedy="Connect it as Exchange, with its own server.")
        if answer.status == 403:
            return self._forbidden(code, message)
        if code in _CONFLICTS or answer.status == 409:
            return PreconditionFailed("The object changed or vanished since it was read.", remote=self.name)
        if answer.status in GONE:
            return NotFound(f"{self.name} no longer has this calendar or folder.", remedy="Choose another one.")
        return failure(answer, self.name, reason=message or code, sign_in=RECONNECT)

    def nonsense(self) -> TemporaryError:
        """An answer that is none."""
        return TemporaryError(f"{self.name} answers with something else than what was asked.", remote=self.name)

    def is_gone(self, answer: Answer) -> bool:
        """Whether an answer tells that an object is not there: also one whose id nobody can read."""
        return answer.status in GONE or (answer.status == 400 and told(answer)[0] in _ABSENT)

    def _inner(self, row: Raw | None, *, raw: bool) -> Answer:
        """The answer to one request of a batch. What is not JSON comes in base64."""
        status = row.get("status") if row else None
        if row is None or not isinstance(status, int):
            raise self.nonsense()
        headers = row.get("headers")
        plain = {str(k).lower(): str(v) for k, v in headers.items()} if isinstance(headers, Mapping) else {}
        answer = Answer(self._base, status, plain, self._body(row.get("body"), raw=raw and 200 <= status < 300))
        if answer.ok and answer.body and not raw:
            answer.json()
        return answer

    def _of_one(self, answer: Answer) -> Answer:
        """Raise what concerns the whole account, and not only one request of a batch."""
        error = None if answer.ok else self.error(answer)
        if isinstance(error, SignInNeeded | PermissionMissing):
            raise error
        return answer

    def _body(self, found: object, *, raw: bool) -> bytes:
        if not raw:
            return json.dumps(found).encode() if found not in (None, "") else b""
        try:
            return base64.b64decode(str(found or "").replace("-", "+").replace("_", "/") + "==")
        except ValueError as error:
            raise self.nonsense() from error

    def _listing_error(self, answer: Answer, path: str) -> BridgeError:
        if "token=" in path and answer.status in {400, 410}:
            return TokenExpired(f"The sync token is too old or unknown to {self.name}.", remote=self.name)
        return self.error(answer)

    def _forbidden(self, code: str, message: str) -> PermissionMissing:
        if "scope" in message.lower() or "privilege" in message.lower() or code == "Authorization_RequestDenied":
            return PermissionMissing(words(self._scope), remote=self.name, remedy=f"{RECONNECT} {ASK_IT}")
        remedy = f"Ask its owner for the right to change it, or choose another one. {ASK_IT}"
        said = (message or code or "it gave no reason")[:200]
        return PermissionMissing(f"{self.name} does not allow this: {said}", remote=self.name, remedy=remedy)


def told(answer: Answer) -> tuple[str, str]:
    """The code and the message that Graph gives."""
    error = (answer.read_json() or {}).get("error")
    if not isinstance(error, Mapping):
        return "", ""
    return str(error.get("code") or ""), str(error.get("message") or "")


def query(path: str, **options: str | int) -> str:
    """A path with options, each name of which gets its ``$`` where it is one of OData's."""
    pairs = (f"{_option(name)}={quote(str(value), safe='')}" for name, value in options.items())
    return f"{path}?{'&'.join(pairs)}"


def segment(id_: str) -> str:
    """An id as a part of a path."""
    return quote(id_, safe="")


def portions(items: Sequence[T], size: int = BATCH) -> Iterator[Sequence[T]]:
    """The items in portions of at most ``size``."""
    return (items[at : at + size] for at in range(0, len(items), size))


def _option(name: str) -> str:
    return f"${name}" if name in {"top", "select", "expand", "filter", "orderby"} else name


def _row(number: int, ask: Ask) -> dict[str, Any]:
    headers = {"Prefer": PREFER, **ask.headers}
    row: dict[str, Any] = {"id": str(number), "method": ask.method, "url": ask.path, "headers": headers}
    if ask.body is not None:
        headers["Content-Type"] = "application/json"
        row["body"] = ask.body
    return row


def _after_version(path: str) -> str:
    return path[path.index("/v1.0/") + 5 :] if "/v1.0/" in path else ""
