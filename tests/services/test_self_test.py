"""What a server says of itself when its set-up is right, and when what stands before it spoils it."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

from bridge.services.self_test import Check, Finding, SelfTest
from bridge.store.database import Database
from tests.harness import Office

Environ = dict[str, Any]
Spoil = Callable[[Request], Response | None]


@pytest.fixture
def office(sqlite_database: Database) -> Office:
    office = Office(sqlite_database)
    office.user("anna")
    return office


@contextmanager
def behind(office: Office, spoil: Spoil) -> Iterator[str]:
    """The server behind a proxy that answers some requests itself. Its address."""
    inner = office.wsgi()

    def proxy(environ: Environ, start_response: Any) -> Any:
        answer = spoil(Request(environ))
        return (answer or inner)(environ, start_response)

    server = make_server("127.0.0.1", 0, proxy, threaded=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def look(office: Office, spoil: Spoil = lambda request: None) -> dict[Check, Finding]:
    with behind(office, spoil) as address:
        found = SelfTest(address, office.devices).run(office.principals.find("anna"))
    return {finding.check: finding for finding in found}


def bad(found: dict[Check, Finding]) -> set[Check]:
    return {check for check, finding in found.items() if not finding.good}


def test_a_server_as_it_should_be_but_for_https(office: Office) -> None:
    found = look(office)
    assert set(found) == set(Check)
    assert bad(found) == {Check.ENCRYPTED}
    assert all(finding.seen == "" for finding in found.values() if finding.good)


def test_the_password_of_the_test_is_revoked(office: Office) -> None:
    look(office)
    ((_, device),) = office.devices.list("anna")
    assert device.revoked_at is not None


def well_known_to(status: int, location: str) -> Spoil:
    def spoil(request: Request) -> Response | None:
        if request.path != "/.well-known/caldav":
            return None
        return Response(status=status, headers={"Location": location} if location else {})

    return spoil


@pytest.mark.parametrize(
    ("status", "location"),
    [(404, ""), (200, ""), (301, ""), (301, "/"), (301, "https://other.example/dav/")],
)
def test_a_proxy_that_keeps_well_known_for_itself(office: Office, status: int, location: str) -> None:
    found = look(office, well_known_to(status, location))
    assert bad(found) == {Check.ENCRYPTED, Check.CALDAV}
    assert found[Check.CALDAV].seen.startswith(str(status))


def test_a_proxy_that_fails(office: Office) -> None:
    found = look(office, well_known_to(500, ""))
    assert bad(found) == {Check.ENCRYPTED, Check.CALDAV}
    assert found[Check.CALDAV].seen == "500"


def test_a_proxy_that_signs_people_in_itself(office: Office) -> None:
    def spoil(request: Request) -> Response | None:
        return Response("<html>", 200) if request.path == "/dav/" and not request.authorization else None

    assert bad(look(office, spoil)) == {Check.ENCRYPTED, Check.PROMPT}


def test_a_proxy_that_keeps_the_password_for_itself(office: Office) -> None:
    def spoil(request: Request) -> Response | None:
        request.environ.pop("HTTP_AUTHORIZATION", None)
        return None

    found = look(office, spoil)
    assert bad(found) == {Check.ENCRYPTED, Check.PRINCIPAL}
    assert Check.HOMES not in found


BROKEN = b'<a xmlns="DAV:"><current-user-principal><href>http://[/dav/anna/</href></current-user-principal></a>'


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"\xff", b'<!DOCTYPE x [<!ENTITY y "z">]><x>&y;</x>', b"<a/>", BROKEN]
)
def test_answers_that_are_none(office: Office, body: bytes) -> None:
    def spoil(request: Request) -> Response | None:
        return Response(body, 207) if request.authorization else None

    assert bad(look(office, spoil)) == {Check.ENCRYPTED, Check.PRINCIPAL}


def test_homes_that_are_hidden(office: Office) -> None:
    def spoil(request: Request) -> Response | None:
        return Response("<a/>", 207) if request.path == "/dav/anna/" else None

    assert bad(look(office, spoil)) == {Check.ENCRYPTED, Check.HOMES}


@pytest.mark.parametrize("address", ["http://127.0.0.1:1", "https://127.0.0.1:1", "http://"])
def test_nobody_is_there(office: Office, address: str) -> None:
    found = {each.check: each for each in SelfTest(address, office.devices).run(office.principals.find("anna"))}
    assert found[Check.REACHED].good is False
    assert found[Check.REACHED].seen
    ((_, device),) = office.devices.list("anna")
    assert device.revoked_at is not None
