"""The question and the answer by which NTLM signs a connection in, bound to its TLS channel (RFC 5929 4.1)."""

import base64
import binascii
import re
from typing import Any

import spnego
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.hashes import SHA256, Hash, HashAlgorithm
from spnego.channel_bindings import GssChannelBindings
from spnego.exceptions import SpnegoError

from bridge.errors import SignInNeeded
from bridge.providers.exchange.installation import NAME, SIGN_IN

_WEAK = frozenset(("md5", "sha1"))


class Handshake:
    """One sign-in. ``scheme`` is NTLM or Negotiate, ``certificate`` the hash of the server's, empty without TLS."""

    def __init__(self, username: str, password: str, scheme: str, certificate: bytes) -> None:
        self._scheme = scheme
        bindings = GssChannelBindings(application_data=b"tls-server-end-point:" + certificate) if certificate else None
        self._context = spnego.client(
            username, password, protocol="ntlm" if scheme == "NTLM" else "negotiate", channel_bindings=bindings
        )

    def first(self) -> str:
        """What opens the conversation."""
        return base64.b64encode(self._context.step() or b"").decode()

    def challenge(self, header: str) -> bytes:
        """The server's question, empty where there is none."""
        found = re.search(rf"{self._scheme} ([A-Za-z0-9+/=]+)", header, re.IGNORECASE)
        try:
            return base64.b64decode(found[1], validate=True) if found else b""
        except binascii.Error:
            return b""

    def reply(self, challenge: bytes) -> str:
        """The answer. Raises ``SignInNeeded`` for a question that makes no sense."""
        try:
            return base64.b64encode(self._context.step(challenge) or b"").decode()
        except (SpnegoError, ValueError) as error:
            raise SignInNeeded(f"{NAME} refuses the sign-in.", remote=NAME, remedy=SIGN_IN) from error


def certificate_hash(stream: Any) -> bytes:
    """The hash of the certificate behind a connection, empty without TLS."""
    tls = stream.get_extra_info("ssl_object") if stream is not None else None
    shown = tls.getpeercert(True) if tls is not None else None  # noqa: FBT003 - it takes no names
    if not shown:
        return b""
    found = Hash(_algorithm(shown))
    found.update(shown)
    return found.finalize()


def _algorithm(shown: bytes) -> HashAlgorithm:
    """That of the certificate's signature, unless it is weak or unknown."""
    try:
        own = x509.load_der_x509_certificate(shown).signature_hash_algorithm
    except (ValueError, UnsupportedAlgorithm):
        own = None
    return SHA256() if own is None or own.name in _WEAK else own
