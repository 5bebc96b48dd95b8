"""HTML of the CRM to the plain text of calendars, and back.

Only the text survives the way out; who keeps the HTML asks ``same`` whether the text that came back still says
what the HTML says, and then leaves the HTML alone.
"""

import html
import re
from functools import lru_cache
from html.parser import HTMLParser

_BLANK = re.compile(r"[ \t\n\f\r]+")
_URL = re.compile(r"https?://[^\s<>\"]*[^\s<>\".,;:!?)\]']")
_EDGE_OR_RUN = re.compile(r"^ |(?<= ) | $")
_FIXED_BLANKS = re.compile("[\t\f\u00a0]+")
_DECLARATION = re.compile(r"<!\[[^>]*>?")  # HTMLParser takes them for SGML and may give up; browsers skip them

_SPACED = frozenset(("ul", "ol", "p", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "pre", "table", "dl"))
_BLOCKS = _SPACED | frozenset(
    ("div", "li", "tr", "dt", "dd", "body", "section", "article", "header", "footer", "address", "form")
)
_HIDDEN = frozenset(("script", "style", "title", "template"))
_CELLS = frozenset(("td", "th"))


@lru_cache(maxsize=16)  # one use case asks several times for the same
def to_text(source: str) -> str:
    """Plain text of an HTML fragment, lines separated by LF.

    Paragraphs are set apart by an empty line, list entries start with ``- `` or their number, cells of a table row
    are separated by `` | ``, and a link is followed by its address in brackets where that says something new.
    """
    reader = _Reader()
    reader.feed(_DECLARATION.sub("", source))
    reader.close()
    return reader.text()


def to_html(text: str) -> str:
    """HTML of a plain text such that ``to_text`` gives back the same text with its newlines normalised to LF."""
    return "<br>".join(_html_line(line) for line in _normalised(text).split("\n"))


def same(source: str, text: str) -> bool:
    """Whether the HTML ``source`` and the plain ``text`` say the same, blanks at the ends of lines aside."""
    return _trimmed(to_text(source)) == _trimmed(_normalised(text))


def _normalised(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _trimmed(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.replace("\u00a0", " ").split("\n")).strip()


def _html_line(line: str) -> str:
    parts = []
    position = 0
    for match in _URL.finditer(line):
        url = html.escape(match[0])
        parts += [html.escape(line[position : match.start()], quote=False), f'<a href="{url}">{url}</a>']
        position = match.end()
    parts.append(html.escape(line[position:], quote=False))
    # The two kinds of blanks that HTML would swallow: editors keep &nbsp;, and what is one already needs a frame.
    framed = _FIXED_BLANKS.sub(lambda m: f'<span style="white-space:pre">{m[0]}</span>', "".join(parts))
    return _EDGE_OR_RUN.sub("&nbsp;", framed)


class _Reader(HTMLParser):
    """Lays a stream of tags out as lines, the way a browser would."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._out: list[str] = []
        self._started = False  # something stands above, so a block begins on a new line
        self._gap = 0  # line ends owed before the next text
        self._space = False  # one blank owed before the next word of this line
        self._line_start = True
        self._marked = False  # directly behind a bullet or a cell border: blocks do not break here
        self._hidden = 0
        self._lists: list[int] = []  # next number of each open list, 0 for bullets
        self._cells = 0
        self._spans: list[bool] = []  # for each open span and pre: does it keep its blanks?
        self._link: tuple[str, int] | None = None

    def text(self) -> str:
        return "".join(self._out)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag in _HIDDEN:
            self._hidden += 1
        elif tag == "br":
            self._break()
        elif tag == "a":
            self._link = (values.get("href", "").strip(), len(self._out))
        elif tag == "span":
            self._spans.append("white-space:pre" in values.get("style", "").replace(" ", ""))
        elif tag in _CELLS:
            self._start_cell()
        elif tag in {"img", "hr"}:
            self._replaced(tag, values)
        elif tag in _BLOCKS:
            self._start_block(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in _HIDDEN:
            self._hidden = max(0, self._hidden - 1)
        elif tag == "a":
            self._end_link()
        elif tag == "span" and self._spans:
            self._spans.pop()
        elif tag in _BLOCKS:
            self._end_block(tag)

    def handle_data(self, data: str) -> None:
        if self._hidden:
            return
        if any(self._spans):
            self._write(data)
            return
        for position, word in enumerate(_BLANK.split(data)):
            self._space = (self._space or position > 0) and not self._line_start
            if word:
                self._write(word.replace("\u00a0", " "))

    def _write(self, text: str) -> None:
        self._settle()
        if self._space:
            self._out.append(" ")
        self._out.append(text)
        self._space = self._line_start = self._marked = False

    def _settle(self) -> None:
        if self._gap and self._started:
            self._out.append("\n" * self._gap)
        self._gap = 0
        self._started = True

    def _break(self) -> None:
        self._settle()
        self._out.append("\n")
        self._new_line()

    def _new_line(self) -> None:
        self._space, self._line_start, self._marked = False, True, False

    def _block(self, gap: int) -> None:
        """Begin or end a block here; the line end of a <br> just before is the one it needs itself."""
        if self._marked:
            return
        if self._out and self._out[-1] == "\n" and not self._gap:
            self._out.pop()
        self._gap = max(self._gap, gap)
        self._new_line()

    def _start_block(self, tag: str) -> None:
        self._block(self._distance(tag))
        if tag in {"ul", "ol"}:
            self._lists.append(int(tag == "ol"))
        elif tag == "li":
            self._start_entry()
        elif tag == "tr":
            self._cells = 0
        elif tag == "pre":
            self._spans.append(True)

    def _end_block(self, tag: str) -> None:
        if tag in {"ul", "ol"} and self._lists:
            self._lists.pop()
        elif tag == "pre" and self._spans:
            self._spans.pop()
        elif tag in {"li", "tr"}:
            self._marked = False
        self._block(self._distance(tag))

    def _distance(self, tag: str) -> int:
        return 2 if tag in _SPACED and not self._lists else 1

    def _start_entry(self) -> None:
        self._marked = False
        self._block(1)
        number = self._lists[-1] if self._lists else 0
        self._write("  " * (len(self._lists) - 1) + (f"{number}. " if number else "- "))
        if number:
            self._lists[-1] += 1
        self._line_start = self._marked = True

    def _start_cell(self) -> None:
        self._cells += 1
        if self._cells > 1:
            self._gap, self._space = 0, False
            self._write(" | ")
        self._line_start = self._marked = True

    def _replaced(self, tag: str, values: dict[str, str]) -> None:
        if tag == "img":
            self.handle_data(values.get("alt", ""))
            return
        self._block(1)
        self._write("---")
        self._block(1)

    def _end_link(self) -> None:
        if self._link is None:
            return
        (target, start), self._link = self._link, None
        shown = "".join(self._out[start:]).strip()
        if not target or target.startswith(("#", "javascript:")) or _says(shown, target):
            return
        self._write(f"({target})" if self._space else f" ({target})" if shown else target)


def _says(shown: str, target: str) -> bool:
    """Whether the text of a link already is its address, as people write it."""
    address = re.sub(r"^(mailto:|tel:|https?://)", "", target).rstrip("/")
    return shown == target or shown.removeprefix("http://").removeprefix("https://").rstrip("/") == address
