"""From an address to calendars (RFC 6764), with name servers and web servers of the test's own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

import pytest

from bridge.errors import NotFound, SignInNeeded, TemporaryError
from bridge.ports import Provider, SignIn
from bridge.providers.caldav.client import Network
from bridge.providers.caldav.dns import Target
from bridge.providers.caldav.provider import CalDavConnector
from tests.harness import FixedClock
from tests.providers.servers import Reply, Request, ScriptedServer, multistatus, row, scripted

PRINCIPAL = "<D:current-user-principal><D:href>/p/anna/</D:href></D:current-user-principal>"
HOMES = (
    "<D:displayname>Anna Ozola</D:displayname>"
    "<C:calendar-home-set><D:href>/cals/</D:href></C:calendar-home-set>"
    "<CR:addressbook-home-set><D:href>/books/</D:href></CR:addressbook-home-set>"
    "<C:schedule-inbox-URL><D:href>/inbox/</D:href></C:schedule-inbox-URL>"
)
CALENDAR = "<D:resourcetype><D:collection/><C:calendar/></D:resourcetype>"
READ = "<D:current-user-privilege-set><D:privilege><D:read/></D:privilege></D:current-user-privilege-set>"
WRITE = "<D:current-user-privilege-set><D:privilege><D:bind/></D:privilege></D:current-user-privilege-set>"
TASKS = '<C:supported-calendar-component-set><C:comp name="VTODO"/></C:supported-calendar-component-set>'
BOOK = "<D:resourcetype><D:collection/><CR:addressbook/></D:resourcetype>"


@dataclass
class World:
    """A server with one account; tests change what single paths answer."""

    replies: dict[str, Reply] = field(default_factory=dict)

    def __call__(self, request: Request) -> Reply:
        if request.path in self.replies:
            return self.replies[request.path]
        return STANDARD.get(request.path, Reply(404, {}, b""))


STANDARD: Mapping[str, Reply] = {
    "/": multistatus(row("/", PRINCIPAL)),
    "/p/anna/": multistatus(row("/p/anna/", HOMES)),
    "/inbox/": multistatus(
        row("/inbox/", "<C:schedule-default-calendar-URL><D:href>/cals/b</D:href></C:schedule-default-calendar-URL>")
    ),
    "/cals/": multistatus(
        row("/cals/", "<D:resourcetype><D:collection/></D:resourcetype>"),
        row("/cals/a/", f"{CALENDAR}{READ}<D:displayname>Team</D:displayname>"),
        row("/cals/b/", f"{CALENDAR}{WRITE}<A:calendar-color>#AA00FFFF</A:calendar-color>"),
        row("/cals/b/", f"{CALENDAR}{WRITE}"),
        row("/cals/tasks/", f"{CALENDAR}{TASKS}"),
        row("http://elsewhere.example/cals/x/", CALENDAR),
        row("/inbox/", "<D:resourcetype><D:collection/><C:schedule-inbox/></D:resourcetype>"),
    ),
    "/books/": multistatus(
        row("/books/shared/", f"{BOOK}{READ}<D:displayname>Shared</D:displayname>"),
        row("/books/mine/", f"{BOOK}<D:displayname>Mine</D:displayname>"),
    ),
}


@dataclass
class Names:
    """Name servers that know what the test says."""

    known: dict[str, Target] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def service(self, name: str, domain: str) -> Target | None:
        self.asked.append(f"_{name}._tcp.{domain}")
        return self.known.get(self.asked[-1])


Serve = Callable[[World], ScriptedServer]


@pytest.fixture
def serve() -> Iterator[Serve]:
    with ExitStack() as stack:
        yield lambda world: stack.enter_context(scripted(world))


def opened(sign_in: SignIn, names: Names | None = None, network: Network | None = None) -> Provider:
    connector = CalDavConnector(FixedClock(), network=network, resolver=names or Names())
    return connector.open(sign_in, lambda _: None)


def at(server: ScriptedServer, path: str = "") -> Provider:
    return opened(SignIn("anna@example.com", f"{server.url}{path}", "anna", "secret"))


def nowhere(*_: Any) -> list[Any]:
    raise OSError("no name server")


def test_an_account_is_found_from_its_url(serve: Serve) -> None:
    server = serve(World())
    account = at(server).check()
    assert (account.address, account.name) == ("anna@example.com", "Anna Ozola")


def test_calendars_that_take_events_come_with_the_default_first(serve: Serve) -> None:
    server = serve(World())
    found = at(server).calendars()
    base = server.url.rstrip("/")
    assert [(each.id, each.name, each.color, each.read_only, each.default) for each in found] == [
        (f"{base}/cals/b/", "b", "#aa00ff", False, True),
        (f"{base}/cals/a/", "Team", "", True, False),
    ]


def test_address_books_that_may_be_written_come_first(serve: Serve) -> None:
    found = at(serve(World())).groups()
    assert [(each.name, each.read_only, each.default) for each in found] == [
        ("Mine", False, True),
        ("Shared", True, False),
    ]


def test_a_url_without_anything_leads_on_by_well_known(serve: Serve) -> None:
    world = World({"/": Reply(404, {}, b""), "/.well-known/caldav": Reply(301, {"Location": "/dav/"}, b"")})
    world.replies["/dav/"] = STANDARD["/"]
    assert len(at(serve(world)).calendars()) == 2


def test_the_url_of_a_calendar_is_enough(serve: Serve) -> None:
    world = World({"/one/": multistatus(row("/one/", f"{CALENDAR}<D:displayname>One</D:displayname>"))})
    provider = at(serve(world), "one/")
    assert [each.name for each in provider.calendars()] == ["One"]
    assert provider.check().address == "anna@example.com"


@pytest.mark.parametrize(("lacking", "counts"), [("/cals/", (0, 2)), ("/books/", (2, 0))])
def test_a_server_with_one_of_the_two_services_is_fine(serve: Serve, lacking: str, counts: tuple[int, int]) -> None:
    name = "calendar" if lacking == "/cals/" else "addressbook"
    homes = HOMES.replace(f"{name}-home-set", "nothing")
    provider = at(serve(World({"/p/anna/": multistatus(row("/p/anna/", homes))})))
    assert (len(provider.calendars()), len(provider.groups())) == counts
    assert provider.check().address == "anna@example.com"


def test_homes_elsewhere_are_not_told_the_password(serve: Serve) -> None:
    world = World()
    other, server = serve(World()), serve(world)
    homes = HOMES.replace("/cals/", f"{other.url}cals/").replace("/books/", f"{other.url}books/")
    world.replies["/p/anna/"] = multistatus(row("/p/anna/", homes))
    with pytest.raises(NotFound):
        at(server).check()
    assert other.asked == []


def test_wrong_credentials_are_told(serve: Serve) -> None:
    server = serve(World({"/": Reply(401, {"WWW-Authenticate": "Basic"}, b"")}))
    with pytest.raises(SignInNeeded):
        at(server).check()


def test_r1_an_address_without_calendars_says_what_to_do() -> None:
    names = Names()
    provider = opened(SignIn("anna@mail.example", secret="secret"), names, Network(lookup=nowhere))
    with pytest.raises(NotFound) as caught:
        provider.check()
    assert "anna@mail.example" in str(caught.value)
    assert "IMAP and POP" in caught.value.remedy
    assert names.asked == ["_caldavs._tcp.mail.example", "_carddavs._tcp.mail.example"]
    assert (list(provider.calendars()), list(provider.groups())) == ([], [])


def test_a_domain_that_points_to_a_stranger_is_not_followed_with_the_password() -> None:
    asked: list[str] = []

    def lookup(host: str, *_: Any) -> list[Any]:
        asked.append(host)
        raise OSError("not reached")

    names = Names({f"_{name}._tcp.firm.example": Target("dav.other.example", 443) for name in ("caldavs", "carddavs")})
    provider = opened(SignIn("anna@firm.example", secret="secret"), names, Network(lookup=lookup))
    with pytest.raises(NotFound) as caught:
        provider.check()
    assert "dav.other.example" in caught.value.remedy
    assert asked == []


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        (Target("dav.firm.example", 8443, "/dav/"), "dav.firm.example"),
        (Target("caldav.fastmail.com", 443), "caldav.fastmail.com"),
    ],
)
def test_a_domain_that_points_to_itself_or_to_a_known_service_is_followed(target: Target, expected: str) -> None:
    asked: list[str] = []

    def lookup(host: str, *_: Any) -> list[Any]:
        asked.append(host)
        raise OSError("not reached")

    names = Names({"_caldavs._tcp.firm.example": target})
    provider = opened(SignIn("anna@firm.example", secret="secret"), names, Network(lookup=lookup))
    with pytest.raises(TemporaryError):
        provider.check()
    assert expected in asked


@pytest.mark.parametrize("address", ["anna@gmail.com", "anna@outlook.com"])
def test_services_with_a_better_way_name_it(address: str) -> None:
    with pytest.raises(NotFound) as caught:
        opened(SignIn(address, secret="secret")).check()
    assert "account" in caught.value.remedy
