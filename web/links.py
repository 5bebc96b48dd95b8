"""Addresses of this installation, and where it is safe to send a browser."""

from urllib.parse import urlsplit

from flask import request

from bridge.config import Config

_LONGEST = 2000  # characters


def root(config: Config) -> str:
    """The public address of this installation, without a final slash: the configured one, else the request's."""
    return (config.server.base_url or request.url_root).rstrip("/")


def host(address: str) -> str:
    """The host of an address, with its port if it has one."""
    return urlsplit(address).netloc


def safe_path(target: str | None) -> str:
    """A path on this server, with its query. Anything else, such as another server's address, becomes ``/``.

    Browsers take a backslash for a slash, and leave out tabs and line ends: none of them may occur.
    """
    text = target or ""
    odd = any(ord(character) <= ord(" ") or character == "\\" or ord(character) == 0x7F for character in text)
    if odd or len(text) > _LONGEST or not text.startswith("/") or text.startswith("//"):
        return "/"
    parts = urlsplit(text)
    return text if not parts.scheme and not parts.netloc else "/"


def here() -> str:
    """The page that is being asked for, to come back to; ``/`` when it was not just read."""
    if request.method not in {"GET", "HEAD"}:
        return "/"
    return safe_path(request.full_path.removesuffix("?"))
