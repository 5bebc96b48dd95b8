"""A user's whole way through the page, over a real server and a stock Radicale, with script and without."""

from __future__ import annotations

import plistlib
import re
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from caldav import DAVClient
from caldav.lib.error import AuthorizationError
from playwright.sync_api import Page, expect

from bridge.core.activity import Activity
from bridge.core.event import Privacy
from tests.browser.chromium import PATIENCE, Visitor
from tests.harness import CRM, ics
from tests.providers.servers import LOGIN, PASSWORD, RemoteServer, radicale
from tests.system.server import ServerProcess, serving
from tests.system.syncing import await_that
from tests.web.conftest import PASSWORD as PAGE_PASSWORD

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

LATER = datetime.now(UTC).date() + timedelta(days=30)  # what is over does not travel (R6)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    folder = tmp_path_factory.mktemp("server")
    with serving(folder, f"sqlite:///{folder}/davbridge.sqlite3", workers=1) as server:
        yield server


@pytest.fixture(scope="module")
def remote(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RemoteServer]:
    with radicale(tmp_path_factory.mktemp("radicale")) as remote:
        yield remote


@dataclass
class Course:
    """A user with a browser, and a calendar elsewhere."""

    server: ServerProcess
    remote: RemoteServer
    login: str
    page: Page
    script: bool
    calendar: str = field(init=False)

    def __post_init__(self) -> None:
        name = f"Work of {self.login}"
        self.calendar = self.remote.make_calendar(name).removeprefix(self.remote.url.rstrip("/"))

    def add(self, subject: str, type_key: str, privacy: Privacy = Privacy.PUBLIC) -> int:
        owner = self.server.services.principals.find(self.login).id
        new = Activity("", owner, subject, type_key, LATER, datetime(2000, 1, 1, 10).time(), privacy=privacy)
        return self.server.services.activities.create(CRM, new).id

    def subject(self, id_: int) -> str:
        return self.server.services.activities.get(id_).subject

    def there(self) -> dict[str, str]:
        """The events there: summary and class."""
        text = self.remote.must("GET", self.calendar).body.decode()
        events = re.findall(r"BEGIN:VEVENT\r?\n(.*?)END:VEVENT", text, re.DOTALL)
        return {_line(event, "SUMMARY"): _line(event, "CLASS") for event in events}

    def rename_there(self, before: str, after: str) -> None:
        """Somebody renames an event with another program."""
        listing = self.remote.must("PROPFIND", self.calendar, headers={"Depth": "1"}).body.decode()
        for path in re.findall(r"<href>([^<]+\.ics)</href>", listing):
            text = self.remote.must("GET", path).body.decode()
            if f"SUMMARY:{before}" in text:
                self.remote.must("PUT", path, text.replace(f"SUMMARY:{before}", f"SUMMARY:{after}"))
                return
        pytest.fail(f"There is no event “{before}”: {self.there()}")

    def press(self, name: str) -> None:
        self.page.get_by_role("button", name=name, exact=True).first.click()

    def follow(self, name: str) -> None:
        self.page.get_by_role("link", name=name, exact=True).first.click()

    def until(self, text: str) -> None:
        """Wait until the page shows a text: with script it comes by itself, else the page is loaded again."""
        shown = self.page.locator("main").get_by_text(text).first
        if self.script:
            shown.wait_for()
            return
        await_that(lambda: self._reload() or shown.is_visible(), self.page.content)

    def _reload(self) -> None:
        self.page.reload()

    def save(self, part: str) -> None:
        """With script every change is saved at once, else by a button."""
        section = self.page.get_by_role("region", name=part, exact=True)
        if self.script:
            expect(section.locator("output.saved")).to_have_text("Saved.", timeout=PATIENCE)
        else:
            section.get_by_role("button", name="Save").click()
            expect(self.page.locator(".notice.good")).to_have_text("Saved.")


def _line(event: str, name: str) -> str:
    found = re.search(rf"^{name}[^:\r\n]*:(.*?)\r?$", event, re.MULTILINE)
    return found[1] if found else ""


@pytest.fixture(params=[True, False], ids=["script", "no-script"])
def course(
    request: pytest.FixtureRequest,
    server: ServerProcess,
    remote: RemoteServer,
    visitor: Callable[..., Visitor],
) -> Iterator[Course]:
    login = server.add_user("anna").login
    server.services.signing_in.set_password(login, PAGE_PASSWORD)
    opened = visitor(server.url, script=request.param)
    opened.sign_in(login)
    yield Course(server, remote, login, opened.page, request.param)
    server.check()


def test_from_the_first_sign_in_to_an_undone_change(course: Course) -> None:
    call = course.add("Call the bank", "call")
    course.add("Fetch the car", "task")
    course.add("See the doctor", "meeting", Privacy.PRIVATE)
    connect(course)
    choose(course)
    preview_and_start(course)
    await_that(lambda: len(course.there()) == 2, course.server.said)
    assert course.there() == {"Call the bank": "", "See the doctor": "PRIVATE"}
    course.until("Up to date")
    edit_there_and_see_it_here(course, call)
    undo(course, call)


def connect(course: Course) -> None:
    page = course.page
    course.follow("My accounts")
    course.follow("Add an account")
    page.get_by_label("E-mail address, or the address of the server").fill(course.remote.url)
    page.get_by_label("Kind of account").select_option("CalDAV")
    course.press("Continue")
    page.get_by_label("Password or app password").fill("wrong")
    page.get_by_label("User name").fill(LOGIN)
    page.get_by_label("What you call it").fill("Work")
    course.press("Connect the account")
    expect(page.get_by_role("alert")).to_contain_text("password")
    expect(page.get_by_label("User name")).to_have_value(LOGIN)
    page.get_by_label("Password or app password").fill(PASSWORD)
    course.press("Connect the account")


def choose(course: Course) -> None:
    page = course.page
    expect(page.get_by_role("heading", level=1)).to_have_text("Choose a calendar")
    page.get_by_label(f"Work of {course.login}").check()
    course.press("Save")
    calendar = page.get_by_role("region", name="Calendar", exact=True)
    calendar.get_by_label("Task").uncheck()
    course.save("Calendar")
    calendar.get_by_label("Sync as private").check()
    course.save("Calendar")
    page.reload()
    expect(calendar.get_by_label("Task")).not_to_be_checked()
    expect(calendar.get_by_label("Call")).to_be_checked()
    expect(calendar.get_by_label("Sync as private")).to_be_checked()
    assert course.there() == {}


def preview_and_start(course: Course) -> None:
    page = course.page
    course.follow("Look at what would happen, and start")
    expect(page.locator(".counts")).to_contain_text("2 created there")
    expect(page.locator(".counts")).to_contain_text("1 left out")
    expect(page.get_by_role("row", name="Fetch the car")).to_contain_text(
        "Activities of the type “task” are not synced."
    )
    assert course.there() == {}
    course.press("Start syncing")


def edit_there_and_see_it_here(course: Course, call: int) -> None:
    course.rename_there("Call the bank", "Call the savings bank")
    course.press("Sync now")
    await_that(lambda: course.subject(call) == "Call the savings bank", course.server.said)
    course.follow("Activities")
    expect(course.page.get_by_role("link", name="Call the savings bank")).to_be_visible()


def undo(course: Course, call: int) -> None:
    page = course.page
    course.follow("Health")
    course.follow("Journal: what was changed by whom")
    row = page.get_by_role("row", name="Call the savings bank").first
    row.get_by_role("button", name="Undo").click()
    assert course.subject(call) == "Call the bank"
    course.follow("Activities")
    expect(page.get_by_role("link", name="Call the bank", exact=True)).to_be_visible()
    await_that(lambda: "Call the bank" in course.there(), course.server.said)


def test_a_device_by_its_one_time_link(course: Course, visitor: Callable[..., Visitor]) -> None:
    """The link leads to a profile; what the profile says is enough for a real client."""
    page = course.page
    course.follow("Devices")
    page.get_by_label("What do you want to set up?").select_option("iPhone, iPad or Mac")
    page.get_by_label("Name of the device").fill("Anna’s phone")
    course.press("Add")
    expect(page.get_by_role("img", name="QR code")).to_be_visible()
    link = page.locator("#link").inner_text()
    if course.script:
        course.press("Copy")
        expect(page.get_by_role("button", name="Copied")).to_be_visible()
        assert page.evaluate("navigator.clipboard.readText()") == link
    account = on_the_phone(visitor(course.server.url, script=course.script), link)
    use(course, account)
    course.follow("Devices")
    row = page.get_by_role("row", name="Anna’s phone")
    expect(row).to_contain_text("python-caldav")
    row.get_by_text("Revoke …").click()
    row.get_by_role("button", name="Revoke", exact=True).click()
    expect(page.locator(".notice.good")).to_have_text("“Anna’s phone” can no longer sign in.")
    with closing(_client(account)) as client, pytest.raises(AuthorizationError):
        client.principal()


def on_the_phone(phone: Visitor, link: str) -> dict[str, Any]:
    """What the profile says of the calendar account. The link works once."""
    page = phone.page
    page.goto(link)
    page.get_by_role("button", name="Go on").click()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download the profile").click()
    signed = download.value.path()
    command = ("openssl", "cms", "-verify", "-noverify", "-inform", "DER", "-in", str(signed))
    profile = plistlib.loads(subprocess.run(command, capture_output=True, check=True, timeout=60).stdout)
    page.goto(link)
    expect(page.get_by_role("heading", level=1)).to_have_text("This link no longer works")
    found = [each for each in profile["PayloadContent"] if each["PayloadType"] == "com.apple.caldav.account"]
    assert len(found) == 1
    return dict(found[0])


def use(course: Course, account: dict[str, Any]) -> None:
    """python-caldav takes the account, and what it writes is on the page."""
    with closing(_client(account)) as client:
        (calendar,) = [each for each in client.principal().calendars() if each.get_display_name() == "Activities"]
        times = (f"DTSTART:{LATER:%Y%m%d}T110000Z", f"DTEND:{LATER:%Y%m%d}T120000Z")
        calendar.add_event(ics("SUMMARY:Written on the phone", *times, uid=f"{course.login}@phone"))
    course.follow("Activities")
    expect(course.page.get_by_role("link", name="Written on the phone")).to_be_visible()


def _client(account: dict[str, Any]) -> DAVClient:
    url = f"http://{account['CalDAVHostName']}:{account['CalDAVPort']}{account['CalDAVPrincipalURL']}"
    return DAVClient(url, username=account["CalDAVUsername"], password=account["CalDAVPassword"])
