"""Reading the XML of a REPORT request: safely, and only what several reports share."""

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote, unquote
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from bridge.errors import Invalid
from bridge.store.views import Collection
from plugins.reports.port import ResourceReader

DAV = "{DAV:}"
CALDAV = "{urn:ietf:params:xml:ns:caldav}"
CARDDAV = "{urn:ietf:params:xml:ns:carddav}"

MAX_DEPTH = 50  # of elements in each other


@dataclass(frozen=True, slots=True)
class Target:
    """What a report is about: a collection, or one resource ``name`` of it.

    ``root`` is the percent-encoded path of the collection with the prefix of the server and a slash at the end.
    """

    collection: Collection
    root: str
    path: str
    reader: ResourceReader
    name: str = ""

    def href(self, name: str) -> str:
        """Return the percent-encoded href of a resource of the collection."""
        return self.root + quote(name)


@dataclass(frozen=True, slots=True)
class Reference:
    """An href that a multiget asks for: the path as sent and the names it may mean, none for one outside."""

    path: str
    names: tuple[str, ...]


def read_request(body: bytes) -> Element:
    """Parse a request body.

    Raises ``Invalid`` for malformed XML, for any document type, entities included, and for elements that are nested
    too deeply: others walk through them recursively.
    """
    try:
        element: Element = fromstring(body, forbid_dtd=True)
    except (ParseError, ValueError, LookupError) as error:
        what = "declares a document type" if isinstance(error, DefusedXmlException) else "is not well-formed XML"
        raise Invalid(f"The body of the request {what}.") from None
    level = [element]
    for _ in range(MAX_DEPTH):
        level = [child for parent in level for child in parent]
    if level:
        raise Invalid("The elements of the request are nested too deeply.")
    return element


def read_limit(request: Element) -> int | None:
    """Return ``nresults`` (RFC 5323 5.17, RFC 6352 10.6), ``None`` without a limit. Raises ``Invalid``."""
    for namespace in (DAV, CARDDAV):
        found = request.findtext(f"{namespace}limit/{namespace}nresults")
        if found is not None:
            if not found.strip().isdecimal() or not 0 < int(found) < 2**31:
                raise Invalid("The limit is a whole number above zero.")
            return int(found)
    return None


def references(request: Element, target: Target) -> Iterator[Reference]:
    """Yield what the ``href`` elements of a multiget point to, each once.

    An href may be a URL or a path; a path that is not percent-encoded is understood too, so that one href can mean
    two names.
    """
    seen: set[str] = set()
    for element in request.findall(f"{DAV}href"):
        path = _path(element.text or "")
        decoded = unquote(path)
        if decoded not in seen:
            seen.add(decoded)
            names = dict.fromkeys(name for name in (_name(decoded, target), _name(path, target)) if name)
            yield Reference(decoded, tuple(names))


def _path(href: str) -> str:
    href = href.strip()
    scheme, separator, rest = href.partition("://")
    if separator and scheme.lower() in ("http", "https"):
        return "/" + rest.partition("/")[2]
    return href


def _name(path: str, target: Target) -> str:
    """The name of a resource of the collection, ``""`` for anything else."""
    if not path.startswith(target.path):
        return ""
    name = path.removeprefix(target.path)
    return "" if "/" in name else name
