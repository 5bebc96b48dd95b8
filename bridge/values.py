"""What the texts in ``config.ini`` mean: plain words, sizes, durations, paths.

Each parser takes the text and the folder that relative paths start from, and raises ``ValueError`` with a sentence.
"""

import re
from collections.abc import Callable
from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

Network = IPv4Network | IPv6Network

_SIZES = {"B": 1, "kB": 10**3, "MB": 10**6, "GB": 10**9, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30}
_DURATIONS = {"ms": 0.001, "s": 1, "min": 60, "h": 3600, "d": 86400}
_SWITCH = {"on": True, "yes": True, "true": True, "1": True, "off": False, "no": False, "false": False, "0": False}
_SQLITE = "sqlite:///"
_REDIS = ("redis://", "rediss://", "unix://")


def text(value: str, _folder: Path) -> str:
    """Take any text on one line, but not nothing."""
    if not value or "\n" in value:
        raise ValueError("a text on one line is needed.")
    return value


def word(value: str, _folder: Path) -> str:
    """Take a text without spaces."""
    if not value or value.split() != [value]:
        raise ValueError(f"“{value}” is not one word.")
    return value


def whole(least: int, most: int) -> Callable[[str, Path], int]:
    """Take a whole number between two bounds, both allowed."""

    def parse(value: str, _folder: Path) -> int:
        if not re.fullmatch(r"\d{1,9}", value, re.ASCII) or not least <= int(value) <= most:
            raise ValueError(f"“{value}” is not a whole number from {least} to {most}.")
        return int(value)

    return parse


def choice(*allowed: str) -> Callable[[str, Path], str]:
    """Take one of a few words."""

    def parse(value: str, _folder: Path) -> str:
        if value not in allowed:
            raise ValueError(f"“{value}” is none of {', '.join(allowed)}.")
        return value

    return parse


def switch(value: str, _folder: Path) -> bool:
    """Read on or off, in the usual spellings."""
    if value.lower() not in _SWITCH:
        raise ValueError(f"“{value}” is neither on nor off.")
    return _SWITCH[value.lower()]


def size(value: str, _folder: Path) -> int:
    """Read a number of bytes: “10 MB” is 10,000,000 and “10 MiB” is 10,485,760."""
    return round(_measured(value, _SIZES, "a size such as 10 MB"))


def duration(value: str, _folder: Path) -> timedelta:
    """Read a time span: “10 s”, “5 min”, “1 h”, “30 d”."""
    return timedelta(seconds=_measured(value, _DURATIONS, "a time span such as 10 s or 5 min"))


def at_least(least: str) -> Callable[[str, Path], timedelta]:
    """Read a time span that is not shorter than another one."""

    def parse(value: str, folder: Path) -> timedelta:
        if (found := duration(value, folder)) < duration(least, folder):
            raise ValueError(f"“{value}” is shorter than {least}.")
        return found

    return parse


def path(value: str, folder: Path) -> Path:
    """Read a path; a relative one starts in the folder of the configuration file."""
    if not value:
        raise ValueError("a path is needed.")
    return folder / value


def optional_path(value: str, folder: Path) -> Path | None:
    """Read a path as ``path`` does, or nothing."""
    return path(value, folder) if value else None


def networks(value: str, _folder: Path) -> tuple[Network, ...]:
    """Read IP addresses and networks, separated by commas or spaces."""
    found = []
    for each in value.replace(",", " ").split():
        try:
            found.append(ip_network(each))
        except ValueError:
            raise ValueError(f"“{each}” is not an IP address or network.") from None
    return tuple(found)


def url(value: str, _folder: Path) -> str:
    """Take an http or https address, with or without a path; or nothing."""
    if value and not re.fullmatch(r"https?://[^\s/?#@]+(/[^\s#]*)?", value):
        raise ValueError(f"“{value}” is not an address such as https://login.example.com/realm.")
    return value


def service_url(value: str, folder: Path) -> str:
    """Take the http or https address of a service, kept without the final slash."""
    if not value:
        raise ValueError("an address is needed.")
    return url(value, folder).rstrip("/")


def optional_word(value: str, folder: Path) -> str:
    """Take a text without spaces, or nothing."""
    return word(value, folder) if value else ""


def optional_text(value: str, folder: Path) -> str:
    """Take a text on one line, or nothing."""
    return text(value, folder) if value else ""


def base_url(value: str, _folder: Path) -> str:
    """Take an http or https address without path, kept without the final slash; or nothing."""
    if not value:
        return ""
    if not re.fullmatch(r"https?://([^\s/?#@\[\]]+|\[[0-9a-fA-F:.]+\](:\d+)?)/?", value):
        raise ValueError(f"“{value}” is not an address such as https://dav.example.com.")
    return value.rstrip("/")


def database_url(value: str, folder: Path) -> str:
    """Take an SQLAlchemy address of SQLite or PostgreSQL; a relative SQLite file starts in the folder of the file."""
    scheme = value.partition(":")[0]
    if value.startswith(_SQLITE):
        file = value.removeprefix(_SQLITE)
        return value if file in ("", ":memory:") else f"{_SQLITE}{folder / file}"
    if scheme in ("postgresql", "postgresql+psycopg") and "://" in value:
        return value.replace(scheme, "postgresql+psycopg", 1)  # the driver that is installed
    raise ValueError("the address must begin with sqlite:/// or postgresql://.")  # not shown: it may hold a password


def queue_address(value: str, folder: Path) -> str:
    """Take the address of a queue: an SQLite file, which may be relative, or a Redis server."""
    if value.startswith(_SQLITE) and value != _SQLITE:
        return f"{_SQLITE}{folder / value.removeprefix(_SQLITE)}"
    if value.startswith(_REDIS) and _has_port(value):
        return value
    raise ValueError("the address must begin with sqlite:/// or redis://.")  # not shown: it may hold a password


def time_zone(value: str, _folder: Path) -> str:
    """Take an IANA time zone name that this machine knows."""
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"“{value}” is not a time zone such as Europe/Riga.") from None
    return value


def _has_port(url: str) -> bool:
    """Whether the port of a URL is one, or left out."""
    try:
        _ = urlsplit(url).port
    except ValueError:
        return False
    return True


def _measured(value: str, units: dict[str, float] | dict[str, int], example: str) -> float:
    found = re.fullmatch(r"(\d{1,12}(?:\.\d{1,6})?) ?([A-Za-z]+)", value, re.ASCII)
    if not found or found[2] not in units:
        raise ValueError(f"“{value}” is not {example}.")
    return float(found[1]) * units[found[2]]
