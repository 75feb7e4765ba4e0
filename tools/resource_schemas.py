"""Write ``src/segue/languages/templates/schemas.bin``: what resource types' properties are, in short.

AWS publishes a JSON schema for each resource type. They are taken here from the package ``cfn-lint`` of the Python
Package Index (licence MIT-0), which ships them in ``cfnlint/data/schemas``, with AWS's omissions mended. It is
needed for this program alone::

    pip download --no-deps --dest /tmp/wheel cfn-lint
    python tools/resource_schemas.py /tmp/wheel/cfn_lint-*.whl

The file: the length of the index (four bytes, big end first), the index (compressed msgpack), then pieces, each of
which is compressed msgpack with the schemas of one service's types. The index has, for each service, where its piece
begins, how long it is (0: its types are known by name alone) and the names of its types. What a schema looks like is
told in ``schemas.py``.
"""

from __future__ import annotations

import json
import sys
import zipfile
import zlib
from pathlib import Path
from typing import Any

import msgpack

TARGET = Path(__file__).parent.parent / "src" / "segue" / "languages" / "templates" / "schemas.bin"
DATA = "cfnlint/data/schemas"

_BY_NAME_ALONE = frozenset(
    (
        *("BedrockAgentCore", "CleanRooms", "Connect", "CustomerProfiles", "DataZone", "Deadline", "DevOpsAgent"),
        *(
            "GameLift",
            "IoTSiteWise",
            "Lightsail",
            "MediaConnect",
            "MediaLive",
            "MediaTailor",
            "QBusiness",
            "QuickSight",
        ),
    )
)
"""Services with large schemas that have nothing to do with serverless applications: a fifth of it all."""

_SCALARS = {"string": "s", "integer": "i", "number": "n", "boolean": "b", "object": "o"}


def main(wheel: str) -> None:
    """Read the wheel and write the file."""
    with zipfile.ZipFile(wheel) as archive:
        names = _type_names(archive)
        index: dict[str, Any] = {}
        body = b""
        for service in sorted({name.split("::")[1] for name in names}):
            own = [name for name in names if name.split("::")[1] == service]
            piece = b""
            if service not in _BY_NAME_ALONE:
                schemas = {name: _schema(json.loads(archive.read(names[name]))) for name in own}
                piece = zlib.compress(msgpack.packb(schemas), 9)
            index[service] = [len(body), len(piece), own]
            body += piece
    head = zlib.compress(msgpack.packb(index), 9)
    TARGET.write_bytes(len(head).to_bytes(4, "big") + head + body)
    print(f"{TARGET}: {4 + len(head) + len(body)} bytes, {len(names)} types")


def _type_names(archive: zipfile.ZipFile) -> dict[str, str]:
    """Where the schema of each type of any region is, those of us-east-1 first."""
    found: dict[str, str] = {}
    regions = [name for name in archive.namelist() if name.startswith(f"{DATA}/providers/") and name.endswith(".json")]
    for region in sorted(regions, key=lambda name: (not name.endswith("/us-east-1.json"), name)):
        for name, digest in json.loads(archive.read(region)).items():
            if name.count("::") >= 2 and not name.startswith(
                "AWS::Serverless::"
            ):  # those are SAM's, not the registry's
                found.setdefault(name, f"{DATA}/resources/{digest}.json")
    return dict(sorted(found.items()))


def _schema(full: dict[str, Any]) -> list[Any]:
    used: set[str] = set()
    top = _node(full, used)
    definitions: dict[str, Any] = {}
    while missing := used - definitions.keys():
        for name in sorted(missing):
            definitions[name] = _node(full.get("definitions", {}).get(name, {}), used)
    return [
        top,
        dict(sorted(definitions.items())),
        _paths(full, "createOnlyProperties"),
        _paths(full, "readOnlyProperties"),
        _paths(full, "conditionalCreateOnlyProperties"),
        _paths(full, "primaryIdentifier"),
    ]


def _paths(full: dict[str, Any], member: str) -> list[str]:
    return sorted(path.removeprefix("/properties/") for path in full.get(member, []))


def _node(node: dict[str, Any], used: set[str]) -> Any:
    if "$ref" in node:
        name = node["$ref"].rpartition("/")[2]
        if not node["$ref"].startswith("#/definitions/"):
            return "a"
        used.add(name)
        return "#" + name
    kind = node.get("type") or _types(node)
    properties = _properties(node)
    if kind == "array":  # whatever else is said, as of some that were lists' elements once
        return [_node(node.get("items") or {}, used)]
    if properties or "patternProperties" in node:
        return _object(node, properties, used)
    if isinstance(kind, list):
        return "j" if set(kind) == {"object", "string"} else "t" if "string" in kind else "a"
    return _SCALARS.get(kind, "a")


def _types(node: dict[str, Any]) -> list[str] | str:
    """The types of an alternative of types."""
    found = [each.get("type") for each in (*node.get("oneOf", ()), *node.get("anyOf", ())) if isinstance(each, dict)]
    return found if found and all(isinstance(kind, str) for kind in found) else ""


def _properties(node: dict[str, Any]) -> dict[str, Any]:
    """An object's own properties and those that its alternatives add."""
    found: dict[str, Any] = {}
    for alternative in (*node.get("oneOf", ()), *node.get("anyOf", ()), *node.get("allOf", ())):
        if isinstance(alternative, dict) and node.get("type", "object") == "object":
            found.update({key: value for key, value in alternative.get("properties", {}).items() if value})
    found.update(node.get("properties", {}))
    return found


def _object(node: dict[str, Any], properties: dict[str, Any], used: set[str]) -> dict[str, Any]:
    made: dict[str, Any] = {"p": {name: _node(inner, used) for name, inner in properties.items()}}
    if node.get("required"):
        made["r"] = node["required"]
    patterns = list(node.get("patternProperties", {}).values())
    if patterns:
        made["m"] = _node(patterns[0], used) if len(patterns) == 1 else "a"
    elif node.get("additionalProperties") is not False:
        made["m"] = "a"
    return made


if __name__ == "__main__":
    main(*sys.argv[1:])
