"""Answers that make no sense, as a fault: values of other kinds, fields that are missing, batches in disorder."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

from tests.providers.servers import Reply

PLAIN = (None, 7, -1, 10**30, 1e308, float("nan"), True, [], {}, ["x"], {"x": [1]}, [None])
TEXTS = ("", "nonsense", "\u0000", "9" * 400, "2027-02-31T25:00:00Z", "9999-12-31T23:59:59+14:00", "0001-01-01")
IDS = frozenset(("id", "resourceName", "requestedResourceName", "recurringEventId", "contactGroupResourceName"))
"""Nobody can tell that one of these is another's, so they become no other text; nor do rows of lists vanish."""


@dataclass
class Spoiler:
    """Spoils every so manieth answer at random places."""

    random: Random
    done: list[str] = field(default_factory=list)

    def __call__(self, reply: Reply) -> Reply:
        if self.random.random() < 0.5:
            return reply
        if reply.headers.get("Content-Type", "").startswith("multipart/mixed"):
            return replace(reply, body=self._parts(reply.body))
        if not reply.headers.get("Content-Type", "").startswith("application/json"):
            return reply
        body = json.loads(reply.body)
        for _ in range(self.random.randint(1, 3)):
            body = self._spoil(body)
        return replace(reply, body=json.dumps(body).encode())

    def _spoil(self, body: Any) -> Any:
        places = list(_places(body))
        if not places:
            return self.random.choice(PLAIN)
        holder, name = self.random.choice(places)
        if isinstance(holder, dict) and self.random.random() < 0.3:
            del holder[name]
            self.done.append(f"{name} is left out")
        else:
            holder[name] = self.random.choice(PLAIN if name in IDS else PLAIN + TEXTS)
            self.done.append(f"{name} = {holder[name]!r:.40}")
        return body

    def _parts(self, body: bytes) -> bytes:
        """Leave out, repeat, swap or cut the parts of a batch."""
        head, *parts = body.split(b"--batch_of_answers")
        kind = self.random.choice(("missing", "extra", "numbers", "cut"))
        self.done.append(f"parts: {kind}")
        if kind == "missing":
            del parts[self.random.randrange(len(parts))]
        elif kind == "extra":
            parts.insert(0, self.random.choice(parts).replace(b"response-", b"response-9"))
        elif kind == "numbers":
            numbers = [str(number).encode() for number in range(len(parts))]
            self.random.shuffle(numbers)
            parts = [re.sub(rb"response-\d+", b"response-" + n, part) for n, part in zip(numbers, parts, strict=True)]
        else:
            return body[: self.random.randrange(len(body))]
        return b"--batch_of_answers".join((head, *parts))


def _places(body: Any) -> Iterator[tuple[Any, Any]]:
    """Everything that can be replaced: what holds it, and its name there."""
    names = list(body) if isinstance(body, dict) else range(len(body)) if isinstance(body, list) else []
    for name in names:
        yield body, name
        yield from _places(body[name])
