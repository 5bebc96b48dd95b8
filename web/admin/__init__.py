"""Pages of administrators (R30). ``topic`` is the only entry."""

from flask import Blueprint
from flask_babel import lazy_gettext

from bridge.config import Config
from bridge.errors import BridgeError
from web.admin import clients, company, record, types, users
from web.services import Services
from web.topics import Access, Entry, Place, Topic

__all__ = ["topic"]


def topic(services: Services, config: Config) -> Topic:
    """``/admin``, and the notice that stands on every page."""
    pages = Blueprint("admin", __name__, url_prefix="/admin")
    for add in (users.add_pages, types.add_pages, company.add_pages, record.add_pages):
        add(pages, services)
    clients.add_pages(pages, services, config)

    def notice() -> str:
        try:
            return services.administration.notice()
        except BridgeError:  # the page that tells of it must not fail for the same reason
            return ""

    entry = Entry(Place.ADMIN, lazy_gettext("Administration"), "admin.users")
    return Topic(pages, Access.ADMIN, entry, banner=notice)
