from dataclasses import replace

import pytest

from bridge.errors import Invalid
from bridge.store.models.resources import CollectionKind
from plugins.reports import REPORTS, answer, read_request, supported
from tests.plugins.reports_support import (
    ACTIVITIES,
    CALDAV,
    CARDDAV,
    CONTACTS,
    DAV,
    TASKS,
    MemoryReader,
    ask,
    condition,
    event,
    names,
    resource,
    responses,
    todo,
    vcard,
)

ETAG = f"{DAV}getetag"
DATA = f"{CALDAV}calendar-data"
CARD = f"{CARDDAV}address-data"
MEETING = event("DTSTART:20260105T090000Z\nDTEND:20260105T100000Z\nSUMMARY:Meeting <1> & more", "meeting")
LUNCH = event("DTSTART:20260210T110000Z\nDTEND:20260210T120000Z\nSUMMARY:Lunch", "lunch")
JANIS = vcard("UID:j\nFN:Jānis Ozols\nN:Ozols;Jānis;;;\nEMAIL;TYPE=WORK:janis@example.com\nTEL;TYPE=CELL:+371 1")
ANNA = vcard("UID:a\nFN:Anna Bērziņa\nN:Bērziņa;Anna;;;\nEMAIL;TYPE=HOME:anna@example.org\nNICKNAME:me")


def calendar() -> MemoryReader:
    return MemoryReader(ACTIVITIES, [resource("m.ics", MEETING, 1), resource("l.ics", LUNCH, 2)])


def book() -> MemoryReader:
    return MemoryReader(CONTACTS, [resource("j.vcf", JANIS, 1), resource("a.vcf", ANNA, 2)])


def card_query(filters: str, attributes: str = "", props: str = "<D:getetag/>", rest: str = "") -> str:
    return (
        '<?xml version="1.0" encoding="utf-8" ?><C:addressbook-query xmlns:D="DAV:" '
        f'xmlns:C="urn:ietf:params:xml:ns:carddav"><D:prop>{props}</D:prop><C:filter {attributes}>{filters}</C:filter>'
        f"{rest}</C:addressbook-query>"
    )


def sync(token: str = "", props: str = "<d:getetag/>", rest: str = "<d:sync-level>1</d:sync-level>") -> str:
    return (
        '<?xml version="1.0"?><d:sync-collection xmlns:d="DAV:" xmlns:card="urn:ietf:params:xml:ns:carddav">'
        f"<d:sync-token>{token}</d:sync-token>{rest}<d:prop>{props}</d:prop></d:sync-collection>"
    )


THUNDERBIRD_LIST = """<?xml version="1.0" encoding="UTF-8"?>
<calendar-query xmlns:D="DAV:" xmlns="urn:ietf:params:xml:ns:caldav"><D:prop><D:getcontenttype/><D:resourcetype/>
<D:getetag/></D:prop><filter><comp-filter name="VCALENDAR"><comp-filter name="VEVENT"/></comp-filter></filter>
</calendar-query>"""
DAVX5_SINCE = """<?xml version='1.0' encoding='UTF-8' ?>
<CAL:calendar-query xmlns="DAV:" xmlns:CAL="urn:ietf:params:xml:ns:caldav"><prop><getetag /></prop><CAL:filter>
<CAL:comp-filter name="VCALENDAR"><CAL:comp-filter name="VEVENT"><CAL:time-range start="20260201T000000Z" />
</CAL:comp-filter></CAL:comp-filter></CAL:filter></CAL:calendar-query>"""
VDIRSYNCER = """<?xml version="1.0" encoding="utf-8" ?>
<C:calendar-query xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><prop><getcontenttype/><getetag/></prop>
<C:filter><C:comp-filter name="VCALENDAR"><C:comp-filter name="VEVENT">
<C:time-range start="20260101T000000Z" end="20260201T000000Z"/></C:comp-filter></C:comp-filter></C:filter>
</C:calendar-query>"""
EVOLUTION_UID = """<?xml version="1.0" encoding="UTF-8"?><C:calendar-query xmlns:C="urn:ietf:params:xml:ns:caldav"
xmlns:D="DAV:"><D:prop><D:getetag/><C:calendar-data><C:comp name="VCALENDAR"><C:comp name="VEVENT"><C:prop name="UID"/>
</C:comp></C:comp></C:calendar-data></D:prop><C:filter><C:comp-filter name="VCALENDAR"><C:comp-filter name="VEVENT">
<C:prop-filter name="UID"><C:text-match collation="i;octet" negate-condition="no">meeting</C:text-match>
</C:prop-filter></C:comp-filter></C:comp-filter></C:filter></C:calendar-query>"""
CALDAV_PY_TODOS = """<?xml version='1.0' encoding='utf-8'?>
<C:calendar-query xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><D:prop><C:calendar-data/></D:prop><C:filter>
<C:comp-filter name="VCALENDAR"><C:comp-filter name="VTODO"><C:prop-filter name="COMPLETED"><C:is-not-defined/>
</C:prop-filter><C:prop-filter name="STATUS"><C:text-match negate-condition="yes">CANCELLED</C:text-match>
</C:prop-filter></C:comp-filter></C:comp-filter></C:filter></C:calendar-query>"""
IOS_MULTIGET = """<?xml version="1.0" encoding="UTF-8"?>
<B:calendar-multiget xmlns:B="urn:ietf:params:xml:ns:caldav"><A:prop xmlns:A="DAV:"><A:getetag/><B:calendar-data/>
<B:schedule-tag/><C:created-by xmlns:C="http://calendarserver.org/ns/"/></A:prop>
<A:href xmlns:A="DAV:">/dav/alice/activities/m.ics</A:href></B:calendar-multiget>"""


def test_thunderbird_lists_a_calendar_without_a_parser(monkeypatch: pytest.MonkeyPatch) -> None:
    reader = calendar()
    monkeypatch.setattr("plugins.reports.query.parse", None)
    found = responses(ask(reader, THUNDERBIRD_LIST))
    assert set(found) == {"/dav/alice/activities/m.ics", "/dav/alice/activities/l.ics"}
    assert found["/dav/alice/activities/m.ics"].found == {
        f"{DAV}getcontenttype": "text/calendar;charset=utf-8;component=VEVENT",
        f"{DAV}resourcetype": "",
        ETAG: '"e-m.ics"',
    }
    assert reader.calls == ["listing False"]


@pytest.mark.parametrize(("body", "expected"), [(DAVX5_SINCE, "l.ics"), (VDIRSYNCER, "m.ics")])
def test_a_time_range_is_answered_by_the_columns(body: str, expected: str, monkeypatch: pytest.MonkeyPatch) -> None:
    reader = calendar()
    monkeypatch.setattr("plugins.reports.query.parse", None)
    assert names(ask(reader, body)) == {expected}
    assert reader.calls == ["in_range False"]


def test_only_those_that_recur_are_looked_at_closely() -> None:
    reader = calendar()
    weekly = event("DTSTART:20250106T090000Z\nDTEND:20250106T100000Z\nRRULE:FREQ=WEEKLY;COUNT=3", "w")
    ever = event("DTSTART:20250106T090000Z\nDTEND:20250106T100000Z\nRRULE:FREQ=WEEKLY", "e")
    reader.resources += [resource("w.ics", weekly), resource("e.ics", ever)]
    assert names(ask(reader, VDIRSYNCER)) == {"m.ics", "e.ics"}
    assert reader.calls == ["in_range False", "get_many"]


def test_evolution_finds_a_uid_and_gets_only_what_it_wants() -> None:
    reader = calendar()
    found = responses(ask(reader, EVOLUTION_UID))["/dav/alice/activities/m.ics"].found
    assert found[DATA].splitlines() == ["BEGIN:VCALENDAR", "BEGIN:VEVENT", "UID:meeting", "END:VEVENT", "END:VCALENDAR"]
    assert reader.calls == ["search meeting"]


def test_open_tasks_are_found() -> None:
    done = todo("SUMMARY:a\nSTATUS:COMPLETED\nCOMPLETED:20260101T000000Z")
    reader = MemoryReader(
        TASKS,
        [
            resource("done.ics", done),
            resource("open.ics", todo("STATUS:NEEDS-ACTION")),
            resource("off.ics", todo("STATUS:CANCELLED")),
        ],
    )
    assert names(ask(reader, CALDAV_PY_TODOS)) == {"open.ics"}


def test_a_query_for_what_the_calendar_does_not_hold_finds_nothing_at_no_cost() -> None:
    reader = calendar()
    assert responses(ask(reader, CALDAV_PY_TODOS)) == {}
    assert reader.calls == []


def test_a_query_on_one_resource_is_about_that_resource() -> None:
    assert names(ask(calendar(), THUNDERBIRD_LIST, "/alice/activities/l.ics")) == {"l.ics"}
    assert names(ask(calendar(), DAVX5_SINCE, "/alice/activities/m.ics")) == set()


def test_ios_gets_data_and_a_404_for_what_nobody_knows() -> None:
    found = responses(ask(calendar(), IOS_MULTIGET))["/dav/alice/activities/m.ics"]
    assert found.found == {ETAG: '"e-m.ics"', DATA: MEETING.replace("\r\n", "\n")}
    assert found.missing == [f"{CALDAV}schedule-tag", "{http://calendarserver.org/ns/}created-by"]


HREFS = [
    ("/dav/alice/activities/m.ics", "/dav/alice/activities/m.ics", True),
    ("https://example.org/dav/alice/activities/m.ics", "/dav/alice/activities/m.ics", True),
    (" /dav/alice/activities/m%2Eics\n", "/dav/alice/activities/m.ics", True),
    ("/dav/alice/activities/a%20b%3A%27%40%C4%81.ics", "/dav/alice/activities/a%20b%3A%27%40%C4%81.ics", True),
    ("/dav/alice/activities/a b:'@ā.ics", "/dav/alice/activities/a%20b%3A%27%40%C4%81.ics", True),
    ("/dav/alice/activities/100%2525.ics", "/dav/alice/activities/100%2525.ics", True),
    ("/dav/alice/activities/100%25.ics", "/dav/alice/activities/100%2525.ics", True),
    ("/dav/alice/activities/q?x=1.ics", "/dav/alice/activities/q%3Fx%3D1.ics", True),
    ("/dav/alice/activities/gone.ics", "/dav/alice/activities/gone.ics", False),
    ("/dav/alice/other/m.ics", "/dav/alice/other/m.ics", False),
    ("/alice/activities/m.ics", "/alice/activities/m.ics", False),
    ("/dav/alice/activities/", "/dav/alice/activities/", False),
    ("/dav/alice/activities/x/m.ics", "/dav/alice/activities/x/m.ics", False),
    ("/dav/alice/activities/../contacts/m.ics", "/dav/alice/activities/../contacts/m.ics", False),
    ("", "", False),
]


@pytest.mark.parametrize(("href", "answered", "exists"), HREFS)
def test_hrefs_are_understood_in_every_spelling(href: str, answered: str, exists: bool) -> None:
    reader = calendar()
    reader.resources += [resource(name, LUNCH) for name in ("a b:'@ā.ics", "100%25.ics", "q?x=1.ics")]
    body = (
        '<C:calendar-multiget xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><prop><getetag/></prop>'
        f"<href>{href}</href></C:calendar-multiget>"
    )
    found = responses(ask(reader, body))
    assert list(found) == [answered]
    assert (found[answered].status, ETAG in found[answered].found) == ((None, True) if exists else (404, False))


def test_an_href_is_answered_once() -> None:
    reader = calendar()
    hrefs = "".join(f"<href>{href}</href>" for href, _, _ in HREFS[:3] * 2)
    body = f'<C:calendar-multiget xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav">{hrefs}</C:calendar-multiget>'
    assert {name: found.status for name, found in responses(ask(reader, body)).items()} == {
        "/dav/alice/activities/m.ics": 200
    }
    assert reader.calls == ["get_many"]


def test_odd_logins_and_prefixes_are_encoded() -> None:
    where = replace(ACTIVITIES, owner="jo ā@example.com")
    reader = MemoryReader(where, [resource("m.ics", MEETING)])
    body = read_request(IOS_MULTIGET.replace("/dav/alice", "/my dav/jo%20%C4%81@example.com").encode())
    path = "/jo ā@example.com/activities/"
    given = answer(body, principal=where.owner, base_prefix="/my dav", path=path, reader=reader)
    assert list(responses(given)) == ["/my%20dav/jo%20%C4%81%40example.com/activities/m.ics"]


def test_a_multiget_of_nothing_is_an_empty_answer() -> None:
    reader = calendar()
    assert responses(ask(reader, '<C:calendar-multiget xmlns:C="urn:ietf:params:xml:ns:caldav"/>')) == {}
    assert reader.calls == []


@pytest.mark.parametrize(
    ("props", "found"),
    [
        ("<D:getlastmodified/>", {f"{DAV}getlastmodified": "Sat, 31 Jan 2026 12:00:05 GMT"}),
        ("<D:getcontentlength/>", {f"{DAV}getcontentlength": str(len(JANIS.encode()))}),
        ("<D:displayname/>", {f"{DAV}displayname": "j.vcf"}),
        ("<D:getcontenttype/>", {f"{DAV}getcontenttype": "text/vcard;charset=utf-8"}),
        ("<C:address-data/>", {CARD: JANIS.replace("\r\n", "\n")}),
        (
            '<C:address-data><C:prop name="fn"/><C:prop name="UID" novalue="yes"/></C:address-data>',
            {CARD: "BEGIN:VCARD\nUID:\nFN:Jānis Ozols\nEND:VCARD\n"},
        ),
    ],
)
def test_properties_of_a_card(props: str, found: dict[str, str]) -> None:
    answered = responses(ask(book(), card_query("", props=props)))["/dav/alice/contacts/j.vcf"]
    assert (answered.found, answered.missing) == (found, [])


def test_data_of_the_other_kind_do_not_exist() -> None:
    body = card_query("", props='<X:calendar-data xmlns:X="urn:ietf:params:xml:ns:caldav"/><y xmlns="z&quot;&lt;"/>')
    answered = responses(ask(book(), body))["/dav/alice/contacts/j.vcf"]
    assert (answered.found, answered.missing) == ({}, [DATA, '{z"<}y'])


@pytest.mark.parametrize("read_only", [False, True])
def test_privileges_say_whether_writing_is_allowed(read_only: bool) -> None:
    reader = book()
    reader.where = replace(CONTACTS, subject_id=2 if read_only else 1)
    body = ask(reader, card_query("", props="<D:current-user-privilege-set/>")).body.decode()
    assert ("<privilege><write/></privilege>" not in body) is read_only
    assert "<privilege><read/></privilege>" in body


def test_allprop_and_propname() -> None:
    start = '<sync-collection xmlns="DAV:"><sync-token/><sync-level>infinite</sync-level>'
    everything = responses(ask(book(), f"{start}<allprop/></sync-collection>"))["/dav/alice/contacts/j.vcf"].found
    assert everything[f"{DAV}getcontentlength"] == str(len(JANIS.encode()))
    assert f"{DAV}current-user-privilege-set" not in everything
    named = responses(ask(book(), f"{start}<propname/></sync-collection>"))["/dav/alice/contacts/j.vcf"].found
    assert set(named) == {*everything, f"{DAV}current-user-privilege-set"}
    assert set(named.values()) == {""}


def test_characters_that_xml_forbids_never_reach_the_answer() -> None:
    text = event("SUMMARY:a\x00\x08\x0b\x1f\ufffe\uffff\ud800b\x7f\x85\tāc")
    reader = MemoryReader(ACTIVITIES, [replace(resource("m.ics", MEETING), text=text)])
    found = responses(ask(reader, IOS_MULTIGET))["/dav/alice/activities/m.ics"].found[DATA]
    assert "SUMMARY:ab\x7f\x85\tāc\n" in found


IOS_SEARCH = "".join(
    f'<C:prop-filter name="{name}"><C:text-match collation="i;unicode-casemap" match-type="contains">OZO</C:text-match>'
    "</C:prop-filter>"
    for name in ("FN", "N", "NICKNAME", "EMAIL", "ORG")
)


@pytest.mark.parametrize(
    ("filters", "attributes", "found", "call"),
    [
        (IOS_SEARCH, 'test="anyof"', {"j.vcf"}, "search ozo"),
        (IOS_SEARCH, 'test="allof"', set(), "search ozo"),
        (
            '<C:prop-filter name="FN"><C:text-match match-type="starts-with">anna B</C:text-match></C:prop-filter>',
            "",
            {"a.vcf"},
            "search anna b",
        ),
        (
            '<C:prop-filter name="FN"><C:text-match match-type="ends-with">BĒRZIŅA</C:text-match></C:prop-filter>',
            "",
            {"a.vcf"},
            "search rzi",
        ),
        (
            (
                '<C:prop-filter name="EMAIL"><C:text-match match-type="equals">Anna@Example.org</C:text-match>'
                "</C:prop-filter>"
            ),
            "",
            {"a.vcf"},
            "search anna@example.org",
        ),
        ('<C:prop-filter name="NICKNAME"><C:is-not-defined/></C:prop-filter>', "", {"j.vcf"}, "listing True"),
        ('<C:prop-filter name="NICKNAME"/>', "", {"a.vcf"}, "listing True"),
        (
            (
                '<C:prop-filter name="EMAIL" test="allof"><C:text-match>example</C:text-match>'
                '<C:param-filter name="TYPE"><C:text-match match-type="equals">home</C:text-match></C:param-filter>'
                "</C:prop-filter>"
            ),
            "",
            {"a.vcf"},
            "search example",
        ),
        ("", "", {"a.vcf", "j.vcf"}, "tags"),
    ],
)
def test_contacts_are_searched(filters: str, attributes: str, found: set[str], call: str) -> None:
    reader = book()
    assert names(ask(reader, card_query(filters, attributes))) == found
    assert reader.calls == [call]


@pytest.mark.parametrize(("limit", "expected"), [(1, {"j.vcf", ""}), (2, {"j.vcf", "a.vcf"}), (5, {"j.vcf", "a.vcf"})])
def test_a_limited_query_tells_when_there_is_more(limit: int, expected: set[str]) -> None:
    rest = f"<C:limit><C:nresults>{limit}</C:nresults></C:limit>"
    given = ask(book(), card_query('<C:prop-filter name="FN"/>', rest=rest))
    assert names(given) == expected
    if "" in expected:
        assert responses(given)["/dav/alice/contacts/"].status == 507
        assert b"<error><number-of-matches-within-limits/></error>" in given.body


@pytest.mark.parametrize("limit", ["0", "-1", "many", "", "9" * 30])
def test_a_limit_is_a_number_above_zero(limit: str) -> None:
    given = ask(book(), card_query("", rest=f"<C:limit><C:nresults>{limit}</C:nresults></C:limit>"))
    assert (given.status, condition(given)) == (400, "")


def test_a_first_sync_lists_only_what_exists(monkeypatch: pytest.MonkeyPatch) -> None:
    reader = calendar()
    reader.resources.append(replace(resource("gone.ics", LUNCH, 3), deleted=True, text=""))
    monkeypatch.setattr("plugins.reports.properties.parse", None)
    given = ask(reader, sync())
    assert {href: found.found for href, found in responses(given).items()} == {
        "/dav/alice/activities/m.ics": {ETAG: '"e-m.ics"'},
        "/dav/alice/activities/l.ics": {ETAG: '"e-l.ics"'},
    }
    assert b"<sync-token>urn:x-davbridge:sync:c1:1:9</sync-token></multistatus>" in given.body
    assert reader.calls == ["tags"]


def test_a_later_sync_tells_what_is_gone() -> None:
    reader = calendar()
    reader.resources.append(replace(resource("gone ā.ics", LUNCH, 3), deleted=True, text=""))
    found = responses(ask(reader, sync("t:1")))
    assert {href: one.status for href, one in found.items()} == {
        "/dav/alice/activities/l.ics": None,
        "/dav/alice/activities/gone%20%C4%81.ics": 404,
    }
    assert responses(ask(reader, sync("t:9"))) == {}


def test_a_sync_goes_on_after_a_limit() -> None:
    reader = calendar()
    limited = "<d:sync-level>1</d:sync-level><d:limit><d:nresults>1</d:nresults></d:limit>"
    first = ask(reader, sync(rest=limited))
    assert names(first) == {"m.ics", ""}
    assert responses(first)["/dav/alice/activities/"].status == 507
    assert b"<sync-token>t:1</sync-token>" in first.body
    second = ask(reader, sync("t:1", rest=limited))
    assert names(second) == {"l.ics"}
    assert b"<sync-token>t:9</sync-token>" in second.body


def test_a_sync_can_bring_the_data_along() -> None:
    reader = book()
    found = responses(ask(reader, sync(props="<d:getetag/><card:address-data/>")))
    assert found["/dav/alice/contacts/j.vcf"].found[CARD] == JANIS.replace("\r\n", "\n")
    assert reader.calls == ["changes", "get_many"]


def test_a_token_that_was_never_ours_is_refused() -> None:
    given = ask(calendar(), sync("http://example.com/ns/sync/1234"))
    assert (given.status, condition(given)) == (403, f"{DAV}valid-sync-token")


def test_an_unknown_level_is_refused_and_none_is_accepted() -> None:
    assert ask(calendar(), sync(rest="<d:sync-level>7</d:sync-level>")).status == 400
    assert ask(calendar(), sync(rest="")).status == 207


@pytest.mark.parametrize(
    ("where", "root", "namespace"),
    [
        (ACTIVITIES, "addressbook-query", "urn:ietf:params:xml:ns:carddav"),
        (ACTIVITIES, "addressbook-multiget", "urn:ietf:params:xml:ns:carddav"),
        (CONTACTS, "calendar-query", "urn:ietf:params:xml:ns:caldav"),
        (CONTACTS, "calendar-multiget", "urn:ietf:params:xml:ns:caldav"),
        (CONTACTS, "free-busy-query", "urn:ietf:params:xml:ns:caldav"),
        (CONTACTS, "version-tree", "DAV:"),
    ],
)
def test_a_report_where_it_is_not_supported_is_refused(where: object, root: str, namespace: str) -> None:
    given = ask(MemoryReader(where), f'<{root} xmlns="{namespace}"/>')  # type: ignore[arg-type]
    assert (given.status, condition(given)) == (403, f"{DAV}supported-report")


@pytest.mark.parametrize(
    ("path", "status", "violated"),
    [
        ("/alice/", 403, f"{DAV}supported-report"),
        ("/", 403, f"{DAV}supported-report"),
        ("/bob/activities/", 403, f"{DAV}need-privileges"),
        ("/alice/nothing/", 404, ""),
        ("/alice/activities/m.ics", 403, f"{DAV}supported-report"),
    ],
)
def test_a_sync_of_something_else_is_refused(path: str, status: int, violated: str) -> None:
    given = ask(calendar(), sync(), path)
    assert (given.status, condition(given)) == (status, violated)


def test_a_wrong_filter_is_refused_with_its_precondition() -> None:
    given = ask(calendar(), VDIRSYNCER.replace("20260101T000000Z", "2026-01-01"))
    assert (given.status, condition(given)) == (403, f"{CALDAV}valid-filter")
    given = ask(
        book(), card_query('<C:prop-filter name="FN"><C:text-match collation="x">a</C:text-match></C:prop-filter>')
    )
    assert (given.status, condition(given)) == (403, f"{CARDDAV}supported-collation")


def test_each_kind_announces_its_reports() -> None:
    both = set(supported(CollectionKind.CALENDAR)) | set(supported(CollectionKind.ADDRESS_BOOK))
    assert both == set(REPORTS)
    assert f"{CARDDAV}addressbook-query" not in supported(CollectionKind.CALENDAR)


LAUGHS = "".join(f'<!ENTITY l{number} "{f"&l{number - 1};" * 10}">' for number in range(1, 10))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not xml",
        b"<a>",
        b"<a></b>",
        b'<?xml version="1.0" encoding="nothing"?><a/>',
        b"<a>\xff</a>",
        b"<a>&unknown;</a>",
        b"<!DOCTYPE a><a/>",
        b'<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>',
        b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>',
        f'<!DOCTYPE a [<!ENTITY l0 "lol">{LAUGHS}]><a>&l9;</a>'.encode(),
    ],
)
def test_a_body_that_is_no_harmless_xml_is_invalid(body: bytes) -> None:
    with pytest.raises(Invalid, match="The body of the request"):
        read_request(body)


def test_one_odd_resource_does_no_harm() -> None:
    reader = calendar()
    reader.resources.append(replace(resource("odd.ics", LUNCH), text="BEGIN:VCALENDAR\r\n", recurring=True))
    assert names(ask(reader, EVOLUTION_UID)) == {"m.ics"}
    assert names(ask(reader, DAVX5_SINCE)) == {"l.ics"}
