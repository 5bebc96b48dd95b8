"""One address for everything: which requests go to DAV, and which to the page (``interface.md``, Addresses)."""

from collections.abc import Callable, Iterable
from ipaddress import ip_address
from typing import Any

from werkzeug.middleware.proxy_fix import ProxyFix

from bridge.values import Network

Environ = dict[str, Any]
WsgiApp = Callable[[Environ, Any], Iterable[bytes]]

DAV = "/dav"
NEXTCLOUD = "/remote.php/dav"  # where programs look for DAV after the Nextcloud login flow
_WELL_KNOWN = {"/.well-known/caldav", "/.well-known/carddav"}
_DAV_METHODS = {"PROPFIND", "PROPPATCH", "REPORT", "OPTIONS", "MKCOL", "MKCALENDAR"}


def gateway(dav: WsgiApp, page: WsgiApp) -> WsgiApp:
    """Send each request to the application that it means. A client that asks DAV things of ``/`` gets the DAV root."""

    def application(environ: Environ, start_response: Any) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if path.rstrip("/") in _WELL_KNOWN:
            return _redirect(environ, start_response)
        for mount in (DAV, NEXTCLOUD):
            if path == mount or path.startswith(f"{mount}/"):
                return dav(_below_dav(environ, path.removeprefix(mount) or "/", mount), start_response)
        if path in {"", "/"} and environ.get("REQUEST_METHOD") in _DAV_METHODS:
            return dav(_below_dav(environ, "/"), start_response)
        return page(environ, start_response)

    return application


def _below_dav(environ: Environ, path: str, mount: str = DAV) -> Environ:
    return {**environ, "SCRIPT_NAME": environ.get("SCRIPT_NAME", "") + mount, "PATH_INFO": path}


def _redirect(environ: Environ, start_response: Any) -> Iterable[bytes]:
    """RFC 6764 5: a redirect for every method; clients follow 301 only where they expect it, which is here."""
    location = f"{environ.get('SCRIPT_NAME', '')}{DAV}/"
    start_response("301 Moved Permanently", [("Location", location), ("Content-Length", "0")])
    return [b""]


def behind_proxies(application: WsgiApp, trusted: tuple[Network, ...]) -> WsgiApp:
    """Believe X-Forwarded-* only when a trusted proxy says it; drop it from anybody else."""
    if not trusted:
        return application
    fixed = ProxyFix(application, x_for=1, x_proto=1, x_host=1, x_port=1, x_prefix=1)

    def choose(environ: Environ, start_response: Any) -> Iterable[bytes]:
        chosen = fixed if _is_trusted(str(environ.get("REMOTE_ADDR", "")), trusted) else application
        return chosen(environ, start_response)

    return choose


def _is_trusted(address: str, trusted: tuple[Network, ...]) -> bool:
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    return any(found in network for network in trusted)
