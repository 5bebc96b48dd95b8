"""The server as a whole: who may come in, which faults strike, SOAP, and what the schemas say of it all."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import RLock
from typing import Any

from lxml import etree

from bridge.ports import SignIn
from bridge.providers.exchange.xml import MESSAGES, TYPES, local, make, parse, rows, tag
from tests.fakes.exchange.mailbox import Mailbox
from tests.fakes.exchange.operations import Operations, Told
from tests.fakes.exchange.schema import mistakes
from tests.fakes.google.server import Fault
from tests.providers.servers import Reply, Request, ScriptedServer, scripted

LOGIN, PASSWORD = "EXAMPLE\\anna", "äpfel & birnen"
SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
ERRORS = "http://schemas.microsoft.com/exchange/services/2006/errors"

_HEADERS = {"Content-Type": "text/xml; charset=utf-8"}
_VERSION = {
    "MajorVersion": 15,
    "MinorVersion": 2,
    "MajorBuildNumber": 1544,
    "MinorBuildNumber": 4,
    "Version": "V2017_07_11",
}
_TEXT = "The request failed."
_EMPTY = {
    "GetFolder": ["Folders"],
    "GetItem": ["Items"],
    "CreateItem": ["Items"],
    "UpdateItem": ["Items"],
    "GetAttachment": ["Attachments"],
    "CreateAttachment": ["Attachments"],
}
"""What a failure holds nevertheless."""


@dataclass
class Refusing(Fault):
    """Every object of the request is refused with ``code``; ``reply`` does not count."""

    code: str = ""


@dataclass
class FakeExchange:
    """One mailbox behind a server. ``mistakes`` is what the schemas do not know: a test wants none of it."""

    mailbox: Mailbox = field(default_factory=Mailbox)
    password: str = PASSWORD
    offers: tuple[str, ...] = ('Basic realm="mail.example.com"',)
    versions: tuple[str, ...] = ()
    faults: list[Fault] = field(default_factory=list)
    mistakes: list[str] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    url: str = ""
    _lock: RLock = field(default_factory=RLock)

    def __post_init__(self) -> None:
        self.operations = Operations(self.mailbox)

    @property
    def endpoint(self) -> str:
        return f"{self.url}/EWS/Exchange.asmx"

    def sign_in(self, **changes: str) -> SignIn:
        """A sign-in that is good."""
        given = {"address": self.mailbox.address, "url": self.endpoint, "username": LOGIN, "secret": self.password}
        return SignIn(**(given | changes))

    def __call__(self, request: Request) -> Reply:
        with self._lock:
            return self._answer(request)

    def _answer(self, request: Request) -> Reply:
        if not self._lets_in(request):
            self.calls.append("401")
            return Reply(401, {"WWW-Authenticate": ", ".join(self.offers)} if self.offers else {}, b"")
        if request.path != "/EWS/Exchange.asmx":
            return Reply(404, {}, b"")
        asked = _asked(request)
        name = local(asked) if asked is not None else ""
        self.calls.append(name)
        fault = next((each for each in self.faults if each.hits(name, request)), None)
        if isinstance(fault, Refusing):
            if fault.after:
                self._carried_out(request, asked)
            return self._told(name, [(fault.code, [], {}) for _ in range(_number(asked))])
        if fault is not None and not fault.after and isinstance(fault.reply, Reply):
            return fault.reply
        reply = self._carried_out(request, asked)
        if fault is None:
            return reply
        return fault.reply if isinstance(fault.reply, Reply) else fault.reply(reply)

    def _lets_in(self, request: Request) -> bool:
        pair = base64.b64encode(f"{LOGIN}:{self.password}".encode()).decode()
        return request.headers.get("authorization") == f"Basic {pair}"

    def _carried_out(self, request: Request, asked: Any) -> Reply:
        if asked is None:
            self.mistakes.append(f"no SOAP: {request.body[:200]!r}")
            return fault_reply("ErrorInvalidRequest")
        wrong = mistakes(asked)
        self.mistakes += wrong
        if wrong:
            return fault_reply("ErrorSchemaValidation")
        version = parse(request.body).find(f".//{{{TYPES}}}RequestServerVersion").get("Version")
        if self.versions and version not in self.versions:
            return fault_reply("ErrorInvalidServerVersion")
        return self._told(local(asked), self.operations.answer(asked))

    def _told(self, name: str, answers: list[Told]) -> Reply:
        body = make(f"m:{name}Response", make("m:ResponseMessages", *(_message(name, *each) for each in answers)))
        self.mistakes += mistakes(body)
        return Reply(200, _HEADERS, envelope(body))


def envelope(body: Any) -> bytes:
    """An answer with the server's version in its header."""
    root = etree.Element(f"{{{SOAP}}}Envelope", nsmap={"s": SOAP, "m": MESSAGES, "t": TYPES})
    header = etree.SubElement(root, f"{{{SOAP}}}Header")
    header.append(make("t:ServerVersionInfo", **_VERSION))
    etree.SubElement(root, f"{{{SOAP}}}Body").append(body)
    return bytes(etree.tostring(root, encoding="utf-8", xml_declaration=True))


def fault_reply(code: str, **values: object) -> Reply:
    """A failure of the whole request."""
    root = etree.Element(f"{{{SOAP}}}Fault", nsmap={"s": SOAP, "e": ERRORS, "t": TYPES})
    etree.SubElement(root, "faultcode").text = "s:Client"
    etree.SubElement(root, "faultstring").text = _TEXT
    detail = etree.SubElement(root, "detail")
    etree.SubElement(detail, f"{{{ERRORS}}}ResponseCode").text = code
    etree.SubElement(detail, f"{{{ERRORS}}}Message").text = _TEXT
    if values:
        more = etree.SubElement(detail, f"{{{TYPES}}}MessageXml")
        more.extend(make("t:Value", str(value), Name=name) for name, value in values.items())
    return Reply(500, _HEADERS, envelope(root))


def busy(seconds: int) -> Reply:
    """Too many requests: come back later."""
    return fault_reply("ErrorServerBusy", BackOffMilliseconds=seconds * 1000)


def _number(asked: Any) -> int:
    """How many objects a request is about."""
    lists = (asked.find(tag(f"m:{name}")) for name in ("ItemIds", "Items", "ItemChanges", "AttachmentIds"))
    return next((len(each) for each in lists if each is not None), 1)


def _message(name: str, code: str, content: list[Any], values: dict[str, object]) -> Any:
    message = make(f"m:{name}ResponseMessage", ResponseClass="Success" if code == "NoError" else "Error")
    if code != "NoError":
        message.append(make("m:MessageText", _TEXT))
    message.append(make("m:ResponseCode", code))
    if code != "NoError":
        message.append(make("m:DescriptiveLinkKey", "0"))
    if values:
        more = make("m:MessageXml")
        more.extend(make("t:Value", str(value), Name=key) for key, value in values.items())
        message.append(more)
    message.extend(content if code == "NoError" else [make(f"m:{each}") for each in _EMPTY.get(name, ())])
    return message


def _asked(request: Request) -> Any:
    root = parse(request.body)
    body = None if root is None else root.find(f"{{{SOAP}}}Body")
    return None if body is None else next(rows(body), None)


@contextmanager
def exchange() -> Iterator[tuple[FakeExchange, ScriptedServer]]:
    """A server that listens. At the end, no request or answer may have been one that the schemas do not know."""
    fake = FakeExchange()
    with scripted(fake) as running:
        fake.url = running.url.rstrip("/")
        yield fake, running
    assert fake.mistakes == []
