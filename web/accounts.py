"""My accounts: what is connected, and adding, choosing, starting, pausing and stopping (R1–R4, R14, R18, R30)."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext, lazy_gettext
from werkzeug.wrappers import Response

from bridge.config import Config
from bridge.errors import BridgeError, Invalid
from bridge.services.account_finding import Kind
from bridge.services.connections import NewAccount
from bridge.services.queue import Trigger
from bridge.store.models.sync import ConnectionState
from web import sentences, states
from web.access import signed_in
from web.account_forms import AccountForm, AddressForm, ReconnectForm
from web.account_options import add_options
from web.account_starting import add_starting
from web.services import Services
from web.topics import Entry, Place, Topic

Answer = str | Response | tuple[str, int]


def topic(services: Services, _config: Config) -> Topic:
    """``/accounts`` and everything below."""
    pages = Blueprint("accounts", __name__, url_prefix="/accounts")
    sentences.install(pages)

    @pages.get("/")
    def index() -> str:
        found = services.connections.all(signed_in(), signed_in().login)
        present = [each for each in found if each.connection.state is not ConnectionState.STOPPED]
        former = [each for each in found if each.connection.state is ConnectionState.STOPPED]
        return render_template("accounts/index.html", present=present, former=former, states=states)

    @pages.get("/new")
    def new() -> str:
        return render_template("accounts/new.html", form=_address_form(services))

    @pages.post("/new/find")
    def find() -> Answer:
        form = _address_form(services)
        form.process(request.form)
        if form.validate():
            try:
                kind = services.finding.find(form.address.data or "", form.kind.data or "")
            except Invalid as error:
                return _told("accounts/new.html", form, error)
            return _ask(services, form, kind)
        return render_template("accounts/new.html", form=form), 422

    @pages.post("/new")
    def add() -> Answer:
        form = AccountForm(request.form)
        if not form.validate():
            return render_template("accounts/sign_in.html", form=form, states=states), 422
        try:
            added = services.connections.add(signed_in(), signed_in().login, _account(form))
        except BridgeError as error:
            return _told("accounts/sign_in.html", form, error)
        flash(gettext("The account is connected. Choose what is synced."), "good")
        chosen = any(flow.enabled for flow in services.connections.show(signed_in(), added.id).flows)
        if chosen:
            return redirect(url_for("accounts.show", connection_id=added.id), code=303)
        return redirect(url_for("accounts.choices", connection_id=added.id, kind="calendar"), code=303)

    _add_life(pages, services)
    add_options(pages, services)
    add_starting(pages, services)
    return Topic(pages, entry=Entry(Place.ACCOUNTS, lazy_gettext("My accounts"), "accounts.index"))


def _add_life(pages: Blueprint, services: Services) -> None:
    """Pause, stop, sync now, reconnect, forget (R3)."""

    @pages.post("/<int:connection_id>/pause")
    def pause(connection_id: int) -> Response:
        services.connections.pause(signed_in(), connection_id)
        flash(gettext("Paused. Nothing is synced until you start it again."), "good")
        return _back(connection_id)

    @pages.post("/<int:connection_id>/stop")
    def stop(connection_id: int) -> Response:
        services.connections.stop(signed_in(), connection_id)
        flash(gettext("Stopped. The account stays among those that were synced before."), "good")
        return redirect(url_for("accounts.index"), code=303)

    @pages.post("/<int:connection_id>/sync")
    def sync(connection_id: int) -> Response:
        services.connections.show(signed_in(), connection_id)
        services.queue.put(connection_id, Trigger.MANUAL)
        flash(gettext("It will be synced in a moment."), "good")
        return _back(connection_id)

    @pages.route("/<int:connection_id>/reconnect", methods=["GET", "POST"])
    def reconnect(connection_id: int) -> Answer:
        shown = services.connections.show(signed_in(), connection_id)
        provider = shown.connection.provider
        if services.consents.offers(provider):
            return redirect(url_for("oauth.begin", provider=provider, connection=connection_id), code=303)
        form = ReconnectForm(request.form)
        if request.method == "POST" and form.validate():
            try:
                services.connections.reconnect(signed_in(), connection_id, form.secret.data or "")
            except BridgeError as error:
                form.form_errors = [sentences.told(error)]
                return render_template("accounts/reconnect.html", form=form, shown=shown), 422
            flash(gettext("The account is connected again."), "good")
            return _back(connection_id)
        status = 422 if request.method == "POST" else 200
        return render_template("accounts/reconnect.html", form=form, shown=shown), status

    @pages.post("/<int:connection_id>/remove")
    def remove(connection_id: int) -> Response:
        services.connections.remove(signed_in(), connection_id)
        flash(gettext("The account is forgotten. Nothing was deleted on either side."), "good")
        return redirect(url_for("accounts.index"), code=303)


def _address_form(services: Services) -> AddressForm:
    form = AddressForm()
    kinds = [(kind.provider, kind.name) for kind in services.finding.kinds()]
    form.kind.choices = [("", gettext("Find it out")), *kinds]
    return form


def _ask(services: Services, form: AddressForm, kind: Kind) -> Answer:
    """Ask for a password here, or go to the page where one consents (R2)."""
    address = form.address.data or ""
    if not kind.by_consent:
        return _sign_in_page(address, kind.provider)
    if services.consents.offers(kind.provider):
        return redirect(url_for("oauth.begin", provider=kind.provider, address=address or None), code=303)
    missing = Invalid(
        f"Accounts of {kind.name} cannot be connected here: this server is not set up for them.",
        remedy="Ask your administrator to set it up, or connect another account.",
    )
    return _told("accounts/new.html", form, missing)


def _sign_in_page(address: str, provider: str) -> str:
    data = {"provider": provider, ("address" if "@" in address and "//" not in address else "url"): address}
    return render_template("accounts/sign_in.html", form=AccountForm(data=data), states=states)


def _account(form: AccountForm) -> NewAccount:
    return NewAccount(
        form.provider.data or "",
        form.address.data or "",
        form.url.data or "",
        form.username.data or "",
        form.secret.data or "",
        form.name.data or "",
    )


def _told(template: str, form: AddressForm | AccountForm, error: BridgeError) -> tuple[str, int]:
    form.form_errors = [sentences.told(error)]
    return render_template(template, form=form, states=states), 422


def _back(connection_id: int) -> Response:
    return redirect(url_for("accounts.show", connection_id=connection_id), code=303)
