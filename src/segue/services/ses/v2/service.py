"""The newer API's declaration: the same things as the older one's, under its own names and errors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from segue.api import Call, Service
from segue.api.service import Handler, Resource
from segue.errors import AwsError
from segue.services.ses.service import conditions, policy_of

_SERVICE: Final = Service("sesv2", iam_prefix="ses", resource_policy=policy_of, conditions=conditions)
SERVICE = _SERVICE

_CODES: Final = {
    "AccountSendingPausedException": "SendingPausedException",
    "AlreadyExists": "AlreadyExistsException",
    "ConfigurationSetAlreadyExists": "AlreadyExistsException",
    "ConfigurationSetDoesNotExist": "NotFoundException",
    "ConfigurationSetSendingPausedException": "SendingPausedException",
    "EventDestinationAlreadyExists": "AlreadyExistsException",
    "EventDestinationDoesNotExist": "NotFoundException",
    "InvalidConfigurationSet": "BadRequestException",
    "InvalidParameterValue": "BadRequestException",
    "InvalidPolicy": "BadRequestException",
    "InvalidRenderingParameter": "BadRequestException",
    "InvalidSNSDestination": "BadRequestException",
    "InvalidTemplate": "BadRequestException",
    "LimitExceeded": "LimitExceededException",
    "MissingRenderingAttribute": "BadRequestException",
    "TemplateDoesNotExist": "NotFoundException",
}
"""The older API's errors, and what this one calls them."""


def operation(name: str, *, reads: bool = False, resource: Resource | None = None) -> Callable[[Handler], Handler]:
    """Declare an operation whose errors are told as this API tells them."""

    def declare(handler: Handler) -> Handler:
        def translated(call: Call, params: dict[str, Any]) -> Any:
            try:
                return handler(call, params)
            except AwsError as error:
                if error.code not in _CODES:
                    raise
                raise AwsError(_CODES[error.code], error.message) from None

        translated.__module__ = handler.__module__
        return _SERVICE.operation(name, reads=reads, resource=resource)(translated)

    return declare


def not_found(what: str) -> AwsError:
    """``NotFoundException``."""
    return AwsError("NotFoundException", what, status=404)


def bad_request(why: str) -> AwsError:
    """``BadRequestException``."""
    return AwsError("BadRequestException", why)
