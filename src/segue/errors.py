"""The one exception type that users meet: an error as an AWS API answers it; and what one node leaves to another."""

from __future__ import annotations

from typing import Any


class AwsError(Exception):
    """An API error with AWS's code and message.

    Args:
        code: AWS's error code, such as ``ResourceNotFoundException`` (the model's shape name or its query code).
        message: the text for people.
        status: the HTTP status, 400 unless told.
        members: further members that the error's model shape declares (``Reason``, ``Type``, …).
        note: what is to be written down although the call's own rows are undone (a late answer); the edge does it.
        retryable: whether the same call may succeed later (throttles, 5xx): deliveries try again only then.
    """

    def __init__(
        self,
        code: str,
        message: str,
        *,
        status: int = 400,
        members: dict[str, Any] | None = None,
        retryable: bool | None = None,
        note: Any = None,
    ) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status
        self.members = members or {}
        self.note = note
        self.retryable = status >= 500 or status == 429 if retryable is None else retryable


class WrittenByNewer(Exception):
    """What was read was written by a newer Segue, which shares the store with this one: it is to be left to that."""


def not_implemented(operation: str, what: str = "") -> AwsError:
    """What is modelled by AWS and missing here: 501, naming the operation (and the field or form, if only that is)."""
    subject = f"{what} of {operation}" if what else operation
    return AwsError("NotImplemented", f"Segue does not implement {subject} yet.", status=501, retryable=False)
