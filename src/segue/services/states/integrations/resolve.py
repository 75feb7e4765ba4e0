"""From a Task's Resource to its integration."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from segue.errors import AwsError
from segue.services.states.integrations import api_gateway, aws_sdk, http_task, optimized
from segue.services.states.integrations.integration import Integration, TaskError


def unusable(resource_type: str, resource_name: str, parameters: Any) -> str | None:
    """Why a task cannot even be scheduled with these Parameters, as far as AWS is known to look at them before
    (sfn-task-apigateway/*singleStringHeader); ``None`` where it can.
    """
    if (resource_type, resource_name.partition(".")[0]) != ("apigateway", "invoke"):
        return None
    try:
        api_gateway.check(parameters)
    except TaskError as error:
        return error.cause
    return None


@lru_cache(maxsize=1024)
def resolve(resource_type: str, resource_name: str) -> Integration:
    """The integration of a resource such as ``sqs``, ``sendMessage.waitForTaskToken``.

    Raises:
        AwsError: 501 where there is none, naming it.
    """
    action = resource_name.partition(".")[0]
    if resource_type.startswith("aws-sdk:"):
        return aws_sdk.integration(resource_type.removeprefix("aws-sdk:"), action)
    if (resource_type, action) == ("http", "invoke"):
        return http_task.integration()
    if (resource_type, action) == ("apigateway", "invoke"):
        return api_gateway.integration()
    if optimized.is_optimized(resource_type):
        return optimized.integration(resource_type, action)
    raise AwsError(
        "NotImplemented", f"Segue does not implement the integration '{resource_type}:{action}' yet.", status=501
    )
