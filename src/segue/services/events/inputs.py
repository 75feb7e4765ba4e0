"""What a target is given of an event: all of it, a part, a constant, or a text made of parts.

Source: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html and the conformance
group ``eventbridge-inputs``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from segue.languages.asl.json_text import dump
from segue.languages.input_templates import MISSING, InputTemplate
from segue.languages.jsonpath import PathNotFound, compile_path
from segue.languages.work import WorkExceeded

_PLACEHOLDER = re.compile(r"<([A-Za-z0-9_.\-]+)>")


@dataclass(frozen=True, slots=True)
class Occasion:
    """An event on its way through a rule.

    Attributes:
        event: the event, parsed.
        text: its JSON text.
        rule_arn, rule_name: the rule that it matched.
        ingestion_time: when the bus received it, ISO 8601.
    """

    event: dict[str, Any]
    text: str
    rule_arn: str
    rule_name: str
    ingestion_time: str


Input = Callable[[Occasion], str]
"""Makes what a target is given."""


def compile_input(target: dict[str, Any]) -> Input:
    """The function that makes this target's input."""
    if "Input" in target:
        constant: str = target["Input"]
        return lambda occasion: constant
    if target.get("InputPath"):
        path = compile_path(target["InputPath"])
        return lambda occasion: dump(_found(path.read, occasion.event, {}))
    if "InputTransformer" in target:
        return _compile_transformer(target["InputTransformer"])
    return lambda occasion: occasion.text


def placeholders_of(template: str) -> Iterator[str]:
    """The names in angle brackets."""
    return (found[1] for found in _PLACEHOLDER.finditer(template))


def _found(read: Callable[[Any], Any], event: dict[str, Any], otherwise: Any) -> Any:
    try:
        return read(event)
    except (PathNotFound, WorkExceeded):
        return otherwise


def _compile_transformer(transformer: dict[str, Any]) -> Input:
    readers = {name: compile_path(path).read for name, path in transformer.get("InputPathsMap", {}).items()}
    template = InputTemplate(transformer["InputTemplate"], _PLACEHOLDER)

    def fill(occasion: Occasion) -> str:
        def value_of(name: str) -> Any:
            read = readers.get(name)
            return _found(read, occasion.event, MISSING) if read else _reserved(name, occasion)

        return template.fill(value_of)

    return fill


def _reserved(name: str, occasion: Occasion) -> Any:
    """AWS's own variables; an unknown one is empty."""
    match name:
        case "aws.events.rule-arn":
            return occasion.rule_arn
        case "aws.events.rule-name":
            return occasion.rule_name
        case "aws.events.event.ingestion-time":
            return occasion.ingestion_time
        case "aws.events.event.json":
            return occasion.event
        case "aws.events.event":
            return _without_detail(occasion)
        case _:
            return MISSING


def _without_detail(occasion: Occasion) -> dict[str, Any]:
    """The event without its detail, with the names that AWS gives it there (conformance: predefined_variables)."""
    event = {"detailType" if name == "detail-type" else name: value for name, value in occasion.event.items()}
    event.pop("detail", None)
    event["time"] = occasion.ingestion_time
    return event
