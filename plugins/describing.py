"""Properties as PROPFIND gives them, for reports that need them: Radicale's own answer, with what we mend of it."""

from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import unquote, urlsplit
from xml.etree.ElementTree import Element

from radicale.app import Application
from radicale.app.propfind import xml_propfind_response
from radicale.storage import BaseCollection, BaseStorage

from bridge.core.user import User
from plugins.answers import tidy_multistatus
from plugins.context import current_request
from plugins.storage import Home


class Describer:
    """Describes what the signed-in user may see. ``permissions`` gives Radicale's letters for a user and a path."""

    def __init__(
        self,
        application: Application,
        storage: BaseStorage,
        permissions: Callable[[str, str], str],
        *,
        base_prefix: str,
        user: str,
    ) -> None:
        self._application = application
        self._storage = storage
        self._permissions = permissions
        self._base_prefix = base_prefix
        self._user = user

    def at(self, path: str, tags: Sequence[str]) -> Element | None:
        """Return the ``response`` with these properties (Clark names) of what lies at a path, if the user may know."""
        letters = self._permissions(self._user, path)
        item = next(iter(self._storage.discover(path, "0")), None) if set("rR") & set(letters) else None
        if item is None:
            return None
        signed_in = current_request().signed_in
        return self._response(item, path, tags, signed_in.user.email if signed_in else "", write="w" in letters)

    def of(self, user: User, tags: Sequence[str]) -> Element:
        """Return the ``response`` about another principal, whom the signed-in user knows."""
        home = Home(user.login, user.name or user.login)
        return self._response(home, f"/{user.login}/", tags, user.email, write=False)

    def path_of(self, href: str) -> str | None:
        """Return the decoded path that an href of this server means, ``None`` for any other address."""
        try:
            path = unquote(urlsplit(href.strip()).path, errors="strict")
        except ValueError:
            return None
        inside = path.startswith(f"{self._base_prefix}/") and "/../" not in f"{path}/"
        return path.removeprefix(self._base_prefix) if inside else None

    def _response(
        self, item: BaseCollection | Any, path: str, tags: Sequence[str], email: str, *, write: bool
    ) -> Element:
        # A home's rights are written in capitals, and nobody may write in one.
        response: Element = xml_propfind_response(
            self._application,
            self._base_prefix,
            path,
            item,
            tags,
            self._user,
            "utf-8",
            max_resource_size=self._application._max_resource_size,  # noqa: SLF001 - as Radicale's own PROPFIND does
            write=write,
        )
        whole = Element("{DAV:}multistatus")
        whole.append(response)
        tidy_multistatus(whole, (f"mailto:{email}",) if email else ())
        return response
