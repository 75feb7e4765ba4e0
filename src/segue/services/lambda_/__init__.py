"""AWS Lambda: functions, their versions, aliases, permissions, invocations and event sources.

In: functions from zip packages (direct, or from S3 where that exists), layers, published versions, aliases with
weights, resource policies, tags, reserved concurrency, the three invocation types, asynchronous invocation with its
retries, age, dead letters and destinations; event source mappings of SQS queues and DynamoDB streams with filters,
windows, partial failures and, of streams, lanes, retries, bisection, age and destinations.
Stored and told only: VPC, KMS, SnapStart and provisioned concurrency settings.
Left out (each answers with an error that names it): container images, function URLs, response streaming, code signing,
durable functions, capacity providers, tumbling windows, event sources other than those, Object Lambda and recursion
settings.
"""

from segue.services.lambda_ import (
    asynchronous,
    concurrency,
    event_invoke_configs,
    event_source_mappings,
    functions,
    invoke,
    layers,
    permissions,
    polling,
    resource_types,
    settings,
    stream_polling,
    tags,
    updates,
    versions,
)
from segue.services.lambda_.service import SERVICE

__all__ = [
    "SERVICE",
    "asynchronous",
    "concurrency",
    "event_invoke_configs",
    "event_source_mappings",
    "functions",
    "invoke",
    "layers",
    "permissions",
    "polling",
    "resource_types",
    "settings",
    "stream_polling",
    "tags",
    "updates",
    "versions",
]
