"""When a TLS certificate ends. The standard library reads certificates only of peers, so the few fields are read here.

X.509 (RFC 5280 4.1): a certificate is SEQUENCE { tbsCertificate, … }, and tbsCertificate is SEQUENCE { [0] version,
serialNumber, signature, issuer, validity SEQUENCE { notBefore, notAfter }, … } in DER.
"""

import re
import ssl
from datetime import UTC, datetime
from pathlib import Path

from bridge.errors import Invalid

_PEM = re.compile(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", re.DOTALL)
_SEQUENCE, _VERSION, _UTC_TIME = 0x30, 0xA0, 0x17
_BEFORE_VALIDITY = 3  # serialNumber, signature, issuer


def check_pair(certificate: Path, key: Path) -> None:
    """Raise ``Invalid`` unless both files can be read and belong together."""
    try:
        ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(certificate, key)
    except (OSError, ssl.SSLError) as error:
        raise Invalid(f"{certificate} and {key} cannot be used: {error.strerror or error}.") from error


def not_after(certificate: Path) -> datetime:
    """The last moment at which the first certificate of a PEM file is valid. Raises ``Invalid``."""
    try:
        found = _PEM.search(certificate.read_text(encoding="ascii"))
        if found is None:
            raise Invalid(f"{certificate} holds no PEM certificate.")
        return _not_after(ssl.PEM_cert_to_DER_cert(found[0]))
    except (OSError, ValueError, IndexError) as error:
        raise Invalid(f"{certificate} cannot be read.") from error


def _not_after(der: bytes) -> datetime:
    certificate = _contents(der, 0)
    fields = _contents(certificate, 0)
    position = _end(fields, 0) if fields[0] == _VERSION else 0
    for _ in range(_BEFORE_VALIDITY):
        position = _end(fields, position)
    validity = _contents(fields, position)
    last = _end(validity, 0)
    text = _contents(validity, last).decode("ascii")
    if validity[last] == _UTC_TIME:
        text = ("19" if text >= "5" else "20") + text  # RFC 5280 4.1.2.5.1
    return datetime.strptime(text, "%Y%m%d%H%M%SZ").replace(tzinfo=UTC)


def _header(der: bytes, position: int) -> tuple[int, int]:
    """Where the contents of the element at a position begin, and how long they are."""
    length = der[position + 1]
    if length < 0x80:
        return position + 2, length
    count = length & 0x7F
    return position + 2 + count, int.from_bytes(der[position + 2 : position + 2 + count], "big")


def _contents(der: bytes, position: int) -> bytes:
    start, length = _header(der, position)
    return der[start : start + length]


def _end(der: bytes, position: int) -> int:
    start, length = _header(der, position)
    return start + length
