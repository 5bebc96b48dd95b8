"""One-time links: single use, ten minutes, nobody signed in; what they open for Apple, Android and the others."""

import plistlib
import re
import shutil
import subprocess
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from werkzeug.test import TestResponse

from bridge.services.onboarding import MOST_LINKS, Program
from bridge.services.profile_signing import ProfileSigner
from tests.harness import Client
from tests.web.conftest import Browser, House

ROOT = "http://127.0.0.1:8080"
TEN_MINUTES = timedelta(minutes=10)
MINUTES = timedelta(minutes=1)


def invite(browser: Browser, program: str = "apple", name: str = "Anna’s iPhone") -> str:
    """The path of a new one-time link."""
    answer = browser.post("/devices/", {"program": program, "name": name})
    assert answer.status_code == 200
    found = re.search(r'<code id="link">([^<]+)</code>', answer.text)
    assert found
    assert "<svg" in answer.text
    return found[1].removeprefix(ROOT)


def go_on(browser: Browser, path: str) -> TestResponse:
    assert browser.get(path).status_code == 200
    return browser.post(path)


def profile_path(answer: TestResponse) -> str:
    found = re.search(r'href="(/add/profile/[^"]+)"', answer.text)
    assert found
    return found[1]


def openssl(*arguments: str, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    program = shutil.which("openssl")
    if program is None:
        pytest.skip("openssl is not installed")
    return subprocess.run([program, *arguments], input=given, capture_output=True, check=False, timeout=60)


def unpack(signed: bytes, *options: str) -> bytes:
    """What openssl finds inside, after it has checked the signature."""
    found = openssl("smime", "-verify", "-inform", "DER", *(options or ("-noverify",)), given=signed)
    assert found.returncode == 0, found.stderr.decode()
    return found.stdout


@pytest.fixture
def phone(house: House) -> Browser:
    """A browser on another device, where nobody is signed in."""
    return house.browser()


def test_the_profile_adds_calendars_and_contacts(house: House, anna: Browser, phone: Browser) -> None:
    opened = go_on(phone, invite(anna))
    answer = phone.client.get(profile_path(opened), base_url=ROOT)
    assert answer.headers["Content-Type"] == "application/x-apple-aspen-config"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="davbridge.mobileconfig"'
    assert answer.headers["Cache-Control"] == "no-store"
    profile = plistlib.loads(unpack(answer.data))
    assert profile["PayloadType"] == "Configuration"
    assert profile["PayloadVersion"] == 1
    assert profile["PayloadRemovalDisallowed"] is False
    assert set(profile["ConsentText"]) == {"default", "en", "lv", "ru", "pl", "sv"}
    assert len(set(profile["ConsentText"].values())) == 5
    calendar, contacts = profile["PayloadContent"]
    assert calendar["PayloadType"] == "com.apple.caldav.account"
    assert contacts["PayloadType"] == "com.apple.carddav.account"
    for payload, kind in ((calendar, "CalDAV"), (contacts, "CardDAV")):
        assert payload[f"{kind}HostName"] == "127.0.0.1"
        assert (payload[f"{kind}Port"], type(payload[f"{kind}Port"])) == (8080, int)
        assert payload[f"{kind}UseSSL"] is False
        assert payload[f"{kind}Username"] == "anna"
        assert payload[f"{kind}PrincipalURL"] == "/dav/anna/"
        assert payload[f"{kind}AccountDescription"] == "davbridge"
        client = Client(
            house.office.wsgi(), payload[f"{kind}Username"], payload[f"{kind}Password"], "iOS/26 dataaccessd"
        )
        assert client.propfind(payload[f"{kind}PrincipalURL"]).status == 207
        assert f'<code id="password">{payload[f"{kind}Password"]}</code>' in opened.text
    every = (profile, calendar, contacts)
    assert len({UUID(each["PayloadUUID"]) for each in every}) == 3
    assert len({each["PayloadIdentifier"] for each in every}) == 3
    assert [device.name for _, device in house.devices.list("anna")] == ["Anna’s iPhone"]


def test_the_identifiers_follow_from_user_and_device(house: House, anna: Browser, phone: Browser) -> None:
    """The same device again replaces its account; another one, or another user's, is added beside it."""

    def identifiers(browser: Browser, name: str) -> list[str]:
        signed = phone.client.get(profile_path(go_on(phone, invite(browser, name=name))), base_url=ROOT).data
        for login, device in house.devices.list():
            if device.revoked_at is None:
                house.devices.revoke(device.id)
            assert login in {"anna", "bob"}
        profile = plistlib.loads(unpack(signed))
        return [
            each[key] for each in (profile, *profile["PayloadContent"]) for key in ("PayloadIdentifier", "PayloadUUID")
        ]

    bob = house.browser()
    bob.sign_in("bob")
    first = identifiers(anna, "iPhone")
    assert identifiers(anna, "iPhone") == first
    assert not set(identifiers(anna, "iPad")) & set(first)
    assert not set(identifiers(bob, "iPhone")) & set(first)


def test_a_link_works_once(house: House, anna: Browser, phone: Browser) -> None:
    path = invite(anna)
    assert phone.get(path).status_code == phone.get(path).status_code == 200
    download = profile_path(phone.post(path))
    for answer in (phone.get(path), phone.post(path), house.browser().get(path)):
        assert answer.status_code == 404
        assert "no longer works" in answer.text
    assert phone.client.get(download, base_url=ROOT).status_code == 200
    assert phone.client.get(download, base_url=ROOT).status_code == 404
    assert len(house.devices.list("anna")) == 1


def test_looking_ahead_uses_nothing_up(house: House, anna: Browser, phone: Browser) -> None:
    path = invite(anna)
    assert phone.client.head(path, base_url=ROOT).status_code == 200
    download = profile_path(go_on(phone, path))
    assert phone.client.head(download, base_url=ROOT).status_code == 405
    assert phone.client.get(download, base_url=ROOT).status_code == 200


@pytest.mark.parametrize("step", ["link", "profile"])
def test_links_last_ten_minutes(house: House, anna: Browser, phone: Browser, step: str) -> None:
    path = invite(anna)
    if step == "link":
        house.clock.advance(TEN_MINUTES)
        assert phone.get(path).status_code == phone.post(path).status_code == 404
        assert house.devices.list("anna") == []
    else:
        download = profile_path(go_on(phone, path))
        house.clock.advance(TEN_MINUTES)
        assert phone.client.get(download, base_url=ROOT).status_code == 404


@pytest.mark.parametrize("secret", ["x", "%00", "%ff", "a" * 5000, "..", "<script>"])
def test_nonsense_is_no_link(phone: Browser, secret: str) -> None:
    for path in (f"/add/{secret}", f"/add/profile/{secret}/davbridge.mobileconfig"):
        answer = phone.get(path)
        assert answer.status_code == 404
        assert "<script>" not in answer.text


def test_one_kind_of_link_is_not_another(anna: Browser, phone: Browser) -> None:
    path = invite(anna)
    secret = path.rpartition("/")[2]
    assert phone.get(f"/add/profile/{secret}/davbridge.mobileconfig").status_code == 404
    download = profile_path(go_on(phone, path)).split("/")[3]
    assert phone.get(f"/add/{download}").status_code == 404


def test_a_disabled_user_adds_nothing(house: House, anna: Browser, phone: Browser) -> None:
    path = invite(anna)
    house.principals.change("anna", lambda user: replace(user, enabled=False))
    assert phone.get(path).status_code == phone.post(path).status_code == 404


def test_going_on_cannot_be_forged(house: House, anna: Browser, phone: Browser) -> None:
    path = invite(anna)
    assert phone.client.post(path, base_url=ROOT, data={"csrf_token": "x"}).status_code == 400
    assert house.devices.list() == []


def test_a_revoked_device_takes_its_profile_along(house: House, anna: Browser, phone: Browser) -> None:
    download = profile_path(go_on(phone, invite(anna)))
    ((_, device),) = house.devices.list("anna")
    house.devices.revoke(device.id)
    profile = plistlib.loads(unpack(phone.client.get(download, base_url=ROOT).data))
    password = profile["PayloadContent"][0]["CalDAVPassword"]
    assert Client(house.office.wsgi(), "anna", password).propfind("/dav/anna/").status == 401


def test_there_are_not_too_many_links(house: House, anna: Browser) -> None:
    for _ in range(MOST_LINKS):
        house.onboarding.invite(house.principals.find("anna"), Program.APPLE, "x")
    assert anna.post("/devices/", {"program": "apple", "name": "x"}).status_code == 409
    house.clock.advance(TEN_MINUTES)
    assert anna.post("/devices/", {"program": "apple", "name": "x"}).status_code == 200


def test_nothing_readable_is_kept(house_file: Path, anna: Browser, phone: Browser) -> None:
    """The database holds neither the secrets of links nor app passwords."""
    path = invite(anna)
    opened = go_on(phone, path)
    password = re.search(r'<code id="password">([^<]+)</code>', opened.text)
    assert password
    content = b"".join(file.read_bytes() for file in house_file.parent.glob("house.sqlite3*"))
    assert b"one_time_links" in content
    for secret in (path.rpartition("/")[2], profile_path(opened).split("/")[3], password[1]):
        assert secret.encode() not in content


def test_android_goes_on_with_the_login_flow(house: House, anna: Browser, phone: Browser) -> None:
    """The phone's browser, where nobody is signed in, may consent once."""
    opened = go_on(phone, invite(anna, "android", "Anna’s phone"))
    assert 'href="intent://127.0.0.1:8080#Intent;' in opened.text
    assert "S.loginFlow=1;end" in opened.text
    assert 'id="password"' not in opened.text
    asked = phone.client.post("/index.php/login/v2", base_url=ROOT, headers={"User-Agent": "DAVx5/4.4"}).json
    login = asked["login"].removeprefix(ROOT)
    page = phone.get(login)
    assert "Anna Ozola" in page.text
    assert 'value="Anna’s phone"' in page.text
    assert phone.post(login, {"name": "Anna’s phone"}).status_code == 200
    granted = phone.client.post("/index.php/login/v2/poll", base_url=ROOT, data={"token": asked["poll"]["token"]}).json
    assert granted["loginName"] == "anna"
    again = phone.client.post("/index.php/login/v2", base_url=ROOT).json["login"].removeprefix(ROOT)
    assert phone.get(again).headers["Location"].startswith("/sign-in?next=")
    assert phone.get("/devices/").headers["Location"].startswith("/sign-in")


def test_the_right_to_consent_ends(house: House, anna: Browser, phone: Browser) -> None:
    go_on(phone, invite(anna, "android", "Phone"))
    house.clock.advance(TEN_MINUTES - MINUTES)
    login = phone.client.post("/index.php/login/v2", base_url=ROOT).json["login"].removeprefix(ROOT)
    assert phone.get(login).status_code == 200
    house.clock.advance(MINUTES)
    assert phone.get(login).headers["Location"].startswith("/sign-in")
    assert phone.post(login, {"name": "Phone"}).headers["Location"].startswith("/sign-in")


@pytest.mark.parametrize("kind", ["ec", "rsa"])
def test_the_servers_certificate_signs_with_its_chain(tmp_path: Path, kind: str) -> None:
    """openssl trusts the root only: the intermediate has to come along."""
    root_key, root = issue("Root", None, None, ca=True)
    middle_key, middle = issue("Intermediate", root_key, root, ca=True)
    key, leaf = issue("dav.example.com", middle_key, middle, ca=False, kind=kind)
    certificate, key_file, trusted = tmp_path / "chain.pem", tmp_path / "key.pem", tmp_path / "root.pem"
    certificate.write_bytes(leaf.public_bytes(Encoding.PEM) + middle.public_bytes(Encoding.PEM))
    key_file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    trusted.write_bytes(root.public_bytes(Encoding.PEM))
    signed = ProfileSigner(b"s" * 32, certificate, key_file).sign(b"<plist/>")
    assert (
        unpack(signed, "-CAfile", str(trusted), "-purpose", "any", "-attime", str(int(AT.timestamp()))) == b"<plist/>"
    )
    spoiled = signed.replace(b"<plist/>", b"<plizt/>")
    assert openssl("smime", "-verify", "-inform", "DER", "-noverify", given=spoiled).returncode != 0


@pytest.mark.parametrize("content", [b"", b"nonsense"])
def test_without_a_usable_certificate_our_own_signs(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "broken.pem"
    file.write_bytes(content)
    for signer in (
        ProfileSigner(b"s" * 32),
        ProfileSigner(b"s" * 32, file, file),
        ProfileSigner(b"s" * 32, tmp_path, tmp_path),
    ):
        assert unpack(signer.sign(b"<plist/>")) == b"<plist/>"


def test_our_own_certificate_stays_the_same() -> None:
    def certificate(secret: bytes) -> bytes:
        signed = ProfileSigner(secret).sign(b"x")
        return openssl("pkcs7", "-inform", "DER", "-print_certs", "-noout", "-text", given=signed).stdout

    def serial(text: bytes) -> bytes:
        return text.partition(b"Serial Number")[2].partition(b"Signature")[0]

    assert serial(certificate(b"a" * 32)) == serial(certificate(b"a" * 32)) != serial(certificate(b"b" * 32))


AT = datetime(2026, 6, 1, tzinfo=UTC)
Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


def issue(
    name: str, issuer_key: Key | None, issuer: x509.Certificate | None, *, ca: bool, kind: str = "ec"
) -> tuple[Key, x509.Certificate]:
    key: Key = ec.generate_private_key(ec.SECP256R1()) if kind == "ec" else rsa.generate_private_key(65537, 2048)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(AT - timedelta(days=1))
        .not_valid_after(AT + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    )
    return key, builder.sign(issuer_key or key, SHA256())
