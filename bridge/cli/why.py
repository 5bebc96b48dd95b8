"""``davbridge why``: is it there, and if not, which rule keeps it out (R20)."""

from dataclasses import asdict

import click

from bridge.cli.frame import Program, pass_program
from bridge.cli.output import as_json, moment, plain, print_json
from bridge.services.explain import Answer, Place
from bridge.services.sync.explaining import Synced


@click.command("why")
@click.argument("login")
@click.argument("item")
@click.option("--connection", type=int, metavar="ID", help="Ask about this connection instead of the user's home.")
@as_json
@pass_program
@click.pass_context
def why(ctx: click.Context, program: Program, login: str, item: str, connection: int | None, *, as_json: bool) -> None:
    """Tell where ITEM is in the home of the user LOGIN, or why it is not; or in one of their connections.

    ITEM is an id, a UID, an href or address, or a part of a subject or name.
    """
    if connection is not None:
        _why_synced(ctx, program.services.sync_explain.why(login, item, connection), as_json=as_json)
        return
    answers = program.services.explain.why(login, item)
    if as_json:
        print_json([_json(answer) for answer in answers])
    elif not answers:
        _nothing(program, login, item)
    for answer in answers if not as_json else ():
        _tell(answer)
    if not answers:
        ctx.exit(1)


def _why_synced(ctx: click.Context, found: list[Synced], *, as_json: bool) -> None:
    if as_json:
        print_json([asdict(each) for each in found])
    for each in found if not as_json else ():
        click.echo(f"{each.kind} {each.local_id or ''} “{plain(each.title)}”: {_synced(each)}")
    if not found:
        if not as_json:
            click.echo("There is nothing of that id, UID, href or name, and the last syncs have not met any.")
        ctx.exit(1)


def _synced(each: Synced) -> str:
    because = " ".join(filter(None, (f"{each.rule}:" if each.rule else "", plain(each.reason), each.remedy)))
    if not each.there:
        return f"not in sync. {because}"
    there = f"in sync as {plain(each.remote_id)}, since {moment(each.since)} UTC"
    return f"{there}; but: {because}" if because else there


def _json(answer: Answer) -> dict[str, object]:
    places = [{"there": place.there, **asdict(place)} for place in answer.places]
    return {**asdict(answer), "places": places}


def _nothing(program: Program, login: str, item: str) -> None:
    click.echo(f"There is no activity, person or organization with the id, UID, href or name “{plain(item)}”.")
    click.echo("If a device should have sent it, it was refused or it never arrived: look at the device's messages.")
    for _, device in program.services.devices.list(login):
        if device.revoked_at is None:
            used = f"{moment(device.last_used_at)} UTC, {device.last_client}" if device.last_used_at else "never"
            click.echo(f"  Device {device.id} “{plain(device.name)}” was last used: {plain(used)}")


def _tell(answer: Answer) -> None:
    click.echo(f"{answer.kind} {answer.id} “{plain(answer.title)}”, owned by {answer.owner}, UID {plain(answer.uid)}")
    if (deletion := answer.deleted_by) is not None:
        through = deletion.device or deletion.client or deletion.source
        click.echo(
            f"  Deleted by {deletion.by} through {plain(through)} on {moment(deletion.at)} UTC "
            f"(journal entry {deletion.id}): undo with “davbridge undo {deletion.id}”."
        )
    for place in answer.places:
        click.echo(f"  {place.collection}: {_place(place)}")


def _place(place: Place) -> str:
    because = f"{place.rule}: {place.reason} {place.remedy}" if place.rule else f"{place.reason} {place.remedy}"
    if not place.there:
        return f"not there. {because}"
    masked = ", shown as busy only, since it is private (R10)" if place.masked else ""
    there = f"there, as {plain(place.href)}, since {moment(place.since)} UTC{masked}"
    return f"{there}; but it should not be. {because}" if place.reason else there
