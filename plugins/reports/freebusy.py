"""free-busy-query (RFC 4791 7.10)."""

from collections.abc import Iterator
from xml.etree.ElementTree import Element
from zoneinfo import ZoneInfo

from bridge.core.contentline import Component, parse
from bridge.core.query.freebusy import free_busy
from bridge.core.query.reading import bounded_range
from bridge.errors import Invalid, NotAllowed
from bridge.store.views import Resource
from plugins.reports.multistatus import Answer
from plugins.reports.request import CALDAV, Target


def free_busy_query(request: Element, target: Target) -> Answer:
    """Return a VFREEBUSY with the busy times of a calendar.

    Its DTSTAMP is when the calendar last changed, which is as of when the information is right.
    """
    if target.name:
        raise NotAllowed("Only a calendar has free and busy times.", condition="D:supported-report")
    element = request.find(f"{CALDAV}time-range")
    if element is None:
        raise Invalid("A time-range is needed.", condition="C:valid-filter")
    start, end = bounded_range(element)
    collection = target.collection
    found = target.reader.in_range(collection, start, end, text=True)
    text = free_busy(_calendars(found), (start, end), ZoneInfo(collection.floating_zone), collection.modified_at)
    return Answer(200, text.encode(), "text/calendar; charset=utf-8")


def _calendars(resources: Iterator[Resource]) -> Iterator[Component]:
    for resource in resources:
        try:
            yield from parse(resource.text)
        except Invalid:  # an odd resource must not hide the others (D18)
            continue
