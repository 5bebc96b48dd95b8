"""What protects every answer: headers, the cookie of the session, and tokens in forms."""

from flask import Flask, Response, request
from flask.sessions import SecureCookieSessionInterface
from flask_wtf import CSRFProtect

from bridge.config import Config

POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self'",
    "connect-src": "'self'",
    "form-action": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
}
_HEADERS = {
    # Everything that a page loads is ours, in files of its own.
    "Content-Security-Policy": "; ".join(f"{name} {value}" for name, value in POLICY.items()),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
_STAY_WITH_TLS = "max-age=31536000"
_UNCHANGING = 3600  # seconds for which a browser keeps our own files


class _Cookie(SecureCookieSessionInterface):
    """Sends the cookie over TLS only, wherever there is TLS."""

    def __init__(self, *, secure: bool) -> None:
        self._secure = secure

    def get_cookie_secure(self, app: Flask) -> bool:  # noqa: ARG002 - Flask's signature
        return self._secure or request.is_secure


def install(app: Flask, config: Config, key: bytes) -> CSRFProtect:
    """Protect an application. ``key`` signs its cookie."""
    app.secret_key = key
    app.session_interface = _Cookie(secure=config.server.base_url.startswith("https://"))
    app.config.update(
        MAX_CONTENT_LENGTH=config.server.max_body,
        SEND_FILE_MAX_AGE_DEFAULT=_UNCHANGING,
        SESSION_COOKIE_NAME="davbridge",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_REFRESH_EACH_REQUEST=False,
        PERMANENT_SESSION_LIFETIME=config.web.session_lifetime,
        WTF_CSRF_TIME_LIMIT=None,  # a form is good as long as its session
        WTF_CSRF_SSL_STRICT=False,  # the token is enough, and not every browser tells where it comes from
    )
    app.after_request(_protect)
    return CSRFProtect(app)


def _protect(response: Response) -> Response:
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
    if "Cache-Control" not in response.headers:
        response.headers["Cache-Control"] = "no-store"
    if request.is_secure:
        response.headers.setdefault("Strict-Transport-Security", _STAY_WITH_TLS)
    return response
