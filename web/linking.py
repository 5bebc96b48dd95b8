"""Fields in which the name of a deal, person or organization is typed. What is not clear is asked, without script.

Each kind has a text field ``<kind>``, and, where several records have the name, a choice ``<kind>_pick``.
"""

from collections.abc import Mapping

from flask import request
from flask_babel import gettext, lazy_gettext
from wtforms import StringField
from wtforms.fields import Field

from bridge.core.user import User
from bridge.services.activity_desk import ActivityDesk
from bridge.store.models.journal import RecordKind
from bridge.store.record_search import Named
from web.forms import AtMost, OneLine

TITLES = {
    RecordKind.DEAL: lazy_gettext("Deal"),
    RecordKind.PERSON: lazy_gettext("Person"),
    RecordKind.ORGANIZATION: lazy_gettext("Organization"),
}
LINKED = tuple(TITLES)
Picks = dict[str, list[Named]]


def link_field(kind: RecordKind) -> StringField:
    """The text field of a kind."""
    return StringField(TITLES[kind], [AtMost(), OneLine()], filters=[lambda text: (text or "").strip()])


def names_of(desk: ActivityDesk, viewer: User, ids: Mapping[RecordKind, int | None]) -> dict[RecordKind, str]:
    """The names of what is linked now, as far as the viewer may see it."""
    return {kind: desk.names(viewer, kind, [found]).get(found, "") for kind, found in ids.items() if found}


def resolve(
    desk: ActivityDesk, viewer: User, kind: RecordKind, field: Field, present: int | None, picks: Picks
) -> int | None:
    """The record that is meant. Notes a mistake at the field, and what there is to pick from, when that is not clear.

    What is linked and may not be seen stays linked while the field is empty.
    """
    text = field.data or ""
    known = desk.names(viewer, kind, [present]).get(present, "") if present else ""
    if not text:
        return present if present and not known else None
    if present and text == known and not _picked(kind):
        return present
    found = desk.candidates(viewer, kind, text)
    wanted = _picked(kind)
    exact = [each for each in found if each.name.casefold() == text.casefold()]
    fitting = [each for each in found if each.id == wanted] or (exact if len(exact) == 1 else found)
    if len(fitting) == 1:
        return fitting[0].id
    picks[kind.value] = fitting
    problem = gettext("Several have this name: choose one.") if fitting else gettext("Nothing of this name is there.")
    field.errors = [*field.errors, problem]
    return None


def _picked(kind: RecordKind) -> int:
    text = request.form.get(f"{kind.value}_pick", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else 0
