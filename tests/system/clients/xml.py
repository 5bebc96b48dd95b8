"""Parts of requests and answers that the tests of several clients share."""

from collections.abc import Mapping

from tests.harness import Client, Reply

DAV, CALDAV, CARDDAV = "{DAV:}", "{urn:ietf:params:xml:ns:caldav}", "{urn:ietf:params:xml:ns:carddav}"
CS, ICAL = "{http://calendarserver.org/ns/}", "{http://apple.com/ns/ical/}"
NAMESPACES = (
    'xmlns:d="DAV:" xmlns:cal="urn:ietf:params:xml:ns:caldav" xmlns:card="urn:ietf:params:xml:ns:carddav" '
    'xmlns:cs="http://calendarserver.org/ns/" xmlns:ical="http://apple.com/ns/ical/"'
)


def ask(client: Client, method: str, path: str, body: str, **headers: str) -> Reply:
    """Send XML, in which the usual prefixes need not be declared."""
    first, _, rest = body.partition(">")
    empty = first.endswith("/")
    declared = f"{first.removesuffix('/')} {NAMESPACES}{'/' if empty else ''}>{rest}"
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.request(method, path, declared, {"Content-Type": "text/xml; charset=utf-8", **named})


def propfind(client: Client, path: str, props: str, depth: str = "0") -> Reply:
    """Ask for properties, given as ``d:getetag cs:getctag``."""
    wanted = "".join(f"<{name}/>" for name in props.split())
    return ask(client, "PROPFIND", path, f"<d:propfind><d:prop>{wanted}</d:prop></d:propfind>", Depth=depth)


def found(reply: Reply, tag: str) -> Mapping[str, str]:
    """The text of a property, or of the first element in it, by href, where the status is 200."""
    assert reply.status == 207, reply.text
    values = {}
    for response in reply.xml.findall(f"{DAV}response"):
        for propstat in response.findall(f"{DAV}propstat"):
            element = propstat.find(f"{DAV}prop/{tag}")
            if element is not None and " 200 " in propstat.findtext(f"{DAV}status", ""):
                inner = next(iter(element), element)
                values[response.findtext(f"{DAV}href", "")] = inner.text or inner.tag
    return values


def names_in(reply: Reply, tag: str, href: str) -> set[str]:
    """The names of the elements in a property, one level below or two, for one href."""
    for response in reply.xml.findall(f"{DAV}response"):
        if response.findtext(f"{DAV}href") == href:
            return {inner.tag for element in response.iter(tag) for inner in element.iter()} - {tag}
    raise AssertionError(f"{href} is not in the answer")
