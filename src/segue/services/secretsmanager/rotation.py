"""Rotation: a function makes a new value in four steps, at once and by schedule.

Source: https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_lambda-functions.html. The version
that is to come has its label (AWSPENDING) before the first step, and no value until the function puts one.
"""

from __future__ import annotations

import json
from functools import partial
from typing import Any

from segue import jobs
from segue.api import Call
from segue.api.caller import service_caller
from segue.api.deliveries import Delivery, record
from segue.arn import is_arn, parse_arn
from segue.errors import AwsError, not_implemented
from segue.jobs import Again, Job, Outbound, Pending
from segue.languages.schedules.schedule import InvalidSchedule, Rate, Schedule, parse_schedule
from segue.services.secretsmanager import records
from segue.services.secretsmanager.records import Secret, Version
from segue.services.secretsmanager.service import SERVICE, changeable, existing, secret_arn
from segue.services.secretsmanager.values import CURRENT, PENDING

_PRINCIPAL = "secretsmanager.amazonaws.com"
_STEPS = ("createSecret", "setSecret", "testSecret", "finishSecret")
_RETRY_MS = (60_000, 120_000, 300_000)
_DAY_MS = 86_400_000
_SHORTEST_MS = 4 * 3_600_000


@SERVICE.operation("RotateSecret", resource=secret_arn)
def rotate_secret(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Have a secret rotated by a function: now (unless told otherwise), and by the rules that are given.

    A rotation that was given up goes on (AWS answers with an error, and goes on all the same).
    """
    for member in ("ExternalSecretRotationMetadata", "ExternalSecretRotationRoleArn"):
        if params.get(member):
            raise not_implemented("secretsmanager:RotateSecret", member)
    secret = changeable(call, params["SecretId"])
    before = records.rotation_of(call.tx, secret.arn) or {}
    function = params.get("RotationLambdaARN") or before.get("function")
    if not function:
        message = "No Lambda rotation function ARN is associated with this secret."
        raise AwsError("InvalidRequestException", message)
    rules = params.get("RotationRules") or before.get("rules") or {}
    rotation = {**before, "function": function, "rules": rules, "enabled": True}
    _check(function, rules)
    pending = _pending(call, secret)
    token = pending.id if pending is not None else params.get("ClientRequestToken") or call.tx.ids.uuid()
    if pending is not None and jobs.exists(call.tx, "secretsmanager:rotate", secret.arn):
        message = "A previous rotation isn't complete. That rotation will be reattempted."
        raise AwsError("InvalidRequestException", message)
    now = params.get("RotateImmediately") is not False
    rotation["next_ms"] = _next_ms(rules, call.now_ms)
    records.save_rotation(call.tx, secret.arn, rotation)
    _schedule(call, secret.arn, rotation)
    if now:
        if pending is None:
            _prepare(call, secret, token)
        _begin(call, secret, token)
    return {"ARN": secret.arn, "Name": secret.name, "VersionId": token if now else None}


def _check(function: str, rules: dict[str, Any]) -> None:
    if is_arn(function) and parse_arn(function).service != "lambda":
        raise AwsError("InvalidParameterException", f"{function} is not the ARN of a function.")
    if rules.get("AutomaticallyAfterDays") and rules.get("ScheduleExpression"):
        message = "You can't specify both AutomaticallyAfterDays and ScheduleExpression."
        raise AwsError("InvalidParameterException", message)
    if rules.get("ScheduleExpression"):
        _parsed(rules["ScheduleExpression"])


def _parsed(text: str) -> Schedule:
    try:
        schedule = parse_schedule(text)
    except InvalidSchedule as error:
        raise AwsError("InvalidParameterException", f"Invalid schedule expression: {error}") from None
    if isinstance(schedule, Rate) and schedule.period_ms < _SHORTEST_MS:
        raise AwsError("InvalidParameterException", "A secret can be rotated as often as every four hours.")
    return schedule


def _next_ms(rules: dict[str, Any], now_ms: int) -> int | None:
    if rules.get("AutomaticallyAfterDays"):
        return now_ms + int(rules["AutomaticallyAfterDays"]) * _DAY_MS
    if not rules.get("ScheduleExpression"):
        return None
    return _parsed(rules["ScheduleExpression"]).next_after_ms(now_ms, now_ms)


def _pending(call: Call, secret: Secret) -> Version | None:
    """The version of a rotation that has not come to its end."""
    found = records.versions(call.tx, secret.arn)
    return next((one for one in found if PENDING in one.stages and CURRENT not in one.stages), None)


def _prepare(call: Call, secret: Secret, token: str) -> None:
    """Label the version that is to come."""
    for version in records.versions(call.tx, secret.arn):
        if PENDING in version.stages:
            left = tuple(stage for stage in version.stages if stage != PENDING)
            records.save_stages(call.tx, secret.arn, version.id, left)
        if version.id == token:
            message = f"You can't use ClientRequestToken {token}: there is a version of that name."
            raise AwsError("InvalidRequestException", message)
    number = call.tx.ids.ordered(call.now_ms)
    records.insert_version(call.tx, Version(secret.arn, token, number, None, None, (PENDING,), call.now_ms))


def _begin(call: Call, secret: Secret, token: str) -> None:
    jobs.cancel(call.tx, "secretsmanager:rotate", secret.arn)
    jobs.enqueue(call.tx, "secretsmanager:rotate", secret.arn, {"token": token, "step": 0, "failures": 0})


def _schedule(call: Call, arn: str, rotation: dict[str, Any]) -> None:
    jobs.cancel(call.tx, "secretsmanager:rotate-again", arn)
    if rotation["next_ms"] is not None:
        jobs.enqueue(call.tx, "secretsmanager:rotate-again", arn, {}, at_ms=rotation["next_ms"])


@SERVICE.job("rotate-again")
def rotate_again(call: Call, job: Job) -> None:
    """A secret's time to be rotated has come."""
    secret, rotation = records.find(call.tx, "", job.key), records.rotation_of(call.tx, job.key)
    if secret is None or secret.deleted_at_ms is not None or rotation is None or not rotation["enabled"]:
        return
    rotation["next_ms"] = _next_ms(rotation["rules"], call.now_ms)
    records.save_rotation(call.tx, secret.arn, rotation)
    _schedule(call, secret.arn, rotation)
    pending, token = _pending(call, secret), call.tx.ids.uuid()
    if pending is None:
        _prepare(call, secret, token)
    _begin(call, secret, pending.id if pending is not None else token)


@SERVICE.job("rotate")
def rotate(call: Call, job: Job) -> Again | Outbound | Pending | None:
    """Have the function do the next step."""
    secret, rotation = records.find(call.tx, "", job.key), records.rotation_of(call.tx, job.key)
    if secret is None or rotation is None or not rotation["enabled"]:
        return None
    step, token = _STEPS[job.payload["step"]], job.payload["token"]
    event = {"Step": step, "SecretId": secret.arn, "ClientRequestToken": token, "RotationToken": token}
    params = {"FunctionName": rotation["function"], "Payload": json.dumps(event).encode()}
    caller = service_caller(_PRINCIPAL, secret.arn).in_region(parse_arn(secret.arn).region)
    try:
        done = call.as_caller(caller).perform("lambda:Invoke", params)
    except AwsError as error:
        return _failed(call, job, rotation, str(error))
    if isinstance(done, Outbound):
        return Outbound(done.effect, done.request, partial(_settle, job, rotation, done))
    return done if isinstance(done, Pending) else _did(call, job, rotation, done)


def _settle(job: Job, rotation: dict[str, Any], outbound: Outbound, call: Call, outcome: Any) -> Again | None:
    try:
        result = outbound.settle(call, outcome)
    except AwsError as error:
        return _failed(call, job, rotation, str(error))
    return _did(call, job, rotation, result)


def _did(call: Call, job: Job, rotation: dict[str, Any], result: dict[str, Any]) -> Again | None:
    if result.get("FunctionError"):
        return _failed(call, job, rotation, (result.get("Payload") or b"").decode("utf-8", "replace"))
    record(call, Delivery(job.key, rotation["function"], "lambda:Invoke", subject=job.payload["token"]))
    step = job.payload["step"] + 1
    if step < len(_STEPS):
        return Again(call.now_ms, {**job.payload, "step": step})
    records.save_rotation(call.tx, job.key, {**rotation, "last_ms": call.now_ms})
    return None


def _failed(call: Call, job: Job, rotation: dict[str, Any], reason: str) -> Again | None:
    """Begin again in a while, a few times; what is still pending then is tried again at the next rotation."""
    failures, step = job.payload["failures"], _STEPS[job.payload["step"]]
    again = failures < len(_RETRY_MS)
    status = "retrying" if again else "failed"
    hop = Delivery(job.key, rotation["function"], "lambda:Invoke", status, failures + 1, f"{step}: {reason}")
    record(call, hop)
    if not again:
        return None
    return Again(call.now_ms + _RETRY_MS[failures], {**job.payload, "step": 0, "failures": failures + 1})


@SERVICE.operation("CancelRotateSecret", resource=secret_arn)
def cancel_rotate_secret(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Rotate a secret no more, and give up a rotation that is under way."""
    secret = existing(call, params["SecretId"])
    rotation = records.rotation_of(call.tx, secret.arn)
    pending = _pending(call, secret)
    if rotation is not None:
        records.save_rotation(call.tx, secret.arn, {**rotation, "enabled": False, "next_ms": None})
        jobs.cancel(call.tx, "secretsmanager:rotate-again", secret.arn)
        jobs.cancel(call.tx, "secretsmanager:rotate", secret.arn)
    return {"ARN": secret.arn, "Name": secret.name, "VersionId": pending.id if pending is not None else None}
