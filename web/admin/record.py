"""What administrators did (R30)."""

from flask import Blueprint, render_template, request, url_for
from flask_babel import lazy_gettext

from bridge.services.audit import AuditAction
from web.access import signed_in
from web.inputs import LARGEST
from web.numbers import number_in
from web.services import Services

PAGE = 100
ACTIONS = {
    AuditAction.ADD_USER: lazy_gettext("added a user"),
    AuditAction.CHANGE_USER: lazy_gettext("changed a user"),
    AuditAction.SET_PASSWORD: lazy_gettext("set a password"),
    AuditAction.ADD_TYPE: lazy_gettext("added an activity type"),
    AuditAction.CHANGE_TYPE: lazy_gettext("changed an activity type"),
    AuditAction.MOVE_TYPE: lazy_gettext("moved an activity type"),
    AuditAction.SET_OPTION: lazy_gettext("decided an option"),
    AuditAction.CLEAR_OPTION: lazy_gettext("left an option to the users"),
    AuditAction.PAUSE_ALL: lazy_gettext("paused all connections"),
    AuditAction.RESUME_ALL: lazy_gettext("let all connections go on"),
    AuditAction.SET_NOTICE: lazy_gettext("set the notice"),
    AuditAction.CLEAR_NOTICE: lazy_gettext("took the notice away"),
    AuditAction.SET_CLIENT: lazy_gettext("set a registration at a provider"),
    AuditAction.CLEAR_CLIENT: lazy_gettext("removed a registration at a provider"),
}


def add_pages(pages: Blueprint, services: Services) -> None:
    """Add ``/admin/audit``."""

    @pages.get("/audit")
    def audit() -> str:
        before = min(number_in(request.args, "before"), LARGEST) or None
        found = services.audit.entries(signed_in(), before=before, limit=PAGE + 1)
        after = url_for("admin.audit", before=found[PAGE - 1].id) if len(found) > PAGE else ""
        return render_template("admin/audit.html", listed=found[:PAGE], actions=ACTIONS, after=after)
