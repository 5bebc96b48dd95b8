"""Translations, read from ``translations/<language>/LC_MESSAGES/*.po`` when a language is first needed.

There are no compiled files: nothing has to be built, and nothing can be out of date. ``update`` (``make i18n``)
collects the texts of the page and adds to each language those that it does not have; they go to ``messages.po``,
unless another file has them.
"""

import io
import sys
from collections.abc import Container, Iterator
from functools import cache
from pathlib import Path

from babel.messages import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from babel.support import NullTranslations, Translations
from flask_babel import Domain, get_locale

ROOM = Path(__file__).parent
FOLDER = ROOM / "translations"
SOURCE = "en"
_METHODS = [("**.py", "python"), ("templates/**.html", "jinja2")]
_KEYWORDS = {
    "_": None,
    "gettext": None,
    "ngettext": (1, 2),
    "pgettext": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
    "lazy_gettext": None,
    "lazy_pgettext": ((1, "c"), 2),
    "lazy_ngettext": (1, 2),
}


class Catalogs(Domain):
    """What Flask-Babel asks for the texts of the request's language."""

    def get_translations(self) -> NullTranslations:
        """The translations for the request; outside of one, none."""
        locale = get_locale()
        return translations(str(locale)) if locale else NullTranslations()


@cache
def translations(language: str) -> NullTranslations:
    """All texts of a language, ready to look up. A fuzzy one is not used."""
    if language == SOURCE:
        return NullTranslations()
    compiled = io.BytesIO()
    write_mo(compiled, catalog(language))
    compiled.seek(0)
    return Translations(compiled)


def catalog(language: str) -> Catalog:
    """All texts of a language, from all of its files."""
    whole = Catalog(locale=language)
    for file in files(language):
        for message in _read(file, language):
            if message.id:
                whole[message.id] = message
    return whole


def languages() -> list[str]:
    """The languages that there are translations for."""
    return sorted(folder.name for folder in FOLDER.iterdir() if (folder / "LC_MESSAGES").is_dir())


def files(language: str) -> list[Path]:
    """The files of a language."""
    return sorted((FOLDER / language / "LC_MESSAGES").glob("*.po"))


def texts() -> Catalog:
    """Every text of the page, as the sources have it."""
    found = Catalog(project="davbridge", fuzzy=False)
    for _, _, message, comments, context in extract_from_dir(
        ROOM,
        method_map=_METHODS,
        options_map={"templates/**.html": {"trimmed": "true", "newstyle_gettext": "true"}},
        keywords=_KEYWORDS,
        comment_tags=("Translators:",),
        strip_comment_tags=True,
    ):
        found.add(message, auto_comments=comments, context=context)
    return found


def missing(language: str) -> list[Message]:
    """The texts that have no translation, or only a fuzzy one, or not in every plural form."""
    known = catalog(language)
    return [message for message in _messages(texts()) if not _translated(known.get(message.id, message.context))]


def update() -> dict[str, int]:
    """Add new texts to every language, and take away those that are no more. How many are missing in each."""
    source = texts()
    for language in languages():
        elsewhere = {
            (message.id, message.context)
            for file in files(language)
            if file.name != "messages.po"
            for message in _rewrite(file, language, source, set())
        }
        _rewrite(FOLDER / language / "LC_MESSAGES" / "messages.po", language, source, elsewhere, complete=True)
    return {language: len(missing(language)) for language in languages()}


def _rewrite(
    file: Path, language: str, source: Catalog, elsewhere: Container[object], *, complete: bool = False
) -> list[Message]:
    """Write a file anew, sorted, with the texts that still exist, and with all of them if it is to be complete."""
    old = _read(file, language) if file.exists() else Catalog(locale=language)
    new = Catalog(locale=language, fuzzy=False)
    for message in _messages(source):
        known = old.get(message.id, message.context)
        if known is None and (not complete or (message.id, message.context) in elsewhere):
            continue
        entry = new.add(message.id, context=message.context, auto_comments=message.auto_comments)
        if known is not None:
            entry.string, entry.flags = known.string, known.flags | entry.flags
    with io.BytesIO() as stream:
        write_po(stream, new, width=120, no_location=True, omit_header=True, sort_output=True)
        header = f'msgid ""\nmsgstr ""\n"Language: {language}\\n"\n"Content-Type: text/plain; charset=utf-8\\n"\n'
        plural = f'"Plural-Forms: {new.plural_forms}\\n"\n\n'
        file.write_bytes((header + plural).encode() + stream.getvalue())
    return list(_messages(new))


def _read(file: Path, language: str) -> Catalog:
    with file.open("rb") as stream:
        return read_po(stream, locale=language, abort_invalid=True)


def _messages(source: Catalog) -> Iterator[Message]:
    return (message for message in source if message.id)


def _translated(message: Message | None) -> bool:
    if message is None or message.fuzzy:
        return False
    return all(message.string) if isinstance(message.string, tuple) else bool(message.string)


def main() -> None:
    """Update every language, and say what is missing. Exit status 1 when anything is."""
    left = update()
    for name, count in left.items():
        sys.stdout.write(f"{name}: {count} missing\n")
    sys.exit(1 if any(left.values()) else 0)
