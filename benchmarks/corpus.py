"""The data of a measurement: N events over ten years and N cards, the same for the same N.

68 % of the events are in UTC, 17 % in Europe/Berlin, 10 % last whole days, 3 % are weekly series of ten with a date
left out (a third of them with an instance moved), 1 % monthly until a date, 1 % weekly for ever. What a time range
must find is counted from the recipe itself, instance by instance, and not from any text.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from itertools import islice
from random import Random
from uuid import UUID
from zoneinfo import ZoneInfo

BERLIN = ZoneInfo("Europe/Berlin")
FIRST_MONDAY = date(2017, 1, 2)
WEEKS = 520
WEEK, DAY = timedelta(weeks=1), timedelta(days=1)
MOVE = timedelta(days=8, hours=2)
_SYLLABLES = ("kal", "ber", "lin", "mar", "oz", "ste", "vil", "gar", "ron", "dal")
_GIVEN = ("Anna", "Ilze", "Marta", "Jānis", "Pēteris", "Lena", "Tomasz", "Olga", "Sven", "Lucía")
_TOPICS = ("Quarterly review", "Call about the offer", "Site visit", "Contract details", "Lunch", "Product demo")
_PLACES = ("Room 4", "Head office", "Café Leopold", "Brīvības iela 21, Rīga", "")
_SENTENCE = "Bring the figures of the last quarter and the open questions from the previous meeting. "


class Kind(StrEnum):
    """How an event repeats, or how its time is given."""

    UTC = "utc"
    ZONED = "zoned"
    ALL_DAY = "all-day"
    WEEKLY = "weekly"
    MONTHLY = "monthly"
    ENDLESS = "endless"


@dataclass(frozen=True, slots=True)
class Appointment:
    """An event. ``start`` is aware; a whole day starts at midnight UTC. ``left_out`` and ``moved`` count instances.

    ``move`` is how far the latter is moved.
    """

    uid: str
    kind: Kind
    subject: str
    start: datetime
    duration: timedelta
    location: str
    description: str
    left_out: int | None = None
    moved: int | None = None
    move: timedelta = MOVE

    @property
    def name(self) -> str:
        """The name of its resource."""
        return f"{self.uid}.ics"

    def meets(self, start: datetime, end: datetime) -> bool:
        """Whether an instance overlaps the range (RFC 4791 9.9)."""
        return any(begin < end and begin + self.duration > start for begin in self._instances(end))

    def _instances(self, end: datetime) -> Iterator[datetime]:
        """The starts of all instances, in order of their numbers, until those of a series pass the end."""
        for number, begin in enumerate(self._rule()):
            if begin >= end + 2 * WEEK:
                return
            if number == self.moved:
                yield begin + self.move
            elif number != self.left_out:
                yield begin

    def _rule(self) -> Iterator[datetime]:
        match self.kind:
            case Kind.WEEKLY:
                yield from islice(self._weeks(), 10)
            case Kind.ENDLESS:
                yield from self._weeks()
            case Kind.MONTHLY:
                yield from (_later(self.start, months) for months in range(12))
            case _:
                yield self.start

    def _weeks(self) -> Iterator[datetime]:
        """Every week at the same hour of the wall clock, which is what adding to an aware time means."""
        begin = self.start
        while True:
            yield begin
            begin += WEEK


def _later(start: datetime, months: int) -> datetime:
    years, month = divmod(start.month - 1 + months, 12)
    return start.replace(year=start.year + years, month=month + 1)


@dataclass(frozen=True, slots=True)
class Card:
    """A person, or, where there is no given name, an organization called ``family``."""

    uid: str
    given: str
    family: str
    email: str
    phone: str
    street: str
    note: str

    @property
    def name(self) -> str:
        """The name of its resource."""
        return f"{self.uid}.vcf"

    @property
    def full_name(self) -> str:
        """What FN shows."""
        return f"{self.given} {self.family}".strip()


@dataclass(frozen=True, slots=True)
class Corpus:
    """Everything that is in the stores when a measurement begins."""

    appointments: Sequence[Appointment]
    cards: Sequence[Card]

    def in_range(self, start: datetime, end: datetime) -> set[str]:
        """The names of the resources that a time range must find."""
        return {each.name for each in self.appointments if each.meets(start, end)}

    def named(self, text: str) -> set[str]:
        """The names of the cards whose FN contains a text, whatever its case."""
        return {card.name for card in self.cards if text.lower() in card.full_name.lower()}

    def mailed(self, text: str) -> set[str]:
        """The names of the cards with an e-mail address that contains a text."""
        return {card.name for card in self.cards if text.lower() in card.email.lower()}

    def single(self) -> list[Appointment]:
        """The appointments that do not repeat."""
        return [each for each in self.appointments if each.kind in {Kind.UTC, Kind.ZONED, Kind.ALL_DAY}]


def make(count: int, cards: int | None = None) -> Corpus:
    """Make the corpus with this many events, and as many cards unless another number is given."""
    numbers = range(count if cards is None else cards)
    return Corpus([appointment(number, count) for number in range(count)], [card(number) for number in numbers])


def appointment(number: int, count: int) -> Appointment:
    """Make the event of this number; of a hundred in a row, each kind has its share."""
    rng = _random("event", number)
    kind = _kind(number * 37 % 100)
    day = FIRST_MONDAY + timedelta(days=number * WEEKS * 7 // count)
    zone = BERLIN if kind in {Kind.ZONED, Kind.WEEKLY, Kind.ENDLESS} else UTC
    clock = time() if kind is Kind.ALL_DAY else time(rng.randrange(7, 19), rng.choice((0, 15, 30, 45)))
    return Appointment(
        _uid(rng),
        kind,
        f"{rng.choice(_TOPICS)} {number}",
        datetime.combine(day.replace(day=min(day.day, 28)) if kind is Kind.MONTHLY else day, clock, zone),
        DAY if kind is Kind.ALL_DAY else timedelta(minutes=rng.choice((15, 30, 45, 60, 90))),
        rng.choice(_PLACES),
        _SENTENCE * rng.randrange(1, 5),
        left_out=rng.randrange(1, 5) if kind is Kind.WEEKLY else None,
        moved=rng.randrange(5, 9) if kind is Kind.WEEKLY and rng.random() < 1 / 3 else None,
    )


def _kind(share: int) -> Kind:
    limits = ((68, Kind.UTC), (85, Kind.ZONED), (95, Kind.ALL_DAY), (98, Kind.WEEKLY), (99, Kind.MONTHLY))
    return next((kind for limit, kind in limits if share < limit), Kind.ENDLESS)


def card(number: int) -> Card:
    """Make the card of this number: one in fifty is an organization. A thousand share ten given names."""
    rng = _random("card", number)
    family = family_name(number % 1000)
    person = number % 50 != 49
    given = rng.choice(_GIVEN) if person else ""
    return Card(
        _uid(rng),
        given,
        family.title() if person else f"Company {number}",
        f"contact{number}@{host(number // 7 % 1000)}",
        f"+371 2{rng.randrange(10**7):07}",
        f"Brīvības iela {rng.randrange(1, 200)}",
        _SENTENCE * rng.randrange(1, 4),
    )


def family_name(number: int) -> str:
    """One of a thousand names, none of which contains another."""
    return "".join(_SYLLABLES[int(digit)] for digit in f"{number % 1000:03}") + "sons"


def host(number: int) -> str:
    """One of a thousand hosts, none of which contains another."""
    return f"host{number % 1000:03}.example"


def _random(kind: str, number: int) -> Random:
    return Random(f"{kind}:{number}")  # noqa: S311 - invented data, no secrets


def _uid(rng: Random) -> str:
    return str(UUID(int=rng.getrandbits(128), version=4))
