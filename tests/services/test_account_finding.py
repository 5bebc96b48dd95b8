"""From an e-mail address to the kind of account."""

from __future__ import annotations

import pytest

from bridge.errors import Invalid
from bridge.services.account_finding import AccountFinding

EXCHANGERS = {
    "workspace.example": ["aspmx.l.google.com", "alt1.aspmx.l.google.com"],
    "small.example": ["smtp.google.com"],
    "old.example": ["aspmx2.googlemail.com"],
    "office.example": ["office-example.mail.protection.outlook.com"],
    "dane.example": ["dane-example.a-v1.mx.microsoft"],
    "own.example": ["mail.own.example", "aspmx.l.google.com"],
    "trap.example": ["google.com.trap.example"],
}


@pytest.mark.parametrize(
    ("address", "provider"),
    [
        ("Anna@Workspace.example", "google"),
        ("anna@small.example ", "google"),
        ("anna@old.example", "google"),
        ("anna@office.example", "graph"),
        ("anna@dane.example", "graph"),
        ("anna@own.example", "caldav"),  # its own server comes first
        ("anna@trap.example", "caldav"),
        ("anna@nowhere.example", "caldav"),
        ("anna@gmail.com", "google"),
        ("https://cloud.example/@workspace.example", "caldav"),
        ("workspace.example", "caldav"),
        ("anna@", "caldav"),
        ("", "caldav"),
    ],
)
def test_a_company_is_found_by_who_takes_its_mail(address: str, provider: str) -> None:
    finding = AccountFinding(["caldav", "google", "graph"], lambda domain: EXCHANGERS.get(domain, []))
    assert finding.find(address).provider == provider


def test_what_is_chosen_wins_and_nothing_is_asked() -> None:
    asked: list[str] = []
    finding = AccountFinding(["caldav", "google"], lambda domain: asked.append(domain) or ["aspmx.l.google.com"])
    assert finding.find("anna@workspace.example", "caldav").provider == "caldav"
    assert finding.find("anna@gmail.com").provider == "google"
    with pytest.raises(Invalid):
        finding.find("imap.workspace.example")
    assert asked == []


def test_a_service_that_is_not_known_here_is_none_to_find() -> None:
    finding = AccountFinding(["caldav"], lambda _: ["aspmx.l.google.com"])
    assert finding.find("anna@workspace.example").provider == "caldav"
