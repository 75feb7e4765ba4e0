"""Every operation that there is can be a task: found by the SDK's names, with its members and errors."""

from __future__ import annotations

from typing import Any

import pytest

from segue.api.sdk.members import from_model, to_model
from segue.api.sdk.names import member_name
from segue.errors import AwsError
from segue.languages.asl.validate_resources import is_recognized
from segue.server import services
from segue.services.states.integrations import TaskError, resolve
from segue.wire.model import Ref, ServiceModel, Shape, load_service

SDK = {"stepfunctions": "sfn", "events": "eventbridge", "logs": "cloudwatchlogs"}
OPERATIONS = [(service.name, name) for service in services() for name in sorted(service.operations)]
_DEEPEST = 4


def example(model: ServiceModel, ref: Ref, depth: int = 0) -> Any:
    """Some value of a shape, as handlers take and give it."""
    shape = model.shape(ref.shape_name)
    if shape.type == "structure":
        return structure(model, shape, depth)
    if shape.type == "list":
        return [] if depth > _DEEPEST or shape.element is None else [example(model, shape.element, depth + 1)]
    if shape.type == "map":
        return {} if depth > _DEEPEST or shape.value is None else {"key": example(model, shape.value, depth + 1)}
    plain = {"blob": b"bytes", "boolean": True, "timestamp": 1_700_000_000_123, "float": 1.5, "double": 1.5}
    return plain.get(shape.type, 1 if shape.type in ("integer", "long") else "text")


def structure(model: ServiceModel, shape: Shape, depth: int = 0) -> dict[str, Any]:
    if depth > _DEEPEST or shape.is_event_stream:
        return {}
    return {name: example(model, ref, depth + 1) for name, ref in shape.members.items()}


@pytest.mark.parametrize(("service", "name"), OPERATIONS, ids=[":".join(one) for one in OPERATIONS])
def test_members_go_there_and_come_back(service: str, name: str) -> None:
    model = load_service(service)
    operation = model.operations[name]
    action = name[:1].lower() + name[1:]
    resource = f"aws-sdk:{SDK.get(service, service)}"
    assert is_recognized(f"arn:aws:states:::{resource}:{action}")
    integration = resolve(resource, action)
    assert integration.operation == f"{service}:{name}"
    for shape in (operation.input, operation.output):
        if shape is not None:
            value = structure(model, shape)
            shown = from_model(model, shape, value, member_name)
            assert to_model(model, shape, shown) == value
    if operation.input is not None:
        with pytest.raises(TaskError, match="is not supported by Step Functions"):
            integration.params({"NoSuchMember": 1})
    error = integration.error(AwsError("NoSuchCode", "message"), "id")
    assert error.error.endswith("Exception")
    assert error.error.split(".")[0].lower() == SDK.get(service, service).lower()
    for code in operation.error_names:
        assert integration.error(AwsError(code, "m"), "id").error.endswith("Exception")


@pytest.mark.parametrize("service", SDK)
def test_names_that_aws_does_not_know_are_refused(service: str) -> None:
    assert not is_recognized(f"arn:aws:states:::aws-sdk:{service}:listTagsForResource")
