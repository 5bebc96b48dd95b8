"""What the requests of a soak are made of. ``{n}`` is the number of the resource, ``{x}`` another in each request."""

_NAMES = 'xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav" xmlns:A="urn:ietf:params:xml:ns:carddav"'


def _calendar(*lines: str, kind: str = "VEVENT") -> str:
    inside = ("UID:{n}", "DTSTAMP:20261101T000000Z", *lines)
    return "\r\n".join(("BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Soak//EN", f"BEGIN:{kind}", *inside)) + (
        f"\r\nEND:{kind}\r\nEND:VCALENDAR\r\n"
    )


def _card(*lines: str, version: str = "3.0") -> str:
    return "\r\n".join(("BEGIN:VCARD", f"VERSION:{version}", "UID:{n}", *lines, "END:VCARD", ""))


_TIMES = ("DTSTART:20261201T100000Z", "DTEND:20261201T110000Z")
_OVERRIDE = ("END:VEVENT", "BEGIN:VEVENT", "UID:{n}", "RECURRENCE-ID:20261208T100000Z", "SUMMARY:Moved {x}")

CALENDARS = (
    _calendar("SUMMARY:Meeting {x}", *_TIMES),
    _calendar("SUMMARY:Meeting {x}", *_TIMES, "LOCATION:Rīga\\, Brīvības 1", "X-ODD;X-P=1:{x}"),
    _calendar("SUMMARY:Day {x}", "DTSTART;VALUE=DATE:20261201"),
    _calendar("SUMMARY:Weekly {x}", *_TIMES, "RRULE:FREQ=WEEKLY;COUNT=20", "EXDATE:20261208T100000Z"),
    _calendar("SUMMARY:Weekly {x}", *_TIMES, "RRULE:FREQ=WEEKLY", *_OVERRIDE, "DTSTART:20261208T120000Z"),
    _calendar("SUMMARY:Endless {x}", *_TIMES, "RRULE:FREQ=SECONDLY"),
    _calendar("SUMMARY:Many {x}", *_TIMES, "RRULE:FREQ=MINUTELY;COUNT=1000000000"),
    _calendar("SUMMARY:Floating {x}", "DTSTART:20261201T100000", "DURATION:PT1H"),
    _calendar("SUMMARY:Nowhere {x}", "DTSTART;TZID=Mars/Phobos:20261201T100000"),
    _calendar("SUMMARY:First {x}", "DTSTART:00010101T000000Z", "RRULE:FREQ=YEARLY"),
    _calendar("SUMMARY:Last {x}", "DTSTART:99991231T235959Z", "DURATION:P99999999W"),
    _calendar("SUMMARY:Private {x}", *_TIMES, "CLASS:PRIVATE", "ATTENDEE;CN=A:mailto:a@example.com"),
    _calendar("SUMMARY:Alarm {x}", *_TIMES, "BEGIN:VALARM", "ACTION:DISPLAY", "TRIGGER:-PT5M", "END:VALARM"),
    _calendar("SUMMARY:Long {x} " + "ā" * 20_000, *_TIMES),
    _calendar("SUMMARY:Task {x}", "DUE:20261201T100000Z", kind="VTODO"),
    _calendar("SUMMARY:Done {x}", "STATUS:COMPLETED", "COMPLETED:20261201T100000Z", kind="VTODO"),
    _calendar("SUMMARY:Journal {x}", kind="VJOURNAL"),
    _calendar("SUMMARY:No date {x}"),
    _calendar("SUMMARY:Links {x}", *_TIMES, "X-CRM-DEAL:1", "X-CRM-PERSON:-1", "X-CRM-ORG:99999999999999999999"),
    _calendar("SUMMARY:Nul\0 and \x07 {x}", *_TIMES),
    _calendar("SUMMARY:Surrogate \ud800 {x}", *_TIMES),
    _calendar("RRULE:FREQ=YEARLY;BYMONTHDAY=31;BYMONTH=2", *_TIMES),
    _calendar("RRULE:FREQ=;COUNT=x", *_TIMES),
    "BEGIN:VCALENDAR\r\n" * 200,
    _card("FN:A card in a calendar"),
    "",
)

TASKS = tuple(
    _calendar(*lines, kind="VTODO")
    for lines in (
        ("SUMMARY:Task {x}", "DUE:20261201T100000Z"),
        ("SUMMARY:Undated {x}",),
        ("SUMMARY:Done {x}", "STATUS:COMPLETED", "COMPLETED:20261201T100000Z", "PERCENT-COMPLETE:100"),
        ("SUMMARY:Repeated {x}", "DTSTART:20261201T100000Z", "DUE:20261201T110000Z", "RRULE:FREQ=WEEKLY"),
        ("SUMMARY:Before {x}", "DTSTART:20261201T100000Z", "DUE:20251201T110000Z"),
        ("SUMMARY:Odd {x}", "PERCENT-COMPLETE:1000", "STATUS:NONE", "PRIORITY:x"),
    )
)

CARDS = (
    _card("N:Ozola;Ilze;;;", "FN:Ilze {x}", "EMAIL;TYPE=INTERNET:{x}@example.com", "TEL;TYPE=CELL:+371{x}"),
    _card("N:;;;;", "FN:Company {x}", "ORG:Company {x}", "X-ABShowAs:COMPANY"),
    _card("FN:Employee {x}", "ORG:Cheese;Sales", "TITLE:Director", "NOTE:" + "long " * 2_000),
    _card("FN:Four {x}", "KIND:individual", "EMAIL;PREF=1:a@example.com", "BDAY:--0415", version="4.0"),
    _card("FN:Group {x}", "X-ADDRESSBOOKSERVER-KIND:group", "X-ADDRESSBOOKSERVER-MEMBER:urn:uuid:1"),
    _card("FN:Labels {x}", "CATEGORIES:VIP,Partner,{x}", "item1.TEL:1", "item1.X-ABLabel:Boat"),
    _card("FN:Photo {x}", "PHOTO;ENCODING=b;TYPE=JPEG:AAAA"),
    _card("FN:Photo {x}", "PHOTO:data:image/jpeg;base64,////", version="4.0"),
    _card("FN:Old {x}", "TEL;HOME;VOICE:1", "NOTE;ENCODING=QUOTED-PRINTABLE:=C4=81=", version="2.1"),
    _card("N:;;;;", "FN:"),
    _card("FN:Nul \0 {x}", "BDAY:0000-00-00"),
    _calendar("SUMMARY:An event in a book"),
    "BEGIN:VCARD\r\n" * 100,
    "",
)

_DATA = "<D:prop><D:getetag/><C:calendar-data/></D:prop>"
_SPANS = (
    'start="20261201T000000Z" end="20261208T000000Z"',
    'start="00010101T000000Z" end="99991231T235959Z"',
    'start="20261208T000000Z" end="20261201T000000Z"',
    'start="20261201" end="x"',
    'start="20261201T000000Z"',
    "",
)


def _query(inside: str, data: str = _DATA, kind: str = "VEVENT") -> str:
    found = f'<C:comp-filter name="VCALENDAR"><C:comp-filter name="{kind}">{inside}</C:comp-filter></C:comp-filter>'
    return f"<C:calendar-query {_NAMES}>{data}<C:filter>{found}</C:filter></C:calendar-query>"


def _expanding(span: str) -> str:
    data = f"<D:prop><C:calendar-data><C:expand {span}/></C:calendar-data></D:prop>"
    return _query(f"<C:time-range {span}/>", data)


def _book(inside: str) -> str:
    data = "<D:prop><A:address-data/></D:prop><A:filter>"
    return f"<A:addressbook-query {_NAMES}>{data}{inside}</A:filter></A:addressbook-query>"


def _sync(limit: str = "", level: str = "1") -> str:
    return (
        f"<D:sync-collection {_NAMES}><D:sync-token>{{token}}</D:sync-token><D:sync-level>{level}</D:sync-level>"
        f"{limit}<D:prop><D:getetag/></D:prop></D:sync-collection>"
    )


_ABSENT = "<C:is-not-defined/>"
_HREFS = "".join(f"<D:href>{{path}}{n}.ics</D:href>" for n in range(50))
REPORTS = (
    *(_query(f"<C:time-range {span}/>") for span in _SPANS),
    *(_expanding(span) for span in _SPANS),
    *(f"<C:free-busy-query {_NAMES}><C:time-range {span}/></C:free-busy-query>" for span in _SPANS),
    *(_sync(f"<D:limit><D:nresults>{n}</D:nresults></D:limit>") for n in ("1", "5", "0", "-1", "x", "9" * 30)),
    *(_sync(level=level) for level in ("1", "infinite", "x", "")),
    _query(""),
    _query("", kind="VTODO"),
    _query('<C:prop-filter name="SUMMARY"><C:text-match collation="i;octet">Meet</C:text-match></C:prop-filter>'),
    _query('<C:prop-filter name="SUMMARY"><C:text-match collation="i;none">M</C:text-match></C:prop-filter>'),
    _query(
        '<C:prop-filter name="X-ODD"><C:param-filter name="X-P"><C:is-not-defined/></C:param-filter></C:prop-filter>'
    ),
    _query('<C:comp-filter name="VALARM"><C:time-range start="20261201T000000Z"/></C:comp-filter>'),
    _book('<A:prop-filter name="FN"><A:text-match match-type="contains">ilze</A:text-match></A:prop-filter>'),
    _book('<A:prop-filter name="EMAIL"><A:text-match match-type="ends-with">.com</A:text-match></A:prop-filter>'),
    _book('<A:prop-filter name="TEL"><A:text-match match-type="odd">%_\\</A:text-match></A:prop-filter>'),
    f"<C:calendar-multiget {_NAMES}>{_DATA}{_HREFS}</C:calendar-multiget>",
    f"<A:addressbook-multiget {_NAMES}><D:prop><A:address-data/></D:prop>{_HREFS}</A:addressbook-multiget>",
    f"<C:calendar-multiget {_NAMES}>{_DATA}<D:href>http://[</D:href><D:href/><D:href>%</D:href></C:calendar-multiget>",
    (
        f'<D:expand-property {_NAMES}><D:property name="owner"><D:property name="displayname"/></D:property>'
        "</D:expand-property>"
    ),
    (
        f"<D:principal-property-search {_NAMES}><D:property-search><D:prop><D:displayname/></D:prop><D:match/>"
        "</D:property-search><D:prop><D:displayname/></D:prop></D:principal-property-search>"
    ),
    f"<D:principal-search-property-set {_NAMES}/>",
    f"<D:unheard-of {_NAMES}/>",
    "",
)

PROPFINDS = (
    f"<D:propfind {_NAMES}><D:allprop/></D:propfind>",
    f"<D:propfind {_NAMES}><D:propname/></D:propfind>",
    f"<D:propfind {_NAMES}><D:prop><D:getetag/><D:sync-token/><D:displayname/><D:resourcetype/></D:prop></D:propfind>",
    f"<D:propfind {_NAMES}><D:prop><C:calendar-home-set/><A:addressbook-home-set/><D:acl/></D:prop></D:propfind>",
    f"<D:propfind {_NAMES}><D:prop><C:calendar-data/><x xmlns='odd'/><y xmlns=''/></D:prop></D:propfind>",
    f"<D:propfind {_NAMES}/>",
    "",
)

PROPPATCHES = (
    f"<D:propertyupdate {_NAMES}><D:set><D:prop><D:displayname>W</D:displayname></D:prop></D:set></D:propertyupdate>",
    f"<D:propertyupdate {_NAMES}><D:remove><D:prop><x xmlns='odd'/></D:prop></D:remove></D:propertyupdate>",
    f"<D:propertyupdate {_NAMES}><D:set><D:prop><D:resourcetype/></D:prop></D:set></D:propertyupdate>",
    f"<D:propertyupdate {_NAMES}/>",
)

HOSTILE = (
    '<!DOCTYPE a [<!ENTITY b "b"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]><a>&c;</a>',
    '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/hostname">]><a>&b;</a>',
    "<a>" * 5_000,
    "<" * 1_000,
    '<?xml version="1.0" encoding="utf-7"?><a/>',
    "\ufeff<a/>",
    "{}",
    "\0" * 100,
    "ā" * 300_000,
)

NAMES = (
    *("..", "../../etc/passwd", "%2e%2e/", "a/b/c", "a\0b", "a\r\nb", "'; DROP TABLE users; --", "ā 🍒", "\ud800"),
    *("x" * 2_000, "a:b@c", "a?b#c", "%", "//", ".well-known/caldav", ".Radicale.props", "activities.ics", "\\..\\"),
    *("feeds/none/activities.ics", "static/none.css", "healthz", "readyz", "remote.php/dav/"),
)

HEADERS = (
    *("Depth", "If-Match", "If-None-Match", "If", "Destination", "Overwrite", "Content-Type", "User-Agent", "Accept"),
    *(
        "Accept-Encoding",
        "Content-Encoding",
        "Brief",
        "Prefer",
        "Range",
        "If-Modified-Since",
        "Host",
        "Cookie",
        "Expect",
    ),
    *("Expect", "X-Script-Name", "X-Forwarded-For", "X-HTTP-Method-Override", "Timeout", "Lock-Token", "Origin"),
)

VALUES = (
    *("", "0", "1", "-1", "infinity", "*", '"', '"a", W/"b"', "<>", "a" * 2_000, "text/plain; charset=none", "gzip"),
    *("bytes=0-9999999999", "Thu, 01 Jan 1970 00:00:00 GMT", "application/xml; charset=utf-16", "100-continue", "\xff"),
    *("http://127.0.0.1/dav/", '(<urn:x> ["a"])', "return=minimal", "127.0.0.1, 10.0.0.1", "text/calendar"),
)
