"""``davbridge duplicates``, ``merge`` and ``distinct``: contacts that are there more than once (R17)."""

from collections.abc import Sequence
from typing import Any

import click

from bridge.cli.frame import Program, pass_program
from bridge.cli.output import as_json, moment, plain, print_json, table
from bridge.core.contact import Birthday, Labelled
from bridge.core.duplicates import Group, Match
from bridge.core.merge import FieldConflict
from bridge.core.person import Person
from bridge.services.actor import Actor
from bridge.services.duplicates import Merged, Suggestions
from bridge.store.models.journal import Source


@click.command("duplicates")
@click.argument("login")
@click.option("--region", metavar="CODE", help="Country of phone numbers without a country code, such as LV.")
@as_json
@pass_program
def duplicates(program: Program, login: str, region: str | None, *, as_json: bool) -> None:
    """List contacts of the user LOGIN that may be one person, side by side."""
    found = program.services.duplicates.find(login, region)
    if as_json:
        print_json([_json(group, found) for group in found.groups])
        return
    if not found.groups:
        click.echo("No contacts look like one person.")
    for number, group in enumerate(found.groups, 1):
        _show(number, group, found, login)


def _json(group: Group, found: Suggestions) -> dict[str, Any]:
    matches = [{"reason": m.reason, "value": m.value, "persons": m.person_ids} for m in group.matches]
    return {"matches": matches, "persons": [_person_json(member, found) for member in group.members]}


def _person_json(person: Person, found: Suggestions) -> dict[str, Any]:
    return {
        "id": person.id,
        "uid": person.uid,
        "name": person.name,
        "organization": _organization(person, found),
        "job_title": person.job_title,
        "emails": [email.value for email in person.emails],
        "phones": [phone.value for phone in person.phones],
        "labels": person.labels,
        "updated_at": person.updated_at,
    }


def _show(number: int, group: Group, found: Suggestions, login: str) -> None:
    members = group.members
    click.echo(f"Group {number}: {'; '.join(_told(match, members) for match in group.matches)}")
    rows = (
        ("name", [member.name for member in members]),
        ("organization", [_organization(member, found) for member in members]),
        ("job title", [member.job_title for member in members]),
        ("e-mail", [_values(member.emails) for member in members]),
        ("phone", [_values(member.phones) for member in members]),
        ("labels", [", ".join(member.labels) for member in members]),
        ("changed (UTC)", [moment(member.updated_at) for member in members]),
    )
    table(("person", *(str(member.id) for member in members)), [(name, *cells) for name, cells in rows])
    ids = " ".join(str(member.id) for member in members)
    click.echo(f"One person: davbridge merge {login} {ids}  (the first stays)")
    click.echo(f"Different people: davbridge distinct {login} {ids}\n")


def _told(match: Match, members: Sequence[Person]) -> str:
    whose = f" of {', '.join(map(str, match.person_ids))}" if len(match.person_ids) < len(members) else ""
    return f"{match.reason}{f' {plain(match.value)}' if match.value else ''}{whose}"


def _organization(person: Person, found: Suggestions) -> str:
    return found.organizations.get(person.organization_id or 0, "")


def _values(values: Sequence[Labelled]) -> str:
    return ", ".join(each.value for each in values)


@click.command("merge")
@click.argument("login")
@click.argument("survivor", type=int)
@click.argument("others", type=int, nargs=-1, required=True, metavar="OTHER…")
@as_json
@pass_program
def merge(program: Program, login: str, survivor: int, others: tuple[int, ...], *, as_json: bool) -> None:
    """Make one contact of several: person SURVIVOR gets all that the OTHERs have, and those are deleted."""
    services = program.services
    actor = _actor(program, login, "davbridge merge")
    merged = services.duplicates.merge(actor, survivor, others)
    program.finish_drawing()
    if as_json:
        print_json(_merged_json(merged))
        return
    click.echo(f"Person {survivor} “{plain(merged.person.name)}” has what persons {', '.join(map(str, others))} had.")
    click.echo(f"Activities linked anew: {merged.activities}. Deals: {merged.deals}.")
    for conflict in merged.left_out:
        click.echo(f"Not taken over, {conflict.field.replace('_', ' ')}: {plain('; '.join(_lost(conflict)))}")
    click.echo(f"Take it back with “davbridge undo --run {merged.run}”.")


def _merged_json(merged: Merged) -> dict[str, Any]:
    return {
        "run": merged.run,
        "person": merged.person.id,
        "activities": merged.activities,
        "deals": merged.deals,
        "left_out": {conflict.field: _lost(conflict) for conflict in merged.left_out},
    }


def _lost(conflict: FieldConflict) -> list[str]:
    values = conflict.lost if isinstance(conflict.lost, tuple) else (conflict.lost,)
    return [_day(value) if isinstance(value, Birthday) else str(value) for value in values]


def _day(birthday: Birthday) -> str:
    year = f"{birthday.year:04}" if birthday.year else "-"
    return f"{year}-{birthday.month:02}-{birthday.day:02}"


@click.command("distinct")
@click.argument("login")
@click.argument("persons", type=int, nargs=-1, required=True, metavar="PERSON…")
@click.option("--forget", is_flag=True, help="Suggest them again.")
@pass_program
def distinct(program: Program, login: str, persons: tuple[int, ...], *, forget: bool) -> None:
    """Remember that contacts of the user LOGIN are different people, however alike they look."""
    actor = _actor(program, login, "davbridge distinct")
    services = program.services
    if forget:
        services.duplicates.suggest_again(actor, persons)
        click.echo("They may be suggested again.")
    else:
        services.duplicates.keep_apart(actor, persons)
        click.echo("They are not suggested as one person any more.")


def _actor(program: Program, login: str, client: str) -> Actor:
    """Somebody may change only what the user owns for whom they act. Raises ``NotFound``."""
    return Actor(program.services.principals.find(login).id, Source.CRM, client=client)
