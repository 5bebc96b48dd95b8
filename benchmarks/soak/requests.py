"""Requests that clients send, that broken clients send, and that nobody with good intentions sends."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from urllib.parse import quote

from benchmarks.soak import texts

METHODS = (
    *("GET", "HEAD", "PUT", "DELETE", "OPTIONS", "PROPFIND", "PROPPATCH", "REPORT", "MOVE"),
    *("COPY", "MKCOL", "MKCALENDAR", "LOCK", "UNLOCK", "POST", "PATCH", "TRACE", "BREW"),
)
NAMES = 40  # resources in each collection: few, so that requests meet


@dataclass(frozen=True, slots=True)
class Request:
    """One request. ``path`` is percent-encoded; ``signed_in`` whether it brings the right password."""

    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    signed_in: bool = True

    @property
    def shape(self) -> str:
        """What a report counts it under."""
        return f"{self.method} {self.path[:60]} {self.body[:60]!r}"


class Generator:
    """Draws requests about one user's collections; ``etags`` are those last seen, by path."""

    def __init__(self, login: str, seed: str) -> None:
        self._random = Random(seed)  # noqa: S311 - the same requests for the same seed
        self._home = f"/dav/{login}/"
        self.etags: dict[str, str] = {}
        self.tokens: list[str] = [""]

    def draw(self) -> Request:
        """Return the next request: mostly sensible ones, since the others are refused early."""
        makers: dict[Callable[[], Request], int] = {
            self._write: 30,
            self._read: 10,
            self._delete: 8,
            self._report: 25,
            self._propfind: 15,
            self._move: 3,
            self._proppatch: 4,
            self._odd: 25,
            self._stranger: 1,
        }
        (make,) = self._random.choices(list(makers), list(makers.values()))
        return make()

    def _one(self, choices: Sequence[str]) -> str:
        return self._random.choice(choices)

    def _collection(self) -> str:
        return self._home + self._one(("activities", "activities", "contacts", "tasks")) + "/"

    def _resource(self, collection: str = "") -> str:
        collection = collection or self._collection()
        ending = "vcf" if collection.endswith("contacts/") else "ics"
        return f"{collection}{self._random.randrange(NAMES)}.{ending}"

    def _write(self) -> Request:
        path = self._resource()
        number = path.rpartition("/")[2].partition(".")[0]
        kinds = {"contacts": texts.CARDS, "tasks": texts.TASKS}
        text = self._one(kinds.get(path.split("/")[3], texts.CALENDARS))
        body = (
            text.replace("{n}", number)
            .replace("{x}", str(self._random.randrange(10**6)))
            .encode("utf-8", "surrogatepass")
        )
        kind = "text/vcard" if path.endswith(".vcf") else "text/calendar"
        headers = {"Content-Type": f"{kind}; charset=utf-8", **self._guard(path)}
        return Request("PUT", path, headers, self._spoiled(body) if self._random.random() < 0.1 else body)

    def _guard(self, path: str) -> dict[str, str]:
        known = self.etags.get(path, '"0"')
        tags: tuple[dict[str, str], ...] = (
            *(
                {},
                {},
                {},
                {},
                {},
                {},
                {},
                {},
                {"If-None-Match": "*"},
                {"If-Match": known},
                {"If-Match": known},
                {"If-Match": "*"},
            ),
            *({"If-Match": "0"}, {"If-Match": 'W/"0", "1"'}, {"If-None-Match": known}, {"If-Match": '"' * 50}),
        )
        return self._random.choice(tags)

    def _read(self) -> Request:
        path = self._one((self._resource(), self._resource(), self._collection(), self._home))
        return Request(self._one(("GET", "GET", "HEAD")), path, self._guard(path))

    def _delete(self) -> Request:
        path = self._resource()
        return Request("DELETE", path, self._guard(path))

    def _report(self) -> Request:
        path = self._one((self._collection(), self._collection(), self._collection(), self._resource(), self._home))
        text = self._one(texts.REPORTS).replace("{token}", self._one(self.tokens[-20:])).replace("{path}", path)
        return Request("REPORT", path, self._xml_headers(), self._xml(text))

    def _propfind(self) -> Request:
        path = self._one((self._collection(), self._collection(), self._resource(), self._home, "/dav/", "/"))
        return Request("PROPFIND", path, self._xml_headers(), self._xml(self._one(texts.PROPFINDS)))

    def _xml_headers(self) -> dict[str, str]:
        depth = self._one(("0", "1", "1", "infinity", "2", "")) if self._random.random() < 0.9 else "one"
        return {"Depth": depth, "Content-Type": self._one(("application/xml", "text/xml; charset=utf-8", "text/plain"))}

    def _xml(self, text: str) -> bytes:
        body = text.encode()
        return self._spoiled(body) if self._random.random() < 0.1 else body

    def _move(self) -> Request:
        path = self._resource()
        goal = self._one((self._resource(), self._resource(), "/", self._collection(), "/dav/other/activities/1.ics"))
        goal = self._one((f"http://127.0.0.1{goal}", goal, "http://[", "::"))
        return Request("MOVE", path, {"Destination": goal, "Overwrite": self._one(("T", "F", "x"))})

    def _proppatch(self) -> Request:
        return Request("PROPPATCH", self._collection(), {}, self._xml(self._one(texts.PROPPATCHES)))

    def _odd(self) -> Request:
        """Any method, path, headers and body together."""
        paths = (self._resource(), self._collection(), self._home, *map(self._odd_path, texts.NAMES))
        headers = {name: self._one(texts.VALUES) for name in self._random.sample(texts.HEADERS, 3)}
        body = self._one((*texts.CALENDARS, *texts.REPORTS, *texts.HOSTILE)).encode("utf-8", "surrogatepass")
        return Request(self._one(METHODS), self._one(paths), headers, self._spoiled(body))

    def _odd_path(self, name: str) -> str:
        return self._one((self._collection(), self._home, "/dav/", "/")) + quote(name.encode("utf-8", "surrogatepass"))

    def _stranger(self) -> Request:
        return Request(self._one(METHODS), self._resource(), signed_in=False)

    def _spoiled(self, body: bytes) -> bytes:
        """Something cut off, doubled, turned over, or put in between."""
        at, noise = self._random.randrange(len(body) + 1), self._random.randbytes(8)
        return self._random.choice(
            (body[:at], body[at:], body * 2, body[:at] + noise + body[at:], body[:at] + b"\0" + body[at:], noise, b"")
        )
