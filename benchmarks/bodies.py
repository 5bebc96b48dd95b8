"""The XML that is sent: the same bodies for every server, as common clients write them."""

from collections.abc import Iterable
from datetime import datetime
from urllib.parse import quote

_NAMESPACES = (
    'xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav" '
    'xmlns:CR="urn:ietf:params:xml:ns:carddav" xmlns:CS="http://calendarserver.org/ns/"'
)
CALENDAR_DATA, ADDRESS_DATA = "<C:calendar-data/>", "<CR:address-data/>"


def _body(tag: str, inner: str) -> bytes:
    return f'<?xml version="1.0" encoding="utf-8"?>\n<{tag} {_NAMESPACES}>{inner}</{tag}>'.encode()


def _prop(*names: str) -> str:
    return f"<D:prop>{''.join(names)}</D:prop>"


POLL = _body("D:propfind", _prop("<CS:getctag/>", "<D:sync-token/>"))
ETAGS = _body("D:propfind", _prop("<D:getetag/>"))
ALL_EVENTS = _body(
    "C:calendar-query",
    _prop("<D:getetag/>")
    + '<C:filter><C:comp-filter name="VCALENDAR"><C:comp-filter name="VEVENT"/></C:comp-filter></C:filter>',
)


def sync(token: str) -> bytes:
    """Build a sync-collection since a token; an empty one asks for everything (RFC 6578)."""
    level = "<D:sync-level>1</D:sync-level>"
    return _body("D:sync-collection", f"<D:sync-token>{token}</D:sync-token>{level}{_prop('<D:getetag/>')}")


def multiget(paths: Iterable[str], *, cards: bool = False) -> bytes:
    """Build a calendar-multiget or addressbook-multiget with texts."""
    hrefs = "".join(f"<D:href>{quote(path)}</D:href>" for path in paths)
    if cards:
        return _body("CR:addressbook-multiget", _prop("<D:getetag/>", ADDRESS_DATA) + hrefs)
    return _body("C:calendar-multiget", _prop("<D:getetag/>", CALENDAR_DATA) + hrefs)


def between(start: datetime, end: datetime) -> bytes:
    """Build a calendar-query with a time range in UTC, with texts (RFC 4791 9.9)."""
    span = f'<C:time-range start="{start:%Y%m%dT%H%M%SZ}" end="{end:%Y%m%dT%H%M%SZ}"/>'
    inner = f'<C:comp-filter name="VCALENDAR"><C:comp-filter name="VEVENT">{span}</C:comp-filter></C:comp-filter>'
    return _body("C:calendar-query", f"{_prop('<D:getetag/>', CALENDAR_DATA)}<C:filter>{inner}</C:filter>")


def containing(name: str, text: str) -> bytes:
    """Build an addressbook-query for cards in which a property contains a text (RFC 6352 10.5.4)."""
    match = f'<CR:text-match collation="i;unicode-casemap" match-type="contains">{text}</CR:text-match>'
    inner = f'<CR:prop-filter name="{name}">{match}</CR:prop-filter>'
    return _body("CR:addressbook-query", f"{_prop('<D:getetag/>', ADDRESS_DATA)}<CR:filter>{inner}</CR:filter>")
