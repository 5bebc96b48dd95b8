"""calendar-query (RFC 4791 7.8) and addressbook-query (RFC 6352 8.6)."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import tzinfo
from itertools import islice
from xml.etree.ElementTree import Element
from zoneinfo import ZoneInfo

from bridge.core.contentline import parse
from bridge.core.query.evaluate import matches, touches
from bridge.core.query.filters import CardFilter, CompFilter, Filter
from bridge.core.query.prefilter import Prefilter, elsewhere, prefilter
from bridge.core.query.reading import calendar_filter, card_filter
from bridge.core.query.zone import query_zone
from bridge.errors import Invalid
from bridge.store.views import Resource
from plugins.reports.multistatus import Answer, multistatus, truncated
from plugins.reports.properties import layout
from plugins.reports.request import CALDAV, CARDDAV, Target, read_limit
from plugins.reports.sync import with_texts

_BATCH = 500


@dataclass(frozen=True, slots=True)
class Wanted:
    """A filter, what the database can answer of it, and the zone in which floating times are meant."""

    filter: Filter
    hint: Prefilter
    floating: tzinfo

    def fits(self, resource: Resource) -> bool:
        """Say whether the text of a resource satisfies the filter."""
        try:
            (whole,) = parse(resource.text)
        except (Invalid, ValueError):  # an odd resource is not found, but does no harm (D18)
            return False
        return matches(whole, self.filter, self.floating)


def calendar_query(request: Element, target: Target) -> Answer:
    """Return the calendar object resources that satisfy the filter; without a filter, all."""
    element = request.find(f"{CALDAV}filter")
    return _query(request, target, CompFilter("VCALENDAR") if element is None else calendar_filter(element))


def addressbook_query(request: Element, target: Target) -> Answer:
    """Return the address objects that satisfy the filter, at most ``nresults`` of them."""
    element = request.find(f"{CARDDAV}filter")
    return _query(request, target, CardFilter() if element is None else card_filter(element))


def _query(request: Element, target: Target, wanted: Filter) -> Answer:
    usual = ZoneInfo(target.collection.floating_zone)
    floating = query_zone(request) or usual
    look = layout(request, target.collection, target.root, floating)
    limit = read_limit(request)
    hint = prefilter(wanted) if floating == usual else elsewhere(prefilter(wanted))
    if look.only_tags and hint.everything(target.collection.component) and limit is None and not target.name:
        return multistatus(look.tags(target.reader.tags(target.collection)), free_text=look.free_text)
    found = _found(target, Wanted(wanted, hint, floating), text=look.needs_text)
    kept = list(found if limit is None else islice(found, limit))
    more = limit is not None and next(found, None) is not None
    complete = with_texts(kept, target) if look.needs_text else kept
    responses = look.responses(complete)
    if more:
        responses.append(truncated(target.root))
    return multistatus(responses, free_text=look.free_text)


def _found(target: Target, wanted: Wanted, *, text: bool) -> Iterator[Resource]:
    hint = wanted.hint
    if hint.component and hint.component != target.collection.component:
        return iter(())
    plain = hint.exact and not hint.bounded
    candidates = _candidates(target, hint, text=text or not hint.exact)
    return candidates if plain else _checked(candidates, target, wanted)


def _candidates(target: Target, hint: Prefilter, *, text: bool) -> Iterator[Resource]:
    reader, collection = target.reader, target.collection
    if target.name:
        return iter(reader.get_many(collection, [target.name]).values())
    if hint.bounded:
        # A task that is due exactly at the end of the range is in it (RFC 4791 9.9), hence a second more.
        end = None if hint.end is None else hint.end + 1
        return reader.in_range(collection, hint.start, end, text=text)
    return reader.search(collection, hint.needle) if hint.needle else reader.listing(collection, text=text)


def _checked(candidates: Iterator[Resource], target: Target, wanted: Wanted) -> Iterator[Resource]:
    """Those that satisfy the filter: by their columns where that is exact, else by a look at the text."""
    hint = wanted.hint
    while batch := list(islice(candidates, _BATCH)):
        closer = [resource for resource in batch if not hint.exact or (resource.recurring and not resource.settled)]
        looked = {resource.href: resource for resource in with_texts(closer, target)}
        for resource in batch:
            seen = looked.get(resource.href)
            if wanted.fits(seen) if seen is not None else resource.settled or _in_span(resource, hint):
                yield seen or resource


def _in_span(resource: Resource, hint: Prefilter) -> bool:
    return resource.first_start is not None and touches(resource.first_start, resource.last_end, hint.start, hint.end)
