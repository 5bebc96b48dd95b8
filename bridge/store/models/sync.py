"""Connections to accounts elsewhere, what ties their objects to ours, and what the syncs did."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from bridge.core.activity import Visibility
from bridge.core.scope import ConflictPolicy, Direction, FlowKind, PrivatePolicy
from bridge.store.models.base import Base, text_enum
from bridge.store.types import Instant, NameSet


class ConnectionState(StrEnum):
    """What a user wants of a connection. ``STOPPED`` is “previously synced” (R3)."""

    CHOOSING = "choosing"
    ACTIVE = "active"
    PAUSED = "paused"
    STOPPED = "stopped"


class ProblemKind(StrEnum):
    """Why a connection does not run as it should.

    ``WAITING`` (a quota, a network) and ``BROKEN`` (a bug) are tried again; the others wait for a person.
    """

    WAITING = "waiting"
    SIGN_IN = "sign-in"
    PERMISSION = "permission"
    DECISION = "decision"
    BROKEN = "broken"


class LinkState(StrEnum):
    """Whether a link ties its objects.

    ``PENDING`` has one object only: the other could not be created yet. ``LEFT_OUT`` remembers a remote object that a
    rule leaves out, in the version that was looked at. ``RELEASED`` ties its objects no longer, and keeps either from
    being taken as new.
    """

    LINKED = "linked"
    PENDING = "pending"
    LEFT_OUT = "left-out"
    RELEASED = "released"


class RunOutcome(StrEnum):
    """How a run ended."""

    RUNNING = "running"
    DONE = "done"
    PARTLY = "partly"
    FAILED = "failed"
    DECISION = "decision"
    INTERRUPTED = "interrupted"


class ResultOutcome(StrEnum):
    """What became of one object in a run."""

    DONE = "done"
    FAILED = "failed"
    PARKED = "parked"
    LEFT_OUT = "left-out"
    CONFLICT = "conflict"


class ConnectionRow(Base):
    """One user's link to one account (R1). ``secret`` is sealed.

    ``interval`` is in seconds, 0 for the installation's. ``lease_owner`` runs it until ``lease_until``; each new
    holder gets the next ``fence``, and writes of an older one are refused. ``confirmed``: the user agreed to what the
    preview told (R19).
    """

    __tablename__ = "connections"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    provider: Mapped[str] = mapped_column(String(32))
    address: Mapped[str] = mapped_column(String(320), default="")
    url: Mapped[str] = mapped_column(Text, default="")
    username: Mapped[str] = mapped_column(String(320), default="")
    secret: Mapped[str] = mapped_column(Text, default="")
    name: Mapped[str] = mapped_column(String(255), default="")
    state: Mapped[ConnectionState] = mapped_column(text_enum(ConnectionState), index=True)
    paused_by_admin: Mapped[bool] = mapped_column(default=False)
    problem: Mapped[ProblemKind | None] = mapped_column(text_enum(ProblemKind))
    problem_text: Mapped[str] = mapped_column(Text, default="")
    problem_remedy: Mapped[str] = mapped_column(Text, default="")
    confirmed: Mapped[bool] = mapped_column(default=False)
    policy: Mapped[ConflictPolicy] = mapped_column(text_enum(ConflictPolicy), default=ConflictPolicy.NEWEST)
    interval: Mapped[int] = mapped_column(default=0)
    next_run_at: Mapped[datetime | None] = mapped_column(Instant())
    last_attempt_at: Mapped[datetime | None] = mapped_column(Instant())
    last_success_at: Mapped[datetime | None] = mapped_column(Instant())
    retry_at: Mapped[datetime | None] = mapped_column(Instant())
    tries: Mapped[int] = mapped_column(default=0)
    lease_owner: Mapped[str] = mapped_column(String(255), default="")
    lease_until: Mapped[datetime | None] = mapped_column(Instant())
    fence: Mapped[int] = mapped_column(BigInteger, default=0)
    created_at: Mapped[datetime] = mapped_column(Instant())
    stopped_at: Mapped[datetime | None] = mapped_column(Instant())


class FlowRow(Base):
    """What goes between the CRM and one calendar or group of contacts of a connection, and how (R7–R15).

    ``collection_id`` is the remote's. A calendar that was left for another keeps its flow, not ``enabled``: should it
    be chosen again, its links tie again (R3). ``types`` are the activity types that go out, null for all.
    ``ours_token`` and ``theirs_token`` stand for what was read last on each side. ``confirmed_options`` is a digest of
    the options that the user agreed to. ``first_total`` and ``first_done`` tell how far the first sync is (R16).
    """

    __tablename__ = "flows"
    __table_args__ = (UniqueConstraint("connection_id", "kind", "collection_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    connection_id: Mapped[int] = mapped_column(ForeignKey("connections.id", ondelete="CASCADE"))
    kind: Mapped[FlowKind] = mapped_column(text_enum(FlowKind))
    enabled: Mapped[bool] = mapped_column(default=False)
    collection_id: Mapped[str] = mapped_column(String(1000), default="")
    collection_name: Mapped[str] = mapped_column(Text, default="")
    direction: Mapped[Direction] = mapped_column(text_enum(Direction), default=Direction.TWO_WAY)
    types: Mapped[frozenset[str] | None] = mapped_column(NameSet())
    default_type: Mapped[str] = mapped_column(String(64), default="meeting")
    private: Mapped[PrivatePolicy] = mapped_column(text_enum(PrivatePolicy), default=PrivatePolicy.AS_PRIVATE)
    include_links: Mapped[bool] = mapped_column(default=True)
    visibility: Mapped[Visibility] = mapped_column(text_enum(Visibility), default=Visibility.EVERYONE)
    edits_come_back: Mapped[bool] = mapped_column(default=True)
    started_at: Mapped[datetime | None] = mapped_column(Instant())
    ours_token: Mapped[str | None] = mapped_column(Text)
    theirs_token: Mapped[str | None] = mapped_column(Text)
    confirmed_options: Mapped[str] = mapped_column(String(64), default="")
    first_total: Mapped[int] = mapped_column(default=0)
    first_done: Mapped[int] = mapped_column(default=0)


class LinkRow(Base):
    """Ties one of our records to one remote object (``local_id`` is an activity's or a person's).

    ``ours_version`` and ``theirs_version``, ``ours_base`` and ``theirs_base`` are what each side held when they last
    agreed. ``seen_ours`` and ``seen_theirs`` are versions looked at since that could not be brought into agreement:
    nothing is tried again before ``retry_at``, nor ever when ``parked``, unless either side has another version by
    then. ``writes`` are the moments of recent writes, for the circuit breaker (R24).
    """

    __tablename__ = "links"
    __table_args__ = (UniqueConstraint("flow_id", "remote_id"), UniqueConstraint("flow_id", "local_id"))

    id: Mapped[int] = mapped_column(primary_key=True)
    flow_id: Mapped[int] = mapped_column(ForeignKey("flows.id", ondelete="CASCADE"))
    local_id: Mapped[int | None] = mapped_column(BigInteger, index=True)
    remote_id: Mapped[str | None] = mapped_column(String(1000))
    uid: Mapped[str] = mapped_column(String(1000), default="")
    ours_version: Mapped[str] = mapped_column(String(1000), default="")
    theirs_version: Mapped[str] = mapped_column(String(1000), default="")
    seen_ours: Mapped[str] = mapped_column(String(1000), default="")
    seen_theirs: Mapped[str] = mapped_column(String(1000), default="")
    ours_base: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    theirs_base: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    state: Mapped[LinkState] = mapped_column(text_enum(LinkState), default=LinkState.LINKED)
    writes: Mapped[list[str]] = mapped_column(JSON, default=list)
    tries: Mapped[int] = mapped_column(default=0)
    retry_at: Mapped[datetime | None] = mapped_column(Instant())
    parked: Mapped[bool] = mapped_column(default=False)
    problem: Mapped[str] = mapped_column(Text, default="")
    updated_at: Mapped[datetime] = mapped_column(Instant())


class IntentRow(Base):
    """A write that was about to happen there. One that is still here was cut short: a creation is tried by its ``key``.

    ``before`` and ``after`` are the remote's object as JSON, as it was and as it should be.
    """

    __tablename__ = "intents"

    id: Mapped[int] = mapped_column(primary_key=True)
    flow_id: Mapped[int] = mapped_column(ForeignKey("flows.id", ondelete="CASCADE"), index=True)
    action: Mapped[str] = mapped_column(String(32))
    local_id: Mapped[int | None] = mapped_column(BigInteger)
    remote_id: Mapped[str | None] = mapped_column(String(1000))
    key: Mapped[str] = mapped_column(String(255))
    title: Mapped[str] = mapped_column(Text, default="")
    before: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    after: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    run_id: Mapped[str] = mapped_column(String(64))
    fence: Mapped[int] = mapped_column(BigInteger)
    created_at: Mapped[datetime] = mapped_column(Instant())


class RunRow(Base):
    """One run of one connection. ``id`` is also that of the journal's entries. ``trigger`` says who began it."""

    __tablename__ = "runs"
    __table_args__ = (Index(None, "connection_id", "started_at"),)

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    connection_id: Mapped[int] = mapped_column(ForeignKey("connections.id", ondelete="CASCADE"))
    trigger: Mapped[str] = mapped_column(String(32))
    started_at: Mapped[datetime] = mapped_column(Instant(), index=True)
    finished_at: Mapped[datetime | None] = mapped_column(Instant())
    outcome: Mapped[RunOutcome] = mapped_column(text_enum(RunOutcome), default=RunOutcome.RUNNING)
    counts: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    message: Mapped[str] = mapped_column(Text, default="")
    remedy: Mapped[str] = mapped_column(Text, default="")
    requests: Mapped[int] = mapped_column(default=0)


class ResultRow(Base):
    """What last became of one object: done, failed, or left out by a rule (R20)."""

    __tablename__ = "results"
    __table_args__ = (Index(None, "flow_id", "local_id"), Index(None, "flow_id", "remote_id"))

    id: Mapped[int] = mapped_column(primary_key=True)
    flow_id: Mapped[int] = mapped_column(ForeignKey("flows.id", ondelete="CASCADE"))
    run_id: Mapped[str] = mapped_column(String(64), index=True)
    local_id: Mapped[int | None] = mapped_column(BigInteger, index=True)
    remote_id: Mapped[str | None] = mapped_column(String(1000))
    title: Mapped[str] = mapped_column(Text, default="")
    action: Mapped[str] = mapped_column(String(32), default="")
    outcome: Mapped[ResultOutcome] = mapped_column(text_enum(ResultOutcome))
    rule: Mapped[str] = mapped_column(String(16), default="")
    reason: Mapped[str] = mapped_column(Text, default="")
    remedy: Mapped[str] = mapped_column(Text, default="")
    at: Mapped[datetime] = mapped_column(Instant())


class OptionDefaultRow(Base):
    """The company's value of an option; a ``forced`` one cannot be changed by users (R30)."""

    __tablename__ = "option_defaults"

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    value: Mapped[Any] = mapped_column(JSON(none_as_null=True), nullable=True)
    forced: Mapped[bool] = mapped_column(default=False)


class RemoteChangeRow(Base):
    """The journal of what we wrote there (R21). ``before`` and ``after`` are the remote's object as JSON."""

    __tablename__ = "remote_changes"

    id: Mapped[int] = mapped_column(primary_key=True)
    flow_id: Mapped[int] = mapped_column(ForeignKey("flows.id", ondelete="CASCADE"), index=True)
    run_id: Mapped[str] = mapped_column(String(64), index=True)
    local_id: Mapped[int | None] = mapped_column(BigInteger)
    remote_id: Mapped[str] = mapped_column(String(1000))
    at: Mapped[datetime] = mapped_column(Instant(), index=True)
    action: Mapped[str] = mapped_column(String(32))
    title: Mapped[str] = mapped_column(Text, default="")
    before: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    after: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    undone: Mapped[bool] = mapped_column(default=False)
