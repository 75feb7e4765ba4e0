"""Values in a template's spelling, as an operation's members.

Templates and APIs write the same name in different letters (``RoleArn``, ``roleArn``); where the names themselves
differ (``DefinitionString``, ``definition``) a type maps them. Texts stand for numbers and booleans, objects for JSON
texts, and tags are lists of pairs where an operation wants a map.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from segue.errors import AwsError
from segue.wire.model import Ref, ServiceModel, Shape


def fit(service: ServiceModel, shape: Shape, value: Any, where: str = "") -> Any:
    """``value`` as the shape has it: members by name whatever the case of their letters, texts as numbers and
    booleans and the other way round, objects as JSON texts, lists of ``Key`` and ``Value`` as maps, and maps as lists.

    Raises:
        AwsError: ``ValidationError`` for a member that the shape lacks, for what is no object where the shape is one,
            and for a text that is no number or boolean.
    """
    match shape.type:
        case "structure" if not shape.is_document:
            return _structure(service, shape, value, where)
        case "list":
            return _list(service, shape, value, where)
        case "map":
            return _map(service, shape, value, where)
        case "string":
            return _text(value)
        case "blob":
            return value if isinstance(value, bytes) else _text(value).encode()
        case "integer" | "long" | "float" | "double" if isinstance(value, str):
            return _number(shape, value, where)
        case "boolean" if isinstance(value, str):
            return _boolean(value, where)
        case _:
            return value


def _structure(service: ServiceModel, shape: Shape, value: Any, where: str) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise AwsError("ValidationError", f"Value of property {where.rstrip('/')} must be an object")
    names = {name.lower(): name for name in shape.members}
    fitted = {}
    for given, inner in value.items():
        if inner is None:
            continue
        name = given if given in shape.members else names.get(given.lower())
        if name is None:
            raise AwsError("ValidationError", f"Encountered unsupported property {where}{given}")
        fitted[name] = _by_ref(service, shape.members[name], inner, f"{where}{given}/")
    return fitted


def _by_ref(service: ServiceModel, ref: Ref | None, value: Any, where: str) -> Any:
    return value if ref is None else fit(service, service.shape(ref.shape_name), value, where)


def _list(service: ServiceModel, shape: Shape, value: Any, where: str) -> Any:
    if isinstance(value, Mapping) and shape.element is not None:
        pair = _pair_names(service.shape(shape.element.shape_name))
        value = [dict(zip(pair, item, strict=True)) for item in value.items()] if pair else [value]
    items = value if isinstance(value, list | tuple) else [value]
    return [_by_ref(service, shape.element, item, where) for item in items]


def _pair_names(shape: Shape) -> tuple[str, str] | None:
    names = {name.lower(): name for name in shape.members}
    return (names["key"], names["value"]) if names.keys() == {"key", "value"} else None


def _map(service: ServiceModel, shape: Shape, value: Any, where: str) -> Any:
    if isinstance(value, list) and all(
        isinstance(item, Mapping) and isinstance(item.get("Key"), str) for item in value
    ):
        value = {item["Key"]: item.get("Value", "") for item in value}
    if not isinstance(value, Mapping):
        raise AwsError("ValidationError", f"Value of property {where.rstrip('/')} must be an object")
    return {str(key): _by_ref(service, shape.value, inner, where) for key, inner in value.items()}


def _text(value: Any) -> str:
    match value:
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case int() | float():
            return str(value)
        case _:
            return orjson.dumps(value).decode()


def _number(shape: Shape, text: str, where: str) -> int | float:
    try:
        return int(text) if shape.type in ("integer", "long") else float(text)
    except ValueError:
        raise AwsError("ValidationError", f"Value of property {where.rstrip('/')} must be a number") from None


def _boolean(text: str, where: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise AwsError("ValidationError", f"Value of property {where.rstrip('/')} must be a boolean")
    return text.lower() == "true"
