"""AWS Lambda: functions, their versions, aliases, permissions, invocations and event sources.

In: functions from zip packages (direct, or from S3), layers with their policies, published versions, aliases with
weights, resource policies, tags, reserved concurrency, the three invocation types, asynchronous invocation with its
retries, age, dead letters and destinations, event source mappings with filters, batching and tumbling windows and
partial failures, function URLs, answers that are streamed; all of it in templates, too.
Stored and told only: VPC, KMS, log levels of mappings, SnapStart, provisioned concurrency, runtime management and
recursion settings.
Left out (each answers with an error that names it): container images, code signing, durable functions, capacity
providers, event sources other than queues and streams of tables, Object Lambda.
"""

from segue.services.lambda_ import (
    asynchronous,
    concurrency,
    event_invoke_configs,
    event_source_mappings,
    functions,
    invoke,
    layer_permissions,
    layers,
    permissions,
    polling,
    resource_types,
    settings,
    stream_polling,
    streaming,
    tags,
    updates,
    urls,
    versions,
    visits,
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
    "layer_permissions",
    "layers",
    "permissions",
    "polling",
    "resource_types",
    "settings",
    "stream_polling",
    "streaming",
    "tags",
    "updates",
    "urls",
    "versions",
    "visits",
]
