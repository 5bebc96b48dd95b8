"""Our plugins fit the installed Radicale: the same signatures, and its own Application works over them."""

import inspect
from http import HTTPStatus
from typing import Any

import pytest
from radicale import auth, config, item, rights, storage
from radicale.app import Application

from bridge.store.database import Database
from plugins.application import DavApplication, DavOptions, DavServices, _fixed
from plugins.auth import Auth
from plugins.context import request_context
from plugins.rights import Rights
from plugins.storage import DavCollection, DavItem, Home, Storage
from tests.harness import Client, Office, ics, vcf

PAIRS = (
    (Storage, storage.BaseStorage),
    (DavCollection, storage.BaseCollection),
    (Home, storage.BaseCollection),
    (DavItem, item.Item),
    (Auth, auth.BaseAuth),
    (Rights, rights.BaseRights),
    (DavApplication, Application),
)
# Methods that Radicale never calls from outside take what we need: our services are injected.
OWN = {"__init__"}


def overridden() -> list[Any]:
    return [
        pytest.param(member, inspect.getattr_static(base, name), id=f"{ours.__name__}.{name}")
        for ours, base in PAIRS
        for name, member in vars(ours).items()
        if name not in OWN and hasattr(base, name) and (callable(member) or isinstance(member, property))
    ]


def parameters(function: Any) -> list[inspect.Parameter]:
    return list(inspect.signature(inspect.unwrap(function)).parameters.values())


@pytest.mark.parametrize(("ours", "base"), overridden())
def test_what_we_override_takes_what_radicale_gives(ours: Any, base: Any) -> None:
    """The same names in the same order, the same optional ones, and ``*rest`` only for what is not looked at."""
    assert isinstance(ours, property) is isinstance(base, property)
    if isinstance(ours, property):
        return
    given, wanted = parameters(ours), parameters(base)
    rest = [one for one in given if one.kind is one.VAR_POSITIONAL]
    named = [one for one in given if one.kind is one.POSITIONAL_OR_KEYWORD]
    assert [one.name for one in named] == [one.name for one in wanted][: len(named)]
    assert rest or len(given) >= len(wanted)
    for one, other in zip(named, wanted, strict=False):
        assert (one.default is one.empty) <= (other.default is other.empty), one.name


def test_nothing_that_must_be_overridden_is_missing() -> None:
    """What raises ``NotImplementedError`` in a base class is ours."""
    for ours, base in PAIRS:
        for name, member in vars(base).items():
            function = member.fget if isinstance(member, property) else member
            if inspect.isfunction(function) and "raise NotImplementedError" in inspect.getsource(function):
                assert inspect.getattr_static(ours, name) is not member or (ours, name) in UNCALLED, (ours, name)


UNCALLED = {
    (Home, "sync"),
    (Home, "upload"),
    (Home, "delete"),
    (Home, "set_meta"),
    (Auth, "_login"),  # replaced by _login_ext
}


@pytest.fixture
def stock(database: Database) -> Client:
    """Radicale's own Application over our storage, auth and rights."""
    office = Office(database)
    office.user("anna")
    services = DavServices(office.principals, office.devices, office.resources)
    configuration = config.load([])
    configuration.update(_fixed(services, DavOptions()), "davbridge", privileged=True)
    application = Application(configuration)

    def in_context(environ: dict[str, Any], start_response: Any) -> Any:
        with request_context(environ.get("HTTP_USER_AGENT", "")):
            return application(environ, start_response)

    _, password = office.devices.add("anna", "Stock")
    return Client(in_context, "anna", password)


def test_the_stock_application_works_over_our_plugins(stock: Client) -> None:
    path = "/anna/activities/"
    created = stock.put(f"{path}a.ics", ics())
    assert created.status == HTTPStatus.CREATED
    got = stock.get(f"{path}a.ics")
    assert "SUMMARY:Meeting with Ilze\r\n" in got.text
    assert set(stock.propfind(path, "getetag", depth="1").hrefs()) == {path, f"{path}a.ics"}
    assert stock.propfind("/anna/", "displayname", depth="1").hrefs() == ["/anna/", path, "/anna/contacts/"]
    edited = got.text.replace("Meeting with Ilze", "Lunch")
    assert stock.put(f"{path}a.ics", edited, If_Match=got.etag).status in {HTTPStatus.CREATED, HTTPStatus.NO_CONTENT}
    assert stock.put(f"{path}a.ics", edited, If_Match=got.etag).status == HTTPStatus.PRECONDITION_FAILED
    assert "SUMMARY:Lunch\r\n" in stock.get(f"{path}a.ics").text
    token, first = stock.sync(path)
    assert first.hrefs() == [f"{path}a.ics"]
    assert stock.delete(f"{path}a.ics").status == HTTPStatus.OK
    assert stock.sync(path, token)[1].gone() == [f"{path}a.ics"]
    assert stock.get(f"{path}a.ics").status == HTTPStatus.NOT_FOUND


def test_the_stock_application_answers_reports_over_our_plugins(stock: Client) -> None:
    stock.put("/anna/activities/a.ics", ics())
    stock.put("/anna/contacts/c.vcf", vcf())
    space = 'xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:{}"'
    query = (
        f"<C:calendar-query {space.format('caldav')}><D:prop><D:getetag/><C:calendar-data/></D:prop><C:filter>"
        '<C:comp-filter name="VCALENDAR"><C:comp-filter name="VEVENT"><C:time-range start="20261201T000000Z" '
        'end="20261202T000000Z"/></C:comp-filter></C:comp-filter></C:filter></C:calendar-query>'
    )
    assert stock.request("REPORT", "/anna/activities/", query, {"Depth": "1"}).hrefs() == ["/anna/activities/a.ics"]
    several = (
        f"<C:addressbook-multiget {space.format('carddav')}><D:prop><C:address-data/></D:prop>"
        "<D:href>/anna/contacts/c.vcf</D:href></C:addressbook-multiget>"
    )
    reply = stock.request("REPORT", "/anna/contacts/", several)
    assert reply.hrefs() == ["/anna/contacts/c.vcf"]
    assert "FN:Ilze Ozola" in reply.text


def test_the_stock_application_is_refused_what_we_refuse(stock: Client) -> None:
    assert stock.request("MKCALENDAR", "/anna/new/").status == HTTPStatus.FORBIDDEN
    assert stock.put("/anna/activities/t.ics", ics("SUMMARY:x", kind="VTODO")).status == HTTPStatus.FORBIDDEN
    assert stock.propfind("/bob/", "displayname").status == HTTPStatus.FORBIDDEN
    assert Client(stock.application, "anna", "wrong").propfind("/anna/").status == HTTPStatus.UNAUTHORIZED


def test_the_pinned_version_is_installed() -> None:
    """The facts that the plugins rely on were read in 3.9."""
    import radicale  # noqa: PLC0415

    assert radicale.VERSION.startswith("3.9.")
