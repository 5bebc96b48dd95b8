"""Our registrations at Google and Microsoft, with a test (R30)."""

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext, lazy_gettext
from werkzeug.wrappers import Response
from wtforms import PasswordField

from bridge.config import Config
from bridge.errors import Invalid
from bridge.services.oauth_clients import Tested
from web import states
from web.access import signed_in
from web.forms import AtMost, Form, OneLine, line
from web.inputs import optional_line
from web.links import root
from web.services import Services

Answer = str | Response | tuple[str, int]


class ClientForm(Form):
    """A registration. The secret is never shown again."""

    client_id = line(lazy_gettext("Client identifier"))
    secret = PasswordField(lazy_gettext("Client secret"), [AtMost(4000), OneLine()])
    tenant = optional_line(lazy_gettext("Directory (tenant)"))


def add_pages(pages: Blueprint, services: Services, config: Config) -> None:
    """Add ``/admin/clients``."""

    @pages.get("/clients")
    def clients() -> str:
        return _page(services, config)

    @pages.post("/clients/<provider>")
    def set_client(provider: str) -> Answer:
        if provider not in services.oauth_clients.providers:
            abort(404)
        form = ClientForm(request.form, prefix=f"{provider}-")
        if not form.validate():
            return _page(services, config, {provider: form}), 422
        values = form.client_id.data or "", form.secret.data or "", form.tenant.data or ""
        try:
            services.oauth_clients.set(signed_in(), provider, *values)
        except Invalid:
            form.form_errors.append(
                gettext("The identifier and the secret are needed, as the provider shows them, without spaces.")
            )
            return _page(services, config, {provider: form}), 422
        flash(gettext("Saved. Now test it."), "good")
        return redirect(url_for("admin.clients"), code=303)

    @pages.post("/clients/<provider>/clear")
    def clear_client(provider: str) -> Response:
        if provider not in services.oauth_clients.providers:
            abort(404)
        services.oauth_clients.clear(signed_in(), provider)
        flash(gettext("The registration is forgotten here."), "good")
        return redirect(url_for("admin.clients"), code=303)

    @pages.post("/clients/<provider>/test")
    def test_client(provider: str) -> str:
        return _page(services, config, tested={provider: services.oauth_clients.test(signed_in(), provider)})


def _page(
    services: Services,
    config: Config,
    forms: dict[str, ClientForm] | None = None,
    tested: dict[str, Tested] | None = None,
) -> str:
    known = services.oauth_clients.known(signed_in())
    shown = {provider: _filled(provider, known.get(provider)) for provider in services.oauth_clients.providers}
    return render_template(
        "admin/clients.html",
        forms=shown | (forms or {}),
        known=known,
        tested=tested or {},
        states=states,
        root=root(config),
    )


def _filled(provider: str, client: object) -> ClientForm:
    values = {name: getattr(client, name, "") for name in ("client_id", "tenant")}
    return ClientForm(prefix=f"{provider}-", data=values)
