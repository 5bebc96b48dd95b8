"""Which user an OpenID Connect identity is (R28).

The first time, the login decides; from then on the subject, which the provider never gives to anybody else. A user who
is known there already under another subject is not taken over by a second one that happens to bear the same name.
"""

from dataclasses import dataclass, replace

from sqlalchemy.orm import Session

from bridge.core.user import User
from bridge.errors import Conflict, Invalid, NotAllowed
from bridge.services.principals import Principals
from bridge.services.settings import Settings
from bridge.store import accounts, page_sessions
from bridge.store.database import Database


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a provider says somebody is. ``subject`` never changes there; ``login`` is what ``claim`` has."""

    issuer: str
    subject: str
    login: str
    name: str = ""
    email: str = ""


class Identities:
    """Finds users by what a provider says. ``create``: whom nobody has added is added."""

    def __init__(self, database: Database, principals: Principals, settings: Settings, *, create: bool) -> None:
        self._database = database
        self._principals = principals
        self._settings = settings
        self._create = create

    def user(self, identity: Identity) -> User:
        """The user whom a provider vouches for. Raises ``NotAllowed`` when there is none who may sign in."""
        with self._database.write() as session:
            user = page_sessions.user_by_identity(session, identity.issuer, identity.subject)
            if user is None:
                user = self._by_login(session, identity)
        user = user or self._new(identity)
        if not user.enabled:
            raise NotAllowed("This account is disabled here.", remedy="Ask your administrator.")
        return user

    def _by_login(self, session: Session, identity: Identity) -> User | None:
        user = accounts.user_by_login(session, identity.login)
        if user is None:
            return None
        if page_sessions.has_identity(session, user.id, identity.issuer):
            raise NotAllowed(f"“{identity.login}” is somebody else here.", remedy="Ask your administrator.")
        page_sessions.add_identity(session, user.id, identity.issuer, identity.subject)
        return user

    def _new(self, identity: Identity) -> User:
        refusal = NotAllowed(f"There is no user “{identity.login[:64]}” here.", remedy="Ask your administrator.")
        if not self._create:
            raise refusal
        settings = self._settings
        new = User(identity.login, settings.time_zone, name=identity.name, email=identity.email)
        try:
            user = self._principals.add(replace(new, language=settings.language, past_days=settings.past_days))
        except (Invalid, Conflict) as error:
            raise refusal from error
        with self._database.write() as session:
            page_sessions.add_identity(session, user.id, identity.issuer, identity.subject)
        return user
