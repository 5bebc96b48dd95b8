"""The WSGI application for DAV: Radicale's, with what real clients need beyond it (``docs/decisions/0012``).

Radicale does HTTP, authentication, rights, discovery and properties. Writes and reports are answered here, because
Radicale would serialize a client's text anew (D16), and parse every resource for each report (D18).
"""

import io
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import Any
from urllib.parse import quote
from xml.etree.ElementTree import Element, tostring

from radicale import config, httputils, types
from radicale.app import Application

from bridge.errors import BridgeError, Invalid, NotAllowed, TemporaryError, TooManyTries
from bridge.services.devices import Devices
from bridge.services.principals import Principals, permissions
from bridge.services.resources import Resources
from plugins import principal_reports, properties, reports, shortcuts
from plugins.answers import error_response, tidy_multistatus
from plugins.auth import Auth
from plugins.context import current_request, request_context
from plugins.describing import Describer
from plugins.principal_reports import PRINCIPAL_REPORTS
from plugins.requests import (
    address_of,
    decode_text,
    destination_of,
    plain_environ,
    precondition_of,
    read_body,
)
from plugins.rights import Rights
from plugins.storage import Storage

_NO_COLLECTIONS = "Collections cannot be created here: they follow from what a user has and chooses."


@dataclass(frozen=True, slots=True)
class DavServices:
    """The use cases that DAV needs."""

    principals: Principals
    devices: Devices
    resources: Resources


@dataclass(frozen=True, slots=True)
class DavOptions:
    """``max_body`` and ``max_resource_size`` are in bytes. ``radicale`` maps its sections to their options.

    ``shortcuts``: the commonest PROPFINDs are answered without Radicale.
    """

    realm: str = "davbridge"
    shortcuts: bool = True
    max_body: int = 10_000_000
    max_resource_size: int = 1_000_000
    radicale: types.CONFIG | None = None


def create_application(services: DavServices, options: DavOptions) -> "DavApplication":
    """Build the application. Raises ``RuntimeError`` where Radicale refuses its configuration."""
    configuration = config.load([])
    if options.radicale:
        configuration.update(options.radicale, "config.ini")
    configuration.update(_fixed(services, options), "davbridge", privileged=True)
    return DavApplication(configuration, services, options)


def _fixed(services: DavServices, options: DavOptions) -> types.CONFIG:
    """What is not for the administrator to choose: our plugins, and what they rely on."""
    return {
        "auth": {
            "type": lambda configuration: Auth(configuration, services.devices),
            "realm": options.realm,
            "delay": 0,  # waits for every unauthenticated request, also the first one of each client
            "lc_username": False,
            "strip_domain": False,
        },
        "rights": {"type": Rights, "permit_delete_collection": False, "permit_overwrite_collection": False},
        "storage": {"type": lambda configuration: Storage(configuration, services.resources)},
        "web": {"type": "none"},
        "sharing": {"type": "none"},
        "server": {
            "max_content_length": options.max_body,
            "max_resource_size": options.max_resource_size,
            "delay_on_error": 0,  # would hold a thread while the database is out of reach
            "validate_user_value": "none",
            "validate_path_value": "none",
        },
    }


class DavApplication(Application):
    """One for each process; serves all its threads."""

    def __init__(self, configuration: config.Configuration, services: DavServices, options: DavOptions) -> None:
        super().__init__(configuration)
        self._services = services
        self._options = options

    def _handle_request(self, environ: types.WSGIEnviron) -> Any:
        """Give Radicale a request that it cannot stumble over, inside a context of its own."""
        try:
            environ = plain_environ(environ)
        except Invalid as error:
            return _early(error)
        with request_context(environ.get("HTTP_USER_AGENT", "")[:255]), self._services.resources.one_state():
            try:
                return super()._handle_request(environ)
            except (TooManyTries, TemporaryError) as error:  # signing in lies outside of what Radicale catches
                return _early(error)

    def _xml_response(self, xml_content: Element, request_info: dict[str, Any]) -> bytes:
        if xml_content.tag == "{DAV:}multistatus":
            signed_in = current_request().signed_in
            email = signed_in.user.email if signed_in else ""
            addresses = (f"mailto:{email}",) if email else ()
            tidy_multistatus(xml_content, addresses)
        body: bytes = super()._xml_response(xml_content, request_info)
        return body

    def do_PROPFIND(self, environ: types.WSGIEnviron, base_prefix: str, path: str, user: str, *rest: Any) -> Any:  # noqa: N802
        """List properties; once a day what has grown too old leaves the calendars first (R27)."""
        return self._answering(lambda: self._checked_propfind(environ, base_prefix, path, user, *rest))

    def _checked_propfind(
        self, environ: types.WSGIEnviron, base_prefix: str, path: str, user: str, *rest: Any
    ) -> types.WSGIResponse:
        if environ.get("HTTP_DEPTH", "0").lower() not in {"0", "1", "infinity"}:
            raise Invalid("Depth is 0, 1 or infinity.")
        if not self._may_read(user, path):
            return httputils.NOT_ALLOWED
        self._services.principals.sweep(user)
        body = read_body(environ, self._options.max_body)
        request = reports.read_request(body) if body.strip() else None
        if request is not None:
            properties.check_propfind(request)
        if request is not None and self._options.shortcuts:
            answer = self._shortcut(request, environ.get("HTTP_DEPTH", "0"), base_prefix, path)
            if answer is not None:
                headers = {"Content-Type": answer.content_type, "DAV": httputils.DAV_HEADERS}
                return answer.status, headers, answer.body, None
        # Radicale reads UTF-8 only, whatever the document says of itself.
        known = b"" if request is None else tostring(request, encoding="utf-8")
        return super().do_PROPFIND(_again(environ, known), base_prefix, path, user, *rest)

    def _shortcut(self, request: Element, depth: str, base_prefix: str, path: str) -> reports.Answer | None:
        target = address_of(path)
        if not target.collection or target.href:
            return None
        with self._services.resources.reading() as reader:
            collection = reader.collection(target.owner, target.collection)
            if collection is None:
                return None
            root = quote(f"{base_prefix}/{target.owner}/{target.collection}/")
            return shortcuts.propfind(request, depth, collection, root, reader)

    def do_GET(self, environ: types.WSGIEnviron, base_prefix: str, path: str, user: str, *rest: Any) -> Any:  # noqa: N802
        """Fetch a resource, or a whole collection; 304 when the client has it (RFC 9110 13.1.2)."""
        return self._answering(lambda: self._get(environ, base_prefix, path, user, *rest))

    def _get(
        self, environ: types.WSGIEnviron, base_prefix: str, path: str, user: str, *rest: Any
    ) -> types.WSGIResponse:
        if not path.strip("/") or path.startswith("/."):  # Radicale's own pages
            return httputils.NOT_FOUND if user else httputils.NOT_ALLOWED
        status, headers, body, request = super().do_GET(environ, base_prefix, path, user, *rest)
        etag = dict(headers).get("ETag")
        known = environ.get("HTTP_IF_NONE_MATCH", "")
        if status == HTTPStatus.OK and etag and (etag in known or known.strip() == "*"):
            return HTTPStatus.NOT_MODIFIED, {"ETag": etag}, None, None
        return status, headers, body, request

    def do_PUT(self, environ: types.WSGIEnviron, base_prefix: str, path: str, user: str, *rest: Any) -> Any:  # noqa: ARG002, N802
        """Write a resource from the client's own text (D5, D7, D16, D19)."""
        return self._answering(lambda: self._put(environ, path, user))

    def _put(self, environ: types.WSGIEnviron, path: str, user: str) -> types.WSGIResponse:
        target = address_of(path)
        if not self._may_write(user, path):
            return httputils.NOT_ALLOWED
        if not target.href or path.endswith("/"):
            raise NotAllowed("A collection cannot be written; write the resources in it.")
        text = decode_text(environ, read_body(environ, self._options.max_body))
        stored = self._services.resources.put(
            current_request().actor, target.owner, target.collection, target.href, text, precondition_of(environ)
        )
        headers = {"ETag": f'"{stored.etag}"'} if stored.exact else {}
        return HTTPStatus.CREATED if stored.created else HTTPStatus.NO_CONTENT, headers, None, None

    def do_DELETE(self, environ: types.WSGIEnviron, base_prefix: str, path: str, user: str, *rest: Any) -> Any:  # noqa: ARG002, N802
        """Delete a resource, never a collection (D19)."""
        return self._answering(lambda: self._delete(environ, path, user))

    def _delete(self, environ: types.WSGIEnviron, path: str, user: str) -> types.WSGIResponse:
        target = address_of(path)
        if not self._may_write(user, path):
            return httputils.NOT_ALLOWED
        if not target.href:
            raise NotAllowed("A collection cannot be deleted.")
        self._services.resources.delete(
            current_request().actor, target.owner, target.collection, target.href, precondition_of(environ)
        )
        return HTTPStatus.NO_CONTENT, {}, None, None

    def do_MOVE(self, environ: types.WSGIEnviron, base_prefix: str, path: str, user: str, *rest: Any) -> Any:  # noqa: ARG002, N802
        """Rename a resource; between collections only where its kind fits (D7)."""
        return self._answering(lambda: self._move(environ, base_prefix, path, user))

    def _move(self, environ: types.WSGIEnviron, base_prefix: str, path: str, user: str) -> types.WSGIResponse:
        if not self._may_write(user, path):
            return httputils.NOT_ALLOWED
        goal_path = destination_of(environ, base_prefix)
        target, goal = address_of(path), address_of(goal_path)
        if not self._may_write(user, goal_path):
            return httputils.NOT_ALLOWED
        if not target.href or not goal.href or goal_path.endswith("/"):
            raise NotAllowed("Only resources can be moved, to the name of a resource.")
        created = self._services.resources.move(
            current_request().actor,
            target.owner,
            (target.collection, target.href),
            (goal.collection, goal.href),
            precondition_of(environ),
            overwrite=environ.get("HTTP_OVERWRITE", "T").strip().upper() != "F",
        )
        return HTTPStatus.CREATED if created else HTTPStatus.NO_CONTENT, {}, None, None

    def do_MKCOL(self, environ: Any, base_prefix: str, path: str, user: str, *rest: Any) -> Any:  # noqa: ARG002, N802
        """Refuse, with the reason (D7)."""
        return error_response(NotAllowed(_NO_COLLECTIONS)) if user else httputils.NOT_ALLOWED

    def do_MKCALENDAR(self, environ: Any, base_prefix: str, path: str, user: str, *rest: Any) -> Any:  # noqa: ARG002, N802
        """Refuse, with the reason (D7)."""
        return error_response(NotAllowed(_NO_COLLECTIONS)) if user else httputils.NOT_ALLOWED

    def do_PROPPATCH(self, environ: types.WSGIEnviron, base_prefix: str, path: str, user: str, *rest: Any) -> Any:  # noqa: ARG002, N802
        """Keep name, colour, order and the like for this user, on colleagues' calendars too (D12, D19)."""
        return self._answering(lambda: self._proppatch(environ, base_prefix, path, user))

    def _proppatch(self, environ: types.WSGIEnviron, base_prefix: str, path: str, user: str) -> types.WSGIResponse:
        target = address_of(path)
        if not self._may_read(user, path):
            return httputils.NOT_ALLOWED
        if not target.collection or target.href:
            raise NotAllowed("Properties can be set on collections only.")
        wanted = properties.read_properties(reports.read_request(read_body(environ, self._options.max_body)))
        self._services.resources.set_properties(target.owner, target.collection, wanted)
        answer = properties.done(quote(base_prefix + path), tuple(wanted))
        return answer.status, {"Content-Type": answer.content_type}, answer.body, None

    def do_REPORT(self, environ: types.WSGIEnviron, base_prefix: str, path: str, user: str, *rest: Any) -> Any:  # noqa: ARG002, N802
        """Answer the reports that are announced, and refuse others by their condition (D21)."""
        return self._answering(lambda: self._report(environ, base_prefix, path, user))

    def _report(self, environ: types.WSGIEnviron, base_prefix: str, path: str, user: str) -> types.WSGIResponse:
        if not self._may_read(user, path):
            return httputils.NOT_ALLOWED
        body = read_body(environ, self._options.max_body)
        request = reports.read_request(body)
        if request.tag in PRINCIPAL_REPORTS:
            answer = self._about_principals(request, environ.get("HTTP_DEPTH", "0"), base_prefix, path, user)
            return answer.status, {"Content-Type": answer.content_type}, answer.body, None
        with self._services.resources.reading() as reader:
            answer = reports.answer(request, principal=user, base_prefix=base_prefix, path=path, reader=reader)
        return answer.status, {"Content-Type": answer.content_type}, answer.body, None

    def _about_principals(self, request: Element, depth: str, base_prefix: str, path: str, user: str) -> reports.Answer:
        describer = Describer(self, self._storage, permissions, base_prefix=base_prefix, user=user)
        known = partial(self._services.principals.known_to, user)
        return principal_reports.answer(principal_reports.Asked(request, path, depth, describer, known))

    def _may_read(self, user: str, path: str) -> bool:
        return bool(set("rR") & set(self._rights.authorization(user, set(), path)))

    def _may_write(self, user: str, path: str) -> bool:
        return "w" in self._rights.authorization(user, set(), path) or bool(user and not address_of(path).collection)

    @staticmethod
    def _answering(work: Any) -> types.WSGIResponse:
        """Do the work; what it refuses becomes the answer."""
        try:
            answer: types.WSGIResponse = work()
        except BridgeError as error:
            return error_response(error)
        return answer


def _again(environ: types.WSGIEnviron, body: bytes) -> types.WSGIEnviron:
    """The request with a body that was read already."""
    return {**environ, "wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body))}


def _early(error: BridgeError) -> Any:
    """An answer to a request that Radicale never sees."""
    status, headers, body, _ = error_response(error)
    octets = body.encode() if isinstance(body, str) else (body or b"")
    found = HTTPStatus(status)
    return f"{found.value} {found.phrase}", [*dict(headers).items(), ("Content-Length", str(len(octets)))], [octets]
