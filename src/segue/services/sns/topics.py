"""Topics: create, describe, change, list, delete, tag; and their permissions.

Source: conformance cases create_topic_different_attrs, create_duplicate_topic_check_idempotency, add_permission_errors.
"""

from __future__ import annotations

import json
import re
from typing import Any, Final

from segue.api import Call
from segue.api.paginate import decode_token, encode_token
from segue.api.tags import add_tags, drop_tags, remove_tags, tags_of
from segue.arn import partition_of
from segue.errors import AwsError
from segue.languages.policy import validate_document
from segue.services.sns import data_protection, records
from segue.services.sns.archive import beginning, check_archive_policy, refuse_deletion
from segue.services.sns.arns import check_arn, find_topic, invalid, topic_arn
from segue.services.sns.delivery_policy import check_topic_policy, effective_of_topic
from segue.services.sns.delivery_status import is_rate
from segue.services.sns.service import SERVICE

PAGE = 100
_NAME = re.compile(r"[A-Za-z0-9_-]{1,256}", re.ASCII)
_DEFAULTS: Final = {"DisplayName": "", "FifoTopic": "false", "SignatureVersion": "1"}
_PROTOCOLS: Final = ("Application", "Firehose", "HTTP", "Lambda", "SQS")
_FEEDBACK: Final = tuple(
    f"{protocol}{suffix}"
    for protocol in _PROTOCOLS
    for suffix in ("SuccessFeedbackRoleArn", "SuccessFeedbackSampleRate", "FailureFeedbackRoleArn")
)
_FIFO_ONLY: Final = ("ContentBasedDeduplication", "FifoThroughputScope", "ArchivePolicy")
_SETTABLE: Final = frozenset(
    (
        "DeliveryPolicy",
        "DisplayName",
        "KmsMasterKeyId",
        "Policy",
        "SignatureVersion",
        "TracingConfig",
        *_FIFO_ONLY,
        *_FEEDBACK,
    )
)
_ACTIONS: Final = frozenset(
    (
        "AddPermission",
        "DeleteTopic",
        "GetDataProtectionPolicy",
        "GetTopicAttributes",
        "ListSubscriptionsByTopic",
        "ListTagsForResource",
        "Publish",
        "PutDataProtectionPolicy",
        "Receive",
        "RemovePermission",
        "SetTopicAttributes",
        "Subscribe",
    )
)


@SERVICE.operation("CreateTopic", resource=lambda call, params: call.arn("sns", params["Name"]))
def create_topic(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Make a topic; the same again answers its ARN."""
    name: str = params["Name"]
    asked: dict[str, str] = params.get("Attributes") or {}
    fifo = asked.get("FifoTopic", "false").lower() == "true"
    base = name[:-5] if name.endswith(".fifo") else name
    if name.endswith(".fifo") != fifo or not _NAME.fullmatch(base) or len(name) > 256:
        raise invalid("Topic Name")
    values = {
        key: _checked(call, key, value, fifo)
        for key, value in asked.items()
        if key != "FifoTopic" and not _says_nothing(key, value)
    }
    values["FifoTopic"] = str(fifo).lower()
    arn = call.arn("sns", name)
    tags = {tag["Key"]: tag["Value"] for tag in params.get("Tags") or ()}
    existing = records.topic_of(call.tx, arn)
    if existing is None:
        if fifo:
            values.setdefault("ContentBasedDeduplication", "false")
        else:
            del values["FifoTopic"]
        values.setdefault("Policy", _default_policy(call, arn))
        records.make_topic(call.tx, arn, call.account, values)
        if params.get("DataProtectionPolicy"):
            data_protection.keep(call, arn, params["DataProtectionPolicy"])
        add_tags(call.tx, arn, tags)
        return {"TopicArn": arn}
    for key, value in values.items():
        if existing.attributes.get(key, _DEFAULTS.get(key)) != value:
            raise invalid("Attributes Reason: Topic already exists with different attributes")
    present = tags_of(call.tx, arn)
    if any(present.get(key) != value for key, value in tags.items()):
        raise invalid("Tags Reason: Topic already exists with different tags")
    return {"TopicArn": arn}


@SERVICE.operation("DeleteTopic", resource=topic_arn)
def delete_topic(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Remove a topic and its subscriptions; one that is not there is no error."""
    check_arn("TopicArn", params["TopicArn"])
    topic = records.topic_of(call.tx, params["TopicArn"])
    if topic is not None:
        refuse_deletion(topic)
    records.delete_topic(call.tx, params["TopicArn"])
    drop_tags(call.tx, params["TopicArn"])
    return {}


@SERVICE.operation("GetTopicAttributes", reads=True, resource=topic_arn)
def get_topic_attributes(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    topic = find_topic(call, params["TopicArn"])
    row = call.tx.one(
        "SELECT COUNT(CASE WHEN pending = 0 THEN 1 END), COUNT(CASE WHEN pending = 1 THEN 1 END)"
        " FROM sns_subscriptions WHERE topic = ?",
        topic.arn,
    )
    confirmed, pending = row if row is not None else (0, 0)
    values = {"DisplayName": "", **topic.attributes} | {
        "TopicArn": topic.arn,
        "Owner": topic.owner,
        "SubscriptionsConfirmed": str(confirmed),
        "SubscriptionsPending": str(pending),
        "SubscriptionsDeleted": str(topic.deleted_subscriptions),
        "EffectiveDeliveryPolicy": json.dumps(
            effective_of_topic(topic.attributes.get("DeliveryPolicy")), separators=(",", ":")
        ),
    }
    began = beginning(call, topic)
    return {"Attributes": values if began is None else values | {"BeginningArchiveTime": began}}


@SERVICE.operation("SetTopicAttributes", resource=topic_arn)
def set_topic_attributes(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    topic = find_topic(call, params["TopicArn"])
    name: str = params["AttributeName"]
    if name not in _SETTABLE:
        raise invalid("AttributeName")
    attributes = dict(topic.attributes)
    value = params.get("AttributeValue") or ""
    if _says_nothing(name, value):
        value = ""
    if value or name == "DisplayName":
        attributes[name] = _checked(call, name, value, topic.fifo)
    elif name == "Policy":
        attributes[name] = _default_policy(call, topic.arn)
    else:
        attributes.pop(name, None)
    records.set_topic_attributes(call.tx, topic.arn, attributes)
    return {}


@SERVICE.operation("ListTopics", reads=True)
def list_topics(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    after = after_token(params)
    found = records.topics_after(call.tx, call.arn("sns", ""), str(after or ""), PAGE + 1)
    page: dict[str, Any] = {"Topics": [{"TopicArn": arn} for arn in found[:PAGE]]}
    if len(found) > PAGE:
        page["NextToken"] = encode_token(found[PAGE - 1])
    return page


def after_token(params: dict[str, Any], kind: type = str) -> Any:
    """The key that ``NextToken`` names, or ``None``."""
    token = params.get("NextToken")
    return decode_token(token, "InvalidParameter", "Invalid parameter: NextToken", (kind,))[0] if token else None


@SERVICE.operation("AddPermission", resource=topic_arn)
def add_permission(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    topic = find_topic(call, params["TopicArn"])
    policy: dict[str, Any] = json.loads(topic.attributes["Policy"])
    statements = _statements(policy)
    if any(statement.get("Sid") == params["Label"] for statement in statements):
        raise invalid("Statement already exists")
    for action in params["ActionName"]:
        if action not in _ACTIONS:
            raise invalid("Policy statement action out of service scope!")
    principals = [f"arn:{partition_of(call.region)}:iam::{account}:root" for account in params["AWSAccountId"]]
    actions = [f"SNS:{action}" for action in params["ActionName"]]
    statements.append(
        {
            "Sid": params["Label"],
            "Effect": "Allow",
            "Principal": {"AWS": principals if len(principals) != 1 else principals[0]},
            "Action": actions if len(actions) != 1 else actions[0],
            "Resource": topic.arn,
        }
    )
    _save_policy(call, topic, policy | {"Statement": statements})
    return {}


@SERVICE.operation("RemovePermission", resource=topic_arn)
def remove_permission(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    topic = find_topic(call, params["TopicArn"])
    policy: dict[str, Any] = json.loads(topic.attributes["Policy"])
    kept = [statement for statement in _statements(policy) if statement.get("Sid") != params["Label"]]
    _save_policy(call, topic, policy | {"Statement": kept})
    return {}


def _statements(policy: dict[str, Any]) -> list[dict[str, Any]]:
    """One statement may stand without a list around it."""
    statements = policy.get("Statement", [])
    return list(statements) if isinstance(statements, list) else [statements]


def _save_policy(call: Call, topic: records.Topic, policy: dict[str, Any]) -> None:
    attributes = dict(topic.attributes) | {"Policy": json.dumps(policy, separators=(",", ":"))}
    records.set_topic_attributes(call.tx, topic.arn, attributes)


def _resource(call: Call, params: dict[str, Any]) -> str:
    return str(params["ResourceArn"])


@SERVICE.operation("TagResource", resource=_resource)
def tag_resource(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    arn = _tagged(call, params)
    keys = [tag["Key"] for tag in params["Tags"]]
    if len(set(keys)) != len(keys):
        raise invalid("Duplicated keys are not allowed.")
    add_tags(call.tx, arn, {tag["Key"]: tag["Value"] for tag in params["Tags"]})
    if len(tags_of(call.tx, arn)) > 50:
        raise AwsError("TagLimitExceeded", "Could not complete request: tag quota of per resource exceeded")
    return {}


@SERVICE.operation("UntagResource", resource=_resource)
def untag_resource(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    remove_tags(call.tx, _tagged(call, params), params["TagKeys"])
    return {}


@SERVICE.operation("ListTagsForResource", reads=True, resource=_resource)
def list_tags_for_resource(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    tags = tags_of(call.tx, _tagged(call, params))
    return {"Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}


def _tagged(call: Call, params: dict[str, Any]) -> str:
    arn: str = params["ResourceArn"]
    if records.topic_of(call.tx, arn) is None:
        raise AwsError("ResourceNotFound", "Resource does not exist", status=404)
    return arn


def _says_nothing(name: str, value: str) -> bool:
    """Whether an attribute is an empty policy, which stands for none."""
    return name in ("ArchivePolicy", "DeliveryPolicy") and value.strip() == "{}"


def _checked(call: Call, name: str, value: str, fifo: bool) -> str:
    """An attribute's value as it is kept; ``InvalidParameter`` where it may not be."""
    if name not in _SETTABLE:
        raise invalid(f"Attributes Reason: Unknown attribute {name}")
    if name in _FIFO_ONLY and not fifo:
        raise invalid("Attributes Reason: Invalid attribute name for standard topic: " + name)
    allowed = {
        "SignatureVersion": ("1", "2"),
        "TracingConfig": ("Active", "PassThrough"),
        "FifoThroughputScope": ("Topic", "MessageGroup"),
    }.get(name)
    if allowed is not None and value not in allowed:
        raise invalid(f"Attributes Reason: {name}: Invalid value [{value}]. Must be one of {', '.join(allowed)}.")
    if name == "ContentBasedDeduplication":
        if value.lower() not in ("true", "false"):
            raise invalid(f"Attributes Reason: {name}: Invalid value [{value}]. Must be true or false.")
        return value.lower()
    if name.endswith("SampleRate") and not is_rate(value):
        raise invalid(f"Attributes Reason: {name}: Invalid value [{value}]. Must be between 0 and 100.")
    if name == "DeliveryPolicy":
        check_topic_policy(value)
    elif name == "ArchivePolicy":
        check_archive_policy(value)
    elif name == "Policy":
        _check_policy(value)
    if name == "DisplayName" and len(value) > 100:
        raise invalid("DisplayName Reason: must be at most 100 characters long")
    return value


def _check_policy(text: str) -> None:
    try:
        document = validate_document(text, "resource")
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        raise invalid("Policy Error: null")


def _default_policy(call: Call, arn: str) -> str:
    policy = {
        "Version": "2008-10-17",
        "Id": "__default_policy_ID",
        "Statement": [
            {
                "Sid": "__default_statement_ID",
                "Effect": "Allow",
                "Principal": {"AWS": "*"},
                "Action": [
                    "SNS:GetTopicAttributes",
                    "SNS:SetTopicAttributes",
                    "SNS:AddPermission",
                    "SNS:RemovePermission",
                    "SNS:DeleteTopic",
                    "SNS:Subscribe",
                    "SNS:ListSubscriptionsByTopic",
                    "SNS:Publish",
                ],
                "Resource": arn,
                "Condition": {"StringEquals": {"AWS:SourceOwner": call.account}},
            }
        ],
    }
    return json.dumps(policy, separators=(",", ":"))
