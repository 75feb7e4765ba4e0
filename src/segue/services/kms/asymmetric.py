"""Keys in pairs: signatures made and verified, public keys told, pairs for data.

Source: API reference, Sign, Verify, GetPublicKey, GenerateDataKeyPair; developer guide, "Key spec reference".
"""

from __future__ import annotations

from typing import Any

from segue.api import Call
from segue.errors import AwsError, not_implemented
from segue.services.kms import pairs
from segue.services.kms.ciphers import encrypting_key, sealed
from segue.services.kms.pairs import ALGORITHMS, hash_of, new_pair, public_half
from segue.services.kms.records import Key
from segue.services.kms.service import SERVICE, existing, key_arn, usable


def _signing(call: Call, params: dict[str, Any], operation: str) -> tuple[Key, str]:
    key, algorithm = usable(existing(call, params["KeyId"]), "SIGN_VERIFY", operation), params["SigningAlgorithm"]
    if algorithm not in ALGORITHMS[key.details["KeySpec"]]:
        message = f"Algorithm {algorithm} is incompatible with key spec {key.details['KeySpec']}."
        raise AwsError("InvalidKeyUsageException", message)
    return key, algorithm


def _digest(params: dict[str, Any], algorithm: str) -> bytes:
    from cryptography.hazmat.primitives import hashes

    kind, message = params.get("MessageType", "RAW"), params["Message"]
    if kind == "EXTERNAL_MU":
        raise AwsError("ValidationException", f"MessageType EXTERNAL_MU is not compatible with {algorithm}.")
    if kind == "RAW":
        digest = hashes.Hash(hash_of(algorithm))
        digest.update(message)
        return digest.finalize()
    if len(message) != hash_of(algorithm).digest_size:
        raise AwsError("ValidationException", f"Digest is invalid length for algorithm {algorithm}.")
    return bytes(message)


@SERVICE.operation("Sign", resource=key_arn)
def sign(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """A signature of a message, or of its digest."""
    key, algorithm = _signing(call, params, "Sign")
    signature = pairs.sign(key.secret, algorithm, _digest(params, algorithm))
    return {"KeyId": key.arn, "Signature": signature, "SigningAlgorithm": algorithm}


@SERVICE.operation("Verify", reads=True, resource=key_arn)
def verify(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Whether a signature is a message's; ``KMSInvalidSignatureException`` where it is not."""
    key, algorithm = _signing(call, params, "Verify")
    if not pairs.is_signed(key.secret, algorithm, _digest(params, algorithm), params["Signature"]):
        raise AwsError("KMSInvalidSignatureException", "")
    return {"KeyId": key.arn, "SignatureValid": True, "SigningAlgorithm": algorithm}


@SERVICE.operation("GetPublicKey", reads=True, resource=key_arn)
def get_public_key(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """The public half of a pair, as others verify with it."""
    key = existing(call, params["KeyId"])
    spec = key.details["KeySpec"]
    if spec not in ALGORITHMS:
        raise AwsError("UnsupportedOperationException", f"{key.arn} is not an asymmetric key.")
    usable(key, "SIGN_VERIFY", "GetPublicKey")
    return {
        "KeyId": key.arn,
        "PublicKey": public_half(key.secret),
        "KeySpec": spec,
        "CustomerMasterKeySpec": spec,
        "KeyUsage": key.details["KeyUsage"],
        "SigningAlgorithms": list(ALGORITHMS[spec]),
    }


@SERVICE.operation("GenerateDataKeyPair", resource=key_arn)
def generate_data_key_pair(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """A new pair for data: the public half, the private one in the clear and encrypted by this key."""
    return _data_key_pair(call, params)


def _data_key_pair(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    if params.get("Recipient"):
        raise not_implemented("kms:GenerateDataKeyPair", "Recipient")
    spec = params["KeyPairSpec"]
    if spec not in ALGORITHMS:
        raise not_implemented("kms:GenerateDataKeyPair", f"KeyPairSpec {spec}")
    key, private = encrypting_key(call, params["KeyId"], "GenerateDataKeyPair"), new_pair(spec)
    return {
        "PrivateKeyCiphertextBlob": sealed(call, key, private, params.get("EncryptionContext") or {}),
        "PrivateKeyPlaintext": private,
        "PublicKey": public_half(private),
        "KeyId": key.arn,
        "KeyPairSpec": spec,
    }


@SERVICE.operation("GenerateDataKeyPairWithoutPlaintext", resource=key_arn)
def generate_data_key_pair_without_plaintext(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """The same for later: the private half only encrypted."""
    made = _data_key_pair(call, params)
    return {name: value for name, value in made.items() if name != "PrivateKeyPlaintext"}
