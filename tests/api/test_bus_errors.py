"""What dead letters of buses call errors."""

from __future__ import annotations

import pytest

from segue.api.bus_errors import bus_error_code
from segue.errors import AwsError


@pytest.mark.parametrize(
    ("code", "status", "expected"),
    [
        ("AccessDeniedException", 403, "NO_PERMISSIONS"),
        ("QueueDoesNotExist", 400, "NO_RESOURCE"),
        ("ResourceNotFoundException", 404, "NO_RESOURCE"),
        ("TooManyRequestsException", 429, "THROTTLING"),
        ("ExecutionLimitExceeded", 400, "RESOURCE_LIMIT_EXCEEDED"),
        ("ExecutionAlreadyExists", 400, "RESOURCE_ALREADY_EXISTS"),
        ("InvalidParameterValue", 400, "INVALID_PARAMETER"),
        ("ERROR_FROM_TARGET", 400, "ERROR_FROM_TARGET"),
        ("InternalFailure", 500, "INTERNAL_ERROR"),
        ("NotImplemented", 501, "INTERNAL_ERROR"),
        ("Odd", 400, "SDK_CLIENT_ERROR"),
    ],
)
def test_codes(code: str, status: int, expected: str) -> None:
    assert bus_error_code(AwsError(code, "", status=status)) == expected
