"""Forms: fields whose mistakes are told in the user's language. The token against forgery is checked for every request.

``Form(request.form)`` reads what was sent; a view that wants the form's own default values gives ``Form()``.
"""

from typing import Any

from flask_babel import gettext, ngettext
from markupsafe import Markup, escape
from wtforms import Form as _Form
from wtforms import StringField
from wtforms.fields import Field
from wtforms.meta import DefaultMeta
from wtforms.validators import StopValidation
from wtforms.widgets import Select

SHORT, LONG = 255, 10_000  # characters
_FORBIDDEN = {chr(code) for code in range(0x20)} | {"\x7f", "\u2028", "\u2029"}


class _QuickSelect(Select):
    """Writes options as WTForms does, in a tenth of the time: some pages have a thousand."""

    @classmethod
    def render_option(cls, choice: Any, **_more: Any) -> Markup:  # type: ignore[override] # the stubs are older
        """Write one option."""
        mark = " selected" if choice.selected else ""
        text = escape(choice.label or choice.value)
        return Markup(f'<option{mark} value="{escape(choice.value)}">{text}</option>')  # noqa: S704 - all is escaped


class Form(_Form):
    """The base of all forms."""

    class Meta(DefaultMeta):
        """How WTForms treats our forms."""

        def render_field(self, field: Any, render_kw: Any) -> Markup:
            """Write a field."""
            if type(field.widget) is Select:
                field.widget = _QuickSelect(field.widget.multiple)
            return super().render_field(field, render_kw)


class Needed:
    """Refuse nothing, or nothing but spaces."""

    field_flags = {"required": True}  # noqa: RUF012 - WTForms reads it from the class

    def __call__(self, _form: _Form, field: Field) -> None:
        """Raise ``StopValidation``."""
        if not (field.data.strip() if isinstance(field.data, str) else field.data):
            raise StopValidation(str(gettext("This is needed.")))


class AtMost:
    """Refuse longer texts."""

    def __init__(self, length: int = SHORT) -> None:
        self.length = length
        self.field_flags = {"maxlength": length}

    def __call__(self, _form: _Form, field: Field) -> None:
        """Raise ``StopValidation``."""
        if len(field.data or "") > self.length:
            text = ngettext("At most %(num)d character, please.", "At most %(num)d characters, please.", self.length)
            raise StopValidation(str(text))


class OneLine:
    """Refuse line ends and other characters that no name has."""

    def __call__(self, _form: _Form, field: Field) -> None:
        """Raise ``StopValidation``."""
        if _FORBIDDEN & set(field.data or ""):
            raise StopValidation(str(gettext("A single line without special characters, please.")))


class Choice:
    """Refuse what the field does not offer. WTForms' own check is switched off: it speaks English only."""

    def __call__(self, _form: _Form, field: Field) -> None:
        """Raise ``StopValidation``."""
        offered = {str(choice[0]) for choice in getattr(field, "choices", ())}
        given = field.data if isinstance(field.data, list) else [field.data]
        if not {str(each) for each in given} <= offered:
            raise StopValidation(str(gettext("Choose one of the options.")))


def line(label: str, *more: Any, most: int = SHORT, **options: Any) -> StringField:
    """A needed text on one line, without spaces around it."""
    return StringField(label, [Needed(), AtMost(most), OneLine(), *more], filters=[_stripped], **options)


def _stripped(value: str | None) -> str | None:
    return value.strip() if value else value
