"""One calendar: events, series with exceptions, and rounds of changes over a window."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from tests.fakes.graph.answers import Refusal, not_found
from tests.fakes.graph.checks import SILENT, check_event, moment, told, zone
from tests.fakes.graph.recurring import completed, days
from tests.fakes.graph.rounds import Rounds
from tests.harness import NOW

Raw = dict[str, Any]
Window = tuple[datetime, datetime]

_FAR = date(2040, 1, 1)
_TWICE = "Your request can't be completed. The TransactionId specified in the request has already been used."
_HTML = (
    '<html><head>\r\n<meta http-equiv="Content-Type" content="text/html; charset=utf-8"></head><body>\r\n{}\r\n'
    "</body></html>\r\n"
)


@dataclass
class Item:
    """A single event or a master, with what has become of its occurrences, by their days."""

    raw: Raw
    changed: dict[date, Raw] = field(default_factory=dict)
    cancelled: set[date] = field(default_factory=set)
    latest: int = 0


@dataclass
class FakeCalendar:
    """``names_existing``: a repeated creation is told which event there is. ``tells_original``: so are exceptions."""

    id: str
    owner: str
    name: str
    editable: bool = True
    default: bool = False
    items: dict[str, Item] = field(default_factory=dict)
    removed: dict[str, int] = field(default_factory=dict)
    transactions: dict[str, str] = field(default_factory=dict)
    rounds: Rounds = field(default_factory=Rounds)
    latest: int = 0
    page: int = 1000
    mails: int = 0
    spoilt: set[str] = field(default_factory=set)
    names_existing: bool = False
    tells_original: bool = False
    now: Callable[[], datetime] = lambda: NOW

    def touch(self, id_: str) -> Raw:
        """Give an object its next version: a series changes as a whole."""
        self.latest += 1
        item = self.items[id_]
        item.latest = self.latest
        key = f"sBrd26skdkm5ORF+XkiJIQ{self.latest:06}=="
        at = (self.now() + timedelta(milliseconds=self.latest)).isoformat(timespec="milliseconds")
        for raw in (item.raw, *item.changed.values()):
            raw["changeKey"], raw["@odata.etag"] = key, f'W/"{key}"'
        item.raw["lastModifiedDateTime"] = at.replace("+00:00", "Z")
        return item.raw

    def create(self, body: Raw) -> Raw:
        """Add an event. One whose transaction is known is turned away, even when its event is gone."""
        transaction = body.get("transactionId")
        if transaction in self.transactions:
            more = {"@event.existingEventId": self.transactions[transaction]} if self.names_existing else {}
            raise Refusal(400, "ErrorDuplicateTransactionId", _TWICE, more)
        self.latest += 1
        id_ = f"AAkALgAAAAAAHYQDEapmEc2byACqAC-EWg0A{self.latest:06}AA=="
        raw = self._applied(self._new(id_), body)
        if transaction:
            self.transactions[transaction] = id_
            raw["transactionId"] = transaction
        self.items[id_] = Item(raw)
        self._mail(raw, body)
        return self.touch(id_)

    def find(self, id_: str) -> Raw:
        """An event, a master, an exception or an occurrence. Raises for anything else."""
        if id_ in self.items:
            return self.items[id_].raw
        master, day = self._occurrence(id_)
        item = self.items[master]
        return item.changed.get(day) or self._made_up(item, day)

    def patch(self, id_: str, body: Raw, guard: str = "") -> Raw:
        """Change an event. A master that is told its times or its rule forgets all exceptions."""
        before = self.find(id_)
        if guard and guard != before["@odata.etag"]:
            raise Refusal(412, "ErrorIrresolvableConflict", "The send or update operation could not be performed.")
        raw = self._applied(deepcopy(before), body)
        self._mail(raw, body)
        if id_ in self.items:
            item = self.items[id_]
            item.raw = raw
            if "recurrence" in body or "start" in body:
                item.changed.clear()
                item.cancelled.clear()
                self.removed = {name: at for name, at in self.removed.items() if not name.startswith(f"{id_}.")}
            else:
                for each in item.changed.values():
                    each |= {name: raw[name] for name in body if name in raw and name not in each["_own"]}
            return self.touch(id_)
        master, day = self._occurrence(id_)
        self._check_place(self.items[master], day, raw)
        raw |= {"type": "exception", "_own": before.get("_own", set()) | body.keys()}
        self.items[master].changed[day] = raw
        self.touch(master)
        return raw

    def delete(self, id_: str, guard: str = "") -> None:
        """Remove an event. The second time, the service does not understand what it is asked."""
        if id_ in self.removed:
            raise Refusal(400, "ErrorInvalidRequest", "Your request can't be completed.")
        raw = self.find(id_)
        if guard and guard != raw["@odata.etag"]:
            raise Refusal(412, "ErrorIrresolvableConflict", "The send or update operation could not be performed.")
        self._mail(raw, {})
        self.latest += 1
        self.removed[id_] = self.latest
        if id_ in self.items:
            del self.items[id_]
            return
        master, day = self._occurrence(id_)
        self.items[master].changed.pop(day, None)
        self.items[master].cancelled.add(day)
        self.touch(master)

    def instances(self, id_: str, window: Window) -> list[Raw]:
        """The occurrences of a series in a window."""
        if id_ not in self.items:
            raise not_found()
        return list(self._occurrences(self.items[id_], window))

    def told(self, since: int, window: Window) -> list[Raw]:
        """The rows of a round: exceptions come before their master, which nobody has promised not to happen."""
        rows: list[Raw] = []
        for id_, item in self.items.items():
            if item.latest <= since:
                continue
            inside = list(self._occurrences(item, window)) if item.raw["recurrence"] else []
            if not inside and not self._is_inside(item, window):
                rows += [_removed(id_)] if since else []
                continue
            rows += reversed(inside)
            rows.append(item.raw)
        return rows + [_removed(id_) for id_, at in self.removed.items() if since and at > since]

    def _is_inside(self, item: Item, window: Window) -> bool:
        if item.raw["recurrence"]:
            return False
        return _overlaps(item.raw, window)

    def _occurrences(self, item: Item, window: Window) -> Iterator[Raw]:
        last = min(_FAR, window[1].date() + timedelta(days=40))
        for day in days(item.raw["recurrence"], last):
            if day in item.cancelled:
                continue
            raw = item.changed.get(day) or self._made_up(item, day)
            if _overlaps(raw, window):
                yield raw

    def _made_up(self, item: Item, day: date) -> Raw:
        """An occurrence that says what its series does."""
        master = item.raw
        if day in item.cancelled or day not in set(days(master["recurrence"], day + timedelta(days=1))):
            raise not_found()
        name = master["recurrence"]["range"]["recurrenceTimeZone"] if not master["isAllDay"] else "UTC"
        begin, finish = (moment(master[each]).astimezone(zone(name)) for each in ("start", "end"))
        at = begin.replace(tzinfo=None).time() if not master["isAllDay"] else time()
        start = datetime.combine(day, at, zone(name))
        end = (start.replace(tzinfo=None) + (finish.replace(tzinfo=None) - begin.replace(tzinfo=None))).replace(
            tzinfo=zone(name)
        )
        told_day = f"{day:%Y%m%d}"
        own = {
            "id": f"{master['id']}.{told_day}",
            "type": "occurrence",
            "seriesMasterId": master["id"],
            "occurrenceId": f"OID.{master['id']}.{day.isoformat()}",
            "iCalUId": _dated(master["iCalUId"], day),
            "recurrence": None,
            "start": told(start, name),
            "end": told(end, name),
            "originalStart": start.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if self.tells_original else None,
            "_own": set(),
        }
        return deepcopy(master) | own

    def _occurrence(self, id_: str) -> tuple[str, date]:
        master, _, text = id_.rpartition(".")
        if master not in self.items or not self.items[master].raw["recurrence"] or len(text) != 8 or not text.isdigit():
            raise not_found()
        return master, date.fromisoformat(f"{text[:4]}-{text[4:6]}-{text[6:]}")

    def _check_place(self, item: Item, day: date, raw: Raw) -> None:
        """An occurrence stays between its neighbours."""
        around = [each for each in days(item.raw["recurrence"], _FAR) if each not in item.cancelled]
        at = around.index(day)
        own = moment(raw["start"])
        for other, side in ((at - 1, 1), (at + 1, -1)):
            if 0 <= other < len(around):
                there = item.changed.get(around[other]) or self._made_up(item, around[other])
                if (moment(there["start"]) - own).total_seconds() * side >= 0:
                    raise Refusal(400, "ErrorOccurrenceCrossingBoundary", "Modified occurrence is crossing another.")

    def _new(self, id_: str) -> Raw:
        at = self.now().isoformat(timespec="milliseconds").replace("+00:00", "Z")
        uid = f"040000008200E00074C5B7101A82E00800000000{self.latest:056X}"
        person = {"name": "Anna", "address": self.owner}
        return {
            "id": id_,
            "iCalUId": uid,
            "uid": uid,
            "createdDateTime": at,
            "lastModifiedDateTime": at,
            "changeKey": "",
            "@odata.etag": "",
            "categories": [],
            "transactionId": None,
            "subject": "",
            "originalStartTimeZone": "UTC",
            "originalEndTimeZone": "UTC",
            "reminderMinutesBeforeStart": 15,
            "isReminderOn": True,
            "hasAttachments": False,
            "bodyPreview": "",
            "importance": "normal",
            "sensitivity": "normal",
            "isAllDay": False,
            "isCancelled": False,
            "isOrganizer": True,
            "responseRequested": True,
            "seriesMasterId": None,
            "showAs": "busy",
            "type": "singleInstance",
            "webLink": "https://outlook.example.com/",
            "onlineMeetingUrl": None,
            "isOnlineMeeting": False,
            "onlineMeetingProvider": "unknown",
            "allowNewTimeProposals": True,
            "occurrenceId": None,
            "isDraft": False,
            "hideAttendees": False,
            "originalStart": None,
            "onlineMeeting": None,
            "responseStatus": {"response": "organizer", "time": "0001-01-01T00:00:00Z"},
            "body": {"contentType": "html", "content": ""},
            "location": {"displayName": "", "locationType": "default", "uniqueIdType": "unknown", "address": {}},
            "locations": [],
            "recurrence": None,
            "attendees": [],
            "organizer": {"emailAddress": person},
            "properties": {},
        }

    def _applied(self, raw: Raw, body: Raw) -> Raw:
        plain = {name: value for name, value in body.items() if name != "singleValueExtendedProperties"}
        raw = deepcopy(raw | plain)
        for row in body.get("singleValueExtendedProperties", ()):
            raw["properties"] = {**raw["properties"], row["id"]: row["value"]}
        check_event(raw)
        for name, own in (("start", "originalStartTimeZone"), ("end", "originalEndTimeZone")):
            if name in body:
                raw[own] = body[name]["timeZone"]
                raw[name] = told(moment(body[name]), body[name]["timeZone"])
        if "body" in body:
            content = body["body"]["content"]
            raw["body"] = {"contentType": "html", "content": _HTML.format(content) if content else ""}
        if "location" in body:
            name = body["location"]["displayName"]
            same = raw["location"] if raw["location"].get("displayName") == name else {}
            raw["location"] = {**same, "displayName": name, "locationType": "default", "uniqueIdType": "private"}
            raw["locations"] = [raw["location"]] if name else []
        if "recurrence" in body:
            raw["recurrence"] = self._recurring(raw) if raw["recurrence"] else None
            raw["type"] = "seriesMaster" if raw["recurrence"] else "singleInstance"
        return raw

    def _recurring(self, raw: Raw) -> Raw:
        try:
            recurrence = completed(raw["recurrence"])
        except KeyError as error:
            raise Refusal(400, "ErrorPropertyValidationFailure", f"{error} is needed.") from error
        name = recurrence["range"]["recurrenceTimeZone"]
        first = moment(raw["start"]).astimezone(zone(name)).date()
        if raw["isAllDay"]:
            first = date.fromisoformat(raw["start"]["dateTime"][:10])
        found = next(days(recurrence, _FAR), None)
        if recurrence["range"]["startDate"] != first.isoformat() or found != first:
            raise Refusal(400, "ErrorPropertyValidationFailure", f"A series begins with its start, not on {found}.")
        return recurrence

    def _mail(self, raw: Raw, body: Raw) -> None:
        """Whoever organizes a meeting and changes what guests see makes the service write to them."""
        if raw["attendees"] and raw["isOrganizer"] and (not body or body.keys() - SILENT):
            self.mails += 1


def shown(calendar: FakeCalendar, raw: Raw, query: Mapping[str, str], zone_name: str, *, alone: bool) -> Raw:
    """An event as an answer tells it. ``alone``: it was asked for by its id."""
    plain = {name: value for name, value in raw.items() if name not in {"properties", "_own"}}
    for name in ("start", "end"):
        if raw["isAllDay"]:
            plain[name] = {"dateTime": raw[name]["dateTime"], "timeZone": zone_name}
        else:
            plain[name] = told(moment(raw[name]), zone_name)
    if raw["id"] in calendar.spoilt:
        plain["start"] = {"dateTime": "soon", "timeZone": zone_name}
    expand, select = query.get("$expand", ""), query.get("$select", "")
    item = calendar.items.get(raw["id"])
    if "exceptionOccurrences" in expand and alone and item is not None:
        changed = (item.changed[day] for day in sorted(item.changed))
        plain["exceptionOccurrences"] = [shown(calendar, row, {}, zone_name, alone=False) for row in changed]
    if "cancelledOccurrences" in select and alone and item is not None:
        plain["cancelledOccurrences"] = [f"OID.{raw['id']}.{day}" for day in sorted(item.cancelled)]
    if "singleValueExtendedProperties" in expand:
        rows = [{"id": name, "value": value} for name, value in raw["properties"].items() if f"'{name}'" in expand]
        plain |= {"singleValueExtendedProperties": rows} if rows else {}
    if not select:
        return plain
    wanted = {"id", "@odata.etag", "exceptionOccurrences", "singleValueExtendedProperties", *select.split(",")}
    return {name: value for name, value in plain.items() if name in wanted}


def minimal(row: Raw) -> Raw:
    """What a round tells of an occurrence that says what its series does."""
    return {name: row[name] for name in ("@odata.etag", "id", "seriesMasterId", "type", "start", "end")}


def _removed(id_: str) -> Raw:
    return {"id": id_, "@removed": {"reason": "deleted"}}


def _overlaps(raw: Raw, window: Window) -> bool:
    return moment(raw["start"]) < window[1] and moment(raw["end"]) >= window[0]


def _dated(uid: str, day: date) -> str:
    """The global object id of an occurrence names its day (MS-OXOCAL 2.2.1.27)."""
    return f"{uid[:32]}{day.year:04X}{day.month:02X}{day.day:02X}{uid[40:]}"
