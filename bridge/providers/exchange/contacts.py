"""A contact folder of Exchange as a ``Side``."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from bridge.core.contact import Contact, Photo
from bridge.errors import BridgeError, Invalid
from bridge.ports import Create, Found, RemoteId, Traits, Version
from bridge.providers.exchange.contact_read import (
    ACCOUNTS,
    EMAILS,
    EXPRESSES,
    PARTS,
    PHONES,
    PLACES,
    PROPERTIES,
    read_contact,
)
from bridge.providers.exchange.contact_write import ITEM, changes, new_contact
from bridge.providers.exchange.event_read import change_key, raw_id
from bridge.providers.exchange.fields import KEY, MORE, PREFIX, UID, Field, indexed, item, own, plain, read_own, updates
from bridge.providers.exchange.items import Items, Kind, paths
from bridge.providers.exchange.pictures import Pictures, attachment
from bridge.providers.exchange.side import BATCHES, Draft, FolderSide, Held, Job
from bridge.providers.exchange.soap import Client
from bridge.providers.exchange.xml import Element, make
from bridge.providers.one_by_one import concerns_one_object

KIND = Kind(
    ITEM,
    paths(
        PROPERTIES,
        *(indexed("contacts:EmailAddress", place) for place in EMAILS),
        *(indexed("contacts:PhoneNumber", place) for place in PHONES),
        *(indexed("contacts:ImAddress", place) for place in ACCOUNTS),
        *(indexed(f"contacts:PhysicalAddress:{part}", place) for part in PARTS for place in PLACES),
        *(PREFIX, own(KEY), own(UID), own(MORE)),
    ),
)


@dataclass(frozen=True, slots=True)
class HeldContact:
    """A contact as it is there, with its picture."""

    raw: Element
    photo: Photo | None = None

    @property
    def version(self) -> Version:
        """Its change key."""
        return Version(change_key(self.raw))

    def found(self) -> Found[Contact]:
        """What a listing tells of it."""
        id_, stamp = RemoteId(raw_id(self.raw)), read_own(self.raw, UID)
        try:
            return Found(id_, self.version, self.contact(), stamp=stamp)
        except Invalid as error:
            return Found(id_, self.version, problem=str(error), stamp=stamp)

    def contact(self) -> Contact:
        """The whole contact. Raises ``Invalid``."""
        return replace(read_contact(self.raw), photo=self.photo)


class ContactsSide(FolderSide[Contact]):
    """A contact folder."""

    def __init__(self, client: Client, folder: str, batch: int) -> None:
        traits = Traits(
            "Exchange",
            keeps_uid=False,
            guards_writes=False,  # updates it does, deletions not
            max_fetch=BATCHES * batch,
            max_writes=BATCHES * batch,
            expresses=EXPRESSES,
        )
        super().__init__(Items(client, folder, KIND, batch), traits)
        self._pictures = Pictures(client, batch)

    def _held(self, ids: Collection[str]) -> Mapping[str, HeldContact]:
        raws = self._items.get(ids)
        photos = self._pictures.get(raws)
        return {id_: HeldContact(raw, photos.get(id_)) for id_, raw in raws.items()}

    def _drawn(self, create: Create[Contact]) -> Element:
        fields = new_contact(create.object, create.key)
        photo = create.object.photo
        if photo is not None:
            fields.append(Field(plain("item:Attachments"), make("t:Attachments", attachment(photo))))
        return item(ITEM, fields)

    def _draft(self, wanted: Contact, there: Held[Contact]) -> Draft:
        assert isinstance(there, HeldContact)  # noqa: S101 - what _held has made
        fields = changes(wanted, there.raw, there.contact())
        return Draft(updates(ITEM, fields) if fields else None)

    def _complete(self, jobs: Mapping[str, Job[Contact]]) -> Mapping[str, BridgeError | None]:
        touched: dict[str, BridgeError | None] = {}
        for id_, job in jobs.items():
            before = job.before
            if isinstance(before, HeldContact) and before.photo != job.wanted.photo:
                touched[id_] = self._pictures.replace(id_, before.raw, job.wanted.photo)
                error = touched[id_]
                if error is not None and not concerns_one_object(error):
                    raise error
        return touched
