"""What can be wrong with one collection or one resource, as (problem, remedy)."""

from collections.abc import Iterator

from sqlalchemy.orm import Session

from bridge.core import ical, vcard
from bridge.errors import BridgeError
from bridge.services.placement import etag_of
from bridge.store import inspection
from bridge.store.models.resources import CollectionKind
from bridge.store.views import Collection, Resource

Wrong = tuple[str, str]
_RESTORE = "Restore the last backup, or delete it with a calendar or contacts program."


def collection_problems(session: Session, collection: Collection) -> Iterator[Wrong]:
    """Two live resources of one UID (RFC 4791 4.1), and revisions that sync-tokens do not cover."""
    for uid in inspection.doubled_uids(session, collection.id):
        yield f"Two resources have the UID {uid}.", "Delete one of them with a calendar or contacts program."
    latest = inspection.latest_revision(session, collection.id)
    if latest > collection.revision:
        yield (
            f"A resource has the revision {latest}, the collection only {collection.revision}.",
            "Restore the last backup: clients may have missed changes.",
        )


def resource_problems(collection: Collection, resource: Resource) -> Iterator[Wrong]:
    """Whether a row says of its text what is true."""
    name = resource.href
    if resource.etag != etag_of(resource.text):
        yield f"{name} has an entity tag that does not belong to its text.", redraw(collection)
    try:
        uid, component = _identity(collection, resource.text)
    except BridgeError as error:
        yield f"{name} cannot be read: {error}", _RESTORE
        return
    if uid != resource.uid:
        yield f"{name} has another UID in its text than in its row.", redraw(collection)
    if component != resource.component or component != collection.component:
        yield f"{name} is a {component} in a collection of {collection.component}.", redraw(collection)


def _identity(collection: Collection, text: str) -> tuple[str, str]:
    if collection.kind is CollectionKind.ADDRESS_BOOK:
        return vcard.uid(vcard.read(text)), "VCARD"
    calendar = ical.read(text)
    return ical.uid(calendar), ical.component_kind(calendar)


def redraw(collection: Collection) -> str:
    """The command that draws everything of a home again."""
    return f"Run “davbridge user set {collection.owner} --enabled”, which draws everything of this user again."
