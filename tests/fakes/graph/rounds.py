"""Pages of lists and rounds of changes, whose links are all that a client has."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any
from urllib.parse import urlencode

from tests.fakes.graph.answers import Refusal

Raw = dict[str, Any]


@dataclass
class Rounds:
    """``oldest``: what happened before it is no longer known, and tokens from then have expired."""

    oldest: int = 0
    _known: dict[str, tuple[int, Any]] = field(default_factory=dict)
    _rest: dict[str, tuple[list[Raw], int, Any]] = field(default_factory=dict)
    _numbers: Callable[[], int] = field(default_factory=lambda: count(1).__next__)

    def position(self, token: str) -> tuple[int, Any]:
        """Since when a round tells, and of which window. Raises for a token that is too old, or none."""
        if token not in self._known:
            raise Refusal(400, "BadRequest", "Badly formed token.")
        since, window = self._known[token]
        if since < self.oldest:
            raise Refusal(410, "syncStateNotFound", "The sync state generation is not found; a full sync is needed.")
        return since, window

    def page(self, url: str, rows: Sequence[Raw], latest: int, window: Any, size: int) -> Raw:
        """The first page of a round, or the page after one."""
        if len(rows) > size:
            token = f"skip-{self._numbers()}"
            self._rest[token] = (list(rows[size:]), latest, window)
            return {"value": list(rows[:size]), "@odata.nextLink": f"{url}?$skiptoken={token}"}
        token = f"round-{self._numbers()}"
        self._known[token] = (latest, window)
        return {"value": list(rows), "@odata.deltaLink": f"{url}?$deltatoken={token}"}

    def rest(self, token: str) -> tuple[list[Raw], int, Any]:
        """What comes after a page."""
        if token not in self._rest:
            raise Refusal(400, "BadRequest", "Badly formed token.")
        return self._rest[token]


def sliced(url: str, rows: Sequence[Raw], query: Mapping[str, str], most: int) -> Raw:
    """A page of a plain list."""
    size = min(int(query.get("$top", 10)), most)
    begin = int(query.get("$skip", 0))
    page: Raw = {"value": list(rows[begin : begin + size])}
    if begin + size < len(rows):
        kept = {name: value for name, value in query.items() if name != "$skip"}
        page["@odata.nextLink"] = f"{url}?{urlencode({**kept, '$skip': begin + size}, safe='$')}"
    return page
