"""Sessions, one-time links and login flows over both databases; two at once get a thing once."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from argon2 import PasswordHasher

from bridge.errors import NotAllowed, NotFound
from bridge.services.identities import Identities, Identity
from bridge.services.login_flow import LoginFlows
from bridge.services.onboarding import Onboarding, Program
from bridge.services.profiles import Profiles
from bridge.services.signing_in import SigningIn
from bridge.store.database import Database
from bridge.vault import FernetVault
from tests.harness import Office

KEY = b"k" * 32
HERE = "192.0.2.1"
QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


@pytest.fixture
def office(database: Database) -> Office:
    office = Office(database)
    office.user("anna")
    return office


@pytest.fixture
def signing_in(office: Office) -> SigningIn:
    signing_in = SigningIn(office.database, office.clock, KEY, hasher=QUICK)
    signing_in.set_password("anna", "correct horse battery")
    return signing_in


@pytest.fixture
def onboarding(office: Office) -> Onboarding:
    return Onboarding(office.database, office.clock, KEY, FernetVault(KEY), office.devices)


@pytest.fixture
def flows(office: Office) -> LoginFlows:
    return LoginFlows(office.database, office.clock, KEY, FernetVault(KEY), office.devices)


def test_a_session_from_its_beginning_to_its_end(office: Office, signing_in: SigningIn) -> None:
    key = signing_in.with_password("anna", "correct horse battery", "Firefox", HERE)
    visitor = signing_in.visitor(key)
    assert visitor is not None
    assert (visitor.user.login, visitor.session.client) == ("anna", "Firefox")
    assert [each.id for each in signing_in.sessions(visitor.user)] == [visitor.session.id]
    signing_in.end(key)
    assert signing_in.visitor(key) is None


@pytest.mark.parametrize("text", ["", "\x00", "\ud800", "x" * 100_000, "ž\x00"])
def test_nonsense_signs_nobody_in(signing_in: SigningIn, text: str) -> None:
    assert signing_in.visitor(text) is None
    for name, password in ((text, "x"), ("anna", text)):
        with pytest.raises(NotAllowed):
            signing_in.with_password(name, password, text.replace("\x00", "").replace("\ud800", ""), HERE)


def test_hashes_of_old_parameters_are_renewed(office: Office, signing_in: SigningIn) -> None:
    stronger = PasswordHasher(time_cost=2, memory_cost=16, parallelism=1)
    renewing = SigningIn(office.database, office.clock, KEY, hasher=stronger)
    assert renewing.with_password("anna", "correct horse battery", "", HERE)
    assert renewing.with_password("anna", "correct horse battery", "", HERE)


def test_of_two_who_open_a_link_one_gets_in(office: Office, onboarding: Onboarding) -> None:
    secret = onboarding.invite(office.principals.find("anna"), Program.OTHER, "Laptop")

    def attempt(_: int) -> bool:
        try:
            return bool(onboarding.open(secret).password)
        except NotFound:
            return False

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(attempt, range(4))) == [False, False, False, True]
    assert len(office.devices.list("anna")) == 1


def test_of_two_polls_one_gets_the_password(office: Office, flows: LoginFlows) -> None:
    started = flows.start("DAVx5/4.4", HERE)
    flows.grant(started.page, office.principals.find("anna"), "Phone")
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: flows.poll(started.poll), range(4)))
    assert sum(each is not None for each in found) == 1


def test_of_two_consents_one_counts(office: Office, flows: LoginFlows) -> None:
    started = flows.start("DAVx5/4.4", HERE)
    user = office.principals.find("anna")

    def attempt(_: int) -> bool:
        try:
            flows.grant(started.page, user, "Phone")
        except NotFound:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(attempt, range(4))) == 1
    assert len(office.devices.list("anna")) == 1


@pytest.mark.parametrize("text", ["", "\x00", "\ud800", "x" * 100_000])
def test_nonsense_opens_nothing(onboarding: Onboarding, flows: LoginFlows, text: str) -> None:
    for call in (onboarding.look, onboarding.open, onboarding.profile, onboarding.use_grant, flows.look, flows.deny):
        with pytest.raises(NotFound):
            call(text)
    assert flows.poll(text) is None
    assert onboarding.may_grant(text) is None


def test_identities_are_bound_once(office: Office) -> None:
    identities = Identities(office.database, office.principals, office.settings, create=False)
    anna = Identity("https://login.example.com", "1", "anna")
    assert identities.user(anna).login == "anna"
    assert identities.user(Identity(anna.issuer, "1", "renamed")).login == "anna"
    with pytest.raises(NotAllowed):
        identities.user(Identity(anna.issuer, "2", "anna"))
    assert identities.user(Identity("https://other.example.com", "2", "anna")).login == "anna"


def test_a_new_language_draws_nothing_anew_and_a_new_zone_does(office: Office) -> None:
    profiles = Profiles(office.database, office.clock, office.principals)
    profiles.speak("anna", "lv")
    profiles.speak("anna", "ru", "Europe/Stockholm")
    user = office.principals.find("anna")
    assert (user.language, user.time_zone) == ("ru", "Europe/Stockholm")
