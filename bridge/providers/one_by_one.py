"""Carry out writes singly, for remotes that take one object with each request."""

from collections.abc import Callable, Iterator, Sequence

from bridge.errors import BridgeError, MappingError, PreconditionFailed, Refused, TemporaryError
from bridge.ports import Create, Delete, Deleted, Outcome, Stored, T, Update, Write


def one_by_one(
    writes: Sequence[Write[T]],
    create: Callable[[Create[T]], Stored[T]],
    update: Callable[[Update[T]], Stored[T]],
    delete: Callable[[Delete], object],
) -> Iterator[Outcome[T]]:
    """Yield one outcome for each write, in their order, as they happen (``Side.write``).

    What concerns one object becomes its outcome. What concerns the connection is raised and ends the sequence:
    sign-in, permission, a collection that is gone, and a ``TemporaryError`` that says how long to wait, because the
    next write would meet the same quota. ``delete`` returns whatever it likes, also for what was gone already.
    """
    for write in writes:
        yield _attempt(write, create, update, delete)


def concerns_one_object(error: BridgeError) -> bool:
    """Whether an error of a write leaves the other objects alone."""
    if isinstance(error, TemporaryError):
        return error.retry_after is None
    return isinstance(error, (PreconditionFailed, Refused, MappingError))


def _attempt(
    write: Write[T],
    create: Callable[[Create[T]], Stored[T]],
    update: Callable[[Update[T]], Stored[T]],
    delete: Callable[[Delete], object],
) -> Outcome[T]:
    try:
        return _carry_out(write, create, update, delete)
    except BridgeError as error:
        if not concerns_one_object(error):
            raise
        return error


def _carry_out(
    write: Write[T],
    create: Callable[[Create[T]], Stored[T]],
    update: Callable[[Update[T]], Stored[T]],
    delete: Callable[[Delete], object],
) -> Outcome[T]:
    match write:
        case Create():
            return create(write)
        case Update():
            return update(write)
        case Delete(id=gone):
            delete(write)
            return Deleted(gone)
