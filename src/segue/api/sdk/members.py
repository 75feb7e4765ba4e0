"""Between the members of a service's model and the PascalCase names that workflows and schedules have for them.

Source: developer guide, "Learning to use AWS service SDK integrations": parameters and results are in PascalCase,
timestamps are ISO 8601 texts; texts may be given as JSON values where a JSON text is meant.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from segue.api.sdk.names import member_name
from segue.languages.asl import json_text
from segue.wire.model import Ref, ServiceModel, Shape


class UnusableParameters(ValueError):
    """Parameters that are no input of the operation.

    Attributes:
        value: the parameters, or the part of them that is wrong.
        why: for people.
        unknown: whether a field is named that the operation lacks.
    """

    def __init__(self, value: Any, why: str, *, unknown: bool = False) -> None:
        super().__init__(why)
        self.value = value
        self.why = why
        self.unknown = unknown


def to_model(service: ServiceModel, shape: Shape | None, value: Any) -> dict[str, Any]:
    """Parameters as an operation's input.

    Raises:
        UnusableParameters: they are not an object, of other types, or name a field that the operation lacks.
    """
    if not isinstance(value, dict):
        raise UnusableParameters(value, "The Parameters must be an object.")
    if shape is None:
        return {}
    try:
        members: dict[str, Any] = _to_model(service, shape, value)
    except _WrongType as wrong:
        raise UnusableParameters(value, f"The value of the field '{wrong.field}' has an invalid format") from None
    return members


def from_model(service: ServiceModel, shape: Shape | None, value: Any, name: Callable[[str], str]) -> Any:
    """An operation's output as a result; ``name`` says how members are shown."""
    return {} if shape is None else _from_model(service, shape, value, name)


def pascal(name: str) -> str:
    """A member's name as optimized integrations show it."""
    return name[:1].upper() + name[1:]


_INTEGERS = ("integer", "long")
_NUMBERS = ("integer", "long", "float", "double")
_TYPES: dict[str, type | tuple[type, ...]] = {
    "structure": dict,
    "list": list,
    "map": dict,
    "boolean": (bool, str),
    "timestamp": (str, int, float),
    **dict.fromkeys(_NUMBERS, (int, float, str)),
}


class _WrongType(Exception):
    """A value of another type than the member it is meant for."""

    def __init__(self, field: str) -> None:
        super().__init__(field)
        self.field = field


def _fits(shape: Shape, value: Any) -> bool:
    if shape.type in _NUMBERS and isinstance(value, bool):
        return False
    return isinstance(value, _TYPES.get(shape.type, object))


def _number(shape: Shape, text: str, field: str) -> int | float:
    try:
        return int(text) if shape.type in _INTEGERS else float(text)
    except ValueError:
        raise _WrongType(field) from None


def _whole(value: float, field: str) -> int:
    if not value.is_integer():
        raise _WrongType(field)
    return int(value)


def _to_model(service: ServiceModel, shape: Shape, value: Any, field: str = "") -> Any:
    if value is None or not _fits(shape, value):
        raise _WrongType(field)
    if shape.type == "structure":
        return {
            name: _to_model(service, service.shape(shape.members[name].shape_name), item, key)
            for key, item in value.items()
            if item is not None and (name := _member(shape, key, value))
        }
    if shape.type == "list":
        return [_to_model(service, _target(service, shape.element), item, field) for item in value]
    if shape.type == "map":
        return {key: _to_model(service, _target(service, shape.value), item, key) for key, item in value.items()}
    if shape.type in _NUMBERS and isinstance(value, str):
        return _number(shape, value, field)
    if shape.type == "boolean" and isinstance(value, str):
        if value.lower() not in ("true", "false"):
            raise _WrongType(field)
        return value.lower() == "true"
    if shape.type in _INTEGERS and isinstance(value, float):
        return _whole(value, field)
    if shape.type == "string" and not isinstance(value, str):
        return json_text.dump(value)
    if shape.type == "blob":
        return (value if isinstance(value, str) else json_text.dump(value)).encode()
    if shape.type == "timestamp" and isinstance(value, str):
        return _milliseconds(value)
    return value


def _member(shape: Shape, key: str, given: dict[str, Any]) -> str:
    if key in shape.members:
        return key
    camel = key[:1].lower() + key[1:]
    if camel in shape.members:
        return camel
    folded = key.lower()
    for name in shape.members:
        if folded in (name.lower(), member_name(name).lower()):
            return name
    raise UnusableParameters(given, f'The field "{key}" is not supported', unknown=True)


def _from_model(service: ServiceModel, shape: Shape, value: Any, name: Callable[[str], str]) -> Any:
    if shape.type == "structure" and isinstance(value, dict):
        return {
            name(member): _from_model(service, service.shape(shape.members[member].shape_name), item, name)
            for member, item in sorted(value.items())
            if item is not None and member in shape.members
        }
    if shape.type == "list" and isinstance(value, list):
        return [_from_model(service, _target(service, shape.element), item, name) for item in value]
    if shape.type == "map" and isinstance(value, dict):
        return {key: _from_model(service, _target(service, shape.value), item, name) for key, item in value.items()}
    if isinstance(value, bytes):
        try:
            return value.decode()
        except UnicodeDecodeError:
            return base64.b64encode(value).decode()
    if shape.type == "timestamp" and isinstance(value, int):
        return iso(value)
    return value


def iso(time_ms: int) -> str:
    """``2024-05-06T07:08:09.123Z``."""
    return f"{datetime.fromtimestamp(time_ms // 1000, UTC):%Y-%m-%dT%H:%M:%S}.{time_ms % 1000:03d}Z"


def _milliseconds(text: str) -> int:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise UnusableParameters(text, "The value must be a timestamp in ISO 8601.") from None
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)


def _target(service: ServiceModel, use: Ref | None) -> Shape:
    assert use is not None
    return service.shape(use.shape_name)
