"""The groups of an account as seen from one of them: the others that its user has made are categories."""

from collections.abc import Iterable, Mapping, Sequence

from bridge.core.canonical_text import plain
from bridge.errors import NotFound
from bridge.providers.google.people import People
from bridge.providers.google.person_read import text

_USERS_OWN = "USER_CONTACT_GROUP"
_EVERYBODY = "myContacts"


class Groups:
    """Read once for a side, and anew with each listing. ``everybody`` is the group that every contact is shown in."""

    def __init__(self, people: People, own: str) -> None:
        self._people = people
        self._own = own
        self._ids: frozenset[str] | None = None
        self.labels: Mapping[str, str] = {}
        self.everybody: tuple[str, ...] = ()

    def cover(self, mentioned: Iterable[str] = ()) -> None:
        """Read the groups, unless these are known already."""
        if self._ids is None or not self._ids.issuperset(mentioned):
            self.read()

    def read(self) -> None:
        """Read the groups. Raises ``NotFound`` when our own is gone."""
        rows = self._people.groups()
        names = {text(row, "resourceName"): row for row in rows}
        if self._own not in names:
            raise NotFound("Google Contacts no longer has this label.", remedy="Choose another group.")
        users = {id_: row for id_, row in names.items() if row.get("groupType") == _USERS_OWN and id_ != self._own}
        self.labels = {id_: text(row, "formattedName") or text(row, "name") for id_, row in users.items()}
        self.everybody = tuple(id_ for id_, row in names.items() if row.get("name") == _EVERYBODY and id_ != self._own)
        self._ids = frozenset(names)

    def labels_for(self, categories: Sequence[str]) -> Mapping[str, str]:
        """The labels by their ids, with one for each category: those that are missing are added."""
        known = {plain(name) for name in self.labels.values()}
        for category in dict.fromkeys(map(plain, categories)):
            if category and category not in known:
                added = self._people.add_group(category)
                self.labels = {**self.labels, text(added, "resourceName"): category}
                self._ids = (self._ids or frozenset()) | {text(added, "resourceName")}
        return self.labels
