"""Credentials at rest: encrypted with a key of this installation, which can be exchanged for another."""

import base64
import binascii
from collections.abc import Sequence
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from bridge.errors import ConfigError

_PURPOSE = b"davbridge credentials 1"
_KEY_OCTETS = 32
_NO_KEY = (
    "The stored password or token of a connection cannot be read: none of the keys that are known here fits. "
    "Restore the file of [security] secret_file or credential_keys_file, or reconnect the account."
)


class FernetVault:
    """Seals with the first key and opens with any of them (``ports.Vault``).

    ``secret`` is that of the installation. ``keys`` are further ones, as ``read_keys`` gives them; with them, the
    first seals, and what the installation's secret sealed still opens.
    """

    def __init__(self, secret: bytes, keys: Sequence[Fernet] = ()) -> None:
        derived = HKDF(algorithm=SHA256(), length=_KEY_OCTETS, salt=None, info=_PURPOSE).derive(secret)
        self._fernet = MultiFernet([*keys, Fernet(base64.urlsafe_b64encode(derived))])

    def seal(self, secret: str) -> str:
        """Encrypt a secret for the database. An empty one stays empty."""
        return self._fernet.encrypt(secret.encode()).decode() if secret else ""

    def open(self, sealed: str) -> str:
        """Decrypt what was sealed with any of the keys. Raises ``ConfigError`` when none fits."""
        try:
            return self._fernet.decrypt(sealed.encode()).decode() if sealed else ""
        except InvalidToken:
            raise ConfigError([_NO_KEY]) from None

    def rotate(self, sealed: str) -> str:
        """Seal again, with the first key. Raises ``ConfigError`` when no key fits."""
        try:
            return self._fernet.rotate(sealed.encode()).decode() if sealed else ""
        except InvalidToken:
            raise ConfigError([_NO_KEY]) from None


def read_keys(file: Path | None) -> list[Fernet]:
    """Read keys from a file, one on a line, the newest first. Raises ``ConfigError``, which names no key."""
    if file is None:
        return []
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise ConfigError([f"[security] credential_keys_file: {file} cannot be read: {reason}."]) from error
    numbered = [(number, line.strip()) for number, line in enumerate(lines, 1)]
    return [_key(file, number, line) for number, line in numbered if line and not line.startswith("#")]


def new_key() -> str:
    """Make a key for the file."""
    return Fernet.generate_key().decode()


def _key(file: Path, number: int, line: str) -> Fernet:
    try:
        return Fernet(line)
    except (ValueError, binascii.Error):
        problem = f"[security] credential_keys_file: line {number} of {file} is not a key of 32 octets in base64."
        raise ConfigError([problem]) from None
