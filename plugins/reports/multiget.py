"""calendar-multiget (RFC 4791 7.9) and addressbook-multiget (RFC 6352 8.7)."""

from collections.abc import Mapping, Sequence
from urllib.parse import quote
from xml.etree.ElementTree import Element

from bridge.store.views import Resource
from plugins.reports.multistatus import Answer, missing, multistatus
from plugins.reports.properties import Layout, layout, plain
from plugins.reports.request import DAV, Reference, Target, references


def multiget(request: Element, target: Target) -> Answer:
    """Return the resources that the request names; 404 for each that is missing or lies outside of the collection."""
    look = layout(request, target.collection, target.root)
    plain_names = _plain_names(request, target) if look.only_texts else ()
    if plain_names:
        return _texts(plain_names, target, look)
    wanted = tuple(references(request, target))
    names = dict.fromkeys(name for reference in wanted for name in reference.names)
    found = target.reader.get_many(target.collection, list(names)) if names else {}
    chosen = {reference: _chosen(reference, found) for reference in wanted}
    resources = {resource.href: resource for resource in chosen.values() if resource is not None}
    gone = [missing(quote(reference.path)) for reference, resource in chosen.items() if resource is None]
    return multistatus([*look.responses(list(resources.values())), *gone], free_text=look.free_text)


def _plain_names(request: Element, target: Target) -> tuple[str, ...]:
    """The names that are asked for, each once, if all lie in the collection and can mean nothing else."""
    hrefs = [(element.text or "").strip() for element in request.iterfind(f"{DAV}href")]
    names = tuple(dict.fromkeys(href.removeprefix(target.root) for href in hrefs))
    inside = all(href.startswith(target.root) for href in hrefs) and "" not in names
    return names if inside and plain(names) else ()


def _texts(names: Sequence[str], target: Target, look: Layout) -> Answer:
    found = {row[0]: row for row in target.reader.texts(target.collection, names)}
    rows = [found[name] for name in names if name in found]
    gone = [missing(target.root + name) for name in names if name not in found]
    return multistatus([*look.texts(rows), *gone])


def _chosen(reference: Reference, found: Mapping[str, Resource]) -> Resource | None:
    return next((found[name] for name in reference.names if name in found), None)
