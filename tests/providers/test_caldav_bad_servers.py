"""Servers that answer nonsense, fail, send us elsewhere or try to harm us: a sentence, and nothing is lost."""

from __future__ import annotations

import gzip
import ssl
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from html import escape
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from bridge.core.event import Event
from bridge.errors import (
    BridgeError,
    NotFound,
    PermissionMissing,
    PreconditionFailed,
    Refused,
    SignInNeeded,
    TemporaryError,
    TokenExpired,
)
from bridge.ports import (
    Create,
    Delete,
    Deleted,
    IdempotencyKey,
    RemoteId,
    Side,
    SignIn,
    Stored,
    SyncToken,
    Update,
    Version,
)
from bridge.providers.caldav.client import Network
from bridge.providers.caldav.provider import CalDavConnector, CalDavProvider
from bridge.providers.caldav.session import Session
from tests.harness import NOW, FixedClock
from tests.providers.servers import Reply, Request, ScriptedServer, multistatus, row, scripted

Answer = Callable[[Request], Reply]
Serve = Callable[[Answer], ScriptedServer]

REPORTS = "<D:supported-report-set><D:report><D:sync-collection/></D:report></D:supported-report-set>"
TEN = "Sat, 21 Nov 2026 10:00:00 GMT"
INVALID = b'<D:error xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><C:valid-calendar-data/></D:error>'
HTML = Reply(200, {"Content-Type": "text/html"}, b"<!DOCTYPE html><html>Please sign in</html>")
ENTITIES = (
    b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]><D:multistatus xmlns:D="DAV:">&b;</D:multistatus>'
)


@pytest.fixture
def serve() -> Iterator[Serve]:
    with ExitStack() as stack:
        yield lambda answer: stack.enter_context(scripted(answer))


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    """A certificate that nobody has signed, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "elsewhere.example")])
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, NOW - timedelta(days=9), NOW + timedelta(days=9))
    signed = builder.sign(key, hashes.SHA256())
    files = tmp_path / "certificate.pem", tmp_path / "key.pem"
    files[0].write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    format_ = serialization.PrivateFormat.PKCS8
    files[1].write_bytes(key.private_bytes(serialization.Encoding.PEM, format_, serialization.NoEncryption()))
    return files


def text_of(uid: str, summary: str = "Hello") -> str:
    lines = (f"UID:{uid}",) if uid else ()
    return "\r\n".join((
        "BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//x//y//EN", "BEGIN:VEVENT", *lines, "DTSTAMP:20261121T090000Z",
        "DTSTART:20261201T090000Z", f"SUMMARY:{summary}", "END:VEVENT", "END:VCALENDAR", "",
    ))  # fmt: skip


def etag(value: str) -> str:
    return f'<D:getetag>"{value}"</D:getetag>'


def data(uid: str) -> str:
    return etag("1") + f"<C:calendar-data>{escape(text_of(uid))}</C:calendar-data>"


def provider(server: ScriptedServer, network: Network | None = None) -> CalDavProvider:
    sign_in = SignIn(url=server.url, username="anna", secret="secret")
    return CalDavConnector(FixedClock(), network=network or Network()).open(sign_in, lambda _: None)


def calendar(server: ScriptedServer, network: Network | None = None) -> Side[Event]:
    return provider(server, network).open_calendar(RemoteId(f"{server.url}cal/"))


def always(reply: Reply) -> Answer:
    return lambda _: reply


def create(uid: str = "u1") -> Create[Event]:
    return Create(IdempotencyKey(f"key-{uid}"), Event(uid, summary="Hello", start=NOW))


def only(side: Side[Event], write: Any) -> Any:
    (outcome,) = side.write([write])
    return outcome


# Nonsense


@pytest.mark.parametrize(
    "reply",
    [
        HTML,
        Reply(207, {}, HTML.body),
        Reply(207, {}, b""),
        Reply(207, {}, b"<D:multistatus xmlns:D='DAV:'><D:response>"),
        Reply(207, {}, b"\x00\xff nonsense"),
        Reply(207, {}, ENTITIES),
        Reply(207, {}, b"<D:multistatus xmlns:D='DAV:'/>"),
        Reply(207, {}, b'<?xml version="1.0" encoding="no-such"?><a/>'),
        Reply(200, {}, b"{}"),
        Reply(304, {}, b""),
        Reply(500, {}, HTML.body),
        Reply(418, {}, b""),
        Reply(207, {"Content-Encoding": "br"}, b"xx"),
        Reply(207, {"Content-Encoding": "gzip"}, b"not gzip at all"),
        Reply(207, {"Content-Encoding": "gzip"}, gzip.compress(b"x" * 10_000)[:40]),
        Reply(207, {"Content-Length": "1000"}, b"<D:multistatus"),
    ],
    ids=range(16),
)
def test_nonsense_is_a_temporary_error_in_words(serve: Serve, reply: Reply) -> None:
    server = serve(always(reply))
    for call in (
        lambda: calendar(server).changes(None),
        lambda: calendar(server).changes(SyncToken("sync x")),
        lambda: calendar(server).changes(SyncToken("ctag x")),
        lambda: provider(server).check(),
    ):
        with pytest.raises(TemporaryError) as caught:
            call()
        assert str(caught.value).endswith(".")
        assert "secret" not in str(caught.value)


def test_an_empty_multistatus_to_a_known_token_needs_a_new_token(serve: Serve) -> None:
    server = serve(always(multistatus()))
    with pytest.raises(TemporaryError, match="no token"):
        calendar(server).changes(SyncToken("sync x"))


def test_a_bomb_of_zeros_is_not_unpacked(serve: Serve) -> None:
    bomb = gzip.compress(bytes(20_000_000))
    server = serve(always(Reply(207, {"Content-Encoding": "gzip"}, bomb)))
    with pytest.raises(TemporaryError, match="larger than 1 MB"):
        calendar(server, Network(max_body=1024 * 1024)).changes(None)


def test_a_large_body_is_not_read_to_its_end(serve: Serve) -> None:
    server = serve(always(Reply(207, {}, b"x" * 3_000_000)))
    with pytest.raises(TemporaryError, match="larger than 1 MB"):
        calendar(server, Network(max_body=1024 * 1024)).changes(None)


def test_packed_answers_are_read(serve: Serve) -> None:
    packed = gzip.compress(multistatus(row("/cal/a.ics", etag("1")), token="t2").body)
    server = serve(always(Reply(207, {"Content-Encoding": "gzip"}, packed)))
    changes = calendar(server).changes(SyncToken("sync t1"))
    assert [each.id for each in changes.found] == ["/cal/a.ics"]


def test_a_server_that_is_not_there_is_a_temporary_error() -> None:
    with scripted(always(HTML)) as server:
        pass
    with pytest.raises(TemporaryError, match="cannot be reached"):
        calendar(server).changes(None)


# Statuses


@pytest.mark.parametrize(
    ("status", "expected"),
    [(401, SignInNeeded), (403, PermissionMissing), (404, NotFound), (410, NotFound), (423, TemporaryError),
     (429, TemporaryError), (500, TemporaryError), (502, TemporaryError), (503, TemporaryError)],
)  # fmt: skip
def test_the_status_of_a_collection_is_an_error_with_a_sentence(
    serve: Serve, status: int, expected: type[BridgeError]
) -> None:
    side = calendar(serve(always(Reply(status, {}, b""))))
    for since in (None, SyncToken("sync x"), SyncToken("ctag x")):
        with pytest.raises(expected):
            side.changes(since)


@pytest.mark.parametrize(("status", "expected"), [(401, SignInNeeded), (429, TemporaryError), (503, TemporaryError)])
def test_a_status_that_concerns_the_connection_ends_a_fetch(
    serve: Serve, status: int, expected: type[BridgeError]
) -> None:
    side = calendar(serve(always(Reply(status, {}, b""))))
    for ids in (["/cal/a.ics"], ["/cal/a.ics", "/cal/b.ics"]):
        with pytest.raises(expected):
            list(side.fetch([RemoteId(each) for each in ids]))


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"Retry-After": "120"}, timedelta(minutes=2)),
        ({"Retry-After": "Sat, 21 Nov 2026 10:00:30 GMT", "Date": TEN}, timedelta(seconds=30)),
        ({"Retry-After": "Sat, 21 Nov 2026 09:00:00 GMT", "Date": TEN}, timedelta()),
        ({"Retry-After": "99999999999999"}, timedelta(days=1)),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "-5"}, None),
        ({}, None),
    ],
)  # fmt: skip
def test_the_wait_that_the_server_asks_for_is_told(
    serve: Serve, headers: dict[str, str], expected: timedelta | None
) -> None:
    server = serve(always(Reply(503, headers, b"")))
    with pytest.raises(TemporaryError) as caught:
        calendar(server).changes(None)
    assert caught.value.retry_after == expected


def test_wrong_credentials_are_tried_once_with_each_kind_of_sign_in(serve: Serve) -> None:
    server = serve(always(Reply(401, {"WWW-Authenticate": 'Basic realm="x"'}, b"")))
    with pytest.raises(SignInNeeded) as caught:
        calendar(server).changes(None)
    assert caught.value.remedy
    assert len(server.asked) == 2  # without, and with


def test_an_unknown_kind_of_sign_in_is_told(serve: Serve) -> None:
    server = serve(always(Reply(401, {"WWW-Authenticate": "Negotiate"}, b"")))
    with pytest.raises(SignInNeeded):
        calendar(server).changes(None)


def test_digest_is_answered(serve: Serve) -> None:
    def answer(request: Request) -> Reply:
        if request.headers.get("authorization", "").startswith("Digest "):
            return multistatus(token="t2")
        return Reply(401, {"WWW-Authenticate": 'Digest realm="x", nonce="abc", qop="auth", algorithm=MD5'}, b"")

    assert calendar(serve(answer)).changes(SyncToken("sync t1")).token == "sync t2"


# Listings


def listing(*rows: str, token: str = "t1") -> Answer:
    def answer(request: Request) -> Reply:
        if request.method == "PROPFIND":
            return multistatus(row("/cal/", REPORTS))
        return multistatus(*rows, token=token)

    return answer


def test_hrefs_are_told_once_in_one_spelling_and_only_those_inside(serve: Serve) -> None:
    server = serve(
        listing(
            row("/cal/", etag("0")),
            row("/cal/a%40b.ics", etag("1")),
            row("/cal/a@b.ics", etag("2")),
            row("http://127.0.0.1/cal/abs.ics", etag("3")),
            row("rel%c3%a4tive.ics", etag("4")),
            row("/cal/sub/", etag("5")),
            row("/cal/sub/deep.ics", etag("6")),
            row("/other/x.ics", etag("7")),
            row("/cal/../other/y.ics", etag("8")),
            row("http://elsewhere.example/cal/z.ics", etag("9")),
            row("http://[nonsense/cal/z.ics", etag("10")),
            row("/cal/%2e%2e", etag("11")),
        )
    )
    changes = calendar(server).changes(None)
    assert [(each.id, each.version) for each in changes.found] == [
        ("/cal/a%40b.ics", '"2"'),
        ("/cal/abs.ics", '"3"'),
        ("/cal/rel%C3%A4tive.ics", '"4"'),
    ]
    assert changes.complete


def test_what_the_server_fails_for_is_not_gone(serve: Serve) -> None:
    server = serve(listing(row("/cal/a.ics", etag("1")), row("/cal/b.ics", status=500), row("/cal/c.ics", status=404)))
    changes = calendar(server).changes(None)
    assert [(each.id, bool(each.problem)) for each in changes.found] == [("/cal/a.ics", False), ("/cal/b.ics", True)]


def test_a_list_in_pages_is_read_to_its_end(serve: Serve) -> None:
    pages = {
        b"": multistatus(row("/cal/a.ics", etag("1")), row("/cal/", status=507), token="t1"),
        b"t1": multistatus(row("/cal/b.ics", etag("2")), row("/cal/", status=507), token="t2"),
        b"t2": multistatus(row("/cal/c.ics", etag("3")), token="t3"),
    }

    def answer(request: Request) -> Reply:
        if request.method == "PROPFIND":
            return multistatus(row("/cal/", REPORTS))
        return pages[request.body.partition(b"<D:sync-token>")[2].partition(b"</D:sync-token>")[0]]

    changes = calendar(serve(answer)).changes(None)
    assert [each.id for each in changes.found] == ["/cal/a.ics", "/cal/b.ics", "/cal/c.ics"]
    assert changes.token == "sync t3"


def test_pages_without_an_end_are_given_up(serve: Serve) -> None:
    server = serve(listing(row("/cal/", status=507), token="same"))
    with pytest.raises(TemporaryError, match="no end"):
        calendar(server).changes(None)


def test_a_list_that_breaks_off_between_pages_is_never_returned_in_part(serve: Serve) -> None:
    def answer(request: Request) -> Reply:
        if request.method == "PROPFIND":
            return multistatus(row("/cal/", REPORTS))
        if b"<D:sync-token></D:sync-token>" in request.body:
            return multistatus(row("/cal/a.ics", etag("1")), row("/cal/", status=507), token="t1")
        return Reply(500, {}, b"")

    with pytest.raises(TemporaryError, match="breaks off"):
        calendar(serve(answer)).changes(None)


@pytest.mark.parametrize(
    "reply",
    [
        Reply(403, {}, b'<D:error xmlns:D="DAV:"><D:valid-sync-token/></D:error>'),
        Reply(400, {}, b""),
        Reply(409, {}, b"<html>"),
        Reply(412, {}, b""),
        Reply(507, {}, b""),
    ],
)
def test_a_token_that_the_server_refuses_is_expired(serve: Serve, reply: Reply) -> None:
    with pytest.raises(TokenExpired):
        calendar(serve(always(reply))).changes(SyncToken("sync old"))


@pytest.mark.parametrize("token", ["", "nonsense", "sync", "sync ", "ctag ", "other x"])
def test_a_token_that_is_not_ours_is_expired(serve: Serve, token: str) -> None:
    server = serve(always(HTML))
    with pytest.raises(TokenExpired):
        calendar(server).changes(SyncToken(token))
    assert server.asked == []


# Without sync-collection, ctag, multiget, ETags


class Old:
    """A server from before RFC 6578 with one event."""

    def __init__(self, *, ctag: str = "c1", tagged: bool = True) -> None:
        self.ctag = ctag
        self.tagged = tagged
        self.texts = {"/cal/a.ics": text_of("a")}

    def __call__(self, request: Request) -> Reply:
        if request.method == "PROPFIND":
            own = row("/cal/", f"<CS:getctag>{self.ctag}</CS:getctag><D:resourcetype><D:collection/></D:resourcetype>")
            if request.headers["depth"] == "0":
                return multistatus(own)
            tags = (etag(str(len(text))) if self.tagged else "<D:resourcetype/>" for text in self.texts.values())
            return multistatus(own, *(row(path, tag) for path, tag in zip(self.texts, tags, strict=True)))
        if request.method == "GET" and request.path in self.texts:
            text = self.texts[request.path]
            return Reply(200, {"ETag": f'"{len(text)}"'} if self.tagged else {}, text.encode())
        if request.method == "PUT":
            self.texts[request.path] = request.body.decode()
            return Reply(201, {}, b"")
        if request.method == "DELETE":
            return Reply(204 if self.texts.pop(request.path, "") else 404, {}, b"")
        return Reply(404 if request.method == "GET" else 501, {}, b"")


def test_an_unchanged_ctag_costs_one_request(serve: Serve) -> None:
    old = Old()
    server = serve(old)
    side = calendar(server)
    first = side.changes(None)
    assert (first.complete, [each.id for each in first.found]) == (True, ["/cal/a.ics"])
    before = len(server.asked)
    again = side.changes(first.token)
    assert (again.complete, again.found, again.token, len(server.asked) - before) == (False, (), first.token, 1)
    old.texts["/cal/b.ics"], old.ctag = text_of("b"), "c2"
    changed = side.changes(first.token)
    assert (changed.complete, len(changed.found), changed.token) == (True, 2, "ctag c2")


def test_without_multiget_each_is_read_by_itself(serve: Serve) -> None:
    old = Old()
    old.texts["/cal/b.ics"] = text_of("b")
    side = calendar(serve(old))
    ids = [RemoteId(f"/cal/{name}.ics") for name in ("a", "b", "gone")]
    assert sorted(each.object.uid for each in side.fetch(ids) if each.object) == ["a", "b"]


def test_without_etags_the_text_is_the_version(serve: Serve) -> None:
    old = Old(tagged=False)
    side = calendar(serve(old))
    (found,) = side.changes(None).found
    assert found.version.startswith("sha256:")
    stored = only(side, Update(found.id, Event("a", summary="New", start=NOW), found.version))
    assert isinstance(stored, Stored)
    assert "SUMMARY:New" in old.texts["/cal/a.ics"]
    assert isinstance(only(side, Update(found.id, Event("a", start=NOW), found.version)), PreconditionFailed)
    assert isinstance(only(side, Delete(found.id, found.version)), PreconditionFailed)
    assert only(side, Delete(found.id, stored.version)) == Deleted(found.id)
    assert only(side, Delete(found.id, stored.version)) == Deleted(found.id)


# Objects


def test_one_object_that_fails_leaves_the_others_alone(serve: Serve) -> None:
    broken = f"{etag('2')}<C:calendar-data>BEGIN:VCALENDAR nonsense</C:calendar-data>"
    task = data("t").replace("VEVENT", "VTODO")
    server = serve(
        always(
            multistatus(
                row("/cal/a.ics", data("a")),
                row("/cal/b.ics", broken),
                row("/cal/c.ics", status=500),
                row("/cal/d.ics", status=404),
                row("/cal/e.ics", task),
                row("/cal/f.ics", etag("6")),
                row("/cal/g.ics", data("")),
                row("/cal/h.ics", data("a")),
            )
        )
    )
    found = {each.id[5]: each for each in calendar(server).fetch([RemoteId(f"/cal/{name}.ics") for name in "abcdefgh"])}
    assert sorted(found) == list("abcefgh")
    assert {name for name, each in found.items() if each.problem} == set("bcef")
    assert "task" in found["e"].problem
    assert "500" in found["c"].problem
    assert found["g"].object is not None
    assert found["g"].object.uid == ""
    assert found["h"].object == found["a"].object  # two with one UID are two


def test_an_object_that_is_not_utf8_has_a_problem(serve: Serve) -> None:
    server = serve(always(Reply(200, {"ETag": '"1"'}, "SUMMARY:Grüße".encode("latin-1"))))
    (found,) = calendar(server).fetch([RemoteId("/cal/a.ics")])
    assert "UTF-8" in found.problem


def test_a_500_for_the_whole_multiget_is_narrowed_down(serve: Serve) -> None:
    def answer(request: Request) -> Reply:
        if request.path == "/cal/a.ics":
            return Reply(200, {"ETag": '"1"'}, text_of("a").encode())
        return Reply(500, {}, b"")

    found = {each.id: each for each in calendar(serve(answer)).fetch([RemoteId("/cal/a.ics"), RemoteId("/cal/b.ics")])}
    assert found[RemoteId("/cal/a.ics")].object is not None
    assert "500" in found[RemoteId("/cal/b.ics")].problem


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (Reply(412, {}, b""), Refused),
        (Reply(403, {}, INVALID), Refused),
        (Reply(413, {}, b""), Refused),
        (Reply(415, {}, b""), Refused),
        (Reply(422, {}, b""), Refused),
        (Reply(507, {}, b""), Refused),
        (Reply(500, {}, b""), TemporaryError),
        (Reply(423, {}, b""), TemporaryError),
    ],
)  # fmt: skip
def test_a_refused_creation_is_an_outcome(serve: Serve, reply: Reply, expected: type[BridgeError]) -> None:
    def answer(request: Request) -> Reply:
        if request.method == "PUT":
            return reply
        return Reply(200, {"ETag": '"1"'}, text_of("stranger").encode())

    assert isinstance(only(calendar(serve(answer)), create()), expected)


def test_a_name_that_a_stranger_has_is_left_to_him(serve: Serve) -> None:
    texts = {"/cal/u1.ics": text_of("stranger")}

    def answer(request: Request) -> Reply:
        if request.method == "PUT" and request.path not in texts:
            texts[request.path] = request.body.decode()
            return Reply(201, {"ETag": '"1"'}, b"")
        if request.method == "PUT":
            return Reply(412, {}, b"")
        return Reply(200, {"ETag": '"1"'}, texts[request.path].encode())

    stored = only(calendar(serve(answer)), create())
    assert isinstance(stored, Stored)
    assert (stored.id, stored.existed) == ("/cal/key-u1.ics", False)
    assert texts["/cal/u1.ics"] == text_of("stranger")


def test_a_calendar_made_read_only_meanwhile_is_told_for_all(serve: Serve) -> None:
    server = serve(always(Reply(403, {}, b"")))
    with pytest.raises(PermissionMissing):
        list(calendar(server).write([create("u1"), create("u2")]))


def test_a_calendar_deleted_meanwhile_is_told_for_all(serve: Serve) -> None:
    server = serve(lambda request: Reply(409 if request.method == "PUT" else 404, {}, b""))
    with pytest.raises(NotFound):
        list(calendar(server).write([create("u1"), create("u2")]))
    with pytest.raises(NotFound):
        list(calendar(server).fetch([RemoteId("/cal/a.ics")]))


# Invitations


@pytest.mark.parametrize("announced", ["1, calendar-access, calendar-auto-schedule", "1, calendar-access"])
def test_r13_guests_are_not_mailed_by_a_server_that_would(serve: Serve, announced: str) -> None:
    guests = "ORGANIZER:mailto:anna\r\nATTENDEE:mailto:guest@example.com\r\nSUMMARY"
    text = text_of("a").replace("SUMMARY", guests)

    def answer(request: Request) -> Reply:
        if request.method == "OPTIONS":
            return Reply(200, {"DAV": announced}, b"")
        return Reply(200, {"ETag": '"1"'}, text.encode() if request.method == "GET" else b"")

    server = serve(answer)
    side = calendar(server)
    update = Update(RemoteId("/cal/a.ics"), Event("a", summary="New", start=NOW), Version('"1"'))
    outcomes = [only(side, update), only(side, Delete(RemoteId("/cal/a.ics")))]
    if "auto-schedule" in announced:
        assert all(isinstance(each, Refused) and each.remedy for each in outcomes)
        assert "PUT" not in server.methods()
        assert "DELETE" not in server.methods()
    else:
        assert [type(each) for each in outcomes] == [Stored, Deleted]
        (put,) = (each for each in server.asked if each.method == "PUT")
        assert b"ATTENDEE:mailto:guest@example.com" in put.body
        (delete,) = (each for each in server.asked if each.method == "DELETE")
        assert delete.headers["schedule-reply"] == "F"


# Elsewhere


def test_credentials_are_not_sent_to_another_host(serve: Serve) -> None:
    other = serve(always(HTML))
    server = serve(always(Reply(301, {"Location": f"{other.url}cal/"}, b"")))
    for call in (lambda: calendar(server).changes(None), lambda: provider(server).check()):
        with pytest.raises((TemporaryError, NotFound)) as caught:
            call()
        assert "password" in str(caught.value)
        assert caught.value.remedy
    assert other.asked == []


def test_redirects_on_the_same_host_are_followed(serve: Serve) -> None:
    def answer(request: Request) -> Reply:
        if request.path.startswith("/cal/"):
            return Reply(308, {"Location": f"/new{request.path}"}, b"")
        if request.method == "GET":
            return Reply(200, {"ETag": '"1"'}, text_of("a").encode())
        if b"multiget" in request.body:  # the hrefs in it are not redirected
            return multistatus(row("/cal/a.ics", status=404), row("/cal/b.ics", status=404))
        return multistatus(row("/new/cal/a.ics", etag("1")), row("/new/cal/b.ics", etag("1")), token="t2")

    side = calendar(serve(answer))
    changes = side.changes(SyncToken("sync t1"))
    assert [each.id for each in changes.found] == ["/cal/a.ics", "/cal/b.ics"]  # as they were known before
    assert {each.id for each in side.fetch([each.id for each in changes.found]) if each.object} == {
        "/cal/a.ics",
        "/cal/b.ics",
    }


def test_redirects_in_a_circle_end(serve: Serve) -> None:
    server = serve(always(Reply(302, {"Location": "/cal/"}, b"")))
    with pytest.raises(TemporaryError, match="circles"):
        calendar(server).changes(None)


def test_private_addresses_are_refused_where_the_administrator_forbids_them(serve: Serve) -> None:
    server = serve(always(HTML))
    with pytest.raises(PermissionMissing) as caught:
        calendar(server, Network(allow_private=False)).changes(None)
    assert "administrator" in caught.value.remedy
    assert server.asked == []


def test_a_name_that_leads_inside_is_refused_and_resolved_once(serve: Serve) -> None:
    server = serve(always(HTML))
    asked: list[str] = []

    def lookup(host: str, port: int, *_: Any) -> list[Any]:
        asked.append(host)
        return [(2, 1, 6, "", ("127.0.0.1", port))]

    session = Session(allow_private=False, lookup=lookup)
    with pytest.raises(PermissionMissing):
        session.request("GET", f"http://public.example:{server.port}/", data=None, headers={}, auth=None)
    assert asked == ["public.example"]
    assert server.asked == []


def test_a_certificate_that_does_not_fit_is_told(certificate: tuple[Path, Path]) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    with scripted(always(HTML), tls=context) as server:
        url = f"https://127.0.0.1:{server.port}/"
        sign_in = SignIn(url=url, username="anna", secret="secret")
        side = CalDavConnector(FixedClock()).open(sign_in, lambda _: None).open_calendar(RemoteId(f"{url}cal/"))
        with pytest.raises(TemporaryError, match="certificate") as caught:
            side.changes(None)
        assert caught.value.remedy
        assert server.asked == []
