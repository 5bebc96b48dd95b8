"""Operations of Exchange Web Services, with exchangelib below them.

It wraps requests in SOAP, finds the version that a server speaks, and knows the codes of failures. Its transport, its
retries and its objects stay unused: answers are bounded and parsed strictly here, nobody sleeps, each object of a batch
has its own outcome, and no cache of the process keeps anybody's password.
"""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from types import SimpleNamespace
from typing import Any

from exchangelib import errors as ews
from exchangelib.services.common import EWSService
from exchangelib.version import EXCHANGE_2013, Version

from bridge.errors import BridgeError, TemporaryError
from bridge.http import Answer
from bridge.providers.exchange.installation import NAME
from bridge.providers.exchange.session import Session
from bridge.providers.exchange.troubles import of_status, translated
from bridge.providers.exchange.xml import MESSAGES, Element, parse, rows, text

logging.getLogger("exchangelib").setLevel(logging.CRITICAL)  # it would log requests with all that is in them

_SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
_BUSY = 30  # seconds
_NONSENSE = (AttributeError, LookupError, TypeError, ValueError, AssertionError, ArithmeticError)
_HEADERS = {"Content-Type": "text/xml; charset=utf-8", "Accept": "text/xml"}

Message = Element | Exception
"""One response message of a batch: the element, or the error that it tells."""


class Line:
    """One server as exchangelib's services see it (their ``protocol``)."""

    credentials = None

    def __init__(self, session: Session, mailbox: str = "") -> None:
        self.session = session
        self.service_endpoint = session.url
        self.config = SimpleNamespace(version=Version(build=EXCHANGE_2013))
        self._headers = _HEADERS | ({"X-AnchorMailbox": mailbox} if "@" in mailbox and mailbox.isascii() else {})

    @property
    def version(self) -> Any:
        """What we speak; a server that does not is asked in another version."""
        return self.config.version

    def post(self, envelope: bytes) -> Answer:
        """Send an envelope. Raises what a status means; a fault may come with a failure."""
        answer = self.session.post(envelope, self._headers)
        if answer.ok or (answer.status == 500 and parse(answer.body) is not None):
            return answer
        raise of_status(answer)


class Strict:
    """How exchangelib's services send here, and what they take for an answer."""

    protocol: Line
    wrap: Any
    _response_generator: Any

    def _get_elements(self, payload: Element) -> Iterator[Any]:
        """Send a request once: whoever asked decides whether to try again."""
        return iter(self._response_generator(payload))

    def _get_response(self, payload: Element, api_version: str) -> Any:
        envelope = self.wrap(content=payload, api_version=api_version)
        answer = self.protocol.post(envelope)
        return SimpleNamespace(content=answer.body, close=lambda: None)

    @classmethod
    def _get_soap_parts(cls, response: Any) -> tuple[Element, Element]:
        root = parse(response.content)
        body = None if root is None else root.find(f"{{{_SOAP}}}Body")
        if root is None or body is None:
            raise TemporaryError(f"{NAME} answers with something else than SOAP.", remote=NAME)
        return root.find(f"{{{_SOAP}}}Header"), body

    def _update_api_version(self, api_version: str, header: Element) -> None:  # noqa: ARG002 - exchangelib's signature
        config = self.protocol.config
        if api_version != config.version.api_version:
            config.version = Version(build=config.version.build, api_version=api_version)


class Operation(Strict, EWSService):  # type: ignore[misc] # it has no types
    """One operation, told by its request."""

    def __init__(self, line: Line) -> None:
        super().__init__(protocol=line)

    def run(self, request: Element) -> list[Message]:
        """Send the request; one result for each of its response messages."""
        return list(self._get_elements(request))

    def _get_elements_in_response(self, response: Sequence[Element]) -> Iterator[Message]:
        for message in response:
            if message.get("ResponseClass") == "Success":
                yield message
            else:
                yield _told(message)


def _told(message: Element) -> Exception:
    """The error that a response message tells, or the message itself where it only warns of nothing."""
    code = message.findtext(f"{{{MESSAGES}}}ResponseCode") or ""
    said = message.findtext(f"{{{MESSAGES}}}MessageText") or code
    details = message.find(f"{{{MESSAGES}}}MessageXml")
    error: Exception = EWSService._get_exception(code=code, text=said, msg_xml=details)  # noqa: SLF001 - its table of codes
    if isinstance(error, ews.ErrorServerBusy):
        error.back_off = _back_off(details)
    return error


def _back_off(details: Element | None) -> float:
    for each in rows(details) if details is not None else ():
        if each.get("Name") == "BackOffMilliseconds":
            with suppress(ValueError):
                return float(text(each)) / 1000
    return _BUSY


@contextmanager
def told() -> Iterator[None]:
    """Tell failures of exchangelib, and what it stumbles over, as our errors."""
    try:
        yield
    except BridgeError:
        raise
    except ews.EWSError as error:
        raise translated(error) from error
    except _NONSENSE as error:
        raise TemporaryError(f"{NAME} answers with something that makes no sense.", remote=NAME) from error


class Client:
    """Sends operations to one mailbox's server."""

    def __init__(self, session: Session, mailbox: str = "") -> None:
        self._line = Line(session, mailbox)
        self._session = session

    @property
    def url(self) -> str:
        """Where the server is."""
        return self._session.url

    def send(self, request: Element) -> list[Message]:
        """Send a request, named after its element; what concerns all of it is raised as our error."""
        name = str(request.tag).rpartition("}")[2]
        operation: Any = type(name, (Operation,), {"SERVICE_NAME": name})
        with told():
            return list(operation(self._line).run(request))

    def one(self, request: Element) -> Element:
        """Send a request with one response message. Raises what it tells."""
        messages = self.send(request)
        if len(messages) != 1:
            raise TemporaryError(f"{NAME} answers to something else than what it was asked.", remote=NAME)
        if isinstance(messages[0], Exception):
            raise translated(messages[0])
        return messages[0]

    def each(self, request: Element, number: int) -> list[Message]:
        """Send a request for so many objects; one message for each."""
        messages = self.send(request)
        if len(messages) != number:
            raise TemporaryError(f"{NAME} answers to other objects than ours.", remote=NAME)
        return messages
