"""The integrations that Step Functions shapes by hand: functions, topics, queues, buses, tables, executions.

Source: developer guide, "Integrating optimized services with Step Functions"; conformance cases sfn-task-*.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from segue.api.sdk.members import from_model, pascal
from segue.errors import AwsError, not_implemented
from segue.languages.asl import json_text
from segue.services.states.integrations.errors import optimized_error
from segue.services.states.integrations.integration import Integration, TaskError
from segue.services.states.integrations.members import to_model
from segue.services.states.integrations.metadata import with_metadata
from segue.wire.model import OperationModel, load_service

Shape = Callable[[dict[str, Any]], Any]


@dataclass(frozen=True, slots=True)
class _Service:
    """How the SDK for Java 1 names a service: in the model, before errors, in causes, its base exception."""

    model: str
    prefix: str
    sdk_name: str
    generic: str
    metadata: bool = True


_SERVICES = {
    "sqs": _Service("sqs", "SQS", "AmazonSQS", "AmazonSQSException"),
    "sns": _Service("sns", "SNS", "AmazonSNS", "AmazonSNSException"),
    "events": _Service("events", "EventBridge", "AmazonEventBridge", "AmazonEventBridgeException", metadata=False),
    "dynamodb": _Service("dynamodb", "DynamoDB", "AmazonDynamoDBv2", "AmazonDynamoDBException"),
    "lambda": _Service("lambda", "Lambda", "AWSLambda", "AWSLambdaException"),
    "states": _Service("stepfunctions", "StepFunctions", "AWSStepFunctions", "AWSStepFunctionsException"),
}


def _keep(value: dict[str, Any]) -> Any:
    return value


def _event_failures(result: dict[str, Any]) -> Any:
    if result.get("FailedEntryCount"):
        raise TaskError("EventBridge.FailedEntry", json_text.dump(result))
    return result


def _function_result(result: dict[str, Any]) -> Any:
    payload = result.get("Payload")
    if "FunctionError" in result:
        raise function_error(_compact(payload or ""))
    if payload is None or payload == "":
        return {name: value for name, value in result.items() if name != "Payload"}
    return {**result, "Payload": json_text.parse(payload)}


def _compact(payload: str) -> str:
    # The optimized integration hands a payload on as it has parsed it (sfn-error-handling/*raise_exception_catch).
    try:
        return json_text.dump(json_text.parse(payload))
    except ValueError:
        return payload


def function_error(payload: str) -> TaskError:
    """A function's error: its ``errorType`` is the error's name, its whole payload the cause.

    Without one (a custom runtime may leave it out) the words are those that users report: "The cause could not be
    determined because Lambda did not return an error type."
    """
    try:
        document = json_text.parse(payload)
    except ValueError:
        document = None
    error = document.get("errorType") if isinstance(document, dict) else None
    if isinstance(error, str) and error:
        return TaskError(error, payload)
    why = "The cause could not be determined because Lambda did not return an error type."
    return TaskError("Lambda.Unknown", f"{why} Returned payload: {payload}")


def _function_params(value: dict[str, Any]) -> Any:
    # A Payload of null is none at all: the function gets {} (sfn-task-lambda/lambda_task_service__invoke).
    payload = value.get("Payload")
    return {**value, "Payload": _payload_text({} if payload is None else payload)}


def _payload_text(payload: Any) -> str:
    """What the function is sent: a text that is JSON goes as it is (sfn-credentials/*service_lambda_invoke)."""
    if isinstance(payload, str):
        try:
            json_text.parse(payload)
        except ValueError:
            return json_text.dump(payload)
        return payload
    return json_text.dump(payload)


def _execution_params(value: dict[str, Any]) -> Any:
    # An Input of null is none at all (sfn-mocked-flows/base_callbacks__sfn_start_execution_sync).
    given = {} if value.get("Input") is None else value["Input"]
    return {**value, "Input": given if isinstance(given, str) else json_text.dump(given)}


_PARAMS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "lambda": _function_params,
    "states": _execution_params,
}
_RESULTS: dict[str, Shape] = {"events": _event_failures, "lambda": _function_result}


def is_optimized(resource_type: str) -> bool:
    """Whether there is an optimized integration for a service."""
    return resource_type in _SERVICES


def integration(resource_type: str, action: str) -> Integration:
    """The optimized integration of ``sqs``, ``sendMessage`` and the like.

    Raises:
        AwsError: 501 for an action that the service does not have.
    """
    service = _SERVICES[resource_type]
    operation = load_service(service.model).operations.get(action[:1].upper() + action[1:])
    if operation is None:
        raise not_implemented(f"the integration '{resource_type}:{action}'")
    return Integration(
        operation=f"{service.model}:{operation.name}",
        params=partial(_params, operation, _PARAMS.get(resource_type, _keep)),
        result=partial(_result, service, operation, _RESULTS.get(resource_type, _keep)),
        error=partial(_error, service),
        leaves=resource_type == "lambda",
    )


def _params(operation: OperationModel, shape: Callable[[dict[str, Any]], Any], value: Any) -> dict[str, Any]:
    return to_model(operation, shape(value) if isinstance(value, dict) else value)


def _result(
    service: _Service, operation: OperationModel, shape: Shape, output: dict[str, Any], request_id: str, now_ms: int
) -> Any:
    members = from_model(operation.service, operation.output, output, pascal)
    if operation.service.name == "stepfunctions" and "startDate" in output:
        members["StartDate"] = output["startDate"]
    result = shape(members)
    if not service.metadata:
        return result
    return with_metadata(operation, output, result, request_id, now_ms)


def _error(service: _Service, error: AwsError, request_id: str) -> TaskError:
    return optimized_error(
        load_service(service.model), service.prefix, service.sdk_name, service.generic, error, request_id
    )
