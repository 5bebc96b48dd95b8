"""Signs configuration profiles: CMS SignedData (RFC 5652) in DER, with the profile inside.

With the server's own certificate, whose chain is sent along, devices show the profile as verified. Without one, a
certificate that follows from the installation's secret says at least that all profiles come from the same place.
"""

from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key
from cryptography.hazmat.primitives.serialization.pkcs7 import PKCS7Options, PKCS7SignatureBuilder
from cryptography.x509.oid import NameOID

SigningKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
_PURPOSE = b"davbridge profiles 1"
_SINCE, _UNTIL = datetime(2026, 1, 1, tzinfo=UTC), datetime(2046, 1, 1, tzinfo=UTC)


class ProfileSigner:
    """Signs with the server's certificate and key (PEM files), or with what follows from ``secret``."""

    def __init__(self, secret: bytes, certificate: Path | None = None, key: Path | None = None) -> None:
        self._secret = secret
        self._certificate = certificate
        self._key = key

    def sign(self, profile: bytes) -> bytes:
        """Sign a profile. The files are read anew each time: certificates are replaced while the server runs."""
        chain, key = self._of_server() or self._of_secret()
        builder = PKCS7SignatureBuilder().set_data(profile).add_signer(chain[0], key, SHA256())
        for intermediate in chain[1:]:
            builder = builder.add_certificate(intermediate)
        return builder.sign(Encoding.DER, [PKCS7Options.Binary])

    def _of_server(self) -> tuple[list[x509.Certificate], SigningKey] | None:
        """The server's certificate, its chain and its key, unless they are missing, broken or of an odd kind."""
        if self._certificate is None or self._key is None:
            return None
        try:
            chain = x509.load_pem_x509_certificates(self._certificate.read_bytes())
            key = load_pem_private_key(self._key.read_bytes(), None)
        except (OSError, ValueError, TypeError):
            return None
        if not isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey):
            return None
        return (chain, key) if chain[0].public_key() == key.public_key() else None

    def _of_secret(self) -> tuple[list[x509.Certificate], SigningKey]:
        curve = ec.SECP256R1()
        octets = HKDF(SHA256(), 48, None, _PURPOSE).derive(self._secret)
        key = ec.derive_private_key(int.from_bytes(octets, "big") % (curve.group_order - 1) + 1, curve)
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "davbridge")])
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(int.from_bytes(octets[:16], "big") | 1)
            .not_valid_before(_SINCE)
            .not_valid_after(_UNTIL)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .sign(key, SHA256())
        )
        return [certificate], key
