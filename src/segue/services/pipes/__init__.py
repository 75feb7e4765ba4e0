"""Amazon EventBridge Pipes.

In: pipes with tags, started and stopped; queues and streams of tables as sources, with batches, windows and filters;
functions, Express workflows and API destinations as enrichments; input templates, with reserved variables; functions,
queues, topics, state machines, buses, log groups and API destinations as targets, with their parameters (paths too);
partial failures, and for streams retries, bisection, age and dead letters; logs in log groups.

What a pipe does is a job: a batch is taken and settled in the transactions of its source, so a crash loses nothing.

Left out, and answered with 501: other sources (Kinesis, Kafka, brokers), enrichments (API Gateway) and targets
(Kinesis, Firehose, ECS, Batch, SageMaker, Redshift, Timestream, …), logs in buckets or Firehose. Nothing is encrypted
by the key of ``KmsKeyIdentifier``.
"""

from segue.services.pipes import pipes, queue_source, resource_types, stream_source, tags
from segue.services.pipes.service import SERVICE

__all__ = ["SERVICE", "pipes", "queue_source", "resource_types", "stream_source", "tags"]
