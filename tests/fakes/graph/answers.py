"""Answers as Graph gives them."""

from __future__ import annotations

import json
from typing import Any

from tests.providers.servers import Reply

DATE = "Sat, 21 Nov 2026 09:00:00 GMT"
JSON = "application/json; odata.metadata=minimal; odata.streaming=true; IEEE754Compatible=false; charset=utf-8"


def ok(body: dict[str, Any] | None = None, status: int = 0) -> Reply:
    """A success; nothing is said where there is nothing to say."""
    if body is None:
        return Reply(status or 204, {"Date": DATE}, b"")
    return Reply(status or 200, {"Content-Type": JSON, "Date": DATE}, json.dumps(body).encode())


def refused(status: int, code: str, message: str = "", more: dict[str, Any] | None = None, **headers: str) -> Reply:
    """A failure."""
    inner = {"date": "2026-11-21T09:00:00", "request-id": "0", "client-request-id": "0"}
    error = {"code": code, "message": message or code, "innerError": inner, **(more or {})}
    sent = {"Content-Type": JSON, "Date": DATE, **headers}
    return Reply(status, sent, json.dumps({"error": error}).encode())


class Refusal(Exception):
    """A failure, raised where it shows."""

    def __init__(self, status: int, code: str, message: str = "", more: dict[str, Any] | None = None) -> None:
        super().__init__(message or code)
        self.reply = refused(status, code, message, more)


def not_found() -> Refusal:
    """Nothing of this id is in the mailbox."""
    return Refusal(404, "ErrorItemNotFound", "The specified object was not found in the store.")
