"""Reasons, as CloudFormation words them."""

from __future__ import annotations

from collections.abc import Iterable

from segue.api import Call
from segue.api.resource_types import ALREADY_EXISTS
from segue.errors import AwsError

CREATE_CANCELLED = "Resource creation cancelled"
UPDATE_CANCELLED = "Resource update cancelled"
INITIATED = "Resource creation Initiated"
REPLACES = "Requested update requires the creation of a new physical resource; hence creating one."
NAME_TAKEN = (
    "CloudFormation cannot update a stack when a custom-named resource requires replacing. "
    "Rename {} and update the stack again."
)
TAKEN = "HandlerErrorCode: AlreadyExists)"
NO_UPDATES = "No updates are to be performed."
NO_CHANGES = "The submitted information didn't contain changes. Submit different information to create a change set."

_HANDLER_CODES = (
    (("NotFound", "NonExistent", "NoSuch", "DoesNotExist"), "NotFound"),
    (("Exists", "AlreadyOwned", "InUse"), "AlreadyExists"),
    (("AccessDenied", "Unauthorized", "NotAuthorized"), "AccessDenied"),
    (("Throttl", "TooManyRequests"), "Throttling"),
    (("LimitExceeded", "QuotaExceeded"), "ServiceLimitExceeded"),
    (("Invalid", "Validation", "Malformed", "MissingParameter"), "InvalidRequest"),
    (("InternalFailure", "InternalError"), "ServiceInternalError"),
)


class HandlerSays(Exception):
    """A resource cannot be made, changed or removed, in words that stand for themselves."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


def handler_reason(call: Call, type_name: str, error: AwsError) -> str:
    """Why an operation of another service failed, as resource handlers tell it."""
    code = next((said for words, said in _HANDLER_CODES if any(word in error.code for word in words)), "")
    parts = type_name.split("::")
    service = parts[1].capitalize() if len(parts) == 3 else type_name
    said = error.message
    if error.code != ALREADY_EXISTS:  # which no service has said
        said += f" (Service: {service}, Status Code: {error.status}, Request ID: {call.tx.ids.uuid()})"
    token = call.tx.ids.uuid()
    return (
        f'Resource handler returned message: "{said}" '
        f"(RequestToken: {token}, HandlerErrorCode: {code or 'GeneralServiceException'})"
    )


def failures(created: Iterable[str], updated: Iterable[str]) -> str:
    """Which resources have failed, with a space after each sentence."""
    words = ""
    if names := ", ".join(created):
        words += f"The following resource(s) failed to create: [{names}]. "
    if names := ", ".join(updated):
        words += f"The following resource(s) failed to update: [{names}]. "
    return words
