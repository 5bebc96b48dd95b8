"""Why? What keeps an activity, event or contact out, and the button that lets it in (R20)."""

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, render_template, request, url_for
from flask_babel import lazy_gettext

from bridge.config import Config
from bridge.services.asking import LONGEST, About
from bridge.services.connections import Shown
from bridge.services.explain import Answer
from bridge.services.explain import Place as Position
from bridge.services.status import Condition
from bridge.services.sync.explaining import Synced
from web import sentences, states
from web.access import signed_in
from web.services import Services
from web.topics import Entry, Place, Topic

_OPTIONS = {"R7": "calendar-direction", "R8": "calendar-types", "R10": "calendar-private", "R15": "contacts-direction"}
_CHANGE, _LOOK = lazy_gettext("Change this setting"), lazy_gettext("Look at the object")
_STARTING = {
    Condition.CHOOSE: (lazy_gettext("Choose settings"), "accounts.show"),
    Condition.RECONNECT: (lazy_gettext("Reconnect"), "accounts.reconnect"),
    Condition.NOT_CONNECTED: (lazy_gettext("Reconnect"), "accounts.reconnect"),
    Condition.DECISION: (lazy_gettext("Decide"), "accounts.show"),
    Condition.PAUSED: (lazy_gettext("Go on"), "accounts.start"),
    Condition.UP_TO_DATE: (lazy_gettext("Sync now"), "accounts.sync"),
    Condition.FIRST_SYNC: (lazy_gettext("Look how far it is"), "accounts.show"),
    Condition.WAITING: (lazy_gettext("Sync now"), "accounts.sync"),
}
_POSTED = frozenset({"accounts.start", "accounts.sync", "journal.undo"})


@dataclass(frozen=True, slots=True)
class Fix:
    """A button that does something about it: ``post`` changes something at once, the others lead to a page."""

    text: str
    url: str
    post: bool = False


def topic(services: Services, _config: Config) -> Topic:
    """``/why?q=``, the page of the search box."""
    pages = Blueprint("why", __name__)
    sentences.install(pages)

    @pages.get("/why")
    def index() -> str:
        question = request.args.get("q", "").strip()
        too_long = len(question) > LONGEST
        told = services.asking.ask(signed_in(), "" if too_long else question)
        return render_template(
            "why/index.html",
            question=question[:LONGEST],
            too_long=too_long,
            told=told,
            states=states,
            place_fix=place_fix,
            synced_fix=synced_fix,
        )

    return Topic(pages, entry=Entry(Place.WHY, lazy_gettext("Why?"), "why.index"), search="why.index")


def place_fix(answer: Answer, place: Position) -> Fix | None:
    """What helps where a collection does not show a record."""
    if answer.deleted_by is not None and place.rule == "R21":
        return _fix(lazy_gettext("Undo the deletion"), "journal.undo", entry_id=answer.deleted_by.id)
    return None


def synced_fix(about: About, synced: Synced) -> Fix | None:
    """What helps where a connection does not sync an object."""
    number = about.shown.connection.id
    if not synced.reason:
        return None
    if synced.rule in _OPTIONS:
        chosen = url_for("accounts.show", connection_id=number)
        return Fix(str(_CHANGE), f"{chosen}#{_OPTIONS[synced.rule]}")
    if synced.rule == "R14":
        return Fix(
            str(lazy_gettext("See who can grant it")), url_for("accounts.show", connection_id=number) + "#contacts"
        )
    if synced.rule in {"R18", ""}:
        return _starting(about.shown, synced)
    return None


def _starting(shown: Shown, synced: Synced) -> Fix | None:
    """An object that failed is looked at on the page of health; for the rest the connection is what has to go on."""
    number = shown.connection.id
    if not synced.rule and not synced.there and synced.reason != _WAITS:
        return Fix(str(_LOOK), url_for("health.show", connection_id=number))
    found = _STARTING.get(shown.status.condition)
    return _fix(found[0], found[1], connection_id=number) if found else None


_WAITS = "The next run has not happened yet."


def _fix(text: str, endpoint: str, **values: Any) -> Fix:
    return Fix(str(text), url_for(endpoint, **values), endpoint in _POSTED)
