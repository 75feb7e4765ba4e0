"""Rules about the fields of Map states."""

from __future__ import annotations

from typing import Any

from segue.languages.asl import validate_values as values
from segue.languages.asl.diagnostics import INVALID_LABEL_NAME, Findings
from segue.languages.asl.validate_members import (
    add_if_wrong,
    check_exclusive,
    check_language,
    check_values,
    is_complete,
)

MAX_LABEL_CHARACTERS = 40
"""Developer guide, "Using Map state in Distributed mode"."""


def map_fields(state: dict[str, Any], where: str, language: str, findings: Findings) -> None:
    for field in ("ItemProcessor", "Iterator", "ItemReader", "ItemBatcher", "ResultWriter"):
        if field in state and not values.is_jsonata(state[field]):
            add_if_wrong(values.mapping(state[field]), f"{where}/{field}", findings)
    _check_processor_config(state.get("ItemProcessor"), f"{where}/ItemProcessor/ProcessorConfig", findings)
    label = state.get("Label")
    if isinstance(label, str) and not 1 <= len(label) <= MAX_LABEL_CHARACTERS:
        message = f"Label must be between 1 and {MAX_LABEL_CHARACTERS} characters long"
        findings.add(message, f"{where}/Label", INVALID_LABEL_NAME)
    batcher = state.get("ItemBatcher")
    reader = state.get("ItemReader")
    for holder, place in (
        (batcher, f"{where}/ItemBatcher"),
        (reader.get("ReaderConfig") if isinstance(reader, dict) else None, f"{where}/ItemReader/ReaderConfig"),
    ):
        if isinstance(holder, dict):
            for field in holder:
                check_language(field, place, language, findings)
            check_exclusive(holder, place, findings)
            check_values(holder, place, language, findings)


_MODES: dict[str, values.Check] = {
    "Mode": values.one_of("Mode", ("INLINE", "DISTRIBUTED")),
    "ExecutionType": values.one_of("ExecutionType", ("STANDARD", "EXPRESS")),
}


def _check_processor_config(processor: Any, where: str, findings: Findings) -> None:
    config = processor.get("ProcessorConfig") if isinstance(processor, dict) else None
    if config is None:
        return
    if not isinstance(config, dict):
        add_if_wrong(values.mapping(config), where, findings)
        return
    for field, value in config.items():
        if field not in _MODES:
            findings.add(f"Field '{field}' is not supported", where)
        else:
            add_if_wrong(_MODES[field](value), f"{where}/{field}", findings)
    if config.get("Mode") == "DISTRIBUTED":
        is_complete(config, ("ExecutionType",), where, findings)
