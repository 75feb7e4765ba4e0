"""``patchOperations``: changes by path (``replace /methodIntegration/uri``), for every kind of document. Pure.

What a path may name and of which type its value is, the operation's model says: ``/variables/a~1b`` is a key of a map,
``/binaryMediaTypes/image~1png`` an element of a list, ``/name`` a member.
Source: API Gateway API reference, "PatchOperation"; developer guide, "Patch operations".
"""

from __future__ import annotations

import json
from typing import Any

from segue.errors import AwsError
from segue.wire.model import Ref, ServiceModel, Shape

_MOST = 500


def patched(service: ServiceModel, shape: Shape, document: dict[str, Any], operations: list[dict[str, Any]]) -> None:
    """Change a document as its patches say.

    Raises:
        AwsError: ``BadRequestException`` for a path that the document has no place for.
    """
    for operation in operations[:_MOST]:
        op, path = operation.get("op", ""), str(operation.get("path", ""))
        steps = [step.replace("~1", "/").replace("~0", "~") for step in path.split("/")[1:]]
        if not steps or not steps[0]:
            raise _invalid(path)
        if op in ("copy", "move"):
            source = str(operation.get("from", "")).split("/")[1:]
            value = _get(document, [step.replace("~1", "/") for step in source])
            _change(service, shape, document, "replace", steps, value, path)
        elif op in ("add", "replace", "remove"):
            _change(service, shape, document, op, steps, operation.get("value"), path)
        elif op != "test":
            raise AwsError("BadRequestException", f"Invalid patch operation specified. Must be one of: {_OPS}")


_OPS = "[add, remove, replace, test, move, copy]"


def _get(document: Any, steps: list[str]) -> Any:
    for step in steps:
        document = document.get(step) if isinstance(document, dict) else None
    return document


def _change(
    service: ServiceModel, shape: Shape, document: dict[str, Any], op: str, steps: list[str], value: Any, path: str
) -> None:
    name, rest = steps[0], steps[1:]
    ref = shape.members.get(name) if shape.type == "structure" else shape.value
    if ref is None:
        raise _invalid(path)
    inner = service.shape(ref.shape_name)
    if inner.type == "list":
        _change_list(service, inner, document, op, name, rest, value)
    elif rest and inner.type in ("map", "structure"):
        key_is_deep = inner.type == "map" and service.shape(_value(inner).shape_name).type not in ("structure", "map")
        rest = ["/".join(rest)] if key_is_deep else rest
        _change(service, inner, document.setdefault(name, {}), op, rest, value, path)
    elif rest:
        raise _invalid(path)
    elif op == "remove":
        document.pop(name, None)
    else:
        document[name] = _typed(inner, value, path)


def _value(shape: Shape) -> Ref:
    assert shape.value is not None
    return shape.value


def _change_list(
    service: ServiceModel, shape: Shape, document: dict[str, Any], op: str, name: str, rest: list[str], value: Any
) -> None:
    found = document.setdefault(name, [])
    assert shape.element is not None
    element = service.shape(shape.element.shape_name)
    given = "/".join(rest) if rest else value
    if element.type == "structure" and given is not None:  # a usage plan's stages: "apiId:stage"
        api, _, stage = str(given).partition(":")
        given = {"apiId": api, "stage": stage}
    if op == "remove":
        document[name] = [item for item in found if item != given] if given is not None else []
    elif op == "replace" and not rest:
        document[name] = _several(given)
    elif op == "replace" and value is not None and value != given:  # /types/EDGE to REGIONAL
        document[name] = [value if item == given else item for item in found]
    elif given not in found:
        found.append(given)


def _several(given: Any) -> list[Any]:
    if isinstance(given, str):
        return [part.strip() for part in given.split(",") if part.strip()]
    return [given]


def _typed(shape: Shape, value: Any, path: str) -> Any:
    text = "" if value is None else value
    if not isinstance(text, str):
        return text
    try:
        match shape.type:
            case "boolean":
                return text.lower() == "true"
            case "integer" | "long":
                return int(text)
            case "double" | "float":
                return float(text)
            case "map" | "structure":
                return json.loads(text)
            case _:
                return text
    except ValueError:
        raise AwsError("BadRequestException", f"Invalid value for {path}: {text[:100]}") from None


def _invalid(path: str) -> AwsError:
    return AwsError(
        "BadRequestException",
        f"Invalid patch path  '{path[:200]}' specified for op. Please choose supported operations",
    )
