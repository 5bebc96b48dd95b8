"""Activities: the list with its filters, and one activity (R5, R10–R12)."""

from datetime import date, datetime

from babel.dates import format_skeleton, format_time
from flask import Blueprint, redirect, render_template, request, url_for
from flask_babel import get_locale, gettext, lazy_gettext
from werkzeug.wrappers import Response

from bridge.config import Config
from bridge.core import richtext
from bridge.core.activity import ActivityType
from bridge.errors import Conflict, NotFound
from bridge.services.activity_desk import Line
from bridge.services.activity_filters import EVERYONE, Filters
from web.access import signed_in
from web.activity_forms import (
    PROGRESS,
    SPANS,
    Editing,
    asked,
    blank,
    filled,
    filters,
    is_web_address,
    read_key,
    take,
    written_key,
)
from web.services import Services
from web.topics import Entry, Place, Topic
from web.undoing import back_to, offer_undo


def topic(services: Services, _config: Config) -> Topic:
    """``/activities``."""
    pages = Blueprint("activities", __name__, url_prefix="/activities")
    pages.add_app_template_filter(due, "due")
    pages.add_app_template_filter(is_web_address, "is_web_address")
    pages.add_app_template_filter(richtext.to_text, "plain_text")

    @pages.get("/")
    def index() -> str:
        return _list(services, filters())

    @pages.get("/new")
    def new() -> str:
        return _edit(blank(services.desk, signed_in(), _types(services)))

    @pages.post("/new")
    def add() -> str | Response | tuple[str, int]:
        user = signed_in()
        editing = blank(services.desk, user, _types(services))
        draft = take(editing, request.form, services.desk, user)
        if draft is None:
            return _edit(editing), 422
        run = services.desk.add(user, draft)
        offer_undo(gettext("The activity is added."), run, url_for("activities.index"))
        return redirect(url_for("activities.index"), code=303)

    @pages.get("/<int:activity_id>")
    def show(activity_id: int) -> str:
        return _show(services, services.desk.show(signed_in(), activity_id))

    _add_changes(pages, services)
    return Topic(pages, entry=Entry(Place.ACTIVITIES, lazy_gettext("Activities"), "activities.index"))


def _add_changes(pages: Blueprint, services: Services) -> None:
    """What is done to one activity."""

    @pages.post("/<int:activity_id>")
    def change(activity_id: int) -> str | Response | tuple[str, int]:
        user = signed_in()
        shown = services.desk.show(user, activity_id)
        if not shown.own:
            raise NotFound("It is not yours.")
        if shown.activity.series:
            raise _series()
        editing = filled(services.desk, user, shown.activity, _types(services))
        draft = take(editing, request.form, services.desk, user)
        if draft is None:
            return _edit(editing), 422
        run = services.desk.change(user, activity_id, draft)
        offer_undo(gettext("Saved."), run, _back())
        return redirect(_back(), code=303)

    @pages.post("/<int:activity_id>/done")
    def done(activity_id: int) -> Response:
        run = services.desk.mark(signed_in(), activity_id, done=True)
        offer_undo(gettext("Done."), run, _back())
        return redirect(_back(), code=303)

    @pages.post("/<int:activity_id>/open")
    def reopen(activity_id: int) -> Response:
        run = services.desk.mark(signed_in(), activity_id, done=False)
        offer_undo(gettext("It is to be done again."), run, _back())
        return redirect(_back(), code=303)

    @pages.post("/<int:activity_id>/delete")
    def delete(activity_id: int) -> Response:
        if services.desk.show(signed_in(), activity_id).activity.series:
            raise _series()
        run = services.desk.delete(signed_in(), activity_id)
        offer_undo(gettext("The activity is deleted."), run, _back())
        return redirect(_back(), code=303)


def due(value: date | datetime | None) -> str:
    """A due day or moment, of the user's own time zone, in the user's language."""
    if value is None:
        return ""
    day = str(format_skeleton("yMMMEd", value, locale=get_locale()))
    return f"{day} {format_time(value, 'short', locale=get_locale())}" if isinstance(value, datetime) else day


def _types(services: Services) -> dict[str, ActivityType]:
    return {kind.key: kind for kind in services.activities.types()}


def _series() -> Conflict:
    return Conflict(
        "This activity belongs to a series that comes from a calendar.",
        remedy="Edit the series in the calendar it comes from.",
    )


def _back() -> str:
    return back_to("activities.index")


def _list(services: Services, found: Filters) -> str:
    user, given = signed_in(), asked(found)
    page = services.desk.page(
        user, found, behind=read_key(request.args.get("behind", "")), before=read_key(request.args.get("before", ""))
    )
    types = _types(services)

    def neighbour(name: str, key: str) -> str:
        return url_for("activities.index", **{**given, name: key}) if key else ""

    owners = [(each.login, each.name or each.login) for each in services.desk.owners() if each.id != user.id]
    return render_template(
        "activities/index.html",
        lines=page.lines,
        types=types,
        owners=[("", gettext("Me")), *owners, (EVERYONE, gettext("All owners"))],
        kinds=[("", gettext("All types")), *((kind.key, kind.name) for kind in types.values())],
        progress=PROGRESS.items(),
        spans=SPANS.items(),
        chosen=found,
        filtered=bool(given),
        before=neighbour("before", written_key(page.before)),
        behind=neighbour("behind", written_key(page.behind)),
    )


def _edit(editing: Editing) -> str:
    return render_template("activities/edit.html", form=editing.form, activity=editing.before, picks=editing.picks)


def _show(services: Services, shown: Line) -> str:
    if shown.own and not shown.activity.series:
        return _edit(filled(services.desk, signed_in(), shown.activity, _types(services)))
    times = services.desk.occurrences(signed_in(), shown.activity.id) if shown.activity.series else []
    types = _types(services)
    return render_template("activities/show.html", line=shown, times=times, types=types)
