"""Queues: create, describe, change, list, purge, delete, tag."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from segue import jobs
from segue.api import Call
from segue.api.paginate import decode_token, encode_token
from segue.api.tags import add_tags, drop_tags, remove_tags, tags_of
from segue.errors import AwsError
from segue.jobs import Again, Job
from segue.services.sqs import attributes, counts, records
from segue.services.sqs.addresses import arn_of_url, check_queue_name, find_queue, no_such_queue, queue_url
from segue.services.sqs.service import SERVICE
from segue.store import Transaction

_PURGE_INTERVAL_MS = 60_000
_PURGE_PAGE = 5_000


def _arn_of_name(call: Call, params: dict[str, Any]) -> str:
    return call.arn("sqs", params["QueueName"])


@SERVICE.operation("CreateQueue", resource=_arn_of_name)
def create_queue(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Make a queue; the same again answers its URL.

    Raises:
        AwsError: ``QueueNameExists`` if it has another value for an attribute that is given.
    """
    name: str = params["QueueName"]
    asked: dict[str, str] = params.get("Attributes") or {}
    fifo = asked.get("FifoQueue", "").lower() == "true"
    check_queue_name(name, fifo)
    arn = call.arn("sqs", name)
    values = attributes.checked(call.tx, asked, fifo=fifo, queue_arn=arn)
    existing = records.queue_of(call.tx, arn)
    if existing is not None:
        for key, value in values.items():
            if existing.attributes.get(key, "") != value:
                raise AwsError(
                    "QueueNameExists",
                    f"A queue already exists with the same name and a different value for attribute {key}",
                )
        return {"QueueUrl": queue_url(call, call.account, name)}
    rest_ms = call.limits.queue_name_rest_seconds * 1_000
    if rest_ms and records.is_deleted_since(call.tx, arn, call.now_ms - rest_ms):
        raise AwsError(
            "QueueDeletedRecently",
            f"You must wait {rest_ms // 1_000} seconds after deleting a queue before you can create another with the "
            "same name.",
        )
    after = attributes.merged(attributes.defaults(fifo), values)
    records.save_queue(call.tx, (arn, call.region, call.account, name), after)
    if params.get("tags"):
        add_tags(call.tx, arn, params["tags"])
    return {"QueueUrl": queue_url(call, call.account, name)}


@SERVICE.operation("GetQueueUrl", reads=True, resource=_arn_of_name)
def get_queue_url(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    account = params.get("QueueOwnerAWSAccountId") or call.account
    arn = call.arn("sqs", params["QueueName"]).replace(f":{call.account}:", f":{account}:", 1)
    if records.queue_of(call.tx, arn) is None:
        raise no_such_queue()
    return {"QueueUrl": queue_url(call, account, params["QueueName"])}


@SERVICE.operation("GetQueueAttributes", reads=True, resource=arn_of_url)
def get_queue_attributes(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    queue = find_queue(call, params)
    names: list[str] = params.get("AttributeNames") or []
    for name in names:
        if name != "All" and (name not in attributes.GETTABLE or (name in attributes.FIFO_ONLY and not queue.fifo)):
            raise attributes.unknown_attribute(name)
    wants_counts = any(name == "All" or name in attributes.COUNTS for name in names)
    values = attributes.read(queue, names, counts.depth(call, queue) if wants_counts else None)
    return {"Attributes": values} if values else {}


@SERVICE.operation("SetQueueAttributes", resource=arn_of_url)
def set_queue_attributes(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    queue = find_queue(call, params)
    values = attributes.checked(call.tx, params["Attributes"], fifo=queue.fifo, queue_arn=queue.arn)
    after = attributes.merged(dict(queue.attributes), values)
    records.save_queue(call.tx, (queue.arn, queue.region, queue.account, queue.name), after)
    # Waiting receivers look again: a policy may now move, a shorter retention may now drop, what they wait for.
    jobs.wake(call.tx, queue.wake_key)
    return {}


@SERVICE.operation("ListQueues", reads=True)
def list_queues(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    limit = _page_size(params)
    after = _after(params)
    prefix = call.arn("sqs", "") + (params.get("QueueNamePrefix") or "")
    found = records.queues_after(call.tx, prefix, after, (limit or 1_000) + 1)
    return _page(call, found, limit, "QueueUrls")


@SERVICE.operation("ListDeadLetterSourceQueues", reads=True, resource=arn_of_url)
def list_dead_letter_source_queues(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    queue = find_queue(call, params)
    limit = _page_size(params)
    found = records.sources_of(call.tx, queue.arn, _after(params), (limit or 1_000) + 1)
    return {"queueUrls": []} | _page(call, found, limit, "queueUrls")


def _page_size(params: dict[str, Any]) -> int | None:
    limit: int | None = params.get("MaxResults")
    if limit is not None and not 1 <= limit <= 1_000:
        raise AwsError(
            "InvalidParameterValue",
            f"Value {limit} for parameter MaxResults is invalid. Reason: Must be between 1 and 1000, if provided.",
        )
    return limit


def _after(params: dict[str, Any]) -> str:
    token = params.get("NextToken")
    if not token:
        return ""
    invalid = "Invalid or expired next token."
    return str(decode_token(token, "InvalidParameterValue", invalid)[0])


def _page(call: Call, found: list[records.Queue], limit: int | None, member: str) -> dict[str, Any]:
    shown = found[: limit or 1_000]
    page: dict[str, Any] = {}
    if shown:
        page[member] = [queue_url(call, queue.account, queue.name) for queue in shown]
    # AWS pages only for those who ask for pages.
    if limit is not None and len(found) > limit:
        page["NextToken"] = encode_token(shown[-1].arn)
    return page


@SERVICE.operation("PurgeQueue", resource=arn_of_url)
def purge_queue(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Empty a queue, once a minute at most (``PurgeQueueInProgress``)."""
    queue = find_queue(call, params)
    if queue.purged_at_ms + _PURGE_INTERVAL_MS > call.now_ms:
        raise AwsError(
            "PurgeQueueInProgress",
            f"Only one PurgeQueue operation on {queue.name} is allowed every 60 seconds.",
            status=403,
        )
    _empty(call, queue.arn)
    call.tx.run("UPDATE sqs_queues SET purged_at = ? WHERE arn = ?", call.now_ms, queue.arn)
    return {}


def _empty(call: Call, arn: str) -> None:
    """Delete a queue's messages: a page at once, the rest in jobs, so that nobody waits for a long queue to empty."""
    last_id = call.tx.ids.ordered(call.now_ms)
    if not records.delete_messages(call.tx, arn, last_id, _PURGE_PAGE):
        jobs.enqueue(call.tx, "sqs:purge", arn, {"last": last_id}, trace=call.trace)


@SERVICE.job("purge")
def purge(call: Call, job: Job) -> Again | None:
    """Delete the next page of what was in a queue when it was purged or deleted."""
    done = records.delete_messages(call.tx, job.key, job.payload["last"], _PURGE_PAGE)
    return None if done else Again(call.now_ms)


@SERVICE.invariant
def messages_are_in_queues(tx: Transaction) -> Iterator[str]:
    """What a queue leaves behind when it is deleted has a job that removes it."""
    rows = tx.all(
        "SELECT m.queue, COUNT(*) FROM sqs_messages m LEFT JOIN sqs_queues q ON q.arn = m.queue"
        " WHERE q.arn IS NULL GROUP BY m.queue ORDER BY m.queue"
    )
    for arn, count in rows:
        if not jobs.exists(tx, "sqs:purge", arn):
            yield f"{arn}: {count} messages in a queue that is not there"


@SERVICE.invariant
def every_group_is_led(tx: Transaction) -> Iterator[str]:
    """A group of a FIFO queue that no message leads would never be received."""
    groups = "SELECT queue, group_id FROM sqs_messages WHERE sequence IS NOT NULL GROUP BY queue, group_id"
    for queue, group in tx.all(f"{groups} HAVING COUNT(*) = COUNT(behind)"):
        yield f"{queue}: no message leads the group {group}"


@SERVICE.operation("DeleteQueue", resource=arn_of_url)
def delete_queue(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Remove a queue and its messages; one that is not there raises ``QueueDoesNotExist``."""
    queue = find_queue(call, params)
    records.delete_queue(call.tx, queue.arn)
    if call.limits.queue_name_rest_seconds:
        records.remember_deleted(call.tx, queue.arn, call.limits.queue_name_rest_seconds * 1_000)
    _empty(call, queue.arn)
    drop_tags(call.tx, queue.arn)
    jobs.cancel(call.tx, "sqs:move", queue.arn)
    jobs.wake(call.tx, queue.wake_key)
    return {}


@SERVICE.operation("TagQueue", resource=arn_of_url)
def tag_queue(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    queue = find_queue(call, params)
    if not params["Tags"]:
        raise AwsError("MissingParameter", "The request must contain the parameter Tags.")
    add_tags(call.tx, queue.arn, params["Tags"])
    if len(tags_of(call.tx, queue.arn)) > 50:
        raise AwsError("InvalidParameterValue", f"Too many tags added for queue {queue.name}.")
    return {}


@SERVICE.operation("UntagQueue", resource=arn_of_url)
def untag_queue(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    remove_tags(call.tx, find_queue(call, params).arn, params["TagKeys"])
    return {}


@SERVICE.operation("ListQueueTags", reads=True, resource=arn_of_url)
def list_queue_tags(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    tags = tags_of(call.tx, find_queue(call, params).arn)
    return {"Tags": tags} if tags else {}
