"""calendar-multiget (RFC 4791 7.9) and addressbook-multiget (RFC 6352 8.7)."""

from collections.abc import Iterator
from urllib.parse import quote
from xml.etree.ElementTree import Element

from plugins.reports.multistatus import Answer, missing, multistatus
from plugins.reports.properties import Layout, layout
from plugins.reports.request import Reference, Target, references


def multiget(request: Element, target: Target) -> Answer:
    """Return the resources that the request names; 404 for each that is missing or lies outside of the collection."""
    wanted = tuple(references(request, target))
    look = layout(request, target.collection, target.root)
    return multistatus(_responses(wanted, look, target))


def _responses(wanted: tuple[Reference, ...], look: Layout, target: Target) -> Iterator[str]:
    names = dict.fromkeys(name for reference in wanted for name in reference.names)
    found = target.reader.get_many(target.collection, list(names)) if names else {}
    told: set[str] = set()
    for reference in wanted:
        name = next((name for name in reference.names if name in found), None)
        if name is None:
            yield missing(quote(reference.path))
        elif name not in told:
            told.add(name)
            yield look.response(found[name])
