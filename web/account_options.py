"""The options of one connection, each saved at once (R4), and what of the account is synced (R7, R15)."""

from collections.abc import Sequence
from dataclasses import replace

from flask import Blueprint, abort, flash, jsonify, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from bridge.core.scope import FlowKind
from bridge.core.user import Role, User
from bridge.errors import BridgeError
from bridge.ports import RemoteCalendar, RemoteGroup
from bridge.services.connections import Shown
from bridge.services.status import Condition
from web import account_forms, sentences, states
from web.access import signed_in
from web.account_forms import CalendarOptions, ConnectionOptions, ContactOptions, Options
from web.problems import status_of
from web.replies import saved, wants_json
from web.services import Services

NOTHING = "none"
_LONGEST_ID = 1_000  # characters
Answer = str | Response | tuple[str, int]


def add_options(pages: Blueprint, services: Services) -> None:
    """Add the pages of one connection's options."""

    @pages.get("/<int:connection_id>")
    def show(connection_id: int) -> str:
        return _page(services, services.connections.show(signed_in(), connection_id), {})

    @pages.post("/<int:connection_id>/options/<what>")
    def change(connection_id: int, what: str) -> Answer:
        before = services.connections.show(signed_in(), connection_id)
        forms = _forms(services, before)
        form = forms.get(what) or abort(404)
        account_forms.filled(form, request.form)
        if not form.check():
            return _refused(form) or (_page(services, before, {what: form}), 422)
        _save(services, connection_id, form)
        after = services.connections.show(signed_in(), connection_id)
        return _saved(connection_id, before, after)

    @pages.get("/<int:connection_id>/choose/<kind>")
    def choices(connection_id: int, kind: str) -> Answer:
        shown = services.connections.show(signed_in(), connection_id)
        return _choices(services, shown, _kind(kind))

    @pages.post("/<int:connection_id>/choose/<kind>")
    def choose(connection_id: int, kind: str) -> Answer:
        shown = services.connections.show(signed_in(), connection_id)
        wanted = request.form.get("wanted", "")[:_LONGEST_ID]
        try:
            if wanted == NOTHING:
                services.connections.leave(signed_in(), connection_id, _kind(kind))
            elif wanted:
                services.connections.choose(signed_in(), connection_id, _kind(kind), wanted)
            else:
                return _choices(services, shown, _kind(kind), gettext("Choose one of the options."), 422)
        except BridgeError as error:
            return _choices(services, shown, _kind(kind), sentences.told(error), 422)
        flash(gettext("Saved."), "good")
        return redirect(url_for("accounts.show", connection_id=connection_id), code=303)


def _forms(services: Services, shown: Shown) -> dict[str, Options]:
    defaults, types = services.company.all(), services.activities.types()
    return {
        "calendar": account_forms.calendar_options(shown.flow(FlowKind.CALENDAR), types, defaults),
        "contacts": account_forms.contact_options(shown.flow(FlowKind.CONTACTS), defaults),
        "connection": account_forms.connection_options(shown.connection, defaults),
    }


def _page(services: Services, shown: Shown, refused: dict[str, Options]) -> str:
    return render_template(
        "accounts/show.html",
        shown=shown,
        forms=_forms(services, shown) | refused,
        states=states,
        calendar=shown.flow(FlowKind.CALENDAR),
        contacts=shown.flow(FlowKind.CONTACTS),
        missing=_missing(shown.user),
        administrators=_administrators(services) if _missing(shown.user) else [],
    )


def _save(services: Services, connection_id: int, form: Options) -> None:
    viewer = signed_in()
    match form:
        case CalendarOptions():
            values = form.wanted()
            services.connections.change_flow(viewer, connection_id, FlowKind.CALENDAR, lambda f: replace(f, **values))
        case ContactOptions():
            values = form.wanted()
            services.connections.change_flow(viewer, connection_id, FlowKind.CONTACTS, lambda f: replace(f, **values))
        case ConnectionOptions():
            values = form.wanted()
            services.connections.change(viewer, connection_id, lambda connection: replace(connection, **values))


def _saved(connection_id: int, before: Shown, after: Shown) -> Response:
    """Saved. Where another part of the page changes with it, the script loads the page again."""
    target = url_for("accounts.show", connection_id=connection_id)
    asks = after.status.condition is Condition.DECISION and before.status.condition is not Condition.DECISION
    text = gettext("Saved. Look at what this would do, and start it again.") if asks else gettext("Saved.")
    moved = [flow.direction for flow in before.flows] != [flow.direction for flow in after.flows]
    return saved(target, text, reload=asks or moved or before.connection.name != after.connection.name)


def _refused(form: Options) -> Response | None:
    if not wants_json():
        return None
    errors = {field.name: [str(error) for error in field.errors] for field in form if field.errors}
    response = jsonify(message=gettext("Not saved."), errors=errors)
    response.status_code = 422
    return response


def _choices(services: Services, shown: Shown, kind: FlowKind, problem: str = "", status: int = 200) -> Answer:
    """What the account has. It is asked now, so this page is the only one that waits for it."""
    number = shown.connection.id
    found: Sequence[RemoteCalendar] | Sequence[RemoteGroup] = ()
    try:
        if kind is FlowKind.CALENDAR:
            found = services.connections.calendars(signed_in(), number)
        else:
            found = services.connections.groups(signed_in(), number)
    except BridgeError as error:
        failed = status_of(error)
        problem, status = (
            problem or sentences.told(error),
            status if status != 200 else 502 if failed == 404 else failed,
        )
    page = render_template(
        "accounts/choices.html", shown=shown, kind=kind.value, found=found, problem=problem, flow=shown.flow(kind)
    )
    return page, status


def _kind(text: str) -> FlowKind:
    return next((kind for kind in FlowKind if kind.value == text), None) or abort(404)


def _missing(user: User) -> list[str]:
    """The permissions that syncing contacts needs and the user lacks (R14)."""
    found = {gettext("add people"): user.may_add_people, gettext("add organizations"): user.may_add_organizations}
    return [name for name, granted in found.items() if not granted]


def _administrators(services: Services) -> list[str]:
    users = services.principals.all()
    return [user.name or user.login for user in users if user.enabled and user.role is Role.ADMIN]
