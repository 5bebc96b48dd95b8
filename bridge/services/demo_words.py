"""Names and words of the demo company's world."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """A city with the names of the people and companies that are found there.

    ``phone`` and ``postal_code`` are patterns whose ``#`` are digits; ``company`` holds a ``{}`` for the name.
    ``time_zone`` is an IANA name.
    """

    city: str
    country: str
    time_zone: str
    phone: str
    postal_code: str
    domain: str
    company: str
    streets: tuple[str, ...]
    given: tuple[str, ...]
    family: tuple[str, ...]


RIGA_WOMEN = Place(
    city="Rīga",
    country="Latvia",
    time_zone="Europe/Riga",
    phone="+371 2#######",
    postal_code="LV-10##",
    domain="lv",
    company="SIA {}",
    streets=("Brīvības iela", "Elizabetes iela", "Čaka iela", "Krišjāņa Barona iela", "Dzirnavu iela", "Maskavas iela"),
    given=("Anna", "Līga", "Ilze", "Kristīne", "Inese", "Dace", "Zane", "Laura", "Elīna", "Agnese", "Santa", "Māra"),
    family=("Ozola", "Bērziņa", "Kalniņa", "Liepiņa", "Krūmiņa", "Balode", "Eglīte", "Zariņa", "Vītola", "Pētersone"),
)
RIGA_MEN = Place(
    city="Jūrmala",
    country="Latvia",
    time_zone="Europe/Riga",
    phone="+371 2#######",
    postal_code="LV-20##",
    domain="lv",
    company="AS {}",
    streets=("Jomas iela", "Dzintaru prospekts", "Bulduru prospekts", "Meža prospekts", "Kāpu iela"),
    given=("Jānis", "Andris", "Mārtiņš", "Juris", "Edgars", "Kaspars", "Artūrs", "Raivis", "Pēteris", "Toms"),
    family=("Ozols", "Bērziņš", "Kalniņš", "Liepiņš", "Krūmiņš", "Balodis", "Jansons", "Zariņš", "Vītols", "Šmits"),
)
WARSAW = Place(
    city="Warszawa",
    country="Poland",
    time_zone="Europe/Warsaw",
    phone="+48 6## ### ###",
    postal_code="0#-###",
    domain="pl",
    company="{} sp. z o.o.",
    streets=("Marszałkowska", "Nowy Świat", "Puławska", "Aleje Jerozolimskie", "Żelazna", "Świętokrzyska"),
    given=("Katarzyna", "Piotr", "Małgorzata", "Tomasz", "Agnieszka", "Paweł", "Łukasz", "Joanna", "Michał", "Ewa"),
    family=("Nowak", "Wójcik", "Mazur", "Krawczyk", "Zając", "Król", "Wróbel", "Dudek", "Szewczyk", "Baran"),
)
STOCKHOLM = Place(
    city="Stockholm",
    country="Sweden",
    time_zone="Europe/Stockholm",
    phone="+46 70 ### ## ##",
    postal_code="11# ##",
    domain="se",
    company="{} AB",
    streets=("Drottninggatan", "Sveavägen", "Götgatan", "Hornsgatan", "Kungsgatan", "Odengatan"),
    given=("Erik", "Åsa", "Karin", "Lars", "Maja", "Oskar", "Björn", "Ingrid", "Göran", "Sofia", "Nils", "Elsa"),
    family=("Lindberg", "Öberg", "Sjöström", "Nilsson", "Bergström", "Åkesson", "Holm", "Ekström", "Sandberg"),
)
PLACES = (RIGA_WOMEN, WARSAW, STOCKHOLM, RIGA_MEN)

# Login, name and place of the people who work at the demo company; after the last one numbers follow.
PEOPLE = (
    ("anna", "Anna Ozola", RIGA_WOMEN),
    ("janis", "Jānis Bērziņš", RIGA_MEN),
    ("katarzyna", "Katarzyna Wójcik", WARSAW),
    ("erik", "Erik Sjöström", STOCKHOLM),
    ("liga", "Līga Kalniņa", RIGA_WOMEN),
    ("piotr", "Piotr Mazur", WARSAW),
    ("karin", "Karin Öberg", STOCKHOLM),
    ("andris", "Andris Liepiņš", RIGA_MEN),
    ("agnieszka", "Agnieszka Zając", WARSAW),
    ("oskar", "Oskar Lindberg", STOCKHOLM),
)
COMPANY_DOMAIN = "dzintars.example"

COMPANIES = (
    *("Baltic Timber", "Amber Logistics", "Daugava Foods", "Northern Light", "Pilsētas Dārzi", "Gulf Shipping"),
    *("Vistula Glass", "Jantar Software", "Mazovia Print", "Syrena Motors", "Bursztyn Design", "Polana Meble"),
    *("Mälaren Energi", "Skärgård Boats", "Norrsken Media", "Lövskog Papper", "Kust Fisk", "Dala Metall"),
    *("Hansa Trade", "Zilais Ezers", "Ostsee Ceramics", "Meridian Labs", "Linden & Birch", "Polar Optics"),
)
JOBS = (
    *("Head of Purchasing", "Managing Director", "Office Manager", "Chief Accountant", "Project Manager"),
    *("Sales Representative", "IT Administrator", "Marketing Lead", "Warehouse Manager", "Quality Engineer"),
)
LABELS = ("Customer", "Partner", "Supplier", "Newsletter", "VIP")
PERSON_NOTES = (
    "Prefers calls in the morning.",
    "Met at the trade fair in Gdańsk.\nInterested in the yearly contract.",
    "Speaks Latvian, Swedish and English.",
    "Assistant: ask for Mrs. Holm; the direct line is for urgent things only.",
)
DEALS = (
    *("Yearly maintenance", "Warehouse racks", "Office move", "Web shop", "Fleet of vans", "Packaging line"),
    *("Energy audit", "Training for 20 people", "Annual report", "Spare parts", "Pilot project", "Renewal 2027"),
)
TOPICS = (
    *("the offer", "the contract", "delivery dates", "the invoice", "the pilot", "next year's prices"),
    *("the service plan", "the complaint", "the drawings", "the new range", "the renewal", "the audit"),
)
ROOMS = ("Office, room Daugava", "Office, room Wisła", "Office, room Mälaren", "At the customer's")
CAFES = ("Lido, Elizabetes iela 65", "Restauracja Zapiecek", "Café Saturnus", "Vērmanītis", "Kafejnīca “Osiris”")
DESCRIPTIONS = (
    "<p>Agenda:</p><ul><li>where we stand</li><li>open questions</li><li>next steps</li></ul>",
    "<p>Bring the printed offer &amp; two samples.</p>",
    '<p>See the <a href="https://dzintars.example/wiki/offers">price list</a> first.</p><p>Discount: up to 5 %.</p>',
    "<p>Ask about delivery; the last one was <b>late</b>.</p>",
)
NOTES = (
    "<p>Margin is thin here: do not go below 12 %.</p>",
    "<p>They also talk to our competitor.</p>",
    "<p>Decision is made by the board in March.</p>",
)
SUBJECTS = {
    "call": ("Call {person} about {topic}", "Phone {person}", "Call back: {topic}"),
    "meeting": ("Meeting with {person}", "{company}: {topic}", "Present {topic} to {company}"),
    "task": ("Prepare {topic}", "Check {topic} for {company}", "Update the file of {person}"),
    "deadline": ("{company}: answer on {topic}", "Deadline for {topic}"),
    "email": ("Write to {person} about {topic}", "Send {topic} to {company}"),
    "lunch": ("Lunch with {person}",),
}
TYPES_AND_WEIGHTS = {"call": 25, "meeting": 25, "task": 20, "deadline": 8, "email": 14, "lunch": 8}
