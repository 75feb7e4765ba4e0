"""What resource types there are and what their properties are: from the schemas that AWS publishes.

``schemas.bin`` is written by ``tools/resource_schemas.py``. A schema there is a list: the type's own node, its
definitions by name, and the paths (``KeyPolicy``, ``Code/S3Bucket``) of properties that only creation can set, that
only the service sets, that in some cases only creation can set, and that identify the resource. A *node* is

- ``"s"``, ``"i"``, ``"n"``, ``"b"``: text, integer, number, boolean,
- ``"o"``, ``"j"``, ``"t"``, ``"a"``: any object, an object or its JSON text, anything with scalars as texts, anything,
- ``"#Tag"``: the definition of that name,
- ``[node]``: a list,
- ``{"p": properties, "r": required, "m": others}``: an object; without ``m`` it has no others.

Source: CloudFormation user guide, "Resource type schema"; messages as AWS answers them.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any, Literal

import msgpack
import orjson

from segue.languages.templates.functions import text_of

_MAX_DEPTH = 100


@dataclass(frozen=True, slots=True)
class Problem:
    """Why properties are not as the schema has them.

    Attributes:
        kind: whether a required property is missing, a property is unsupported, or a value has another type.
        path: where: ``#/Code``, ``#`` at the top.
        words: what, in AWS's words.
    """

    kind: Literal["missing", "unsupported", "type"]
    path: str
    words: str

    def __str__(self) -> str:
        return f"{self.path}: {self.words}"


@dataclass(frozen=True, slots=True)
class Schema:
    """The schema of a resource type.

    Attributes:
        name: ``AWS::SQS::Queue``.
        node: of the properties (see above).
        definitions: nodes by name.
        create_only: paths of properties whose change replaces the resource.
        read_only: paths of properties that are attributes alone.
        sometimes_create_only: paths of properties whose change replaces it in some cases, which the schema cannot say.
        identifier: paths of the properties that identify it.
    """

    name: str
    node: Any
    definitions: Mapping[str, Any]
    create_only: tuple[str, ...]
    read_only: tuple[str, ...]
    sometimes_create_only: tuple[str, ...]
    identifier: tuple[str, ...]

    def coerce(self, properties: Mapping[str, Any]) -> tuple[dict[str, Any], list[Problem]]:
        """Properties with values of the schema's types (``"5"`` as 5, 5 as ``"5"``, ``"true"`` as true), and what is
        wrong with them all the same. What cannot be coerced stays as it is."""
        fitting = _Fitting(self)
        found = fitting.value(self.node, dict(properties), "#", 0)
        return found, fitting.problems

    def replaced_by(self, before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
        """The create-only properties that differ: their change replaces the resource."""
        return [path for path in self.create_only if _at(before, path) != _at(after, path)]

    @property
    def properties(self) -> frozenset[str]:
        """The names of the properties at the top."""
        return frozenset(self.node.get("p", ())) if isinstance(self.node, dict) else frozenset()

    def has_attribute(self, name: str) -> bool:
        """Whether ``Fn::GetAtt`` may ask for it. Of some types AWS gives every property, so all of them count."""
        first = name.partition(".")[0]
        return first in self.properties or any(path.partition("/")[0] == first for path in self.read_only)

    @property
    def required(self) -> tuple[str, ...]:
        """The names of those at the top that have to be given."""
        return tuple(self.node.get("r", ())) if isinstance(self.node, dict) else ()


def problems_text(logical_id: str, problems: list[Problem]) -> str:
    """Why a resource cannot be made of such properties, as its event says it."""
    lines = "\n".join(str(problem) for problem in problems[:10])
    return f"Properties validation failed for resource {logical_id} with message:\n{lines}"


def known_types() -> frozenset[str]:
    """The names of all types that AWS has."""
    return _index()[0]


def schema_of(type_name: str) -> Schema | None:
    """The schema of a type; ``None`` if it is not known, or its service is known by name alone."""
    parts = type_name.split("::")
    service = _index()[1].get(parts[1]) if len(parts) > 2 else None
    if service is None or not service[1] or type_name not in known_types():
        return None
    return _schema(parts[1], type_name)


@lru_cache(maxsize=256)
def _schema(service: str, type_name: str) -> Schema:
    node, definitions, *paths = _service(service)[type_name]
    return Schema(type_name, node, definitions, *(tuple(each) for each in paths))


@cache
def _index() -> tuple[frozenset[str], dict[str, list[Any]], int]:
    data = _data()
    length = int.from_bytes(data[:4], "big")
    services = msgpack.unpackb(zlib.decompress(data[4 : 4 + length]))
    names = frozenset(name for (*_, own) in services.values() for name in own)
    return names, services, 4 + length


@lru_cache(maxsize=8)
def _service(name: str) -> dict[str, Any]:
    """The schemas of one service. Few are kept: those of EC2 alone are a megabyte in memory."""
    _, services, offset = _index()
    start, length, _ = services[name]
    piece = _data()[offset + start : offset + start + length]
    return dict(msgpack.unpackb(zlib.decompress(piece)))


def _data() -> bytes:
    return (files("segue.languages.templates") / "schemas.bin").read_bytes()


def _at(properties: Any, path: str) -> Any:
    for part in path.split("/"):
        if part == "*":
            return properties
        if not isinstance(properties, Mapping):
            return None
        properties = properties.get(part)
    return properties


class _Fitting:
    """Values as a schema has them."""

    def __init__(self, schema: Schema) -> None:
        self._definitions = schema.definitions
        self.problems: list[Problem] = []

    def value(self, node: Any, value: Any, path: str, depth: int) -> Any:
        if depth > _MAX_DEPTH:
            return value
        if isinstance(node, list):
            if not isinstance(value, list):
                return self._other("JSONArray", value, path)
            return [self.value(node[0], item, f"{path}/{place}", depth + 1) for place, item in enumerate(value)]
        if isinstance(node, dict):
            return self._object(node, value, path, depth)
        if node[:1] == "#":
            return self.value(self._definitions[node[1:]], value, path, depth + 1)
        return self._scalar(node, value, path)

    def _object(self, node: dict[str, Any], value: Any, path: str, depth: int) -> Any:
        if isinstance(value, str) and value.lstrip()[:1] == "{":
            return value  # the text of an object, which the service reads
        if not isinstance(value, dict):
            return self._other("JSONObject", value, path)
        properties, others = node["p"], node.get("m")
        made = {}
        for name, inner in value.items():
            inner_node = properties.get(name, others)
            if inner_node is None:
                self.problems.append(Problem("unsupported", path, f"extraneous key [{name}] is not permitted"))
                made[name] = inner
            else:
                made[name] = self.value(inner_node, inner, f"{path}/{name}", depth + 1)
        for name in node.get("r", ()):
            if name not in value:
                self.problems.append(Problem("missing", path, f"required key [{name}] not found"))
        return made

    def _scalar(self, node: str, value: Any, path: str) -> Any:
        match node:
            case "s":
                text = text_of(value)
                return self._other("String", value, path) if text is None else text
            case "i" | "n":
                return self._number(node, value, path)
            case "b":
                if isinstance(value, bool):
                    return value
                text = value.lower() if isinstance(value, str) else ""
                return text == "true" if text in ("true", "false") else self._other("Boolean", value, path)
            case "o" if isinstance(value, bool | int | float):
                return self._other("JSONObject", value, path)
            case "j" | "t" if isinstance(value, bool | int | float):
                return text_of(value)
            case _:
                return value

    def _number(self, node: str, value: Any, path: str) -> Any:
        wanted = "Integer" if node == "i" else "Number"
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            return self._other(wanted, value, path)
        try:
            number = orjson.loads(value.strip().lstrip("+")) if isinstance(value, str) else value
        except orjson.JSONDecodeError:
            return self._other(wanted, value, path)
        if isinstance(number, bool) or not isinstance(number, int | float):
            return self._other(wanted, value, path)
        if node == "i" and isinstance(number, float):
            return int(number) if number.is_integer() else self._other(wanted, value, path)
        return number

    def _other(self, wanted: str, value: Any, path: str) -> Any:
        self.problems.append(Problem("type", path, f"expected type: {wanted}, found: {_kind(value)}"))
        return value


def _kind(value: Any) -> str:
    match value:
        case str():
            return "String"
        case bool():
            return "Boolean"
        case int():
            return "Integer"
        case float():
            return "Double"
        case list():
            return "JSONArray"
        case dict():
            return "JSONObject"
        case _:
            return "Null"
