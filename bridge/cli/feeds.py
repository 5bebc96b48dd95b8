"""``davbridge feed``: read-only addresses for programs that only subscribe (R26)."""

import click

from bridge.cli.frame import Program, pass_program
from bridge.cli.output import as_json, moment, print_json, table
from bridge.core.feed import FeedPrivacy


@click.group("feed")
def group() -> None:
    """Add, list and revoke read-only calendar feeds."""


@group.command("add")
@click.argument("login")
@click.option("--name", required=True, help="Who or what subscribes, such as “Family calendar”.")
@click.option(
    "--private",
    type=click.Choice([choice.value for choice in FeedPrivacy]),
    default=FeedPrivacy.BUSY.value,
    show_default=True,
    help="Private activities: shown in full, left out, or only that you are busy.",
)
@pass_program
def add(program: Program, login: str, name: str, private: str) -> None:
    """Make a feed of the activities of the user LOGIN. The last line of the output is its address."""
    feed, secret = program.services.feeds.add(login, name, FeedPrivacy(private))
    click.echo(f"Feed {feed.id}: {feed.name}")
    click.echo("Whoever knows this address can read the activities. It is shown only now:")
    click.echo(f"{program.address}/feeds/{secret}/activities.ics")


@group.command("list")
@click.argument("login", required=False)
@as_json
@pass_program
def list_feeds(program: Program, login: str | None, *, as_json: bool) -> None:
    """List all feeds, or those of the user LOGIN."""
    found = program.services.feeds.list(login)
    if as_json:
        print_json(
            [
                {
                    "id": feed.id,
                    "login": owner,
                    "name": feed.name,
                    "private": feed.private,
                    "created_at": feed.created_at,
                    "last_used_at": feed.last_used_at,
                    "revoked_at": feed.revoked_at,
                }
                for owner, feed in found
            ]
        )
        return
    rows = [
        (str(f.id), owner, f.name, f.private.value, moment(f.created_at), moment(f.last_used_at), moment(f.revoked_at))
        for owner, f in found
    ]
    table(("id", "login", "name", "private", "added", "last used", "revoked"), rows)


@group.command("revoke")
@click.argument("feed_id", metavar="ID", type=int)
@pass_program
def revoke(program: Program, feed_id: int) -> None:
    """Make the address of feed ID useless at once."""
    program.services.feeds.revoke(feed_id)
    click.echo(f"Revoked feed {feed_id}.")
