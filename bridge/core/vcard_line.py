"""What one line of a vCard says, whatever version and client it came from (RFC 2426, RFC 6350, vCard 2.1).

Nothing here changes a card: the functions read labels, pictures, dates and texts out of single lines.
"""

import base64
import binascii
import quopri
import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from urllib.parse import unquote_to_bytes

from bridge.core.contact import Birthday, Photo
from bridge.core.contentline import ContentLine, Params, unescape_text

PREF = "PREF"
LABEL_OF_TYPE = {
    "CELL": "mobile",
    "MOBILE": "mobile",
    "IPHONE": "mobile",
    "FAX": "fax",
    "PAGER": "pager",
    "HOME": "home",
    "WORK": "work",
    "OTHER": "other",
}
"""The labels of ``Labelled`` by TYPE. Of several types the one that stands first here is the label."""

TECHNICAL_TYPES = frozenset(
    [
        "INTERNET",
        "X400",
        "VOICE",
        "MSG",
        "PREF",
        "DOM",
        "INTL",
        "POSTAL",
        "PARCEL",
        "VIDEO",
        "TEXT",
        "TEXTPHONE",
        "BBS",
        "MODEM",
        "CAR",
        "ISDN",
        "PCS",
    ]
)
"""Types that describe a line without being a label that somebody gave it."""

ENCODINGS = frozenset(("QUOTED-PRINTABLE", "BASE64", "B", "8BIT", "7BIT"))
"""What vCard 2.1 may write without ``ENCODING=``."""

_APPLE_LABEL = re.compile(r"_\$!<(.*)>!\$_\Z", re.DOTALL)
_LABEL_OF_APPLE = {"homefax": "fax", "workfax": "fax"} | {label: label for label in LABEL_OF_TYPE.values()}
_DATE = re.compile(r"(\d{4}|-)-?(\d{2})-?(\d{2})(?:[T ].*)?\Z")
_DATA_URI = re.compile(r"data:([^;,]*)((?:;[^;,]*)*?)(;base64)?\\?,(.*)\Z", re.IGNORECASE | re.DOTALL)
_MAGIC = ((b"\xff\xd8", "image/jpeg"), (b"\x89PNG", "image/png"), (b"GIF8", "image/gif"), (b"RIFF", "image/webp"))


def encoding(line: ContentLine) -> str:
    """``"Q"`` for quoted-printable, ``"B"`` for base64, ``""`` for neither; bare parameters of vCard 2.1 count too."""
    if not line.params:
        return ""
    for name in (*line.param_values("ENCODING"), *line.param_values("")):
        if name.upper() == "QUOTED-PRINTABLE":
            return "Q"
        if name.upper() in {"B", "BASE64"}:
            return "B"
    return ""


def decoded(line: ContentLine) -> str:
    """Return the value without the transfer encoding quoted-printable, in the CHARSET it names or UTF-8."""
    if encoding(line) != "Q":
        return line.value
    octets = quopri.decodestring(line.value.encode())
    charset = line.param("CHARSET") or "utf-8"
    try:
        return octets.decode(charset)
    except LookupError:
        return octets.decode("utf-8", "replace")
    except UnicodeDecodeError:  # cut in the middle of a character, as old phones did
        return octets.decode(charset, "replace")


def raw_value(line: ContentLine) -> str:
    """Return the value as it would stand in a vCard 3.0, escaped and on one line."""
    value = decoded(line)
    if "\n" in value or "\r" in value:
        return value.replace("\r\n", "\n").replace("\r", "\n").replace("\n", "\\n")
    return value


def text(line: ContentLine) -> str:
    """Return the value as a text."""
    return unescape_text(raw_value(line))


def words(line: ContentLine) -> str:
    """Return the value as a text without blanks around it."""
    return text(line).strip()


def types(line: ContentLine) -> tuple[str, ...]:
    """Return the TYPE values as they were written, freed from quotes and lists (``TYPE="HOME,VOICE"``, ``;WORK``)."""
    if not line.params:
        return ()
    values = [value for key, values in line.params if key == "TYPE" for value in values]
    values += [value for key, values in line.params if not key for value in values if value.upper() not in ENCODINGS]
    return tuple(part for value in values for piece in value.split(",") if (part := piece.strip('" ')))


def plain_params(line: ContentLine) -> Params:
    """Return the parameters without those that say how the value is encoded, for a line with a value of ours."""
    kept = []
    for name, values in line.params:
        if name:
            kept.append((name, values))
        elif values and values[0].upper() not in ENCODINGS:
            kept.append(("TYPE", values))
    return tuple(param for param in kept if param[0] not in {"ENCODING", "CHARSET", "VALUE"})


def label(line: ContentLine, apple_label: str = "") -> str:
    """Return the label of ``Labelled``; ``apple_label`` is the X-ABLabel of the line's group and goes before TYPE."""
    if apple_label:
        found = _APPLE_LABEL.match(apple_label)
        return _LABEL_OF_APPLE.get(found[1].lower(), found[1]) if found else apple_label
    given = {name.upper(): name for name in types(line)}
    for name, meaning in LABEL_OF_TYPE.items():
        if name in given:
            return meaning
    return next((name for key, name in given.items() if key not in TECHNICAL_TYPES), "")


def is_primary(line: ContentLine) -> bool:
    """Whether the user prefers this one: TYPE=pref (3.0), PREF (2.1) or PREF=1 (4.0)."""
    return PREF in (name.upper() for name in types(line)) or line.param(PREF) == "1"


def birthday(line: ContentLine) -> Birthday | None:
    """Read 1996-04-15, 19960415, --0415 and date-times; ``None`` for anything that names no day.

    The year is unknown where X-APPLE-OMIT-YEAR names it or none is given.
    """
    found = _DATE.match(words(line))
    if not found:
        return None
    year = None if found[1] == "-" or line.param("X-APPLE-OMIT-YEAR") == found[1] else int(found[1])
    month, day = int(found[2]), int(found[3])
    try:
        date(2000 if year is None else year, month, day)
    except ValueError:
        return None
    return Birthday(month, day, year)


def moment(line: ContentLine) -> datetime | None:
    """Return a REV as an aware UTC instant; without an offset it is taken as UTC."""
    try:
        read = datetime.fromisoformat(words(line))
    except ValueError:
        return None
    try:
        return (read.replace(tzinfo=UTC) if read.tzinfo is None else read).astimezone(UTC)
    except OverflowError:
        return None


def number(line: ContentLine) -> int | None:
    """Return the id in X-CRM-PERSON or X-CRM-ORG."""
    value = words(line)
    return int(value) if value.isascii() and value.isdigit() and len(value) < 19 else None


def data_uri(value: str) -> tuple[str, bytes] | None:
    """Return media type and content of a ``data:`` URI (RFC 2397), or ``None`` if it is none or broken."""
    found = _DATA_URI.match(value.strip())
    if not found:
        return None
    content = unquote_to_bytes(found[4])
    octets = base64_octets(content.decode("latin-1")) if found[3] else content
    return (found[1].lower(), octets) if octets else None


def base64_octets(value: str) -> bytes | None:
    """Return the octets, or ``None`` when it is not base64; blanks and missing padding are forgiven."""
    packed = re.sub(r"\s", "", value).rstrip("=")
    try:
        return base64.b64decode(packed + "=" * (-len(packed) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None


def photo(line: ContentLine) -> Photo | None:
    """Return the embedded picture; ``None`` for an address of one and for what cannot be decoded."""
    if found := data_uri(line.value):
        return Photo(found[1], media_type=found[0] or sniffed(found[1]))
    octets = base64_octets(line.value) if encoding(line) == "B" else None
    if not octets:
        return None
    kind = next((name.lower() for name in types(line) if name.upper() != PREF), "")
    if not kind:
        return Photo(octets, sniffed(octets))
    return Photo(octets, kind if "/" in kind else f"image/{kind}".replace("image/jpg", "image/jpeg"))


def sniffed(octets: bytes) -> str:
    """Return the media type by the first octets; JPEG when they tell nothing, as most pictures in cards are."""
    return next((kind for magic, kind in _MAGIC if octets.startswith(magic)), "image/jpeg")


def filled(read: Callable[[ContentLine], object]) -> Callable[[ContentLine], bool]:
    """Return a test whether a line says something that ``read`` can use."""
    return lambda line: read(line) not in ("", None)
