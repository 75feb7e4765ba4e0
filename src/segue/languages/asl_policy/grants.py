"""What a state needs to be allowed.

Source: developer guide, "Integrating optimized services", the IAM section of each; "IAM policies for using Distributed
Map states"; "Call HTTPS APIs".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from segue.languages.asl.validate_map import mode_of
from segue.languages.asl.validate_resources import pattern_of
from segue.languages.asl_hints.containers import Place
from segue.languages.asl_policy.actions import actions_of
from segue.languages.asl_policy.resources import ANY, Given, Names, resources_of

_INTEGRATION = re.compile(r"arn:[^:]+:states:[^:]*:[^:]*:(aws-sdk:)?([a-z0-9-]+):([A-Za-z0-9]+)")
_WITHOUT_RESOURCE = frozenset(["s3:ListAllMyBuckets"])
_UPLOADS = ("s3:PutObject", "s3:GetObject", "s3:ListMultipartUploadParts", "s3:AbortMultipartUpload")
_RULE = "rule/StepFunctionsGetEventsForStepFunctionsExecutionRule"


@dataclass(frozen=True, slots=True)
class Grant:
    """One action on one resource; ``why_open`` says in words what keeps it from being less."""

    action: str
    resource: str
    why_open: str = ""


def grants_of(place: Place, names: Names) -> Iterator[Grant]:
    """What a state needs."""
    if place.type == "Task":
        role = _role(place)
        yield from _task(place, names) if role is None else [_granted("sts:AssumeRole", role, "its Credentials")]
    elif place.type == "Map" and mode_of(place.state) == "DISTRIBUTED":
        yield from _distributed(place, names)


def _role(place: Place) -> str | None:
    """The role of its Credentials; ``None`` without."""
    credentials = place.state.get("Credentials")
    return None if credentials is None else Given(credentials).text("RoleArn") or ANY


def _granted(action: str, resource: str, what: str) -> Grant:
    return Grant(
        action, resource, f"{what} come with the input, so {action} is allowed on *" if resource == ANY else ""
    )


def _given(place: Place, holder: Any) -> Given:
    holder = holder if isinstance(holder, dict) else {}
    return Given(holder.get("Arguments" if place.language == "JSONata" else "Parameters"))


def _task(place: Place, names: Names) -> Iterator[Grant]:
    resource = place.resource
    if ":activity:" in resource:
        return
    found = _INTEGRATION.match(resource)
    if found is None:  # a function, by its ARN, or by a substitution that stands for it
        yield Grant("lambda:InvokeFunction", resource)
        return
    is_sdk, service, action = found.groups()
    given = _given(place, place.state)
    if not is_sdk and (service, action) == ("http", "invoke"):
        yield from _http(given, names)
    elif not is_sdk and (service, action) == ("apigateway", "invoke"):
        yield _api(given, names)
    else:
        yield from _operation(service, action, given, names)
        if pattern_of(resource).startswith(".sync"):
            yield from _watch(service, action, given, names)


def _operation(service: str, action: str, given: Given, names: Names) -> Iterator[Grant]:
    is_call = given.text("PhoneNumber") is not None  # a telephone number is no resource
    for needed in actions_of(service, action):
        for resource in resources_of(needed.partition(":")[0], given, names):
            has_none = is_call or needed in _WITHOUT_RESOURCE
            yield Grant(needed, ANY) if has_none else _granted(needed, resource, "the resources")


def _watch(service: str, action: str, given: Given, names: Names) -> Iterator[Grant]:
    """What else a task needs that waits for what it has started."""
    if service != "states":
        words = f"waiting for {service}:{action} needs further permissions, which AWS's page of that integration names"
        yield Grant(f"{service}:{action[:1].upper()}{action[1:]}", ANY, words)
        return
    for one in resources_of("states", given, names):
        children = ANY if one == ANY else one.replace(":stateMachine:", ":execution:", 1) + ":*"
        for needed in ("states:DescribeExecution", "states:StopExecution"):
            yield Grant(needed, children)
    for needed in ("events:PutTargets", "events:PutRule", "events:DescribeRule"):
        yield Grant(needed, names.arn("events", _RULE))


def _http(given: Given, names: Names) -> Iterator[Grant]:
    authentication = _member(given, "Authentication") or _member(given, "InvocationConfig")
    connection = authentication.text("ConnectionArn") if authentication else ANY
    yield Grant("states:InvokeHTTPEndpoint", names.arn("states", f"stateMachine:{names.machine}"))
    yield _granted("events:RetrieveConnectionCredentials", connection or ANY, "the connections")
    for needed in ("secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret"):
        yield Grant(needed, names.arn("secretsmanager", "secret:events!connection/*"))


def _member(given: Given, name: str) -> Given | None:
    inner = given.fields.get(name)
    return Given(inner) if isinstance(inner, dict) else None


def _api(given: Given, names: Names) -> Grant:
    endpoint = given.text("ApiEndpoint") or ANY
    api = ANY if endpoint == ANY else endpoint.partition(".")[0]
    method, stage, path = given.text("Method") or ANY, given.text("Stage") or ANY, given.text("Path") or "/"
    where = f"{api}/{stage}/{method}/{path.lstrip('/')}" if path != ANY else f"{api}/{stage}/{method}/*"
    return Grant("execute-api:Invoke", names.arn("execute-api", where))


def _distributed(place: Place, names: Names) -> Iterator[Grant]:
    yield Grant("states:StartExecution", names.arn("states", f"stateMachine:{names.machine}"))
    for needed in ("states:DescribeExecution", "states:StopExecution"):
        yield Grant(needed, names.arn("states", f"execution:{names.machine}:*"))
    reader = place.state.get("ItemReader")
    if isinstance(reader, dict):
        action = str(reader.get("Resource", "")).rpartition(":")[2]
        yield from _operation("s3", action, _bucket_only(place, reader, action), names)
    writer = place.state.get("ResultWriter")
    if isinstance(writer, dict) and "Resource" in writer:
        for resource in resources_of("s3", _bucket_only(place, writer, "putObject"), names):
            for needed in _UPLOADS:
                yield _granted(needed, resource if resource == ANY else f"{resource}/*", "the buckets")


def _bucket_only(place: Place, holder: dict[str, Any], action: str) -> Given:
    """The parameters of a reader or writer; without a Key where there is none to be named."""
    given = _given(place, holder)
    return given if action == "getObject" else Given({name: v for name, v in given.fields.items() if "Bucket" in name})
