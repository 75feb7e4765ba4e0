"""What is refused of a schedule before it is one."""

from __future__ import annotations

from typing import Any

from segue.api import Call
from segue.arn import is_arn
from segue.errors import AwsError, not_implemented
from segue.languages.asl.json_text import parse
from segue.languages.schedules import At, InvalidSchedule, parse_zoned, time_zone
from segue.services.scheduler.service import invalid
from segue.services.scheduler.targets import TEMPLATES, UNIVERSAL, universal

_START_IN_THE_PAST_MS = 300_000
_NOT_IMPLEMENTED = ("EventBridgePutEventsV2Parameters", "EventBridgePutRawEventsParameters")
_MUST_BE_JSON = ("lambda", "states", "events")
# What else AWS has templates for; nothing is delivered there.
_OTHERS = ("kinesis", "firehose", "ecs", "codebuild", "codepipeline", "sagemaker", "inspector")


def check(call: Call, params: dict[str, Any]) -> None:
    """Raise ``ValidationException`` where a schedule contradicts itself, or could never run."""
    _check_expression(params["ScheduleExpression"], params.get("ScheduleExpressionTimezone", "UTC"))
    _check_dates(call, params)
    window = params["FlexibleTimeWindow"]
    if window["Mode"] == "FLEXIBLE" and "MaximumWindowInMinutes" not in window:
        raise invalid("MaximumWindowInMinutes is required when the FlexibleTimeWindow Mode is FLEXIBLE.")
    if window["Mode"] == "OFF" and "MaximumWindowInMinutes" in window:
        raise invalid("MaximumWindowInMinutes is not allowed when the FlexibleTimeWindow Mode is OFF.")
    _check_target(params["Target"])


def _check_expression(expression: str, zone: str) -> None:
    """Sources: aws/aws-sdk users' reports, ``Invalid Schedule Expression <expression>.``"""
    try:
        time_zone(zone)
    except InvalidSchedule:
        raise invalid(f"Invalid Schedule Expression Timezone {zone}.") from None
    try:
        parse_zoned(expression, zone)
    except InvalidSchedule:
        raise invalid(f"Invalid Schedule Expression {expression}.") from None


def _check_dates(call: Call, params: dict[str, Any]) -> None:
    if isinstance(parse_zoned(params["ScheduleExpression"], params.get("ScheduleExpressionTimezone", "UTC")), At):
        return  # dates mean nothing to it
    start_ms, end_ms = params.get("StartDate"), params.get("EndDate")
    if start_ms is not None and start_ms < call.now_ms - _START_IN_THE_PAST_MS:
        raise invalid("The StartDate you specify cannot be earlier than 5 minutes ago.")
    if end_ms is not None and end_ms <= call.now_ms:
        raise invalid("The EndDate you specify cannot be in the past.")
    if start_ms is not None and end_ms is not None and end_ms <= start_ms:
        raise invalid("The EndDate you specify cannot be earlier than the StartDate.")


def _check_target(target: dict[str, Any]) -> None:
    arn, text = target["Arn"], target.get("Input")
    for name in _NOT_IMPLEMENTED:
        if name in target:
            raise not_implemented("scheduler:CreateSchedule", name)
    if not is_arn(arn):
        raise invalid("Provided Arn is not in correct format.")
    service = arn.split(":")[2]
    if arn.startswith(UNIVERSAL):
        _check_universal(target, text or "{}")
    elif service not in TEMPLATES and service not in _OTHERS:
        raise invalid("Provided Arn is not in correct format.")
    if service in _MUST_BE_JSON and text is not None:
        _check_json(text)
    if service == "events" and "EventBridgeParameters" not in target:
        raise invalid("EventBridgeParameters is required for an EventBridge target.")
    if service == "kinesis" and "KinesisParameters" not in target:
        raise invalid("KinesisParameters is required for a Kinesis target.")
    if service == "sqs" and arn.endswith(".fifo") and "SqsParameters" not in target:
        raise invalid("SqsParameters with a MessageGroupId is required for a FIFO queue.")


def _check_universal(target: dict[str, Any], text: str) -> None:
    """What Segue knows nothing of may be right: the record tells of it at the schedule's times."""
    try:
        universal(target, text)
    except AwsError as error:
        if error.code != "NotImplemented":
            raise


def _check_json(text: str) -> None:
    try:
        parse(text)
    except ValueError:
        raise invalid("The Input of this target must be well-formed JSON.") from None
