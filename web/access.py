"""Who is asking, and what they may see: the one place that decides it for every view.

Every view needs somebody who is signed in, unless its topic or the view itself says otherwise: what nobody thought of
is closed.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol, TypeVar, cast

from flask import Flask, Response, current_app, g, redirect, request, session, url_for
from werkzeug.wrappers import Response as WerkzeugResponse

from bridge.core.user import Role, User
from bridge.errors import NotAllowed, NotFound
from bridge.services.signing_in import Visitor
from web.links import here
from web.replies import wants_json
from web.services import Services
from web.topics import Access, Topic

View = TypeVar("View", bound=Callable[..., Any])


class HasId(Protocol):
    """Anything that is stored."""

    @property
    def id(self) -> int:
        """Its number."""


Owned = TypeVar("Owned", bound=HasId)
KEY = "key"  # of the signed cookie: the key of the session

_MARK = "davbridge_access"


def public(view: View) -> View:
    """Let everybody see a view."""
    setattr(view, _MARK, Access.PUBLIC)
    return view


def admins_only(view: View) -> View:
    """Let only administrators see a view."""
    setattr(view, _MARK, Access.ADMIN)
    return view


def install(app: Flask, services: Services, topics: tuple[Topic, ...]) -> None:
    """Guard every view of the application, those that are added later too."""
    by_blueprint = {topic.blueprint.name: topic.access for topic in topics}

    def guard() -> WerkzeugResponse | None:
        access = _access(app, by_blueprint)
        if access is Access.PUBLIC or request.endpoint is None:
            return None
        user = current_user()
        if user is None:
            return _sign_in_first()
        if access is Access.ADMIN and user.role is not Role.ADMIN:
            raise NotAllowed("Only administrators see this page.")
        return None

    app.extensions["davbridge"] = services
    app.before_request(guard)


def visitor() -> Visitor | None:
    """Who is signed in, and in which session; looked up once for each request, and only when somebody asks."""
    if "visitor" not in g:
        key = session.get(KEY)
        services = cast("Services", current_app.extensions["davbridge"])
        g.visitor = services.signing_in.visitor(key) if isinstance(key, str) else None
    return cast("Visitor | None", g.visitor)


def current_user() -> User | None:
    """Who is signed in, if anybody is."""
    found = visitor()
    return found.user if found else None


def signed_in() -> User:
    """Who is signed in. For views that only they see. Raises ``NotAllowed``."""
    return signed_in_visitor().user


def signed_in_visitor() -> Visitor:
    """Who is signed in, and in which session. Raises ``NotAllowed``."""
    found = visitor()
    if found is None:
        raise NotAllowed("Sign in first.")
    return found


def own(found: Iterable[Owned], wanted_id: int) -> Owned:
    """The one with an id among what the user owns. Raises ``NotFound``: what is somebody else's might not exist."""
    for each in found:
        if each.id == wanted_id:
            return each
    raise NotFound("There is no such thing.")


def sign_in(key: str) -> None:
    """Let this browser hold a new session. Nothing of the one before stays: not even its forms can be sent."""
    session.clear()
    session.permanent = True
    session[KEY] = key
    g.pop("visitor", None)
    g.pop("csrf_token", None)


def sign_out() -> None:
    """Let this browser forget its session."""
    session.clear()
    g.pop("visitor", None)
    g.pop("csrf_token", None)


def _access(app: Flask, by_blueprint: Mapping[str, Access]) -> Access:
    view = app.view_functions.get(request.endpoint or "")
    if request.endpoint == "static":
        return Access.PUBLIC
    return getattr(view, _MARK, None) or by_blueprint.get(request.blueprint or "", Access.SIGNED_IN)


def _sign_in_first() -> WerkzeugResponse:
    address = url_for("signing_in.form", next=here())
    if wants_json():
        return Response(status=401, headers={"Location": address})
    return redirect(address, code=303)
