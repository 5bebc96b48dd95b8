"""HTTP statuses and DAV preconditions as errors of the project, each with a sentence and, where one helps, a remedy."""

from datetime import timedelta
from email.utils import parsedate_to_datetime

from bridge.errors import (
    BridgeError,
    NotFound,
    PermissionMissing,
    PreconditionFailed,
    Refused,
    SignInNeeded,
    TemporaryError,
)
from bridge.providers.caldav.quirks import Service
from bridge.providers.caldav.session import Answer
from bridge.providers.caldav.xml import CAL, CARD, DAV, conditions

UID_CONFLICTS = frozenset((f"{CAL}no-uid-conflict", f"{CARD}no-uid-conflict"))
TOKEN_INVALID = f"{DAV}valid-sync-token"
GONE = frozenset((404, 410))

_LIMIT = timedelta(days=1)
_PRIVILEGE = frozenset((f"{DAV}need-privileges", f"{DAV}cannot-modify-protected-property"))


def of_collection(answer: Answer, service: Service) -> BridgeError:
    """Why a request that concerns a whole account, calendar or address book failed."""
    if (common := _common(answer, service)) is not None:
        return common
    if answer.status == 403:
        return _forbidden(service)
    if answer.status in GONE:
        return NotFound(
            f"{service.name} no longer has this calendar or address book.", remedy="Choose another calendar or group."
        )
    return TemporaryError(f"{service.name} answers with an unexpected status ({answer.status}).", remote=service.name)


def of_object(answer: Answer, service: Service) -> BridgeError:
    """Why a request that concerns one event or contact failed."""
    if (common := _common(answer, service)) is not None:
        return common
    named = conditions(answer.body)
    if answer.status == 403 and (not named or named & _PRIVILEGE):
        return _forbidden(service)
    if answer.status in {412, *GONE}:
        return PreconditionFailed("The object changed or vanished since it was read.", remote=service.name)
    return Refused(_refusal(answer.status, named), remote=service.name)


def retry_after(answer: Answer) -> timedelta | None:
    """How long the server asks to wait: seconds, or a date as its own clock has it (RFC 9110 10.2.3)."""
    value = answer.headers.get("retry-after", "").strip()
    if value.isascii() and value.isdigit():
        return min(timedelta(seconds=int(value[:9])), _LIMIT)
    try:
        wait = parsedate_to_datetime(value) - parsedate_to_datetime(answer.headers.get("date", ""))
    except (ValueError, TypeError):
        return None
    return min(max(wait, timedelta()), _LIMIT)


def _common(answer: Answer, service: Service) -> BridgeError | None:
    if answer.status == 401:
        return SignInNeeded(
            f"{service.name} does not accept user name and password.", remote=service.name, remedy=service.remedy
        )
    if answer.status == 507:
        return Refused("There is no room left on the server (quota).", remote=service.name, remedy="Make some room.")
    if answer.status in {408, 423, 425, 429} or answer.status >= 500:
        busy = answer.status in {423, 429, 503}
        what = "asks us to come back later" if busy else "failed to answer"
        text = f"{service.name} {what} (status {answer.status})."
        return TemporaryError(text, remote=service.name, retry_after=retry_after(answer))
    return None


def _forbidden(service: Service) -> PermissionMissing:
    return PermissionMissing(
        f"{service.name} does not allow this for the calendar or address book",
        remote=service.name,
        remedy="Ask its owner for the right to change it, or choose another one.",
    )


def _refusal(status: int, named: frozenset[str]) -> str:
    if status == 413 or any(name.endswith("}max-resource-size") for name in named):
        return "The server does not take objects as large as this."
    if named:
        words = ", ".join(sorted(name.rpartition("}")[2] for name in named))[:200]
        return f"The server does not take this object: {words}."
    return f"The server does not take this object (status {status})."
