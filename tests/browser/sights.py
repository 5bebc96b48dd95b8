"""Every page of the company, and how a visitor comes to see it. Used by the tests and by the screenshots."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit
from urllib.request import ProxyHandler, Request, build_opener

from playwright.sync_api import Page

from bridge.core.activity import Visibility
from bridge.services.onboarding import Program
from tests.browser.company import ADMIN, COLLEAGUE, USER, Place

NOBODY = ""
Act = Callable[[Page], None]
_direct = build_opener(ProxyHandler({}))


@dataclass(frozen=True, slots=True)
class Sight:
    """A page that is shown to somebody. ``act`` is what they do there first; ``title`` is for the index."""

    name: str
    title: str
    path: str | Callable[[Place], str]
    who: str = USER
    act: Act | None = None
    kept: bool = True  # whether a screenshot of it is kept

    def visit(self, page: Page, place: Place) -> None:
        """Open it in a browser in which ``who`` is signed in."""
        page.goto(self.path if isinstance(self.path, str) else self.path(place))
        if self.act is not None:
            self.act(page)


def press(name: str) -> Act:
    """Press the first button of that name within the content."""

    def act(page: Page) -> None:
        page.locator("main").get_by_role("button", name=name, exact=True).first.click()
        page.wait_for_load_state("load")

    return act


def _of(start: str, attribute: str, end: str = "") -> Callable[[Place], str]:
    """The address of a page about one of the company's connections."""
    return lambda place: f"{start}{getattr(place.company, attribute)}{end}"


def _link(program: Program) -> Callable[[Place], str]:
    return lambda place: f"/add/{place.company.invite(program)}"


def _run(place: Place) -> str:
    """The newest run of the connection that works and has changed something there."""
    company = place.company
    found = company.troubles.runs(company.principals.find(USER), company.working)
    return f"/health/runs/{next(run.id for run in found if run.counts.get('created there'))}"


def _activity(login: str, *, series: bool) -> Callable[[Place], str]:
    """The page of some activity that everybody may see."""

    def path(place: Place) -> str:
        found = place.company.activities.owned_by(place.company.principals.find(login).id)
        fitting = (each for each in found if bool(each.series) == series and each.visibility is Visibility.EVERYONE)
        return f"/activities/{next(fitting).id}"

    return path


def _person(login: str) -> Callable[[Place], str]:
    """The page of some person with a portrait that everybody may see."""

    def path(place: Place) -> str:
        found = place.company.contacts.owned_by(place.company.principals.find(login).id)[0]
        return f"/contacts/persons/{next(e for e in found if e.photo and e.visibility is Visibility.EVERYONE).id}"

    return path


def _organization(place: Place) -> str:
    found = place.company.contacts.owned_by(place.company.principals.find(USER).id)[1]
    return f"/contacts/organizations/{found[0].id}"


def _asked_by_a_program(place: Place) -> str:
    """The page at which a program's request for an app password is answered."""
    headers = {"User-Agent": "DAVx5/4.5 (Android 16)"}
    request = Request(f"{place.url}/index.php/login/v2", method="POST", headers=headers)
    with _direct.open(request, timeout=60) as reply:
        return urlsplit(json.load(reply)["login"]).path


def _wrong_password(page: Page) -> None:
    page.get_by_label("User name").fill(USER)
    page.get_by_label("Password").fill("wrong")
    page.locator("main button.primary").click()


def _find(page: Page) -> None:
    page.locator("#address").fill("janis@dzintars.example")
    page.locator("#kind").select_option("caldav")
    page.locator("main button.primary").click()


def _incomplete(page: Page) -> None:
    page.locator("#at").fill("10:00")
    page.locator("form[method=post]").evaluate_all("forms => forms.forEach(form => { form.noValidate = true; })")
    page.locator("main button.primary").click()


def _add_device(name: str, program: str) -> Act:
    def act(page: Page) -> None:
        page.locator("#program").select_option(program)
        page.locator("#name").fill(name)
        page.locator("main button.primary").first.click()

    return act


def _add_feed(page: Page) -> None:
    page.get_by_text("Add a calendar address").click()
    page.locator("#feed-name").fill("Google Calendar")
    page.locator("details[open] button.primary").click()


def _undo(page: Page) -> None:
    page.get_by_text("Undo this run …").click()
    page.get_by_role("button", name="Undo it").click()


def _pause_all(page: Page) -> None:
    page.get_by_text("Pause all connections …").click()
    page.get_by_role("button", name="Pause all connections", exact=True).click()


_FOR_NOBODY = (
    Sight("landing", "The start page", "/", NOBODY),
    Sight("sign-in", "Signing in", "/sign-in", NOBODY),
    Sight("sign-in-refused", "A wrong password", "/sign-in", NOBODY, _wrong_password, kept=False),
    Sight("link", "What a one-time link opens on the device", _link(Program.APPLE), NOBODY),
    Sight("link-apple", "Setting up an iPhone", _link(Program.APPLE), NOBODY, press("Go on")),
    Sight("link-android", "Setting up an Android phone", _link(Program.ANDROID), NOBODY, press("Go on")),
    Sight("link-khal", "Setting up a program", _link(Program.KHAL), NOBODY, press("Go on"), kept=False),
    Sight("link-used", "A one-time link that was used", "/add/used-before", NOBODY),
)
_ACCOUNTS = (
    Sight("accounts", "My accounts", "/accounts/"),
    Sight("account-new", "Adding an account", "/accounts/new"),
    Sight("account-sign-in", "Signing in to an account", "/accounts/new", act=_find),
    Sight("account-consent", "Before the consent at Google", "/connections/google?address=janis@gmail.com"),
    Sight("account-refused", "No consent at Google", "/connections/google/back?error=access_denied", kept=False),
    Sight("account", "An account and its options", _of("/accounts/", "working")),
    Sight("account-begun", "An account of which nothing is chosen", _of("/accounts/", "choosing"), kept=False),
    Sight("account-locked-out", "An account that needs a new password", _of("/accounts/", "locked_out"), kept=False),
    Sight("account-calendar", "Choosing a calendar", _of("/accounts/", "choosing", "/choose/calendar")),
    Sight("account-contacts", "Choosing a group", _of("/accounts/", "choosing", "/choose/contacts"), kept=False),
    Sight("account-preview", "What would happen", _of("/accounts/", "stopping", "/preview")),
    Sight("account-not-yet", "It cannot be started", _of("/accounts/", "locked_out", "/preview"), kept=False),
    Sight("account-reconnect", "Reconnecting", _of("/accounts/", "locked_out", "/reconnect")),
)
_HEALTH = (
    Sight("health", "Health", "/health/"),
    Sight("health-account", "How one account is", _of("/health/", "working")),
    Sight("health-left-out", "What is left out, and why", _of("/health/", "working", "/left-out")),
    Sight("health-conflicts", "A conflict side by side", _of("/health/", "working", "/conflicts")),
    Sight("health-decision", "The question before many deletions", _of("/health/", "stopping", "/decision")),
    Sight("health-run", "One run", _run),
    Sight("journal", "The journal", "/journal"),
    Sight("why", "Why?", "/why?q=call"),
    Sight("why-nothing", "Why? Nothing of that name", "/why?q=xyzzy", kept=False),
)
_RECORDS = (
    Sight("activities", "Activities", "/activities/"),
    Sight("activities-all", "Everybody’s activities", "/activities/?owner=everyone&status=all", kept=False),
    Sight("activities-none", "No activities", "/activities/?q=xyzzy", kept=False),
    Sight("activity", "An activity", _activity(USER, series=False)),
    Sight("activity-new", "Adding an activity", "/activities/new", kept=False),
    Sight("activity-refused", "Something is missing", "/activities/new", act=_incomplete),
    Sight("activity-series", "A series", _activity(USER, series=True)),
    Sight("activity-colleague", "A colleague’s activity", _activity(COLLEAGUE, series=False), kept=False),
    Sight("contacts", "Contacts", "/contacts/"),
    Sight("organizations", "Organizations", "/contacts/organizations", kept=False),
    Sight("person", "A person", _person(USER)),
    Sight("person-new", "Adding a person", "/contacts/persons/new", kept=False),
    Sight("person-colleague", "A colleague’s contact", _person(COLLEAGUE), kept=False),
    Sight("organization", "An organization", _organization, kept=False),
    Sight("duplicates", "Duplicates side by side", "/contacts/duplicates/"),
)
_DEVICES = (
    Sight("devices", "Devices", "/devices/"),
    *(
        Sight(f"steps-{each.value}", f"Steps ({each.value})", f"/devices/steps/{each.value}", kept=False)
        for each in Program
    ),
    Sight("device-link", "The QR code of a one-time link", "/devices/", act=_add_device("iPad", "apple")),
    Sight("device-steps", "A new password, and where to enter it", "/devices/", act=_add_device("Laptop", "khal")),
    Sight("device-feed", "A calendar address for subscribers", "/devices/", act=_add_feed),
    Sight("device-test", "Does it work?", "/devices/", act=press("Run the test")),
)
_OWN = (
    Sight("start", "The start page of somebody who is signed in", "/", kept=False),
    Sight("preferences", "What devices show", "/preferences/"),
    Sight("profile", "One’s own profile", "/profile/"),
    Sight("consent", "A program asks for access", _asked_by_a_program),
    Sight("consent-done", "Access is allowed", _asked_by_a_program, act=press("Allow"), kept=False),
    Sight("not-found", "No such page", "/nowhere"),
    Sight("not-allowed", "Not allowed", "/admin/", kept=False),
)
_ADMIN = (
    Sight("admin-users", "Administration: users", "/admin/", ADMIN),
    Sight("admin-user", "Administration: one user", "/admin/users/janis", ADMIN),
    Sight("admin-user-new", "Administration: adding a user", "/admin/users/new", ADMIN, kept=False),
    Sight("admin-types", "Administration: types of activities", "/admin/types", ADMIN),
    Sight("admin-type", "Administration: one type", "/admin/types/call", ADMIN),
    Sight("admin-type-new", "Administration: adding a type", "/admin/types/new", ADMIN, kept=False),
    Sight("admin-company", "Administration: for everybody", "/admin/company", ADMIN),
    Sight("admin-clients", "Administration: Google and Microsoft", "/admin/clients", ADMIN),
    Sight("admin-audit", "Administration: who changed what", "/admin/audit", ADMIN),
    Sight("admin-journal", "Everybody’s journal", "/journal?everybody=yes", ADMIN, kept=False),
)
# What changes something stands last.
_CHANGES = (
    Sight("admin-paused", "All connections are paused", "/admin/company", ADMIN, _pause_all, kept=False),
    Sight("health-undone", "A run is undone", _run, act=_undo, kept=False),
)
SIGHTS = (*_FOR_NOBODY, *_ACCOUNTS, *_HEALTH, *_RECORDS, *_DEVICES, *_OWN, *_ADMIN, *_CHANGES)
