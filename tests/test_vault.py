from __future__ import annotations

import traceback
from pathlib import Path

import pytest

from bridge.errors import ConfigError
from bridge.vault import FernetVault, new_key, read_keys

SECRET = "p@ßword ☂ of Anna"


def keys_file(folder: Path, *lines: str) -> Path:
    file = folder / "keys"
    file.write_text("\n".join(lines))
    return file


def test_what_is_sealed_opens_again_and_does_not_show() -> None:
    vault = FernetVault(b"s" * 32)
    sealed = vault.seal(SECRET)
    assert vault.open(sealed) == SECRET
    assert SECRET not in sealed
    assert sealed != vault.seal(SECRET)
    assert FernetVault(b"s" * 32).open(sealed) == SECRET


def test_no_secret_stays_no_secret() -> None:
    vault = FernetVault(b"s" * 32)
    assert vault.seal("") == vault.open("") == vault.rotate("") == ""


@pytest.mark.parametrize("spoil", [lambda sealed: sealed[:-6] + "AAAAA=", lambda sealed: "nonsense", lambda s: "ü"])
def test_what_was_changed_does_not_open(spoil) -> None:  # type: ignore[no-untyped-def]
    vault = FernetVault(b"s" * 32)
    with pytest.raises(ConfigError, match="none of the keys"):
        vault.open(spoil(vault.seal(SECRET)))


def test_another_installation_cannot_open_it() -> None:
    sealed = FernetVault(b"s" * 32).seal(SECRET)
    for use in (FernetVault(b"t" * 32).open, FernetVault(b"t" * 32).rotate):
        with pytest.raises(ConfigError, match=r"reconnect the account\.$") as caught:
            use(sealed)
        told = "".join(traceback.format_exception(caught.value))
        assert SECRET not in told
        assert sealed not in told


def test_rotation(tmp_path: Path) -> None:
    """First without a file; then a key is put before the old one; in the end the old one can go."""
    old, new = new_key(), new_key()
    first = FernetVault(b"s" * 32).seal(SECRET)
    with_old = FernetVault(b"s" * 32, read_keys(keys_file(tmp_path, old)))
    assert with_old.open(first) == SECRET
    second = with_old.rotate(first)
    with_both = FernetVault(b"s" * 32, read_keys(keys_file(tmp_path, "# newest first", new, "", old)))
    third = with_both.rotate(second)
    assert with_both.open(second) == with_both.open(third) == SECRET
    only_new = FernetVault(b"another secret of the installation", read_keys(keys_file(tmp_path, new)))
    assert only_new.open(third) == SECRET
    with pytest.raises(ConfigError):
        only_new.open(second)


def test_without_a_file_there_are_no_further_keys(tmp_path: Path) -> None:
    assert read_keys(None) == []
    assert read_keys(keys_file(tmp_path, "", "# none yet")) == []


@pytest.mark.parametrize("line", ["secret-and-too-short", "ü" * 32, new_key()[:-4]], ids=["short", "foreign", "cut"])
def test_a_bad_key_is_told_by_its_line_and_not_shown(tmp_path: Path, line: str) -> None:
    with pytest.raises(ConfigError, match="line 2 of ") as caught:
        read_keys(keys_file(tmp_path, new_key(), line))
    assert line not in "".join(traceback.format_exception(caught.value))


def test_an_unreadable_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="No such file"):
        read_keys(tmp_path / "missing")
    (tmp_path / "octets").write_bytes(b"\xff\xfe\xfa")
    with pytest.raises(ConfigError, match="not UTF-8"):
        read_keys(tmp_path / "octets")


def test_it_tells_nothing_about_its_keys(tmp_path: Path) -> None:
    key = new_key()
    vault = FernetVault(b"s" * 32, read_keys(keys_file(tmp_path, key)))
    assert key not in f"{vault!r}{vault!s}"
