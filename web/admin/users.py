"""Users and how they are doing; adding them, their role, their permissions (R14, R28)."""

from typing import TypeVar

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext, lazy_gettext
from werkzeug.wrappers import Response
from wtforms import BooleanField, PasswordField, SelectField
from wtforms.validators import StopValidation

from bridge.core.user import Role, User
from bridge.errors import Conflict, Invalid
from bridge.services.administration import UserEdit
from bridge.services.signing_in import LEAST_PASSWORD, LONGEST_PASSWORD
from web import states
from web.access import signed_in
from web.forms import AtMost, Choice, Form, line
from web.inputs import optional_line
from web.services import Services

Answer = str | Response | tuple[str, int]
ROLES = {Role.REGULAR: lazy_gettext("Regular user"), Role.ADMIN: lazy_gettext("Administrator")}


class Email:
    """Refuse what is no e-mail address."""

    def __call__(self, _form: object, field: object) -> None:
        """Raise ``StopValidation``."""
        text = str(getattr(field, "data", "") or "")
        name, at, host = text.rpartition("@")
        if text and not (name and at and host and text.split() == [text]):
            raise StopValidation(gettext("This is no e-mail address."))


class Secret:
    """Refuse passwords that are too short; none at all may be meant."""

    def __call__(self, _form: object, field: object) -> None:
        """Raise ``StopValidation``."""
        length = len(str(getattr(field, "data", "") or ""))
        if 0 < length < LEAST_PASSWORD:
            raise StopValidation(gettext("At least %(count)s characters, please.", count=LEAST_PASSWORD))


class UserForm(Form):
    """What administrators decide about a user."""

    name = optional_line(lazy_gettext("Full name"))
    email = optional_line(lazy_gettext("E-mail address"), Email())
    role = SelectField(lazy_gettext("Role"), [Choice()], validate_choice=False)
    may_add_people = BooleanField(lazy_gettext("May add people"))
    may_add_organizations = BooleanField(lazy_gettext("May add organizations"))
    enabled = BooleanField(lazy_gettext("May sign in, on this page and with devices"))


class NewUserForm(UserForm):
    """The same, with what is given once."""

    login = line(lazy_gettext("Login"), most=64)
    password = PasswordField(lazy_gettext("Password for this page"), [AtMost(LONGEST_PASSWORD), Secret()])


Filled = TypeVar("Filled", bound=UserForm)


class PasswordForm(Form):
    """Another password."""

    password = PasswordField(lazy_gettext("New password"), [AtMost(LONGEST_PASSWORD), Secret()])


def add_pages(pages: Blueprint, services: Services) -> None:
    """Add ``/admin/`` and ``/admin/users``."""

    @pages.get("/")
    def users() -> str:
        found = services.administration.users(signed_in())
        return render_template("admin/users.html", users=found, roles=ROLES, states=states)

    @pages.get("/users/new")
    def new_user() -> str:
        return _edit(_with_roles(NewUserForm(data=_values(User("", "UTC")))), None)

    @pages.post("/users/new")
    def add_user() -> Answer:
        form = _with_roles(NewUserForm(request.form))
        if not form.validate():
            return _edit(form, None), 422
        try:
            services.administration.add(signed_in(), form.login.data or "", _wanted(form), form.password.data or "")
        except Conflict:
            form.login.errors = [gettext("There is already a user with this login.")]
        except Invalid:
            form.login.errors = [
                gettext("1 to 64 letters, digits and . @ + - _, beginning with a letter or a digit, please.")
            ]
        else:
            flash(gettext("The user is added."), "good")
            return redirect(url_for("admin.users"), code=303)
        return _edit(form, None), 422

    _add_changes(pages, services)


def _add_changes(pages: Blueprint, services: Services) -> None:
    @pages.get("/users/<login>")
    def user(login: str) -> str:
        found = services.administration.user(signed_in(), login)
        return _edit(_with_roles(UserForm(data=_values(found))), found)

    @pages.post("/users/<login>")
    def change_user(login: str) -> Answer:
        found = services.administration.user(signed_in(), login)
        form = _with_roles(UserForm(request.form))
        if not form.validate():
            return _edit(form, found), 422
        try:
            services.administration.change(signed_in(), login, _wanted(form))
        except Conflict:
            form.form_errors.append(gettext("You cannot shut yourself out. Ask another administrator to do it."))
            return _edit(form, found), 422
        flash(gettext("Saved."), "good")
        return redirect(url_for("admin.users"), code=303)

    @pages.post("/users/<login>/password")
    def set_user_password(login: str) -> Answer:
        found = services.administration.user(signed_in(), login)
        form = PasswordForm(request.form, prefix="set-")
        if not form.validate() or not form.password.data:
            form.password.errors = form.password.errors or [gettext("This is needed.")]
            return _edit(_with_roles(UserForm(data=_values(found))), found, form), 422
        services.administration.set_password(signed_in(), login, form.password.data)
        flash(gettext("The password is set, and the user is signed out everywhere."), "good")
        return redirect(url_for("admin.users"), code=303)


def _with_roles(form: Filled) -> Filled:
    form.role.choices = list(ROLES.items())
    return form


def _values(user: User) -> dict[str, object]:
    names = ("name", "email", "role", "may_add_people", "may_add_organizations", "enabled")
    return {name: getattr(user, name) for name in names}


def _wanted(form: UserForm) -> UserEdit:
    return UserEdit(
        form.name.data or "",
        form.email.data or "",
        Role(form.role.data),
        enabled=form.enabled.data,
        may_add_people=form.may_add_people.data,
        may_add_organizations=form.may_add_organizations.data,
    )


def _edit(form: UserForm, user: User | None, password: PasswordForm | None = None) -> str:
    return render_template("admin/user.html", form=form, user=user, password=password or PasswordForm(prefix="set-"))
