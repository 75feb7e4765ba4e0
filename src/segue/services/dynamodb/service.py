"""The service's declaration; operation modules hang their handlers on it."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from segue.api import Call, Result, Service
from segue.api.authorize import authorize_action
from segue.errors import AwsError
from segue.languages.expressions import ExpressionError
from segue.services.dynamodb import records

SERVICE = Service("dynamodb", migrations=records.MIGRATIONS, partition_keys=records.PARTITION_KEYS)

Handler = Callable[[Call, dict[str, Any]], Result]


def operation(
    name: str,
    *,
    reads: bool = False,
    resource: Callable[[Call, dict[str, Any]], str] | None = None,
    action: str | None = "",
) -> Callable[[Handler], Handler]:
    """Declare an operation whose invalid expressions and values are ``ValidationException``s."""

    def declare(handler: Handler) -> Handler:
        @wraps(handler)
        def checked(call: Call, params: dict[str, Any]) -> Result:
            try:
                return handler(call, params)
            except ExpressionError as error:
                raise invalid(error.message) from None

        SERVICE.operation(name, reads=reads, resource=resource, action=action)(checked)
        return checked

    return declare


def authorize_table(call: Call, action: str, arn: str) -> None:
    """Raise ``AwsError`` where the caller may not do ``action`` to the table: for operations on several tables."""
    authorize_action(call, SERVICE, f"dynamodb:{action}", arn)


def invalid(message: str) -> AwsError:
    """``ValidationException``."""
    return AwsError("ValidationException", message)


def invalid_values(what: str) -> AwsError:
    """``ValidationException`` for parameter values that contradict the table or each other."""
    return invalid(f"One or more parameter values were invalid: {what}")
