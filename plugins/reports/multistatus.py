"""Answers as joined strings: multistatus (RFC 4918 13) and error bodies (RFC 4918 16)."""

from collections.abc import Iterable
from dataclasses import dataclass
from http import HTTPStatus

from bridge.errors import Conflict, Invalid, NotAllowed, NotFound

NAMESPACES = {
    "D": "DAV:",
    "C": "urn:ietf:params:xml:ns:caldav",
    "CR": "urn:ietf:params:xml:ns:carddav",
}
XML = "text/xml; charset=utf-8"

_HEAD = '<?xml version="1.0" encoding="utf-8"?>\n'
_DECLARED = f'xmlns="{NAMESPACES["D"]}" xmlns:C="{NAMESPACES["C"]}" xmlns:CR="{NAMESPACES["CR"]}"'
_OPEN = f"{_HEAD}<multistatus {_DECLARED}>"
# What XML 1.0 cannot carry in any form (section 2.2); in UTF-8 these octets stand for nothing else.
_CONTROLS = bytes(code for code in range(32) if code not in b"\t\n\r")
_NONCHARACTERS = ("\ufffe".encode(), "\uffff".encode())


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back to the client."""

    status: int
    body: bytes
    content_type: str = XML


def escape(text: str) -> str:
    """Return character data. Line ends stay as they are: every XML parser reads CRLF as LF."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def element(tag: str, content: str = "") -> str:
    """Return an element of any namespace from its Clark name; ``content`` is ready-made XML."""
    namespace, _, name = tag.removeprefix("{").rpartition("}")
    prefix = next((prefix for prefix, known in NAMESPACES.items() if known == namespace), "")
    if prefix:
        name = name if prefix == "D" else f"{prefix}:{name}"
        declaration = ""
    else:
        declaration = f' xmlns="{escape(namespace).replace(chr(34), "&quot;")}"'
    return f"<{name}{declaration}>{content}</{name}>" if content else f"<{name}{declaration}/>"


def status_line(status: int) -> str:
    """Return the ``status`` element."""
    return f"<status>HTTP/1.1 {status} {HTTPStatus(status).phrase}</status>"


NOT_FOUND = status_line(404)


def missing(href: str) -> str:
    """Return the response for an href (percent-encoded) that does not exist, or no longer."""
    return f"<response><href>{href}</href>{NOT_FOUND}</response>"


def truncated(href: str) -> str:
    """Return the response that tells that there is more than was asked for (RFC 6578 3.6, RFC 6352 8.6.2)."""
    return (
        f"<response><href>{href}</href>{status_line(507)}<error><number-of-matches-within-limits/></error></response>"
    )


def multistatus(responses: Iterable[str], token: str = "", *, free_text: bool = True) -> Answer:
    """Join responses to an answer; ``token`` is the new sync-token, if the report has one.

    Without ``free_text`` there is nothing in the responses that XML could not carry.
    """
    end = f"<sync-token>{escape(token)}</sync-token></multistatus>" if token else "</multistatus>"
    text = "".join((_OPEN, *responses, end))
    return Answer(207, transportable(text) if free_text else text.encode())


def transportable(text: str) -> bytes:
    """Encode a document and drop the characters that XML 1.0 forbids."""
    octets = text.encode("utf-8", "ignore").translate(None, _CONTROLS)
    for noncharacter in _NONCHARACTERS:
        if noncharacter in octets:
            octets = octets.replace(noncharacter, b"")
    return octets


def refusal(error: Invalid | NotAllowed | NotFound | Conflict) -> Answer:
    """Turn an error into an answer: 403 for a violated precondition (RFC 4791 1.3), else 400, 403, 404 or 409."""
    condition = "" if isinstance(error, NotFound) else error.condition
    if isinstance(error, NotFound):
        status = 404
    elif isinstance(error, Conflict):
        status = 409
    else:
        status = 403 if condition or isinstance(error, NotAllowed) else 400
    return Answer(status, transportable(f"{_HEAD}<error {_DECLARED}>{_condition(condition)}{_sentence(error)}</error>"))


def _condition(condition: str) -> str:
    prefix, _, name = condition.partition(":")
    return element(f"{{{NAMESPACES[prefix]}}}{name}") if name else ""


def _sentence(error: Exception) -> str:
    return f"<responsedescription>{escape(str(error))}</responsedescription>"
