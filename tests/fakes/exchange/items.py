"""Items: what they were given, what Exchange makes of it, and what is shown of them."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from exchangelib.winzone import MS_TIMEZONE_TO_IANA_MAP

from bridge.providers.exchange.xml import child, local, make, rows, text
from tests.fakes.exchange.recurring import starts
from tests.harness import NOW

Key = tuple[str, ...]

_ITEM = (
    *("ItemClass", "Subject", "Sensitivity", "Body", "Attachments", "Categories", "Importance", "DateTimeCreated"),
    *("ReminderIsSet", "ReminderMinutesBeforeStart", "HasAttachments", "ExtendedProperty", "LastModifiedTime"),
)
_CALENDAR = (
    *("UID", "Start", "End", "OriginalStart", "IsAllDayEvent", "LegacyFreeBusyStatus", "Location", "IsCancelled"),
    *("IsMeeting", "CalendarItemType", "Organizer", "RequiredAttendees", "OptionalAttendees", "Recurrence"),
    *("ModifiedOccurrences", "DeletedOccurrences", "StartTimeZone", "EndTimeZone", "JoinOnlineMeetingUrl"),
)
_CONTACT = (
    *("FileAs", "FileAsMapping", "DisplayName", "GivenName", "MiddleName", "Nickname", "CompanyName"),
    *("EmailAddresses", "PhysicalAddresses", "PhoneNumbers", "AssistantName", "Birthday", "BusinessHomePage"),
    *("Department", "Generation", "ImAddresses", "JobTitle", "SpouseName", "Surname", "HasPicture"),
)
_ORDER = (*_ITEM, *_CALENDAR, *_CONTACT)
_LISTS = {"EmailAddresses": "EmailAddress", "PhoneNumbers": "PhoneNumber", "ImAddresses": "ImAddress"}
_CONTAINERS = {entry: name for name, entry in _LISTS.items()}
_USUAL = {
    "CalendarItem": {
        "item:Sensitivity": "Normal",
        "item:ReminderIsSet": "false",
        "calendar:IsAllDayEvent": "false",
        "calendar:LegacyFreeBusyStatus": "Busy",
        "calendar:IsCancelled": "false",
    },
    "Contact": {"item:Sensitivity": "Normal"},
}
_READ_ONLY = frozenset(("item:DateTimeCreated", "item:LastModifiedTime", "calendar:UID", "calendar:IsCancelled"))


class Wrong(Exception):
    """A request, or a part of it, that Exchange does not take. ``code`` is one of ``ResponseCodeType``."""

    def __init__(self, code: str, **values: object) -> None:
        super().__init__(code)
        self.code = code
        self.values = values


@dataclass
class Item:
    """An item, or an exception of a series.

    ``change`` numbers its versions, ``props`` are elements by their paths, ``uid`` is another one than Exchange gives.
    """

    id: str
    kind: str
    change: int = 0
    made: int = 0
    changed: datetime = NOW
    uid: str = ""
    props: dict[Key, Any] = field(default_factory=dict)
    photo: tuple[str, str, str] | None = None
    original: datetime | None = None
    exceptions: dict[datetime, Item] = field(default_factory=dict)
    deleted: set[datetime] = field(default_factory=set)

    def said(self, uri: str) -> str:
        found = self.props.get((uri,))
        return "" if found is None else text(found)

    def names(self) -> set[str]:
        """The UIDs that it goes by."""
        own = (text(each, "Value") for key, each in self.props.items() if key[0] == "extended")
        return {self.uid, *own} - {""}

    @property
    def version(self) -> str:
        return f"DwAAABYA{self.change:08d}"

    @property
    def recurrence(self) -> Any:
        return self.props.get(("calendar:Recurrence",))

    @property
    def zone(self) -> tzinfo:
        found = self.props.get(("calendar:StartTimeZone",))
        return zone_named(found.get("Id")) if found is not None else UTC

    def moment(self, uri: str) -> datetime:
        return datetime.fromisoformat(self.said(uri)).astimezone(UTC)

    def start_at(self, index: int) -> datetime:
        for number, start in enumerate(starts(self.recurrence, self.moment("calendar:Start"), self.zone), 1):
            if number == index:
                return start
        raise Wrong("ErrorCalendarOccurrenceIndexIsOutOfRecurrenceRange")

    def index_of(self, start: datetime) -> int:
        for number, each in enumerate(starts(self.recurrence, self.moment("calendar:Start"), self.zone), 1):
            if each == start:
                return number
            if each > start:
                break
        raise AssertionError(f"No occurrence begins at {start}.")


def zone_named(name: str) -> tzinfo:
    """A zone by its name in Windows."""
    if name == "UTC":
        return UTC
    if name not in MS_TIMEZONE_TO_IANA_MAP:
        raise Wrong("ErrorTimeZone")
    return ZoneInfo(MS_TIMEZONE_TO_IANA_MAP[name])


def paths_of(element: Any, prefix: str) -> list[tuple[Key, Any]]:
    """What a child of an item sets: each value by its path."""
    name = local(element)
    if name == "ExtendedProperty":
        return [(extended_key(child(element, "ExtendedFieldURI")), element)]
    if name in _LISTS:
        return [((f"{prefix}:{_LISTS[name]}", entry.get("Key")), entry) for entry in rows(element)]
    if name == "PhysicalAddresses":
        pairs = [(entry, part) for entry in rows(element) for part in rows(entry)]
        return [((f"{prefix}:PhysicalAddress:{local(part)}", entry.get("Key")), part) for entry, part in pairs]
    return [((f"{'item' if name in _ITEM else prefix}:{name}",), element)]


def path_key(path: Any) -> Key:
    """The path that a request names."""
    if local(path) == "ExtendedFieldURI":
        return extended_key(path)
    if local(path) == "IndexedFieldURI":
        return path.get("FieldURI"), path.get("FieldIndex")
    return (path.get("FieldURI"),)


def extended_key(uri: Any) -> Key:
    tag = uri.get("PropertyTag")
    if tag:
        return "extended", hex(int(tag, 16))
    return "extended", (uri.get("PropertySetId") or "").lower(), uri.get("PropertyName") or ""


def set_path(item: Item, key: Key, element: Any | None) -> None:
    """Set a property, or take it away."""
    if key[0] in _READ_ONLY:
        raise Wrong("ErrorInvalidPropertySet")
    if key == ("item:Attachments",) and element is not None:
        attachment = next(rows(element))
        item.photo = (f"photo-{item.id}", text(attachment, "ContentType"), text(attachment, "Content"))
    elif element is None:
        item.props.pop(key, None)
    else:
        item.props[key] = deepcopy(element)


def settle(item: Item) -> None:
    """What Exchange makes of times; raises what it does not take."""
    if item.kind != "CalendarItem":
        return
    if not item.said("calendar:Start") or not item.said("calendar:End"):
        raise Wrong("ErrorCalendarInvalidPropertyValue")
    begins, ends = item.moment("calendar:Start"), item.moment("calendar:End")
    if ends < begins:
        raise Wrong("ErrorCalendarEndDateIsEarlierThanStartDate")
    if item.said("calendar:IsAllDayEvent") == "true":
        begins, ends = _midnight(begins, item.zone), _midnight(ends - timedelta(seconds=1), item.zone, after=True)
    if item.recurrence is not None:
        first = next(starts(item.recurrence, begins, item.zone), None)
        if first is None:
            raise Wrong("ErrorRecurrenceHasNoOccurrence")
        begins, ends = first, ends + (first - begins)
    for name, moment in (("Start", begins), ("End", ends)):
        item.props[(f"calendar:{name}",)] = make(f"t:{name}", zulu(moment))


def zulu(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def shown(item: Item, wanted: list[Key], master: Item | None = None) -> Any:
    """The element of an item with the properties that are asked for."""
    element = make(f"t:{item.kind}", make("t:ItemId", Id=item.id, ChangeKey=item.version))
    found = [each for key in dict.fromkeys(wanted) for each in _values(item, key, master)]
    for each in sorted(found, key=lambda each: _ORDER.index(local(each))):
        last = element[-1]
        if last.tag == each.tag and local(each) != "ExtendedProperty":
            _merge(last, each)
        else:
            element.append(each)
    return element


def _values(item: Item, key: Key, master: Item | None) -> list[Any]:
    made = _computed(item, key[0], master)
    if made is not None:
        return made
    found = item.props.get(key)
    if found is None and master is not None:
        found = master.props.get(key)
    if found is None:
        usual = _USUAL.get(item.kind, {}).get(key[0])
        return [make(f"t:{key[0].partition(':')[2]}", usual)] if usual else []
    return [_told(key, deepcopy(found))]


def _told(key: Key, found: Any) -> Any:
    if len(key) == 2 and key[0].startswith("contacts:PhysicalAddress:"):
        return make("t:PhysicalAddresses", make("t:Entry", found, Key=key[1]))
    if len(key) == 2 and key[0].startswith("contacts:"):
        return make(f"t:{_CONTAINERS[key[0].partition(':')[2]]}", found)
    if local(found) == "Body" and found.get("BodyType") == "Text":
        found.text = (found.text or "").replace("\r\n", "\n").replace("\n", "\r\n") + ("\r\n" if found.text else "")
    if local(found) == "Recurrence":
        for day in found.iter("{*}StartDate", "{*}EndDate"):
            day.text = f"{day.text[:10]}Z"
    return found


def _computed(item: Item, uri: str, master: Item | None) -> list[Any] | None:
    name = uri.partition(":")[2]
    whole = master or item
    plain = {
        "item:DateTimeCreated": zulu(NOW),
        "item:LastModifiedTime": zulu(item.changed),
        "calendar:UID": whole.uid or f"040000008200E00074C5B7101A82E008{whole.id}",
        "contacts:HasPicture": "true" if item.photo else "false",
    }
    if uri in plain:
        return [make(f"t:{name}", plain[uri])]
    if uri == "calendar:CalendarItemType":
        kind = "Exception" if master is not None else "RecurringMaster" if item.recurrence is not None else "Single"
        return [make("t:CalendarItemType", kind)]
    if uri == "calendar:OriginalStart":
        return [make("t:OriginalStart", zulu(item.original))] if item.original is not None else []
    if uri == "item:Attachments":
        return [make("t:Attachments", attachment(item, content=False))] if item.photo else []
    return _of_series(item, uri, master)


def _of_series(item: Item, uri: str, master: Item | None) -> list[Any] | None:
    """What only masters have, not their exceptions."""
    made = {
        "calendar:ModifiedOccurrences": [_info(item, each) for _, each in sorted(item.exceptions.items())],
        "calendar:DeletedOccurrences": [
            make("t:DeletedOccurrence", make("t:Start", zulu(each))) for each in sorted(item.deleted)
        ],
    }
    if uri in made:
        return [make(f"t:{uri.partition(':')[2]}", *made[uri])] if made[uri] else []
    return [] if uri == "calendar:Recurrence" and master is not None else None


def attachment(item: Item, *, content: bool) -> Any:
    assert item.photo is not None
    id_, media_type, data = item.photo
    parts = [make("t:AttachmentId", Id=id_), make("t:Name", "ContactPicture.jpg"), make("t:ContentType", media_type)]
    parts.append(make("t:IsContactPhoto", "true"))
    return make("t:FileAttachment", *parts, *([make("t:Content", data)] if content else []))


def _info(master: Item, each: Item) -> Any:
    assert each.original is not None
    times = {"Start": each.moment("calendar:Start"), "End": each.moment("calendar:End"), "OriginalStart": each.original}
    parts = [make(f"t:{name}", zulu(moment)) for name, moment in times.items()]
    return make("t:Occurrence", make("t:ItemId", Id=each.id, ChangeKey=master.version), *parts)


def _merge(into: Any, each: Any) -> None:
    for entry in list(each):
        same = next((one for one in into if one.get("Key") == entry.get("Key")), None)
        if same is None:
            into.append(entry)
        else:
            same.extend(list(entry))
            order = ("Street", "City", "State", "CountryOrRegion", "PostalCode")
            same[:] = sorted(same, key=lambda part: order.index(local(part)))


def _midnight(moment: datetime, zone: tzinfo, *, after: bool = False) -> datetime:
    day = moment.astimezone(zone).date() + timedelta(days=int(after))
    return datetime.combine(day, time(), zone).astimezone(UTC)


def is_meeting(item: Item) -> bool:
    """Whether others are asked to come."""
    return any((f"calendar:{name}",) in item.props for name in ("RequiredAttendees", "OptionalAttendees"))
