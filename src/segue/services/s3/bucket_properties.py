"""A bucket's properties in templates as the configurations that S3's operations take: same things, other names.

Source: CloudFormation template reference, AWS::S3::Bucket; S3 API reference, PutBucket*.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from segue.api.resource_types import chosen
from segue.errors import AwsError

Document = dict[str, Any]


def _renamed(given: Mapping[str, Any], names: Mapping[str, str]) -> Document:
    """The same under other names; what is not named keeps its own."""
    return {names.get(name, name): value for name, value in given.items() if value is not None}


def accelerate(given: Document) -> Document:
    return {"Status": given["AccelerationStatus"]}


def encryption(given: Document) -> Document:
    names = {"ServerSideEncryptionByDefault": "ApplyServerSideEncryptionByDefault"}
    return {"Rules": [_renamed(rule, names) for rule in given.get("ServerSideEncryptionConfiguration") or ()]}


_CORS = {"ExposedHeaders": "ExposeHeaders", "MaxAge": "MaxAgeSeconds", "Id": "ID"}


def cors(given: Document) -> Document:
    return {"CORSRules": [_renamed(rule, _CORS) for rule in given.get("CorsRules") or ()]}


def logging(given: Document) -> Document:
    bucket = given.get("DestinationBucketName")
    if not bucket:
        return {}
    enabled = {"TargetBucket": bucket, "TargetPrefix": given.get("LogFilePrefix") or ""}
    return {"LoggingEnabled": {**enabled, **chosen(given, "TargetObjectKeyFormat")}}


def website(given: Document) -> Document:
    found: Document = chosen(given, "RedirectAllRequestsTo")
    if given.get("IndexDocument"):
        found["IndexDocument"] = {"Suffix": given["IndexDocument"]}
    if given.get("ErrorDocument"):
        found["ErrorDocument"] = {"Key": given["ErrorDocument"]}
    names = {"RedirectRule": "Redirect", "RoutingRuleCondition": "Condition"}
    if given.get("RoutingRules"):
        found["RoutingRules"] = [_renamed(rule, names) for rule in given["RoutingRules"]]
    return found


_DESTINATIONS = (
    ("LambdaConfigurations", "LambdaFunctionConfigurations", "Function", "LambdaFunctionArn"),
    ("QueueConfigurations", "QueueConfigurations", "Queue", "QueueArn"),
    ("TopicConfigurations", "TopicConfigurations", "Topic", "TopicArn"),
)


def notifications(given: Document) -> Document:
    found: Document = {}
    bus = given.get("EventBridgeConfiguration")
    if bus is not None and bus.get("EventBridgeEnabled", True):
        found["EventBridgeConfiguration"] = {}
    for member, told, arn, arn_told in _DESTINATIONS:
        rules = []
        for rule in given.get(member) or ():
            one: Document = {arn_told: rule[arn], "Events": [rule["Event"]]}
            conditions = ((rule.get("Filter") or {}).get("S3Key") or {}).get("Rules")
            if conditions:
                one["Filter"] = {"Key": {"FilterRules": conditions}}
            rules.append(one)
        if rules:
            found[told] = rules
    return found


def public_access_block(given: Document) -> Document:
    blocks = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
    return {name: given.get(name, False) for name in blocks}


def lifecycle(given: Document) -> Document:
    return {"Rules": [_lifecycle_rule(rule) for rule in given.get("Rules") or ()]}


def _lifecycle_rule(given: Document) -> Document:
    rule: Document = {"Status": given["Status"], "Filter": _lifecycle_filter(given)}
    if given.get("Id"):
        rule["ID"] = given["Id"]
    expiration = _renamed(
        chosen(given, "ExpirationDate", "ExpirationInDays", "ExpiredObjectDeleteMarker"),
        {"ExpirationDate": "Date", "ExpirationInDays": "Days"},
    )
    if expiration:
        rule["Expiration"] = _dated(expiration)
    if given.get("NoncurrentVersionExpirationInDays") is not None:
        rule["NoncurrentVersionExpiration"] = {"NoncurrentDays": given["NoncurrentVersionExpirationInDays"]}
    rule |= chosen(given, "AbortIncompleteMultipartUpload", "NoncurrentVersionExpiration")
    names = {"TransitionDate": "Date", "TransitionInDays": "Days"}
    if moves := _several(given, "Transition"):
        rule["Transitions"] = [_dated(_renamed(move, names)) for move in moves]
    if moves := _several(given, "NoncurrentVersionTransition"):
        rule["NoncurrentVersionTransitions"] = [
            _renamed(move, {"TransitionInDays": "NoncurrentDays"}) for move in moves
        ]
    return rule


def _lifecycle_filter(given: Document) -> Document:
    conditions: Document = chosen(given, "Prefix", "ObjectSizeGreaterThan", "ObjectSizeLessThan")
    tags = given.get("TagFilters") or []
    tags = tags if isinstance(tags, list) else [tags]
    if len(conditions) + len(tags) > 1:
        return {"And": {**conditions, **({"Tags": tags} if tags else {})}}
    return {"Tag": tags[0]} if tags else conditions or {"Prefix": ""}


def _several(given: Document, name: str) -> list[Document]:
    """What may be given once or in a list, under the name and its plural."""
    found = [*(given.get(f"{name}s") or ()), given.get(name)]
    return [one for one in found if one]


def _dated(rule: Document) -> Document:
    if isinstance(rule.get("Date"), str):
        try:
            moment = datetime.fromisoformat(rule["Date"].replace("Z", "+00:00"))
        except ValueError:
            raise AwsError("ValidationError", f"{rule['Date']} is no date (ISO 8601)") from None
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        rule["Date"] = round(moment.timestamp() * 1000)
    return rule
