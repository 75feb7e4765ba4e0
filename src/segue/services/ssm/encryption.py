"""Secure strings: encrypted by a key of KMS, the account's own or the one that AWS keeps for the service.

Source: Systems Manager user guide, "How AWS Systems Manager Parameter Store uses AWS KMS" (the encryption context, the
managed key ``alias/aws/ssm``, which everybody in the account may use through the service).
"""

from __future__ import annotations

import base64
from typing import Any

from segue.api import Call
from segue.api.caller import service_caller
from segue.errors import AwsError
from segue.services.ssm.service import arn_of

MANAGED_KEY = "alias/aws/ssm"
_PRINCIPAL = "ssm.amazonaws.com"


def encrypt(call: Call, name: str, key_id: str, text: str) -> str:
    """The text as it is kept. ``InvalidKeyId`` where the key is none that can encrypt."""
    params = {"KeyId": key_id, "Plaintext": text.encode(), "EncryptionContext": _context(call, name)}
    blob: bytes = _perform(call, name, key_id, "kms:Encrypt", params)["CiphertextBlob"]
    return base64.b64encode(blob).decode()


def decrypt(call: Call, name: str, key_id: str, kept: str) -> str:
    """The text again."""
    params = {"CiphertextBlob": base64.b64decode(kept), "EncryptionContext": _context(call, name)}
    blob: bytes = _perform(call, name, key_id, "kms:Decrypt", params)["Plaintext"]
    return blob.decode()


def _context(call: Call, name: str) -> dict[str, str]:
    return {"PARAMETER_ARN": arn_of(call, name)}


def _perform(call: Call, name: str, key_id: str, operation: str, params: dict[str, Any]) -> dict[str, Any]:
    actor = call
    if key_id == MANAGED_KEY:
        actor = call.as_caller(service_caller(_PRINCIPAL, arn_of(call, name)))
    try:
        return actor.perform_at_once(operation, params)
    except AwsError as error:
        if error.status in (403, 501):
            raise
        raise AwsError("InvalidKeyId", f"{error.message} (Service: AWSKMS; Error Code: {error.code})") from None
