"""Pictures of contacts, which are attachments."""

import base64
import binascii
from collections.abc import Mapping

from bridge.core.contact import Photo
from bridge.errors import BridgeError
from bridge.providers.exchange.items import portions
from bridge.providers.exchange.soap import Client
from bridge.providers.exchange.troubles import translated
from bridge.providers.exchange.xml import MESSAGES, Element, child, flag, local, make, rows, text

_NAME = "ContactPicture.jpg"  # as Outlook calls it
_GONE = frozenset(("ErrorItemNotFound", "ErrorAttachmentNotFound", "ErrorInvalidAttachmentId"))


class Pictures:
    """Reads and writes pictures. ``batch`` is how many a request names."""

    def __init__(self, client: Client, batch: int) -> None:
        self._client = client
        self._batch = batch

    def get(self, raws: Mapping[str, Element]) -> dict[str, Photo]:
        """The pictures of these contacts, by the ids of the contacts."""
        owners = {attachment: id_ for id_, raw in raws.items() for attachment in attachments(raw)[:1]}
        found: dict[str, Photo] = {}
        for portion in portions(owners, self._batch):
            names = make("m:AttachmentIds", *(make("t:AttachmentId", Id=each) for each in portion))
            messages = self._client.each(make("m:GetAttachment", names), len(portion))
            for attachment, message in zip(portion, messages, strict=True):
                photo = None if isinstance(message, Exception) else _photo(message)
                if photo is not None:
                    found[owners[attachment]] = photo
                elif isinstance(message, Exception) and type(message).__name__ not in _GONE:
                    raise translated(message)
        return found

    def replace(self, id_: str, there: Element, photo: Photo | None) -> BridgeError | None:
        """Give a contact a picture, or take it away. Returns why it is not taken; raises what concerns everything."""
        former = attachments(there)
        if former:
            names = make("m:AttachmentIds", *(make("t:AttachmentId", Id=each) for each in former))
            for message in self._client.each(make("m:DeleteAttachment", names), len(former)):
                if isinstance(message, Exception) and type(message).__name__ not in _GONE:
                    return translated(message)
        if photo is None:
            return None
        request = make("m:CreateAttachment", make("m:ParentItemId", Id=id_), make("m:Attachments", attachment(photo)))
        (message,) = self._client.each(request, 1)
        return translated(message) if isinstance(message, Exception) else None


def attachment(photo: Photo) -> Element:
    """A picture as an attachment."""
    return make(
        "t:FileAttachment",
        make("t:Name", _NAME),
        make("t:ContentType", photo.media_type),
        make("t:IsContactPhoto", "true"),
        make("t:Content", base64.b64encode(photo.data).decode()),
    )


def attachments(raw: Element) -> list[str]:
    """The ids of the attachments of a contact that are its picture."""
    shown = (
        each for each in rows(raw, "Attachments") if local(each) == "FileAttachment" and flag(each, "IsContactPhoto")
    )
    found = (child(each, "AttachmentId") for each in shown)
    return [each.get("Id", "") for each in found if each is not None]


def _photo(message: Element) -> Photo | None:
    found = message.find(f"{{{MESSAGES}}}Attachments")
    each = next(rows(found), None) if found is not None else None
    if each is None:
        return None
    try:
        data = base64.b64decode(text(each, "Content"))
    except (binascii.Error, ValueError):
        return None
    media_type = text(each, "ContentType").strip().lower()
    return Photo(data, media_type if media_type.startswith("image/") else "image/jpeg") if data else None
