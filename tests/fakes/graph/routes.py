"""What each address of Graph does with a mailbox."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote, urlsplit

from tests.fakes.graph import checks, contacts, shapes
from tests.fakes.graph.answers import DATE, Refusal, not_found, ok
from tests.fakes.graph.contacts import FakeFolder
from tests.fakes.graph.events import FakeCalendar, minimal, shown
from tests.fakes.graph.rounds import sliced
from tests.providers.servers import Reply, Request

if TYPE_CHECKING:
    from tests.fakes.graph.server import FakeGraph

Raw = dict[str, Any]
Judged = tuple[Reply, list[str]]

_ID = r"([^/]+)"
_CALENDAR = rf"/me/calendars/{_ID}"
_FOLDER = rf"/me(?:/contactFolders/{_ID})?/contacts"
_ROUTES = {
    "subscriptions.create": ("POST", "/subscriptions"),
    "subscriptions.renew": ("PATCH", f"/subscriptions/{_ID}"),
    "subscriptions.delete": ("DELETE", f"/subscriptions/{_ID}"),
    "me": ("GET", "/me"),
    "settings": ("GET", "/me/mailboxSettings/timeZone"),
    "calendars.list": ("GET", "/me/calendars"),
    "calendars.get": ("GET", _CALENDAR),
    "events.list": ("GET", f"{_CALENDAR}/events"),
    "events.create": ("POST", f"{_CALENDAR}/events"),
    "events.delta": ("GET", f"{_CALENDAR}/calendarView/delta"),
    "events.get": ("GET", f"{_CALENDAR}/events/{_ID}"),
    "events.patch": ("PATCH", f"{_CALENDAR}/events/{_ID}"),
    "events.delete": ("DELETE", f"{_CALENDAR}/events/{_ID}"),
    "events.instances": ("GET", f"{_CALENDAR}/events/{_ID}/instances"),
    "folders.list": ("GET", "/me/contactFolders"),
    "folders.get": ("GET", f"/me/contactFolders/{_ID}"),
    "folders.children": ("GET", f"/me/contactFolders/{_ID}/childFolders"),
    "contacts.list": ("GET", _FOLDER),
    "contacts.create": ("POST", _FOLDER),
    "contacts.delta": ("GET", f"{_FOLDER}/delta"),
    "contacts.get": ("GET", f"{_FOLDER}/{_ID}"),
    "contacts.patch": ("PATCH", f"{_FOLDER}/{_ID}"),
    "contacts.delete": ("DELETE", f"{_FOLDER}/{_ID}"),
    "photo.get": ("GET", rf"{_FOLDER}/{_ID}/photo/\$value"),
    "photo.put": ("PUT", rf"{_FOLDER}/{_ID}/photo/\$value"),
    "photo.delete": ("DELETE", rf"{_FOLDER}/{_ID}/photo/\$value"),
}
_OPTIONS = {
    "calendars.list": {"$top"},
    "calendars.get": {"$select"},
    "me": {"$select"},
    "events.list": {"$top", "$expand", "$filter", "$skip"},
    "events.delta": {"startDateTime", "endDateTime", "$deltatoken", "$skiptoken"},
    "events.get": {"$select", "$expand"},
    "events.instances": {"startDateTime", "endDateTime", "$top", "$skip"},
    "folders.list": {"$top"},
    "folders.children": {"$top"},
    "folders.get": {"$select"},
    "contacts.list": {"$top", "$expand", "$filter", "$skip"},
    "contacts.delta": {"$select", "$deltatoken", "$skiptoken"},
    "contacts.get": {"$expand"},
}
_BY_KEY = re.compile(r"singleValueExtendedProperties/Any\(ep: ep/id eq '([^']+)' and ep/value eq '((?:[^']|'')*)'\)")


@dataclass(frozen=True)
class Asked:
    """A request, taken apart."""

    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes

    @staticmethod
    def of(request: Request, root: str) -> Asked:
        parts = urlsplit(request.path)
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        return Asked(parts.path.removeprefix(root), query, request.headers, request.body)

    @property
    def prefer(self) -> str:
        return self.headers.get("prefer", "")

    @property
    def size(self) -> int:
        """The size of a page that is wished for."""
        found = re.search(r"odata\.maxpagesize=(\d+)", self.prefer)
        return int(found[1]) if found else 10

    def json(self) -> Raw:
        found = json.loads(self.body or b"{}")
        assert isinstance(found, dict)
        return found


def call_id(method: str, path: str) -> str:
    """What a request is for; nothing where nobody knows."""
    return next((name for name, (verb, form) in _ROUTES.items() if verb == method and re.fullmatch(form, path)), "")


def answer(fake: FakeGraph, name: str, asked: Asked) -> Judged:
    """Carry out a request. Raises ``Refusal``."""
    if name not in _ROUTES:
        return Refusal(400, "BadRequest", "Resource not found for the segment.").reply, [f"there is no {name}"]
    wrong = [f"{name} has no {option}" for option in asked.query.keys() - _OPTIONS.get(name, set())]
    found = re.fullmatch(_ROUTES[name][1], asked.path)
    ids = [unquote(each) if each is not None else None for each in (found.groups() if found else ())]
    kind, _, verb = name.partition(".")
    if kind == "events":
        reply, more = _of_events(fake, verb, ids, asked)
    elif kind in {"contacts", "photo"}:
        reply, more = _of_contacts(fake, kind, verb, ids, asked)
    elif kind == "subscriptions":
        reply, more = fake.subscriptions.answer(verb, ids, asked.json())
    else:
        reply, more = _of_mailbox(fake, name, ids, asked)
    return reply, wrong + more


def _of_mailbox(fake: FakeGraph, name: str, ids: list[str | None], asked: Asked) -> Judged:
    if name == "me":
        user = {"displayName": "Anna", "mail": "anna@example.com", "userPrincipalName": "anna@example.com"}
        return ok(user), list(shapes.check("user", user, name))
    if name == "settings":
        return ok({"value": fake.zone}), []
    if name == "calendars.list":
        rows = [_calendar(each) for each in fake.calendars.values()]
        return ok({"value": rows}), list(shapes.page("calendar", {"value": rows}, name))
    if name == "calendars.get":
        row = _calendar(_known(fake.calendars, ids[0]))
        return ok(_selected(row, asked)), list(shapes.check("calendar", row, name))
    if name == "folders.get":
        row = _folder(_known(fake.folders, ids[0]))
        return ok(_selected(row, asked)), list(shapes.check("folder", row, name))
    parent = "folder-root" if name == "folders.list" else ids[0]
    inside = [each for each in fake.folders.values() if each.parent == parent and each.id != contacts.DEFAULT]
    page = {"value": [_folder(each) for each in inside]}
    return ok(page), list(shapes.page("folder", page, name))


def _of_events(fake: FakeGraph, verb: str, ids: list[str | None], asked: Asked) -> Judged:
    calendar = _known(fake.calendars, ids[0])
    act: Callable[[FakeGraph, FakeCalendar, str, Asked], Judged] = _EVENTS[verb]
    if verb in {"create", "patch", "delete"} and not calendar.editable:
        raise Refusal(403, "ErrorAccessDenied", "Access is denied. Check credentials and try again.")
    return act(fake, calendar, (ids[1] if len(ids) > 1 else "") or "", asked)


def _list_events(fake: FakeGraph, calendar: FakeCalendar, _: str, asked: Asked) -> Judged:
    raws = [item.raw for item in calendar.items.values()]
    raws = [raw for raw in raws if _has_key(raw["properties"], asked)]
    rows = [shown(calendar, raw, asked.query, "UTC", alone=False) for raw in raws]
    page = sliced(f"{fake.url}/v1.0{asked.path}", rows, asked.query, calendar.page)
    return ok(page), list(shapes.page("event", page, "events.list"))


def _create_event(_: FakeGraph, calendar: FakeCalendar, __: str, asked: Asked) -> Judged:
    body = asked.json()
    wrong = checks.mistakes(body, new=True)
    row = shown(calendar, calendar.create(body), {}, "UTC", alone=False)
    return ok(row, 201), wrong + list(shapes.check("event", row, "events.create"))


def _delta_events(fake: FakeGraph, calendar: FakeCalendar, _: str, asked: Asked) -> Judged:
    url = f"{fake.url}/v1.0{asked.path}"
    if "$skiptoken" in asked.query:
        rows, latest, window = calendar.rounds.rest(asked.query["$skiptoken"])
    else:
        since, window = 0, None
        if "$deltatoken" in asked.query:
            since, window = calendar.rounds.position(asked.query["$deltatoken"])
        else:
            window = _window(asked)
        raws, latest = calendar.told(since, window), calendar.latest
        rows = [_row(calendar, raw) for raw in raws]
    page = calendar.rounds.page(url, rows, latest, window, min(asked.size, calendar.page))
    return ok(page), list(shapes.page("event", page, "events.delta"))


def _row(calendar: FakeCalendar, raw: Raw) -> Raw:
    """A row of a round: most occurrences are told in short."""
    if "@removed" in raw:
        return raw
    row = shown(calendar, raw, {}, "UTC", alone=False)
    return minimal(row) if raw["type"] == "occurrence" else row


def _get_event(_: FakeGraph, calendar: FakeCalendar, id_: str, asked: Asked) -> Judged:
    row = shown(calendar, calendar.find(id_), asked.query, "UTC", alone=True)
    judge = shapes.selected if "$select" in asked.query else shapes.check
    return ok(row), list(judge("event", row, "events.get"))


def _patch_event(_: FakeGraph, calendar: FakeCalendar, id_: str, asked: Asked) -> Judged:
    body = asked.json()
    wrong = checks.mistakes(body, new=False) + ([] if body else ["a patch of nothing"])
    row = shown(calendar, calendar.patch(id_, body, asked.headers.get("if-match", "")), {}, "UTC", alone=False)
    return ok(row), wrong + list(shapes.check("event", row, "events.patch"))


def _delete_event(_: FakeGraph, calendar: FakeCalendar, id_: str, asked: Asked) -> Judged:
    calendar.delete(id_, asked.headers.get("if-match", ""))
    return ok(), []


def _instances(fake: FakeGraph, calendar: FakeCalendar, id_: str, asked: Asked) -> Judged:
    rows = [shown(calendar, raw, {}, "UTC", alone=False) for raw in calendar.instances(id_, _window(asked))]
    page = sliced(f"{fake.url}/v1.0{asked.path}", rows, asked.query, calendar.page)
    return ok(page), list(shapes.page("event", page, "events.instances"))


_EVENTS = {
    "list": _list_events,
    "create": _create_event,
    "delta": _delta_events,
    "get": _get_event,
    "patch": _patch_event,
    "delete": _delete_event,
    "instances": _instances,
}


def _of_contacts(fake: FakeGraph, kind: str, verb: str, ids: list[str | None], asked: Asked) -> Judged:
    folder = _known(fake.folders, ids[0] or contacts.DEFAULT)
    id_ = (ids[1] if len(ids) > 1 else "") or ""
    if kind == "photo":
        return _of_photo(folder, verb, id_, asked), []
    if verb in {"list", "delta"}:
        return _listed(fake, folder, verb, asked)
    if verb == "delete":
        folder.delete(id_)
        return ok(), []
    body = asked.json()
    wrong = contacts.mistakes(body) + (["a patch of nothing"] if verb == "patch" and not body else [])
    raw = {"create": lambda: folder.create(body), "patch": lambda: folder.patch(id_, body)}.get(
        verb, lambda: folder.find(id_)
    )()
    row = folder.shown(raw, asked.query)
    return ok(row, 201 if verb == "create" else 200), wrong + list(shapes.check("contact", row, f"contacts.{verb}"))


def _listed(fake: FakeGraph, folder: FakeFolder, verb: str, asked: Asked) -> Judged:
    url = f"{fake.url}/v1.0{asked.path}"
    if verb == "list":
        raws = [raw for raw in folder.contacts.values() if _has_key(raw["properties"], asked)]
        page = sliced(url, [folder.shown(raw, asked.query) for raw in raws], asked.query, folder.page)
        return ok(page), list(shapes.page("contact", page, "contacts.list"))
    if "$skiptoken" in asked.query:
        rows, latest, select = folder.rounds.rest(asked.query["$skiptoken"])
    else:
        since, select = 0, asked.query.get("$select", "")
        if "$deltatoken" in asked.query:
            since, select = folder.rounds.position(asked.query["$deltatoken"])
        rows = [folder.shown(raw, {"$select": select}) for raw in folder.told(since)]
        latest = folder.latest
    page = folder.rounds.page(url, rows, latest, select, min(asked.size, folder.page))
    return ok(page), list(shapes.page("contact", page, "contacts.delta"))


def _of_photo(folder: FakeFolder, verb: str, id_: str, asked: Asked) -> Reply:
    if verb == "put":
        folder.set_picture(id_, asked.body, asked.headers.get("content-type", ""))
        return ok(status=200)
    if verb == "delete":
        folder.remove_picture(id_)
        return ok()
    data, media_type = folder.picture(id_)
    return Reply(200, {"Content-Type": media_type, "Date": DATE}, data)


def _known(things: Mapping[str, Any], id_: str | None) -> Any:
    if id_ is None or id_ not in things:
        raise not_found()
    return things[id_]


def _has_key(properties: Mapping[str, str], asked: Asked) -> bool:
    if "$filter" not in asked.query:
        return True
    found = _BY_KEY.fullmatch(asked.query["$filter"])
    if found is None:
        raise Refusal(400, "BadRequest", "Invalid filter clause.")
    return properties.get(found[1]) == found[2].replace("''", "'")


def _window(asked: Asked) -> tuple[datetime, datetime]:
    try:
        begin, end = (datetime.fromisoformat(asked.query[name]) for name in ("startDateTime", "endDateTime"))
    except (KeyError, ValueError) as error:
        raise Refusal(400, "ErrorInvalidParameter", "This request requires a time window.") from error
    if (end - begin).days > 1825:
        raise Refusal(400, "ErrorCalendarViewRangeTooBig", "The range is too big.")
    return begin.astimezone(UTC), end.astimezone(UTC)


def _selected(row: Raw, asked: Asked) -> Raw:
    wanted = asked.query.get("$select", "").split(",")
    return {name: value for name, value in row.items() if not wanted[0] or name in {"id", *wanted}}


def _calendar(calendar: FakeCalendar) -> Raw:
    return {
        "id": calendar.id,
        "name": calendar.name,
        "color": "auto",
        "hexColor": "",
        "canEdit": calendar.editable,
        "canShare": True,
        "canViewPrivateItems": True,
        "isDefaultCalendar": calendar.default,
        "isRemovable": not calendar.default,
        "isTallyingResponses": calendar.default,
        "changeKey": "1",
        "owner": {"name": "Anna", "address": calendar.owner},
        "defaultOnlineMeetingProvider": "unknown",
        "allowedOnlineMeetingProviders": ["unknown"],
    }


def _folder(folder: FakeFolder) -> Raw:
    return {"id": folder.id, "displayName": folder.name, "parentFolderId": folder.parent}
