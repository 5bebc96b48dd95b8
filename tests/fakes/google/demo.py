"""``make demo-google``: the demo company, connected to a Google of our own, to watch a sync or to try a program with.

Both live as long as the command, in a folder that is removed in the end. Arguments are those of ``davbridge demo``.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from threading import Event, Thread
from types import FrameType
from urllib.parse import parse_qs, urlencode, urlsplit

from tests.fakes.google.people import MY_CONTACTS
from tests.fakes.google.server import ADDRESS, FakeGoogle
from tests.providers.servers import Reply, Request, scripted

TOKEN = "demo"
PAUSE = 1.0  # seconds between messages about changes

_PROGRAM = (sys.executable, "-c", "from bridge.cli import main; main()")
_USUAL_PORT = "8080"
_HELLO = """
Google: {url}, with the calendar and the contacts of {address}. Nothing of it is kept.
See what is in the calendar there, put something into it, and look at the page again:

  curl -s -H 'Authorization: Bearer {token}' {events}
  curl -s -H 'Authorization: Bearer {token}' {events} -d '{event}'
"""


@dataclass
class DemoGoogle:
    """A Google whose clock is right, whose users consent to everything, and which tells of changes."""

    fake: FakeGoogle = field(default_factory=FakeGoogle)
    _codes: int = 0

    def __post_init__(self) -> None:
        calendars = self.fake.calendars
        calendars.primary.now = calendars.channels.now = self.fake.people.now = _now
        self.fake.oauth.good.add(TOKEN)
        for number, name in enumerate(("Dentist", "Lunch with Līga", "Car inspection"), 1):
            calendars.primary.insert(_event(name, number))
        names = [{"givenName": "Ilze", "familyName": "Kalniņa"}]
        numbers = [{"value": "+371 20000001", "type": "mobile"}]
        member = [{"contactGroupMembership": {"contactGroupResourceName": MY_CONTACTS}}]
        self.fake.people.create({"names": names, "phoneNumbers": numbers, "memberships": member})

    def __call__(self, request: Request) -> Reply:
        if urlsplit(request.path).path == "/auth":
            return self._consented(parse_qs(urlsplit(request.path).query))
        return self.fake(request)

    def _consented(self, asked: Mapping[str, list[str]]) -> Reply:
        """Send the browser back with a code, as if its user had ticked every box."""
        self._codes += 1
        code, back = f"code-{self._codes}", asked["redirect_uri"][0]
        self.fake.oauth.codes[code] = (asked["code_challenge"][0], back, tuple(asked["scope"][0].split()))
        return Reply(302, {"Location": f"{back}?{urlencode({'code': code, 'state': asked['state'][0]})}"}, b"")

    @property
    def events(self) -> str:
        """Where the events are."""
        return f"{self.fake.url}/calendar/v3/calendars/primary/events"

    def hello(self) -> str:
        """What its user has to know."""
        event = json.dumps(_event("From Google", 4), ensure_ascii=False)
        return _HELLO.format(url=self.fake.url, address=ADDRESS, token=TOKEN, events=self.events, event=event)


@contextmanager
def demo_google() -> Iterator[DemoGoogle]:
    """Run it, with its messages about changes."""
    demo, ended = DemoGoogle(), Event()
    with scripted(demo) as running:
        demo.fake.url = demo.fake.people.url = running.url.rstrip("/")
        telling = Thread(target=_tell, args=(demo.fake, ended))
        telling.start()
        try:
            yield demo
        finally:
            ended.set()
            telling.join()


def environment(demo: DemoGoogle, folder: Path, port: str) -> dict[str, str]:
    """What makes davbridge keep everything in the folder and take this Google for the real one."""
    known = demo.fake.installation
    return {
        "DAVBRIDGE_DATABASE_URL": f"sqlite:///{folder}/davbridge.sqlite3",
        "DAVBRIDGE_SECURITY_SECRET_FILE": str(folder / "secret.key"),
        "DAVBRIDGE_SERVER_PORT": port,
        "DAVBRIDGE_SERVER_BASE_URL": f"http://127.0.0.1:{port}",  # where changes are told
        "DAVBRIDGE_GOOGLE_CLIENT_ID": known.client_id,
        "DAVBRIDGE_GOOGLE_CLIENT_SECRET": known.client_secret,
        "DAVBRIDGE_GOOGLE_CALENDAR_URL": known.calendar_url,
        "DAVBRIDGE_GOOGLE_PEOPLE_URL": known.people_url,
        "DAVBRIDGE_GOOGLE_TOKEN_URL": known.token_url,
        "DAVBRIDGE_GOOGLE_AUTHORIZATION_URL": known.authorization_url,
    }


def prepare(davbridge: Callable[..., str], demo: DemoGoogle, folder: Path, *size: str) -> str:
    """Fill the database and connect its administrator; what the demo company says of itself."""
    davbridge("migrate")
    said = davbridge("demo", *size)
    login = next(each["login"] for each in json.loads(davbridge("user", "list", "--json")) if each["role"] == "admin")
    token = folder / "token.json"
    token.write_text(demo.fake.secret(access_token=TOKEN), encoding="utf-8")
    account = ("--provider", "google", "--address", ADDRESS, "--token-file", str(token))
    davbridge("connection", "add", login, *account, "--calendar", "default", "--group", "default", "--start")
    return said


def main() -> int:
    """Run both until somebody ends them."""
    _on_signals(lambda *_: sys.exit(1))  # which removes the folder
    with tempfile.TemporaryDirectory(prefix="davbridge-google-") as folder, demo_google() as demo:
        port = os.environ.get("DAVBRIDGE_SERVER_PORT", _USUAL_PORT)
        environ = os.environ | environment(demo, Path(folder), port)

        def davbridge(*arguments: str) -> str:
            run = subprocess.run((*_PROGRAM, *arguments), env=environ, stdout=subprocess.PIPE, check=True)
            return run.stdout.decode()

        try:
            said = prepare(davbridge, demo, Path(folder), *sys.argv[1:])
        except subprocess.CalledProcessError as error:  # which has said why
            return error.returncode
        sys.stdout.write(said + demo.hello() + "\n")
        sys.stdout.flush()
        return _serve(environ)


def _serve(environ: Mapping[str, str]) -> int:
    """Serve until a signal ends it; the server ends in its own way, whoever of us gets the signal."""
    server = subprocess.Popen((*_PROGRAM, "serve"), env=environ)

    _on_signals(lambda *_: server.terminate())
    return server.wait()


def _on_signals(end: Callable[[int, FrameType | None], object]) -> None:
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, end)


def _tell(fake: FakeGoogle, ended: Event) -> None:
    while not ended.wait(PAUSE):
        with suppress(OSError):  # nobody listens yet, or any more
            fake.calendars.tell()


def _event(name: str, days: int) -> dict[str, object]:
    start = datetime.combine(_now().date() + timedelta(days=days), time(10), UTC)
    moments = {"start": start, "end": start + timedelta(hours=1)}
    return {"summary": name} | {key: {"dateTime": moment.isoformat()} for key, moment in moments.items()}


def _now() -> datetime:
    return datetime.now(UTC)


if __name__ == "__main__":
    sys.exit(main())
