"""Properties of items: how they are asked for, set and taken away, and in which order the schema wants them. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bridge.providers.exchange.xml import Element, child, local, make, rows, text

KEY, UID, MORE = "davbridgeKey", "davbridgeUid", "davbridgeMore"

_OURS = "9e1c7b52-6d0f-4a38-b1c5-2f7d43a8e960"  # the property set of davbridge
_PREFIX_TAG = "0x3A45"  # PidTagDisplayNamePrefix, which has no element that could be set

_ORDER = {
    name: place
    for place, name in enumerate(
        (
            *(
                "Subject",
                "Sensitivity",
                "Body",
                "Attachments",
                "Categories",
                "ReminderIsSet",
                "ReminderMinutesBeforeStart",
            ),
            *("ExtendedProperty", "Start", "End", "IsAllDayEvent", "LegacyFreeBusyStatus", "Location", "Recurrence"),
            *("StartTimeZone", "EndTimeZone"),
            *("FileAs", "FileAsMapping", "DisplayName", "GivenName", "MiddleName", "CompanyName", "EmailAddresses"),
            *("PhysicalAddresses", "PhoneNumbers", "Birthday", "BusinessHomePage", "Department", "Generation"),
            *("ImAddresses", "JobTitle", "Surname"),
        )
    )
}


@dataclass(frozen=True, slots=True)
class Path:
    """The name of a property in a request: an element with its attributes."""

    element: str
    attributes: tuple[tuple[str, str], ...]

    def made(self) -> Element:
        """The element itself."""
        return make(f"t:{self.element}", **dict(self.attributes))


def plain(uri: str) -> Path:
    """A property with a name of its own, such as ``item:Subject``."""
    return Path("FieldURI", (("FieldURI", uri),))


def indexed(uri: str, index: str) -> Path:
    """One value of several, such as the mobile phone."""
    return Path("IndexedFieldURI", (("FieldURI", uri), ("FieldIndex", index)))


def own(name: str) -> Path:
    """One of our own properties."""
    return Path("ExtendedFieldURI", (("PropertySetId", _OURS), ("PropertyName", name), ("PropertyType", "String")))


PREFIX = Path("ExtendedFieldURI", (("PropertyTag", _PREFIX_TAG), ("PropertyType", "String")))
"""What stands before a name, such as “Dr.”."""


@dataclass(frozen=True, slots=True)
class Field:
    """A property and what it shall say: an element of the item, or nothing."""

    path: Path
    content: Element | None


def said(uri: str, value: str) -> Field:
    """A property that is a text; an empty one is taken away."""
    return Field(plain(uri), make(f"t:{uri.partition(':')[2]}", value) if value else None)


def extended(path: Path, value: str) -> Field:
    """An extended property that is a text."""
    return Field(path, make("t:ExtendedProperty", path.made(), make("t:Value", value)) if value else None)


def read_own(raw: Element, name: str) -> str:
    """The value of one of our own properties."""
    return read_extended(raw, own(name))


def read_extended(raw: Element, path: Path) -> str:
    """The value of an extended property."""
    wanted = {key: value.lower() for key, value in path.attributes if key != "PropertyType"}
    for row in rows(raw):
        uri = child(row, "ExtendedFieldURI") if local(row) == "ExtendedProperty" else None
        if uri is not None and all(uri.get(key, "").lower() == value for key, value in wanted.items()):
            return text(row, "Value")
    return ""


def item(kind: str, fields: Iterable[Field]) -> Element:
    """A new item that says all this."""
    made = make(f"t:{kind}")
    contents = [each.content for each in fields if each.content is not None]
    for content in sorted(contents, key=lambda each: _ORDER[local(each)]):
        last = made[-1] if len(made) else None
        if last is not None and last.tag == content.tag and local(content) != "ExtendedProperty":
            _merge(last, content)
        else:
            made.append(content)
    return made


def updates(kind: str, fields: Sequence[Field]) -> Element:
    """``t:Updates`` that make an item say all this."""
    made = make("t:Updates")
    for each in fields:
        if each.content is None:
            made.append(make("t:DeleteItemField", each.path.made()))
        else:
            made.append(make("t:SetItemField", each.path.made(), make(f"t:{kind}", each.content)))
    return made


def _merge(into: Element, content: Element) -> None:
    """Put the entries of a list into another one; parts of the same postal address belong into one entry."""
    for entry in list(content):
        same = next((each for each in into if each.get("Key") == entry.get("Key")), None)
        if same is None:
            into.append(entry)
        else:
            same.extend(list(entry))
