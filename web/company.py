"""Signing in with the company's OpenID Connect provider (R28)."""

from dataclasses import asdict
from typing import TYPE_CHECKING

from flask import Blueprint, redirect, request, session
from werkzeug.wrappers import Response

from bridge.config import Config
from bridge.errors import NotAllowed, NotFound
from web import access
from web.links import root, safe_path
from web.services import Services
from web.topics import Access, Topic

if TYPE_CHECKING:  # most installations never need its library
    from bridge.services.openid import OpenId

_TRIP, _NEXT = "trip", "trip_next"  # of the signed cookie: what the browser holds while its user is at the provider


def topic(services: Services, config: Config) -> Topic:
    """``/sign-in/company``, which leads to the provider, and ``…/back``, where it sends the browser."""
    pages = Blueprint("company", __name__, url_prefix="/sign-in/company")

    @pages.get("")
    def start() -> Response:
        address, trip = _provider(services).start(_back(config))
        session[_TRIP], session[_NEXT] = asdict(trip), safe_path(request.args.get("next"))
        return redirect(address, code=303)

    @pages.get("/back")
    def back() -> Response:
        begun, target = session.pop(_TRIP, None), session.pop(_NEXT, "/")
        if begun is None:
            raise NotAllowed("Signing in was not begun in this browser.", remedy="Begin again.")
        provider = _provider(services)
        identity = provider.finish(_back(config), provider.trip(begun), request.args)
        user = services.identities.user(identity)
        access.sign_in(services.signing_in.begin(user, request.user_agent.string))
        return redirect(target, code=303)

    return Topic(pages, Access.PUBLIC)


def _provider(services: Services) -> "OpenId":
    if services.openid is None:
        raise NotFound("There is no company account to sign in with.")
    return services.openid


def _back(config: Config) -> str:
    return f"{root(config)}/sign-in/company/back"
