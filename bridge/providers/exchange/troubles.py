"""What Exchange says no with, as our errors.

Codes are those of ``ResponseCodeType`` (messages.xsd). What no table names concerns one object, which is refused.
"""

from collections.abc import Callable
from datetime import timedelta

from exchangelib import errors as ews

from bridge.errors import (
    BridgeError,
    NotFound,
    PermissionMissing,
    PreconditionFailed,
    Refused,
    SignInNeeded,
    TemporaryError,
    TokenExpired,
)
from bridge.http import BUSY, Answer, failure
from bridge.providers.exchange.installation import NAME, SIGN_IN

GONE = (ews.ErrorItemNotFound,)
"""The object is not there. Whether the folder is, has to be asked."""

_LONGEST = 86400.0  # seconds
_ASK_IT = "Ask whoever administers the Exchange server."
_SLOWER = (
    ews.ErrorServerBusy,
    ews.ErrorExceededConnectionCount,
    ews.ErrorExceededSubscriptionCount,
    ews.ErrorTooManyObjectsOpened,
    ews.ErrorInsufficientResources,
)
_LATER = (
    ews.ErrorTimeoutExpired,
    ews.ErrorInternalServerError,
    ews.ErrorInternalServerTransientError,
    ews.ErrorMailboxStoreUnavailable,
    ews.ErrorMailboxMoveInProgress,
    ews.ErrorMailboxFailover,
    ews.ErrorConnectionFailed,
    ews.ErrorConnectionFailedTransientError,
    ews.ErrorADUnavailable,
    ews.ErrorADOperation,
    ews.ErrorProxyRequestProcessingFailed,
    ews.ErrorNoRespondingCASInDestinationSite,
    ews.ErrorBatchProcessingStopped,
    ews.ErrorQuotaExceeded,
)
_FOLDER = (
    ews.ErrorFolderNotFound,
    ews.ErrorParentFolderNotFound,
    ews.ErrorSyncFolderNotFound,
    ews.ErrorSavedItemFolderNotFound,
    ews.ErrorInvalidFolderId,
    ews.ErrorCannotUseItemIdForFolderId,
)
_STALE = (
    ews.ErrorIrresolvableConflict,
    ews.ErrorStaleObject,
    ews.ErrorChangeKeyRequired,
    ews.ErrorChangeKeyRequiredForWriteOperations,
    ews.ErrorInvalidChangeKey,
    ews.ErrorItemNotFound,
    ews.ErrorCalendarOccurrenceIsDeletedFromRecurrence,
)
_FORBIDDEN = (
    ews.ErrorAccessDenied,
    ews.ErrorCreateItemAccessDenied,
    ews.ErrorDeleteItemsFailed,
    ews.ErrorCannotDeleteObject,
    ews.ErrorImpersonateUserDenied,
)
_NOBODY = (ews.ErrorNonExistentMailbox, ews.ErrorAccountDisabled, ews.ErrorMailboxConfiguration, ews.UnauthorizedError)
_TOKEN = (ews.ErrorInvalidSyncStateData,)


def translated(error: Exception) -> BridgeError:
    """Our error for one of exchangelib's; ours stay as they are."""
    if isinstance(error, BridgeError):
        return error
    for kinds, told in _TOLD:
        if isinstance(error, kinds):
            return told(error, str(error)[:200])
    return TemporaryError(f"{NAME} answers with something that makes no sense.", remote=NAME)


def of_status(answer: Answer) -> BridgeError:
    """What a status of the server itself means."""
    if answer.status in {404, 405, 410}:
        return TemporaryError(
            f"There are no Exchange Web Services at this address (status {answer.status}).",
            remote=NAME,
            remedy="Check the address of the server; it ends in /EWS/Exchange.asmx.",
        )
    if 300 <= answer.status < 400:
        return TemporaryError(f"{NAME} sends us on to somewhere else; nothing is sent there.", remote=NAME)
    return failure(answer, NAME, sign_in=SIGN_IN, permission=_ASK_IT)


def _wait(error: Exception) -> timedelta:
    """How long we are asked to wait, if that makes any sense."""
    seconds = getattr(error, "back_off", None)
    sensible = isinstance(seconds, int | float) and seconds > 0
    return timedelta(seconds=min(float(seconds), _LONGEST)) if seconds and sensible else BUSY


_TOLD: tuple[tuple[tuple[type[Exception], ...], Callable[[Exception, str], BridgeError]], ...] = (
    (
        _SLOWER,
        lambda error, _: TemporaryError(
            f"{NAME} asks us to come back later (quota).", remote=NAME, retry_after=_wait(error)
        ),
    ),
    (_FOLDER, lambda _, __: NotFound(f"{NAME} no longer has this folder.", remedy="Choose another one.")),
    (_LATER, lambda _, said: TemporaryError(f"{NAME} failed to answer: {said}", remote=NAME)),
    (_STALE, lambda _, __: PreconditionFailed("The object changed or vanished since it was read.", remote=NAME)),
    (
        _FORBIDDEN,
        lambda _, said: PermissionMissing(f"{NAME} does not allow this ({said})", remote=NAME, remedy=_ASK_IT),
    ),
    (
        _NOBODY,
        lambda _, said: SignInNeeded(f"{NAME} has no mailbox for this: {said}", remote=NAME, remedy=SIGN_IN),
    ),
    (_TOKEN, lambda _, __: TokenExpired(f"The sync state is unknown to {NAME}.", remote=NAME)),
    (
        (ews.ResponseMessageError,),
        lambda error, said: Refused(f"{NAME} does not take this ({type(error).__name__}): {said}", remote=NAME),
    ),
)
