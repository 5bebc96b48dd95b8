"""Signing in to an Exchange server, finding it, and what a hostile or an odd one may answer."""

from __future__ import annotations

import base64
import gzip
import ssl
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
import spnego
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from spnego.channel_bindings import GssChannelBindings

from bridge.errors import (
    BridgeError,
    ConfigError,
    NotFound,
    PermissionMissing,
    RemoteError,
    SignInNeeded,
    TemporaryError,
)
from bridge.network import Reach
from bridge.ports import Account, SignIn
from bridge.providers.exchange.provider import ExchangeConnector
from tests.fakes.exchange.server import LOGIN, PASSWORD, FakeExchange, exchange
from tests.fakes.google.server import Fault
from tests.harness import NOW
from tests.providers.exchange_world import INSTALLATION, CalendarWorld, calendar_world
from tests.providers.servers import Reply, Request, scripted

SETTINGS = (
    '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" '
    'xmlns="http://schemas.microsoft.com/exchange/2010/Autodiscover"><s:Body><GetUserSettingsResponseMessage><Response>'
    "<ErrorCode>NoError</ErrorCode><ErrorMessage/><UserResponses><UserResponse><ErrorCode>{code}</ErrorCode>"
    "<ErrorMessage>No error.</ErrorMessage><RedirectTarget>{target}</RedirectTarget><UserSettingErrors/>"
    "<UserSettings>{settings}</UserSettings></UserResponse></UserResponses></Response>"
    "</GetUserSettingsResponseMessage></s:Body></s:Envelope>"
)
SETTING = "<UserSetting><Name>{}</Name><Value>{}</Value></UserSetting>"


def no_record(_: str) -> str:
    return ""


def settings(url: str = "", code: str = "NoError", target: str = "") -> Reply:
    said = SETTING.format("ExternalEwsUrl", url) if url else ""
    text = SETTINGS.format(code=code, target=target, settings=said)
    return Reply(200, {"Content-Type": "text/xml"}, text.encode())


@pytest.fixture
def world() -> Iterator[CalendarWorld]:
    with calendar_world() as world:
        yield world


def connector(**reach: Any) -> ExchangeConnector:
    return ExchangeConnector(INSTALLATION, Reach(**reach))


def test_an_account_is_told_by_the_directory(world: CalendarWorld) -> None:
    assert world.provider().check() == Account("anna@example.com", "Anna Liepa")
    assert world.provider(address="").check() == Account("anna@example.com", "Anna Liepa")


def test_how_to_sign_in_is_asked_once(world: CalendarWorld) -> None:
    known = connector()
    for expected in (3, 2):
        world.fake.calls.clear()
        provider = known.open(world.fake.sign_in(), world.kept.append)
        provider.check()
        assert len(world.fake.calls) == provider.requests == expected
    assert provider.methods == {"POST": 2}


@pytest.mark.parametrize(("offers", "good"), [((), True), (("Basic",), True), (("Digest realm=x",), False)])
def test_a_password_is_sent_where_nothing_better_is_offered(
    world: CalendarWorld, offers: tuple[str, ...], good: bool
) -> None:
    world.fake.offers = offers
    if good:
        assert world.provider().check().name == "Anna Liepa"
    else:
        with pytest.raises(SignInNeeded):
            world.provider().check()
        assert world.fake.calls == ["401"]


def test_nobody_is_let_in_with_the_password_of_somebody_else(world: CalendarWorld) -> None:
    known = connector()
    known.open(world.fake.sign_in(), world.kept.append).check()
    with pytest.raises(SignInNeeded) as raised:
        known.open(world.fake.sign_in(secret="wrong"), world.kept.append).check()
    assert "app password" in raised.value.remedy


def test_calendars_and_contact_folders_are_offered(world: CalendarWorld) -> None:
    mailbox = world.mailbox
    mailbox.add_folder("Team", "IPF.Appointment").read_only = True
    thrown = mailbox.add_folder("Old", "IPF.Appointment", parent=mailbox.distinguished("deleteditems").id)
    mailbox.add_folder("Older", "IPF.Appointment", parent=thrown.id)
    mailbox.add_folder("Birthdays", "IPF.Appointment.Birthday")
    mailbox.add_folder("GAL", "IPF.Contact.GalContacts")
    mailbox.add_folder("CRM", "IPF.Contact")
    provider = world.provider()
    found = [(each.name, each.read_only, each.default) for each in provider.calendars()]
    assert found == [("Calendar", False, True), ("Work", False, False), ("Team", True, False)]
    assert [(each.name, each.default) for each in provider.groups()] == [("Contacts", True), ("CRM", False)]
    provider.close()


def test_a_server_that_speaks_an_older_version_is_asked_in_it(world: CalendarWorld) -> None:
    world.fake.versions = ("Exchange2010_SP2",)
    provider = world.provider()
    provider.calendars()
    world.fake.calls.clear()
    provider.calendars()
    assert world.fake.calls == ["GetFolder", "FindFolder"]


def test_a_token_is_a_bearer(world: CalendarWorld) -> None:
    world.fake.password = "nobody's"
    seen: list[str] = []

    def answer(request: Request) -> Reply:
        seen.append(request.headers.get("authorization", ""))
        return Reply(401, {"WWW-Authenticate": 'Bearer authorization_uri="https://login.example.com"'}, b"")

    with scripted(answer) as running, pytest.raises(SignInNeeded):
        connector().open(SignIn("a@example.com", running.url, secret='{"access_token": "t0k3n"}'), print).check()
    assert seen == ["Bearer t0k3n"]


@dataclass
class NtlmServer:
    """A server that signs in by NTLM, connection by connection; there is only one here.

    ``bindings``: what a sign-in has to be bound to.
    """

    fake: FakeExchange
    bindings: GssChannelBindings | None = None
    context: Any = None
    steps: list[str] = field(default_factory=list)

    def __call__(self, request: Request) -> Reply:
        given = request.headers.get("authorization", "")
        if self.context is not None and self.context.complete and not given:
            return self.pass_on(request)
        scheme, _, token = given.partition(" ")
        self.steps.append(scheme)
        if scheme != "NTLM":
            return Reply(401, {"WWW-Authenticate": "Negotiate, NTLM"}, b"")
        data = base64.b64decode(token)
        if data[8] == 1:
            self.context = spnego.server(protocol="ntlm", channel_bindings=self.bindings)
        try:
            reply = self.context.step(data)
        except spnego.exceptions.SpnegoError:
            return Reply(401, {"WWW-Authenticate": "Negotiate, NTLM"}, b"")
        if not self.context.complete:
            return Reply(401, {"WWW-Authenticate": f"NTLM {base64.b64encode(reply).decode()}"}, b"")
        return self.pass_on(request)

    def pass_on(self, request: Request) -> Reply:
        pair = base64.b64encode(f"{LOGIN}:{PASSWORD}".encode()).decode()
        headers = {**request.headers, "authorization": f"Basic {pair}"}
        return self.fake(replace(request, headers=headers))


@pytest.mark.parametrize(("password", "good"), [("p4ss", True), ("wrong", False)])
def test_ntlm_signs_a_connection_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, password: str, good: bool) -> None:
    (tmp_path / "users").write_text("EXAMPLE:anna:p4ss\n", encoding="utf-8")
    monkeypatch.setenv("NTLM_USER_FILE", str(tmp_path / "users"))
    server = NtlmServer(FakeExchange())
    with scripted(server) as running:
        sign_in = SignIn("anna@example.com", f"{running.url}EWS/Exchange.asmx", "EXAMPLE\\anna", password)
        provider = connector().open(sign_in, print)
        if good:
            assert provider.check() == Account("anna@example.com", "Anna Liepa")
        else:
            with pytest.raises(SignInNeeded):
                provider.check()
    assert server.steps == ["", "NTLM", "NTLM"]


@pytest.mark.parametrize("right", [True, False])
def test_ntlm_is_bound_to_the_certificate_of_the_companys_own_authority(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, right: bool
) -> None:
    (tmp_path / "users").write_text("EXAMPLE:anna:p4ss\n", encoding="utf-8")
    monkeypatch.setenv("NTLM_USER_FILE", str(tmp_path / "users"))
    key, own = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Own")])
    made = x509.CertificateBuilder(
        own, own, key.public_key(), 1, NOW - timedelta(days=9000), NOW + timedelta(days=9000)
    )
    made = made.add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
    certificate = made.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True).sign(key, SHA256())
    (tmp_path / "ca.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
    (tmp_path / "key.pem").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "ca.pem", tmp_path / "key.pem")
    shown = certificate.fingerprint(SHA256()) if right else b"that of somebody in between"
    server = NtlmServer(FakeExchange(), GssChannelBindings(application_data=b"tls-server-end-point:" + shown))
    known = ExchangeConnector(replace(INSTALLATION, authorities=tmp_path / "ca.pem"))
    with scripted(server, tls=context) as running:
        url = f"{running.url.replace('http:', 'https:')}EWS/Exchange.asmx"
        provider = known.open(SignIn("anna@example.com", url, "EXAMPLE\\anna", "p4ss"), print)
        if right:
            assert provider.check().name == "Anna Liepa"
        else:
            with pytest.raises(SignInNeeded):
                provider.check()
        with pytest.raises(TemporaryError, match="certificate"):
            connector().open(SignIn("anna@example.com", url, "EXAMPLE\\anna", "p4ss"), print).check()


def test_authorities_that_cannot_be_read_are_told(world: CalendarWorld, tmp_path: Path) -> None:
    (tmp_path / "empty.pem").write_text("", encoding="utf-8")
    for name in ("nowhere.pem", "empty.pem"):
        known = ExchangeConnector(replace(INSTALLATION, authorities=tmp_path / name))
        with pytest.raises(ConfigError, match="authorities"):
            known.open(world.fake.sign_in(), print)


def test_a_password_is_not_sent_in_plain_text_to_another_machine() -> None:
    asked: list[object] = []

    def lookup(*about: object) -> list[Any]:
        asked.append(about[0])
        raise OSError

    sign_in = SignIn("a@example.com", "http://mail.example.com/EWS/Exchange.asmx", secret="secret")
    with pytest.raises(PermissionMissing, match="plain HTTP"):
        connector(lookup=lookup).open(sign_in, print).check()
    assert asked == []
    allowed = ExchangeConnector(replace(INSTALLATION, plain_http=True), Reach(lookup=lookup))
    with pytest.raises(TemporaryError):
        allowed.open(sign_in, print).check()
    assert asked == ["mail.example.com"]


def test_addresses_inside_private_networks_may_be_forbidden(world: CalendarWorld) -> None:
    sign_in = world.fake.sign_in()
    with pytest.raises(PermissionMissing, match="private"):
        connector(allow_private=False).open(sign_in, print).check()
    assert world.fake.calls == []
    own = ExchangeConnector(replace(INSTALLATION, url=sign_in.url), Reach(allow_private=False))
    assert own.open(replace(sign_in, url=""), print).check().name == "Anna Liepa"


BOMB = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
ODD = {
    "a bomb": Reply(200, {}, BOMB + b"<x>&b;&b;&b;&b;</x>"),
    "a file of ours": Reply(200, {}, b'<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]><x>&f;</x>'),
    "without end": Reply(200, {}, b"<x>" + b" " * 200_000),
    "a packed one without end": Reply(200, {"Content-Encoding": "gzip"}, gzip.compress(b" " * 5_000_000)),
    "somewhere else": Reply(302, {"Location": "https://evil.example.com/"}, b""),
    "deep": Reply(200, {}, b"<a>" * 5000 + b"</a>" * 5000),
    "nothing": Reply(200, {}, b""),
    "no service": Reply(404, {}, b"<html>Not found</html>"),
}


@pytest.mark.parametrize("reply", ODD.values(), ids=ODD)
def test_odd_answers_are_temporary_errors(world: CalendarWorld, reply: Reply) -> None:
    world.always(reply)
    with pytest.raises(TemporaryError) as raised:
        connector(max_body=100_000).open(world.fake.sign_in(), print).calendars()
    assert "passwd" not in str(raised.value)
    assert set(world.fake.calls) == {"401", "GetFolder"}


def test_a_wrong_address_is_told(world: CalendarWorld) -> None:
    with pytest.raises(TemporaryError) as raised:
        world.provider(url=f"{world.fake.url}/owa").check()
    assert "Exchange.asmx" in raised.value.remedy


def test_a_server_is_found_and_remembered(world: CalendarWorld) -> None:
    asked: list[str] = []

    def answer(request: Request) -> Reply:
        asked.append(request.headers.get("authorization", ""))
        if not asked[-1]:
            return Reply(401, {"WWW-Authenticate": "Basic"}, b"")
        return settings(world.fake.endpoint)

    with scripted(answer) as running:
        known = ExchangeConnector(
            INSTALLATION, places=lambda _: [f"{running.url}nothing", running.url], record=no_record
        )
        for _ in range(2):
            assert known.open(world.fake.sign_in(url=""), print).check().name == "Anna Liepa"
    assert len(asked) == 2


@pytest.mark.parametrize(
    ("reply", "error", "said"),
    [
        (settings("https://outlook.office365.com/EWS/Exchange.asmx"), NotFound, "Microsoft 365"),
        (settings(code="RedirectAddress", target="anna@contoso.onmicrosoft.com"), NotFound, "Microsoft 365"),
        (settings(code="RedirectAddress", target="anna@example.com"), TemporaryError, "Exchange.asmx"),
        (
            settings(code="RedirectUrl", target="https://mail.hoster.example/a.svc"),
            TemporaryError,
            "mail.hoster.example",
        ),
        (settings(code="InvalidUser"), TemporaryError, "Exchange.asmx"),
        (Reply(200, {}, b"<html/>"), TemporaryError, "Exchange.asmx"),
    ],
)
def test_what_autodiscover_may_answer(reply: Reply, error: type[RemoteError], said: str) -> None:
    def answer(request: Request) -> Reply:
        return reply if "authorization" in request.headers else Reply(401, {"WWW-Authenticate": "Basic"}, b"")

    with scripted(answer) as running:
        known = ExchangeConnector(INSTALLATION, places=lambda _: [running.url], record=no_record)
        with pytest.raises(error) as raised:
            known.open(SignIn("anna@example.com", secret="secret"), print).check()
    assert isinstance(raised.value, BridgeError)
    assert said in raised.value.remedy


def test_a_host_that_only_dns_names_is_told_and_gets_no_password() -> None:
    def unasked(_: str) -> list[str]:
        return []

    for host, error, said in (
        ("mail.hoster.example", TemporaryError, "mail.hoster.example"),
        ("outlook.com", NotFound, "365"),
    ):
        known = ExchangeConnector(INSTALLATION, places=unasked, record=lambda _, host=host: host)
        with pytest.raises(error) as raised:
            known.open(SignIn("anna@example.com", secret="secret"), print).check()
        assert said in raised.value.remedy


def test_where_nothing_is_to_be_looked_for_the_address_is_needed() -> None:
    known = ExchangeConnector(replace(INSTALLATION, autodiscover=False))
    for sign_in in (SignIn("anna@example.com", secret="x"), SignIn(username="EXAMPLE\\anna", secret="x")):
        with pytest.raises(NotFound, match="where"):
            known.open(sign_in, print).check()


def test_what_is_lost_on_the_way_is_asked_once() -> None:
    with exchange() as (fake, _):
        fake.faults = [Fault(Reply(503, {}, b""))]
        provider = connector().open(fake.sign_in(), print)
        with pytest.raises(TemporaryError):
            provider.check()
        assert fake.calls == ["401", "GetFolder"]
