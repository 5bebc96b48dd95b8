"""Content lines and components, the syntax that iCalendar and vCard share (RFC 5545 3.1, RFC 6350 3.3).

A line that was read remembers the bytes it came in, folds included, and is written back exactly so; only lines that
we made are formatted by us. What is really broken is refused, what is merely odd is kept.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from bridge.errors import Invalid

Params = tuple[tuple[str, tuple[str, ...]], ...]

MAX_OCTETS = 75
MAX_DEPTH = 20

_LINE_END = re.compile(r"\r\n|\n|\r")
# What RFC 5545 forbids and XML 1.0 cannot carry: a report could not return it.
_FORBIDDEN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0a-\x1f\ufffe\uffff\ud800-\udfff]")
_NAME = re.compile(r"[^\s;:,=\"]+\Z")
_QUOTED_PRINTABLE = re.compile(r"[^:]*;(?:ENCODING=)?QUOTED-PRINTABLE[;:]", re.IGNORECASE)
_BASE64 = re.compile(r"[^:]*;(?:ENCODING=)?(?:BASE64|B)[;:]", re.IGNORECASE)
_BASE64_REST = re.compile(r"[A-Za-z0-9+/]{2,}={0,2}\s*\Z")
_FOLD = re.compile(r"\r\n[ \t]?")
_ESCAPED = re.compile(r"\\([\\,;:\"nN])")
_CIRCUMFLEX = re.compile(r"\^([n'^])")
_CIRCUMFLEX_MEANING = {"n": "\n", "'": '"', "^": "^"}


@dataclass(frozen=True, slots=True)
class ContentLine:
    """One property. ``value`` is unfolded and still escaped; ``name`` and parameter names are in capitals.

    Parameter values are unquoted and decoded (RFC 6868); a bare parameter of vCard 2.1 has the name ``""``.
    ``group`` is ``item1`` of ``item1.TEL``. ``raw`` holds the original physical lines joined by CRLF, without the
    last line end, and is empty for a line made by us. A line that is no property has an empty ``name``.
    """

    name: str
    value: str
    params: Params = ()
    group: str = ""
    raw: str = ""

    def param(self, name: str) -> str:
        """Return the first value of the parameter, or ``""``."""
        return next(iter(self.param_values(name)), "")

    def param_values(self, name: str) -> tuple[str, ...]:
        """Return all values of the parameter, whether they came as a list or as repeated parameters."""
        if not self.params:
            return ()
        wanted = name.upper()
        return tuple(value for key, values in self.params if key == wanted for value in values)


@dataclass(frozen=True, slots=True)
class Component:
    """What stands between BEGIN and END: lines and components in their order."""

    name: str
    children: tuple["ContentLine | Component", ...] = ()

    @property
    def lines(self) -> tuple[ContentLine, ...]:
        """The content lines of this component itself."""
        return tuple(child for child in self.children if isinstance(child, ContentLine))

    @property
    def components(self) -> tuple["Component", ...]:
        """The components directly inside this one."""
        return tuple(child for child in self.children if isinstance(child, Component))

    def line(self, name: str) -> ContentLine | None:
        """Return the first line of that name (in capitals), if any."""
        for child in self.children:
            if child.name == name and isinstance(child, ContentLine):
                return child
        return None

    def all(self, name: str) -> tuple[ContentLine, ...]:
        """Return all lines of that name (in capitals)."""
        return tuple(child for child in self.children if child.name == name and isinstance(child, ContentLine))

    def value(self, name: str) -> str:
        """Return the raw value of the first line of that name without white space around it, or ``""``."""
        found = self.line(name)
        return found.value.strip() if found else ""


def parse(text: str) -> tuple[Component, ...]:
    """Read the components of a text.

    Lenient about a byte order mark, bare LF or CR, blank lines, white space around names and unknown junk inside a
    component, which is kept. Raises ``Invalid`` for control characters, unbalanced BEGIN and END, and text outside
    of components; the sentence names the line.
    """
    done: list[Component] = []
    open_ones: list[tuple[str, list[ContentLine | Component], int]] = []
    for number, value, raw in _logical_lines(text):
        line = _read_line(value, raw)
        if line.name == "BEGIN":
            _open(open_ones, line, number)
        elif line.name == "END":
            component = _close(open_ones, line, number)
            (open_ones[-1][1] if open_ones else done).append(component)
        elif open_ones:
            open_ones[-1][1].append(line)
        else:
            raise Invalid(f"Line {number} is outside of any component.")
    if open_ones:
        name, _, number = open_ones[-1]
        raise Invalid(f"BEGIN:{name} in line {number} has no END:{name}.")
    return tuple(done)


def serialize(component: Component) -> str:
    """Return the text of a component with CRLF line ends; lines that were read are byte-identical, ours are folded."""
    return "\r\n".join(_physical_lines(component)) + "\r\n"


def make_line(name: str, value: str, params: Params = (), group: str = "") -> ContentLine:
    """Make a line of our own from an escaped value; characters that cannot be transported are dropped."""
    if not _NAME.match(name):
        raise Invalid(f"{name!r} is no name of a property.")
    clean = tuple((key.upper(), tuple(values)) for key, values in params)
    return ContentLine(name.upper(), _UNPRINTABLE.sub("", value), clean, group)


def read_line(text: str) -> ContentLine:
    """Read one unfolded line; the result has no ``raw`` and is written in our own form."""
    return _read_line(text, "")


def text_of(line: ContentLine) -> str:
    """Return the whole line, unfolded, as it was read or as it will be written."""
    return _FOLD.sub("", line.raw) if line.raw else _format(line)


def escape_text(text: str) -> str:
    """Return a TEXT value as it stands in a line (RFC 5545 3.3.11, RFC 6350 3.4)."""
    text = printable(text).replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
    return text.replace("\n", "\\n")


def printable(text: str) -> str:
    """Return the text as it can be transported: line ends as LF, and no other control characters but the tabulator."""
    return _FORBIDDEN.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def unescape_text(value: str) -> str:
    r"""Return the text of an escaped value. A backslash before anything else is kept, as in ``C:\Temp``."""
    if "\\" not in value:
        return value
    return _ESCAPED.sub(lambda found: "\n" if found[1] in "nN" else found[1], value)


def split_text_list(value: str) -> tuple[str, ...]:
    """Return the texts of a comma-separated value."""
    return tuple(unescape_text(part) for part in _split_unescaped(value, ","))


def split_structured(value: str) -> tuple[str, ...]:
    """Return the parts of a semicolon-separated value, each still escaped."""
    return tuple(_split_unescaped(value, ";"))


def fold(line: str) -> str:
    """Return physical lines of at most 75 octets joined by CRLF; no character is split (RFC 5545 3.1)."""
    octets = line.encode()
    if len(octets) <= MAX_OCTETS:
        return line
    pieces = []
    start, room = 0, MAX_OCTETS
    while start < len(octets):
        end = min(start + room, len(octets))
        while end < len(octets) and octets[end] & 0xC0 == 0x80:
            end -= 1
        pieces.append(octets[start:end].decode())
        start, room = end, MAX_OCTETS - 1
    return "\r\n ".join(pieces)


def _logical_lines(text: str) -> Iterator[tuple[int, str, str]]:
    """Line number, unfolded text and original text of each logical line."""
    text = text.removeprefix("\ufeff")
    if found := _FORBIDDEN.search(text):
        number = len(_LINE_END.split(text[: found.start()]))
        raise Invalid(f"Line {number} holds the character U+{ord(found[0]):04X}, which is not allowed.")
    start, value, raw = 0, "", ""
    for number, physical in enumerate(_LINE_END.split(text), start=1):
        rest = _continuation(value, physical)
        if rest is not None:
            value, raw = rest, f"{raw}\r\n{physical}"
        elif physical.strip():
            if start:
                yield start, value, raw
            start, value, raw = number, physical, physical
    if start:
        yield start, value, raw


def _continuation(value: str, physical: str) -> str | None:
    """``value`` with ``physical`` added, if that continues it; vCard 2.1 has two more ways to fold than others."""
    if not value:
        return None
    if physical.startswith((" ", "\t")):
        return value + physical[1:]
    if ";" not in value:
        return None
    if value.endswith("=") and _QUOTED_PRINTABLE.match(value):
        return value[:-1] + physical
    if _BASE64_REST.match(physical) and _BASE64.match(value):
        return value + physical
    return None


def _read_line(text: str, raw: str) -> ContentLine:
    colon = _outside_quotes(text, ":")
    if colon < 0:
        colon = text.find(":")  # an unbalanced quote
    if colon < 0:
        return ContentLine("", text, raw=raw)
    name, params, group = _read_head(text[:colon])
    return ContentLine(name, text[colon + 1 :], params, group, raw) if name else ContentLine("", text, raw=raw)


@lru_cache(maxsize=2048)
def _read_head(text: str) -> tuple[str, Params, str]:
    """Name, parameters and group; the same few heads come again and again."""
    head, *params = _split_quoted(text, ";")
    group, _, name = head.strip().rpartition(".")
    if not _NAME.match(name):
        return "", (), ""
    return name.upper(), tuple(_read_param(param) for param in params), group


def _read_param(text: str) -> tuple[str, tuple[str, ...]]:
    name, equals, value = text.partition("=")
    if not equals:
        return "", (text.strip(),)
    return name.strip().upper(), tuple(_unquote(part) for part in _split_quoted(value, ","))


def _unquote(value: str) -> str:
    value = value.strip()
    if len(value) >= 2 and value[0] == value[-1] == '"':
        value = value[1:-1]
    if "^" not in value:
        return value
    return _CIRCUMFLEX.sub(lambda found: _CIRCUMFLEX_MEANING[found[1]], value)


def _outside_quotes(text: str, wanted: str) -> int:
    """Where ``wanted`` first stands outside of double quotes, or -1."""
    if '"' not in text:
        return text.find(wanted)
    quoted = False
    for position, character in enumerate(text):
        if character == '"':
            quoted = not quoted
        elif character == wanted and not quoted:
            return position
    return -1


def _split_quoted(text: str, separator: str) -> Iterator[str]:
    if '"' not in text:
        yield from text.split(separator)
        return
    while (position := _outside_quotes(text, separator)) >= 0:
        yield text[:position]
        text = text[position + 1 :]
    yield text


def _split_unescaped(value: str, separator: str) -> Iterator[str]:
    if "\\" not in value:
        yield from value.split(separator)
        return
    start = position = 0
    while position < len(value):
        if value[position] == separator:
            yield value[start:position]
            start = position + 1
        position += 2 if value[position] == "\\" else 1
    yield value[start:]


def _open(open_ones: list[tuple[str, list[ContentLine | Component], int]], line: ContentLine, number: int) -> None:
    name = line.value.strip().upper()
    if not _NAME.match(name):
        raise Invalid(f"BEGIN in line {number} names no component.")
    if len(open_ones) >= MAX_DEPTH:
        raise Invalid(f"BEGIN:{name} in line {number} is nested too deeply.")
    open_ones.append((name, [], number))


def _close(
    open_ones: list[tuple[str, list[ContentLine | Component], int]], line: ContentLine, number: int
) -> Component:
    name = line.value.strip().upper()
    if not open_ones:
        raise Invalid(f"END:{name} in line {number} has no BEGIN:{name}.")
    expected, children, begun = open_ones.pop()
    if name != expected:
        raise Invalid(f"END:{name} in line {number} does not close BEGIN:{expected} of line {begun}.")
    return Component(name, tuple(children))


def _physical_lines(component: Component) -> Iterator[str]:
    yield f"BEGIN:{component.name}"
    for child in component.children:
        if isinstance(child, Component):
            yield from _physical_lines(child)
        else:
            yield child.raw or fold(_format(child))
    yield f"END:{component.name}"


def _format(line: ContentLine) -> str:
    group = f"{line.group}." if line.group else ""
    params = "".join(f";{_format_param(name, values)}" for name, values in line.params)
    return f"{group}{line.name}{params}:{line.value}" if line.name else line.value


def _format_param(name: str, values: Iterable[str]) -> str:
    text = ",".join(_quote(value) for value in values)
    return f"{name}={text}" if name else text


def _quote(value: str) -> str:
    value = printable(value).replace("^", "^^").replace("\n", "^n").replace('"', "^'")
    return f'"{value}"' if any(character in value for character in ",;:") else value
