"""What CloudWatch is told of queues: what was sent, received and deleted, and how much waits.

Source: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial

from segue.api import Call
from segue.api.gauges import Gauge
from segue.services.sqs import counts, records
from segue.services.sqs.records import Depth, Queue, queue_of
from segue.services.sqs.service import SERVICE

NAMESPACE = "AWS/SQS"
_PAGE = 1_000


def count(call: Call, queue: Queue, name: str, value: float = 1) -> None:
    """Count messages of a queue."""
    call.tx.tally((queue.account, queue.region, NAMESPACE, name, (("QueueName", queue.name),), "Count"), value)


def _queues(call: Call) -> Iterator[Mapping[str, str]]:
    prefix, after = call.arn("sqs", ""), ""
    while page := records.queues_after(call.tx, prefix, after, _PAGE):
        yield from ({"QueueName": queue.name} for queue in page)
        after = page[-1].arn
        if len(page) < _PAGE:
            return


def _read(of: Callable[[Depth, int], float], call: Call, dimensions: Mapping[str, str]) -> float | None:
    queue = queue_of(call.tx, call.arn("sqs", dimensions.get("QueueName", "")))
    if queue is None or set(dimensions) != {"QueueName"}:
        return None
    return float(of(counts.depth(call, queue), call.now_ms))


def _age_seconds(depth: Depth, now_ms: int) -> float:
    return 0 if depth.oldest_sent_at_ms is None else (now_ms - depth.oldest_sent_at_ms) // 1_000


def _gauge(unit: str, of: Callable[[Depth, int], float]) -> Gauge:
    return Gauge(unit, partial(_read, of), _queues)


SERVICE.gauges |= {
    (NAMESPACE, "ApproximateNumberOfMessagesVisible"): _gauge("Count", lambda depth, _: depth.visible),
    (NAMESPACE, "ApproximateNumberOfMessagesNotVisible"): _gauge("Count", lambda depth, _: depth.in_flight),
    (NAMESPACE, "ApproximateNumberOfMessagesDelayed"): _gauge("Count", lambda depth, _: depth.delayed),
    (NAMESPACE, "ApproximateAgeOfOldestMessage"): _gauge("Seconds", _age_seconds),
}
