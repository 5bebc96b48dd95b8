"""The zone in which a query means floating times and dates (RFC 4791 9.8, RFC 7809 7.1)."""

from datetime import tzinfo
from xml.etree.ElementTree import Element

from bridge.core.contentline import Component, parse
from bridge.core.query.reading import CALDAV
from bridge.core.timezones import resolve
from bridge.errors import Invalid


def query_zone(request: Element) -> tzinfo | None:
    """Return the zone that a calendar-query names by ``C:timezone`` or ``C:timezone-id``, ``None`` without one.

    Raises ``Invalid`` with ``C:valid-calendar-data`` for a text that is no time zone and ``C:valid-timezone`` for an
    identifier that nobody knows.
    """
    name = request.findtext(f"{CALDAV}timezone-id")
    if name is not None:
        zone = resolve(name)
        if zone is None:
            raise Invalid("The time zone of the query is not known here.", condition="C:valid-timezone")
        return zone
    text = request.findtext(f"{CALDAV}timezone")
    return None if text is None else _from_text(text)


def _from_text(text: str) -> tzinfo:
    calendar = _calendar(text)
    zones = [component for component in calendar.components if component.name == "VTIMEZONE"]
    zone = resolve(zones[0].value("TZID"), calendar) if len(zones) == 1 else None
    if zone is None:
        raise Invalid("The time zone of the query is not one VTIMEZONE.", condition="C:valid-calendar-data")
    return zone


def _calendar(text: str) -> Component:
    try:
        found = parse(text.strip())
    except Invalid as error:
        raise Invalid(str(error), condition="C:valid-calendar-data") from None
    return found[0] if len(found) == 1 else Component("")
