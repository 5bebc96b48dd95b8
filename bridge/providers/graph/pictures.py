"""The pictures of contacts: each is a request of its own, twenty of which share one."""

from collections.abc import Sequence

from bridge.core.contact import Photo
from bridge.errors import BridgeError
from bridge.ports import RemoteId
from bridge.providers.graph.client import Ask, Client, portions, segment

_MAGIC = {b"\x89PNG": "image/png", b"GIF8": "image/gif", b"RIFF": "image/webp"}


class Pictures:
    """``contacts`` is the path of the contacts."""

    def __init__(self, client: Client, contacts: str) -> None:
        self._client = client
        self._contacts = contacts

    def of(self, ids: Sequence[RemoteId]) -> dict[RemoteId, Photo]:
        """The pictures of these contacts, of those that have one."""
        found: dict[RemoteId, Photo] = {}
        for portion in portions(list(ids)):
            answers = self._client.batch([Ask("GET", self._path(id_), raw=True) for id_ in portion])
            for id_, answer in zip(portion, answers, strict=True):
                if isinstance(answer, BridgeError):
                    raise answer
                if answer.ok and answer.body:
                    found[id_] = Photo(answer.body, _media_type(answer.body, answer.headers.get("content-type", "")))
                elif not answer.ok and not self._client.is_gone(answer):
                    raise self._client.error(answer)
        return found

    def set(self, id_: RemoteId, photo: Photo | None) -> None:
        """Give a contact a picture, or take it away. Not every mailbox lets us take one away: then it stays."""
        if photo is None:
            self._client.call(Ask("DELETE", self._path(id_)))
            return
        answer = self._client.upload(self._path(id_), photo.data, photo.media_type)
        if not answer.ok:
            raise self._client.error(answer)

    def _path(self, id_: str) -> str:
        return f"{self._contacts}/{segment(id_)}/photo/$value"


def _media_type(data: bytes, told: str) -> str:
    """What a picture is, by its first octets where the answer does not say."""
    said = told.partition(";")[0].strip().lower()
    if said.startswith("image/"):
        return said
    return next((kind for magic, kind in _MAGIC.items() if data.startswith(magic)), "image/jpeg")
