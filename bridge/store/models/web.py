"""What the page keeps: signed-in browsers, identities elsewhere, one-time links, and programs that wait for consent."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from bridge.store.models.base import Base, text_enum
from bridge.store.types import Instant


class Purpose(StrEnum):
    """What a one-time link is good for."""

    ADD_DEVICE = "add-device"
    """Opens the set-up steps on another device, without signing in there (R26)."""
    GRANT = "grant"
    """Lets the browser that opened such a link grant a program access."""
    PROFILE = "profile"
    """Downloads the configuration profile of a device."""
    CONSENT = "consent"
    """Comes back with a browser from a service where its user has consented (R2); ``program`` is the provider."""


class PageSessionRow(Base):
    """A browser that is signed in to the page (R28). ``key_hash`` is a keyed hash of what its cookie holds."""

    __tablename__ = "page_sessions"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    key_hash: Mapped[str] = mapped_column(String(64), unique=True)
    client: Mapped[str] = mapped_column(String(255), default="")
    created_at: Mapped[datetime] = mapped_column(Instant())
    used_at: Mapped[datetime] = mapped_column(Instant(), index=True)


class IdentityRow(Base):
    """A user's identity at an OpenID Connect provider: names change there, the subject never does."""

    __tablename__ = "identities"
    __table_args__ = (UniqueConstraint("issuer", "subject"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    issuer: Mapped[str] = mapped_column(String(255))
    subject: Mapped[str] = mapped_column(String(255))


class OneTimeLinkRow(Base):
    """An address that works once, until ``expires_at``. ``key_hash`` is a keyed hash of the secret in it.

    ``program`` and ``name`` say what is being set up. ``sealed`` is an encrypted app password, or what a consent
    needs, gone after use.
    """

    __tablename__ = "one_time_links"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    purpose: Mapped[Purpose] = mapped_column(text_enum(Purpose))
    key_hash: Mapped[str] = mapped_column(String(64), unique=True)
    program: Mapped[str] = mapped_column(String(32), default="")
    name: Mapped[str] = mapped_column(String(255), default="")
    device_id: Mapped[int | None] = mapped_column(ForeignKey("devices.id", ondelete="CASCADE"), index=True)
    sealed: Mapped[str] = mapped_column(String(1024), default="")
    expires_at: Mapped[datetime] = mapped_column(Instant(), index=True)


class LoginFlowRow(Base):
    """A program that waits for its user's consent in a browser (Nextcloud login flow, version 2).

    ``poll_hash`` and ``page_hash`` are keyed hashes of what the program and the browser hold. ``address`` is a keyed
    hash of where the program asks from. ``sealed`` is the encrypted app password, once it is granted.
    """

    __tablename__ = "login_flows"

    id: Mapped[int] = mapped_column(primary_key=True)
    poll_hash: Mapped[str] = mapped_column(String(64), unique=True)
    page_hash: Mapped[str] = mapped_column(String(64), unique=True)
    client: Mapped[str] = mapped_column(String(255), default="")
    address: Mapped[str] = mapped_column(String(64), index=True)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    sealed: Mapped[str] = mapped_column(String(1024), default="")
    expires_at: Mapped[datetime] = mapped_column(Instant(), index=True)
