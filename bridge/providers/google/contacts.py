"""One group of Google Contacts as a ``Side``: a label, or all contacts of the account.

Google lists the contacts of an account together, so those outside of the group are passed over. A contact leaves the
group when it loses the label: for us it is gone then. Its other labels are categories.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import groupby

from bridge.core.contact import Contact
from bridge.core.digest import same
from bridge.errors import (
    BridgeError,
    Invalid,
    MappingError,
    NotFound,
    PreconditionFailed,
    Refused,
    TemporaryError,
    TokenExpired,
)
from bridge.ports import (
    Changes,
    Create,
    Delete,
    Deleted,
    Found,
    Outcome,
    RemoteId,
    Stored,
    SyncToken,
    Traits,
    Update,
    Version,
    Write,
)
from bridge.providers.google.client import Client
from bridge.providers.google.groups import Groups
from bridge.providers.google.people import BATCH, FIELDS, People, portions
from bridge.providers.google.person_read import (
    EXPRESSES,
    KEY,
    UID,
    Raw,
    client_value,
    etag_of,
    former_ids,
    groups_of,
    id_of,
    is_deleted,
    picture_url,
    read_person,
    tells_groups,
)
from bridge.providers.google.person_write import Row, groups_for, with_marks, with_version, write_person

_TOKEN = "people-1 "  # noqa: S105 - how our tokens begin; another listing than this one needs another number

_NO_GROUPS = "Google Contacts does not tell which groups this contact is in."

TRAITS = Traits(
    "Google Contacts",
    keeps_uid=False,
    guards_writes=False,  # updates it does, deletions not
    max_fetch=BATCH,
    max_writes=BATCH,
    expresses=EXPRESSES,
)


class ContactsSide:
    """A group. Ids are the resource names of people, versions their ETags."""

    def __init__(self, client: Client, id_: str) -> None:
        self._people = People(client)
        self._id = id_
        self._groups = Groups(self._people, id_)
        self._made: dict[str, RemoteId] | None = None

    @property
    def traits(self) -> Traits:
        """What a group there can do."""
        return TRAITS

    def changes(self, since: SyncToken | None) -> Changes[Contact]:
        """See ``Side.changes``. Who has a picture is only named: it takes a request of its own."""
        if since is not None and not since.startswith(_TOKEN):
            raise TokenExpired("The sync token is not one of Google Contacts.", remote=TRAITS.name)
        self._groups.read()
        token = since.removeprefix(_TOKEN) if since is not None else None
        people, following = self._people.connections(FIELDS, token)
        people = self._sure(people)
        self._note_keys(people)
        there = [raw for raw in people if self._is_member(raw)]
        found = tuple(self._listed(raw) for raw in there)
        gone = dict.fromkeys(id_of(raw) for raw in people if not self._is_member(raw))
        gone |= dict.fromkeys(id_ for raw in people for id_ in former_ids(raw))
        present = {each.id for each in found}
        missing = tuple(id_ for id_ in gone if id_ not in present) if since is not None else ()
        return Changes(found, missing, SyncToken(f"{_TOKEN}{following}"), complete=since is None)

    def fetch(self, ids: Collection[RemoteId]) -> Iterator[Found[Contact]]:
        """See ``Side.fetch``."""
        for portion in portions(list(dict.fromkeys(ids)), BATCH):
            for raw in self._there(portion, doubtful=True).values():
                yield self._found(raw)

    def write(self, writes: Sequence[Write[Contact]]) -> Iterator[Outcome[Contact]]:
        """See ``Side.write``. Writes of one kind that follow each other share their requests."""
        for kind, run in groupby(writes, type):
            for portion in portions(list(run), BATCH):
                if kind is Create:
                    yield from self._create([each for each in portion if isinstance(each, Create)])
                elif kind is Update:
                    yield from self._update([each for each in portion if isinstance(each, Update)])
                else:
                    yield from self._delete([each for each in portion if isinstance(each, Delete)])

    def _create(self, creates: Sequence[Create[Contact]]) -> Iterator[Outcome[Contact]]:
        made = self._keys()
        known = self._there([made[each.key] for each in creates if each.key in made], must=False)
        bodies: dict[str, Row] = {}
        outcomes: dict[str, Outcome[Contact]] = {}
        for each in creates:
            raw = known.get(made.get(each.key, RemoteId("")))
            try:
                if raw is not None:
                    outcomes[each.key] = self._stored(raw, existed=True)
                else:
                    bodies[each.key] = with_marks(self._drawn(each.object, {}), each.key, each.object.uid)
            except (MappingError, Refused) as error:
                outcomes[each.key] = error
        for key, outcome in zip(bodies, self._people.create(list(bodies.values())), strict=True):
            wanted = next(each.object for each in creates if each.key == key)
            if not isinstance(outcome, BridgeError) and client_value(outcome, KEY) not in {"", key}:
                raise TemporaryError("Google Contacts answers to other contacts than ours.", remote=TRAITS.name)
            outcomes[key] = self._done(outcome, wanted, None)
            if isinstance(outcome, BridgeError):
                self._made = None  # nobody knows whether it was made
            elif self._made is not None:
                self._made[key] = id_of(outcome)
        yield from (outcomes[each.key] for each in creates)

    def _update(self, updates: Sequence[Update[Contact]]) -> Iterator[Outcome[Contact]]:
        there = self._there([each.id for each in updates])
        bodies: dict[str, Row] = {}
        outcomes: dict[RemoteId, Outcome[Contact]] = {}
        for each in updates:
            try:
                raw = _current(there.get(each.id), each.version)
                if same(self._read(raw), each.object, EXPRESSES - {"photo"}):
                    outcomes[each.id] = self._done(raw, each.object, raw)
                else:
                    bodies[each.id] = with_version(self._drawn(each.object, raw), raw)
            except Invalid as error:
                outcomes[each.id] = Refused(f"What is there cannot be read, so it is not changed: {error}")
            except (MappingError, Refused, PreconditionFailed) as error:
                outcomes[each.id] = error
        stored = self._people.update(bodies)
        for each in updates:
            if each.id in stored:
                yield self._done(stored[each.id], each.object, there[each.id])
            else:
                yield outcomes[each.id]

    def _delete(self, deletes: Sequence[Delete]) -> Iterator[Outcome[Contact]]:
        there = self._there([each.id for each in deletes], must=False)
        outcomes: dict[RemoteId, Outcome[Contact]] = {}
        doomed: list[str] = []
        for each in deletes:
            raw = there.get(each.id)
            outcomes[each.id] = Deleted(each.id)
            if raw is not None and each.version in (None, etag_of(raw)):
                doomed.append(each.id)
            elif raw is not None:
                outcomes[each.id] = PreconditionFailed("The contact changed since it was read.", remote=TRAITS.name)
        errors = self._people.delete(doomed)
        yield from (errors.get(each.id) or outcomes[each.id] for each in deletes)

    def _drawn(self, contact: Contact, raw: Raw) -> Row:
        own = [self._id, *self._groups.everybody] if not raw else []
        return write_person(contact, raw, groups_for(contact, raw, own, self._groups.labels_for(contact.categories)))

    def _done(self, outcome: Raw | BridgeError, wanted: Contact, before: Raw | None) -> Outcome[Contact]:
        """What is there after a write, once the picture is what it should be too."""
        if isinstance(outcome, BridgeError):
            if not isinstance(outcome, PreconditionFailed) and before is None:
                self._check_after(outcome)
            return outcome
        try:
            url = picture_url(outcome)
            if wanted.photo is None and url:
                return self._stored(self._people.set_picture(id_of(outcome), None))
            if wanted.photo is not None and (not url or self._people.picture(url) != wanted.photo):
                return self._stored(self._people.set_picture(id_of(outcome), wanted.photo))
            return self._stored(outcome)
        except (Refused, PreconditionFailed, NotFound) as error:
            return PreconditionFailed(str(error)) if isinstance(error, NotFound) else error

    def _check_after(self, error: BridgeError) -> None:
        """A creation that was turned away, perhaps because the group itself is gone: then ``NotFound`` is raised."""
        if isinstance(error, Refused | NotFound):
            self._people.check_group(self._id)

    def _there(self, ids: Sequence[RemoteId], *, must: bool = True, doubtful: bool = False) -> Mapping[str, Raw]:
        """Those of these contacts that are in the group. Raises ``NotFound`` where none is, because the group is gone.

        ``must``: look for the group when a contact is missing. Whose groups are not told raises ``TemporaryError``,
        or counts as being there where ``doubtful`` ones are wanted too.
        """
        found = self._people.get(ids) if ids else {}
        unclear = {id_ for id_, raw in found.items() if not (is_deleted(raw) or (tells_groups(raw) and groups_of(raw)))}
        if unclear and not doubtful:
            raise TemporaryError(_NO_GROUPS, remote=TRAITS.name)
        members = {id_: raw for id_, raw in found.items() if self._is_member(raw) or id_ in unclear}
        self._groups.cover(group for raw in members.values() for group in groups_of(raw))
        if must and len(members) < len(set(ids)):
            self._people.check_group(self._id)
        return members

    def _sure(self, people: Sequence[Raw]) -> list[Raw]:
        """The people of a listing. Everybody should be in some group, so who seems to be in none is looked at again."""
        if not all(is_deleted(raw) or tells_groups(raw) for raw in people):
            raise TemporaryError(_NO_GROUPS, remote=TRAITS.name)
        again = self._people.get([id_of(raw) for raw in people if not is_deleted(raw) and not groups_of(raw)])
        return [again.get(id_of(raw), raw) for raw in people]

    def _is_member(self, raw: Raw) -> bool:
        return not is_deleted(raw) and self._id in groups_of(raw)

    def _keys(self) -> dict[str, RemoteId]:
        """Contacts by the key that they were created with: those of the latest listing, or else all there are."""
        if self._made is None:
            people, _ = self._people.connections("clientData,memberships,metadata")
            self._note_keys(people)
        return self._made or {}

    def _note_keys(self, people: Iterable[Raw]) -> None:
        found = {client_value(raw, KEY): id_of(raw) for raw in people if not is_deleted(raw)}
        self._made = {**(self._made or {}), **{key: id_ for key, id_ in found.items() if key}}

    def _listed(self, raw: Raw) -> Found[Contact]:
        if picture_url(raw):
            return Found(id_of(raw), Version(etag_of(raw)), stamp=client_value(raw, UID))
        return self._found(raw)

    def _found(self, raw: Raw) -> Found[Contact]:
        stamp = client_value(raw, UID)
        if not self._is_member(raw):
            return Found(id_of(raw), Version(etag_of(raw)), problem=_NO_GROUPS, stamp=stamp)
        try:
            return Found(id_of(raw), Version(etag_of(raw)), self._whole(raw), stamp=stamp)
        except Invalid as error:
            return Found(id_of(raw), Version(etag_of(raw)), problem=str(error), stamp=stamp)

    def _stored(self, raw: Raw, *, existed: bool = False) -> Stored[Contact]:
        try:
            return Stored(id_of(raw), Version(etag_of(raw)), self._whole(raw), existed)
        except Invalid as error:
            raise Refused(f"Google Contacts has this contact, and it cannot be read: {error}") from error

    def _whole(self, raw: Raw) -> Contact:
        url = picture_url(raw)
        contact = self._read(raw)
        return replace(contact, photo=self._people.picture(url)) if url else contact

    def _read(self, raw: Raw) -> Contact:
        return read_person(raw, self._groups.labels)


def _current(raw: Raw | None, version: Version | None) -> Raw:
    """What is there, if it is what the writer knows."""
    if raw is None:
        raise PreconditionFailed("The contact is gone.", remote=TRAITS.name)
    if version is not None and version != etag_of(raw):
        raise PreconditionFailed("The contact changed since it was read.", remote=TRAITS.name)
    return raw
