"""The ports: what the services need from outside, as Protocols whose prose is the contract.

A **provider** is one account at a remote service, a **side** is one calendar or one group of contacts in it. Our own
store is a side too. ``tests/contract/side_contract.py`` holds every implementation to what stands here; what an
implementation cannot do is a declared trait.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, NewType, Protocol, TypeVar, runtime_checkable

from bridge.core.contact import Contact
from bridge.core.event import Event
from bridge.core.scope import FlowKind
from bridge.errors import BridgeError

T = TypeVar("T", Event, Contact)

RemoteId = NewType("RemoteId", str)
Version = NewType("Version", str)
SyncToken = NewType("SyncToken", str)
IdempotencyKey = NewType("IdempotencyKey", str)


class Clock(Protocol):
    """Where time enters."""

    def now(self) -> datetime:
        """The present moment, aware, in UTC."""
        ...


@dataclass(frozen=True, slots=True)
class Traits:
    """What a side can do, and what its writers have to know.

    ``name`` is what a reader calls the service. ``keeps_uid``: an object created there keeps the UID that it was given.
    ``has_sync_token``: it can tell what changed; otherwise every listing is complete. ``guards_writes``: the remote
    itself refuses a stale version; otherwise the implementation reads and compares first, and another writer may slip
    in between. ``max_fetch`` and ``max_writes`` are how many objects one call of ``fetch`` or ``write`` should name so
    that requests are few. ``mails_attendees``: whoever stores an object with attendees makes the service write to them
    (R13). ``floating_times``: times without a zone stay so; otherwise they become times in the calendar's zone.
    ``expresses`` are the fields of ``Event`` or ``Contact`` that survive there, or ``None`` for all of them.
    """

    name: str
    keeps_uid: bool = True
    has_sync_token: bool = True
    guards_writes: bool = True
    read_only: bool = False
    max_fetch: int = 50
    max_writes: int = 50
    mails_attendees: bool = False
    floating_times: bool = True
    expresses: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Found(Generic[T]):
    """An object that is there, in one version.

    ``object`` is ``None`` where a listing only names it (``fetch`` brings it), and where it cannot be read: then
    ``problem`` says why, in a sentence. ``stamp`` is the UID of our object that this one was created from, where the
    remote keeps such a mark; it may have been copied to another object and proves nothing by itself.
    """

    id: RemoteId
    version: Version
    object: T | None = None
    problem: str = ""
    stamp: str = ""


@dataclass(frozen=True, slots=True)
class Changes(Generic[T]):
    """What a side holds, or what happened to it since a token.

    ``complete``: ``found`` is everything there is, and what is not in it is gone. Otherwise ``found`` is what was added
    or changed and ``gone`` what was deleted. No id appears twice. ``token`` stands for the moment *before* the listing
    was read: what happens meanwhile may be told twice, and is never left out.
    """

    found: tuple[Found[T], ...]
    gone: tuple[RemoteId, ...] = ()
    token: SyncToken | None = None
    complete: bool = True


@dataclass(frozen=True, slots=True)
class Create(Generic[T]):
    """Add an object. ``key`` is the same whenever this very creation is tried again."""

    key: IdempotencyKey
    object: T


@dataclass(frozen=True, slots=True)
class Update(Generic[T]):
    """Replace what we know of an object; what the remote holds beyond it stays. No ``version``: whatever is there."""

    id: RemoteId
    object: T
    version: Version | None = None


@dataclass(frozen=True, slots=True)
class Delete:
    """Remove an object. No ``version``: whatever is there."""

    id: RemoteId
    version: Version | None = None


Write = Create[T] | Update[T] | Delete


@dataclass(frozen=True, slots=True)
class Stored(Generic[T]):
    """A write was done. ``object`` is what the side holds now, as ``fetch`` would bring it.

    ``existed``: a creation found its object there already, from an earlier try. Somebody may have changed it since.
    """

    id: RemoteId
    version: Version
    object: T
    existed: bool = False


@dataclass(frozen=True, slots=True)
class Deleted:
    """An object is gone, now or already before."""

    id: RemoteId


Outcome = Stored[T] | Deleted | BridgeError


class Side(Protocol[T]):
    """Anything that holds events or contacts: a calendar, a group of contacts, our own store.

    Every method raises ``TemporaryError`` (network, overload, a quota; ``retry_after`` where the remote named it),
    ``SignInNeeded``, ``PermissionMissing``, or ``NotFound`` when the calendar or group itself is gone. No other
    exception leaves an implementation, whatever the remote answers: nonsense is a ``TemporaryError`` that says so.
    """

    @property
    def traits(self) -> Traits:
        """What this side can do."""
        ...

    def changes(self, since: SyncToken | None) -> Changes[T]:
        """List everything (``None``) or what happened since a token that an earlier call returned.

        Raises ``TokenExpired`` for a token that is too old, unknown or malformed: the caller starts again with
        ``None``. A listing that broke off raises ``TemporaryError``; it is never returned in part.
        """
        ...

    def fetch(self, ids: Collection[RemoteId]) -> Iterator[Found[T]]:
        """Bring these objects, in any order, each once. What is gone is left out; what cannot be read has a problem."""
        ...

    def write(self, writes: Sequence[Write[T]]) -> Iterator[Outcome[T]]:
        """Carry out writes of different objects; one outcome for each, in their order, as they happen.

        An outcome that is an error concerns one object and leaves the others alone: ``PreconditionFailed`` when the
        version is stale or the object of an update is gone, ``Refused`` when the remote will never take it,
        ``MappingError`` when it cannot be expressed, ``TemporaryError`` when the remote failed for it. A creation that
        is tried again with the same key adds nothing and tells ``existed``. To delete what is gone is no error.
        Nobody is mailed.
        """
        ...


@dataclass(frozen=True, slots=True)
class Account:
    """Whom the remote takes us for. ``address`` is the e-mail address, or the user name where there is none."""

    address: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class RemoteCalendar:
    """A calendar of an account. ``color`` is ``#rrggbb`` or empty."""

    id: RemoteId
    name: str
    color: str = ""
    read_only: bool = False
    default: bool = False


@dataclass(frozen=True, slots=True)
class RemoteGroup:
    """A group of contacts, a contact folder or an address book of an account."""

    id: RemoteId
    name: str
    read_only: bool = False
    default: bool = False


class Provider(Protocol):
    """One account at a remote service. Its methods raise what those of ``Side`` do."""

    def check(self) -> Account:
        """Sign in and tell who we are. ``PermissionMissing`` names a consent that was not given."""
        ...

    def calendars(self) -> Sequence[RemoteCalendar]:
        """The calendars of the account, the default one first."""
        ...

    def groups(self) -> Sequence[RemoteGroup]:
        """The groups of contacts of the account, the default one first."""
        ...

    def open_calendar(self, id: RemoteId) -> Side[Event]:  # noqa: A002 - the field's term
        """One calendar. Whether it is there shows at the first call of the side."""
        ...

    def open_group(self, id: RemoteId) -> Side[Contact]:  # noqa: A002 - the field's term
        """One group of contacts."""
        ...


@dataclass(frozen=True, slots=True)
class SignIn:
    """What it takes to reach an account. ``secret`` is a password, or an OAuth token as JSON; never show it."""

    address: str = ""
    url: str = ""
    username: str = ""
    secret: str = field(default="", repr=False)


class Connector(Protocol):
    """A kind of service, such as ``caldav`` or ``google``."""

    def open(self, sign_in: SignIn, keep: Callable[[str], None]) -> Provider:
        """Open an account; no request is sent yet. ``keep`` stores a secret that the remote has renewed."""
        ...


@dataclass(frozen=True, slots=True)
class Channel:
    """By which a remote tells of changes in a collection, until ``expires_at`` (aware). ``resource`` is its term."""

    id: str
    expires_at: datetime
    resource: str = ""


@runtime_checkable
class Watching(Protocol):
    """A ``Provider`` whose remote tells of changes by itself. The methods raise what those of ``Side`` do.

    ``Refused`` and ``PermissionMissing``: it does not for this collection, or not to this address.
    """

    def watch(self, kind: FlowKind, collection: RemoteId, address: str, token: str) -> Channel | None:
        """Have changes told to ``address``, a URL of ours, each time with ``token``. ``None``: it tells of no such."""
        ...

    def renew(self, channel: Channel) -> Channel | None:
        """Have a channel go on for longer. ``None``: it cannot, and another one has to take its place."""
        ...

    def unwatch(self, channel: Channel) -> None:
        """Have no more told by a channel. One that is gone is no error."""
        ...


@dataclass(frozen=True, slots=True)
class Notice:
    """A remote says that something may have changed: by which channel, with which token, which message of how many.

    ``number`` only grows, and is ``None`` where a remote does not count. ``first``: it only says that the channel is
    there. ``ended``: the channel is, or soon will be, of no use, and has to be made anew.
    """

    channel: str
    token: str = field(repr=False)
    number: int | None = None
    first: bool = False
    ended: bool = False


class Hook(Protocol):
    """Reads what a remote sends to its address here. Nothing in it is trusted but that somebody should look."""

    @property
    def largest(self) -> int:
        """The largest body that makes sense, in octets."""
        ...

    def read(self, query: Mapping[str, str], headers: Mapping[str, str], body: bytes) -> Sequence[Notice] | str:
        """What it tells, or the text to answer with where the remote only asks whether we listen.

        Names of headers are in small letters. Raises ``Invalid`` for what no such remote would send.
        """
        ...


@dataclass(frozen=True, slots=True)
class Registration:
    """What this installation is at a service whose users give their consent. ``tenant`` is Microsoft's directory."""

    client_id: str
    secret: str = field(default="", repr=False)
    tenant: str = ""


@dataclass(frozen=True, slots=True)
class Trip:
    """What is kept for a browser while its user is at a service. ``verifier`` is that of PKCE (RFC 7636).

    ``wanted`` are the scopes that were asked for.
    """

    state: str
    verifier: str = field(repr=False)
    wanted: tuple[str, ...]


class ConsentFlow(Protocol):
    """Lets users of a service consent that we reach their calendars and contacts (RFC 6749 4.1)."""

    @property
    def is_set_up(self) -> bool:
        """Whether the service knows this installation, by the configuration or what an administrator has entered."""
        ...

    def start(self, redirect_uri: str, kinds: Collection[FlowKind], *, address: str = "") -> tuple[str, Trip]:
        """Where to send a browser so that its user allows this, and what its answer is checked with.

        What was allowed earlier stays so. ``address`` chooses among several accounts of the user.
        """
        ...

    def finish(self, redirect_uri: str, trip: Trip, answer: Mapping[str, str]) -> str:
        """Trade what the browser brought back for a token: the text that is stored as a connection's secret.

        Raises ``NotAllowed`` for an answer to something else, ``PermissionMissing`` for a consent or scope that was
        not given, ``SignInNeeded`` for a code that is not good, and ``TemporaryError``.
        """
        ...


class Consenting(Connector, Protocol):
    """A kind of service whose users give their consent on a page of its own."""

    def oauth(self) -> ConsentFlow:
        """What sends browsers there."""
        ...


class Vault(Protocol):
    """Keeps credentials unreadable at rest."""

    def seal(self, secret: str) -> str:
        """Encrypt a secret for the database."""
        ...

    def open(self, sealed: str) -> str:
        """Decrypt it. Raises ``ConfigError`` when no known key fits."""
        ...
