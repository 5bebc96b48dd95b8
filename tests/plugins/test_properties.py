"""What clients set on a collection comes back as it was, XML included (RFC 4918 9.2, D12)."""

from xml.etree.ElementTree import Element, canonicalize, tostring

import pytest
from defusedxml.ElementTree import fromstring

from bridge.store.database import Database
from tests.harness import Client, Office, Reply

A = "/dav/anna/activities/"


@pytest.fixture
def client(database: Database) -> Client:
    office = Office(database)
    office.user("anna")
    return office.client("anna")


def proppatch(client: Client, prop: str) -> Reply:
    body = f'<D:propertyupdate xmlns:D="DAV:"><D:set><D:prop>{prop}</D:prop></D:set></D:propertyupdate>'
    return client.request("PROPPATCH", A, body)


def fetched(client: Client, tag: str) -> Element | None:
    (propstat, *_) = client.propfind(A, tag).xml.iter("{DAV:}propstat")
    assert "200" in propstat.findtext("{DAV:}status", ""), tostring(propstat)
    return propstat.find(f"{{DAV:}}prop/{tag}")


def canonical(element: Element) -> str:
    element.tail = None
    return canonicalize(tostring(element, encoding="unicode"), rewrite_prefixes=True)


VALUES = {
    "an element": (
        '<C:schedule-calendar-transp xmlns:C="urn:ietf:params:xml:ns:caldav"><C:transparent/>'
        "</C:schedule-calendar-transp>"
    ),
    "a text": '<A:calendar-order xmlns:A="http://apple.com/ns/ical/">3</A:calendar-order>',
    "an attribute": (
        '<A:calendar-color xmlns:A="http://apple.com/ns/ical/" symbolic-color="red">#FF0000FF</A:calendar-color>'
    ),
    "a language": (
        '<C:calendar-description xmlns:C="urn:ietf:params:xml:ns:caldav" xml:lang="lv">Mans</C:calendar-description>'
    ),
    "mixed": (
        '<x:a xmlns:x="urn:x">one <x:b k="&lt;&quot;">&amp; two</x:b> three<y:c xmlns:y="urn:y"/>'
        '<D:d xmlns:D="DAV:"/> &lt;</x:a>'
    ),
    "what looks like ours": (
        '<CS:source xmlns:CS="http://calendarserver.org/ns/"><D:href xmlns:D="DAV:">https://x/</D:href></CS:source>'
    ),
    "text that looks like XML": '<x:a xmlns:x="urn:x">&lt;x:b/&gt;</x:a>',
}


@pytest.mark.parametrize("name", VALUES)
def test_a_value_comes_back_as_it_was(client: Client, name: str) -> None:
    sent = fromstring(VALUES[name])
    assert proppatch(client, VALUES[name]).status == 207
    found = fetched(client, sent.tag)
    assert found is not None
    assert canonical(found) == canonical(sent)


def test_a_value_is_replaced_and_removed_as_a_whole(client: Client) -> None:
    proppatch(client, VALUES["mixed"])
    proppatch(client, '<x:a xmlns:x="urn:x">plain</x:a>')
    found = fetched(client, "{urn:x}a")
    assert found is not None
    assert (found.text, len(found)) == ("plain", 0)
    body = (
        '<D:propertyupdate xmlns:D="DAV:"><D:remove><D:prop><x:a xmlns:x="urn:x"/></D:prop></D:remove>'
        "</D:propertyupdate>"
    )
    assert client.request("PROPPATCH", A, body).status == 207
    assert "404" in client.propfind(A, "{urn:x}a").text


def test_a_name_is_always_a_text(client: Client) -> None:
    proppatch(client, '<D:displayname xml:lang="lv">Mans <x:b xmlns:x="urn:x">darbs</x:b></D:displayname>')
    found = fetched(client, "{DAV:}displayname")
    assert found is not None
    assert (found.text, len(found)) == ("Mans darbs", 0)


def test_all_properties_are_listed_whole(client: Client) -> None:
    proppatch(client, VALUES["mixed"])
    body = '<D:propfind xmlns:D="DAV:"><D:allprop/></D:propfind>'
    reply = client.request("PROPFIND", A, body, {"Depth": "0"})
    found = reply.xml.find(".//{urn:x}a")
    assert found is not None
    assert canonical(found) == canonical(fromstring(VALUES["mixed"]))


@pytest.mark.parametrize(
    ("prop", "status"),
    [
        (f'<x:a xmlns:x="urn:x">{"<x:b/>" * 5000}</x:a>', 403),
        (f'<x:a xmlns:x="urn:x">{"<x:b>" * 60}{"</x:b>" * 60}</x:a>', 400),
        ('<x:a xmlns:x="urn:x">&entity;</x:a>', 400),
        ('<x:a xmlns:x="urn:x">&#1;</x:a>', 400),
        ('<x:a xmlns:x="urn:x"><b xmlns=""/></x:a>', 400),
    ],
)
def test_hostile_values_change_nothing(client: Client, prop: str, status: int) -> None:
    before = client.propfind(A, "{http://calendarserver.org/ns/}getctag").text
    assert proppatch(client, prop).status == status
    assert client.propfind(A, "{http://calendarserver.org/ns/}getctag").text == before
