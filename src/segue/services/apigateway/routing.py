"""Which resource and method of a REST API a request takes. Pure.

Source: API Gateway developer guide, "REST API path variables"; a part that is spelled out wins over a variable, and a
variable over a greedy one; a method of its own wins over ``ANY``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Resource = Mapping[str, Any]


def find_resource(resources: Mapping[str, Resource], path: str) -> tuple[Resource, dict[str, str]] | None:
    """The resource of a path (decoded) and the path's variables; among those that have methods, the closest."""
    best: tuple[tuple[int, ...], Resource, dict[str, str]] | None = None
    given = [part for part in path.split("/") if part]
    for resource in resources.values():
        if not resource.get("resourceMethods"):
            continue
        found = _fits([part for part in str(resource["path"]).split("/") if part], given)
        if found is not None and (best is None or found[0] < best[0]):
            best = found[0], resource, found[1]
    return None if best is None else best[1:]


def _fits(pattern: list[str], given: list[str]) -> tuple[tuple[int, ...], dict[str, str]] | None:
    variables: dict[str, str] = {}
    rank: list[int] = []
    for index, part in enumerate(pattern):
        if index >= len(given):
            return None
        if part.startswith("{") and part.endswith("+}"):
            variables[part[1:-2]] = "/".join(given[index:])
            return (*rank, 2), variables
        if part.startswith("{") and part.endswith("}"):
            variables[part[1:-1]] = given[index]
            rank.append(1)
        elif part == given[index]:
            rank.append(0)
        else:
            return None
    return (tuple(rank), variables) if len(pattern) == len(given) else None


def find_method(resource: Resource, method: str) -> dict[str, Any] | None:
    """The method that a request takes."""
    methods = resource["resourceMethods"]
    found: dict[str, Any] | None = methods.get(method) or methods.get("ANY")
    return found
