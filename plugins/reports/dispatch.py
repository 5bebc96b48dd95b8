"""Which REPORT is answered by what, and where it may be asked for."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import quote
from xml.etree.ElementTree import Element

from bridge.errors import Conflict, Invalid, NotAllowed, NotFound
from bridge.store.models.resources import CollectionKind
from plugins.reports.freebusy import free_busy_query
from plugins.reports.multiget import multiget
from plugins.reports.multistatus import Answer, refusal
from plugins.reports.port import ResourceReader
from plugins.reports.query import addressbook_query, calendar_query
from plugins.reports.request import CALDAV, CARDDAV, DAV, Target
from plugins.reports.sync import sync_collection


@dataclass(frozen=True, slots=True)
class Report:
    """One kind of REPORT: the function that answers it and the collections that support it."""

    answer: Callable[[Element, Target], Answer]
    kinds: frozenset[CollectionKind]


_CALENDAR = frozenset({CollectionKind.CALENDAR})
_BOOK = frozenset({CollectionKind.ADDRESS_BOOK})

REPORTS: Mapping[str, Report] = {
    f"{CALDAV}calendar-query": Report(calendar_query, _CALENDAR),
    f"{CALDAV}calendar-multiget": Report(multiget, _CALENDAR),
    f"{CALDAV}free-busy-query": Report(free_busy_query, _CALENDAR),
    f"{CARDDAV}addressbook-query": Report(addressbook_query, _BOOK),
    f"{CARDDAV}addressbook-multiget": Report(multiget, _BOOK),
    f"{DAV}sync-collection": Report(sync_collection, _CALENDAR | _BOOK),
}
"""The reports on collections, by the Clark name of the request's root element."""


_COLLECTIONS_ONLY = frozenset({f"{DAV}sync-collection", f"{CALDAV}free-busy-query"})


def supported(kind: CollectionKind, *, resource: bool = False) -> tuple[str, ...]:
    """Return the Clark names of the reports on a collection, or on a ``resource`` in one."""
    return tuple(
        tag for tag, report in REPORTS.items() if kind in report.kinds and not (resource and tag in _COLLECTIONS_ONLY)
    )


def answer(request: Element, *, principal: str, base_prefix: str, path: str, reader: ResourceReader) -> Answer:
    """Answer a REPORT on a collection or on a resource in one.

    ``path`` is decoded and begins with a slash, without ``base_prefix``; ``principal`` is the login that asks. A
    violated precondition, an unknown report or one that the collection does not support becomes an answer with its
    condition in the body.
    """
    try:
        report = REPORTS.get(request.tag)
        if report is None:
            raise _unsupported()
        target = _target(principal, base_prefix, path, reader)
        if target.collection.kind not in report.kinds:
            raise _unsupported()
        return report.answer(request, target)
    except (Invalid, NotAllowed, NotFound, Conflict) as error:
        return refusal(error)


def _target(principal: str, base_prefix: str, path: str, reader: ResourceReader) -> Target:
    owner, name, *rest = [*path.strip("/").split("/", 2), "", ""][:3]
    if not name:
        raise _unsupported()
    if owner != principal:
        raise NotAllowed("Only the owner of a home may ask for reports in it.", condition="D:need-privileges")
    collection = reader.collection(owner, name)
    if collection is None:
        raise NotFound("There is no such collection.")
    prefix = f"{base_prefix.rstrip('/')}/{owner}/{name}/"
    return Target(collection, quote(prefix), prefix, reader, rest[0].strip("/"))


def _unsupported() -> NotAllowed:
    return NotAllowed("This report is not supported here.", condition="D:supported-report")
