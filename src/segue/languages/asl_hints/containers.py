"""A definition's containers and states, with what a rule wants to know about where they stand."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from segue.languages.asl.diagnostics import Diagnostic
from segue.languages.asl.validate_kind import kind_inside
from segue.languages.asl.validate_map import mode_of


@dataclass(frozen=True, slots=True)
class Container:
    """The machine, a branch or an item processor.

    Attributes:
        body: its JSON.
        where: its location; empty for the machine.
        language: the machine's query language.
        kind: of the executions that run it.
        outer: the container around it; None for the machine, and for what runs as executions of its own.
    """

    body: dict[str, Any]
    where: str
    language: str
    kind: str
    outer: Container | None = None

    @property
    def states(self) -> dict[str, dict[str, Any]]:
        states: dict[str, dict[str, Any]] = self.body["States"]
        return states


@dataclass(frozen=True, slots=True)
class Place:
    """A state where it stands.

    Attributes:
        state: its JSON.
        name: its name.
        where: its location.
        language: its query language.
        container: what it stands in.
    """

    state: dict[str, Any]
    name: str
    where: str
    language: str
    container: Container

    @property
    def type(self) -> str:
        return str(self.state["Type"])

    @property
    def resource(self) -> str:
        return str(self.state.get("Resource", ""))

    def entries(self, field: str) -> Iterator[tuple[dict[str, Any], str]]:
        """The retriers, catchers or rules of the state, and their locations."""
        for position, entry in enumerate(self.state.get(field) or ()):
            yield entry, f"{self.where}/{field}[{position}]"

    def hint(self, code: str, message: str, at: str = "") -> Diagnostic:
        """A hint about the state, or about a place within it."""
        return Diagnostic("HINT", code, message, at or self.where)


def containers(definition: dict[str, Any], kind: str) -> Iterator[Container]:
    """All containers, the outer ones first."""
    language = str(definition.get("QueryLanguage", "JSONPath"))
    waiting = [Container(definition, "", language, kind)]
    while waiting:
        container = waiting.pop()
        yield container
        inner = [one for place in places(container) for one in _inside(place)]
        waiting.extend(reversed(inner))


def places(container: Container) -> Iterator[Place]:
    """The states of a container."""
    for name, state in container.states.items():
        language = str(state.get("QueryLanguage", container.language))
        yield Place(state, name, f"{container.where}/States/{name}", language, container)


def _inside(place: Place) -> Iterator[Container]:
    container, state = place.container, place.state
    for position, branch in enumerate(state.get("Branches") or ()):
        yield Container(branch, f"{place.where}/Branches[{position}]", container.language, container.kind, container)
    for field in ("ItemProcessor", "Iterator"):
        if field in state:
            outer = None if mode_of(state) == "DISTRIBUTED" else container
            kind = kind_inside(state, container.kind)
            yield Container(state[field], f"{place.where}/{field}", container.language, kind, outer)
