"""URLs and hrefs: one spelling for each resource, and nothing outside the collection (RFC 4918 8.3)."""

from urllib.parse import quote_from_bytes, unquote_to_bytes, urljoin, urlsplit, urlunsplit

_PORTS = {"http": 80, "https": 443}


def origin(url: str) -> tuple[str, str, int | None]:
    """Scheme, host and port of a URL."""
    parts = urlsplit(url)
    return parts.scheme, (parts.hostname or "").lower(), parts.port or _PORTS.get(parts.scheme)


def same_origin_or_upgrade(one: str, other: str) -> bool:
    """Whether what is told to ``one`` may be told to ``other``: the same origin, or the same host by TLS instead."""
    here, there = origin(one), origin(other)
    return here == there or (here[0] == "http" and there[0] == "https" and here[1] == there[1])


def normal_path(path: str) -> str:
    """The one spelling of a path: what may be written plainly is, and the rest is percent-encoded in capitals."""
    return "/".join(quote_from_bytes(unquote_to_bytes(segment), safe="") for segment in path.split("/"))


def absolute(base: str, href: str) -> str:
    """The URL that an href in an answer from ``base`` means, in its one spelling, or ``""`` where it makes none."""
    try:
        parts = urlsplit(urljoin(base, href.strip()))
        parts.port  # noqa: B018 - raises for nonsense
    except ValueError:
        return ""
    if parts.scheme not in _PORTS or not parts.hostname:
        return ""
    netloc = parts.netloc.rpartition("@")[2].lower()
    return urlunsplit((parts.scheme, netloc, normal_path(parts.path or "/"), "", ""))


def collection(url: str) -> str:
    """The URL of a collection, which ends in a slash."""
    return url if url.endswith("/") else f"{url}/"


def known_as(home: str, base: str, href: str) -> str | None:
    """The path of a member of ``base`` as one of ``home``, the URL that redirected us there; see ``member``.

    So ids stay the same when a server moves a collection and redirects.
    """
    path = member(base, href)
    return None if path is None else normal_path(urlsplit(home).path) + path.rpartition("/")[2]


def member(base: str, href: str) -> str | None:
    """The path of a member of the collection ``base``, or ``None`` for anything else.

    The collection itself, its subcollections, other hosts and everything outside are not members. A server behind a
    proxy may name another scheme or port for itself, so only the host counts.
    """
    url = absolute(base, href)
    if not url or urlsplit(url).hostname != urlsplit(base).hostname:
        return None
    path, home = urlsplit(url).path, normal_path(urlsplit(base).path)
    name = path.removeprefix(home) if path.startswith(home) else ""
    return path if name and "/" not in name and name not in {".", ".."} else None
