"""Requests to the APIs of Google, and Google's reasons as our errors."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bridge.errors import (
    BridgeError,
    NotFound,
    PermissionMissing,
    PreconditionFailed,
    Refused,
    SignInNeeded,
    TemporaryError,
)
from bridge.http import BUSY, Answer, Query, failure, retry_after, wait_until
from bridge.providers.google.batch import MOST, Ask, batch_url, read_batch, write_batch
from bridge.providers.google.installation import ASK_IT, RECONNECT, words
from bridge.providers.signed_in import Account

_SLOWER = frozenset(
    (
        *("rateLimitExceeded", "userRateLimitExceeded", "quotaExceeded", "dailyLimitExceeded", "limitExceeded"),
        *("calendarUsageLimitsExceeded", "variableTermLimitExceeded", "RATE_LIMIT_EXCEEDED", "RESOURCE_EXHAUSTED"),
    )
)
_SCOPE = frozenset(("insufficientPermissions", "ACCESS_TOKEN_SCOPE_INSUFFICIENT"))
_SWITCHED_OFF = frozenset(("accessNotConfigured", "SERVICE_DISABLED", "CONSUMER_INVALID"))
_POLICY = frozenset(("domainPolicy", "adminPolicyEnforced", "ACCOUNT_STATE_INVALID"))
_OBJECT = frozenset(("forbiddenForNonOrganizer", "eventTypeRestriction", "malformedWorkingLocationEvent"))
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z")


@dataclass(frozen=True, slots=True)
class Service:
    """One of the two APIs. ``scope`` is what its absence is told as."""

    name: str
    url: str
    scope: str


class Client:
    """Requests to one of the APIs for one account."""

    def __init__(self, account: Account, service: Service) -> None:
        self._account = account
        self.service = service
        self.name = service.name
        self._batch_url = batch_url(service.url)

    def call(
        self,
        method: str,
        path: str,
        query: Query | None = None,
        body: object = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send a request. Raises what concerns the whole account; answers about objects and listings are returned.

        Whatever is a success is empty or JSON.
        """
        return self.judged(self.send(Ask(method, path, query or {}, body, headers or {})))

    def send(self, ask: Ask) -> Answer:
        """Send a request; the answer may be anything."""
        return self._account.send(ask.method, f"{self.service.url}{ask.path}", ask.query, ask.body, ask.headers)

    @property
    def most(self) -> int:
        """See ``Batching.most``."""
        return MOST if self._batch_url else 1

    def batch(self, asks: Sequence[Ask]) -> list[Answer] | None:
        """Send up to fifty requests at once; one answer for each, whatever it is.

        ``None``: not offered here, or not just now; then they are better sent one by one, and so are later ones.
        Raises what concerns the whole account.
        """
        if not self._batch_url:
            return None
        media_type, data = write_batch(self.service.url, asks)
        answer = self._account.send("POST", self._batch_url, {}, None, {"Content-Type": media_type}, data)
        if answer.ok and answer.headers.get("content-type", "").startswith("multipart/mixed"):
            return read_batch(answer, len(asks))
        self._batch_url = ""
        error = self.error(answer)
        if isinstance(error, SignInNeeded | PermissionMissing) or getattr(error, "retry_after", None) is not None:
            raise error
        return None

    def judged(self, answer: Answer) -> Answer:
        """An answer that may be read. Raises what concerns the whole account, and ``TemporaryError`` for nonsense."""
        if answer.ok and answer.body:
            answer.json()  # a gateway's page is no answer
        error = None if answer.ok else self.error(answer)
        if isinstance(error, TemporaryError | SignInNeeded | PermissionMissing):
            raise error
        return answer

    def get(self, path: str, query: Query | None = None) -> dict[str, Any]:
        """Ask for something that is there. Raises what ``error`` tells, and ``TemporaryError`` for nonsense."""
        answer = self.call("GET", path, query)
        if not answer.ok:
            raise self.error(answer)
        return answer.json()

    def download(self, url: str) -> Answer:
        """Fetch a picture that an answer names, without showing who asks."""
        return self._account.http.send("GET", url)

    def error(self, answer: Answer) -> BridgeError:
        """What an answer that is no success means."""
        message, reasons = told(answer)
        name = self.service.name
        if reasons & _SLOWER and answer.status in {403, 429}:
            return _slower(answer, message, name)
        if answer.status == 403:
            return self._forbidden(message, reasons)
        if answer.status in {404, 410}:
            return NotFound(f"{name} no longer has this calendar or label.", remedy="Choose another one.")
        if answer.status == 400 and reasons & {"FAILED_PRECONDITION", "failedPrecondition"}:
            return PreconditionFailed("The object changed or vanished since it was read.", remote=name)
        return failure(answer, name, reason=message, sign_in=RECONNECT)

    def _forbidden(self, message: str, reasons: frozenset[str]) -> BridgeError:
        name = self.service.name
        if reasons & _OBJECT:
            return Refused(f"{name} does not let us change this: {message[:200]}", remote=name)
        if reasons & _SCOPE or "scope" in message.lower():
            return PermissionMissing(words(self.service.scope), remote=name, remedy=RECONNECT)
        if reasons & _SWITCHED_OFF:
            remedy = f"Ask your administrator to enable the API of {name} in the Google Cloud project."
            return PermissionMissing(f"use of the API of {name}", remote=name, remedy=remedy)
        if reasons & _POLICY:
            return PermissionMissing("third-party access to this account", remote=name, remedy=ASK_IT)
        remedy = f"Ask its owner for the right to change it, or choose another one. {ASK_IT}"
        return PermissionMissing(f"{name} does not allow this: {message[:200]}", remote=name, remedy=remedy)


def next_page(page: Mapping[str, Any], before: Mapping[str, str], name: str) -> dict[str, str]:
    """What asks for the page after this one, which ``before`` asked for; nothing after the last one.

    Raises ``TemporaryError`` where that would be the same page again.
    """
    token = page.get("nextPageToken")
    following = {"pageToken": token} if isinstance(token, str) and token else {}
    if following and following == before:
        raise TemporaryError(f"{name}'s list goes around in circles.", remote=name)
    return following


def told(answer: Answer) -> tuple[str, frozenset[str]]:
    """The message and all the reasons that Google gives: both APIs, each in its own way."""
    error = (answer.read_json() or {}).get("error")
    if not isinstance(error, dict):
        return "", frozenset()
    rows = [*_rows(error, "errors"), *_rows(error, "details")]
    reasons = [error.get("status"), *(row.get("reason") for row in rows)]
    return str(error.get("message") or ""), frozenset(reason for reason in reasons if isinstance(reason, str))


def _rows(error: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    found = error.get(name)
    return [row for row in found if isinstance(row, dict)] if isinstance(found, list) else []


def _slower(answer: Answer, message: str, name: str) -> TemporaryError:
    """A quota is used up. The wait is in a header, or in the sentence, or left to us."""
    named = _MOMENT.search(message)
    wait = retry_after(answer) or (wait_until(datetime.fromisoformat(named[0]), answer) if named else None)
    return TemporaryError(f"{name} asks us to come back later (quota).", remote=name, retry_after=wait or BUSY)
