"""The line to a service in memory: where calls are counted, signed in, and meet their faults."""

from collections.abc import Callable
from typing import TypeVar

from bridge.errors import TemporaryError
from bridge.ports import SignIn
from bridge.providers.memory.misbehaviour import BreaksOff, Call, Effect, LagsBehind, LeavesOut, Moment, Repeats, Twice
from bridge.providers.memory.remote import MemoryAccount, Remote

R = TypeVar("R")
E = TypeVar("E", BreaksOff, LagsBehind, LeavesOut, Repeats)


class Faults(tuple[Effect, ...]):
    """What befalls one call."""

    __slots__ = ()

    def of(self, kind: type[E]) -> tuple[E, ...]:
        """The effects of one kind."""
        return tuple(effect for effect in self if isinstance(effect, kind))


class Line:
    """One account as it is reached with one sign-in. ``keep`` is told when the service renews the secret."""

    def __init__(self, remote: Remote, sign_in: SignIn, keep: Callable[[str], None]) -> None:
        self._remote = remote
        self._address = sign_in.address or sign_in.username
        self._secret = sign_in.secret
        self._keep = keep

    @property
    def account(self) -> MemoryAccount | None:
        """The account, without asking for it."""
        return self._remote.accounts.get(self._address)

    def call(self, call: Call, act: Callable[[MemoryAccount, Faults], R], *subjects: str) -> R:
        """Ask once. Raises what the service answers, and what it was told to raise."""
        faults = Faults(self._remote.meet(call, subjects))
        account = self._sign_in()
        self._remote.suffer(faults, Moment.BEFORE)
        answer = act(account, faults)
        if Twice() in faults:
            answer = act(account, faults)
        self._remote.suffer(faults, Moment.AFTER)
        return answer

    def _sign_in(self) -> MemoryAccount:
        account = self._remote.sign_in(self._address, self._secret)
        if account.renewed:
            account.secret, self._secret, account.renewed = account.renewed, account.renewed, ""
            self._keep(self._secret)
        return account


def broken_off(count: int) -> TemporaryError:
    """An answer that ended early."""
    return TemporaryError(f"The answer broke off after {count} objects.")
