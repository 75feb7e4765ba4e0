"""Policies of parameters of the Advanced tier: expiry, and notices of it or of a value that nobody changes.

Source: Systems Manager user guide, "Assigning parameter policies in Parameter Store", "Setting up notifications or
triggering actions based on Parameter Store events"; API reference, PutParameter (its errors). Each policy is a job;
what it does is an event, and an expired parameter is deleted.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Any

from segue import jobs
from segue.api import Call, Caller
from segue.api.emit import emit
from segue.api.tags import drop_tags
from segue.errors import AwsError
from segue.jobs import Job
from segue.services.ssm import records
from segue.services.ssm.records import Version
from segue.services.ssm.service import SERVICE, arn_of, invalid, scope_of
from segue.wire.timestamps import from_text

_MOST = 10
_JOB = "ssm:policy"
_UNITS_MS = {"Days": 86_400_000, "Hours": 3_600_000}
_ATTRIBUTES = {
    "Expiration": ("Timestamp",),
    "ExpirationNotification": ("Before", "Unit"),
    "NoChangeNotification": ("After", "Unit"),
}


@dataclass(frozen=True, slots=True)
class Policy:
    """A policy and when it is due: at a time, before the expiry, or so long after the last change (milliseconds)."""

    type: str
    text: str
    at_ms: int | None = None
    before_ms: int | None = None
    after_ms: int | None = None


def parse_policies(text: str, now_ms: int) -> tuple[Policy, ...]:
    """The policies that a request gives.

    Raises:
        AwsError: ``InvalidPolicyTypeException``, ``InvalidPolicyAttributeException``, ``IncompatiblePolicyException``,
            ``PoliciesLimitExceededException``, ``ValidationException``.
    """
    try:
        given = json.loads(text or "[]")
    except (ValueError, RecursionError):
        raise invalid("Parameter policies must be a JSON array of policies.") from None
    if isinstance(given, dict):
        given = [given]
    if not isinstance(given, list) or not all(isinstance(one, dict) for one in given):
        raise invalid("Parameter policies must be a JSON array of policies.")
    found = tuple(_policy(one, now_ms) for one in given if one)  # ``[{}]`` takes all policies away
    if len(found) > _MOST:
        raise AwsError("PoliciesLimitExceededException", f"You specified more than {_MOST} policies for the parameter.")
    types = [one.type for one in found]
    if types.count("Expiration") > 1:
        raise AwsError("IncompatiblePolicyException", "A parameter can have one Expiration policy only.")
    if "ExpirationNotification" in types and "Expiration" not in types:
        raise AwsError("IncompatiblePolicyException", "An ExpirationNotification policy needs an Expiration policy.")
    return found


def _policy(given: dict[str, Any], now_ms: int) -> Policy:
    kind, attributes = given.get("Type"), given.get("Attributes")
    if not isinstance(kind, str) or kind not in _ATTRIBUTES:
        raise AwsError("InvalidPolicyTypeException", f"The policy type is not supported: {kind}.")
    names = _ATTRIBUTES[kind]
    if given.get("Version") != "1.0" or not isinstance(attributes, dict) or set(attributes) != set(names):
        wanted = " and ".join(names)
        raise _wrong(kind, f"Version 1.0 and Attributes with {wanted} are required")
    text = json.dumps(given, separators=(",", ":"))
    if kind == "Expiration":
        return Policy(kind, text, at_ms=_future(attributes["Timestamp"], now_ms))
    length_ms = _length(kind, attributes[names[0]], attributes["Unit"])
    if kind == "ExpirationNotification":
        return Policy(kind, text, before_ms=length_ms)
    return Policy(kind, text, after_ms=length_ms)


def _future(timestamp: Any, now_ms: int) -> int:
    try:
        at_ms = from_text(timestamp) if isinstance(timestamp, str) else None
    except ValueError:
        at_ms = None
    if at_ms is None:
        raise _wrong("Expiration", "Timestamp is none of ISO 8601")
    if at_ms <= now_ms:
        raise _wrong("Expiration", "Timestamp must be in the future")
    return at_ms


def _length(kind: str, number: Any, unit: Any) -> int:
    text = str(number)
    if not (text.isascii() and text.isdigit() and 0 < len(text) < 6 and int(text)) or unit not in ("Days", "Hours"):
        raise _wrong(kind, "a whole number greater than 0 and the Unit Days or Hours are required")
    return int(text) * _UNITS_MS[unit]


def _wrong(kind: str, why: str) -> AwsError:
    return AwsError("InvalidPolicyAttributeException", f"The {kind} policy is not valid: {why}.")


def told(policies: tuple[Policy, ...]) -> list[dict[str, str]]:
    """Policies as answers have them, and as a version keeps them."""
    return [{"PolicyText": one.text, "PolicyType": one.type, "PolicyStatus": "Pending"} for one in policies]


def schedule(call: Call, made: Version) -> None:
    """Have a new version's policies done in their time, and no longer those of the version before."""
    name, arn = made.name, arn_of(call, made.name)
    jobs.cancel(call.tx, _JOB, arn)
    texts = [one["PolicyText"] for one in made.details.get("Policies", ())]
    policies = [_policy(json.loads(text), 0) for text in texts]
    expires_ms = next((one.at_ms for one in policies if one.at_ms is not None), 0)
    for number, one in enumerate(policies):
        at_ms = one.at_ms
        if one.before_ms is not None:
            at_ms = max(call.now_ms, expires_ms - one.before_ms)
        elif one.after_ms is not None:
            at_ms = made.modified_at_ms + one.after_ms
        payload = [call.account, call.region, name, made.version, number]
        jobs.enqueue(call.tx, _JOB, arn, payload, at_ms=at_ms)


def unschedule(call: Call, name: str) -> None:
    """The parameter is gone."""
    jobs.cancel(call.tx, _JOB, arn_of(call, name))


@SERVICE.job("policy")
def apply_policy(call: Call, job: Job) -> None:
    """A policy is due."""
    account, region, name, number, place = job.payload
    here = call.as_caller(Caller(account, region))
    version = records.latest(call.tx, scope_of(here), name)
    if version is None or version.version != number:
        return
    policy = version.details["Policies"][place]
    _tell(here, version, policy)
    if policy["PolicyType"] == "Expiration":
        remove(here, version)
    else:
        policies = list(version.details["Policies"])
        policies[place] = {**policy, "PolicyStatus": "Finished"}
        records.save_details(
            call.tx, scope_of(here), replace(version, details={**version.details, "Policies": policies})
        )


def _tell(call: Call, of: Version, policy: dict[str, str]) -> None:
    detail = {
        "policy-type": policy["PolicyType"],
        "parameter-name": of.name,
        "parameter-type": of.type,
        "policy-content": policy["PolicyText"],
        "action-status": "Success",
        "action-reason": _REASONS[policy["PolicyType"]],
    }
    arn = arn_of(call, of.name)
    emit(call, "ssm.amazonaws.com", "aws.ssm", "Parameter Store Policy Action", arn, lambda: detail)


_REASONS = {
    "Expiration": "The parameter has expired and was deleted.",
    "ExpirationNotification": "The parameter will expire soon.",
    "NoChangeNotification": "The parameter has not been changed for the time that the policy allows.",
}


def remove(call: Call, version: Version) -> None:
    """Forget a parameter with all that belongs to it, and tell of it."""
    records.delete(call.tx, scope_of(call), version.name)
    drop_tags(call.tx, arn_of(call, version.name))
    tell_change(call, version, "Delete")


def tell_change(call: Call, of: Version, operation: str) -> None:
    """The event of a change (EventBridge user guide, "Parameter Store events")."""
    detail = {"operation": operation, "name": of.name, "type": of.type}
    if "Description" in of.details:
        detail["description"] = of.details["Description"]
    resource = arn_of(call, of.name)
    emit(call, "ssm.amazonaws.com", "aws.ssm", "Parameter Store Change", resource, lambda: detail)
