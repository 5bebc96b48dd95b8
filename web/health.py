"""Health: what goes well, what does not, and what to do about it (R18, R20, R22, R23)."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext, lazy_gettext, ngettext
from markupsafe import escape
from werkzeug.wrappers import Response

from bridge.config import Config
from bridge.errors import BridgeError, NotFound
from bridge.services.chronicle import actor
from bridge.services.connections import Shown
from bridge.services.sync.planning import Deletions
from bridge.services.sync.resolving import Pick
from bridge.services.troubles import FAILED
from bridge.store.models.sync import ConnectionState, ResultOutcome, RunOutcome
from web import sentences, states
from web.access import signed_in
from web.account_starting import soon
from web.numbers import number_in
from web.problems import status_of
from web.record_words import field_name, field_value
from web.replies import titled
from web.services import Services
from web.topics import Entry, Place, Topic

Answer = str | Response | tuple[str, int]
_DELETIONS = frozenset({"deleted there", "deleted here"})
_SHOWN = 200


def topic(services: Services, _config: Config) -> Topic:
    """``/health`` and everything below."""
    pages = Blueprint("health", __name__, url_prefix="/health")
    sentences.install(pages)

    @pages.get("/")
    def index() -> str:
        found = services.connections.all(signed_in(), signed_in().login)
        present = [each for each in found if each.connection.state is not ConnectionState.STOPPED]
        overview = services.troubles.overview([each.connection.id for each in present])
        return render_template("health/index.html", present=present, overview=overview, states=states)

    @pages.get("/<int:connection_id>")
    def show(connection_id: int) -> str:
        viewer = signed_in()
        shown = services.connections.show(viewer, connection_id)
        overview = services.troubles.overview([connection_id])
        return render_template(
            "health/show.html",
            shown=shown,
            tally=overview.tallies[connection_id],
            asks=_asks(services, shown),
            failed=services.troubles.results(viewer, connection_id, FAILED, before=number_in(request.args, "before")),
            runs=services.troubles.runs(viewer, connection_id),
            noticing=_noticing(services, shown),
            states=states,
        )

    @pages.get("/<int:connection_id>/left-out")
    def left_out(connection_id: int) -> str:
        viewer = signed_in()
        shown = services.connections.show(viewer, connection_id)
        outcomes = {ResultOutcome.LEFT_OUT}
        found = services.troubles.results(viewer, connection_id, outcomes, before=number_in(request.args, "before"))
        return render_template("health/left_out.html", shown=shown, found=found, states=states)

    @pages.get("/runs/<run_id>")
    def run(run_id: str) -> str:
        found = services.troubles.run(signed_in(), run_id)
        shown = services.connections.show(signed_in(), found.run.connection_id)
        return render_template("health/run.html", found=found, shown=shown, states=states)

    @pages.post("/runs/<run_id>/undo")
    def undo(run_id: str) -> Answer:
        found = services.troubles.run(signed_in(), run_id)
        shown = services.connections.show(signed_in(), found.run.connection_id)
        told = services.chronicle.undo_run(signed_in(), actor(signed_in(), _client()), run_id)
        return render_template("health/undone.html", shown=shown, told=told)

    @pages.post("/runs/<run_id>/changes/<int:change_id>/undo")
    def undo_there(run_id: str, change_id: int) -> Answer:
        told = services.chronicle.undo_there(signed_in(), actor(signed_in(), _client()), change_id)
        if told.problem:
            flash(f"“{titled(told.title)}”: {sentences.plainly(told.problem)}", "bad")
        else:
            flash(gettext("“%(title)s” is as it was before.", title=titled(told.title)), "good")
        return redirect(url_for("health.run", run_id=run_id), code=303)

    _add_answers(pages, services)
    _add_conflicts(pages, services)
    return Topic(pages, entry=Entry(Place.HEALTH, lazy_gettext("Health"), "health.index"))


def _noticing(services: Services, shown: Shown) -> str:
    """How changes there are noticed, where the service could tell of them by itself."""
    connection = shown.connection
    if not services.push.listens(connection.provider):
        return ""
    if services.push.offer.problem:
        return sentences.said(services.push.offer.problem)
    channels = services.push.channels(connection.id)
    name = states.named(states.PROVIDERS, connection.provider)
    troubled = next((each for each in channels if each.problem), None)
    if troubled is not None:
        reason = gettext("%(service)s does not tell us of changes now, so they are looked for.", service=name)
        return escape(reason) + " " + sentences.said(troubled.problem)
    if any(each.expires_at is not None for each in channels):
        return str(gettext("%(service)s tells us when something changes in the calendar.", service=name))
    return ""


def _add_answers(pages: Blueprint, services: Services) -> None:
    """Retry, ignore, and the guard's question."""

    @pages.post("/<int:connection_id>/results/<int:result_id>/retry")
    def retry(connection_id: int, result_id: int) -> Response:
        services.troubles.retry(signed_in(), connection_id, result_id)
        return _again(services, connection_id, gettext("It is looked at again in a moment."))

    @pages.post("/<int:connection_id>/results/<int:result_id>/ignore")
    def ignore(connection_id: int, result_id: int) -> Response:
        services.troubles.ignore(signed_in(), connection_id, result_id)
        flash(gettext("It is left alone from now on. Nothing was deleted."), "good")
        return redirect(url_for("health.show", connection_id=connection_id), code=303)

    @pages.post("/<int:connection_id>/retry")
    def retry_all(connection_id: int) -> Response:
        count = services.troubles.retry_all(signed_in(), connection_id)
        text = ngettext("%(num)s object is looked at again.", "%(num)s objects are looked at again.", count)
        return _again(services, connection_id, text)

    @pages.get("/<int:connection_id>/decision")
    def decision(connection_id: int) -> Answer:
        shown = services.connections.show(signed_in(), connection_id)
        return _question(services, shown)

    @pages.post("/<int:connection_id>/decision")
    def decide(connection_id: int) -> Answer:
        shown = services.connections.show(signed_in(), connection_id)
        answers = {"accept": Deletions.ACCEPT, "restore": Deletions.RESTORE}
        answer = answers.get(request.form.get("answer", ""))
        if answer is None:
            return _question(services, shown, gettext("Choose one of the two answers."))
        try:
            report = services.deciding.decide(signed_in(), connection_id, answer)
        except NotFound:
            raise
        except BridgeError as error:
            return _question(services, shown, sentences.told(error), status_of(error))
        if report is None:
            flash(gettext("It is being carried out; this takes a while."), "good")
        elif report.outcome in {RunOutcome.DONE, RunOutcome.PARTLY}:
            flash(gettext("It is done, and the sync goes on."), "good")
        else:
            flash(sentences.plainly(report.message) or gettext("It was not done."), "bad")
        return redirect(url_for("health.show", connection_id=connection_id), code=303)


def _add_conflicts(pages: Blueprint, services: Services) -> None:
    """Conflicts side by side, with a choice for each field."""

    @pages.get("/<int:connection_id>/conflicts")
    def conflicts(connection_id: int) -> Answer:
        return _conflicts(services, connection_id)

    @pages.post("/<int:connection_id>/conflicts/<int:link_id>")
    def resolve(connection_id: int, link_id: int) -> Answer:
        sent = {name.removeprefix("part-"): value for name, value in request.form.items() if name.startswith("part-")}
        if not set(sent.values()) <= {each.value for each in Pick}:
            return _conflicts(services, connection_id, gettext("Choose a side for each part."), 422)
        choices = {name: Pick(value) for name, value in sent.items()}
        try:
            services.resolving.resolve(signed_in(), connection_id, link_id, choices)
        except NotFound:
            raise
        except BridgeError as error:
            return _conflicts(services, connection_id, sentences.told(error), status_of(error))
        soon(services, connection_id)
        flash(gettext("Your choice is carried out in a moment."), "good")
        return redirect(url_for("health.conflicts", connection_id=connection_id), code=303)


def _conflicts(services: Services, connection_id: int, problem: str = "", status: int = 200) -> Answer:
    shown = services.connections.show(signed_in(), connection_id)
    try:
        found = services.resolving.conflicts(signed_in(), connection_id)
    except BridgeError as error:
        found, problem, status = [], problem or sentences.told(error), status_of(error)
    page = render_template(
        "health/conflicts.html",
        shown=shown,
        found=found,
        problem=problem,
        states=states,
        name=field_name,
        value=field_value,
    )
    return page, status


def _question(services: Services, shown: Shown, problem: str = "", status: int = 422) -> Answer:
    """What the guard saw: the list is made anew, from what both sides hold now."""
    try:
        found = services.sync.preview(shown.connection.id)
    except BridgeError as error:
        page = render_template("accounts/preview_problem.html", shown=shown, error=error)
        code = status_of(error)
        return page, 502 if code == 404 else code
    gone = [each for each in found.items if each.action in _DELETIONS]
    page = render_template(
        "health/decision.html",
        shown=shown,
        danger=found.danger,
        gone=gone[:_SHOWN],
        more=max(0, len(gone) - _SHOWN),
        counts=found.counts(),
        problem=problem,
        states=states,
    )
    return (page, status) if problem else page


def _asks(services: Services, shown: Shown) -> bool:
    """Whether the guard has a question: the last run stopped before deletions."""
    runs = services.troubles.runs(signed_in(), shown.connection.id, 1)
    return bool(runs) and runs[0].outcome is RunOutcome.DECISION and shown.status.condition.value == "decision"


def _again(services: Services, connection_id: int, text: str) -> Response:
    soon(services, connection_id)
    flash(text, "good")
    return redirect(url_for("health.show", connection_id=connection_id), code=303)


def _client() -> str:
    return request.user_agent.string[:255]
