"""Rules about JSONata expressions: they parse, and read only what there is.

Measured on AWS by others: the parser's words without their code (floci-io/floci#2745); a name, ``$`` or ``$$`` where
there is no context item (#2670); fields of ``$states`` (#2786; anomalyco/sst#6110: "Field '$states.errorOutput' does
not exist."). One finding a name. Variables that nobody assigns are not refused
(sfn-credentials/*invalid_credentials_field*).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from segue.languages.asl import validate_values as values
from segue.languages.asl.diagnostics import INVALID_JSONATA_EXPRESSION, UNSUPPORTED_JSONATA_EXPRESSION, Findings
from segue.languages.asl.validate_fields import EXPRESSIONS
from segue.languages.jsonata import InvalidJsonata, compile
from segue.languages.jsonata.references import References, references

_ALWAYS = frozenset(["input", "context"])
_AFTER_SUCCESS = _ALWAYS | {"result"}
_AFTER_FAILURE = _ALWAYS | {"errorOutput"}

_OBJECTS = ("ItemReader", "ItemBatcher", "ResultWriter", "ReaderConfig")


def check_expressions(state: dict[str, Any], where: str, findings: Findings) -> None:
    """Check every expression of a JSONata state, but not of the states inside it."""
    _check_members(state, where, _AFTER_SUCCESS, findings)
    for field, readable in (("Choices", _AFTER_SUCCESS), ("Catch", _AFTER_FAILURE)):
        for position, entry in enumerate(state.get(field) or ()):
            _check_members(entry, f"{where}/{field}[{position}]", readable, findings)


def _check_members(holder: dict[str, Any], where: str, in_output: frozenset[str], findings: Findings) -> None:
    for field, value in holder.items():
        place = f"{where}/{field}"
        if field in EXPRESSIONS:
            readable = in_output if field in ("Output", "Assign") else _ALWAYS
            for text, at in _expressions(value, place):
                _check(text, at, readable, findings)
        elif field in _OBJECTS and isinstance(value, dict):
            _check_members(value, place, _ALWAYS, findings)


def _expressions(value: Any, where: str) -> Iterator[tuple[str, str]]:
    waiting = [(value, where)]
    while waiting:
        current, place = waiting.pop()
        if isinstance(current, list):
            waiting.extend((item, f"{place}[{position}]") for position, item in reversed(list(enumerate(current))))
        elif isinstance(current, dict):
            waiting.extend((item, f"{place}/{key}") for key, item in reversed(list(current.items())))
        elif values.is_jsonata(current):
            yield current[2:-2].strip(), place


_SHORT = 2_000


@lru_cache(maxsize=4096)
def _references(text: str) -> References:
    return references(compile(text).tree)


_PLAIN = re.compile(r"\$states\.(input|result|context)(?:\.[A-Za-z_][A-Za-z0-9_]*)*")


def _check(text: str, where: str, readable: frozenset[str], findings: Findings) -> None:
    plain = _PLAIN.fullmatch(text)  # most are, and need no parser
    if plain is not None and plain.group(1) in readable:
        return
    try:
        read = _references(text) if len(text) <= _SHORT else references(compile(text).tree)
    except InvalidJsonata as problem:
        findings.add(str(problem), where, INVALID_JSONATA_EXPRESSION)
        return
    for name in read.top_level:
        message = f"Reference to '{name}' at the top level is not supported."
        findings.add(message, where, UNSUPPORTED_JSONATA_EXPRESSION)
    for field in read.states:
        if field not in readable:
            findings.add(f"Field '$states.{field}' does not exist.", where, UNSUPPORTED_JSONATA_EXPRESSION)
