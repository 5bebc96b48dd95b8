"""The few PROPFINDs that clients send all day, answered by joining strings; every other one is Radicale's.

A differential test compares each answer with Radicale's own, property by property, and ``[dav] shortcuts`` in
``config.ini`` switches them off.
"""

from collections.abc import Callable, Mapping
from xml.etree.ElementTree import Element

from radicale import xmlutils

from bridge.services.reading import Reader
from bridge.store.views import Collection
from plugins.reports.multistatus import NOT_FOUND, Answer, element, escape, multistatus, status_line
from plugins.reports.properties import quoted

_OK = status_line(200)
_DISPLAYNAME = "{DAV:}displayname"

# What is known of a collection, and of any of its resources, without looking further. A property that a side does
# not have is answered with 404, as Radicale does.
_OF_COLLECTION: Mapping[str, Callable[[Collection], str | None]] = {
    xmlutils.make_clark("CS:getctag"): lambda collection: f'"{collection.etag}"',
    xmlutils.make_clark("D:getetag"): lambda collection: f'"{collection.etag}"',
    xmlutils.make_clark("D:sync-token"): lambda collection: collection.sync_token,
    _DISPLAYNAME: lambda collection: collection.properties.get(_DISPLAYNAME),
}
_ETAG = xmlutils.make_clark("D:getetag")


def propfind(request: Element, depth: str, collection: Collection, root: str, reader: Reader) -> Answer | None:
    """Answer a PROPFIND on a collection, or leave it to Radicale (``None``).

    ``root`` is the percent-encoded path of the collection with a slash at its end.
    """
    (wanted, *others) = [*request, None]
    if wanted is None or wanted.tag != "{DAV:}prop" or others != [None]:
        return None
    tags = dict.fromkeys(prop.tag for prop in wanted)
    if not tags or not tags.keys() <= _OF_COLLECTION.keys():
        return None
    if depth == "0":
        return multistatus([_collection(collection, root, tags)], free_text=True)
    if depth == "1":
        members = _members(root, tags, reader.tags(collection))
        return multistatus([_collection(collection, root, tags), *members], free_text=_DISPLAYNAME in tags)
    return None


def _collection(collection: Collection, root: str, tags: Mapping[str, None]) -> str:
    values = {tag: _OF_COLLECTION[tag](collection) for tag in tags}
    found = "".join(element(tag, escape(value)) for tag, value in values.items() if value is not None)
    missing = "".join(element(tag) for tag, value in values.items() if value is None)
    return f"<response><href>{root}</href>{_propstat(found, _OK)}{_propstat(missing, NOT_FOUND)}</response>"


def _members(root: str, tags: Mapping[str, None], pairs: list[tuple[str, str]]) -> list[str]:
    missing = _propstat("".join(element(tag) for tag in tags if tag != _ETAG), NOT_FOUND)
    hrefs = quoted([href for href, _ in pairs])
    if _ETAG not in tags:
        return [f"<response><href>{root}{href}</href>{missing}</response>" for href in hrefs]
    head, middle = f"<response><href>{root}", '</href><propstat><prop><getetag>"'
    tail = f'"</getetag></prop>{_OK}</propstat>{missing}</response>'
    return [f"{head}{href}{middle}{etag}{tail}" for href, (_, etag) in zip(hrefs, pairs, strict=True)]


def _propstat(props: str, status: str) -> str:
    return f"<propstat><prop>{props}</prop>{status}</propstat>" if props else ""
