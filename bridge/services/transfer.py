"""Import and export: files of one user's activities and contacts.

Calendar and card files go the way of a DAV client's writes, tables through the records, and the JSON of an export
through both: it holds the records and, beside each, the text that clients see. Everything that one import did bears
one run, and can be taken back as a whole.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import PurePath
from types import MappingProxyType
from uuid import uuid4

from bridge.core import vcard
from bridge.errors import Invalid, NotFound
from bridge.ports import Clock
from bridge.services.actor import Actor
from bridge.services.calendar_files import calendar_file
from bridge.services.export_records import export_records
from bridge.services.import_objects import import_calendar, import_cards
from bridge.services.import_records import import_records
from bridge.services.import_tables import import_table
from bridge.services.importing import CLIENT, Imported, Importing, Progress, Result
from bridge.services.principals import ACTIVITIES, CONTACTS, TASKS, Principals
from bridge.services.resources import Resources
from bridge.services.settings import Settings
from bridge.store import accounts, collections, resources
from bridge.store.database import Database
from bridge.store.models.journal import Source

Take = Callable[[Importing, str, Progress], Sequence[Result]]
KINDS: Mapping[str, Take] = MappingProxyType(
    {".ics": import_calendar, ".vcf": import_cards, ".csv": import_table, ".json": import_records}
)


class Transfer:
    """Imports and exports what one user owns."""

    def __init__(self, database: Database, clock: Clock, settings: Settings) -> None:
        self._database = database
        self._clock = clock
        self._settings = settings

    def import_file(self, login: str, name: str, content: bytes, progress: Progress) -> Imported:
        """Take a file in; its ending tells what it is. Raises ``Invalid`` for one that cannot be read at all."""
        take = KINDS.get(PurePath(name).suffix.lower())
        if take is None:
            raise Invalid(f"{name} is none of {', '.join(KINDS)}.", remedy="Name the file after what it holds.")
        importing = self._importing(login)
        results = take(importing, _decoded(name, content), progress)
        return Imported(importing.actor.run or "", tuple(results))

    def _importing(self, login: str) -> Importing:
        with self._database.read() as session:
            owner = accounts.user_by_login(session, login)
        if owner is None:
            raise NotFound(f"There is no user “{login}”.", remedy="List the users with “davbridge user list”.")
        parts = (self._database, self._clock, self._settings)
        actor = Actor(owner.id, Source.IMPORT, client=CLIENT, run=uuid4().hex)
        return Importing(*parts, Resources(*parts), Principals(*parts), owner, actor)

    def calendar(self, login: str) -> str:
        """One iCalendar file of the user's activities, those that are shown as tasks included."""
        return calendar_file(self._texts(login, (ACTIVITIES, TASKS)))

    def cards(self, login: str) -> str:
        """One vCard file of the user's contacts and their groups."""
        return vcard.join(tuple(self._texts(login, (CONTACTS,))))

    def records(self, login: str) -> str:
        """Everything that the user owns, as JSON: records, and the text and name of each one's resource."""
        with self._database.read() as session:
            owner = accounts.user_by_login(session, login)
            if owner is None:
                raise NotFound(f"There is no user “{login}”.", remedy="List the users with “davbridge user list”.")
            return export_records(session, owner, now=self._clock.now())

    def _texts(self, login: str, names: Sequence[str]) -> list[str]:
        with self._database.read() as session:
            if accounts.user_by_login(session, login) is None:
                raise NotFound(f"There is no user “{login}”.", remedy="List the users with “davbridge user list”.")
            found = (collections.collection(session, login, name) for name in names)
            return [r.text for c in found if c is not None for r in resources.listing(session, c.id, text=True)]


def _decoded(name: str, content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Invalid(f"{name} is not UTF-8 text.", remedy="Save it again as UTF-8.") from error
