"""Bodies of events, which are HTML there, and our plain text. Pure.

The part that Teams puts at the end of an online meeting's body is not ours: without it, the meeting is no longer one.
"""

import re
from collections.abc import Mapping
from typing import Any

from bridge.core import richtext

_RULE = re.compile(r"_{40,}")
_END = re.compile(r"(?i)</body>|</html>")


def read_body(found: object, *, meeting: bool = False) -> str:
    """The plain text of a body. ``meeting``: leave out what Teams has added."""
    if not isinstance(found, Mapping):
        return ""
    content = found.get("content")
    text = content if isinstance(content, str) else ""
    if str(found.get("contentType")).lower() != "html":
        return text.replace("\r\n", "\n").strip("\n")
    own = _split(text)[0] if meeting else text
    plain = richtext.to_text(own).replace("\u200b", "").strip("\n")
    return plain if plain.strip() else ""


def write_body(text: str, there: object = None, *, meeting: bool = False) -> dict[str, Any]:
    """A body that says this text, with what Teams has added to ``there``."""
    added = ""
    if meeting and isinstance(there, Mapping):
        added = _split(str(there.get("content") or ""))[1]
    return {"contentType": "html", "content": richtext.to_html(text) + added}


def _split(content: str) -> tuple[str, str]:
    """Somebody's own part of a body, and that of Teams, which begins with a long line."""
    rule = _RULE.search(content)
    if rule is None:
        return content, ""
    begin = content.rfind("<div", 0, rule.start())
    begin = begin if begin >= 0 else rule.start()
    end = _END.search(content, rule.end())
    return content[:begin], content[begin : end.start() if end else len(content)]
