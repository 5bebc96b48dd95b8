"""Texts and objects, hrefs and addresses: the pure parts of the CalDAV provider."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.core.contact import Contact, Labelled, Name
from bridge.core.event import Attendee, Event, EventKind
from bridge.errors import Invalid, MappingError, NotFound
from bridge.providers.caldav import hrefs, mapping, quirks
from bridge.providers.caldav.discovery import given_url
from bridge.providers.caldav.guard import is_public
from bridge.providers.caldav.mapping import CONTACTS, EVENTS
from tests.harness import NOW

GUESTS = (Attendee("anna@example.com", organizer=True), Attendee("guest@example.com", "Guest"))
MEETING = Event("u1", summary="Hello", start=NOW, end=NOW + timedelta(hours=1), reminders=(timedelta(minutes=-5),))
ANNA = Contact("c1", formatted_name="Anna Ozola", name=Name("Ozola", "Anna"), emails=(Labelled("a@b.lv", "work"),))


def test_a_new_event_reads_as_it_was_written() -> None:
    assert mapping.read_event(mapping.draw_event(MEETING, "u1", NOW)) == MEETING


def test_r13_a_new_event_has_no_guests_in_any_occurrence() -> None:
    override = replace(MEETING, recurrence_id=NOW + timedelta(days=1), attendees=GUESTS)
    series = replace(MEETING, attendees=GUESTS, recurrence=("RRULE:FREQ=DAILY",), overrides=(override,))
    text = mapping.draw_event(series, "u1", NOW)
    assert "guest@example.com" not in text
    assert "RECURRENCE-ID" in text


def test_r13_guests_that_are_there_stay() -> None:
    guests = "ORGANIZER:mailto:anna@example.com\r\nATTENDEE;CN=Guest:mailto:guest@example.com\r\nSUMMARY"
    there = mapping.draw_event(MEETING, "u1", NOW).replace("SUMMARY", guests, 1)
    patched = mapping.patch_event(there, replace(MEETING, summary="New", attendees=(Attendee("new@example.com"),)), NOW)
    assert [each.email for each in mapping.read_event(patched).attendees] == ["anna@example.com", "guest@example.com"]
    assert mapping.read_event(patched).summary == "New"
    assert [each.email for each in mapping.guests_of_event(patched)] == ["anna@example.com", "guest@example.com"]


def test_an_organizer_alone_is_no_guest() -> None:
    text = mapping.draw_event(MEETING, "u1", NOW).replace("SUMMARY", "ORGANIZER:mailto:anna@example.com\r\nSUMMARY")
    assert mapping.guests_of_event(text) == ()
    assert mapping.guests_of_event("nonsense") == ()


def test_what_we_do_not_know_stays() -> None:
    event = mapping.draw_event(MEETING, "u1", NOW).replace("SUMMARY", "X-OTHER;A=B:kept\r\nSUMMARY")
    assert "X-OTHER;A=B:kept\r\n" in mapping.patch_event(event, replace(MEETING, summary="New"), NOW)
    card = mapping.draw_contact(ANNA, "c1", NOW).replace("END:VCARD", "X-OTHER:kept\r\nEND:VCARD")
    patched = mapping.patch_contact(card, replace(ANNA, uid="other", note="New"), NOW)
    assert "X-OTHER:kept\r\n" in patched
    assert mapping.read_contact(patched) == replace(mapping.read_contact(patched), uid="c1", note="New")


@pytest.mark.parametrize("draw", [MEETING, ANNA], ids=["event", "contact"])
def test_a_patch_that_says_the_same_changes_nothing(draw: Event | Contact) -> None:
    later = NOW + timedelta(days=3)
    if isinstance(draw, Event):
        text = EVENTS.draw(draw, draw.uid, NOW)
        assert EVENTS.patch(text, draw, later) == text
    else:
        text = CONTACTS.draw(draw, draw.uid, NOW)
        assert CONTACTS.patch(text, draw, later) == text


@pytest.mark.parametrize("kind", ["VTODO", "VJOURNAL", "VFREEBUSY"])
def test_only_events_are_events(kind: str) -> None:
    text = mapping.draw_event(MEETING, "u1", NOW).replace("VEVENT", kind)
    with pytest.raises(Invalid):
        mapping.read_event(text)
    with pytest.raises(MappingError):
        mapping.draw_event(replace(MEETING, kind=EventKind.TASK), "u1", NOW)


@given(st.text(max_size=300))
def test_names_of_resources_are_harmless_and_stay(uid: str) -> None:
    name = mapping.resource_name(uid, ".ics")
    assert name == mapping.resource_name(uid, ".ics")
    assert name.endswith(".ics")
    assert len(name) <= 124
    assert hrefs.member("https://h.example/a/", f"/a/{name}") == f"/a/{name}"


@given(st.lists(st.text(alphabet="ab/%.@ äπ?#:;=", max_size=8), min_size=1, max_size=3))
def test_a_path_has_one_spelling(parts: list[str]) -> None:
    path = "/" + "/".join(parts)
    assert hrefs.normal_path(hrefs.normal_path(path)) == hrefs.normal_path(path)


@given(st.text(max_size=60))
def test_no_href_makes_trouble(href: str) -> None:
    found = hrefs.member("https://h.example/home/cal/", href)
    assert found is None or found.startswith("/home/cal/")
    assert hrefs.absolute("https://h.example/", href).startswith(("https://", "http://", ""))


@pytest.mark.parametrize(
    ("one", "other", "trusted"),
    [
        ("https://a.example/", "https://a.example/x", True),
        ("https://a.example/", "https://a.example:443/x", True),
        ("https://A.example/", "https://a.example/x", True),
        ("http://a.example/", "https://a.example/x", True),
        ("https://a.example/", "http://a.example/x", False),
        ("https://a.example/", "https://a.example:8443/", False),
        ("https://a.example/", "https://b.example/", False),
        ("https://a.example/", "https://a.example.evil.example/", False),
    ],
)
def test_whom_the_credentials_may_be_told(one: str, other: str, trusted: bool) -> None:
    assert hrefs.same_origin_or_upgrade(one, other) is trusted


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.216.34", True),
        ("2606:4700::1111", True),
        ("127.0.0.1", False),
        ("10.1.2.3", False),
        ("172.16.0.1", False),
        ("192.168.1.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("0.0.0.0", False),
        ("224.0.0.1", False),
        ("255.255.255.255", False),
        ("::1", False),
        ("::", False),
        ("fe80::1%eth0", False),
        ("fd00::1", False),
        ("::ffff:127.0.0.1", False),
        ("::ffff:10.0.0.1", False),
        ("64:ff9b::7f00:1", False),
        ("2002:7f00:1::", False),
    ],
)
def test_addresses_inside_are_not_public(address: str, public: bool) -> None:
    assert is_public(address) is public


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("", ""),
        ("dav.example.com", "https://dav.example.com/"),
        (" https://dav.example.com/x y/ ", "https://dav.example.com/x%20y/"),
        ("http://dav.example.com:5232/anna/", "http://dav.example.com:5232/anna/"),
        ("https://anna:secret@dav.example.com/", "https://dav.example.com/"),
    ],
)
def test_what_users_enter_becomes_a_url(text: str, url: str) -> None:
    assert given_url(text) == url


@pytest.mark.parametrize(
    "text",
    ["imap.example.com", "imaps://mail.example.com", "pop.example.com:110", "ftp://x.example", "https://", "://"],
)
def test_r1_mail_servers_and_nonsense_are_refused_in_words(text: str) -> None:
    with pytest.raises(NotFound) as caught:
        given_url(text)
    assert "IMAP and POP" in caught.value.remedy


def test_known_services_are_found_by_address_and_by_host() -> None:
    assert quirks.by_domain("me.com").name == "iCloud"
    assert quirks.by_host("p42-caldav.icloud.com").name == "iCloud"
    assert quirks.by_host("evil-icloud.com") is quirks.GENERIC
    assert quirks.by_host("icloud.com.evil.example") is quirks.GENERIC
    for each in quirks.SERVICES:
        assert bool(each.instead) is not bool(each.calendars)
        for url in filter(None, (each.calendars, each.books)):
            assert quirks.is_of(each, hrefs.origin(url)[1]), each.name
