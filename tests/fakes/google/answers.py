"""Answers as Google gives them."""

from __future__ import annotations

import json
from typing import Any

from tests.providers.servers import Reply

DATE = "Sat, 21 Nov 2026 09:00:00 GMT"


def ok(body: dict[str, Any] | None = None) -> Reply:
    """A success; nothing is said where there is nothing to say."""
    headers = {"Content-Type": "application/json; charset=UTF-8", "Date": DATE}
    return Reply(200, headers, json.dumps(body).encode()) if body is not None else Reply(204, {"Date": DATE}, b"")


def refused(status: int, message: str, reason: str = "", word: str = "", **headers: str) -> Reply:
    """A failure as both APIs tell it: Calendar by ``reason``, People by ``word``."""
    error: dict[str, Any] = {"code": status, "message": message}
    if reason:
        error["errors"] = [{"message": message, "domain": "global", "reason": reason}]
    if word:
        error["status"] = word
    sent = {"Content-Type": "application/json; charset=UTF-8", "Date": DATE, **headers}
    return Reply(status, sent, json.dumps({"error": error}).encode())


class Refusal(Exception):
    """A failure, raised where it shows."""

    def __init__(self, status: int, message: str, reason: str = "", word: str = "") -> None:
        super().__init__(message)
        self.reply = refused(status, message, reason, word)
