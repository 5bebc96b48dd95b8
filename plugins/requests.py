"""Read what HTTP requests say: bodies, preconditions and addresses. Input is hostile."""

import base64
import binascii
import codecs
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

from bridge.errors import BridgeError, Invalid, NotAllowed
from bridge.services.resources import Precondition

Environ = Mapping[str, Any]

_CONTENT_TYPE = "davbridge.content_type"
_MISLEADING = frozenset(
    f"HTTP_X_{name}"
    for name in (
        "SCRIPT_NAME",
        "REMOTE_ADDR",
        "FORWARDED_FOR",
        "FORWARDED_HOST",
        "FORWARDED_PROTO",
        "FORWARDED_SERVER",
        "FORWARDED_PORT",
        "FORWARDED_PREFIX",
    )
)
_GZIP = re.compile(r"(?:^|,)\s*gzip\s*(?:,|;(?!\s*q=0(?:\.0*)?\s*(?:,|$))|$)", re.IGNORECASE)
_FOLD = re.compile(rb"(?:\r\n?|\n)[ \t]")
_ETAG = re.compile(r'\s*(?:W/)?"([^"]*)"\s*(?:,|$)')


class TooLarge(BridgeError):
    """The request body is larger than the server reads (413)."""


class UnknownCharset(BridgeError):
    """The body claims a character set that does not exist (415)."""


@dataclass(frozen=True, slots=True)
class Address:
    """A DAV path taken apart. A home has no ``collection``, a collection no ``href``."""

    owner: str = ""
    collection: str = ""
    href: str = ""


def address_of(path: str) -> Address:
    """Take a sanitized path apart."""
    parts = [part for part in path.split("/") if part]
    return Address(*(*parts[:2], "/".join(parts[2:]))) if len(parts) > 2 else Address(*parts)


def plain_environ(environ: Environ) -> dict[str, Any]:
    """A request that Radicale cannot stumble over, and that it reads as we do. Raises ``Invalid`` for a bad address.

    Whom to believe about proxies is decided before the request comes here. A query means nothing in DAV, while
    Radicale answers some with pages of its own. It decodes the password in the character set of the body.
    """
    plain = {name: value for name, value in environ.items() if name not in _MISLEADING}
    if not is_basic(plain.get("HTTP_AUTHORIZATION", "")):
        plain.pop("HTTP_AUTHORIZATION", None)
    content_type = str(plain.get("CONTENT_TYPE", ""))
    plain |= {_CONTENT_TYPE: content_type, "CONTENT_TYPE": content_type.partition(";")[0]}
    plain["HTTP_ACCEPT_ENCODING"] = "gzip" if _GZIP.search(str(plain.get("HTTP_ACCEPT_ENCODING", ""))) else ""
    return plain | {"QUERY_STRING": "", "PATH_INFO": path_info(environ)}


def path_info(environ: Environ) -> str:
    """The decoded path. WSGI hands the octets over as Latin-1; they are UTF-8 (D22). Raises ``Invalid``."""
    try:
        path = str(environ.get("PATH_INFO", "")).encode("latin-1").decode()
    except UnicodeError:
        raise Invalid("The address is not valid UTF-8.") from None
    if "\x00" in path:
        raise Invalid("The address contains a NUL.")
    return path


def is_basic(header: str) -> bool:
    """Whether an Authorization header is well-formed Basic authentication (RFC 7617)."""
    scheme, _, value = header.partition(" ")
    if scheme.lower() != "basic":
        return False
    try:
        return b":" in base64.b64decode(value.strip().encode("ascii"), validate=True)
    except (UnicodeError, binascii.Error):
        return False


def read_body(environ: Environ, limit: int) -> bytes:
    """The whole body, chunked or not. Raises ``TooLarge``, or ``Invalid`` when it breaks off."""
    length = _content_length(environ)
    if length is not None and length > limit:
        raise TooLarge(f"The request is larger than {limit} bytes.")
    if length is None and not environ.get("wsgi.input_terminated"):
        return b""
    body: bytes = environ["wsgi.input"].read(limit + 1 if length is None else length)
    if len(body) > limit:
        raise TooLarge(f"The request is larger than {limit} bytes.")
    if length is not None and len(body) < length:
        raise Invalid("The request broke off before its end.")
    return body


def _content_length(environ: Environ) -> int | None:
    value = str(environ.get("CONTENT_LENGTH") or "")
    if not value:
        return None
    if not (value.isascii() and value.isdigit()):
        raise Invalid("Content-Length is not a number.")
    return int(value)


def decode_text(environ: Environ, body: bytes) -> str:
    """The text of a body in the character set that it claims, UTF-8 by default. Line ends are left alone.

    A line may be folded within a character (RFC 5545 3.1): then the text is that of the unfolded lines.
    """
    content_type = str(environ.get(_CONTENT_TYPE, environ.get("CONTENT_TYPE", "")))
    found = re.search(r'charset="?([^";\s]+)', content_type, re.IGNORECASE)
    charset = found.group(1) if found else "utf-8"
    if not _is_charset(charset):
        raise UnknownCharset(f"There is no character set “{charset}”.")
    for octets in (body, _FOLD.sub(b"", body)):
        with suppress(UnicodeError):
            return octets.decode(charset)
    raise Invalid(f"The text is not valid {charset}.")


def _is_charset(name: str) -> bool:
    try:
        return codecs.lookup(name)._is_text_encoding  # noqa: SLF001 - keeps "zip" and "rot13" out
    except LookupError:
        return False


def precondition_of(environ: Environ) -> Precondition:
    """If-Match and If-None-Match. Raises ``Invalid`` for a malformed header."""
    if_match = environ.get("HTTP_IF_MATCH")
    if_none_match = str(environ.get("HTTP_IF_NONE_MATCH", "")).strip()
    return Precondition(None if if_match is None else etags(str(if_match)), if_none_match=if_none_match == "*")


def etags(header: str) -> tuple[str, ...]:
    """The entity tags of a header without their quotes, or ``("*",)``. Old clients leave the quotes out."""
    header = header.strip()
    if header == "*":
        return ("*",)
    found = _ETAG.findall(header)
    if found:
        return tuple(found)
    if not header or '"' in header or "," in header:
        raise Invalid("The If-Match header is malformed.")
    return (header,)


def destination_of(environ: Environ, base_prefix: str) -> str:
    """The path that a MOVE goes to, without the prefix (RFC 4918 10.3). Raises ``Invalid`` or ``NotAllowed``."""
    try:
        url = urlsplit(str(environ.get("HTTP_DESTINATION", "")))
        path = unquote(url.path, errors="strict")
    except ValueError:
        raise Invalid("The Destination header is malformed.") from None
    if url.netloc and url.netloc.lower() != str(environ.get("HTTP_HOST", url.netloc)).lower():
        raise NotAllowed("The destination lies on another server.")
    inside = path.startswith(f"{base_prefix}/") and not any(part in {".", ".."} for part in path.split("/"))
    if not inside:
        raise NotAllowed("The destination lies outside of this server's collections.")
    return path.removeprefix(base_prefix)
