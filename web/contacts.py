"""Persons and organizations: the list with its filters, and one of them (R12, R14)."""

from flask import Blueprint, Response, redirect, render_template, request, url_for
from flask_babel import gettext, lazy_gettext
from werkzeug.wrappers import Response as WerkzeugResponse

from bridge.config import Config
from bridge.errors import Invalid
from bridge.services.activity_filters import EVERYONE
from bridge.store.models.journal import RecordKind
from web.access import signed_in
from web.contact_forms import Editing, asked, filters, start, take
from web.services import Services
from web.topics import Entry, Place, Topic
from web.undoing import back_to, offer_undo

Answer = str | WerkzeugResponse | tuple[str, int]
KINDS = {"persons": RecordKind.PERSON, "organizations": RecordKind.ORGANIZATION}
_KIND = "<any(persons, organizations):kind>"


def topic(services: Services, _config: Config) -> Topic:
    """``/contacts``."""
    pages = Blueprint("contacts", __name__, url_prefix="/contacts")

    @pages.get("/")
    def index() -> str:
        return _list(services, "persons")

    @pages.get("/organizations")
    def organizations() -> str:
        return _list(services, "organizations")

    @pages.get(f"/{_KIND}/new")
    def new(kind: str) -> str:
        return _edit(start(KINDS[kind], signed_in()))

    @pages.post(f"/{_KIND}/new")
    def add(kind: str) -> Answer:
        user = signed_in()
        editing = start(KINDS[kind], user)
        return _saved(services, kind, editing)

    @pages.get(f"/{_KIND}/<int:record_id>")
    def show(kind: str, record_id: int) -> str:
        user = signed_in()
        card = services.contact_desk.show(user, KINDS[kind], record_id)
        if card.own:
            return _edit(start(KINDS[kind], user, card))
        return render_template("contacts/show.html", card=card, kind=kind)

    @pages.post(f"/{_KIND}/<int:record_id>")
    def change(kind: str, record_id: int) -> Answer:
        user = signed_in()
        card = services.contact_desk.show(user, KINDS[kind], record_id)
        return _saved(services, kind, start(KINDS[kind], user, card))

    @pages.post(f"/{_KIND}/<int:record_id>/delete")
    def delete(kind: str, record_id: int) -> WerkzeugResponse:
        run = services.contact_desk.delete(signed_in(), KINDS[kind], record_id)
        offer_undo(gettext("The contact is deleted."), run, _back(kind))
        return redirect(_back(kind), code=303)

    @pages.get("/persons/<int:record_id>/photo")
    def photo(record_id: int) -> Response:
        found = services.contact_desk.photo(signed_in(), record_id)
        response = Response(found.data, mimetype="image/jpeg")
        response.headers["Cache-Control"] = "private, no-cache"
        response.add_etag()
        response.make_conditional(request)
        return response

    return Topic(pages, entry=Entry(Place.CONTACTS, lazy_gettext("Contacts"), "contacts.index"))


def _home(kind: str) -> str:
    return "contacts.index" if kind == "persons" else "contacts.organizations"


def _back(kind: str) -> str:
    return back_to(_home(kind))


def _list(services: Services, kind: str) -> str:
    user, found = signed_in(), filters()
    number = request.args.get("page", "")
    wanted = int(number) if number.isascii() and number.isdigit() and len(number) < 9 else 1
    page = services.contact_desk.page(user, KINDS[kind], found, wanted)
    given = asked(found)

    def neighbour(number: int) -> str:
        return url_for(_home(kind), **{**given, "page": number}) if 1 <= number <= page.pages else ""

    owners = [(each.login, each.name or each.login) for each in services.desk.owners() if each.id != user.id]
    return render_template(
        "contacts/index.html",
        page=page,
        kind=kind,
        home=_home(kind),
        owners=[("", gettext("Me")), *owners, (EVERYONE, gettext("All owners"))],
        labels=[("", gettext("All labels")), *((each, each) for each in services.contact_desk.labels())],
        chosen=found,
        filtered=bool(given),
        before=neighbour(page.number - 1),
        behind=neighbour(page.number + 1),
    )


def _edit(editing: Editing) -> str:
    kind = "persons" if editing.person else "organizations"
    return render_template("contacts/edit.html", editing=editing, form=editing.form, kind=kind, home=_home(kind))


def _saved(services: Services, kind: str, editing: Editing) -> Answer:
    user, before = signed_in(), editing.before
    draft = take(editing, services.desk, user)
    if draft is None:
        return _edit(editing), 422
    try:
        if before is None:
            run, said = services.contact_desk.add(user, KINDS[kind], draft), gettext("The contact is added.")
        else:
            run = services.contact_desk.change(user, KINDS[kind], before.record.id, draft)
            said = gettext("Saved.")
    except Invalid:
        if draft.photo is None:
            raise
        editing.form.photo.errors = [gettext("A picture in a JPEG, PNG, GIF or WebP file of at most 8 MB, please.")]
        return _edit(editing), 422
    offer_undo(said, run, _back(kind))
    return redirect(_back(kind), code=303)
