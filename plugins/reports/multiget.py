"""calendar-multiget (RFC 4791 7.9) and addressbook-multiget (RFC 6352 8.7)."""

from collections.abc import Mapping
from urllib.parse import quote
from xml.etree.ElementTree import Element

from bridge.store.views import Resource
from plugins.reports.multistatus import Answer, missing, multistatus
from plugins.reports.properties import layout
from plugins.reports.request import Reference, Target, references


def multiget(request: Element, target: Target) -> Answer:
    """Return the resources that the request names; 404 for each that is missing or lies outside of the collection."""
    wanted = tuple(references(request, target))
    look = layout(request, target.collection, target.root)
    names = dict.fromkeys(name for reference in wanted for name in reference.names)
    found = target.reader.get_many(target.collection, list(names)) if names else {}
    chosen = {reference: _chosen(reference, found) for reference in wanted}
    resources = {resource.href: resource for resource in chosen.values() if resource is not None}
    gone = [missing(quote(reference.path)) for reference, resource in chosen.items() if resource is None]
    return multistatus([*look.responses(list(resources.values())), *gone], free_text=look.free_text)


def _chosen(reference: Reference, found: Mapping[str, Resource]) -> Resource | None:
    return next((found[name] for name in reference.names if name in found), None)
