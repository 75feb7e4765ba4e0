"""From a Task's Resource to its integration."""

from __future__ import annotations

from functools import lru_cache

from segue.errors import AwsError
from segue.services.states.integrations import aws_sdk, http_task, optimized
from segue.services.states.integrations.integration import Integration


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
    if optimized.is_optimized(resource_type):
        return optimized.integration(resource_type, action)
    raise AwsError(
        "NotImplemented", f"Segue does not implement the integration '{resource_type}:{action}' yet.", status=501
    )
