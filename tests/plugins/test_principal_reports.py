"""Reports about principals and their properties, and which reports are announced (D21)."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from xml.etree.ElementTree import Element

import pytest

from bridge.core.event import EventKind
from bridge.core.projection.options import TypeOption
from bridge.store.database import Database
from tests.harness import Client, Office, Reply, ics, vcf

DAV, CALDAV, CARDDAV = "{DAV:}", "{urn:ietf:params:xml:ns:caldav}", "{urn:ietf:params:xml:ns:carddav}"
ROOT, HOME, CALENDAR, BOOK = "/dav/", "/dav/anna/", "/dav/anna/activities/", "/dav/anna/contacts/"
EVENT, CARD = f"{CALENDAR}a.ics", f"{BOOK}c.vcf"
EVERYWHERE = {f"{DAV}expand-property", f"{DAV}principal-property-search", f"{DAV}principal-search-property-set"}


@pytest.fixture
def office(database: Database) -> Office:
    office = Office(database)
    for login in ("anna", "bob", "carl"):
        office.user(login)
    office.user("dora", name="Dora Šmite", email="ds@example.org")
    office.principals.choose_colleagues("anna", ["bob", "dora"])
    return office


@pytest.fixture
def anna(office: Office) -> Client:
    client = office.client("anna")
    client.put(EVENT, ics())
    client.put(CARD, vcf())
    return client


def expand(client: Client, path: str, properties: str, depth: str = "0") -> Reply:
    body = f'<A:expand-property xmlns:A="DAV:">{properties}</A:expand-property>'
    return client.request("REPORT", path, body, {"Depth": depth, "Content-Type": "text/xml"})


def asked(name: str, *inner: str, namespace: str = "") -> str:
    """A ``property`` element with those that are wanted of what it leads to."""
    where = f' namespace="{namespace}"' if namespace else ""
    return f'<A:property name="{name}"{where}>{"".join(inner)}</A:property>'


def found(response: Element, tag: str) -> Element:
    """The value of a property that a response has."""
    for propstat in response.findall(f"{DAV}propstat"):
        if "200" in propstat.findtext(f"{DAV}status", ""):
            value = propstat.find(f"{DAV}prop/{tag}")
            if value is not None:
                return value
    raise AssertionError(f"{tag} is missing")


# expand-property (RFC 3253 3.8)


@pytest.mark.parametrize("path", [ROOT, HOME, CALENDAR, BOOK, EVENT, CARD])
def test_properties_lead_to_the_properties_of_the_principal(anna: Client, path: str) -> None:
    reply = expand(anna, path, asked("current-user-principal", asked("displayname"), asked("principal-URL")))
    assert reply.status == 207
    (response,) = reply.xml
    assert response.findtext(f"{DAV}href") == path
    (principal,) = found(response, f"{DAV}current-user-principal")
    assert (principal.tag, principal.findtext(f"{DAV}href")) == (f"{DAV}response", HOME)
    assert found(principal, f"{DAV}displayname").text == "Anna"
    assert found(principal, f"{DAV}principal-URL").findtext(f"{DAV}href") == HOME


@pytest.mark.parametrize(
    ("path", "name", "namespace", "leads_to"),
    [
        (HOME, "principal-URL", "DAV:", HOME),
        (HOME, "current-user-principal", "DAV:", HOME),
        (HOME, "calendar-home-set", CALDAV[1:-1], HOME),
        (HOME, "addressbook-home-set", CARDDAV[1:-1], HOME),
        (HOME, "principal-collection-set", "DAV:", ROOT),
        (CALENDAR, "owner", "DAV:", HOME),
        (BOOK, "principal-collection-set", "DAV:", ROOT),
        ("/dav/anna/of-bob/", "owner", "DAV:", HOME),
    ],
)
def test_what_can_be_expanded(anna: Client, path: str, name: str, namespace: str, leads_to: str) -> None:
    wanted = asked(name, asked("resourcetype"), asked("nothing", namespace="urn:x"), namespace=namespace)
    (response,) = expand(anna, path, wanted).xml
    (inner,) = found(response, f"{{{namespace}}}{name}")
    assert inner.findtext(f"{DAV}href") == leads_to
    assert found(inner, f"{DAV}resourcetype").find(f"{DAV}collection") is not None
    statuses = [propstat.findtext(f"{DAV}status", "").split()[1] for propstat in inner.findall(f"{DAV}propstat")]
    assert statuses == ["200", "404"]


def test_expansion_goes_as_deep_as_was_asked(anna: Client) -> None:
    inner = asked("current-user-principal", asked("principal-URL", asked("displayname")))
    (response,) = expand(anna, CALENDAR, asked("owner", asked("principal-collection-set", inner))).xml
    (owner,) = found(response, f"{DAV}owner")
    (root,) = found(owner, f"{DAV}principal-collection-set")
    (principal,) = found(root, f"{DAV}current-user-principal")
    (again,) = found(principal, f"{DAV}principal-URL")
    assert found(again, f"{DAV}displayname").text == "Anna"


def test_addresses_of_people_stay_addresses(anna: Client) -> None:
    wanted = asked("calendar-user-address-set", asked("displayname"), namespace=CALDAV[1:-1])
    (response,) = expand(anna, HOME, wanted).xml
    mail, principal = found(response, f"{CALDAV}calendar-user-address-set")
    assert (mail.tag, mail.text) == (f"{DAV}href", "mailto:anna@example.com")
    assert found(principal, f"{DAV}displayname").text == "Anna"


def test_without_inner_properties_the_values_are_those_of_a_propfind(anna: Client) -> None:
    names = ("displayname", "resourcetype", "owner", "current-user-privilege-set", "getetag", "sync-token", "none")
    for path in (ROOT, HOME, CALENDAR, BOOK, EVENT, CARD, "/dav/anna/of-bob/"):
        expanded = expand(anna, path, "".join(map(asked, names)))
        assert sorted(values(expanded.xml)) == sorted(values(anna.propfind(path, *names).xml))


def values(answer: Element) -> Iterator[tuple[str, ...]]:
    for propstat in answer.findall(f"{DAV}response/{DAV}propstat"):
        for prop in propstat.find(f"{DAV}prop") or ():
            inside = [f"{each.tag} {(each.text or '').strip()}" for each in prop.iter()]
            yield (propstat.findtext(f"{DAV}status", ""), *inside)


@pytest.mark.parametrize(
    ("properties", "status", "condition"),
    [
        ("<A:property/>", 400, ""),
        (asked("a b"), 400, ""),
        (asked("x&gt;&lt;y"), 400, ""),
        (asked("&#xaa;"), 400, ""),
        ('<A:property name="x" namespace=""/>', 400, ""),
        (asked("x", namespace="http://www.w3.org/2000/xmlns/"), 400, ""),
        ("".join(asked(f"p{number}") for number in range(1001)), 403, "number-of-matches-within-limits"),
    ],
)
def test_what_cannot_be_a_property_is_refused(anna: Client, properties: str, status: int, condition: str) -> None:
    reply = expand(anna, HOME, properties)
    assert reply.status == status
    assert not condition or reply.xml[0].tag == DAV + condition


def test_expansion_has_bounds(anna: Client) -> None:
    deep = ""
    for _ in range(10):
        deep = asked("current-user-principal", deep)
    assert expand(anna, HOME, deep).xml[0].tag == f"{DAV}number-of-matches-within-limits"
    wide = "".join(asked(name, asked("x")) for name in ("principal-URL", "current-user-principal", "owner"))
    for _ in range(5):
        wide = "".join(asked(name, wide) for name in ("principal-URL", "current-user-principal", "owner"))
    assert expand(anna, HOME, wide).status == 403


def test_nobody_expands_into_what_they_may_not_read(office: Office, anna: Client) -> None:
    assert expand(anna, "/dav/bob/", asked("displayname")).status == 403
    assert expand(Client(office.wsgi()), HOME, asked("displayname")).status == 401
    assert expand(anna, f"{CALENDAR}none.ics", asked("owner")).status == 404


# principal-property-search (RFC 3744 9.4)


def search(client: Client, *conditions: str, path: str = ROOT, attributes: str = "", more: str = "") -> Reply:
    body = (
        f'<A:principal-property-search xmlns:A="DAV:" xmlns:C="{CALDAV[1:-1]}" {attributes}>{"".join(conditions)}'
        f"<A:prop><A:displayname/><C:calendar-user-address-set/><A:getetag/></A:prop>{more}"
        "</A:principal-property-search>"
    )
    return client.request("REPORT", path, body, {"Depth": "0", "Content-Type": "text/xml"})


def named(text: str) -> str:
    return f"<A:property-search><A:prop><A:displayname/></A:prop><A:match>{text}</A:match></A:property-search>"


def reached(text: str) -> str:
    prop = "<A:prop><C:calendar-user-address-set/></A:prop>"
    return f"<A:property-search>{prop}<A:match>{text}</A:match></A:property-search>"


@pytest.mark.parametrize(
    ("conditions", "attributes", "expected"),
    [
        ([named("BO")], "", ["bob"]),
        ([named("ŠMIT")], "", ["dora"]),
        ([named("")], "", ["anna", "bob", "dora"]),
        ([reached("example.com")], "", ["anna", "bob"]),
        ([reached("mailto:DS@")], "", ["dora"]),
        ([named("carl")], "", []),
        ([reached("carl@example.com")], "", []),
        ([named("a"), reached("example.com")], "", ["anna"]),
        ([named("a"), reached("example.com")], 'test="allof"', ["anna"]),
        ([named("dora"), reached("bob@")], 'test="anyof"', ["bob", "dora"]),
        ([named("b").replace("A:displayname", "A:getetag")], "", []),
    ],
)
def test_a_search_finds_those_whom_the_user_knows(
    anna: Client, conditions: list[str], attributes: str, expected: list[str]
) -> None:
    """Themself and those whose calendars they have chosen; nobody learns of anybody else."""
    reply = search(anna, *conditions, attributes=attributes)
    assert reply.status == 207
    assert reply.hrefs() == [f"/dav/{login}/" for login in expected]


def test_a_search_tells_what_was_asked_about_each(anna: Client) -> None:
    bob, dora = search(anna, named("b"), named("dora"), attributes='test="anyof"').xml
    assert found(bob, f"{DAV}displayname").text == "Bob"
    assert [href.text for href in found(bob, f"{CALDAV}calendar-user-address-set")] == [
        "mailto:bob@example.com",
        "/dav/bob/",
    ]
    assert found(dora, f"{DAV}displayname").text == "Dora Šmite"
    assert dora.findall(f"{DAV}propstat")[1].find(f"{DAV}prop/{DAV}getetag") is not None


def test_where_a_search_looks(anna: Client) -> None:
    everywhere = "<A:apply-to-principal-collection-set/>"
    for path in (HOME, CALENDAR, EVENT):
        assert search(anna, named("bob"), path=path, more=everywhere).hrefs() == ["/dav/bob/"]
        assert search(anna, named("bob"), path=path).hrefs() == []
    assert search(anna, named(""), path=HOME).hrefs() == [HOME]


def test_a_disabled_colleague_is_not_found(office: Office, anna: Client) -> None:
    office.principals.change("bob", lambda user: replace(user, enabled=False))
    assert search(anna, named("bob")).hrefs() == []


@pytest.mark.parametrize(
    "body",
    [
        "<A:principal-property-search {}/>",
        "<A:{0} {1}/>",
        "<A:{0} {1}><A:property-search><A:match>x</A:match></A:property-search></A:{0}>",
        "<A:{0} {1}><A:property-search><A:prop><A:displayname/></A:prop></A:property-search></A:{0}>",
        '<!DOCTYPE x [<!ENTITY e "b">]><A:{0} {1}/>',
        "<A:{0} {1}",
    ],
)
def test_a_broken_search_is_refused(anna: Client, body: str) -> None:
    name = "principal-property-search"
    assert anna.request("REPORT", ROOT, body.format(name, 'xmlns:A="DAV:"')).status == 400


# principal-search-property-set (RFC 3744 9.5)


def test_it_tells_what_can_be_searched(anna: Client) -> None:
    reply = anna.request("REPORT", ROOT, '<A:principal-search-property-set xmlns:A="DAV:"/>', {"Depth": "0"})
    assert (reply.status, reply.xml.tag) == (200, f"{DAV}principal-search-property-set")
    told = {each.find(f"{DAV}prop")[0].tag: each.findtext(f"{DAV}description") for each in reply.xml}  # type: ignore[index]
    assert told == {f"{DAV}displayname": "Name", f"{CALDAV}calendar-user-address-set": "E-mail address"}


@pytest.mark.parametrize("report", sorted(EVERYWHERE))
def test_a_depth_other_than_0_is_refused(anna: Client, report: str) -> None:
    reply = anna.request("REPORT", ROOT, f'<A:{report.removeprefix(DAV)} xmlns:A="DAV:"/>', {"Depth": "1"})
    assert reply.status == 400


# What is announced

BODIES = {
    f"{DAV}expand-property": "",
    f"{DAV}principal-property-search": named("x"),
    f"{DAV}principal-search-property-set": "",
    f"{DAV}sync-collection": "<A:sync-token/><A:sync-level>1</A:sync-level><A:prop/>",
    f"{CALDAV}calendar-query": "<A:prop><A:getetag/></A:prop>",
    f"{CALDAV}calendar-multiget": "<A:prop><A:getetag/></A:prop>",
    f"{CALDAV}free-busy-query": '<C:time-range start="20261201T000000Z" end="20261202T000000Z"/>',
    f"{CARDDAV}addressbook-query": "<A:prop><A:getetag/></A:prop>",
    f"{CARDDAV}addressbook-multiget": "<A:prop><A:getetag/></A:prop>",
}


@pytest.mark.parametrize("path", [ROOT, HOME, CALENDAR, BOOK, EVENT, CARD, "/dav/anna/tasks/", "/dav/anna/of-bob/"])
def test_what_is_announced_is_what_works(office: Office, anna: Client, path: str) -> None:
    """Every report that there is, asked of every kind of resource: 403 supported-report exactly where not announced."""
    office.principals.choose_type("anna", "task", TypeOption(EventKind.TASK))
    (response,) = anna.propfind(path, "supported-report-set").xml
    announced = {report[0].tag for report in found(response, f"{DAV}supported-report-set").iter(f"{DAV}report")}
    working = set()
    for tag, inner in BODIES.items():
        namespace, _, name = tag[1:].rpartition("}")
        body = f'<R:{name} xmlns:R="{namespace}" xmlns:A="DAV:" xmlns:C="{CALDAV[1:-1]}">{inner}</R:{name}>'
        reply = anna.request("REPORT", path, body, {"Depth": "0"})
        assert reply.status in {200, 207, 403}, (tag, reply.text)
        if reply.status == 403:
            assert reply.xml[0].tag == f"{DAV}supported-report"
        else:
            working.add(tag)
    assert announced == working
    assert announced >= EVERYWHERE


def test_asking_for_names_announces_nothing(anna: Client) -> None:
    body = '<A:propfind xmlns:A="DAV:"><A:propname/></A:propfind>'
    for path, depth in product((HOME, CALENDAR, EVENT), "01"):
        reply = anna.request("PROPFIND", path, body, {"Depth": depth})
        assert all(len(each) == 0 for each in reply.xml.iter(f"{DAV}supported-report-set"))
