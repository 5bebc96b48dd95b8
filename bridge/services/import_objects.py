"""Import of calendar files (.ics) and card files (.vcf): each object goes the way of a DAV client's write."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import NAMESPACE_URL, uuid5

from sqlalchemy.orm import Session

from bridge.core import contentline, ical, vcard
from bridge.core.contact import ContactKind
from bridge.errors import BridgeError, Conflict, NotAllowed
from bridge.services.importing import Importing, Progress, Result, refused, stable, store_all
from bridge.services.placement import href_of
from bridge.services.principals import ACTIVITIES, CONTACTS, TASKS
from bridge.services.resources import Precondition
from bridge.store import collections, placements, resources

_TASK = "VTODO"


@dataclass(frozen=True, slots=True)
class ObjectPiece:
    """One calendar or card text with a UID, for one collection of the owner's home.

    ``wish`` is the name that a new resource gets if no other object has it; ``""`` is one made from the UID.
    """

    importing: Importing
    what: str
    uid: str
    component: str
    collection: str
    text: str
    wish: str = ""

    def store(self, session: Session) -> None:
        """Put it where its UID is, or to a new name."""
        owner = self.importing.owner.login
        self._check_collection(session)
        href = self._href(session)
        actor = self.importing.actor
        self.importing.resources.put_in(session, actor, owner, self.collection, href, self.text, Precondition())

    def look(self, session: Session) -> object:
        """The text that clients see now."""
        found = collections.collection(session, self.importing.owner.login, self.collection)
        hrefs = placements.hrefs_with_uid(session, found.id, self.uid) if found else []
        texts = resources.resources_by_href(session, found.id, hrefs) if found else ()
        return [stable(resource.text) for resource in texts]

    def _check_collection(self, session: Session) -> None:
        """Refuse tasks where there is no task list, and what is in the other collection already."""
        login = self.importing.owner.login
        if collections.collection(session, login, self.collection) is None:
            raise NotAllowed(
                "None of the user's activity types is shown as a task, so there is no task list.",
                remedy=f"Show one with “davbridge user set {login} --show task=task”.",
            )
        others = {ACTIVITIES: TASKS, TASKS: ACTIVITIES}.get(self.collection, "")
        other = collections.collection(session, login, others)
        if other is not None and placements.hrefs_with_uid(session, other.id, self.uid):
            raise Conflict(f"There is already an object with this UID in the collection “{others}”.")

    def _href(self, session: Session) -> str:
        """Where the UID is; else a name made from it that no other object has or had."""
        collection = collections.collection(session, self.importing.owner.login, self.collection)
        assert collection is not None  # noqa: S101 - checked before
        if hrefs := placements.hrefs_with_uid(session, collection.id, self.uid):
            return hrefs[0]
        name = self.wish or href_of(self.uid, self.component)
        stem, _, ending = name.rpartition(".")
        number = 1
        while (placed := placements.placed_at(session, collection.id, name)) and placed.resource.uid != self.uid:
            number += 1
            name = f"{stem}-{number}.{ending}"
        return name


def import_calendar(importing: Importing, text: str, progress: Progress) -> Sequence[Result]:
    """Store the events and tasks of an iCalendar stream. Raises ``Invalid`` for text that is none."""
    pieces: list[ObjectPiece] = []
    results: list[Result] = []
    for number, part in enumerate(ical.split(text), 1):
        try:
            pieces.append(_calendar_piece(importing, part))
        except BridgeError as error:
            results.append(refused(f"object {number}", error))
    return [*results, *store_all(importing.database, pieces, progress)]


def _calendar_piece(importing: Importing, text: str) -> ObjectPiece:
    calendar = ical.read(text)
    uid = ical.uid(calendar)
    if not uid:
        uid = made_uid(text)
        text = contentline.serialize(ical.with_uid(calendar, uid))
    kind = ical.component_kind(calendar)
    what = next((c.value("SUMMARY") for c in calendar.components if c.name == kind), "") or uid
    return ObjectPiece(importing, what, uid, kind, TASKS if kind == _TASK else ACTIVITIES, text)


def import_cards(importing: Importing, text: str, progress: Progress) -> Sequence[Result]:
    """Store the cards of a file, of any version; groups last, since they name the others."""
    cards: list[ObjectPiece] = []
    groups: list[ObjectPiece] = []
    results: list[Result] = []
    for number, part in enumerate(vcard.split(text), 1):
        try:
            piece, kind = _card_piece(importing, part)
        except BridgeError as error:
            results.append(refused(f"card {number}", error))
        else:
            (groups if kind is ContactKind.GROUP else cards).append(piece)
    return [*results, *store_all(importing.database, [*cards, *groups], progress)]


def _card_piece(importing: Importing, text: str) -> tuple[ObjectPiece, ContactKind]:
    card = vcard.to_v3(vcard.read(text))
    uid = vcard.uid(card)
    if not uid:
        uid = made_uid(text)
        text = contentline.serialize(vcard.with_uid(card, uid))
    contact = vcard.contact(card)
    return ObjectPiece(importing, contact.formatted_name or uid, uid, "VCARD", CONTACTS, text), contact.kind


def made_uid(text: str) -> str:
    """A UID for an object that has none: the same for the same object, so that it is not taken in twice."""
    return str(uuid5(NAMESPACE_URL, f"davbridge:import:{text}"))
