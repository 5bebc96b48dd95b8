"""Preview, start, and how far a sync has come (R16, R18, R19)."""

from collections import Counter
from collections.abc import Sequence
from contextlib import suppress

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from bridge.errors import BridgeError, TemporaryError
from bridge.services.queue import Trigger
from bridge.services.sync.report import Planned, Preview
from web import states
from web.access import signed_in
from web.problems import status_of
from web.services import Services

Answer = str | Response | tuple[str, int]
SHOWN = 200
"""Objects on one page of a preview."""


def add_starting(pages: Blueprint, services: Services) -> None:
    """Add the pages of beginning a sync."""

    @pages.get("/<int:connection_id>/preview")
    def preview(connection_id: int) -> Answer:
        shown = services.connections.show(signed_in(), connection_id)
        try:
            found = services.sync.preview(connection_id)
        except BridgeError as error:
            status = status_of(error)
            page = render_template("accounts/preview_problem.html", shown=shown, error=error)
            return page, 502 if status == 404 else status
        return _preview(services, connection_id, found)

    @pages.post("/<int:connection_id>/start")
    def start(connection_id: int) -> Answer:
        confirmed = request.form.get("confirmed") == "yes"
        try:
            services.connections.start(signed_in(), connection_id, confirmed=confirmed)
        except BridgeError as error:
            shown = services.connections.show(signed_in(), connection_id)
            return render_template("accounts/preview_problem.html", shown=shown, error=error), status_of(error)
        soon(services, connection_id)
        flash(gettext("Started."), "good")
        return redirect(url_for("accounts.show", connection_id=connection_id), code=303)

    @pages.get("/<int:connection_id>/state")
    def state(connection_id: int) -> str:
        shown = services.connections.show(signed_in(), connection_id)
        return render_template("accounts/state.html", shown=shown, states=states)


def soon(services: Services, connection_id: int) -> None:
    """Let a connection be run at once. Where the queue does not answer, the worker finds it due by itself."""
    with suppress(TemporaryError):
        services.queue.put(connection_id, Trigger.MANUAL)


def _preview(services: Services, connection_id: int, found: Preview) -> str:
    shown = services.connections.show(signed_in(), connection_id)
    action = request.args.get("action", "")
    fitting = [each for each in found.items if not action or each.action == action]
    return render_template(
        "accounts/preview.html",
        shown=shown,
        counts=Counter(found.counts()),
        danger=found.danger,
        items=_latest_first(fitting)[:SHOWN],
        more=max(0, len(fitting) - SHOWN),
        action=action,
        states=states,
    )


def _latest_first(items: Sequence[Planned]) -> list[Planned]:
    """Deletions first, what is left out last: what matters most is seen first."""
    order = ("deleted there", "deleted here", "released")
    return sorted(items, key=lambda each: (each.action not in order, each.action == "left out"))
