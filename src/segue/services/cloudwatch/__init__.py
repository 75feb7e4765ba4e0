"""Amazon CloudWatch: metrics and alarms.

In: metrics put by programs, by metric filters of logs and in the embedded metric format, and those that Segue's
services publish of themselves (Lambda, Step Functions, SQS, SNS, EventBridge, API Gateway); statistics, percentiles,
metric math and retention; metric and composite alarms with M of N, missing data as AWS treats it, history, events on
the default bus, and topics and functions as actions; dashboards, kept as given; tags.

Left out: anomaly detection, Metrics Insights and `SEARCH`, contributor insights, metric streams, suppressed actions,
mute rules, alarms of logs, OpenTelemetry, pictures, linked accounts; actions other than topics and functions are
recorded, and not done. Counts of Segue's services are written down every ten seconds: those since then are lost if it
is killed. Gauges (the depth of a queue) are looked at when somebody asks or an alarm does, and have no other history.
"""

from segue.services.cloudwatch import (
    composite_alarms,
    dashboards,
    describe_alarms,
    evaluation,
    get_metric_data,
    get_metrics,
    metric_alarms,
    put_metrics,
    records,
    resource_types,
    tags,
)
from segue.services.cloudwatch.service import SERVICE

_FORGOTTEN_AT_ONCE = 200
SERVICE.housekeeping.append(lambda call, _: records.forget(call.tx, _FORGOTTEN_AT_ONCE))

__all__ = [
    "SERVICE",
    "composite_alarms",
    "dashboards",
    "describe_alarms",
    "evaluation",
    "get_metric_data",
    "get_metrics",
    "metric_alarms",
    "put_metrics",
    "resource_types",
    "tags",
]
