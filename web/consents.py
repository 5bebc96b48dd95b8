"""Consents: the page before a service's own page, the way there, and the way back (R2, R3).

Links lead there, not forms: browsers hold the redirects after a form to ``form-action`` of our policy.
"""

from collections.abc import Sequence

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from bridge.config import Config
from bridge.core.scope import FlowKind
from bridge.errors import BridgeError, NotAllowed
from bridge.services.connections import Shown
from bridge.services.consents import Journey
from web import sentences, states
from web.access import signed_in, signed_in_visitor
from web.inputs import LARGEST
from web.links import root
from web.problems import status_of
from web.services import Services
from web.topics import Topic

_LONGEST_ADDRESS = 320
_LONGEST_DIGITS = 10
Answer = str | Response | tuple[str, int]


def topic(services: Services, config: Config) -> Topic:
    """``/connections/<provider>``, with ``/go`` that leads there, and ``/back`` where the service sends the browser."""
    pages = Blueprint("oauth", __name__, url_prefix="/connections")

    @pages.get("/<provider>")
    def begin(provider: str) -> Answer:
        _check(services, provider)
        return _page(provider, _address(), _connection(services, provider))

    @pages.get("/<provider>/go")
    def go(provider: str) -> Answer:
        _check(services, provider)
        shown = _connection(services, provider)
        kinds = [kind for kind in FlowKind if kind.value in request.args.getlist("kind")]
        number = shown.connection.id if shown else None
        back = _back(config, provider)
        try:
            there = services.consents.begin(
                signed_in_visitor(), provider, back, kinds, address=_address(), connection_id=number
            )
        except BridgeError as error:
            return _page(provider, _address(), shown, error)
        return redirect(there, code=303)

    @pages.get("/<provider>/back")
    def back(provider: str) -> Answer:
        _check(services, provider)
        answer = request.args.to_dict()
        try:
            journey = services.consents.take(signed_in_visitor(), provider, answer)
        except NotAllowed as error:
            return _page(provider, "", None, error)
        try:
            done = services.consents.finish(signed_in(), journey, _back(config, provider), answer)
        except BridgeError as error:
            return _page(provider, journey.address, _again(services, journey), error)
        return _connected(services, journey, done.connection_id, added=done.added)

    return Topic(pages)


def _connected(services: Services, journey: Journey, number: int, *, added: bool) -> Response:
    """On to what comes next: choosing a calendar or a group, or the connection that goes on."""
    shown = services.connections.show(signed_in(), number)
    if not added:
        flash(gettext("The account is connected again."), "good")
    else:
        flash(gettext("The account is connected. Choose what is synced."), "good")
    if any(flow.enabled for flow in shown.flows):
        return redirect(url_for("accounts.show", connection_id=number), code=303)
    return redirect(url_for("accounts.choices", connection_id=number, kind=journey.kinds[0].value), code=303)


def _page(provider: str, address: str, shown: Shown | None, error: BridgeError | None = None) -> tuple[str, int]:
    """What will happen, and where to go; after a failure, why there was one and what to do about it."""
    words = render_template(
        "accounts/consent.html",
        provider=provider,
        name=states.named(states.PROVIDERS, provider),
        address=address or (shown.connection.address if shown else ""),
        shown=shown,
        ways=_ways(shown),
        problem=sentences.told(error) if error else "",
        kinds=list(FlowKind),
    )
    return words, status_of(error) if error else 200


def _ways(shown: Shown | None) -> Sequence[tuple[str, tuple[FlowKind, ...]]]:
    """What can be allowed, the likeliest first: all that a connection syncs, or the calendar and the contacts."""
    both, calendar, contacts = tuple(FlowKind), (FlowKind.CALENDAR,), (FlowKind.CONTACTS,)
    ways = [
        (gettext("Calendar and contacts"), both),
        (gettext("Calendar only"), calendar),
        (gettext("Contacts only"), contacts),
    ]
    synced = tuple(kind for kind in FlowKind if shown and shown.flow(kind).enabled)
    return sorted(ways, key=lambda way: way[1] != (synced or both))


def _check(services: Services, provider: str) -> None:
    if not services.consents.offers(provider):
        abort(404)


def _address() -> str:
    address = request.args.get("address", "").strip()[:_LONGEST_ADDRESS]
    return address if address.isprintable() else ""


def _connection(services: Services, provider: str) -> Shown | None:
    """The connection to sign in to again, if there is one."""
    text = request.args.get("connection", "")
    if not text:
        return None
    fits = text.isascii() and text.isdigit() and len(text) <= _LONGEST_DIGITS and int(text) <= LARGEST
    shown = services.connections.show(signed_in(), int(text) if fits else 0)
    if shown.connection.provider != provider:
        abort(404)
    return shown


def _again(services: Services, journey: Journey) -> Shown | None:
    if journey.connection_id is None:
        return None
    try:
        return services.connections.show(signed_in(), journey.connection_id)
    except BridgeError:  # it was forgotten meanwhile
        return None


def _back(config: Config, provider: str) -> str:
    return f"{root(config)}/connections/{provider}/back"
