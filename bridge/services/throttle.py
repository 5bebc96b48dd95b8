"""Growing waits after failed sign-ins, for each account and each address that they come from.

Nobody is kept waiting inside the server: who tries too early is refused at once, without a look at the password and
without a write. Accounts that do not exist are counted like those that do, so the waits tell nobody which is which.

An address that fails with very many accounts waits as a whole. A right password from elsewhere is never refused, nor
is that of a device where it was used before: others behind the same address cannot lock anybody out.
"""

import hashlib
import hmac
import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from ipaddress import IPv6Address, ip_address

from sqlalchemy.orm import Session

from bridge.errors import TooManyTries
from bridge.ports import Clock
from bridge.store import sign_ins
from bridge.store.database import Database
from bridge.store.sign_ins import Failures

FREE_TRIES, FREE_ACCOUNTS = 5, 20
LONGEST, FORGOTTEN = timedelta(minutes=5), timedelta(hours=1)
MOST_ROWS = 10_000
_NETWORK = 64  # bits of an IPv6 address that name a customer's network


@dataclass(frozen=True, slots=True)
class Attempt:
    """An account and where somebody tries it from, as keyed hashes."""

    account: str
    address: str


class Throttle:
    """Counts failed sign-ins in the database, for every process alike. ``key`` is the secret of the hashes."""

    def __init__(self, database: Database, clock: Clock, key: bytes) -> None:
        self._database = database
        self._clock = clock
        self._key = key

    def attempt(self, login: str, address: str) -> Attempt:
        """Name an attempt. An IPv6 address stands for its whole network."""
        return Attempt(self._hash("account", login.casefold()), self._hash("address", network_of(address)))

    def check(self, session: Session, attempt: Attempt) -> None:
        """Raise ``TooManyTries`` when it is too early for this attempt."""
        now = self._clock.now()
        found = sign_ins.failures(session, attempt.account, attempt.address, since=now - FORGOTTEN)
        wait = _still_to_wait(found, now)
        if wait > timedelta(0):
            raise TooManyTries("There were too many failed sign-ins.", retry_after=wait)

    def failed(self, attempt: Attempt) -> None:
        """Count a failure."""
        now = self._clock.now()
        with self._database.write() as session:
            since = now - FORGOTTEN
            sign_ins.note_failure(session, attempt.account, attempt.address, now=now, since=since)
            sign_ins.prune_failures(session, since=since, keep=MOST_ROWS)

    def succeeded(self, attempt: Attempt) -> None:
        """Forget the failures of this account from this address."""
        with self._database.write() as session:
            sign_ins.forget_failures(session, attempt.account, attempt.address)

    def _hash(self, what: str, value: str) -> str:
        return hmac.new(self._key, f"{what}:{value}".encode(errors="surrogatepass"), hashlib.sha256).hexdigest()


def wait_after(failures: int, free: int) -> timedelta:
    """How long to wait after so many failures: 1 s after the first that is not free, then twice as long each time."""
    if failures < free:
        return timedelta(0)
    return min(LONGEST, timedelta(seconds=2 ** min(failures - free, 20)))


@lru_cache(maxsize=1024)
def network_of(address: str) -> str:
    """An IPv4 address itself, the network of an IPv6 address, and anything else as it is."""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if not isinstance(found, IPv6Address):
        return str(found)
    return str(found.ipv4_mapped or IPv6Address(int(found) >> (128 - _NETWORK) << (128 - _NETWORK)))


def _still_to_wait(found: Failures, now: datetime) -> timedelta:
    waits = ((found.of_account, found.of_account_at, FREE_TRIES), (found.accounts, found.at, FREE_ACCOUNTS))
    left = (_left(wait_after(failures, free), at, now) for failures, at, free in waits)
    return timedelta(seconds=math.ceil(max(left).total_seconds()))


def _left(wait: timedelta, since: datetime | None, now: datetime) -> timedelta:
    """What is left of a wait. A clock that was set back makes it no longer."""
    return min(wait, max(timedelta(0), since + wait - now)) if since else timedelta(0)
