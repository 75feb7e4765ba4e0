"""Targets of rules."""

from __future__ import annotations

import re
from typing import Any

from segue.api import Call
from segue.api.paginate import decode_token, encode_token
from segue.arn import parse_arn
from segue.errors import AwsError
from segue.languages.asl.json_text import parse
from segue.languages.jsonpath import InvalidPath, compile_path
from segue.services.events.inputs import placeholders_of
from segue.services.events.names import check_not_managed, rule_of, rule_resource
from segue.services.events.records import delete_target, page_of_targets, rerouted, save_target, targets_of
from segue.services.events.service import SERVICE

_PAGE = 100
_ARN = re.compile(r"arn:aws[a-z-]*:[^:]+:[^:]*:[^:]*:.+")
_NEED_ROLE = ("states", "kinesis", "firehose", "ecs", "batch", "codebuild", "codepipeline", "ssm")


@SERVICE.operation("PutTargets", resource=rule_resource)
def put_targets(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Add targets to a rule, replacing those of the same id."""
    rule = rule_of(call, params["Rule"], params.get("EventBusName"))
    check_not_managed(call, rule, params)
    targets: list[dict[str, Any]] = params["Targets"]
    for target in targets:
        _check(target)
    known = {target["Id"] for target in targets_of(call.tx, rule.arn)}
    if len(known | {target["Id"] for target in targets}) > call.limits.targets_per_rule:
        raise AwsError("LimitExceededException", "The requested resource exceeds the maximum number allowed.")
    for target in targets:
        save_target(call.tx, rule, target)
    rerouted(call.tx, rule.bus_arn)
    return {"FailedEntryCount": 0, "FailedEntries": []}


@SERVICE.operation("RemoveTargets", resource=rule_resource)
def remove_targets(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Remove targets by id; those that are not there are reported."""
    rule = rule_of(call, params["Rule"], params.get("EventBusName"))
    check_not_managed(call, rule, params)
    failed = [
        {
            "TargetId": target_id,
            "ErrorCode": "ResourceNotFoundException",
            "ErrorMessage": f"Rule '{rule.name}' does not have a target with the Id '{target_id}'.",
        }
        for target_id in params["Ids"]
        if not delete_target(call.tx, rule, target_id)
    ]
    rerouted(call.tx, rule.bus_arn)
    return {"FailedEntryCount": len(failed), "FailedEntries": failed}


@SERVICE.operation("ListTargetsByRule", resource=rule_resource)
def list_targets_by_rule(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """The targets of a rule, as they were put."""
    rule = rule_of(call, params["Rule"], params.get("EventBusName"))
    limit = params.get("Limit", _PAGE)
    after = int(decode_token(params["NextToken"], kinds=(int,))[0]) if params.get("NextToken") else 0
    targets = page_of_targets(call.tx, rule.arn, after, limit + 1)
    answer: dict[str, Any] = {"Targets": [target for _, target in targets[:limit]]}
    if len(targets) > limit:
        answer["NextToken"] = encode_token(targets[limit - 1][0])
    return answer


def _check(target: dict[str, Any]) -> None:
    """Raise ``ValidationException`` where a target contradicts itself or lacks what its service needs."""
    target_id, arn = target["Id"], target["Arn"]
    if not _ARN.fullmatch(arn):
        raise _invalid(f"Parameter {arn} is not valid. Reason: Provided Arn is not in correct format.")
    service = parse_arn(arn).service
    if service in _NEED_ROLE and not target.get("RoleArn"):
        raise _invalid(f"RoleArn is required for target {arn}.")
    if arn.endswith(".fifo") and service == "sqs" and not target.get("SqsParameters", {}).get("MessageGroupId"):
        raise _invalid(f"Parameter(s) SqsParameters must be specified for target: {target_id}.")
    if sum(name in target for name in ("Input", "InputPath", "InputTransformer")) > 1:
        raise _invalid(f"Only one of Input, InputPath, or InputTransformer must be provided for target {target_id}.")
    if "Input" in target:
        _check_json(target["Input"], target_id)
    if target.get("InputPath"):
        _check_path(target["InputPath"], f"Invalid InputPath for target {target_id}.")
    if "InputTransformer" in target:
        _check_transformer(target["InputTransformer"], target_id)


def _check_json(text: str, target_id: str) -> None:
    try:
        parse(text)
    except ValueError:
        raise _invalid(f"JSON syntax error in input for target {target_id}.") from None


def _check_transformer(transformer: dict[str, Any], target_id: str) -> None:
    paths: dict[str, str] = transformer.get("InputPathsMap", {})
    for name, path in paths.items():
        _check_path(path, f"Invalid InputTransformer for target {target_id} : Bad path for key {name}.")
    for name in placeholders_of(transformer["InputTemplate"]):
        if name not in paths and not name.startswith("aws.events."):
            raise _invalid(f"InputTemplate for target {target_id} contains invalid placeholder {name}.")


def _check_path(path: str, message: str) -> None:
    try:
        compile_path(path)
    except InvalidPath:
        raise _invalid(message) from None


def _invalid(message: str) -> AwsError:
    return AwsError("ValidationException", message)
