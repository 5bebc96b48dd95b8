"""Believable records for the demo company: what a random generator with a known seed makes of the words."""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from io import BytesIO
from random import Random
from uuid import UUID
from zoneinfo import ZoneInfo

from PIL import Image, ImageDraw

from bridge.core.activity import Activity, Deal, Visibility
from bridge.core.contact import Address, Birthday, Labelled, Name, Photo
from bridge.core.event import Event, Privacy
from bridge.core.person import Organization, Person
from bridge.core.user import Role, User
from bridge.services import demo_words as words
from bridge.services.demo_words import Place

_LONGEST_PAST, _LONGEST_FUTURE = 3300, 350  # days
_HOURS = {"call": (9, 17), "meeting": (9, 16), "lunch": (12, 13)}
_DURATIONS = {"call": (10, 15, 30), "meeting": (30, 45, 60, 90), "lunch": (60,)}


@dataclass(frozen=True, slots=True)
class Circle:
    """Whom a user knows. ``companies`` are the names of organizations by id; each deal comes with its person."""

    companies: Mapping[int, str] = field(default_factory=dict)
    persons: tuple[Person, ...] = ()
    deals: tuple[tuple[Deal, Person | None], ...] = ()


@dataclass(frozen=True, slots=True)
class _Links:
    """What an activity is linked to: a deal, the person first of all, and who else takes part."""

    deal: Deal | None
    persons: tuple[Person, ...]


def user(number: int, language: str) -> tuple[User, Place]:
    """The user of this number, from 0, and where they live. The first one is the administrator."""
    login, name, place = words.PEOPLE[number % len(words.PEOPLE)]
    lap = number // len(words.PEOPLE)
    login = f"{login}{lap + 1}" if lap else login
    name = f"{name} {lap + 1}" if lap else name
    email = f"{login}@{words.COMPANY_DOMAIN}"
    role = Role.REGULAR if number else Role.ADMIN
    return User(login, place.time_zone, name=name, email=email, role=role, language=language), place


def organization(rng: Random, owner_id: int, number: int, now: datetime) -> tuple[Organization, Place]:
    """A company with an address, a phone number and an e-mail address."""
    place = rng.choice(words.PLACES)
    stem = words.COMPANIES[number % len(words.COMPANIES)]
    lap = number // len(words.COMPANIES)
    name = place.company.format(f"{stem} {lap + 1}" if lap else stem)
    found = Organization(
        _uid(rng),
        owner_id,
        name,
        emails=(Labelled(f"info@{_ascii(name)}.example", "work", primary=True),),
        phones=(Labelled(_digits(rng, place.phone), "work", primary=True),),
        addresses=(_address(rng, place),),
        labels=_labels(rng),
        visibility=_visibility(rng, 0.05),
        created_at=now,
        updated_at=now,
    )
    return found, place


def person(rng: Random, owner_id: int, employer_id: int | None, employer: str, place: Place, now: datetime) -> Person:
    """A person, mostly of a company, whose name is ``employer``."""
    given, family = rng.choice(place.given), rng.choice(place.family)
    host = f"{_ascii(employer)}.example" if employer else f"post.{place.domain}.example"
    address = f"{_ascii(given)}.{_ascii(family)}@{host}"
    phones = [Labelled(_digits(rng, place.phone), "mobile", primary=True)]
    if rng.random() < 0.4:
        phones.append(Labelled(_digits(rng, place.phone), "work"))
    return Person(
        _uid(rng),
        owner_id,
        f"{given} {family}",
        parts=Name(family=family, given=given),
        organization_id=employer_id,
        job_title=rng.choice(words.JOBS) if employer else "",
        emails=(Labelled(address, "work" if employer else "home", primary=True),),
        phones=tuple(phones),
        addresses=(replace(_address(rng, place), label="home"),) if rng.random() < 0.2 else (),
        birthday=_birthday(rng) if rng.random() < 0.25 else None,
        note=rng.choice(words.PERSON_NOTES) if rng.random() < 0.3 else "",
        labels=_labels(rng),
        visibility=_visibility(rng, 0.05),
        created_at=now,
        updated_at=now,
    )


def portrait(rng: Random) -> Photo:
    """A face in two colours."""
    image = Image.new("RGB", (96, 96), (rng.randrange(150, 240), rng.randrange(150, 240), rng.randrange(150, 240)))
    draw = ImageDraw.Draw(image)
    dark = (rng.randrange(30, 110), rng.randrange(30, 110), rng.randrange(30, 110))
    draw.ellipse((32, 18, 64, 54), fill=dark)
    draw.ellipse((18, 60, 78, 130), fill=dark)
    out = BytesIO()
    image.save(out, "JPEG", quality=80)
    return Photo(out.getvalue())


def deal(rng: Random, owner_id: int, circle: Circle) -> tuple[Deal, Person | None]:
    """A deal with one of the persons; some are for their owner's eyes only (R12)."""
    partner = rng.choice(circle.persons) if circle.persons else None
    made = Deal(
        f"{rng.choice(words.DEALS)} {rng.randrange(2025, 2028)}",
        owner_id,
        visibility=_visibility(rng, 0.2),
        person_id=partner.id if partner else None,
        organization_id=partner.organization_id if partner else None,
    )
    return made, partner


def activity(rng: Random, owner: User, anchor: date, count: int, circle: Circle, now: datetime) -> Activity:
    """One of ``count`` activities around the anchor: the more there are, the wider they are spread."""
    kind = rng.choices(tuple(words.TYPES_AND_WEIGHTS), tuple(words.TYPES_AND_WEIGHTS.values()))[0]
    day = _workday(rng, anchor, count)
    links = _links(rng, circle)
    draft = Activity(
        _uid(rng),
        owner.id,
        type=kind,
        subject=_subject(rng, kind, links, circle),
        busy=kind in _HOURS,
        privacy=Privacy.PRIVATE if rng.random() < 0.06 else Privacy.PUBLIC,
        visibility=_visibility(rng, 0.04),
        location=_location(rng, kind),
        conference_url=_conference(rng, kind),
        public_description=rng.choice(words.DESCRIPTIONS) if rng.random() < 0.3 else "",
        note=rng.choice(words.NOTES) if rng.random() < 0.2 else "",
        deal_id=links.deal.id if links.deal else None,
        person_id=links.persons[0].id if links.persons else None,
        organization_id=links.persons[0].organization_id if links.persons else None,
        participants=tuple(p.id for p in links.persons) if kind in {"meeting", "lunch"} else (),
        created_at=now,
        updated_at=now,
    )
    return _done(rng, _timed(rng, draft, day, ZoneInfo(owner.time_zone)), now)


def team_meeting(rng: Random, owner: User, anchor: date, now: datetime) -> tuple[Activity, Event]:
    """A weekly series with one date left out and one moved (R11): the record, and what its calendar says."""
    zone = ZoneInfo(owner.time_zone)
    monday = anchor - timedelta(days=anchor.weekday() + 28)
    start = datetime.combine(monday, time(9, 30), zone)
    end = start + timedelta(minutes=45)
    moved = start + timedelta(weeks=6)
    left_out = start + timedelta(weeks=5)
    utc = start.astimezone(UTC)
    found = Activity(
        _uid(rng),
        owner.id,
        "Team meeting",
        "meeting",
        utc.date(),
        utc.time(),
        end - start,
        location=words.ROOMS[0],
        series=True,
        created_at=now,
        updated_at=now,
    )
    override = Event(
        found.uid,
        summary="Team meeting (moved)",
        start=moved + timedelta(hours=4),
        end=moved + timedelta(hours=5),
        recurrence_id=moved,
        location=words.ROOMS[1],
    )
    rules = ("RRULE:FREQ=WEEKLY;BYDAY=MO", f"EXDATE;TZID={owner.time_zone}:{left_out:%Y%m%dT%H%M%S}")
    event = Event(
        found.uid,
        summary=found.subject,
        start=start,
        end=end,
        location=found.location,
        recurrence=rules,
        overrides=(override,),
        modified=now,
    )
    return found, event


def _uid(rng: Random) -> str:
    return str(UUID(int=rng.getrandbits(128), version=4))


def _digits(rng: Random, pattern: str) -> str:
    return "".join(str(rng.randrange(10)) if c == "#" else c for c in pattern)


def _ascii(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name.replace("ł", "l").replace("Ł", "L"))
    return "".join(c for c in plain.lower() if c.isascii() and c.isalnum())


def _address(rng: Random, place: Place) -> Address:
    return Address(
        street=f"{rng.choice(place.streets)} {rng.randrange(1, 140)}",
        locality=place.city,
        postal_code=_digits(rng, place.postal_code),
        country=place.country,
        label="work",
    )


def _birthday(rng: Random) -> Birthday:
    return Birthday(
        rng.randrange(1, 13), rng.randrange(1, 29), rng.randrange(1955, 2002) if rng.random() < 0.7 else None
    )


def _labels(rng: Random) -> tuple[str, ...]:
    return tuple(sorted(rng.sample(words.LABELS, rng.choices((0, 1, 2), (5, 4, 1))[0])))


def _visibility(rng: Random, hidden: float) -> Visibility:
    return Visibility.OWNER if rng.random() < hidden else Visibility.EVERYONE


def _workday(rng: Random, anchor: date, count: int) -> date:
    past = max(21, min(_LONGEST_PAST, count // 2))
    future = max(28, min(_LONGEST_FUTURE, count // 3))
    day = anchor + timedelta(days=rng.randrange(-past, future + 1))
    return day - timedelta(days=max(0, day.weekday() - 4))


def _links(rng: Random, circle: Circle) -> _Links:
    """A deal and its person, or any person, sometimes with others."""
    if circle.deals and rng.random() < 0.4:
        found, partner = rng.choice(circle.deals)
        return _Links(found, (partner,) if partner else ())
    if not circle.persons:
        return _Links(None, ())
    count = rng.choices((1, 2, 3), (8, 1, 1))[0]
    return _Links(None, tuple(rng.sample(circle.persons, min(count, len(circle.persons)))))


def _subject(rng: Random, kind: str, links: _Links, circle: Circle) -> str:
    first = links.persons[0] if links.persons else None
    name = first.name if first else "a customer"
    company = circle.companies.get(first.organization_id or 0, name) if first else name
    pattern = rng.choice(words.SUBJECTS[kind])
    return pattern.format(person=name, company=company, topic=rng.choice(words.TOPICS))


def _location(rng: Random, kind: str) -> str:
    if kind == "lunch":
        return rng.choice(words.CAFES)
    return rng.choice(words.ROOMS) if kind == "meeting" and rng.random() < 0.7 else ""


def _conference(rng: Random, kind: str) -> str:
    if kind != "meeting" or rng.random() < 0.7:
        return ""
    return f"https://meet.example/{_digits(rng, '###-###-###')}"


def _timed(rng: Random, draft: Activity, day: date, zone: ZoneInfo) -> Activity:
    """At an hour of the owner's day, or a whole day: what has no hours of its own mostly is."""
    if draft.type not in _HOURS and rng.random() < 0.6:
        return replace(draft, due_date=day)
    first, last = _HOURS.get(draft.type, (8, 17))
    start = datetime.combine(day, time(rng.randrange(first, last + 1), rng.choice((0, 15, 30, 45))), zone)
    utc = start.astimezone(UTC)
    minutes = rng.choice(_DURATIONS[draft.type]) if draft.type in _DURATIONS else 0
    duration = timedelta(minutes=minutes) if minutes else None
    return replace(draft, due_date=utc.date(), due_time=utc.time(), duration=duration)


def _done(rng: Random, draft: Activity, now: datetime) -> Activity:
    assert draft.due_date is not None  # noqa: S101 - every draft is timed
    due = datetime.combine(draft.due_date, draft.due_time or time(15), UTC)
    if due + timedelta(hours=2) > now or rng.random() < 0.12:
        return draft
    return replace(draft, done=True, done_at=due + timedelta(minutes=rng.randrange(120)))
