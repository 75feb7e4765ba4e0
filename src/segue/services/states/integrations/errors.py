"""How Step Functions names the errors of the services that it calls, and words their causes.

Sources: conformance cases sfn-error-handling/*, sfn-task-aws-sdk/*; developer guide, "Handling errors".
"""

from __future__ import annotations

from segue.api.sdk.names import exception_name
from segue.errors import AwsError
from segue.services.states.integrations.integration import TaskError
from segue.wire import overlays
from segue.wire.model import ServiceModel
from segue.wire.rest_xml import extended_id


def optimized_error(
    model: ServiceModel, prefix: str, sdk_name: str, generic: str, error: AwsError, request_id: str
) -> TaskError:
    """An error of an optimized integration, in the words of the SDK for Java 1.

    Args:
        prefix: before the error's name: ``SQS``.
        sdk_name: the service's name in the cause: ``AmazonSQS``.
        generic: the exception for errors that the model does not know: ``AmazonSQSException``.
    """
    modelled = model.error(error.code)
    name = _exception(modelled.name) if modelled else generic
    code = modelled.query_code if modelled else error.code
    cause = (
        f"{error.message} (Service: {sdk_name}; Status Code: {error.status}; Error Code: {code}; "
        f"Request ID: {request_id}; Proxy: null)"
    )
    return TaskError(f"{prefix}.{name}", cause)


def aws_sdk_error(model: ServiceModel, prefix: str, error: AwsError, request_id: str) -> TaskError:
    """An error of an SDK integration, in the words of the SDK for Java 2. ``prefix``: its name for the service."""
    modelled = model.error(error.code)
    name = exception_name(modelled.name) if modelled else f"{prefix}Exception"
    said = error.message or "null"  # as Java shows a text that is not there
    where = f"{said} (Service: {prefix}, Status Code: {error.status}, Request ID: {request_id}"
    if model.name in overlays.UNWRAPPED_ERRORS:  # S3 has a second id, and its exceptions do not count attempts
        return TaskError(f"{prefix}.{name}", f"{where}, Extended Request ID: {extended_id(request_id)})")
    return TaskError(f"{prefix}.{name}", f"{where}) (SDK Attempt Count: 1)")


def _exception(shape_name: str) -> str:
    return shape_name if shape_name.endswith("Exception") else f"{shape_name}Exception"
