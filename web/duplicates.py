"""Contacts that may be one: side by side, merged with one click, and taken apart again (R17)."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext, lazy_gettext, lazy_pgettext
from werkzeug.wrappers import Response

from bridge.config import Config
from bridge.core.duplicates import Group, Reason
from bridge.errors import NotAllowed, NotFound
from bridge.services.actor import Actor
from bridge.services.duplicates import Merged
from bridge.store.models.journal import Source
from web.access import signed_in
from web.inputs import LARGEST
from web.services import Services
from web.topics import Topic
from web.undoing import offer_undo

SHOWN = 50  # groups at once
MOST = 100  # persons of a group
REASONS = {
    Reason.EMAIL: lazy_gettext("same e-mail"),
    Reason.PHONE: lazy_gettext("same phone"),
    Reason.NAME: lazy_gettext("same name"),
    Reason.SIMILAR_NAME: lazy_gettext("similar name"),
}
FIELDS = {
    "name": lazy_pgettext("contact", "Name"),
    "parts": lazy_pgettext("contact", "Name"),
    "organization_id": lazy_gettext("Organization"),
    "job_title": lazy_gettext("Job title"),
    "birthday": lazy_gettext("Birthday"),
    "photo": lazy_gettext("Photo"),
    "note": lazy_gettext("Note"),
    "visibility": lazy_gettext("Who may see it"),
}


def topic(services: Services, _config: Config) -> Topic:
    """``/contacts/duplicates``."""
    pages = Blueprint("duplicates", __name__, url_prefix="/contacts/duplicates")

    @pages.get("/")
    def index() -> str:
        found = services.duplicates.find(signed_in().login)
        return render_template(
            "contacts/duplicates.html",
            groups=found.groups[:SHOWN],
            total=len(found.groups),
            organizations=found.organizations,
            told=_told,
            apart=_numbers(request.args.getlist("apart")),
        )

    @pages.post("/merge")
    def merge() -> Response:
        ids, survivor = _numbers(request.form.getlist("person")), _numbers([request.form.get("survivor", "")])
        if not survivor or len({*ids, *survivor}) < 2:
            flash(gettext("Choose at least two persons, and the one that stays."), "bad")
            return redirect(url_for("duplicates.index"), code=303)
        try:
            merged = services.duplicates.merge(_actor(), survivor[0], ids)
        except NotAllowed:
            raise NotFound("They are not all yours.") from None
        offer_undo(_said(merged), merged.run, url_for("duplicates.index"))
        return redirect(url_for("duplicates.index"), code=303)

    @pages.post("/apart")
    def keep_apart() -> Response:
        ids = _numbers(request.form.getlist("person"))
        if len(set(ids)) < 2:
            flash(gettext("Choose at least two persons."), "bad")
            return redirect(url_for("duplicates.index"), code=303)
        try:
            services.duplicates.keep_apart(_actor(), ids)
        except NotAllowed:
            raise NotFound("They are not all yours.") from None
        return redirect(url_for("duplicates.index", apart=sorted(set(ids))), code=303)

    @pages.post("/again")
    def suggest_again() -> Response:
        try:
            services.duplicates.suggest_again(_actor(), _numbers(request.form.getlist("person")))
        except NotAllowed:
            raise NotFound("They are not all yours.") from None
        flash(gettext("They may be suggested again."), "good")
        return redirect(url_for("duplicates.index"), code=303)

    return Topic(pages)


def _actor() -> Actor:
    return Actor(signed_in().id, Source.CRM, client="page")


def _numbers(texts: list[str]) -> list[int]:
    read = (int(text) for text in texts[:MOST] if text.isascii() and text.isdigit() and len(text) < 11)
    return [number for number in read if number <= LARGEST]


def _told(group: Group) -> list[str]:
    """Why these may be one, the strongest reason first, with what they have in common."""
    found = []
    for match in sorted(group.matches, key=lambda each: list(Reason).index(each.reason)):
        value = match.value.removeprefix("tel:")
        found.append(f"{REASONS[match.reason]}: {value}" if value else str(REASONS[match.reason]))
    return list(dict.fromkeys(found))


def _said(merged: Merged) -> str:
    said = str(gettext("They are one contact now: %(name)s.", name=merged.person.name))
    lost = list(dict.fromkeys(str(FIELDS[each.field]) for each in merged.left_out if each.field in FIELDS))
    if not lost:
        return said
    left_out = gettext("Not taken over, because there can be only one: %(fields)s.", fields=", ".join(lost))
    return f"{said} {left_out}"
