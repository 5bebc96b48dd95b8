"""PROPPATCH: what clients may set on a collection, and what they may not (D12, D19)."""

from collections.abc import Iterable, Iterator
from xml.etree.ElementTree import Element

from radicale import xmlutils

from bridge.errors import Invalid, NotAllowed
from plugins.fragments import kept
from plugins.reports.multistatus import Answer, element, multistatus, status_line

MAX_LENGTH, MAX_PROPERTIES = 10_000, 50

_WANTED = {"{DAV:}prop", "{DAV:}allprop", "{DAV:}propname"}
# Live properties: the server computes them.
_PROTECTED = {
    xmlutils.make_clark(name)
    for name in (
        "D:resourcetype",
        "D:getetag",
        "D:getlastmodified",
        "D:getcontentlength",
        "D:getcontenttype",
        "D:creationdate",
        "D:sync-token",
        "D:owner",
        "D:current-user-principal",
        "D:current-user-privilege-set",
        "D:supported-report-set",
        "D:principal-URL",
        "D:principal-collection-set",
        "D:acl",
        "CS:getctag",
        "C:supported-calendar-component-set",
        "C:supported-calendar-data",
        "C:calendar-home-set",
        "C:calendar-user-address-set",
        "C:max-resource-size",
        "CR:addressbook-home-set",
        "CR:supported-address-data",
        "CR:max-resource-size",
    )
}


def check_propfind(request: Element) -> None:
    """Refuse what is no propfind, or one that asks for nothing or for what cannot exist here (RFC 4918 9.1).

    Raises ``Invalid``.
    """
    wanted = [child for child in request if child.tag in _WANTED]
    if request.tag != "{DAV:}propfind" or not wanted or request[0] is not wanted[0]:
        raise Invalid("The body of a PROPFIND is a propfind that asks for prop, allprop or propname.")
    _check_names(prop.tag for prop in request.iterfind("{DAV:}prop/*"))


def _check_names(names: Iterable[str]) -> None:
    if not all(name.startswith("{") for name in names):
        raise Invalid("A property without a namespace cannot be kept.")


def read_properties(request: Element) -> dict[str, str | None]:
    """What a propertyupdate sets, and removes (``None``), by Clark name (RFC 4918 9.2). Nothing else is read.

    Raises ``NotAllowed`` for a live property: then nothing changes.
    """
    if request.tag != "{DAV:}propertyupdate":
        raise Invalid("The body of a PROPPATCH is a propertyupdate.")
    found = dict(_instructions(request))
    _check_names(prop.tag for prop in request.iterfind("*/{DAV:}prop//*"))
    if any(name in _PROTECTED for name in found):
        raise NotAllowed(
            "This property follows from the server and cannot be set.", condition="D:cannot-modify-protected-property"
        )
    if len(found) > MAX_PROPERTIES or any(len(value or "") > MAX_LENGTH for value in found.values()):
        raise NotAllowed("These properties are too many or too long.", condition="D:quota-not-exceeded")
    return found


def _instructions(request: Element) -> Iterator[tuple[str, str | None]]:
    for instruction in request:
        if instruction.tag in {"{DAV:}set", "{DAV:}remove"}:
            for prop in instruction.iterfind("{DAV:}prop/*"):
                yield prop.tag, kept(prop) if instruction.tag == "{DAV:}set" else None


def done(href: str, names: tuple[str, ...]) -> Answer:
    """The answer when every property was taken."""
    props = "".join(element(name) for name in names)
    return multistatus(
        [f"<response><href>{href}</href><propstat><prop>{props}</prop>{status_line(200)}</propstat></response>"]
    )
