"""Traps about variables: those that nobody assigns, and those that hide one of an outer scope."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from typing import Any

from segue.languages.asl.diagnostics import Diagnostic
from segue.languages.asl.validate_values import is_jsonata
from segue.languages.asl_hints.containers import Container, Place, containers, places
from segue.languages.asl_hints.texts import texts
from segue.languages.jsonata import InvalidJsonata, compile
from segue.languages.jsonata.functions import FUNCTIONS
from segue.languages.jsonata.references import references

_VARIABLE = re.compile(r"(?<![\w$])\$([A-Za-z_]\w*)")


def variable_hints(definition: dict[str, Any], kind: str) -> Iterator[Diagnostic]:
    """Hints about the variables of all states."""
    for container in containers(definition, kind):
        outer = _assigned_around(container)
        known = outer | _assigned_in(container)
        for place in places(container):
            yield from _hidden(place, outer)
            yield from _unassigned(place, known)


def _assigned_around(container: Container) -> frozenset[str]:
    names: frozenset[str] = frozenset()
    around = container.outer
    while around is not None:
        names |= _assigned_in(around)
        around = around.outer
    return names


def _assigned_in(container: Container) -> frozenset[str]:
    return frozenset(name for place in places(container) for name, _ in _assignments(place))


def _assignments(place: Place) -> Iterator[tuple[str, str]]:
    """The variables that a state assigns, and where."""
    holders = [(place.state, place.where), *place.entries("Choices"), *place.entries("Catch")]
    for holder, where in holders:
        for key in holder.get("Assign") or ():
            yield key.removesuffix(".$") if place.language == "JSONPath" else key, f"{where}/Assign/{key}"


def _hidden(place: Place, outer: frozenset[str]) -> Iterator[Diagnostic]:
    for name, at in _assignments(place):
        if name in outer:
            message = f"There is a variable {name} around this: it keeps its value, this is another of the same name"
            yield place.hint("VARIABLE_HIDES_OUTER", message, at)


def _unassigned(place: Place, known: frozenset[str]) -> Iterator[Diagnostic]:
    for key, text, at in texts(place.state, place.where):
        for name in _read(place, key, text):
            if name not in known:
                message = f"No state assigns ${name}: reading it fails the execution"
                yield place.hint("UNASSIGNED_VARIABLE", message, at)


def _read(place: Place, key: str, text: str) -> Iterator[str]:
    if place.language == "JSONata":
        if is_jsonata(text):
            with contextlib.suppress(InvalidJsonata):
                names = references(compile(text[2:-2].strip()).tree).variables
                yield from (name for name in names if name != "states" and name not in FUNCTIONS)
    elif key.endswith(("Path", ".$")) or key == "Variable":
        yield from dict.fromkeys(_VARIABLE.findall(_without_strings(text)))


def _without_strings(text: str) -> str:
    return re.sub(r"'(?:[^'\\]|\\.)*'", "''", text)
