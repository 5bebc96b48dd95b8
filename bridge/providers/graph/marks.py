"""What we note at an object there: two extended properties of our own, which nobody sees. Pure.

``KEY`` is the key of the creation, by which it is found again. ``MEMORY`` is JSON with what Graph has no field for, and
with the exact form of what it can only say roughly: that counts as long as what is there still says the same.
"""

import json
from collections.abc import Mapping
from typing import Any

Raw = Mapping[str, Any]
Memory = dict[str, Any]

_SET = "String {6b3ddf22-3c66-4b7c-9f0e-2f6b1d3c5a71} Name"
KEY = f"{_SET} davbridgeKey"
MEMORY = f"{_SET} davbridge"
HAS_PICTURE = "Boolean {00062004-0000-0000-C000-000000000046} Id 0x8015"
"""Exchange's own mark of a contact with a picture (MS-OXOCNTC 2.2.1.7.1)."""

UID, TYPE, DONE, CANCELLED, COLOR, URL, MEETING = "uid", "type", "done", "cancelled", "color", "url", "meeting"
ZONE, START, RULE, REMINDERS, DROPPED = "zone", "start", "rule", "reminders", "dropped"

EXPAND = f"singleValueExtendedProperties($filter=id eq '{KEY}' or id eq '{MEMORY}')"
EXPAND_CONTACT = f"singleValueExtendedProperties($filter=id eq '{KEY}' or id eq '{MEMORY}' or id eq '{HAS_PICTURE}')"


def mark(raw: Raw, name: str) -> str:
    """The value of an extended property; nothing where there is none."""
    rows = raw.get("singleValueExtendedProperties")
    found = (row for row in rows if isinstance(row, Mapping)) if isinstance(rows, list) else ()
    return next((str(row.get("value") or "") for row in found if same_name(str(row.get("id")), name)), "")


def same_name(one: str, other: str) -> bool:
    """Whether two names of extended properties are the same: Graph may write the letters of a GUID its own way."""
    return one.casefold() == other.casefold()


def memory(raw: Raw) -> Memory:
    """What we have remembered of an object; nothing where that cannot be read."""
    try:
        found = json.loads(mark(raw, MEMORY) or "{}")
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def remembered(found: Memory, key: str = "") -> list[dict[str, str]]:
    """The extended properties of a body: what is to be remembered, and the key where it is a creation."""
    kept = {name: value for name, value in found.items() if value not in ("", (), [], None, False)}
    rows = [{"id": MEMORY, "value": json.dumps(kept, ensure_ascii=False, sort_keys=True)}]
    return [*rows, {"id": KEY, "value": key}] if key else rows


def filter_by_key(key: str) -> str:
    """The OData filter that finds what was created with a key."""
    quoted = key.replace("'", "''")
    return f"singleValueExtendedProperties/Any(ep: ep/id eq '{KEY}' and ep/value eq '{quoted}')"


def text_of(found: Memory, name: str) -> str:
    """A text that we have remembered."""
    value = found.get(name)
    return value if isinstance(value, str) else ""


def list_of(found: Memory, name: str) -> list[Any]:
    """A list that we have remembered."""
    value = found.get(name)
    return value if isinstance(value, list) else []
