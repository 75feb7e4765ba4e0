"""The errors that callers of this package meet; what functions themselves do wrong is an ``Outcome``, not an error."""

from __future__ import annotations

from segue.errors import AwsError
from segue.store.archive import ArchiveRefused


class ConcurrencyExceeded(AwsError):
    """No more concurrent invocations: ``TooManyRequestsException`` with AWS's ``Reason``.

    ``reason`` is ``ReservedFunctionConcurrentInvocationLimitExceeded`` or ``ConcurrentInvocationLimitExceeded``
    (https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html#API_Invoke_Errors).
    """

    def __init__(self, reason: str) -> None:
        members = {"Reason": reason, "Type": "User"}
        super().__init__("TooManyRequestsException", "Rate Exceeded.", status=429, members=members)
        self.reason = reason


CodeRefused = ArchiveRefused
"""A package that AWS would refuse: ``InvalidParameterValueException`` (unreadable, too big) with AWS's text."""


class RuntimeUnsupported(AwsError):
    """A runtime that cannot run here; the message names it and says what would help."""

    def __init__(self, runtime: str, why: str) -> None:
        super().__init__(
            "InvalidRuntimeException", f"Segue cannot run the runtime {runtime}: {why}", status=502, retryable=False
        )
        self.runtime = runtime


def shutting_down() -> AwsError:
    """The server is going; the invocation may have begun. Deliveries try again later."""
    return AwsError("ServiceException", "The server is shutting down.", status=500)
