"""Radicale's storage plugin: collections and resources out of the database.

The database's own transactions are the lock: reads see a snapshot, and each write is one use case with a transaction
of its own. So ``acquire_lock`` has nothing to do, and no request waits for another one that only reads.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from email.utils import format_datetime
from typing import Any, overload

from radicale import config, xmlutils
from radicale import item as radicale_item
from radicale.storage import BaseCollection, BaseStorage

from bridge.errors import BridgeError, Invalid
from bridge.services.resources import Precondition, Resources
from bridge.store.models.resources import CollectionKind
from bridge.store.views import Collection, Resource
from plugins.context import current_request

_TAGS = {CollectionKind.CALENDAR: "VCALENDAR", CollectionKind.ADDRESS_BOOK: "VADDRESSBOOK"}
_NAMES = {"VCARD": "VCARD"}


class DavItem(radicale_item.Item):
    """A resource as Radicale sees it. The text of a listed one is fetched when it is asked for."""

    def __init__(self, collection: "DavCollection", resource: Resource) -> None:
        # Radicale's own constructor checks the path of each item; these come from the database.
        self._collection_path = collection.path
        self.collection = collection
        self.href = resource.href
        self.last_modified = format_datetime(resource.modified_at, usegmt=True)
        self._text = resource.text or None
        self._vobject_item = None
        self._etag = f'"{resource.etag}"'
        self._uid = resource.uid
        self._name = _NAMES.get(resource.component, "VCALENDAR")
        self._component_name = resource.component if self._name == "VCALENDAR" else ""
        self._time_range = None

    def serialize(self) -> str:
        """The finished text."""
        if self._text is None:
            found = self.collection.read(self.href)
            self._text = found.text if found else ""
        return self._text


class DavCollection(BaseCollection):
    """A calendar or address book as Radicale sees it."""

    def __init__(self, resources: Resources, collection: Collection) -> None:
        self._resources = resources
        self.view = collection

    @property
    def path(self) -> str:
        """The path without slashes at its ends."""
        return f"{self.view.owner}/{self.view.name}"

    @property
    def tag(self) -> str:
        """What the collection holds."""
        return _TAGS[self.view.kind]

    @property
    def etag(self) -> str:
        """The ctag, quoted."""
        return f'"{self.view.etag}"'

    @property
    def last_modified(self) -> str:
        """When anything in it changed last, as an HTTP date."""
        return format_datetime(self.view.modified_at, usegmt=True)

    def sync(self, old_token: str = "") -> tuple[str, Iterable[str]]:
        """The present sync-token and, read only when asked for, the names of what changed since the old one."""
        if not old_token:
            return self.view.sync_token, (r.href for r in self._resources.listing(self.view, text=False))
        try:
            changes = self._resources.changes(self.view, old_token)
        except Invalid as error:
            raise ValueError(str(error)) from error
        return changes.token, (resource.href for resource in changes.resources)

    def read(self, href: str) -> Resource | None:
        """One resource with its text."""
        return self._resources.get(self.view, href)

    def get_multi(self, hrefs: Iterable[str]) -> Iterator[tuple[str, DavItem | None]]:
        """Several resources, in the order asked for; ``None`` for what does not exist."""
        names = list(dict.fromkeys(hrefs))
        found = self._resources.get_many(self.view, names)
        for name in names:
            yield name, DavItem(self, found[name]) if name in found else None

    def get_all(self) -> Iterator[DavItem]:
        """Every resource with its text."""
        for resource in self._resources.listing(self.view, text=True):
            yield DavItem(self, resource)

    def has_uid(self, uid: str) -> bool:
        """Whether a resource has this UID."""
        return self._resources.has_uid(self.view, uid)

    def upload(self, href: str, item: radicale_item.Item) -> tuple[DavItem, DavItem | None]:
        """Write a resource. Raises ``ValueError`` as Radicale wants it."""
        before = self.read(href)
        with _radicale_errors():
            self._resources.put(
                current_request().actor, self.view.owner, self.view.name, href, item.serialize(), Precondition()
            )
        after = self.read(href)
        assert after is not None  # noqa: S101 - it was just written
        return DavItem(self, after), DavItem(self, before) if before else None

    def delete(self, href: str | None = None) -> None:
        """Delete a resource; never the collection (D19)."""
        with _radicale_errors():
            if href is None:
                raise Invalid("This collection cannot be deleted.")
            self._resources.delete(current_request().actor, self.view.owner, self.view.name, href, Precondition())

    @overload
    def get_meta(self, key: None = None) -> Mapping[str, str]: ...

    @overload
    def get_meta(self, key: str) -> str | None: ...

    def get_meta(self, key: str | None = None) -> Mapping[str, str] | str | None:
        """Properties by Radicale's names, or one of them."""
        meta = {xmlutils.make_human_tag(name): value for name, value in self.view.properties.items()}
        meta["tag"] = self.tag
        if self.view.kind is CollectionKind.CALENDAR:
            meta["C:supported-calendar-component-set"] = self.view.component
        return meta if key is None else meta.get(key)

    def set_meta(self, props: Mapping[str, str]) -> None:
        """Replace what clients have set."""
        kept = {
            xmlutils.make_clark(k): v
            for k, v in props.items()
            if k not in {"tag", "C:supported-calendar-component-set"}
        }
        gone = {name: None for name in self.view.properties if name not in kept}
        self._resources.set_properties(self.view.owner, self.view.name, {**kept, **gone})


class Home(BaseCollection):
    """The root or a principal's home: a collection that holds collections."""

    def __init__(self, path: str, displayname: str = "") -> None:
        self._path = path
        self._displayname = displayname

    @property
    def path(self) -> str:
        """The login, or ``""`` for the root."""
        return self._path

    @property
    def tag(self) -> str:
        """Neither a calendar nor an address book."""
        return ""

    @property
    def etag(self) -> str:
        """Homes have no entity tag."""
        return '""'

    @property
    def last_modified(self) -> str:
        """Homes do not change."""
        return ""

    def get_all(self) -> Iterator[DavItem]:
        """A home holds collections, no resources."""
        return iter(())

    def get_multi(self, hrefs: Iterable[str]) -> Iterator[tuple[str, DavItem | None]]:
        """A home holds collections, no resources."""
        return ((href, None) for href in hrefs)

    @overload
    def get_meta(self, key: None = None) -> Mapping[str, str]: ...

    @overload
    def get_meta(self, key: str) -> str | None: ...

    def get_meta(self, key: str | None = None) -> Mapping[str, str] | str | None:
        """The user's name, for a principal."""
        meta = {"D:displayname": self._displayname} if self._displayname else {}
        return meta if key is None else meta.get(key)


class Storage(BaseStorage):
    """Everything that a request finds. Holds no state of a request."""

    _supports_unicode = True
    _supports_trailing_whitespace = True
    _supports_problematic_chars = True

    def __init__(self, configuration: config.Configuration, resources: Resources) -> None:
        super().__init__(configuration)
        self._resources = resources

    def discover(
        self,
        path: str,
        depth: str = "0",
        child_context_manager: Callable[[str, str | None], AbstractContextManager[None]] | None = None,  # noqa: ARG002
        user_groups: set[str] = frozenset(),  # type: ignore[assignment]  # noqa: ARG002
    ) -> Iterator[BaseCollection | DavItem]:
        """What lies at a path and, unless ``depth`` is 0, right below it. The addressed object comes first."""
        parts = [part for part in path.split("/") if part]
        below = depth != "0"
        if not parts:
            yield from _root(below=below)
        elif len(parts) == 1:
            yield from self._home(parts[0], below=below)
        else:
            yield from self._collection(parts[0], parts[1], "/".join(parts[2:]), below=below)

    def _home(self, login: str, *, below: bool) -> Iterator[BaseCollection]:
        principal = _principal(login)
        if principal is None:
            return
        yield principal
        if below:
            for collection in self._resources.home(login):
                yield DavCollection(self._resources, collection)

    def _collection(self, login: str, name: str, href: str, *, below: bool) -> Iterator[BaseCollection | DavItem]:
        found = self._resources.collection(login, name)
        if found is None:
            return
        collection = DavCollection(self._resources, found)
        if href:
            resource = collection.read(href)
            if resource is not None:
                yield DavItem(collection, resource)
            return
        yield collection
        if below:
            for resource in self._resources.listing(found, text=False):
                yield DavItem(collection, resource)

    def move(self, item: radicale_item.Item, to_collection: BaseCollection, to_href: str) -> None:
        """Rename a resource."""
        source = item.collection.view
        with _radicale_errors():
            self._resources.move(
                current_request().actor,
                source.owner,
                (source.name, item.href),
                (to_collection.view.name, to_href),
                Precondition(),
                overwrite=True,
            )

    def create_collection(self, href: str, items: object = None, props: object = None) -> Any:  # noqa: ARG002
        """Refuse: collections follow from what a user has and chooses (D7)."""
        raise ValueError("[Errno 13] Collections cannot be created by clients.")

    @contextmanager
    def acquire_lock(self, mode: str, user: str = "", *args: object, **kwargs: object) -> Iterator[None]:  # noqa: ARG002
        """Nothing to lock."""
        yield

    def verify(self) -> bool:
        """The database is checked by ``davbridge doctor``."""
        return True


def _root(*, below: bool) -> Iterator[BaseCollection]:
    yield Home("")
    signed_in = current_request().signed_in
    if below and signed_in is not None:
        yield Home(signed_in.user.login, signed_in.user.name)


def _principal(login: str) -> Home | None:
    """The home of the one who is signed in. Others' homes do not exist for them."""
    signed_in = current_request().signed_in
    if signed_in is None or signed_in.user.login != login:
        return None
    return Home(login, signed_in.user.name or login)


@contextmanager
def _radicale_errors() -> Iterator[None]:
    """Say no in the way Radicale understands: 403 for what is refused."""
    try:
        yield
    except BridgeError as error:
        raise ValueError(f"[Errno 13] {error}") from error
