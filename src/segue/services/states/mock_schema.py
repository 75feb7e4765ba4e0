"""Whether a mocked result is what the mocked operation answers, by its service's model.

The words are AWS's (sfn-teststate/field_validation_mode__*); what has not been recorded is worded alike. Fields that
the model does not know are allowed; so is every result of a task whose result no operation's model describes: functions
and activities called by their ARN, callbacks, HTTP.
"""

from __future__ import annotations

from typing import Any

from segue.api.sdk.members import pascal
from segue.api.sdk.names import member_name
from segue.errors import AwsError
from segue.services.states.integrations import resolve
from segue.wire.model import OperationModel, Ref, ServiceModel, Shape, load_service

_KINDS: dict[str, tuple[type | tuple[type, ...], str]] = {
    "string": (str, "a string"),
    "character": (str, "a string"),
    "blob": (str, "a string"),
    "timestamp": (str, "a string"),
    "integer": ((int, float), "a number"),
    "long": ((int, float), "a number"),
    "float": ((int, float), "a number"),
    "double": ((int, float), "a number"),
    "boolean": (bool, "a boolean"),
    "list": (list, "an array"),
    "map": (dict, "an object"),
    "structure": (dict, "an object"),
}
_NUMBERS = ("integer", "long", "float", "double")
_SYNC_ANSWERS = {"states:startExecution": "DescribeExecution"}
"""What a ``.sync`` task answers with: the description of what it has waited for, with texts as texts even for
``.sync:2`` (seen on AWS: boto3 issue 4683)."""

_OWN_FORM = {("lambda", "Payload")}
"""Members that an optimized integration gives in another form than the operation: a function's answer is parsed."""

_LOWER_MAXIMA = {("lambda", "MemorySize"): 10_240}
"""Bounds that Step Functions' models have where newer ones have been raised (*more_than_maximum_allowed)."""


class MockMismatch(Exception):
    """The mocked result is not what the operation answers; AWS's sentence."""


def check_mock(resource_type: str, resource_name: str, pattern: str, value: Any, *, all_required: bool) -> None:
    """Check a mocked result.

    Args:
        resource_type, resource_name, pattern: of the task, as in ``ScheduleTask``.
        value: the mocked result.
        all_required: whether required members must be there (STRICT), or only those that are there must fit (PRESENT).

    Raises:
        MockMismatch: it does not fit.
    """
    operation = _operation(resource_type, resource_name, pattern)
    if operation is None or operation.output is None:
        return
    if not isinstance(value, dict):
        raise MockMismatch("Mock result schema validation error: Mock result must be an object")
    _Check(operation.service, resource_type, all_required).structure(operation.output, value)


def _operation(resource_type: str, resource_name: str, pattern: str) -> OperationModel | None:
    action = resource_name.partition(".")[0]
    if pattern in ("sync", "sync:2"):
        name = _SYNC_ANSWERS.get(f"{resource_type}:{action}")
        return load_service("stepfunctions").operations[name] if name else None
    if pattern != "request-response":
        return None
    try:
        service, name = resolve(resource_type, resource_name).operation.split(":")
        return load_service(service).operations[name]
    except (AwsError, LookupError):
        return None


class _Check:
    """One walk through a result beside the shapes of its operation's output."""

    def __init__(self, service: ServiceModel, resource_type: str, all_required: bool) -> None:
        self._service = service
        self._resource_type = resource_type
        self._all_required = all_required
        self._name = member_name if resource_type.startswith("aws-sdk:") else pascal

    def structure(self, shape: Shape, value: dict[str, Any]) -> None:
        for name, ref in shape.members.items():
            shown = self._name(name)
            if shown in value:
                if (self._resource_type, shown) not in _OWN_FORM:
                    self._member(ref, shown, value[shown])
            elif self._all_required and name in shape.required:
                raise _mismatch(f"Required field '{shown}' is missing")

    def _member(self, ref: Ref, name: str, value: Any) -> None:
        shape = self._service.shape(ref.shape_name)
        if shape.is_document or shape.type not in _KINDS:
            return
        kind, words = _KINDS[shape.type]
        is_of_kind = isinstance(value, kind) and (kind is bool or not isinstance(value, bool))
        if not is_of_kind:
            raise _mismatch(f"Field '{name}' must be {words}")
        if shape.type == "structure":
            self.structure(shape, value)
        elif shape.type == "list":
            for item in value:
                self._member(_some(shape.element), name, item)
        elif shape.type == "map":
            for key, item in value.items():
                self._member(_some(shape.value), key, item)
        most = _LOWER_MAXIMA.get((self._service.name, shape.name), shape.traits.get("max"))
        _check_bounds(shape, name, value, most)


def _check_bounds(shape: Shape, name: str, value: Any, most: float | None) -> None:
    least = shape.traits.get("min")
    if shape.type in _NUMBERS:
        if least is not None and value < least:
            raise _mismatch(f"Field '{name}' is less than the minimum value")
        if most is not None and value > most:
            raise _mismatch(f"Field '{name}' exceeds the maximum value")
        return
    if shape.type in ("string", "blob", "list", "map"):
        if least is not None and len(value) < least:
            raise _mismatch(f"Field '{name}' is smaller than the minimum length")
        if most is not None and len(value) > most:
            raise _mismatch(f"Field '{name}' exceeds the maximum length")
    values = shape.traits.get("enum")
    if values and value not in values:
        raise _mismatch(f"Field '{name}' is not an expected value")


def _some(ref: Ref | None) -> Ref:
    assert ref is not None
    return ref


def _mismatch(what: str) -> MockMismatch:
    return MockMismatch(f"Mock result schema validation error: {what}")
