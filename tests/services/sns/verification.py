"""A receiver's way to verify a message, as AWS describes it: by the certificate at its address, and nothing of ours."""

from __future__ import annotations

import base64
import urllib.request
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509 import load_pem_x509_certificate


def is_genuine(message: dict[str, Any]) -> bool:
    """Whether a message (an envelope, or a function's record) verifies."""
    names = ["Message", "MessageId", "Subject", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"]
    text = "".join(f"{name}\n{message[name]}\n" for name in names if message.get(name) is not None)
    with urllib.request.urlopen(message.get("SigningCertURL") or message["SigningCertUrl"]) as answer:
        key = load_pem_x509_certificate(answer.read()).public_key()
    assert isinstance(key, rsa.RSAPublicKey)
    digest = hashes.SHA256() if message["SignatureVersion"] == "2" else hashes.SHA1()
    try:
        key.verify(base64.b64decode(message["Signature"]), text.encode(), padding.PKCS1v15(), digest)
    except InvalidSignature:
        return False
    return True
