"""The landing page: which address to type into which program."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from flask import Blueprint, render_template, request
from flask_babel import get_locale, gettext

from bridge.config import Config

# The path that stands for the user's own name in an address.
_LOGIN = "<login>"


@dataclass(frozen=True, slots=True)
class Addresses:
    """The addresses of this installation as its visitors reach it. ``host`` has the port, if one is needed."""

    root: str
    host: str

    @property
    def dav(self) -> str:
        """The DAV root, for clients that look around themselves."""
        return f"{self.root}/dav/"

    @property
    def davx5(self) -> str:
        """The link that opens DAVx5 on Android; it always means https."""
        return f"davx5://{self.host}/dav/"

    def collection(self, name: str) -> str:
        """One collection of the user who is called ``<login>`` here."""
        return f"{self.dav}{_LOGIN}/{name}/"


@dataclass(frozen=True, slots=True)
class Collection:
    """A row of the table of addresses."""

    title: str
    address: str
    content: str


def blueprint(config: Config) -> Blueprint:
    """``/``: title, addresses, and the steps for the commonest programs."""
    landing = Blueprint("landing", __name__)

    @landing.get("/")
    def index() -> str:
        addresses = _addresses(config.server.base_url or request.url_root)
        return render_template(
            "landing/index.html",
            title=config.web.title,
            language=str(get_locale()),
            addresses=addresses,
            collections=_collections(addresses),
        )

    return landing


def _addresses(base_url: str) -> Addresses:
    root = base_url.rstrip("/")
    return Addresses(root, urlsplit(root).netloc)


def _collections(addresses: Addresses) -> tuple[Collection, ...]:
    return (
        Collection(gettext("Activities"), addresses.collection("activities"), gettext("Calendar (events)")),
        Collection(gettext("Tasks"), addresses.collection("tasks"), gettext("To-do list")),
        Collection(gettext("Contacts"), addresses.collection("contacts"), gettext("Address book")),
        Collection(
            gettext("A colleague’s activities"),
            addresses.collection("of-<colleague>"),
            gettext("Calendar, read-only"),
        ),
    )
