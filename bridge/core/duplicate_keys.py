"""What two ways to write one e-mail address, phone number or name have in common (R17)."""

import re
import unicodedata

import idna
import phonenumbers
from phonenumbers import PhoneNumberFormat

SUPPORTED_REGIONS: frozenset[str] = frozenset(phonenumbers.SUPPORTED_REGIONS)
_FEWEST_DIGITS = 7  # of a number that is told by its digits alone: fewer are an extension or a short code
_TAIL = 6  # digits in which two ways to write one number never differ

_NO_DIGITS = re.compile(r"\D+")
_NO_ASCII_WORD = re.compile(r"[^a-z0-9]+")
_APOSTROPHES = re.compile(r"['’‘ʼ`´]")
# Letters that Unicode does not take apart into a letter and an accent.
_PLAIN_LETTERS = str.maketrans(
    {"ł": "l", "ø": "o", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ħ": "h", "ı": "i", "ŧ": "t"}
)


def email_key(value: str) -> str:
    """The address in lower case, an international domain as A-labels (RFC 5890); empty for what is no address.

    Dots and what follows a plus sign stay: whether they matter is the other server's secret.
    """
    text = unicodedata.normalize("NFC", value.strip()).lower().removeprefix("mailto:")
    local, _, domain = text.rpartition("@")
    if not local or not domain:
        return ""
    return f"{local}@{_ascii_domain(domain.removesuffix('.'))}"


def _ascii_domain(domain: str) -> str:
    if domain.isascii():
        return domain
    try:
        return idna.encode(domain, uts46=True).decode()
    except idna.IDNAError:
        return domain


def phone_key(value: str, region: str | None = None) -> str:
    """The number as a ``tel`` URI (RFC 3966) with country and extension, else its digits; empty for what is no number.

    ``region`` is the ISO 3166 code of the country where a number without a country code is dialled.
    """
    try:
        number = phonenumbers.parse(value, region)
    except phonenumbers.NumberParseException:
        number = None
    if number is not None and phonenumbers.is_possible_number(number):
        return phonenumbers.format_number(number, PhoneNumberFormat.RFC3966)
    found = _digits(value)
    return found if len(found) >= _FEWEST_DIGITS else ""


def phone_tail(value: str) -> str:
    """The last digits. One number ends in the same ones however it is written, and they are quick to find."""
    return _digits(value)[-_TAIL:]


def _digits(value: str) -> str:
    found = _NO_DIGITS.sub("", value)
    return found if found.isascii() else "".join(str(int(c)) for c in found)


def name_key(name: str, prefixes: str = "") -> str:
    """The words of a name without case, accents, punctuation and order: ``Ozola, Ilze`` is ``Ilze Ozola``.

    Titles before the name, given as ``prefixes``, do not count unless there is nothing else; ``Jr.`` and the like do.
    """
    words = fold(name).split()
    bare = list(words)
    for title in fold(prefixes).split() if prefixes else ():
        if title in bare:
            bare.remove(title)
    return " ".join(sorted(bare or words))


def fold(text: str) -> str:
    """A text in lower case without accents and punctuation, with one space between words."""
    text = _APOSTROPHES.sub("", text)
    if text.isascii():
        return _NO_ASCII_WORD.sub(" ", text.lower()).strip()
    compatible = unicodedata.normalize("NFKD", text)
    lower = unicodedata.normalize("NFKD", compatible.casefold())
    letters = "".join(c for c in lower if not unicodedata.combining(c)).translate(_PLAIN_LETTERS)
    return " ".join("".join(" " if unicodedata.category(c)[0] in "PZSC" else c for c in letters).split())
