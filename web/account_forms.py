"""The forms of connections: adding one, and every option (R4, R7–R10, R12, R15, R23, R30)."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

from flask_babel import format_timedelta, gettext, lazy_gettext
from wtforms import BooleanField, HiddenField, PasswordField, RadioField, SelectField, SelectMultipleField, StringField
from wtforms.widgets import CheckboxInput

from bridge.core.activity import ActivityType, Visibility
from bridge.core.scope import ConflictPolicy, Direction, PrivatePolicy
from bridge.services.sync_options import OPTIONS
from bridge.store.connections import Connection, Flow, OptionDefault
from web.forms import SHORT, AtMost, Choice, Form, Needed, OneLine, line

LONGEST_ADDRESS, LONGEST_URL, LONGEST_SECRET = 320, 2_000, 10_000
_INTERVALS = (60, 300, 900, 1_800, 3_600, 21_600, 86_400)  # seconds
_VISIBILITIES = (
    (Visibility.EVERYONE.value, lazy_gettext("Everyone")),
    (Visibility.OWNER.value, lazy_gettext("Only me")),
)


def optional(label: str, most: int) -> StringField:
    """A text on one line that may be left out."""
    return StringField(label, [AtMost(most), OneLine()], filters=[lambda value: value.strip() if value else ""])


class AddressForm(Form):
    """Whose account it is."""

    address = line(lazy_gettext("E-mail address, or the address of the server"), most=LONGEST_ADDRESS)
    kind = SelectField(lazy_gettext("Kind of account"), [Choice()], validate_choice=False)


class AccountForm(Form):
    """What it takes to sign in there."""

    provider = HiddenField()
    address = optional(lazy_gettext("E-mail address"), LONGEST_ADDRESS)
    username = optional(lazy_gettext("User name, if it is not the e-mail address"), LONGEST_ADDRESS)
    secret = PasswordField(lazy_gettext("Password or app password"), [Needed(), AtMost(LONGEST_SECRET), OneLine()])
    url = optional(lazy_gettext("Address of the server, if it is not found"), LONGEST_URL)
    name = optional(lazy_gettext("What you call it"), SHORT)


class ReconnectForm(Form):
    """The password again, or a new one."""

    secret = PasswordField(lazy_gettext("New password or app password"), [AtMost(LONGEST_SECRET), OneLine()])


Offered = Mapping[str, Sequence[tuple[str, str]]]


class Options(Form):
    """Options of a flow or a connection. What the company has fixed cannot be changed (R30)."""

    PREFIX = ""
    OFFERED: ClassVar[Offered] = {}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, choices in self.OFFERED.items():
            field: Any = self[name]
            field.choices = list(choices)

    def lock(self, defaults: Mapping[str, OptionDefault]) -> None:
        """Show what is fixed as locked. Browsers do not send it, and what is sent all the same is not taken."""
        for field in self:
            default = defaults.get(f"{self.PREFIX}{field.short_name}")
            if default is not None and default.forced:
                field.render_kw = {**(field.render_kw or {}), "disabled": True}

    def locked(self, name: str) -> bool:
        """Whether an option is fixed."""
        return bool((self[name].render_kw or {}).get("disabled"))

    def check(self) -> bool:
        """Validate what can be changed at all."""
        for field in self:
            if self.locked(field.short_name):
                field.validators = ()
        return bool(self.validate())

    def changes(self) -> dict[str, Any]:
        """The new values of the fields that were there to be changed."""
        found = {field.short_name: field.data for field in self if not self.locked(field.short_name)}
        return {name: _loaded(f"{self.PREFIX}{name}", value) for name, value in found.items()}


class CalendarOptions(Options):
    """How a calendar is synced."""

    PREFIX = "calendar."
    OFFERED: ClassVar[Offered] = {
        "direction": (
            (Direction.TWO_WAY.value, lazy_gettext("Two-way: activities become events, and events become activities")),
            (Direction.ONE_WAY.value, lazy_gettext("One-way: activities become events, events stay where they are")),
        ),
        "private": (
            (PrivatePolicy.AS_PRIVATE.value, lazy_gettext("Sync as private")),
            (PrivatePolicy.AS_PUBLIC.value, lazy_gettext("Sync as public")),
            (PrivatePolicy.SKIP.value, lazy_gettext("Do not sync")),
        ),
        "visibility": _VISIBILITIES,
    }

    direction = RadioField(lazy_gettext("Sync type"), [Choice()], validate_choice=False)
    edits_come_back = BooleanField(lazy_gettext("Edits of events that came from activities change the activities too"))
    types = SelectMultipleField(
        lazy_gettext("Sync these activities to the calendar"),
        [Choice()],
        option_widget=CheckboxInput(),
        validate_choice=False,
    )
    default_type = SelectField(lazy_gettext("Save calendar events as"), [Choice()], validate_choice=False)
    private = RadioField(lazy_gettext("Private events"), [Choice()], validate_choice=False)
    include_links = BooleanField(lazy_gettext("Include deal and contact information in the events"))
    visibility = RadioField(lazy_gettext("New activities are visible to"), [Choice()], validate_choice=False)

    def offer(self, types: Iterable[ActivityType], flow: Flow) -> None:
        """Offer the activity types that there are."""
        chosen = (flow.types or frozenset()) | {flow.default_type}
        offered = [(each.key, each.name) for each in types if each.active or each.key in chosen]
        self.types.choices = offered
        self.default_type.choices = offered

    def wanted(self) -> dict[str, Any]:
        """The new values; all types means those too that will be added one day."""
        found = self.changes()
        if "types" in found and found["types"] >= {each[0] for each in self.types.choices or ()}:
            found["types"] = None
        return found


class ContactOptions(Options):
    """How contacts are synced."""

    PREFIX = "contacts."
    OFFERED: ClassVar[Offered] = {
        "direction": (
            (Direction.TWO_WAY.value, lazy_gettext("Two-way: contacts are added and changed on both sides")),
            (Direction.ONE_WAY.value, lazy_gettext("One-way: contacts come from the account into the CRM")),
        ),
        "visibility": _VISIBILITIES,
    }

    direction = RadioField(lazy_gettext("Sync type"), [Choice()], validate_choice=False)
    visibility = RadioField(lazy_gettext("New contacts are visible to"), [Choice()], validate_choice=False)

    def wanted(self) -> dict[str, Any]:
        """The new values."""
        return self.changes()


class ConnectionOptions(Options):
    """What concerns a whole connection."""

    OFFERED: ClassVar[Offered] = {
        "policy": (
            (ConflictPolicy.NEWEST.value, lazy_gettext("The newest change wins")),
            (ConflictPolicy.CRM.value, lazy_gettext("The CRM wins")),
            (ConflictPolicy.CALENDAR.value, lazy_gettext("The account wins")),
            (ConflictPolicy.ASK.value, lazy_gettext("Ask me")),
        )
    }

    name = line(lazy_gettext("What you call it"))
    policy = SelectField(lazy_gettext("When both sides changed the same field"), [Choice()], validate_choice=False)
    interval = SelectField(lazy_gettext("Look for changes"), [Choice()], validate_choice=False)

    def offer(self, connection: Connection) -> None:
        """Offer the usual intervals, and the one that is set."""
        seconds = sorted({*_INTERVALS, connection.interval} - {0})
        spans = [(str(each), _every(each)) for each in seconds]
        self.interval.choices = [("0", gettext("As often as is usual here")), *spans]

    def wanted(self) -> dict[str, Any]:
        """The new values."""
        return self.changes()


def calendar_options(
    flow: Flow, types: Sequence[ActivityType], defaults: Mapping[str, OptionDefault]
) -> CalendarOptions:
    """The options of a calendar as they are."""
    form = CalendarOptions(
        prefix="calendar-", data=_values(flow) | {"types": [each.key for each in types if _goes(each.key, flow)]}
    )
    form.offer(types, flow)
    form.lock(defaults)
    return form


def contact_options(flow: Flow, defaults: Mapping[str, OptionDefault]) -> ContactOptions:
    """The options of contacts as they are."""
    form = ContactOptions(prefix="contacts-", data=_values(flow))
    form.lock(defaults)
    return form


def connection_options(connection: Connection, defaults: Mapping[str, OptionDefault]) -> ConnectionOptions:
    """The options of a connection as they are."""
    values = {"policy": connection.policy.value, "interval": str(connection.interval)}
    form = ConnectionOptions(prefix="connection-", data=values | {"name": connection.name})
    form.offer(connection)
    form.lock(defaults)
    return form


def filled(form: Options, sent: Any) -> Options:
    """The form with what was sent; what is locked keeps its value."""
    kept = {field.short_name: field.data for field in form if form.locked(field.short_name)}
    form.process(sent)
    for name, value in kept.items():
        form[name].data = value
    return form


def _values(flow: Flow) -> dict[str, Any]:
    names = [option.field for option in OPTIONS.values() if option.kind is flow.kind]
    found = {name: getattr(flow, name) for name in names}
    return {name: getattr(value, "value", value) for name, value in found.items()}


def _goes(key: str, flow: Flow) -> bool:
    return flow.types is None or key in flow.types


def _loaded(key: str, value: Any) -> Any:
    """The value of an option from what a form holds."""
    if key not in OPTIONS:
        return value
    return OPTIONS[key].load(int(value) if key == "interval" else value)


def _every(seconds: int) -> str:
    return str(gettext("Every %(time)s", time=format_timedelta(seconds, threshold=2)))
