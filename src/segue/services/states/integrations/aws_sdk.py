"""``arn:aws:states:::aws-sdk:service:action``: every operation there is, by its service's model."""

from __future__ import annotations

from functools import cache, partial
from typing import Any

from segue.api.sdk.members import from_model
from segue.api.sdk.names import member_name, operation_named
from segue.errors import AwsError
from segue.languages.asl import json_text
from segue.services.states.integrations.errors import aws_sdk_error
from segue.services.states.integrations.integration import Integration, TaskError
from segue.services.states.integrations.members import to_model
from segue.wire.model import OperationModel, load_service

# The SDK for Java 2's class names, which begin the error names.
_PREFIXES = {
    "dynamodb": "DynamoDb",
    "eventbridge": "EventBridge",
    "cloudwatchlogs": "CloudWatchLogs",
    "cloudwatch": "CloudWatch",
    "secretsmanager": "SecretsManager",
    "apigateway": "ApiGateway",
    "apigatewayv2": "ApiGatewayV2",
    "cloudformation": "CloudFormation",
    "sesv2": "SesV2",
}


def integration(service: str, action: str) -> Integration:
    """The SDK integration of a service's action.

    Raises:
        AwsError: 501 for a service or an action that has no model.
    """
    try:
        operation = operation_named(service, action)
    except LookupError as error:
        raise AwsError("NotImplemented", str(error.args[0]), status=501) from None
    return Integration(
        operation=f"{operation.service.name}:{operation.name}",
        params=partial(_params, operation),
        result=partial(_result, operation),
        error=partial(_error, operation.service.name, _PREFIXES.get(service, service.capitalize())),
    )


def _params(operation: OperationModel, value: Any) -> dict[str, Any]:
    members = {**_sdk_defaults(operation), **to_model(operation, value)}
    payload = operation.input.traits.get("payload") if operation.streams_input and operation.input else None
    if payload in members:  # a text is uploaded as JSON, with its quotes (sfn-task-aws-sdk/*s3_put_object_str)
        given = next(item for name, item in value.items() if name.lower() == payload.lower())
        members[payload] = json_text.dump(given).encode()
    return members


@cache
def _sdk_defaults(operation: OperationModel) -> dict[str, Any]:
    """What the SDK for Java 2 sends unasked: a CRC-32 of what it uploads, the type of a text, and that answers are to
    bring their checksums (conformance: sfn-task-aws-sdk/*s3_put_object*)."""
    defaults: dict[str, Any] = {}
    checksum, members = operation.http_checksum, operation.input.members if operation.input is not None else {}
    if operation.streams_input and "requestAlgorithmMember" in checksum:
        defaults[checksum["requestAlgorithmMember"]] = "CRC32"
    if "requestValidationModeMember" in checksum:
        defaults[checksum["requestValidationModeMember"]] = "ENABLED"
    if operation.streams_input and "ContentType" in members:
        defaults["ContentType"] = "text/plain; charset=UTF-8"
    return defaults


def _result(operation: OperationModel, output: dict[str, Any], _: str, __: int) -> Any:
    return from_model(operation.service, operation.output, output, member_name)


def _error(service: str, prefix: str, error: AwsError, request_id: str) -> TaskError:
    return aws_sdk_error(load_service(service), prefix, error, request_id)
