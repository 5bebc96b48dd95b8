"""What Google publishes of its APIs, as a judge of requests and answers.

The documents come with google-api-python-client. What they do not know (a path, a parameter, a property) is a mistake.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from importlib.resources import files
from typing import Any
from urllib.parse import unquote

_INTEGERS = {"int32": 2**31, "int64": 2**63, "uint32": 2**32}


@dataclass(frozen=True, slots=True)
class Call:
    """A request that a document knows. ``values`` are what stands in the path, decoded."""

    id: str
    values: tuple[str, ...]
    method: Mapping[str, Any]


class Discovery:
    """One document."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._schemas: Mapping[str, Any] = document["schemas"]
        self._common: Mapping[str, Any] = document["parameters"]
        self.prefix = f"/{document['servicePath']}"
        self._methods = [
            (method, re.compile(_pattern(method.get("flatPath") or method["path"]))) for method in _methods(document)
        ]

    def find(self, http_method: str, path: str) -> Call | None:
        """The method that a request means. ``path`` is without the host and still encoded."""
        rest = path.removeprefix(self.prefix)
        for method, pattern in self._methods:
            if method["httpMethod"] == http_method and (found := pattern.fullmatch(rest)):
                return Call(method["id"], tuple(map(unquote, found.groups())), method)
        return None

    def check_request(self, call: Call, query: Mapping[str, Sequence[str]], body: object) -> Iterator[str]:
        """What is wrong with a request."""
        known = {**self._common, **call.method.get("parameters", {})}
        for name, texts in query.items():
            if name not in known:
                yield f"{call.id}: there is no parameter {name}"
            elif len(texts) > 1 and not known[name].get("repeated"):
                yield f"{call.id}: {name} is given more than once"
            else:
                yield from (
                    problem for text in texts for problem in _check_text(f"{call.id}.{name}", known[name], text)
                )
        for name, declared in call.method.get("parameters", {}).items():
            if declared.get("required") and declared["location"] == "query" and name not in query:
                yield f"{call.id}: {name} is missing"
        wanted = call.method.get("request")
        if (wanted is None) is not (body is None):
            yield f"{call.id}: a body is {'missing' if body is None else 'not expected'}"
        elif wanted is not None:
            yield from self.check(wanted, body, wanted["$ref"], call.id)

    def check_answer(self, call: Call, body: object) -> Iterator[str]:
        """What is wrong with the answer of a success."""
        wanted = call.method.get("response")
        if wanted is None:
            if body is not None:
                yield f"{call.id}: an answer is not expected"
        else:
            yield from self.check(wanted, body, wanted["$ref"])

    def check(self, schema: Mapping[str, Any], value: object, where: str, method: str = "") -> Iterator[str]:
        """What is wrong with a value. For a request, ``method`` says which properties are required."""
        if "$ref" in schema:
            yield from self.check(self._schemas[schema["$ref"]], value, where, method)
            return
        kind = schema.get("type")
        if kind == "object":
            yield from self._check_object(schema, value, where, method)
        elif kind == "array":
            if not isinstance(value, list):
                yield f"{where}: {value!r} is no list"
                return
            for number, each in enumerate(value):
                yield from self.check(schema["items"], each, f"{where}[{number}]", method)
        else:
            yield from _check_plain(schema, value, where)

    def _check_object(self, schema: Mapping[str, Any], value: object, where: str, method: str) -> Iterator[str]:
        if not isinstance(value, dict):
            yield f"{where}: {value!r} is no object"
            return
        properties: Mapping[str, Any] = schema.get("properties", {})
        others = schema.get("additionalProperties")
        for name, each in value.items():
            declared = properties.get(name, others)
            if declared is None:
                yield f"{where}: there is no property {name}"
            else:
                yield from self.check(declared, each, f"{where}.{name}", method)
        for name, declared in properties.items():
            if method and method in declared.get("annotations", {}).get("required", ()) and name not in value:
                yield f"{where}: {name} is missing"


@lru_cache(maxsize=4)
def document(name: str) -> Discovery:
    """A document by its name and version: ``calendar.v3``, ``people.v1``."""
    place = files("googleapiclient") / "discovery_cache" / "documents" / f"{name}.json"
    return Discovery(json.loads(place.read_text(encoding="utf-8")))


def _methods(resource: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield from resource.get("methods", {}).values()
    for inner in resource.get("resources", {}).values():
        yield from _methods(inner)


def _pattern(path: str) -> str:
    return "([^/:]+)".join(map(re.escape, re.split(r"\{\+?\w+\}", path)))


def _check_text(where: str, declared: Mapping[str, Any], text: str) -> Iterator[str]:
    kind = declared["type"]
    least, most = declared.get("minimum", "-inf"), declared.get("maximum", "inf")
    if kind == "integer" and not re.fullmatch(r"-?\d+", text):
        yield f"{where}: {text!r} is no number"
    elif kind == "integer" and not float(least) <= int(text) <= float(most):
        yield f"{where}: {text} is out of range"
    elif kind == "boolean" and text not in {"true", "false"}:
        yield f"{where}: {text!r} is no boolean"
    elif "enum" in declared and text not in declared["enum"]:
        yield f"{where}: {text!r} is none of {declared['enum']}"


def _check_plain(schema: Mapping[str, Any], value: object, where: str) -> Iterator[str]:
    kind = schema.get("type")
    if kind == "any":
        return
    types: dict[Any, type] = {"string": str, "boolean": bool, "integer": int, "number": float}
    if not isinstance(value, types[kind]) or (kind == "integer" and isinstance(value, bool)):
        yield f"{where}: {value!r} is no {kind}"
    elif "enum" in schema and value not in schema["enum"]:
        yield f"{where}: {value!r} is none of {schema['enum']}"
    elif not _has_format(schema.get("format", ""), value):
        yield f"{where}: {value!r} is no {schema['format']}"


def _has_format(name: str, value: Any) -> bool:
    try:
        match name:
            case "date":
                date.fromisoformat(value)
            case "date-time" | "google-datetime":
                datetime.fromisoformat(value)
            case "byte":
                base64.b64decode(value, altchars=b"-_", validate=True)
            case "int32" | "uint32":
                return bool(-_INTEGERS[name] <= value < _INTEGERS[name])
    except (ValueError, binascii.Error):
        return False
    return True
