"""Cards and contacts for the tests of the vCard layer."""

from datetime import UTC, datetime

from bridge.core.contact import Contact, ContactKind, Name

STAMP = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)
LATER = datetime(2027, 1, 1, tzinfo=UTC)
PIXEL = b"\xff\xd8\xff\xe0jpeg"
PIXEL_64 = "/9j/4GpwZWc="


def card(*lines: str, version: str = "3.0") -> str:
    return "\r\n".join(["BEGIN:VCARD", f"VERSION:{version}", *lines, "END:VCARD", ""])


def filled(fields: dict[str, object]) -> Contact:
    name = Name() if fields.get("kind", ContactKind.PERSON) is not ContactKind.PERSON else Name("x")
    return Contact(**{"uid": "u", "formatted_name": "x", "name": name, "modified": STAMP} | fields)  # type: ignore[arg-type]
