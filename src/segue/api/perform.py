"""Performing an operation: found, validated, authorized, handled."""

from __future__ import annotations

from typing import Any

from segue.api.authorize import authorize
from segue.api.call import Call, Result
from segue.errors import AwsError
from segue.wire.validate import validate


def perform(call: Call, name: str, params: dict[str, Any]) -> Result:
    """Perform ``service:Operation`` for ``call``.

    Args:
        name: the service (botocore's name) and the operation: ``sqs:SendMessage``.
        params: the input's members as the model names them; timestamps in milliseconds, blobs as ``bytes``.

    Raises:
        AwsError: as the service answers bad input, a lack of permission, or what its handler finds wrong;
            501 where the operation is not implemented.
    """
    service, _, operation_name = name.partition(":")
    operation = call.api.operation(service, operation_name)
    model = call.api.model(service).operations.get(operation_name)
    if model is not None:  # what is among ourselves has none, see Service.internal
        validate(model, params)
    authorize(call, call.api.service(service), operation, params)
    try:
        return operation.handler(call, params)
    except UnicodeEncodeError:
        raise AwsError("SerializationException", "The request holds half of a character (a lone surrogate).") from None
