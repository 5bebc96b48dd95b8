"""Calendar API v3: calendars, events, series with exceptions, sync tokens."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from bridge.core import ical, recurrence
from bridge.core.event import Event
from bridge.core.ical_values import timestamp
from tests.fakes.google.answers import Refusal, ok
from tests.fakes.google.channels import FakeChannels
from tests.fakes.google.discovery import Call
from tests.harness import NOW
from tests.providers.servers import Reply

Raw = dict[str, Any]
Query = Mapping[str, Sequence[str]]

_SERVER_MADE = ("kind", "id", "etag", "created", "updated", "creator", "organizer", "iCalUID", "htmlLink")
_IMMUTABLE = (*_SERVER_MADE, "recurringEventId", "originalStartTime")
_NOT_WITH_TOKEN = {"iCalUID", "orderBy", "privateExtendedProperty", "q", "timeMin", "timeMax", "updatedMin"}
_MOST_PRIVATE = 32 * 1024


@dataclass
class FakeCalendar:
    """One calendar. ``changed`` numbers the latest change of each event; tokens below ``oldest`` have expired."""

    id: str
    owner: str
    name: str
    role: str = "owner"
    zone: str = "Europe/Riga"
    defaults: list[Raw] = field(default_factory=list)
    events: dict[str, Raw] = field(default_factory=dict)
    changed: dict[str, int] = field(default_factory=dict)
    oldest: int = 0
    latest: int = 0
    page: int = 2500
    mails: int = 0
    takes_conferences: bool = True
    now: Callable[[], datetime] = lambda: NOW
    _pages: dict[str, tuple[list[Raw], str]] = field(default_factory=dict)

    def touch(self, id_: str) -> Raw:
        """Give an event its next version."""
        self.latest += 1
        self.changed[id_] = self.latest
        moment = self.now() + timedelta(milliseconds=self.latest)
        self.events[id_]["etag"] = f'"{3_568_771_000_000_000 + self.latest}"'
        self.events[id_]["updated"] = moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return deepcopy(self.events[id_])

    def get(self, id_: str) -> Raw:
        """One event, also a cancelled one. Occurrences of a series that are no exceptions are made up."""
        found = self.events.get(id_) or self._occurrence(id_)
        if found is None:
            raise Refusal(404, "Not Found", "notFound")
        return found

    def insert(self, body: Raw, version: int = 0) -> Raw:
        id_ = body.get("id") or f"made{self.latest + 1:05}"
        if not re.fullmatch(r"[a-v0-9]{5,1024}", id_):
            raise Refusal(400, "Invalid resource id value.", "invalid")
        if id_ in self.events:
            raise Refusal(409, "The requested identifier already exists.", "duplicate")
        self.events[id_] = self._with_own(id_, body, {}, version)
        return self.touch(id_)

    def replace(self, id_: str, body: Raw, version: int = 0) -> Raw:
        before = self.get(id_)
        timing = any(before.get(name) != body.get(name) for name in ("start", "recurrence"))
        self.events[id_] = self._with_own(id_, body, before, version)
        stored = self.touch(id_)
        if timing and before.get("recurrence"):
            self._drop_strays(id_)
        return stored

    def delete(self, id_: str) -> None:
        before = self.get(id_)
        if before.get("status") == "cancelled":
            raise Refusal(410, "Resource has been deleted", "deleted")
        kept = ("kind", "id", "iCalUID", "recurringEventId", "originalStartTime")
        self.events[id_] = {name: before[name] for name in kept if name in before} | {"status": "cancelled"}
        self.touch(id_)
        for each in [each["id"] for each in self.events.values() if each.get("recurringEventId") == id_]:
            self.events[each]["status"] = "cancelled"
            self.touch(each)

    def instances(self, id_: str, original: str, *, deleted: bool) -> list[Raw]:
        """The occurrence of a series that was to begin at ``original``."""
        wanted = date.fromisoformat(original) if len(original) == 10 else datetime.fromisoformat(original)
        name = instance_id(id_, wanted)
        found = self.events.get(name) or self._occurrence(name)
        return [found] if found and (deleted or found.get("status") != "cancelled") else []

    def listed(self, query: Query) -> Raw:
        """A page of a complete or incremental listing."""
        page_token = _one(query, "pageToken")
        if page_token:
            if page_token not in self._pages:
                raise Refusal(400, "Invalid page token value.", "invalid")
            rows, token = self._pages[page_token]
        else:
            rows, token = self._rows(query), f"{self.latest} {json.dumps(_settings(query))}"
        size = min(int(_one(query, "maxResults") or 250), self.page)
        answer: Raw = {
            "kind": "calendar#events",
            "etag": f'"{self.latest}"',
            "summary": self.name,
            "accessRole": self.role,
        }
        answer |= {"timeZone": self.zone, "defaultReminders": self.defaults, "items": deepcopy(rows[:size])}
        if len(rows) > size:
            following = f"page-{len(self._pages)}"
            self._pages[following] = (rows[size:], token)
            return answer | {"nextPageToken": following}
        return answer | {"nextSyncToken": token}

    def _rows(self, query: Query) -> list[Raw]:
        """What a listing holds; exceptions come before their masters, which nobody has promised not to happen."""
        token = _one(query, "syncToken")
        if token:
            since = self._since(token, query)
            rows = [event for id_, event in self.events.items() if self.changed[id_] > since]
            return sorted((self._told(event) for event in rows), key=_is_no_exception)
        rows = [event for event in self.events.values() if self._is_listed(event)]
        kinds, uid = query.get("eventTypes", ()), _one(query, "iCalUID")
        rows = [each for each in rows if not kinds or each.get("eventType", "default") in kinds]
        return sorted((each for each in rows if uid in ("", each.get("iCalUID"))), key=_is_no_exception)

    def _since(self, token: str, query: Query) -> int:
        if _NOT_WITH_TOKEN & query.keys():
            raise Refusal(400, "Sync token cannot be used with these parameters.", "badRequest")
        number, _, settings = token.partition(" ")
        if not number.isdigit():
            raise Refusal(400, "Invalid sync token value.", "invalid")
        if json.loads(settings) != _settings(query):
            raise Refusal(400, "The parameters differ from those of the sync token.", "badRequest")
        if int(number) < self.oldest:
            text = "Sync token is no longer valid, a full sync is required."
            raise Refusal(410, text, "fullSyncRequired", "ABORTED")
        return int(number)

    def _is_listed(self, event: Raw) -> bool:
        """Deleted events are not; cancelled instances of a series that is there are."""
        if event.get("status") != "cancelled":
            return True
        master = self.events.get(event.get("recurringEventId", ""))
        return master is not None and master.get("status") != "cancelled"

    def _told(self, event: Raw) -> Raw:
        if event.get("status") != "cancelled":
            return event
        kept = ("kind", "id", "etag", "status")
        alive = self._is_listed(event)
        return {name: event[name] for name in (*kept, *(("recurringEventId", "originalStartTime") if alive else ()))}

    def _with_own(self, id_: str, body: Raw, before: Raw, version: int) -> Raw:
        _check(body)
        event = {name: value for name, value in body.items() if name not in _SERVER_MADE and value is not None}
        person = {"email": self.owner, "self": True}
        own = {"kind": "calendar#event", "id": id_, "creator": person, "organizer": person}
        own |= {"created": NOW.isoformat().replace("+00:00", "Z"), "htmlLink": "https://example.com/event"}
        own |= {"iCalUID": f"{id_}@google.com", "eventType": "default", "status": "confirmed"}
        if version < 1:
            event.pop("conferenceData", None)
            event |= {name: before[name] for name in ("conferenceData",) if name in before}
        elif event.get("conferenceData") != before.get("conferenceData") and not self.takes_conferences:
            raise Refusal(400, "Invalid conference data.", "invalid")
        kept = {
            name: before[name] for name in (*_SERVER_MADE, "recurringEventId", "originalStartTime") if name in before
        }
        event = {"reminders": {"useDefault": True}, **own, **event, **kept}
        for name in ("start", "end"):
            event[name] = self._in_own_zone(event[name])
        return event

    def _in_own_zone(self, moment: Raw) -> Raw:
        """Times are told in the zone of the calendar, beside the name of their own."""
        if "dateTime" not in moment:
            return moment
        zone = ZoneInfo(moment.get("timeZone", self.zone))
        found = datetime.fromisoformat(moment["dateTime"])
        found = found if found.tzinfo else found.replace(tzinfo=zone)
        text = found.astimezone(ZoneInfo(self.zone)).isoformat()
        return {"dateTime": text, "timeZone": moment.get("timeZone", self.zone)}

    def _occurrence(self, id_: str) -> Raw | None:
        master_id, _, at = id_.rpartition("_")
        master = self.events.get(master_id)
        if not master or not master.get("recurrence") or master.get("status") == "cancelled":
            return None
        start = _parsed(at)
        found = next((each for each in _occurrences(master, start) if instance_id(master_id, each[0]) == id_), None)
        if found is None:
            return None
        zone = master["start"].get("timeZone")
        times = {name: _written(moment, zone) for name, moment in zip(("start", "end"), found, strict=True)}
        copied = {name: value for name, value in deepcopy(master).items() if name != "recurrence"}
        return copied | times | {"id": id_, "recurringEventId": master_id, "originalStartTime": times["start"]}

    def _drop_strays(self, master_id: str) -> None:
        """Exceptions whose occurrence is no more go without a trace."""
        for id_ in [each["id"] for each in self.events.values() if each.get("recurringEventId") == master_id]:
            if self._occurrence(id_) is None:
                del self.events[id_]
                del self.changed[id_]


@dataclass
class FakeCalendars:
    """The calendars of an account. The first one is the primary one, whose id is the address."""

    address: str
    known: dict[str, FakeCalendar] = field(default_factory=dict)
    channels: FakeChannels = field(default_factory=FakeChannels)

    def __post_init__(self) -> None:
        self.add(self.address, "Anna")

    @property
    def primary(self) -> FakeCalendar:
        return self.known[self.address]

    def add(self, id_: str, name: str, role: str = "owner") -> FakeCalendar:
        self.known[id_] = FakeCalendar(id_, self.address, name, role)
        return self.known[id_]

    def answer(self, call: Call, query: Query, body: Raw, headers: Mapping[str, str]) -> Reply:
        """Carry out a request."""
        resource, method = call.id.removeprefix("calendar.").split(".")
        if resource == "calendarList":
            return self._calendar_list(method, call.values)
        if (resource, method) == ("channels", "stop"):
            return self.channels.stop(body)
        if resource != "events" or method not in {"list", "get", "insert", "update", "delete", "instances", "watch"}:
            raise Refusal(501, f"{call.id} is not in this Google.", "notImplemented")
        calendar = self.known.get(self.address if call.values[0] == "primary" else call.values[0])
        if calendar is None:
            raise Refusal(404, "Not Found", "notFound")
        if method in {"insert", "update", "delete"} and calendar.role not in {"owner", "writer"}:
            raise Refusal(403, "You need to have writer access to this calendar.", "requiredAccessLevel")
        if method == "watch":
            return self.channels.watch(calendar.id, calendar.latest, body)
        if method in {"list", "insert"}:
            return _of_all(calendar, method, query, body)
        return _of_one(calendar, method, call.values[1], query, body, headers)

    def tell(self) -> list[int]:
        """Send the messages that are due: the statuses of the answers to them."""
        return self.channels.tell(lambda id_: self.known[id_].latest if id_ in self.known else 0)

    def _calendar_list(self, method: str, values: Sequence[str]) -> Reply:
        if method == "list":
            items = [self._entry(each) for each in self.known.values()]
            return ok({"kind": "calendar#calendarList", "items": items, "etag": '"1"', "nextSyncToken": "1"})
        calendar = self.known.get(self.address if values[0] == "primary" else values[0])
        if method != "get" or calendar is None:
            raise Refusal(404, "Not Found", "notFound")
        return ok(self._entry(calendar))

    def _entry(self, calendar: FakeCalendar) -> Raw:
        entry: Raw = {"kind": "calendar#calendarListEntry", "etag": '"1"', "id": calendar.id, "summary": calendar.name}
        entry |= {"timeZone": calendar.zone, "accessRole": calendar.role, "backgroundColor": "#9FE1E7"}
        return entry | ({"primary": True} if calendar.id == self.address else {})


def _of_all(calendar: FakeCalendar, method: str, query: Query, body: Raw) -> Reply:
    if method == "list":
        return ok(calendar.listed(query))
    stored = calendar.insert(body, int(_one(query, "conferenceDataVersion") or 0))
    _mail(calendar, stored, query)
    return ok(stored)


def _of_one(
    calendar: FakeCalendar, method: str, id_: str, query: Query, body: Raw, headers: Mapping[str, str]
) -> Reply:
    if method == "instances":
        wanted = _one(query, "originalStart")
        items = calendar.instances(id_, wanted, deleted=_one(query, "showDeleted") == "true")
        return ok({"kind": "calendar#events", "items": items, "timeZone": calendar.zone})
    found = calendar.get(id_)
    if method == "get":
        return ok(found)
    if headers.get("if-match", found["etag"]) != found["etag"]:
        raise Refusal(412, "Precondition Failed", "conditionNotMet")
    _mail(calendar, found, query)
    if method == "delete":
        calendar.delete(id_)
        return ok()
    return ok(calendar.replace(id_, body, int(_one(query, "conferenceDataVersion") or 0)))


def _mail(calendar: FakeCalendar, event: Raw, query: Query) -> None:
    if _one(query, "sendUpdates") in {"all", "externalOnly"}:
        calendar.mails += sum(not each.get("self") for each in event.get("attendees", []))


def _is_no_exception(event: Raw) -> bool:
    return "recurringEventId" not in event


def instance_id(master: str, at: date | datetime) -> str:
    """How Google calls an occurrence."""
    if isinstance(at, datetime):
        return f"{master}_{at.astimezone(UTC):%Y%m%dT%H%M%SZ}"
    return f"{master}_{at:%Y%m%d}"


def _check(body: Raw) -> None:
    moments = [body.get(name) or {} for name in ("start", "end")]
    values = [str(moment.get("date") or moment.get("dateTime") or "") for moment in moments]
    if "" in values:
        raise Refusal(400, "Missing end time.", "required")
    if ("date" in moments[0]) is not ("date" in moments[1]):
        raise Refusal(400, "Start and end times must either both be date or both be dateTime.", "invalid")
    start, end = (datetime.fromisoformat(value) for value in values)
    if end < start or ("date" in moments[0] and end == start):
        raise Refusal(400, "The specified time range is empty.", "timeRangeEmpty")
    if body.get("recurrence") and "dateTime" in moments[0] and not all(each.get("timeZone") for each in moments):
        raise Refusal(400, "Missing time zone definition for start time.", "required")
    own = body.get("extendedProperties", {}).get("private", {})
    if any(len(k) > 44 or len(v) > 1024 for k, v in own.items()) or len(json.dumps(own)) > _MOST_PRIVATE:
        raise Refusal(400, "Extended properties are too long.", "invalid")
    for row in body.get("reminders", {}).get("overrides", []):
        if not 0 <= row["minutes"] <= 40320 or row["method"] not in {"email", "popup"}:
            raise Refusal(400, "Invalid reminder.", "invalid")


def _occurrences(master: Raw, near: date | datetime) -> list[tuple[Any, Any]]:
    start, end = (_moment(master[name]) for name in ("start", "end"))
    event = Event("x", summary="x", start=start, end=end, recurrence=tuple(master["recurrence"]))
    at = datetime.fromtimestamp(timestamp(near), UTC)
    day = timedelta(days=2)
    found = recurrence.occurrences(ical.draw(event, stamp=NOW), at - day, at + day, UTC)
    return [(each.recurrence_id, each.end) for each in found]


def _moment(found: Raw) -> date | datetime:
    if "date" in found:
        return date.fromisoformat(found["date"])
    return datetime.fromisoformat(found["dateTime"]).astimezone(ZoneInfo(found["timeZone"]))


def _written(moment: date | datetime, zone: str | None) -> Raw:
    if isinstance(moment, datetime):
        return {"dateTime": moment.isoformat(), "timeZone": zone}
    return {"date": moment.isoformat()}


def _parsed(text: str) -> date | datetime:
    if len(text) == 8:
        return datetime.strptime(text, "%Y%m%d").replace(tzinfo=UTC).date()
    try:
        return datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        raise Refusal(404, "Not Found", "notFound") from None


def _settings(query: Query) -> Any:
    """What has to be the same each time a token is used."""
    left_out = {"syncToken", "pageToken", "maxResults"}
    return {name: sorted(texts) for name, texts in sorted(query.items()) if name not in left_out}


def _one(query: Query, name: str) -> str:
    return query.get(name, [""])[0]
