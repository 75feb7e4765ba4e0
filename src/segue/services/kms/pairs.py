"""Pairs of keys: how they are made and kept, and what they sign.

A pair is made while its request is handled, so there are only those that are made quickly: RSA of 2048 bits, and the
curves. The library is imported at the first use: few programs need one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurve, EllipticCurvePrivateKey
    from cryptography.hazmat.primitives.asymmetric.padding import PSS, PKCS1v15
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.hazmat.primitives.hashes import HashAlgorithm

    PrivateKey = RSAPrivateKey | EllipticCurvePrivateKey

_RSA = tuple(f"{scheme}_SHA_{bits}" for scheme in ("RSASSA_PKCS1_V1_5", "RSASSA_PSS") for bits in (256, 384, 512))
ALGORITHMS = {
    "RSA_2048": _RSA,
    "ECC_NIST_P256": ("ECDSA_SHA_256",),
    "ECC_NIST_P384": ("ECDSA_SHA_384",),
    "ECC_NIST_P521": ("ECDSA_SHA_512",),
    "ECC_SECG_P256K1": ("ECDSA_SHA_256",),
}
"""What keys of each spec sign by."""


def new_pair(spec: str) -> bytes:
    """A private key of that spec, as PKCS #8 in DER."""
    from cryptography.hazmat.primitives.asymmetric import ec, rsa
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    made: PrivateKey
    if spec == "RSA_2048":
        made = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
    else:
        curves: dict[str, type[EllipticCurve]] = {
            "ECC_NIST_P256": ec.SECP256R1,
            "ECC_NIST_P384": ec.SECP384R1,
            "ECC_NIST_P521": ec.SECP521R1,
            "ECC_SECG_P256K1": ec.SECP256K1,
        }
        made = ec.generate_private_key(curves[spec]())
    return made.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())


def _private(secret: bytes) -> PrivateKey:
    from cryptography.hazmat.primitives.serialization import load_der_private_key

    return cast("PrivateKey", load_der_private_key(secret, None))


def public_half(secret: bytes) -> bytes:
    """The public key of a private one, in DER."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    return _private(secret).public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def hash_of(algorithm: str) -> HashAlgorithm:
    """What an algorithm digests by."""
    from cryptography.hazmat.primitives import hashes

    return {"256": hashes.SHA256(), "384": hashes.SHA384(), "512": hashes.SHA512()}[algorithm[-3:]]


def _padding(algorithm: str) -> PSS | PKCS1v15:
    from cryptography.hazmat.primitives.asymmetric import padding

    if algorithm.startswith("RSASSA_PSS"):
        return padding.PSS(mgf=padding.MGF1(hash_of(algorithm)), salt_length=padding.PSS.DIGEST_LENGTH)
    return padding.PKCS1v15()


def sign(secret: bytes, algorithm: str, digest: bytes) -> bytes:
    """The signature of a digest."""
    from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

    private, known = _private(secret), Prehashed(hash_of(algorithm))
    if isinstance(private, RSAPrivateKey):
        return private.sign(digest, _padding(algorithm), known)
    return private.sign(digest, ECDSA(known))


def is_signed(secret: bytes, algorithm: str, digest: bytes, signature: bytes) -> bool:
    """Whether a signature is a digest's."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

    private, known = _private(secret), Prehashed(hash_of(algorithm))
    try:
        if isinstance(private, RSAPrivateKey):
            private.public_key().verify(signature, digest, _padding(algorithm), known)
        else:
            private.public_key().verify(signature, digest, ECDSA(known))
    except InvalidSignature:
        return False
    return True
