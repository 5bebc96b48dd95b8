"""Batches of the Calendar API: ``multipart/mixed`` with requests inside, and with answers."""

from __future__ import annotations

from email import message_from_bytes, policy

from tests.fakes.google.answers import DATE
from tests.providers.servers import SILENCE, Reply, Request

MOST = 50


def split(request: Request) -> list[Request]:
    """The requests inside, each signed in as the whole is."""
    kind = request.headers["content-type"].encode()
    whole = message_from_bytes(b"Content-Type: " + kind + b"\r\n\r\n" + request.body, policy=policy.HTTP)
    assert whole.get_content_type() == "multipart/mixed"
    return [_inner(part.get_payload(decode=True), request.headers["authorization"]) for part in whole.iter_parts()]


def _inner(content: object, authorization: str) -> Request:
    assert isinstance(content, bytes)
    head, _, body = content.partition(b"\r\n\r\n")
    line, *rest = head.decode().split("\r\n")
    method, path, version = line.split(" ")
    assert version == "HTTP/1.1"
    headers = {name.strip().lower(): text.strip() for name, _, text in (each.partition(":") for each in rest)}
    assert int(headers.get("content-length", "0")) == len(body.strip())
    return Request(method, path, {**headers, "authorization": authorization}, body.strip())


def join(replies: list[Reply]) -> Reply:
    """The answers in one, each numbered as its request is."""
    parts = b"".join(_part(number, reply) for number, reply in enumerate(replies))
    headers = {"Content-Type": "multipart/mixed; boundary=batch_of_answers", "Date": DATE}
    return Reply(200, headers, parts + b"--batch_of_answers--\r\n")


def _part(number: int, reply: Reply) -> bytes:
    headers = {"Content-Length": str(len(reply.body)), **reply.headers}
    lines = [
        "--batch_of_answers",
        "Content-Type: application/http",
        f"Content-ID: <response-{number}>",
        "",
        f"HTTP/1.1 {reply.status} Whatever",
        *(f"{name}: {text}" for name, text in headers.items()),
        "",
        "",
    ]
    return "\r\n".join(lines).encode() + reply.body + b"\r\n"


def breaks_off(reply: Reply) -> bool:
    """Whether there is no such answer within another one: then the whole breaks off."""
    return reply is SILENCE or int(reply.headers.get("Content-Length", len(reply.body))) != len(reply.body)
