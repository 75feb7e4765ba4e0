"""The key that messages are signed with, and its certificate: made once for a data directory, when first needed.

Whoever receives a message verifies it as AWS describes: by the certificate at the message's ``SigningCertURL``, over
the values that its type has signed, in this order, each under its name
(https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html).
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from segue.store import Transaction

if TYPE_CHECKING:  # loaded where something is signed: most servers never need it, and all would start later
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

CERTIFICATES: Final = "/SimpleNotificationService-"
"""What the path of a certificate begins with."""
_KEY_BITS = 2_048
_VALID_DAYS = 20 * 365
_SIGNED: Final = {"Notification": ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type")}
_SIGNED_OF_CONFIRMATIONS: Final = ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type")


@dataclass(frozen=True, slots=True)
class SigningKey:
    """The private key (PKCS #8), and the file name of its certificate."""

    private: bytes
    certificate_name: str

    def sign(self, fields: Mapping[str, str], version: str) -> str:
        """The signature of a message with these fields: RSA of SHA-1 (version ``1``) or of SHA-256 (``2``).

        A fifth of a millisecond: sign a message once, not for each of its receivers.
        """
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import padding

        digest = hashes.SHA256() if version == "2" else hashes.SHA1()
        signature = _loaded(self.private).sign(signed_text(fields).encode(), padding.PKCS1v15(), digest)
        return base64.b64encode(signature).decode("ascii")


def signed_text(fields: Mapping[str, str]) -> str:
    """What of a message is signed."""
    names = _SIGNED.get(fields["Type"], _SIGNED_OF_CONFIRMATIONS)
    return "".join(f"{name}\n{fields[name]}\n" for name in names if name in fields)


def signing_key(tx: Transaction) -> SigningKey:
    """The key of this data directory; made if there is none yet (some 50 ms, once)."""
    row = tx.one("SELECT private_key, certificate_name FROM sns_signing_keys WHERE id = 1")
    if row is None:
        tx.run(
            "INSERT INTO sns_signing_keys VALUES (1, ?, ?, ?) ON CONFLICT (id) DO NOTHING", *_made(tx.now_ms)
        )  # somebody else may have been first
        return signing_key(tx)
    return SigningKey(bytes(row[0]), row[1])


def certificate(tx: Transaction, name: str) -> str | None:
    """The certificate of that file name, as PEM."""
    row = tx.one("SELECT certificate FROM sns_signing_keys WHERE certificate_name = ?", name)
    return None if row is None else str(row[0])


@lru_cache(maxsize=4)
def _loaded(private: bytes) -> RSAPrivateKey:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.hazmat.primitives.serialization import load_der_private_key

    key = load_der_private_key(private, None, unsafe_skip_rsa_key_validation=True)  # our own
    assert isinstance(key, RSAPrivateKey)
    return key


def _made(now_ms: int) -> tuple[bytes, str, str]:
    """A new key, the file name of its certificate, and the certificate."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import rsa
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    key = rsa.generate_private_key(65_537, _KEY_BITS)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Segue Simple Notification Service")])
    now = datetime.fromtimestamp(now_ms // 1_000, UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=_VALID_DAYS))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    digest = hashlib.sha256(signed.public_bytes(Encoding.DER)).hexdigest()[:32]
    return private, f"{CERTIFICATES[1:]}{digest}.pem", signed.public_bytes(Encoding.PEM).decode("ascii")
