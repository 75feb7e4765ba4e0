"""What is refused of a pipe before it is one, and the settings that it has unless told otherwise.

Sources: user guide, "Amazon EventBridge Pipes batching and concurrency" (how much which target takes at once), "Event
enrichment"; API reference, ``PipeSourceSqsQueueParameters``, ``PipeSourceDynamoDBStreamParameters``.
"""

from __future__ import annotations

from typing import Any

from segue.arn import is_arn, parse_arn
from segue.errors import not_implemented
from segue.languages.eventpattern import InvalidPattern
from segue.languages.eventpattern import compile as compile_pattern
from segue.services.pipes.records import Pipe
from segue.services.pipes.service import invalid

_CREATE = "pipes:CreatePipe"
_QUEUE = {"BatchSize": 10, "MaximumBatchingWindowInSeconds": 0}
_STREAM = {
    "BatchSize": 100,
    "MaximumBatchingWindowInSeconds": 0,
    "MaximumRecordAgeInSeconds": -1,
    "MaximumRetryAttempts": -1,
    "ParallelizationFactor": 1,
}
LARGEST_BATCH = {"sqs": 10, "sns": 10, "events": 10, "logs": 10_000, "lambda": 10_000, "states": 10_000}
"""How many events a target takes at once."""
_DESTINATION = "api-destination"
_ENRICHMENTS = ("lambda", "states", _DESTINATION)


def kind_of(arn: str) -> str:
    """The service of an ARN; ``api-destination`` for those."""
    parsed = parse_arn(arn)
    return _DESTINATION if parsed.service == "events" and parsed.resource.startswith(_DESTINATION) else parsed.service


def with_defaults(document: dict[str, Any]) -> dict[str, Any]:
    """The members of a pipe with those in force unless told.

    Raises:
        AwsError: 501 for a source, an enrichment or a target that there is no way to; ``ValidationException``.
    """
    source = document["Source"]
    kind = parse_arn(source).service if is_arn(source) else "smk"
    if kind not in ("sqs", "dynamodb"):
        raise not_implemented(_CREATE, f"the source '{kind}'")
    name, defaults = ("SqsQueueParameters", _QUEUE) if kind == "sqs" else ("DynamoDBStreamParameters", _STREAM)
    given = document.get("SourceParameters", {})
    if other := sorted(member for member in given if member not in (name, "FilterCriteria")):
        raise invalid(f"{other[0]} does not fit the source {source}.")
    defaults = {**defaults, "BatchSize": min(defaults["BatchSize"], _most(document))}
    return {**document, "SourceParameters": {**given, name: {**defaults, **given.get(name, {})}}}


def _most(document: dict[str, Any]) -> int:
    """How many events may be a batch; a target that there is no way to is refused elsewhere."""
    return LARGEST_BATCH.get(kind_of(document["Target"]), 1) if _batches(document) else 1


def _batches(document: dict[str, Any]) -> bool:
    """Whether enrichment and target take several events at once."""
    enrichment = document.get("Enrichment", "")
    return kind_of(document["Target"]) != _DESTINATION and not (enrichment and kind_of(enrichment) == _DESTINATION)


def check(pipe: Pipe) -> None:
    """Raise ``ValidationException`` where a pipe contradicts itself, 501 where it wants what there is not."""
    target = kind_of(pipe.document["Target"])
    if target != _DESTINATION and target not in LARGEST_BATCH:
        raise not_implemented(_CREATE, f"the target '{target}'")
    if pipe.enrichment and kind_of(pipe.enrichment) not in _ENRICHMENTS:
        raise not_implemented(_CREATE, f"the enrichment '{kind_of(pipe.enrichment)}'")
    _check_batch(pipe, _most(pipe.document))
    for text in pipe.filters:
        try:
            compile_pattern(text)
        except InvalidPattern as error:
            raise invalid(f"Invalid filter pattern: {error}") from None
    if pipe.reads_stream and "StartingPosition" not in pipe.source_parameters:
        raise invalid("StartingPosition is required for a DynamoDB stream.")
    logging = pipe.document.get("LogConfiguration", {})
    for name in ("S3LogDestination", "FirehoseLogDestination"):
        if name in logging:
            raise not_implemented(_CREATE, name)


def _check_batch(pipe: Pipe, most: int) -> None:
    parameters = pipe.source_parameters
    size, window = parameters["BatchSize"], parameters["MaximumBatchingWindowInSeconds"]
    if size > most:
        raise invalid(f"BatchSize {size} is larger than the maximum batch size of the target or enrichment, {most}.")
    if pipe.source.endswith(".fifo"):
        if size > LARGEST_BATCH["sqs"]:
            raise invalid("The maximum batch size for FIFO queues is 10.")
        if window:
            raise invalid("MaximumBatchingWindowInSeconds is not supported for FIFO queues.")
    elif not pipe.reads_stream and size > LARGEST_BATCH["sqs"] and not window:
        raise invalid("MaximumBatchingWindowInSeconds must be greater than 0 if BatchSize is greater than 10.")
