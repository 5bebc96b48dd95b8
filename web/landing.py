"""The landing page: which address to type into which program."""

from dataclasses import dataclass

from flask import Blueprint, render_template
from flask_babel import gettext

from bridge.config import Config
from web.access import current_user
from web.addresses import LOGIN, Addresses
from web.links import root
from web.services import Services
from web.topics import Access, Topic


@dataclass(frozen=True, slots=True)
class Collection:
    """A row of the table of addresses."""

    title: str
    address: str
    content: str


def topic(_services: Services, config: Config) -> Topic:
    """``/``: title, addresses, and the steps for the commonest programs."""
    landing = Blueprint("landing", __name__)

    @landing.get("/")
    def index() -> str:
        user = current_user()
        addresses = Addresses(root(config), user.login if user else LOGIN)
        return render_template("landing/index.html", addresses=addresses, collections=_collections(addresses))

    return Topic(landing, Access.PUBLIC)


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
