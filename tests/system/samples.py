"""Events and cards as people have them: many, each a little different, the same in every run."""

import base64
import io
import re
from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta
from functools import cache

from icalendar import Timezone
from PIL import Image

from tests.harness import ics, vcf

DAY = date(2026, 12, 1)
COMPANIES = ("Rīgas Siers", "Baltic Timber", "ООО Ромашка")


def events(number: int) -> dict[str, str]:
    """Calendar object resources by UID, of ten kinds in turn."""
    texts = [_EVENTS[n % len(_EVENTS)](n) for n in range(number)]
    return {f"event-{n}@example.com": _with_time_zones(text) for n, text in enumerate(texts)}


def cards(number: int) -> dict[str, str]:
    """Address object resources by UID, of seven kinds in turn."""
    return {f"card-{n}": _CARDS[n % len(_CARDS)](n) for n in range(number)}


def content_lines(text: str) -> Counter[str]:
    """The unfolded lines of a text, in no order."""
    unfolded = text.replace("\r\n", "\n").replace("\n ", "").replace("\n\t", "")
    return Counter(line for line in unfolded.split("\n") if line)


def _with_time_zones(text: str) -> str:
    """Define the time zones that a text refers to, as RFC 5545 3.6.5 wants it."""
    zones = "".join(_time_zone(name) for name in sorted(set(re.findall(r";TZID=([^:;]+)", text))))
    return text.replace("BEGIN:VEVENT", f"{zones}BEGIN:VEVENT", 1)


@cache
def _time_zone(name: str) -> str:
    return Timezone.from_tzid(name, last_date=date(2030, 1, 1)).to_ical(sorted=False).decode()


def _event(number: int, *lines: str) -> str:
    return ics(*lines, uid=f"event-{number}@example.com")


def _on(number: int) -> str:
    return f"{DAY + timedelta(days=number):%Y%m%d}"


def _in_riga(n: int) -> str:
    start, end = f"DTSTART;TZID=Europe/Riga:{_on(n)}T090000", f"DTEND;TZID=Europe/Riga:{_on(n)}T100000"
    return _event(n, f"SUMMARY:Meeting {n}", start, end, "LOCATION:Rīga\\, Brīvības iela 1")


def _in_utc(n: int) -> str:
    return _event(n, f"SUMMARY:Call {n}", f"DTSTART:{_on(n)}T090000Z", f"DTEND:{_on(n)}T093000Z", "CATEGORIES:Call")


def _all_day(n: int) -> str:
    return _event(n, f"SUMMARY:Fair {n}", f"DTSTART;VALUE=DATE:{_on(n)}", f"DTEND;VALUE=DATE:{_on(n + 1)}")


def _series(n: int) -> str:
    """A weekly meeting that is left out once and moved once."""
    start, zone = _on(n), "TZID=Europe/Warsaw"
    return _event(
        n,
        f"SUMMARY:Weekly {n}",
        f"DTSTART;{zone}:{start}T140000",
        "DURATION:PT45M",
        "RRULE:FREQ=WEEKLY;COUNT=10",
        f"EXDATE;{zone}:{_on(n + 7)}T140000",
        "END:VEVENT",
        "BEGIN:VEVENT",
        f"UID:event-{n}@example.com",
        "DTSTAMP:20261101T000000Z",
        f"RECURRENCE-ID;{zone}:{_on(n + 14)}T140000",
        f"SUMMARY:Weekly {n}\\, in another room",
        f"DTSTART;{zone}:{_on(n + 14)}T160000",
        "DURATION:PT45M",
    )


def _floating(n: int) -> str:
    return _event(n, f"SUMMARY:Run {n}", f"DTSTART:{_on(n)}T063000", f"DTEND:{_on(n)}T071500")


def _unknown(n: int) -> str:
    """What other programs leave behind."""
    return _event(
        n,
        f"SUMMARY;LANGUAGE=en;X-ODD=1:Workshop {n}",
        f"DTSTART:{_on(n)}T120000Z",
        f"DTEND:{_on(n)}T150000Z",
        "GEO:56.95;24.11",
        'ATTENDEE;CN="Ozola, Ilze";PARTSTAT=ACCEPTED;RSVP=TRUE:mailto:ilze@example.com',
        "ORGANIZER;CN=Anna:mailto:anna@example.com",
        'X-APPLE-STRUCTURED-LOCATION;VALUE=URI;X-TITLE="Hall, 2nd floor":geo:56.95,24.11',
        "X-MOZ-LASTACK:20261101T000000Z",
        "X-UNKNOWN;X-P=a,b:one;two,three\\nfour",
        "BEGIN:VALARM",
        "ACTION:DISPLAY",
        "DESCRIPTION:Reminder",
        "TRIGGER;RELATED=START:-PT15M",
        "X-WR-ALARMUID:3B2A",
        "END:VALARM",
    )


def _unicode(n: int) -> str:
    text = "Ķiršu ēdiens — обед с Ильзе 🍒 " * 9
    start, end = f"DTSTART;TZID=Europe/Moscow:{_on(n)}T130000", f"DTEND;TZID=Europe/Moscow:{_on(n)}T140000"
    return _event(
        n, f"SUMMARY:Pusdienas Nr. {n} — обед 🍒", start, end, f"DESCRIPTION:{text}\\n\\nEnd\\; really\\, {n}"
    )


def _abroad(n: int) -> str:
    start = f"DTSTART;TZID=America/New_York:{_on(n)}T170000"
    return _event(n, f"SUMMARY:New York {n}", start, "DURATION:PT1H30M", "STATUS:TENTATIVE", "PRIORITY:1")


def _every_year(n: int) -> str:
    return _event(n, f"SUMMARY:Birthday {n}", f"DTSTART;VALUE=DATE:{_on(n)}", "RRULE:FREQ=YEARLY", "TRANSP:TRANSPARENT")


def _private(n: int) -> str:
    start, end = f"DTSTART;TZID=Europe/Stockholm:{_on(n)}T180000", f"DTEND;TZID=Europe/Stockholm:{_on(n + 2)}T120000"
    return _event(n, f"SUMMARY:Away {n}", start, end, "CLASS:PRIVATE", "CATEGORIES:Family,Travel", "SEQUENCE:3")


_EVENTS: tuple[Callable[[int], str], ...] = (
    *(_in_riga, _in_utc, _all_day, _series, _floating, _unknown, _unicode, _abroad, _every_year, _private),
)


def _card(number: int, *lines: str) -> str:
    return vcf(*lines, uid=f"card-{number}")


def _person(n: int) -> str:
    return _card(
        n,
        f"N:Ozola;Ilze {n};Anna;Dr.;",
        f"FN:Dr. Ilze {n} Anna Ozola",
        f"EMAIL;TYPE=INTERNET,WORK:ilze{n}@example.com",
        f"TEL;TYPE=CELL:+3712000{n:04}",
        "ADR;TYPE=HOME:;;Brīvības iela 1;Rīga;;LV-1010;Latvija",
    )


def _employee(n: int) -> str:
    company = COMPANIES[n % len(COMPANIES)]
    return _card(n, f"N:Kalns;Jānis {n};;;", f"FN:Jānis {n} Kalns", f"ORG:{company};Sales", "TITLE:Director")


def _company(n: int) -> str:
    return _card(n, "N:;;;;", f"FN:Company {n}", f"ORG:Company {n}", "X-ABShowAs:COMPANY", "TEL;TYPE=WORK:+37167000000")


def _labelled(n: int) -> str:
    """Labels of a person's own and what only one program understands."""
    return _card(
        n,
        f"N:Liepa;Zane {n};;;",
        f"FN:Zane {n} Liepa",
        "item1.TEL:+37121111111",
        "item1.X-ABLabel:Summer house",
        "item2.X-ABRELATEDNAMES:Juris",
        "item2.X-ABLabel:_$!<Spouse>!$_",
        "X-SOCIALPROFILE;TYPE=twitter;X-USER=zane:https://example.com/zane",
        "CATEGORIES:VIP,Partner",
    )


def _cyrillic(n: int) -> str:
    note = "Очень длинная заметка — ļoti gara piezīme 🍒 " * 8
    return _card(n, f"N:Иванов;Пётр {n};;;", f"FN:Пётр {n} Иванов", f"NOTE:{note}\\nвторая строка\\, конец")


def _born(n: int) -> str:
    born = "BDAY;X-APPLE-OMIT-YEAR=1604:1604-04-15" if n % 2 else "BDAY:1980-04-15"
    return _card(
        n, f"N:Zariņš;Kārlis {n};;;", f"FN:Kārlis {n} Zariņš", born, "IMPP;X-SERVICE-TYPE=XMPP:xmpp:k@example.com"
    )


def _pictured(n: int) -> str:
    picture = io.BytesIO()
    Image.new("RGB", (96, 96), (n % 256, 80, 120)).save(picture, "JPEG")
    photo = f"PHOTO;ENCODING=b;TYPE=JPEG:{base64.b64encode(picture.getvalue()).decode()}"
    return _card(n, f"N:Krūmiņa;Maija {n};;;", f"FN:Maija {n} Krūmiņa", photo)


_CARDS: tuple[Callable[[int], str], ...] = (_person, _employee, _company, _labelled, _cyrillic, _born, _pictured)
