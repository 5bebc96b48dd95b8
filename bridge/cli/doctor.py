"""``davbridge doctor``: everything that can be looked at, each finding with its remedy."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict

import click

from bridge.cli.frame import Program, pass_program
from bridge.cli.output import Advance, as_json, plain, print_json, progress
from bridge.errors import ConfigError
from bridge.services.health import Files, Finding

CHECKS = ("configuration", "secret", "TLS", "database", "clock", "push", "resources", "rules")
_NAMED = 20  # findings of one check that are told one by one


@click.command("doctor")
@as_json
@pass_program
@click.pass_context
def doctor(ctx: click.Context, program: Program, *, as_json: bool) -> None:
    """Look at configuration, files, clock and database, and tell what is wrong and what to do."""
    findings = list(_findings(program))
    if as_json:
        print_json([asdict(finding) for finding in findings])
    else:
        _tell(findings)
    if any(not finding.warning for finding in findings):
        ctx.exit(1)


def _findings(program: Program) -> Iterator[Finding]:
    try:
        config, services = program.config, program.bare_services
    except ConfigError as error:
        for problem in error.problems:
            yield Finding("configuration", problem, "Correct the configuration.")
        return
    health = services.health
    yield from health.check_files(Files(config.security.secret_file, config.server.certificate, config.server.key))
    broken = list(health.check_database())
    yield from broken
    if broken:
        return
    yield from health.check_clock()
    yield from services.push.check()
    yield from _long("Resources", health.check_resources)
    yield from _long("Rules", health.check_rules)


def _long(what: str, check: Callable[[Advance], Iterator[Finding]]) -> Iterator[Finding]:
    with progress(what) as advance:
        yield from check(advance)


def _tell(findings: list[Finding]) -> None:
    counts = Counter(finding.check for finding in findings)
    told: Counter[str] = Counter()
    for finding in findings:
        told[finding.check] += 1
        if told[finding.check] <= _NAMED:
            kind = "Warning" if finding.warning else "Wrong"
            click.echo(f"{kind}: {plain(finding.problem)} {plain(finding.remedy)}")
    for check, count in counts.items():
        if count > _NAMED:
            click.echo(f"… and {count - _NAMED} more about {check}.")
    click.echo(f"Looked at {', '.join(CHECKS)}: {len(findings) or 'no'} finding{'' if len(findings) == 1 else 's'}.")
