"""Devices (R25, R26): app passwords, feeds, addresses, and a look at this server as clients see it."""

from dataclasses import dataclass

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext, lazy_gettext
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response
from wtforms import SelectField

from bridge.config import Config
from bridge.core.clients import client_traits
from bridge.core.feed import FeedPrivacy
from bridge.services.onboarding import LONGEST_NAME, Program, free_name
from bridge.store.accounts import Device
from bridge.store.feeds import Feed
from web.access import own, signed_in
from web.addresses import Addresses, Record, dns_records
from web.forms import Choice, Form, line
from web.links import root
from web.programs import PROGRAMS, steps_of
from web.qr import qr_code
from web.services import Services
from web.topics import Entry, Place, Topic

_PRIVACY = {
    FeedPrivacy.BUSY: lazy_gettext("as busy, without details"),
    FeedPrivacy.SKIP: lazy_gettext("not at all"),
    FeedPrivacy.AS_PRIVATE: lazy_gettext("in full, marked as private"),
}


class DeviceForm(Form):
    """A new device."""

    program = SelectField(lazy_gettext("What do you want to set up?"), [Choice()], validate_choice=False)
    name = line(lazy_gettext("Name of the device"), most=LONGEST_NAME)


class FeedForm(Form):
    """A new feed."""

    name = line(lazy_gettext("Who subscribes?"), most=LONGEST_NAME)
    private = SelectField(lazy_gettext("Private activities appear"), [Choice()], validate_choice=False)


@dataclass(frozen=True, slots=True)
class Shown:
    """A device as the list shows it."""

    device: Device
    client: str


def topic(services: Services, config: Config) -> Topic:
    """``/devices`` and everything below it."""
    pages = Blueprint("devices", __name__, url_prefix="/devices")

    def show(form: DeviceForm | None = None, feed_form: FeedForm | None = None) -> str:
        user = signed_in()
        devices = [Shown(each, _client(each)) for each in _devices(services)]
        return render_template(
            "devices/index.html",
            devices=devices,
            feeds=_feeds(services),
            form=form or _device_form(None),
            feed_form=feed_form or _feed_form(None),
            addresses=Addresses(root(config), user.login),
            records=_records(config),
            privacy=_PRIVACY,
        )

    @pages.get("/")
    def index() -> str:
        return show()

    @pages.post("/")
    def add() -> str | tuple[str, int]:
        form = _device_form(request.form)
        if not form.validate():
            return show(form=form), 422
        program, user = Program(form.program.data), signed_in()
        name = free_name(form.name.data or "", [device.name for device in _devices(services)])
        if program in {Program.APPLE, Program.ANDROID}:
            address = f"{root(config)}/add/{services.onboarding.invite(user, program, name)}"
            return render_template(
                "devices/invitation.html", program=program, name=name, address=address, qr=qr_code(address)
            )
        _, password = services.devices.add(user.login, name)
        return _steps(config, program, user.login, name, password)

    @pages.post("/<int:device_id>/revoke")
    def revoke(device_id: int) -> Response:
        device = own(_devices(services), device_id)
        services.devices.revoke(device.id)
        flash(gettext("“%(name)s” can no longer sign in.", name=device.name), "good")
        return redirect(url_for("devices.index"), code=303)

    @pages.get("/steps/<program>")
    def steps(program: str) -> str:
        return _steps(config, steps_of(program), signed_in().login, "", "")

    @pages.post("/feeds")
    def add_feed() -> str | tuple[str, int]:
        form = _feed_form(request.form)
        if not form.validate():
            return show(feed_form=form), 422
        feed, secret = services.feeds.add(signed_in().login, form.name.data or "", FeedPrivacy(form.private.data))
        address = f"{root(config)}/feeds/{secret}/activities.ics"
        return render_template("devices/feed.html", feed=feed, address=address, webcal=_webcal(address))

    @pages.post("/feeds/<int:feed_id>/revoke")
    def revoke_feed(feed_id: int) -> Response:
        feed = own(_feeds(services), feed_id)
        services.feeds.revoke(feed.id)
        flash(gettext("The calendar address of “%(name)s” no longer works.", name=feed.name), "good")
        return redirect(url_for("devices.index"), code=303)

    @pages.post("/self-test")
    def self_test() -> str:
        findings = services.self_test.run(signed_in())
        return render_template("devices/self_test.html", findings=findings, address=services.self_test.address)

    return Topic(pages, entry=Entry(Place.DEVICES, lazy_gettext("Devices"), "devices.index"))


def _steps(config: Config, program: Program, login: str, name: str, password: str) -> str:
    return render_template(
        "devices/steps.html",
        program=program,
        title=PROGRAMS[program],
        name=name,
        password=password,
        addresses=Addresses(root(config), login),
    )


def _devices(services: Services) -> list[Device]:
    """The user's own usable devices, the newest first."""
    found = [device for _, device in services.devices.list(signed_in().login) if device.revoked_at is None]
    return sorted(found, key=lambda device: device.id, reverse=True)


def _feeds(services: Services) -> list[Feed]:
    found = [feed for _, feed in services.feeds.list(signed_in().login) if feed.revoked_at is None]
    return sorted(found, key=lambda feed: feed.id, reverse=True)


def _device_form(sent: MultiDict[str, str] | None) -> DeviceForm:
    form = DeviceForm(sent)
    form.program.choices = [(program.value, title) for program, title in PROGRAMS.items()]
    return form


def _feed_form(sent: MultiDict[str, str] | None) -> FeedForm:
    form = FeedForm(sent, prefix="feed-")
    form.private.choices = [(private.value, title) for private, title in _PRIVACY.items()]
    return form


def _client(device: Device) -> str:
    return client_traits(device.last_client).name if device.last_client else ""


def _webcal(address: str) -> str:
    return f"webcal://{address.partition('://')[2]}"


def _records(config: Config) -> tuple[Record, ...]:
    """DNS records for the domain of the user's e-mail address, else for the server's own name."""
    _, _, domain = signed_in().email.rpartition("@")
    return dns_records(root(config), domain)
