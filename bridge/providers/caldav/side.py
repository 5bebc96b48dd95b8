"""One calendar or address book as a ``Side``."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Generic
from urllib.parse import urljoin, urlsplit

from bridge.errors import BridgeError, Invalid, MappingError, PreconditionFailed, Refused, TemporaryError
from bridge.ports import (
    Changes,
    Clock,
    Create,
    Delete,
    Deleted,
    Found,
    Outcome,
    RemoteId,
    Stored,
    SyncToken,
    T,
    Traits,
    Update,
    Version,
    Write,
)
from bridge.providers.caldav import mapping
from bridge.providers.caldav.client import Client
from bridge.providers.caldav.hrefs import normal_path
from bridge.providers.caldav.listing import Listing
from bridge.providers.caldav.mapping import HASHED, Dialect
from bridge.providers.caldav.scheduling import Scheduling
from bridge.providers.caldav.session import Answer
from bridge.providers.caldav.statuses import GONE, UID_CONFLICTS, of_object
from bridge.providers.caldav.texts import MAX_FETCH, Text, Texts
from bridge.providers.caldav.xml import conditions
from bridge.providers.one_by_one import one_by_one


class DavSide(Generic[T]):
    """A collection on a server. ``url`` ends in a slash; ids are the paths of its members in their one spelling."""

    def __init__(self, client: Client, url: str, dialect: Dialect[T], clock: Clock) -> None:
        self._client = client
        self._url = url
        self._home = normal_path(urlsplit(url).path)
        self._dialect: Dialect[T] = dialect
        self._clock = clock
        self._listing = Listing(client, url)
        self._texts: Texts[T] = Texts(client, url, dialect)
        self._scheduling: Scheduling[T] = Scheduling(client, url, dialect)

    @property
    def traits(self) -> Traits:
        """What such a collection can do."""
        return Traits(self._name, max_fetch=MAX_FETCH, expresses=self._dialect.expresses)

    def changes(self, since: SyncToken | None) -> Changes[T]:
        """See ``Side.changes``. Where a listing has no ETags, the texts are read for their versions."""
        listed = self._listing.changes(since)
        bare = {each.id for each in listed.members if not each.version and not each.problem}
        found: list[Found[T]] = [
            Found(each.id, each.version, problem=each.problem) for each in listed.members if each.id not in bare
        ]
        found.extend(self.fetch(bare))
        return Changes(tuple(found), listed.gone, listed.token, listed.complete)

    def fetch(self, ids: Collection[RemoteId]) -> Iterator[Found[T]]:
        """See ``Side.fetch``."""
        for text in self._texts.fetch(ids):
            yield self._read(text)

    def write(self, writes: Sequence[Write[T]]) -> Iterator[Outcome[T]]:
        """See ``Side.write``. What is to be updated is read first, all at once."""
        needed = [each.id for each in writes if isinstance(each, Update)]
        deletions = [each.id for each in writes if isinstance(each, Delete)]
        if deletions and self._scheduling.mails:
            needed += deletions
        there = {each.id: each for each in self._texts.fetch(needed)}
        yield from one_by_one(
            writes,
            self._create,
            lambda update: self._update(update, there.get(update.id)),
            lambda delete: self._delete(delete, there.get(delete.id)),
        )

    def _create(self, create: Create[T]) -> Stored[T]:
        uid = create.object.uid or create.key
        text = self._dialect.draw(create.object, uid, self._now())
        written = self._readable(text)
        for name in (uid, create.key):  # the second one where a stranger has taken the first
            path = self._home + mapping.resource_name(name, self._dialect.suffix)
            answer = self._put(path, text, {"If-None-Match": "*"})
            if 200 <= answer.status < 300:
                return self._stored(RemoteId(path), written, answer.headers.get("etag", ""))
            if conditions(answer.body) & UID_CONFLICTS:
                return self._existing(uid, self._texts.with_uid(uid))
            if answer.status not in {409, 412}:
                raise self._failure(answer)
            found = self._texts.one(RemoteId(path))
            if found is None:
                raise self._failure(answer)
            if self._uid_of(found) == uid:
                return self._existing(uid, found)
        raise Refused("The server already has other objects under every name for this one.")

    def _existing(self, uid: str, found: Text | None) -> Stored[T]:
        if found is None:
            raise Refused(f"The server says that it has {uid[:100]!r} already, and does not show it here.")
        read = self._read(found)
        if read.object is None:
            raise Refused(f"The server has {uid[:100]!r} already, and it cannot be read: {read.problem}")
        return Stored(read.id, read.version, read.object, existed=True)

    def _update(self, update: Update[T], found: Text | None) -> Stored[T]:
        current = self._current(found, update.version)
        try:
            text = self._dialect.patch(current.text, update.object, self._now())
        except Invalid as error:
            raise Refused(f"What is there cannot be read, so it is not changed: {error}") from error
        written = self._readable(text)
        if text == current.text:
            return Stored(current.id, current.version, written)
        self._scheduling.check(current.text)
        answer = self._put(current.id, text, _guard(current))
        if not 200 <= answer.status < 300:
            raise self._failure(answer)
        return self._stored(current.id, written, answer.headers.get("etag", ""))

    def _delete(self, delete: Delete, found: Text | None) -> Deleted:
        headers = {"Schedule-Reply": "F"}  # RFC 6638 8.1: an attendee who deletes declines in silence
        if found is not None and not found.problem:
            self._scheduling.check(found.text)
        if delete.version is not None and delete.version.startswith(HASHED):
            found = found or self._texts.one(delete.id)
            if found is None:
                return Deleted(delete.id)
            self._current(found, delete.version)
        elif delete.version is not None:
            headers |= {"If-Match": _strong(delete.version)}
        answer = self._client.call("DELETE", urljoin(self._url, delete.id), "", headers)
        if 200 <= answer.status < 300 or answer.status in GONE:
            return Deleted(delete.id)
        if answer.status == 412 and self._texts.one(delete.id) is None:
            return Deleted(delete.id)
        raise self._failure(answer)

    def _current(self, found: Text | None, version: Version | None) -> Text:
        """What is there, if it is what the writer knows."""
        if found is None:
            raise PreconditionFailed("The object is gone.", remote=self._name)
        if found.problem:
            raise Refused(f"What is there cannot be read, so it is not changed: {found.problem}")
        if version is not None and _strong(found.version) != _strong(version):
            raise PreconditionFailed("The object changed since it was read.", remote=self._name)
        return found

    def _put(self, path: str, text: str, guard: Mapping[str, str]) -> Answer:
        headers = {"Content-Type": self._dialect.media_type, **guard}
        return self._client.call("PUT", urljoin(self._url, path), text, headers)

    def _readable(self, text: str) -> T:
        """What a text says that is about to be written. Raises ``MappingError`` if we could not read it again."""
        try:
            return self._dialect.read(text)
        except Invalid as error:
            raise MappingError("", f"The object cannot be written as the server keeps it: {error}") from error

    def _stored(self, path: RemoteId, written: T, etag: str) -> Stored[T]:
        """What is there after a write. Without an ETag the server may have changed the text (RFC 4791 5.3.4)."""
        if etag:
            return Stored(path, Version(etag), written)
        found = self._texts.one(path)
        read = None if found is None else self._read(found)
        if read is None or read.object is None:
            reason = read.problem if read else "it is not there"
            raise TemporaryError(f"The server took the object, but does not show it: {reason}.", remote=self._name)
        return Stored(read.id, read.version, read.object)

    def _read(self, text: Text) -> Found[T]:
        if text.problem:
            return Found(text.id, text.version, problem=text.problem)
        try:
            return Found(text.id, text.version, self._dialect.read(text.text))
        except Invalid as error:
            return Found(text.id, text.version, problem=str(error))

    def _uid_of(self, found: Text) -> str:
        read = self._read(found).object
        return "" if read is None else read.uid

    def _failure(self, answer: Answer) -> BridgeError:
        """Why a write failed: because of this object, or because the collection itself is gone."""
        if answer.status in {409, *GONE}:
            self._listing.check()
        return of_object(answer, self._client.service)

    @property
    def _name(self) -> str:
        return self._client.service.name

    def _now(self) -> datetime:
        return self._clock.now()


def _strong(version: str) -> str:
    """An ETag without the mark that a compressing proxy puts before it."""
    return version.removeprefix("W/")


def _guard(current: Text) -> dict[str, str]:
    return {} if current.version.startswith(HASHED) else {"If-Match": _strong(current.version)}
