"""Is everything as it should be? Each check yields findings, each with its remedy. Nothing is changed."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bridge.errors import BridgeError, Invalid
from bridge.ports import Clock
from bridge.services import certificates
from bridge.services.health_rows import collection_problems, resource_problems
from bridge.services.health_rules import out_of_step
from bridge.services.settings import Settings
from bridge.store import accounts, collections, inspection, resources
from bridge.store.database import Database

_NEVER_BEFORE = datetime(2026, 1, 1, tzinfo=UTC)
_SLACK = timedelta(minutes=5)
_SOON = timedelta(days=14)
_STEP = 200  # resources between two signs of progress

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is wrong, and what to do about it. A ``warning`` is not wrong yet."""

    check: str
    problem: str
    remedy: str
    warning: bool = False


@dataclass(frozen=True, slots=True)
class Files:
    """The files that an installation needs beside its database."""

    secret: Path
    certificate: Path | None = None
    key: Path | None = None


class Health:
    """Looks at the files, the clock and the database."""

    def __init__(self, database: Database, clock: Clock, settings: Settings) -> None:
        self._database = database
        self._clock = clock
        self._settings = settings

    def check_files(self, files: Files) -> Iterator[Finding]:
        """The secret's mode, and the TLS certificate."""
        try:
            mode = files.secret.stat().st_mode & 0o777
        except OSError as error:
            yield Finding("secret", f"{files.secret} cannot be read: {error.strerror}.", "Restore it from a backup.")
        else:
            if mode & 0o077:
                problem = f"{files.secret} can be read by others (mode {mode:03o})."
                yield Finding("secret", problem, f"chmod 600 {files.secret}")
        if files.certificate is not None and files.key is not None:
            yield from self._check_tls(files.certificate, files.key)

    def _check_tls(self, certificate: Path, key: Path) -> Iterator[Finding]:
        try:
            certificates.check_pair(certificate, key)
            end = certificates.not_after(certificate)
        except Invalid as error:
            yield Finding("TLS", str(error), "Name a readable PEM certificate chain and its key in [server].")
            return
        left = end - self._clock.now()
        if left < timedelta():
            yield Finding("TLS", f"The certificate ended on {end:%Y-%m-%d}.", "Renew it and start the server again.")
        elif left < _SOON:
            problem = f"The certificate ends on {end:%Y-%m-%d}, in {left.days} days."
            yield Finding("TLS", problem, "Renew it.", warning=True)

    def check_database(self) -> Iterator[Finding]:
        """Whether the database answers and has the tables of this version; if not, no later check makes sense."""
        try:
            problems = self._database.check_schema()
        except BridgeError as error:
            yield Finding("database", str(error), error.remedy or "Look at [database] url, and at the database itself.")
            return
        for problem in problems:
            yield Finding("database", problem, "Run “davbridge migrate”, or install the version that fits.")

    def check_clock(self) -> Iterator[Finding]:
        """Whether the clock is plausible, and not behind what is stored."""
        now = self._clock.now()
        if now < _NEVER_BEFORE:
            yield Finding("clock", f"The clock says {now:%Y-%m-%d}.", "Set the clock, for instance by NTP.")
        with self._database.read() as session:
            latest = inspection.latest_change(session)
        if latest is not None and latest > now + _SLACK:
            problem = f"The latest change was made in the future, at {latest:%Y-%m-%d %H:%M} UTC."
            yield Finding("clock", problem, "Set the clocks of all machines that use this database, by NTP.")

    def check_resources(self, progress: Progress) -> Iterator[Finding]:
        """Whether every finished text is what its row says of it, in bounded memory."""
        with self._database.read() as session:
            users = accounts.users(session).values()
            homes = [c for user in users for c in collections.collections_in_home(session, user.login)]
            total, done = inspection.count_resources(session), 0
            for collection in homes:
                where = f"{collection.owner}/{collection.name}"
                for problem, remedy in collection_problems(session, collection):
                    yield Finding("resources", f"{where}: {problem}", remedy)
                for resource in resources.listing(session, collection.id, text=True):
                    for problem, remedy in resource_problems(collection, resource):
                        yield Finding("resources", f"{where}: {problem}", remedy)
                    done += 1
                    if done % _STEP == 0:
                        progress(done, total)

    def check_rules(self, progress: Progress) -> Iterator[Finding]:
        """Whether each record stands in exactly the collections that the rules say, as it would be drawn now."""
        for found in out_of_step(self._database, self._settings, self._clock.now(), progress):
            problem = f"The {found.kind} {found.id} of {found.owner} is not shown as the rules say."
            remedy = f"Run “davbridge user set {found.owner} --enabled”, which draws everything of this user again."
            yield Finding("rules", problem, remedy)
