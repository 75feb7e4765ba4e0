"""Notifications: what happens in a bucket, told to functions, queues, topics and the default event bus.

Sources: https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html,
https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, NamedTuple
from urllib.parse import quote

from segue.api import Call, Target, deliver
from segue.api.call import Result
from segue.api.caller import service_caller
from segue.arn import make_arn, parse_arn
from segue.errors import AwsError
from segue.services.s3 import records
from segue.services.s3.buckets import the_bucket
from segue.services.s3.errors import invalid_argument
from segue.services.s3.names import bucket_arn, canonical_id, of_bucket
from segue.services.s3.records import Bucket, ObjectVersion
from segue.services.s3.service import SERVICE
from segue.wire.rest_xml import extended_id
from segue.wire.timestamps import to_iso

PRINCIPAL = "s3.amazonaws.com"
_KIND = "notification"


class _Sort(NamedTuple):
    """One sort of destination: the member that lists them, that holds the ARN, and the service it is of."""

    member: str
    arn: str
    service: str


_SORTS = (
    _Sort("QueueConfigurations", "QueueArn", "sqs"),
    _Sort("TopicConfigurations", "TopicArn", "sns"),
    _Sort("LambdaFunctionConfigurations", "LambdaFunctionArn", "lambda"),
)
_EVENTS = (
    "s3:ObjectCreated:",
    "s3:ObjectRemoved:",
    "s3:ObjectTagging:",
    "s3:ObjectRestore:",
    "s3:LifecycleExpiration:",
    # What never happens here, but may be asked for.
    "s3:LifecycleTransition",
    "s3:ObjectAcl:",
    "s3:Replication:",
    "s3:IntelligentTiering",
    "s3:ReducedRedundancyLostObject",
)
_BUS_TYPES = {
    "ObjectCreated": "Object Created",
    "ObjectRemoved": "Object Deleted",
    "LifecycleExpiration": "Object Deleted",
}
_BUS_REASONS = {
    "ObjectCreated:Put": "PutObject",
    "ObjectCreated:Copy": "CopyObject",
    "ObjectCreated:CompleteMultipartUpload": "CompleteMultipartUpload",
    "ObjectRemoved:Delete": "DeleteObject",
    "ObjectRemoved:DeleteMarkerCreated": "DeleteObject",
    "LifecycleExpiration:Delete": "Lifecycle Expiration",
    "LifecycleExpiration:DeleteMarkerCreated": "Lifecycle Expiration",
}


@SERVICE.operation("PutBucketNotificationConfiguration", resource=of_bucket, action="s3:PutBucketNotification")
def put_bucket_notification_configuration(call: Call, params: dict[str, Any]) -> Result:
    bucket = the_bucket(call, params)
    given = params["NotificationConfiguration"]
    found: dict[str, Any] = {}
    for sort in _SORTS:
        rules = given.get(sort.member) or []
        for rule in rules:
            _check(rule, sort)
            rule.setdefault("Id", call.tx.ids.uuid())
        if rules:
            found[sort.member] = rules
    if given.get("EventBridgeConfiguration") is not None:
        found["EventBridgeConfiguration"] = {}
    if not params.get("SkipDestinationValidation"):
        for sort, rule in _rules(found):
            _try(call, bucket, sort, rule)
    records.put_setting(call.tx, bucket.name, _KIND, found)
    return {}


@SERVICE.operation(
    "GetBucketNotificationConfiguration", reads=True, resource=of_bucket, action="s3:GetBucketNotification"
)
def get_bucket_notification_configuration(call: Call, params: dict[str, Any]) -> Result:
    return dict(records.setting(call.tx, the_bucket(call, params).name, _KIND) or {})


def _rules(configuration: dict[str, Any]) -> Iterator[tuple[_Sort, dict[str, Any]]]:
    for sort in _SORTS:
        for rule in configuration.get(sort.member, ()):
            yield sort, rule


def _check(rule: dict[str, Any], sort: _Sort) -> None:
    arn = rule.get(sort.arn) or ""
    if arn.split(":")[2:3] != [sort.service]:
        raise invalid_argument("The ARN could not be parsed", sort.arn, arn)
    for event in rule.get("Events") or [""]:
        if not event.startswith(_EVENTS):
            raise invalid_argument("The event is not supported for notifications", "Event", event)
    for condition in (((rule.get("Filter") or {}).get("Key")) or {}).get("FilterRules") or []:
        if (condition.get("Name") or "").lower() not in ("prefix", "suffix"):
            raise invalid_argument("filter rule name must be either prefix or suffix", "FilterRule.Name")


def _try(call: Call, bucket: Bucket, sort: _Sort, rule: dict[str, Any]) -> None:
    """Send ``s3:TestEvent``, as S3 does when a configuration is set; a function is only looked for."""
    arn = rule[sort.arn]
    event = {
        "Service": "Amazon S3",
        "Event": "s3:TestEvent",
        "Time": _time(call.now_ms),
        "Bucket": bucket.name,
        "RequestId": call.request_id,
        "HostId": extended_id(call.request_id),
    }
    caller = service_caller(PRINCIPAL, bucket_arn(call, bucket.name)).in_region(parse_arn(arn).region)
    try:
        with call.tx.savepoint():
            if sort.service == "lambda":
                call.perform("lambda:GetFunctionConfiguration", {"FunctionName": arn})
            else:
                operation, params = _message(call, sort, arn, json.dumps(event))
                call.as_caller(caller).perform(operation, params)
    except AwsError as error:
        members = {"ArgumentName1": arn, "ArgumentValue1": f"{error.code}: {error.message}"}
        message = "Unable to validate the following destination configurations"
        raise AwsError("InvalidArgument", message, members=members) from error


def _message(call: Call, sort: _Sort, arn: str, text: str) -> tuple[str, dict[str, Any]]:
    """The operation that tells a destination, and its input."""
    if sort.service == "lambda":
        return "lambda:Invoke", {"FunctionName": arn, "InvocationType": "Event", "Payload": text.encode()}
    if sort.service == "sns":
        return "sns:Publish", {"TopicArn": arn, "Subject": "Amazon S3 Notification", "Message": text}
    queue = parse_arn(arn)
    url = f"{call.api.settings.endpoint_url}/{queue.account}/{queue.resource}"
    return "sqs:SendMessage", {"QueueUrl": url, "MessageBody": text}


def notify(call: Call, bucket: Bucket, event: str, item: ObjectVersion) -> None:
    """Tell everybody who wants to know what happened to a version: ``event`` is ``ObjectCreated:Put`` and the like."""
    configuration = records.setting(call.tx, bucket.name, _KIND)
    if not configuration:
        return
    for sort, rule in _rules(configuration):
        if _wanted(rule, f"s3:{event}", item.key):
            text = json.dumps({"Records": [_record(call, bucket, event, item, rule["Id"])]}, ensure_ascii=False)
            _deliver(call, bucket, item, rule[sort.arn], *_message(call, sort, rule[sort.arn], text))
    if "EventBridgeConfiguration" in configuration:
        _to_bus(call, bucket, event, item)


def _wanted(rule: dict[str, Any], event: str, key: str) -> bool:
    names = rule["Events"]
    if not any(event == name or (name.endswith("*") and event.startswith(name[:-1])) for name in names):
        return False
    conditions = ((rule.get("Filter") or {}).get("Key") or {}).get("FilterRules") or []
    return all(
        key.startswith(condition["Value"])
        if condition["Name"].lower() == "prefix"
        else key.endswith(condition["Value"])
        for condition in conditions
    )


def _record(call: Call, bucket: Bucket, event: str, item: ObjectVersion, configuration_id: str) -> dict[str, Any]:
    told: dict[str, Any] = {"key": quote(item.key, safe="/-_.*~").replace("%20", "+")}
    if event.startswith("ObjectCreated"):
        told |= {"size": item.size, "eTag": item.etag.strip('"')}
    if item.version_id != "null":
        told["versionId"] = item.version_id
    told["sequencer"] = f"{item.id:018X}"
    principal = f"AWS:{call.caller.principal_arn.rpartition('/')[2] or call.account}"
    return {
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "awsRegion": bucket.region,
        "eventTime": _time(call.now_ms),
        "eventName": event,
        "userIdentity": {"principalId": principal},
        "requestParameters": {"sourceIPAddress": "127.0.0.1"},
        "responseElements": {"x-amz-request-id": call.request_id, "x-amz-id-2": extended_id(call.request_id)},
        "s3": {
            "s3SchemaVersion": "1.0",
            "configurationId": configuration_id,
            "bucket": {
                "name": bucket.name,
                "ownerIdentity": {"principalId": canonical_id(bucket.account)},
                "arn": bucket_arn(call, bucket.name),
            },
            "object": told,
        },
    }


def _to_bus(call: Call, bucket: Bucket, event: str, item: ObjectVersion) -> None:
    what, _, how = event.partition(":")
    told: dict[str, Any] = {"key": item.key}
    if what == "ObjectCreated":
        told |= {"size": item.size, "etag": item.etag.strip('"')}
    elif item.etag:
        told["etag"] = item.etag.strip('"')
    if item.version_id != "null":
        told["version-id"] = item.version_id
    told["sequencer"] = f"{item.id:018X}"
    detail: dict[str, Any] = {
        "version": "0",
        "bucket": {"name": bucket.name},
        "object": told,
        "request-id": call.request_id,
        "requester": call.account,
        "source-ip-address": "127.0.0.1",
        "reason": _BUS_REASONS.get(event, how),
    }
    if what != "ObjectCreated":
        is_marker = how == "DeleteMarkerCreated"
        detail["deletion-type"] = "Delete Marker Created" if is_marker else "Permanently Deleted"
    entry = {
        "Source": "aws.s3",
        "DetailType": _BUS_TYPES.get(what, what),
        "Detail": json.dumps(detail, ensure_ascii=False),
        "Resources": [bucket_arn(call, bucket.name)],
    }
    bus = make_arn("events", bucket.region, bucket.account, "event-bus/default")
    _deliver(call, bucket, item, bus, "events:PutServiceEvents", {"Entries": [entry]})


def _deliver(call: Call, bucket: Bucket, item: ObjectVersion, arn: str, operation: str, params: dict[str, Any]) -> None:
    target = Target(
        service=PRINCIPAL,
        source_arn=bucket_arn(call, bucket.name),
        target_arn=arn,
        operation=operation,
        params=params,
        subject=f"{item.key[:200]}",
        account=bucket.account,
    )
    deliver(call, target)


def _time(now_ms: int) -> str:
    text = to_iso(now_ms)
    return text if "." in text else f"{text[:-1]}.000Z"
