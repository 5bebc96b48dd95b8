"""One folder of contacts in Microsoft 365 as a ``Side``.

Our marks and pictures do not come with a listing of changes: what changed is named, and then fetched, twenty at a time.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from bridge.core.contact import Contact, Photo
from bridge.errors import BridgeError, Invalid, TokenExpired
from bridge.http import Answer
from bridge.ports import Changes, Found, Outcome, RemoteId, SyncToken, Traits, Write
from bridge.providers.graph.client import BATCH, PAGE, Ask, Client, portions, query, segment
from bridge.providers.graph.contact_read import EXPRESSES, has_picture, read_contact
from bridge.providers.graph.contact_slots import PROPERTIES
from bridge.providers.graph.contact_writes import ContactWrites, Holding
from bridge.providers.graph.event_read import text
from bridge.providers.graph.marks import EXPAND_CONTACT, KEY, UID, mark, memory, text_of
from bridge.providers.graph.pictures import Pictures
from bridge.providers.graph.series import version_of

Raw = Mapping[str, Any]

DEFAULT = RemoteId("contacts")
"""The folder that every mailbox has. Graph does not list it."""

_TOKEN = "contacts-1 "  # noqa: S105 - how our tokens begin; another listing than this one needs another number
_EXPAND = EXPAND_CONTACT[:-1] + "".join(f" or id eq '{name}'" for name in PROPERTIES.values()) + ")"

TRAITS = Traits(
    "Microsoft 365 Contacts",
    keeps_uid=False,
    guards_writes=False,
    max_fetch=5 * BATCH,
    max_writes=5 * BATCH,
    expresses=EXPRESSES,
)


class ContactsSide:
    """A folder. Ids are those of contacts, versions their ETags."""

    def __init__(self, client: Client, id_: str) -> None:
        self._client = client
        self._folder = "" if id_ == DEFAULT else f"/me/contactFolders/{segment(id_)}"
        self._contacts = f"{self._folder}/contacts" if self._folder else "/me/contacts"
        self._pictures = Pictures(client, self._contacts)
        self._writes = ContactWrites(client, self._contacts, _EXPAND, self, self._pictures)

    @property
    def traits(self) -> Traits:
        """What a folder there can do."""
        return TRAITS

    def changes(self, since: SyncToken | None) -> Changes[Contact]:
        """See ``Side.changes``. Who has a picture is only named: it takes a request of its own."""
        if since is None:
            _, link = self._client.round(query(f"{self._contacts}/delta", select="displayName"))
            return Changes(tuple(map(self._listed, self._all())), (), SyncToken(f"{_TOKEN}{link}"))
        link = since.removeprefix(_TOKEN)
        if not since.startswith(_TOKEN) or not link.startswith(f"{self._contacts}/delta") or not link.isascii():
            raise TokenExpired("The sync token is not one of this folder.", remote=TRAITS.name)
        rows, following = self._client.round(link)
        latest = {RemoteId(text(raw, "id")): raw for raw in rows}
        gone = tuple(id_ for id_, raw in latest.items() if "@removed" in raw)
        plain = {id_: raw for id_, raw in latest.items() if "@removed" not in raw}
        named: list[Found[Contact]] = [
            Found(id_, version_of(raw)) for id_, raw in plain.items() if text(raw, "@odata.etag")
        ]
        brought = list(self.fetch([id_ for id_, raw in plain.items() if not text(raw, "@odata.etag")]))
        return Changes((*named, *brought), gone, SyncToken(f"{_TOKEN}{following}"), complete=False)

    def fetch(self, ids: Collection[RemoteId]) -> Iterator[Found[Contact]]:
        """See ``Side.fetch``."""
        for portion in portions(list(dict.fromkeys(ids))):
            there = self._sound(portion)
            photos = self._pictures.of([id_ for id_, raw in there.items() if has_picture(raw)])
            for id_, raw in there.items():
                yield _found(raw, photos.get(id_))

    def write(self, writes: Sequence[Write[Contact]]) -> Iterator[Outcome[Contact]]:
        """See ``Side.write``."""
        yield from self._writes.carry_out(writes)

    def _sound(self, ids: Sequence[RemoteId]) -> dict[RemoteId, Raw]:
        found: dict[RemoteId, Raw] = {}
        for id_, raw in self.there(ids).items():
            if isinstance(raw, BridgeError):
                raise raw
            if raw is not None:
                found[id_] = raw
        return found

    def there(self, ids: Sequence[RemoteId], *, must: bool = True) -> Holding:
        """These contacts, ``None`` for those that are gone, and what failed for one alone.

        ``must``: raise ``NotFound`` where one is gone because the folder is.
        """
        found: Holding = {}
        for portion in portions(list(ids)):
            asks = [Ask("GET", query(self._path(id_), expand=_EXPAND)) for id_ in portion]
            answers = zip(portion, self._client.batch(asks), strict=True)
            found |= {id_: self._one(id_, answer) for id_, answer in answers}
        if must and None in found.values():
            self.check()
        return found

    def _one(self, id_: RemoteId, answer: Answer | BridgeError) -> Raw | BridgeError | None:
        if isinstance(answer, BridgeError):
            return answer
        if answer.ok:
            raw = answer.json()
            return {**raw, "id": id_} if text(raw, "id") else self._client.nonsense()
        return None if self._client.is_gone(answer) else self._client.error(answer)

    def _all(self) -> list[Raw]:
        """Every contact, each once in its latest form."""
        path = query(self._contacts, top=PAGE, expand=_EXPAND)
        found = {text(raw, "id"): raw for page in self._client.pages(path) for raw in self._client.rows(page)}
        self._writes.note({mark(raw, KEY): RemoteId(id_) for id_, raw in found.items() if mark(raw, KEY)})
        return list(found.values())

    def check(self) -> None:
        """Raise ``NotFound`` when the folder itself is gone. The default one cannot go."""
        if self._folder:
            self._client.get(query(self._folder, select="id"))

    def _path(self, id_: str) -> str:
        return f"{self._contacts}/{segment(id_)}"

    def _listed(self, raw: Raw) -> Found[Contact]:
        if has_picture(raw):
            return Found(RemoteId(text(raw, "id")), version_of(raw), stamp=text_of(memory(raw), UID))
        return _found(raw, None)


def _found(raw: Raw, photo: Photo | None) -> Found[Contact]:
    id_, stamp = RemoteId(text(raw, "id")), text_of(memory(raw), UID)
    try:
        return Found(id_, version_of(raw), replace(read_contact(raw), photo=photo), stamp=stamp)
    except Invalid as error:
        return Found(id_, version_of(raw), problem=str(error), stamp=stamp)
