"""vCard 2.1 and 4.0 -> 3.0, the only version that is stored and served (D1, D2).

Every line of the source is there afterwards, converted where 3.0 says the same in another way and as it was where
3.0 knows nothing of it.
"""

import base64
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from urllib.parse import unquote

from bridge.core import vcard_line as line_of
from bridge.core.contentline import (
    Component,
    ContentLine,
    Params,
    escape_text,
    make_line,
    split_structured,
    unescape_text,
)
from bridge.core.vcard_read import KIND, MEMBER
from bridge.core.vcard_write import name_line_for

_TEXTS = frozenset(["FN", "TITLE", "ROLE", "NOTE", "LABEL", "MAILER", "SORT-STRING", "NICKNAME"])
_STRUCTURED = frozenset(("N", "ADR", "ORG"))
_TYPED = frozenset(
    [
        "TEL",
        "EMAIL",
        "ADR",
        "LABEL",
        "IMPP",
        "URL",
        "ORG",
        "TITLE",
        "ROLE",
        "NOTE",
        "PHOTO",
        "LOGO",
        "KEY",
        "SOUND",
        "NICKNAME",
        "GEO",
        "TZ",
    ]
)
_VALUE_KINDS = frozenset(("INLINE", "URL", "URI", "CID", "CONTENT-ID"))
_ESCAPE_OF_21 = re.compile(r"\\([;,])")
_COMPACT_DATE = re.compile(r"(\d{4})(\d{2})(\d{2})(?:T(\d{2})(\d{2})(\d{2})?(Z|[+-]\d{2}(?::?\d{2})?)?)?\Z")
_NO_YEAR = "1604"  # what Apple writes for an unknown year


def to_v3(card: Component) -> Component:
    """Return the card as vCard 3.0; one that is 3.0 already comes back as it is."""
    version = card.value("VERSION")
    if version == "3.0":
        return card
    oldest = version == "2.1" or (not version and any(line.param_values("") for line in card.lines))
    if version == "4.0":
        lines = [converted for child in card.children for converted in _from_4(child, card)]
    elif oldest:
        lines = [child if isinstance(child, Component) else _from_21(child) for child in card.children]
    else:
        lines = list(card.children)
    rest = [child for child in lines if not (isinstance(child, ContentLine) and child.name == "VERSION")]
    return _with_name(Component(card.name, (make_line("VERSION", "3.0"), *rest)))


def _with_name(card: Component) -> Component:
    """The card with N, which 3.0 demands and the others do not."""
    if card.line("N") or not card.value("FN"):
        return card
    return Component(card.name, (card.children[0], name_line_for(card), *card.children[1:]))


# 2.1


def _from_21(line: ContentLine) -> ContentLine:
    if not line.name:
        return line
    value = _value_of_21(line)
    params = _params_of_21(line)
    if (value, params) == (line.value, line.params):
        return line
    return make_line(line.name, value, params, line.group)


def _value_of_21(line: ContentLine) -> str:
    """The value with the escapes of 3.0: in 2.1 a comma and a backslash are plain characters."""
    value = line_of.decoded(line)
    if line_of.encoding(line) == "B":
        return re.sub(r"\s", "", value)
    if line.name in _TEXTS:
        return escape_text(_ESCAPE_OF_21.sub(r"\1", value))
    if line.name in _STRUCTURED:
        return ";".join(escape_text(_ESCAPE_OF_21.sub(r"\1", part)) for part in split_structured(value))
    return line_of.raw_value(line)


def _params_of_21(line: ContentLine) -> Params:
    params: list[tuple[str, tuple[str, ...]]] = []
    binary = line_of.encoding(line) == "B"
    for name, values in line.params:
        if name == "ENCODING" or (name == "CHARSET" and line_of.encoding(line) == "Q"):
            continue
        if name or not values:
            params.append((name, values))
        elif values[0].upper() in _VALUE_KINDS:
            params.append(("VALUE", values))
        elif values[0] and values[0].upper() not in line_of.ENCODINGS:
            params.append(("TYPE", values))
    return (("ENCODING", ("b",)), *params) if binary else tuple(params)


# 4.0


def _from_4(child: ContentLine | Component, card: Component) -> Iterator[ContentLine | Component]:
    if isinstance(child, Component) or not child.name:
        yield child
        return
    convert = _CONVERSIONS.get(child.name)
    line = convert(child) if convert else child
    params = _params_of_4(line, card) if child.name in _TYPED else line.params
    yield line if (line is child and params == child.params) else make_line(line.name, line.value, params, line.group)


def _params_of_4(line: ContentLine, card: Component) -> Params:
    """TYPE repeated instead of listed or quoted, and the lowest PREF of the property as TYPE=pref."""
    params: list[tuple[str, tuple[str, ...]]] = []
    for name, values in line.params:
        if name == "TYPE":
            params += [("TYPE", (part.strip('" '),)) for value in values for part in value.split(",")]
        elif name == "PREF" and _is_lowest(line, card):
            params.append(("TYPE", ("pref",)))
        else:
            params.append((name, values))
    return tuple(params)


def _is_lowest(line: ContentLine, card: Component) -> bool:
    own = line.param("PREF")
    others = [other.param("PREF") for other in card.all(line.name)]
    return own.isdecimal() and int(own) == min(int(other) for other in others if other.isdecimal())


def _without(params: Params, *names: str) -> Params:
    return tuple(param for param in params if param[0] not in names)


def _picture(line: ContentLine) -> ContentLine:
    """``data:`` URIs as inline base64, other URIs with VALUE=uri."""
    if not (content := line_of.data_uri(line.value)):
        rest = _without(line.params, "VALUE")
        return replace(line, params=(("VALUE", ("uri",)), *rest), raw="") if ":" in line.value else line
    media_type, octets = content
    subtype = (media_type or line_of.sniffed(octets)).removeprefix("image/").upper()
    params = (("ENCODING", ("b",)), ("TYPE", (subtype,)), *_without(line.params, "VALUE", "MEDIATYPE", "ENCODING"))
    return replace(line, value=base64.b64encode(octets).decode(), params=params, raw="")


def _phone(line: ContentLine) -> ContentLine:
    """``tel:+371-2;ext=5`` as a number that people dial."""
    value = line.value.strip()
    if not value.lower().startswith("tel:"):
        return line
    plain, *extras = unquote(unescape_text(value)[4:]).split(";")
    extension = next((extra[4:] for extra in extras if extra.lower().startswith("ext=")), "")
    shown = f"{plain} ext. {extension}" if extension else plain
    return replace(line, value=escape_text(shown), params=_without(line.params, "VALUE"), raw="")


def _birthday(line: ContentLine) -> ContentLine:
    read = line_of.birthday(line)
    if read and read.year is None:
        params = (("X-APPLE-OMIT-YEAR", (_NO_YEAR,)), *_without(line.params, "VALUE"))
        return replace(line, value=f"{_NO_YEAR}-{read.month:02}-{read.day:02}", params=params, raw="")
    return _dated(line)


def _dated(line: ContentLine) -> ContentLine:
    """19960415T0800Z as 1996-04-15T08:00:00Z; what is no full date stays as it is."""
    found = _COMPACT_DATE.match(line.value.strip())
    if not found:
        return line
    year, month, day, hour, minute, second, zone = found.groups()
    time = f"T{hour}:{minute}:{second or '00'}{zone or ''}" if hour else ""
    return replace(line, value=f"{year}-{month}-{day}{time}", params=_without(line.params, "VALUE"), raw="")


def _anniversary(line: ContentLine) -> ContentLine:
    return replace(_dated(line), name="X-ANNIVERSARY", raw="")


def _kind(line: ContentLine) -> ContentLine:
    kind = line_of.words(line).lower()
    if kind == "group":
        return make_line(KIND, "group", group=line.group)
    if kind in {"org", "organization"}:
        return make_line("X-ABShowAs", "COMPANY", group=line.group)
    return line


def _member(line: ContentLine) -> ContentLine:
    return replace(line, name=MEMBER, raw="")


def _position(line: ContentLine) -> ContentLine:
    """``geo:46.7,-71.2`` as ``46.7;-71.2`` (RFC 2426 3.4.2)."""
    value = unescape_text(line.value.strip())
    latitude, comma, longitude = value.removeprefix("geo:").partition(",")
    if not value.startswith("geo:") or not comma or ";" in longitude:
        return line
    return replace(line, value=f"{latitude};{longitude}", params=_without(line.params, "VALUE"), raw="")


_CONVERSIONS: dict[str, Callable[[ContentLine], ContentLine]] = {
    "PHOTO": _picture,
    "LOGO": _picture,
    "SOUND": _picture,
    "KEY": _picture,
    "TEL": _phone,
    "BDAY": _birthday,
    "REV": _dated,
    "ANNIVERSARY": _anniversary,
    "KIND": _kind,
    "MEMBER": _member,
    "GEO": _position,
}
