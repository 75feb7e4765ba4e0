"""Which route of an HTTP API a request takes. Pure.

Source: API Gateway developer guide, "Create routes for HTTP APIs": the most specific one that fits, first of the
request's method, then of ``ANY``; paths without a greedy variable before those with one; ``$default`` where none fits.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

_METHODS = ("ANY", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")
_DEFAULT = "$default"


def is_route_key(key: str) -> bool:
    """Whether a text is a route key: ``GET /pets/{id}`` or ``$default``."""
    method, _, path = key.partition(" ")
    return key == _DEFAULT or (method in _METHODS and path.startswith("/"))


def match_path(pattern: str, path: str) -> dict[str, str] | None:
    """The variables of a path that fits a pattern (``/pets/{id}/{rest+}``); ``None`` for one that does not."""
    found: dict[str, str] = {}
    wanted, given = pattern.strip("/").split("/"), path.strip("/").split("/")
    for index, part in enumerate(wanted):
        name = part[1:-1] if part.startswith("{") and part.endswith("}") else None
        if name is not None and name.endswith("+"):
            rest = "/".join(given[index:])
            return {**found, name[:-1]: rest} if rest else None
        if index >= len(given) or (name is None and part != given[index]) or (name is not None and not given[index]):
            return None
        if name is not None:
            found[name] = given[index]
    return found if len(wanted) == len(given) else None


class Router:
    """The routes of an API, made ready once: those that are spelled out by name, the others the most specific first."""

    def __init__(self, routes: Iterable[Mapping[str, Any]]) -> None:
        self._default: Mapping[str, Any] | None = None
        self._whole: dict[tuple[str, str], Mapping[str, Any]] = {}
        self._patterns: list[tuple[tuple[int, ...], str, str, Mapping[str, Any]]] = []
        for route in routes:
            method, _, pattern = str(route["RouteKey"]).partition(" ")
            if method == _DEFAULT:
                self._default = route
            elif "{" not in pattern:
                self._whole[method, pattern.strip("/")] = route
            else:
                self._patterns.append((_rank(pattern, method), method, pattern, route))
        self._patterns.sort(key=lambda one: one[0])

    def find(self, method: str, path: str) -> tuple[Mapping[str, Any], dict[str, str]] | None:
        """The route of a request and its path variables."""
        whole = path.strip("/")
        found = self._whole.get((method, whole)) or self._whole.get(("ANY", whole))
        if found is not None:
            return found, {}
        for _, wanted, pattern, route in self._patterns:
            variables = match_path(pattern, path) if wanted in (method, "ANY") else None
            if variables is not None:
                return route, variables
        return None if self._default is None else (self._default, {})


def _rank(pattern: str, method: str) -> tuple[int, ...]:
    """Lower is more specific: with some variables, with a greedy one; then part by part; then the method."""
    parts = pattern.strip("/").split("/")
    kinds = [2 if part.endswith("+}") else 1 if part.startswith("{") else 0 for part in parts]
    return (2 if 2 in kinds else 1, *kinds, -len(kinds), method == "ANY")
