"""Pairs of keys, whose signatures others verify."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import load_der_private_key, load_der_public_key

from segue.testing import Segue
from tests.services.resources import Resources
from tests.services.states.machines import refusal

CURVES = [
    ("ECC_NIST_P256", "ECDSA_SHA_256"),
    ("ECC_NIST_P384", "ECDSA_SHA_384"),
    ("ECC_NIST_P521", "ECDSA_SHA_512"),
    ("ECC_SECG_P256K1", "ECDSA_SHA_256"),
]


@pytest.fixture
def kms(segue: Segue) -> Any:
    return segue.client("kms")


def new_key(kms: Any, spec: str) -> str:
    return str(kms.create_key(KeySpec=spec, KeyUsage="SIGN_VERIFY")["KeyMetadata"]["KeyId"])


@pytest.mark.parametrize(("spec", "algorithm"), CURVES)
def test_curves_sign(kms: Any, spec: str, algorithm: str) -> None:
    key = {"KeyId": new_key(kms, spec)}
    assert kms.describe_key(**key)["KeyMetadata"]["SigningAlgorithms"] == [algorithm]
    made = kms.sign(**key, Message=b"hello", SigningAlgorithm=algorithm)
    told = kms.get_public_key(**key)
    public = load_der_public_key(told["PublicKey"])
    assert isinstance(public, ec.EllipticCurvePublicKey)
    kind = {"256": hashes.SHA256(), "384": hashes.SHA384(), "512": hashes.SHA512()}[algorithm[-3:]]
    public.verify(made["Signature"], b"hello", ec.ECDSA(kind))
    checked = {**key, "SigningAlgorithm": algorithm, "Signature": made["Signature"]}
    digest = hashlib.new(f"sha{algorithm[-3:]}", b"hello").digest()
    assert kms.verify(**checked, Message=digest, MessageType="DIGEST")["SignatureValid"]
    assert refusal(kms.verify, **checked, Message=b"other")[0] == "KMSInvalidSignatureException"
    assert refusal(kms.verify, **{**checked, "Signature": b"x"}, Message=b"hello")[0] == "KMSInvalidSignatureException"


def test_rsa_signs_by_each_scheme(kms: Any) -> None:
    key = {"KeyId": new_key(kms, "RSA_2048")}
    told = kms.get_public_key(**key)
    public = load_der_public_key(told["PublicKey"])
    assert isinstance(public, rsa.RSAPublicKey)
    assert (told["KeySpec"], told["KeyUsage"], len(told["SigningAlgorithms"])) == ("RSA_2048", "SIGN_VERIFY", 6)
    for algorithm in told["SigningAlgorithms"]:
        made = kms.sign(**key, Message=b"m", SigningAlgorithm=algorithm)["Signature"]
        assert kms.verify(**key, Message=b"m", Signature=made, SigningAlgorithm=algorithm)["SignatureValid"]
    plain = kms.sign(**key, Message=b"m", SigningAlgorithm="RSASSA_PKCS1_V1_5_SHA_256")["Signature"]
    public.verify(plain, b"m", padding.PKCS1v15(), hashes.SHA256())


def test_what_is_refused(kms: Any) -> None:
    pair, symmetric = new_key(kms, "ECC_NIST_P256"), kms.create_key()["KeyMetadata"]["KeyId"]
    asked = {"Message": b"m", "SigningAlgorithm": "ECDSA_SHA_256"}
    assert refusal(kms.sign, KeyId=symmetric, **asked)[0] == "InvalidKeyUsageException"
    assert (
        refusal(kms.sign, KeyId=pair, Message=b"m", SigningAlgorithm="ECDSA_SHA_512")[0] == "InvalidKeyUsageException"
    )
    assert refusal(kms.sign, KeyId=pair, MessageType="DIGEST", **asked)[0] == "ValidationException"
    assert refusal(kms.get_public_key, KeyId=symmetric)[0] == "UnsupportedOperationException"
    assert refusal(kms.encrypt, KeyId=pair, Plaintext=b"m")[0] == "InvalidKeyUsageException"
    assert refusal(kms.enable_key_rotation, KeyId=pair)[0] == "UnsupportedOperationException"
    assert refusal(kms.create_key, KeySpec="ECC_NIST_P256")[0] == "ValidationException"
    assert refusal(kms.create_key, KeySpec="RSA_2048", KeyUsage="ENCRYPT_DECRYPT")[0] == "NotImplemented"
    kms.disable_key(KeyId=pair)
    assert refusal(kms.sign, KeyId=pair, **asked)[0] == "DisabledException"


def test_pairs_for_data(kms: Any) -> None:
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    made = kms.generate_data_key_pair(KeyId=key, KeyPairSpec="ECC_NIST_P256", EncryptionContext={"a": "b"})
    opened = kms.decrypt(CiphertextBlob=made["PrivateKeyCiphertextBlob"], EncryptionContext={"a": "b"})["Plaintext"]
    assert opened == made["PrivateKeyPlaintext"]
    private = load_der_private_key(opened, None)
    assert private.public_key() == load_der_public_key(made["PublicKey"])
    later = kms.generate_data_key_pair_without_plaintext(KeyId=key, KeyPairSpec="RSA_2048")
    assert "PrivateKeyPlaintext" not in later
    assert refusal(kms.generate_data_key_pair, KeyId=key, KeyPairSpec="RSA_4096")[0] == "NotImplemented"


def test_in_templates(segue: Segue, kms: Any) -> None:
    made = Resources(segue).create("AWS::KMS::Key", "Pair", KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")
    assert kms.get_public_key(KeyId=made.physical_id)["SigningAlgorithms"] == ["ECDSA_SHA_256"]
