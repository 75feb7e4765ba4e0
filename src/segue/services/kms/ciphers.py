"""What keys do: encrypt and decrypt, make data keys and random bytes, make and verify authentication codes.

Source: API reference, Encrypt, Decrypt, ReEncrypt, GenerateDataKey, GenerateMac.
"""

from __future__ import annotations

import base64
import hmac
from typing import Any

from segue.api import Call
from segue.errors import AwsError, not_implemented
from segue.services.kms import records
from segue.services.kms.envelope import parts, seal, unseal
from segue.services.kms.keys import make_key
from segue.services.kms.records import Alias, Key
from segue.services.kms.service import SERVICE, existing, find, key_arn, scope_of, usable

_NONCE_BYTES = 16
_MANAGED = "alias/aws/"
_DATA_KEYS = {"AES_128": 16, "AES_256": 32}
_HASHES = {f"HMAC_SHA_{bits}": f"sha{bits}" for bits in (224, 256, 384, 512)}


def _of_blob(call: Call, params: dict[str, Any]) -> str:
    """The ARN of the key that a ciphertext names."""
    key = _key_of_blob(call, params.get("CiphertextBlob", b""))
    return key.arn if key is not None else key_arn(call, params)


def _key_of_blob(call: Call, blob: bytes) -> Key | None:
    taken = parts(blob)
    row = taken and call.tx.one("SELECT scope FROM kms_keys WHERE id = ?", taken.key_id)
    return records.find_key(call.tx, row[0], taken.key_id) if taken and row else None


def encrypting_key(call: Call, named: str, operation: str) -> Key:
    """A key to encrypt with; one that AWS manages for a service is made when it is first used."""
    if named.startswith(_MANAGED) and find(call, named) is None:
        words = f"Default key that protects my {named.removeprefix(_MANAGED)} data when no other key is defined"
        details = {"Description": words, "KeySpec": "SYMMETRIC_DEFAULT", "KeyUsage": "ENCRYPT_DECRYPT"}
        made = make_key(call, {**details, "KeyManager": "AWS"}, _managed_policy(named))
        records.save_alias(call.tx, Alias(scope_of(call), named, made.id, call.now_ms, call.now_ms))
    return usable(existing(call, named), "ENCRYPT_DECRYPT", operation)


def _managed_policy(named: str) -> str:
    service = f"{named.removeprefix(_MANAGED)}.amazonaws.com"
    return (
        '{"Version": "2012-10-17", "Id": "auto-1", "Statement": [{"Effect": "Allow", "Principal": {"Service": "'
        + service
        + '"}, "Action": ["kms:Encrypt", "kms:Decrypt", "kms:GenerateDataKey*", "kms:DescribeKey"], "Resource": "*"}]}'
    )


def sealed(call: Call, key: Key, plaintext: bytes, context: dict[str, str]) -> bytes:
    """A ciphertext of that key."""
    return seal(key.secret, key.id, random_bytes(call, _NONCE_BYTES), plaintext, context)


def random_bytes(call: Call, size: int) -> bytes:
    """Unguessable bytes."""
    return base64.b64decode(call.tx.ids.token(size))


def _check_algorithm(operation: str, params: dict[str, Any], *members: str) -> None:
    for member in members:
        if params.get(member, "SYMMETRIC_DEFAULT") != "SYMMETRIC_DEFAULT":
            raise not_implemented(f"kms:{operation}", f"{member} {params[member]}")
    if params.get("Recipient"):
        raise not_implemented(f"kms:{operation}", "Recipient")


def _ciphertext(operation: str, params: dict[str, Any]) -> bytes:
    """What is to be opened: only a dry run may come without."""
    if params.get("DryRunModifiers"):
        raise not_implemented(f"kms:{operation}", "DryRunModifiers")
    if "CiphertextBlob" not in params:
        words = "Value at 'ciphertextBlob' failed to satisfy constraint: Member must not be null"
        raise AwsError("ValidationException", f"1 validation error detected: {words}")
    return bytes(params["CiphertextBlob"])


@SERVICE.operation("Encrypt", resource=key_arn)
def encrypt(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Encrypt up to four kilobytes."""
    _check_algorithm("Encrypt", params, "EncryptionAlgorithm")
    key = encrypting_key(call, params["KeyId"], "Encrypt")
    blob = sealed(call, key, params["Plaintext"], params.get("EncryptionContext") or {})
    return {"CiphertextBlob": blob, "KeyId": key.arn, "EncryptionAlgorithm": "SYMMETRIC_DEFAULT"}


@SERVICE.operation("Decrypt", reads=True, resource=_of_blob)
def decrypt(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """What was encrypted; the ciphertext says by which key."""
    _check_algorithm("Decrypt", params, "EncryptionAlgorithm")
    key, plaintext = _opened(call, _ciphertext("Decrypt", params), params.get("KeyId"), params.get("EncryptionContext"))
    return {"KeyId": key.arn, "Plaintext": plaintext, "EncryptionAlgorithm": "SYMMETRIC_DEFAULT"}


def _opened(call: Call, blob: bytes, named: str | None, context: dict[str, str] | None) -> tuple[Key, bytes]:
    key = _key_of_blob(call, blob)
    if key is None:
        raise AwsError("InvalidCiphertextException", "")
    if named is not None and existing(call, named).id != key.id:
        message = "The key ID in the request does not identify a CMK that can perform this operation."
        raise AwsError("IncorrectKeyException", message)
    plaintext = unseal(usable(key, "ENCRYPT_DECRYPT", "Decrypt").secret, blob, context or {})
    if plaintext is None:
        raise AwsError("InvalidCiphertextException", "")
    return key, plaintext


def _both(call: Call, params: dict[str, Any]) -> str:
    return key_arn(call, {"KeyId": params["DestinationKeyId"]})


@SERVICE.operation("ReEncrypt", resource=_both, action="kms:ReEncryptTo")
def re_encrypt(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """What one key has encrypted, encrypted by another."""
    _check_algorithm("ReEncrypt", params, "SourceEncryptionAlgorithm", "DestinationEncryptionAlgorithm")
    blob, context = _ciphertext("ReEncrypt", params), params.get("SourceEncryptionContext")
    source, plaintext = _opened(call, blob, params.get("SourceKeyId"), context)
    target = encrypting_key(call, params["DestinationKeyId"], "ReEncrypt")
    return {
        "CiphertextBlob": sealed(call, target, plaintext, params.get("DestinationEncryptionContext") or {}),
        "SourceKeyId": source.arn,
        "KeyId": target.arn,
        "SourceEncryptionAlgorithm": "SYMMETRIC_DEFAULT",
        "DestinationEncryptionAlgorithm": "SYMMETRIC_DEFAULT",
    }


@SERVICE.operation("GenerateDataKey", resource=key_arn)
def generate_data_key(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """A new key to encrypt data with: in the clear, and encrypted by this one."""
    return _data_key(call, params)


def _data_key(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    _check_algorithm("GenerateDataKey", params)
    spec, size = params.get("KeySpec"), params.get("NumberOfBytes")
    if (spec is None) == (size is None):
        raise AwsError("ValidationException", "Please specify either number of bytes or key spec.")
    key = encrypting_key(call, params["KeyId"], "GenerateDataKey")
    plaintext = random_bytes(call, size if size is not None else _DATA_KEYS[str(spec)])
    blob = sealed(call, key, plaintext, params.get("EncryptionContext") or {})
    return {"CiphertextBlob": blob, "Plaintext": plaintext, "KeyId": key.arn}


@SERVICE.operation("GenerateDataKeyWithoutPlaintext", resource=key_arn)
def generate_data_key_without_plaintext(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """The same for later: only encrypted."""
    made = _data_key(call, params)
    return {name: value for name, value in made.items() if name != "Plaintext"}


@SERVICE.operation("GenerateRandom")
def generate_random(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Random bytes."""
    _check_algorithm("GenerateRandom", params)
    if "NumberOfBytes" not in params:
        raise AwsError("ValidationException", "NumberOfBytes is required.")
    return {"Plaintext": random_bytes(call, params["NumberOfBytes"])}


@SERVICE.operation("GenerateMac", reads=True, resource=key_arn)
def generate_mac(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """An authentication code of a message."""
    key, code = _mac(call, params, "GenerateMac")
    return {"Mac": code, "MacAlgorithm": params["MacAlgorithm"], "KeyId": key.arn}


@SERVICE.operation("VerifyMac", reads=True, resource=key_arn)
def verify_mac(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Whether a code is a message's."""
    key, code = _mac(call, params, "VerifyMac")
    if not hmac.compare_digest(code, params["Mac"]):
        raise AwsError("KMSInvalidMacException", "")
    return {"KeyId": key.arn, "MacValid": True, "MacAlgorithm": params["MacAlgorithm"]}


def _mac(call: Call, params: dict[str, Any], operation: str) -> tuple[Key, bytes]:
    key = usable(existing(call, params["KeyId"]), "GENERATE_VERIFY_MAC", operation)
    algorithm = params["MacAlgorithm"]
    if algorithm.removeprefix("HMAC_SHA_") != key.details["KeySpec"].removeprefix("HMAC_"):
        message = f"Algorithm {algorithm} is incompatible with key spec {key.details['KeySpec']}."
        raise AwsError("InvalidKeyUsageException", message)
    return key, hmac.digest(key.secret, params["Message"], _HASHES[algorithm])
