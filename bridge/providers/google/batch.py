"""Several requests of the Calendar API in one: ``multipart/mixed``, at most fifty (batch of Calendar API v3).

Each of them counts towards the quota as if it came alone; what is saved are the ways to and fro. A server that offers
no batch is asked one by one.
"""

import json
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from email.parser import BytesParser
from email.policy import HTTP
from typing import TypeVar
from urllib.parse import urlsplit

from bridge.http import Answer, Query, with_query
from bridge.providers import together

MOST = 50
R = TypeVar("R")

_API = "/calendar/v3"
_STATUS = re.compile(rb"HTTP/1\.\d (\d{3})\b")
_NUMBER = re.compile(r"<?response-<?(\d{1,4})>?>?")


@dataclass(frozen=True, slots=True)
class Ask:
    """One request. ``path`` is below the address of the API; ``body`` travels as JSON."""

    method: str
    path: str
    query: Query = field(default_factory=dict)
    body: object = None
    headers: Mapping[str, str] = field(default_factory=dict)


Steps = together.Steps[Ask, R]
"""What has to be asked for one object, turn by turn."""


def batch_url(url: str) -> str:
    """Where batches go, by the address of the API; nothing where that is not laid out as Google's is."""
    parts = urlsplit(url)
    if not parts.path.endswith(_API):
        return ""
    return f"{parts.scheme}://{parts.netloc}{parts.path.removesuffix(_API)}/batch{_API}"


def write_batch(url: str, asks: Sequence[Ask]) -> tuple[str, bytes]:
    """The media type and the body that carry these requests. Parts are numbered."""
    boundary = f"davbridge-{secrets.token_hex(16)}"
    path = urlsplit(url).path
    parts = [_part(path, number, ask) for number, ask in enumerate(asks)]
    body = b"".join(b"--%s\r\n%s\r\n" % (boundary.encode(), part) for part in parts)
    return f"multipart/mixed; boundary={boundary}", body + f"--{boundary}--\r\n".encode()


def _part(path: str, number: int, ask: Ask) -> bytes:
    content = json.dumps(ask.body).encode() if ask.body is not None else b""
    headers = dict(ask.headers)
    if ask.body is not None:
        headers |= {"Content-Type": "application/json; charset=utf-8", "Content-Length": str(len(content))}
    lines = [
        "Content-Type: application/http",
        f"Content-ID: <{number}>",
        "",
        f"{ask.method} {with_query(f'{path}{ask.path}', ask.query)} HTTP/1.1",
        *(f"{name}: {text}" for name, text in headers.items()),
        "",
        "",
    ]
    return "\r\n".join(lines).encode() + content


def read_batch(answer: Answer, count: int) -> list[Answer]:
    """The answer to each request, in their order. One that is missing, or makes no sense, is a failure (502)."""
    kind = answer.headers.get("content-type", "").encode("latin-1", "replace")
    message = BytesParser(policy=HTTP).parsebytes(b"Content-Type: " + kind + b"\r\n\r\n" + answer.body)
    found: dict[int, Answer] = {}
    for part in message.iter_parts() if message.is_multipart() else ():
        number = _NUMBER.fullmatch(str(part.get("Content-ID", "")).strip())
        content = part.get_payload(decode=True)
        if number and isinstance(content, bytes):
            found[int(number[1])] = _inner(answer.url, content)
    missing = Answer(answer.url, 502, {})
    return [found.get(number, missing) for number in range(count)]


def _inner(url: str, content: bytes) -> Answer:
    head, _, body = content.lstrip().partition(b"\r\n\r\n" if b"\r\n\r\n" in content else b"\n\n")
    status = _STATUS.match(head)
    lines = (line.partition(":") for line in head.decode("latin-1").splitlines()[1:])
    headers = {name.strip().lower(): text.strip() for name, _, text in lines}
    return Answer(url, int(status[1]), headers, body.strip()) if status else Answer(url, 502, {})
