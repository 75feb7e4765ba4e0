"""Rules about the fields of Map states."""

from __future__ import annotations

from typing import Any

from segue.languages.asl import validate_values as values
from segue.languages.asl.diagnostics import INVALID_LABEL_NAME, Findings
from segue.languages.asl.validate_fields import (
    DISTRIBUTED_ONLY,
    ITEM_BATCHER,
    ITEM_READER,
    PROCESSOR_CONFIG,
    READER_CONFIG,
    RESULT_WRITER,
    WRITER_CONFIG,
)
from segue.languages.asl.validate_members import add_if_wrong, check_object, is_complete
from segue.languages.asl.validate_resources import NOT_RECOGNIZED, is_item_reader, is_result_writer

MAX_LABEL_CHARACTERS = 40
_NOT_IN_LABELS = frozenset(' \t\n\r?*<>{}[]:;,\\|^~$#%&`"')
"""Developer guide, "Using Map state in Distributed mode"."""


def mode_of(state: dict[str, Any]) -> str:
    """``DISTRIBUTED`` or ``INLINE``."""
    processor = state.get("ItemProcessor")
    config = processor.get("ProcessorConfig") if isinstance(processor, dict) else None
    return "DISTRIBUTED" if isinstance(config, dict) and config.get("Mode") == "DISTRIBUTED" else "INLINE"


def map_fields(state: dict[str, Any], where: str, language: str, findings: Findings) -> None:
    for field in ("ItemProcessor", "Iterator"):
        if field in state:
            add_if_wrong(values.mapping(state[field]), f"{where}/{field}", findings)
    _check_processor_config(state.get("ItemProcessor"), f"{where}/ItemProcessor/ProcessorConfig", language, findings)
    if mode_of(state) != "DISTRIBUTED":
        for field in DISTRIBUTED_ONLY:
            if field in state:
                findings.add(f"Field '{field}' is not supported", where)
        if isinstance(state.get("Items"), dict):
            findings.add("Expected value of type Array", f"{where}/Items")
    _check_label(state.get("Label"), f"{where}/Label", findings)
    _check_reader(state, f"{where}/ItemReader", language, findings)
    _check_writer(state, f"{where}/ResultWriter", language, findings)
    if "ItemBatcher" in state:
        check_object(state["ItemBatcher"], ITEM_BATCHER, f"{where}/ItemBatcher", language, findings)


def _check_processor_config(processor: Any, where: str, language: str, findings: Findings) -> None:
    config = processor.get("ProcessorConfig") if isinstance(processor, dict) else None
    if config is None:
        return
    if check_object(config, PROCESSOR_CONFIG, where, language, findings) and config.get("Mode") == "DISTRIBUTED":
        is_complete(config, ("ExecutionType",), where, findings)


def _check_label(label: Any, where: str, findings: Findings) -> None:
    if not isinstance(label, str):
        return
    if not 1 <= len(label) <= MAX_LABEL_CHARACTERS:
        message = f"Label must be between 1 and {MAX_LABEL_CHARACTERS} characters long"
        findings.add(message, where, INVALID_LABEL_NAME)
    elif any(character in _NOT_IN_LABELS or not character.isprintable() for character in label):
        message = f"Label must not contain whitespace, control characters or special characters: {label}"
        findings.add(message, where, INVALID_LABEL_NAME)


def _check_reader(state: dict[str, Any], where: str, language: str, findings: Findings) -> None:
    if "ItemReader" not in state:
        return
    reader = state["ItemReader"]
    if not check_object(reader, ITEM_READER, where, language, findings):
        return
    resource = reader["Resource"]
    if not is_item_reader(resource):
        findings.add(NOT_RECOGNIZED.format(resource), f"{where}/Resource")
    config, place = reader.get("ReaderConfig", {}), f"{where}/ReaderConfig"
    if not isinstance(config, dict):
        return
    check_object(config, READER_CONFIG, place, language, findings)
    if str(resource).endswith(":s3:getObject"):
        _check_object_format(config, place, findings)


def _check_object_format(config: dict[str, Any], where: str, findings: Findings) -> None:
    """What an object in S3 is read as (developer guide, "ItemReader")."""
    if not is_complete(config, ("InputType",), where, findings) or config["InputType"] != "CSV":
        return
    if config.get("ManifestType") == "ATHENA_DATA":
        return
    if is_complete(config, ("CSVHeaderLocation",), where, findings) and config["CSVHeaderLocation"] == "GIVEN":
        is_complete(config, ("CSVHeaders",), where, findings)


_TRANSFORMATIONS = values.one_of("Transformation", ("NONE", "COMPACT", "FLATTEN"))


def _check_writer(state: dict[str, Any], where: str, language: str, findings: Findings) -> None:
    if "ResultWriter" not in state:
        return
    writer = state["ResultWriter"]
    if not check_object(writer, RESULT_WRITER, where, language, findings):
        return
    if "Resource" in writer and not is_result_writer(writer["Resource"]):
        findings.add(NOT_RECOGNIZED.format(writer["Resource"]), f"{where}/Resource")
    config = writer.get("WriterConfig")
    if isinstance(config, dict):
        place = f"{where}/WriterConfig"
        check_object(config, WRITER_CONFIG, place, language, findings)
        if "Transformation" in config:
            add_if_wrong(_TRANSFORMATIONS(config["Transformation"]), f"{place}/Transformation", findings)
