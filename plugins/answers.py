"""Turn errors into answers that DAV clients and people understand (D14): a status, a condition, a sentence."""

from http import HTTPStatus
from urllib.parse import unquote
from xml.etree.ElementTree import Element, SubElement

from radicale import types, xmlutils

from bridge.errors import (
    BridgeError,
    Conflict,
    Invalid,
    NotAllowed,
    NotFound,
    PreconditionFailed,
    TemporaryError,
    TooManyTries,
)
from bridge.services.principals import CONTACTS
from bridge.store.models.resources import CollectionKind
from plugins.fragments import restore
from plugins.reports.dispatch import supported
from plugins.reports.multistatus import refusal
from plugins.requests import TooLarge, UnknownCharset

EVERYWHERE = tuple(
    f"{{DAV:}}{name}" for name in ("expand-property", "principal-property-search", "principal-search-property-set")
)
"""The reports that any resource answers (``plugins.principal_reports``)."""

_PLAIN = "text/plain"


def error_response(error: BridgeError) -> types.WSGIResponse:
    """The answer to a request that failed."""
    if isinstance(error, Invalid | NotAllowed | NotFound | Conflict):
        answer = refusal(error)
        return answer.status, {"Content-Type": answer.content_type}, answer.body, None
    if isinstance(error, PreconditionFailed):
        return _plain(HTTPStatus.PRECONDITION_FAILED, error)
    if isinstance(error, TooLarge):
        return _plain(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, error)
    if isinstance(error, UnknownCharset):
        return _plain(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, error)
    if isinstance(error, TemporaryError):
        status, headers, body, request = _plain(HTTPStatus.SERVICE_UNAVAILABLE, error)
        return status, {**dict(headers), "Retry-After": "5"}, body, request
    if isinstance(error, TooManyTries):
        status, headers, body, request = _plain(HTTPStatus.TOO_MANY_REQUESTS, error)
        return status, {**dict(headers), "Retry-After": str(int(error.retry_after.total_seconds()))}, body, request
    raise error


def _plain(status: HTTPStatus, error: BridgeError) -> types.WSGIResponse:
    sentence = f"{error} {error.remedy}".strip()
    return status, {"Content-Type": _PLAIN}, sentence, None


def tidy_multistatus(root: Element, addresses: tuple[str, ...]) -> None:
    """Mend what Radicale's PROPFIND answers get wrong for real clients, in place.

    The ``200 OK`` propstat comes first (D9). ``addresses`` become the ``calendar-user-address-set`` (D6). Home sets
    name the principal that the response is about (D10). Only vCard 3.0 is advertised (D2), and only reports that are
    answered (D21). Properties that a client has set are given back as they were.
    """
    for response in root.findall("{DAV:}response"):
        href = response.findtext("{DAV:}href", "")
        propstats = response.findall("{DAV:}propstat")
        for propstat in sorted(propstats, key=lambda found: " 200 " not in found.findtext("{DAV:}status", "")):
            response.remove(propstat)
            response.append(propstat)
            for prop in propstat.iterfind("{DAV:}prop/*"):
                _tidy_property(prop, href, addresses)


_HOMES = {
    xmlutils.make_clark("C:calendar-home-set"),
    xmlutils.make_clark("CR:addressbook-home-set"),
    xmlutils.make_clark("D:principal-URL"),
}
_ADDRESSES = xmlutils.make_clark("C:calendar-user-address-set")
_REPORTS = xmlutils.make_clark("D:supported-report-set")
_QUERIES = {
    xmlutils.make_clark("C:calendar-query"): CollectionKind.CALENDAR,
    xmlutils.make_clark("CR:addressbook-query"): CollectionKind.ADDRESS_BOOK,
}
_VERSIONS = xmlutils.make_clark("CR:supported-address-data")


def _tidy_property(prop: Element, href: str, addresses: tuple[str, ...]) -> None:
    if prop.tag in _HOMES and len(prop):
        _set_hrefs(prop, (href,))
    elif prop.tag == _ADDRESSES and len(prop):
        _set_hrefs(prop, (*addresses, href))
    elif prop.tag == _VERSIONS:
        for version in [found for found in prop if found.get("version") != "3.0"]:
            prop.remove(version)
    elif prop.tag == _REPORTS and len(prop):
        _set_reports(prop, href)
    else:
        restore(prop)


def _set_reports(prop: Element, href: str) -> None:
    """What Radicale announces tells the kind of a collection; it announces too little on a resource (RFC 4791 7)."""
    listed = {found.tag for found in prop.iter()}
    names: tuple[str, ...] = ()
    if not href.endswith("/"):
        in_book = unquote(href).split("/")[-2:-1] == [CONTACTS]
        kind = CollectionKind.ADDRESS_BOOK if in_book else CollectionKind.CALENDAR
        names = supported(kind, resource=True)
    elif _QUERIES.keys() & listed:
        names = next(supported(kind) for tag, kind in _QUERIES.items() if tag in listed)
    prop.clear()
    for name in (*EVERYWHERE, *names):
        report = SubElement(SubElement(prop, "{DAV:}supported-report"), "{DAV:}report")
        SubElement(report, name)


def _set_hrefs(prop: Element, hrefs: tuple[str, ...]) -> None:
    prop.clear()
    for address in hrefs:
        child = Element("{DAV:}href")
        child.text = address
        prop.append(child)
