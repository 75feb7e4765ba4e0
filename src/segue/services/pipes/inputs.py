"""What enrichments and targets are given of events: input templates, and parameters that are paths.

Source: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-input-transformation.html: templates are
filled for each event on its own; the body of a queue's message is looked into where it is JSON.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from segue.errors import AwsError
from segue.languages.asl.json_text import dump, parse
from segue.languages.input_templates import MISSING, MOST_CHARACTERS, InputTemplate, InputTooLarge, found_at
from segue.services.pipes.records import Pipe

_PLACEHOLDER = re.compile(r"<((?:\$|aws\.pipes\.)[^<>]*)>")


def transformed(pipe: Pipe, template: str, events: Sequence[str], now_ms: int) -> list[str]:
    """Each event by a template; as it is where there is none.

    Raises:
        AwsError: ``InputTooLarge``.
    """
    if not template:
        return list(events)
    made: list[str] = []
    room = MOST_CHARACTERS
    for event in events:
        try:
            made.append(_filled(pipe, template, event, now_ms))
        except InputTooLarge as error:
            raise AwsError("InputTooLarge", str(error)) from None
        room -= len(made[-1])
        if room < 0:
            raise AwsError("InputTooLarge", f"The inputs are longer than {MOST_CHARACTERS} characters together.")
    return made


def _filled(pipe: Pipe, template: str, text: str, now_ms: int) -> str:
    event = parse(text)
    looked_into = decoded(event)
    reserved = {
        "aws.pipes.pipe-arn": pipe.arn,
        "aws.pipes.pipe-name": pipe.name,
        "aws.pipes.source-arn": pipe.source,
        "aws.pipes.enrichment-arn": pipe.enrichment,
        "aws.pipes.target-arn": str(pipe.target),
        "aws.pipes.event.ingestion-time": f"{datetime.fromtimestamp(now_ms // 1_000, UTC):%Y-%m-%dT%H:%M:%SZ}",
        "aws.pipes.event": event,
        "aws.pipes.event.json": looked_into,
    }

    def value_of(name: str) -> Any:
        return found_at(name, looked_into) if name.startswith("$") else reserved.get(name, MISSING)

    return _template(template).fill(value_of)


@lru_cache(maxsize=256)
def _template(text: str) -> InputTemplate:
    return InputTemplate(text, _PLACEHOLDER)


def decoded(event: Any) -> Any:
    """An event in which a message's body that is JSON stands as what it says."""
    if isinstance(event, dict) and event.get("eventSource") == "aws:sqs" and isinstance(event.get("body"), str):
        try:
            return {**event, "body": parse(event["body"])}
        except ValueError:
            return event
    return event


def json_array(texts: Sequence[str]) -> str:
    """Texts as a JSON array: those that are JSON as they are, the others as strings."""
    return f"[{','.join(text if _is_json(text) else dump(text) for text in texts)}]"


def _is_json(text: str) -> bool:
    try:
        parse(text)
    except ValueError:
        return False
    return True
