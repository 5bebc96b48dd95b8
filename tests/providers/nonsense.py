"""Answers that make no sense: single values of them are something else than they should be, or are not there at all.

What says which object is meant, or that it is gone, is left out or no text at all, but never that of another object.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

from lxml import etree

from bridge.errors import (
    BridgeError,
    MappingError,
    NotFound,
    PermissionMissing,
    PreconditionFailed,
    Refused,
    SignInNeeded,
    TemporaryError,
    TokenExpired,
)
from bridge.ports import Create, Delete, Deleted, IdempotencyKey, Side, Stored, Update, Write
from tests.fakes.google.server import Fault
from tests.providers.servers import Reply

OUTCOMES = (PreconditionFailed, Refused, MappingError, TemporaryError)
RAISED = (TemporaryError, SignInNeeded, PermissionMissing, NotFound, TokenExpired)
LONG = "9" * 400
VALUES: tuple[Any, ...] = (
    None,
    0,
    7,
    -1,
    10**18,
    1e308,
    True,
    [],
    {},
    ["x"],
    {"x": [1]},
    [None],
    *("", "x", "\0", LONG),
)
TEXTS = ("", "x", "0", "-1", LONG, "true", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z", "½")
_NAMES = frozenset(
    ("id", "Id", "resourceName", "requestedResourceName", "recurringEventId", "contactGroupResourceName")
)


@dataclass
class Spoiler:
    """Spoils every second answer at up to three places. ``done`` says what it did.

    ``whole``: it takes away fields, and all that a field holds, too, but no rows of lists.
    """

    random: Random
    whole: bool = False
    done: list[str] = field(default_factory=list)

    def __call__(self, reply: Reply) -> Reply:
        kind = reply.headers.get("Content-Type", "")
        spoilers = {"application/json": self._json, "text/xml": self._xml, "multipart/mixed": self._parts}
        spoil = spoilers.get(kind.partition(";")[0])
        if self.random.random() < 0.5 or spoil is None or not reply.body:
            return reply
        return replace(reply, body=spoil(reply.body))

    def _json(self, data: bytes) -> bytes:
        body = json.loads(data)
        for _ in range(self.random.randint(1, 3)):
            leaves = list(_leaves(body, whole=self.whole))
            if leaves:
                holder, name = self.random.choice(leaves)
                rows = isinstance(holder[name], list) and bool(holder[name])
                if self.whole and isinstance(holder, dict) and not rows and self.random.random() < 0.3:
                    del holder[name]
                    self.done.append(f"no {name}")
                else:
                    holder[name] = self._instead(name, rows=rows)
                    self.done.append(f"{name} = {holder[name]!r:.40}")
        return json.dumps(body).encode()

    def _instead(self, name: object, *, rows: bool) -> Any:
        values = [each for each in VALUES if not (name in _NAMES and isinstance(each, str) and each)]
        return self.random.choice([each for each in values if not (rows and each == [])])

    def _parts(self, data: bytes) -> bytes:
        """Leave out, add, reorder or cut the answers of a batch. None takes the number of another one."""
        head, *parts = data.split(b"--batch_of_answers")
        kind = self.random.choice(("missing", "extra", "order", "cut"))
        self.done.append(f"parts: {kind}")
        if kind == "missing":
            del parts[self.random.randrange(len(parts))]
        elif kind == "extra":
            parts.insert(0, self.random.choice(parts[:-1]).replace(b"response-", b"response-9"))
        elif kind == "order":
            parts[:-1] = self.random.sample(parts[:-1], len(parts) - 1)
        else:
            return data[: self.random.randrange(len(data))]
        return b"--batch_of_answers".join((head, *parts))

    def _xml(self, data: bytes) -> bytes:
        root = etree.fromstring(data)
        for _ in range(self.random.randint(1, 3)):
            each = self.random.choice([each for each in root.iter(etree.Element) if not len(each)])
            name = etree.QName(each).localname
            if each.attrib and self.random.random() < 0.5:
                key = self.random.choice(sorted(each.attrib))
                each.attrib.pop(key)
                if key not in _NAMES:
                    each.set(key, self.random.choice([text for text in TEXTS if "\0" not in text]))
                self.done.append(f"{name}/@{key} = {each.get(key)!r:.40}")
            elif self.random.random() < 0.5 and each.getparent() is not None:
                each.getparent().remove(each)
                self.done.append(f"no {name}")
            else:
                each.text = self.random.choice(TEXTS)
                self.done.append(f"{name} = {each.text!r:.40}")
        return bytes(etree.tostring(root, encoding="utf-8", xml_declaration=True))


def _leaves(body: Any, *, whole: bool) -> Iterator[tuple[Any, Any]]:
    """The places of all values that hold no others, or of the others too: what holds them, and their names there."""
    names = list(body) if isinstance(body, dict) else range(len(body)) if isinstance(body, list) else []
    for name in names:
        if isinstance(body[name], dict | list) and body[name]:
            yield from _leaves(body[name], whole=whole)
        if whole or not (isinstance(body[name], dict | list) and body[name]):
            yield body, name


@dataclass
class Ordeal:
    """A side that is used while its answers are spoiled."""

    world: Any
    objects: list[Any]
    spoiler: Spoiler

    def pass_through(self) -> None:
        """Whatever is told is an outcome or an error of the port, and nothing is taken for gone that is there."""
        world, objects = self.world, self.objects
        side: Side[Any] = world.open()
        made = list(side.write(creations("before", objects)))
        there = {each.id: each for each in made if isinstance(each, Stored)}
        assert len(there) == len(objects)
        token = side.changes(None).token
        first, second, *_ = there
        world.edit(first, there[second].object)
        world.fake.faults = [Fault(self.spoiler, times=None, after=True)]
        for anew in (world.open(), world.open()):
            self._look(anew, token, there.keys())
            self._write(anew, [Update(id_, each.object, each.version) for id_, each in there.items()])
            self._write(anew, [Update(id_, objects[0]) for id_ in there])
            self._write(anew, creations("after", objects))
            self._look(anew, token, there.keys())
        gone = self._write(world.open(), [Delete(id_, each.version) for id_, each in there.items()])
        world.fake.faults = []
        left = {each.id for each in world.open().changes(None).found}
        assert left.isdisjoint(each.id for each in gone if isinstance(each, Deleted)), self.spoiler.done
        world.fake.mistakes.clear()  # what was spoiled is sent back, and refused

    def _look(self, side: Side[Any], token: Any, ids: Any) -> None:
        whole = ask(lambda: side.changes(None))
        if not isinstance(whole, BridgeError):
            assert {each.id for each in whole.found} >= ids, self.spoiler.done
        changes = ask(lambda: side.changes(token))
        if not isinstance(changes, BridgeError):
            assert not {*changes.gone} & ids, self.spoiler.done
        found = ask(lambda: list(side.fetch(sorted(ids))))
        if not isinstance(found, BridgeError):
            assert {each.id for each in found} == ids, self.spoiler.done

    def _write(self, side: Side[Any], writes: list[Write[Any]]) -> list[Any]:
        found: list[Any] = []
        error = ask(lambda: found.extend(side.write(writes)))
        assert error is not None or len(found) == len(writes)
        assert all(not isinstance(each, BridgeError) or isinstance(each, OUTCOMES) for each in found), found
        return found


def ask(call: Callable[[], Any]) -> Any:
    """What comes of a call, or the error of the port that it raises."""
    try:
        return call()
    except RAISED as error:
        return error


def creations(name: str, objects: list[Any]) -> list[Write[Any]]:
    """Creations with keys of their own."""
    return [
        Create(IdempotencyKey(f"{name}-{at}"), replace(each, uid=f"{name}-{each.uid}"))
        for at, each in enumerate(objects)
    ]
