"""Encryption by a key of the customer's: what of it is accepted.

Data lies in one database file, which nothing here encrypts: a customer's key is stored and described as given, so that
the same definitions can be deployed, and has no further effect.
"""

from __future__ import annotations

from typing import Any

from segue.errors import AwsError


def check(configuration: dict[str, Any] | None) -> None:
    """Raise ``InvalidEncryptionConfiguration`` where type and key do not fit (API reference)."""
    if configuration is None:
        return
    customer = configuration["type"] == "CUSTOMER_MANAGED_KMS_KEY"
    if customer and "kmsKeyId" not in configuration:
        raise _invalid("kmsKeyId must be set when type is CUSTOMER_MANAGED_KMS_KEY")
    if not customer and ("kmsKeyId" in configuration or "kmsDataKeyReusePeriodSeconds" in configuration):
        raise _invalid("kmsKeyId and kmsDataKeyReusePeriodSeconds must not be set when type is AWS_OWNED_KEY")


def _invalid(why: str) -> AwsError:
    return AwsError("InvalidEncryptionConfiguration", f"Invalid Encryption Configuration: {why}")
