"""The journal: what was changed by whom, taking it back, and a table of it (R21)."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask_babel import gettext, lazy_gettext, ngettext
from werkzeug.wrappers import Response as WerkzeugResponse
from wtforms import DateField, SelectField, StringField

from bridge.config import Config
from bridge.core.user import Role, User
from bridge.errors import Conflict
from bridge.services.chronicle import JournalFilter, actor
from bridge.store.models.journal import RecordKind, Source
from web import sentences, states
from web.access import signed_in
from web.forms import SHORT, AtMost, Choice, Form
from web.links import safe_path
from web.numbers import number_in
from web.record_words import field_name, field_value
from web.replies import titled
from web.services import Services
from web.topics import Topic

_ANY = ("", lazy_gettext("any"))


class Day(DateField):
    """A day, or none. WTForms' own complaint speaks English only."""

    def process_formdata(self, valuelist: list[str]) -> None:
        """Raise ``ValueError`` for what is no day."""
        text = "".join(valuelist).strip()
        try:
            self.data = date.fromisoformat(text) if text else None
        except ValueError:
            self.data = None
            raise ValueError(gettext("A day, please.")) from None


class Wanted(Form):
    """Which entries are shown."""

    q = StringField(lazy_gettext("Title"), [AtMost(SHORT)])
    source = SelectField(lazy_gettext("Changed by"), [Choice()], validate_choice=False)
    kind = SelectField(lazy_gettext("Kind"), [Choice()], validate_choice=False)
    since = Day(lazy_gettext("From"))
    until = Day(lazy_gettext("To"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.source.choices = [_ANY, *states.SOURCES.items()]
        self.kind.choices = [_ANY, *((each.value, states.RECORDS[each.value]) for each in RecordKind)]
        for field in (self.source, self.kind):
            field.data = field.data or ""


def topic(services: Services, _config: Config) -> Topic:
    """``/journal``, ``/journal.csv`` and undo."""
    pages = Blueprint("journal", __name__)
    sentences.install(pages)

    @pages.get("/journal")
    def index() -> str:
        form, wanted = _asked()
        found = services.chronicle.entries(signed_in(), wanted, before=number_in(request.args, "before"))
        query = {name: value for name, value in request.args.items() if name != "before" and value}
        return render_template(
            "journal/index.html",
            form=form,
            found=found,
            query=query,
            run=wanted.run,
            states=states,
            name=field_name,
            value=field_value,
        )

    @pages.get("/journal.csv")
    def table() -> Response:
        _, wanted = _asked()
        text = "\ufeff" + services.chronicle.export(signed_in(), wanted)  # a mark without which Excel guesses wrongly
        answer = Response(text, content_type="text/csv; charset=utf-8")
        answer.headers["Content-Disposition"] = 'attachment; filename="journal.csv"'
        return answer

    @pages.post("/journal/<int:entry_id>/undo")
    def undo(entry_id: int) -> WerkzeugResponse:
        try:
            told = services.chronicle.undo(signed_in(), actor(signed_in(), _client()), entry_id)
        except Conflict as conflict:
            flash(sentences.plainly(str(conflict)), "bad")
        else:
            flash(gettext("“%(title)s” is as it was before.", title=titled(told.title)), "good")
            if told.left_alone:
                names = ", ".join(map(field_name, told.left_alone))
                flash(gettext("Changed again since, so left alone: %(names)s.", names=names), "good")
        return redirect(safe_path(request.form.get("next") or url_for("journal.index")), code=303)

    @pages.post("/journal/runs/<run_id>/undo")
    def undo_run(run_id: str) -> WerkzeugResponse:
        told = services.chronicle.undo_run(signed_in(), actor(signed_in(), _client()), run_id)
        done = sum(not each.problem for each in told)
        flash(ngettext("%(num)s change was taken back.", "%(num)s changes were taken back.", done), "good")
        for each in [each for each in told if each.problem][:5]:
            flash(f"“{titled(each.title)}”: {sentences.plainly(each.problem)}", "bad")
        return redirect(url_for("journal.index"), code=303)

    return Topic(pages)


def _asked() -> tuple[Wanted, JournalFilter]:
    """The form, and the filter that it means: a wrong field filters nothing, and says so."""
    form = Wanted(request.args)
    form.validate()
    good: Mapping[str, object] = {field.name: field.data for field in form if not field.errors and field.data}
    return form, _filter(good, signed_in(), request.args.get("run", "")[:64])


def _filter(good: Mapping[str, object], viewer: User, run: str) -> JournalFilter:
    zone = ZoneInfo(viewer.time_zone)
    everybody = viewer.role is Role.ADMIN and request.args.get("everybody") == "yes"
    since, until = good.get("since"), good.get("until")
    return JournalFilter(
        owner_id=None if everybody else viewer.id,
        source=Source(str(good["source"])) if "source" in good else None,
        kind=RecordKind(str(good["kind"])) if "kind" in good else None,
        text=str(good.get("q", "")).strip(),
        since=_midnight(since, zone) if isinstance(since, date) else None,
        until=_midnight(until, zone, days=1) if isinstance(until, date) else None,
        run=run,
    )


def _midnight(day: date, zone: ZoneInfo, days: int = 0) -> datetime | None:
    try:
        return datetime.combine(day + timedelta(days=days), time(), zone).astimezone(UTC)
    except OverflowError:
        return None


def _client() -> str:
    return request.user_agent.string
