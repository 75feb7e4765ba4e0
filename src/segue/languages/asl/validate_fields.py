"""Which objects of a definition take which fields, in which query language, and what values the fields take.

Source: developer guide, pages of the state types; states-language.net; floci#2735 and #2968 for the refusals measured
on AWS.
"""

from __future__ import annotations

from dataclasses import dataclass

from segue.languages.asl import validate_values as values
from segue.languages.asl.choice import OPERATORS

STATE_TYPES: tuple[str, ...] = ("Task", "Wait", "Pass", "Succeed", "Fail", "Choice", "Parallel", "Map")
"""In the order in which AWS names them (recorded: sfn-teststate/*state_name_invalid_state_definition)."""

_EVERYWHERE = ("Type", "Comment", "QueryLanguage")
_FLOW = ("Next", "End")
_IN_OUT = ("InputPath", "OutputPath", "Output", "Assign")
_RESULT = ("ResultPath", "ResultSelector")
_ERRORS = ("Retry", "Catch")

FIELDS_OF_TYPE: dict[str, frozenset[str]] = {
    "Pass": frozenset([*_EVERYWHERE, *_FLOW, *_IN_OUT, "Parameters", "Result", "ResultPath"]),
    "Task": frozenset(
        [
            *_EVERYWHERE,
            *_FLOW,
            *_IN_OUT,
            *_RESULT,
            *_ERRORS,
            "Resource",
            "Parameters",
            "Arguments",
            "Credentials",
            "TimeoutSeconds",
            "TimeoutSecondsPath",
            "HeartbeatSeconds",
            "HeartbeatSecondsPath",
        ]
    ),
    "Choice": frozenset([*_EVERYWHERE, *_IN_OUT, "Choices", "Default"]),
    "Wait": frozenset([*_EVERYWHERE, *_FLOW, *_IN_OUT, "Seconds", "SecondsPath", "Timestamp", "TimestampPath"]),
    "Succeed": frozenset([*_EVERYWHERE, "InputPath", "OutputPath", "Output"]),
    "Fail": frozenset([*_EVERYWHERE, "Error", "ErrorPath", "Cause", "CausePath"]),
    "Parallel": frozenset([*_EVERYWHERE, *_FLOW, *_IN_OUT, *_RESULT, *_ERRORS, "Branches", "Parameters", "Arguments"]),
    "Map": frozenset(
        [
            *_EVERYWHERE,
            *_FLOW,
            *_IN_OUT,
            *_RESULT,
            *_ERRORS,
            "ItemProcessor",
            "Iterator",
            "ItemsPath",
            "Items",
            "ItemSelector",
            "Parameters",
            "ItemReader",
            "ItemBatcher",
            "ResultWriter",
            "MaxConcurrency",
            "MaxConcurrencyPath",
            "ToleratedFailureCount",
            "ToleratedFailureCountPath",
            "ToleratedFailurePercentage",
            "ToleratedFailurePercentagePath",
            "Label",
        ]
    ),
}

REQUIRED_OF_TYPE: dict[str, tuple[str, ...]] = {
    "Task": ("Resource",),
    "Choice": ("Choices",),
    "Parallel": ("Branches",),
}

ONE_REQUIRED_OF_TYPE: dict[str, tuple[tuple[str, ...], ...]] = {
    "Pass": (("Next", "End"),),
    "Task": (("Next", "End"),),
    "Wait": (("Next", "End"), ("Seconds", "SecondsPath", "Timestamp", "TimestampPath")),
    "Parallel": (("Next", "End"),),
    "Map": (("Next", "End"), ("ItemProcessor", "Iterator")),
}


@dataclass(frozen=True, slots=True)
class Shape:
    """What an object inside a state holds.

    Attributes:
        fields: all that it may have.
        required: those that it must have.
    """

    fields: frozenset[str]
    required: tuple[str, ...] = ()


def _shape(*fields: str, required: tuple[str, ...] = ()) -> Shape:
    return Shape(frozenset([*fields, *required]), required)


RETRIER = _shape(
    "IntervalSeconds",
    "MaxAttempts",
    "BackoffRate",
    "MaxDelaySeconds",
    "JitterStrategy",
    "Comment",
    required=("ErrorEquals",),
)
CATCHER = _shape("ResultPath", "Output", "Assign", "Comment", required=("ErrorEquals", "Next"))
CONDITION_RULE = _shape("Assign", "Output", "Comment", required=("Condition", "Next"))
ITEM_READER = _shape("Parameters", "Arguments", "ReaderConfig", required=("Resource",))
READER_CONFIG = _shape(
    "InputType",
    "CSVDelimiter",
    "CSVHeaderLocation",
    "CSVHeaders",
    "ItemsPointer",
    "ManifestType",
    "MaxItems",
    "MaxItemsPath",
    "Transformation",
)
ITEM_BATCHER = _shape(
    "MaxItemsPerBatch", "MaxItemsPerBatchPath", "MaxInputBytesPerBatch", "MaxInputBytesPerBatchPath", "BatchInput"
)
RESULT_WRITER = _shape("Resource", "Parameters", "Arguments", "WriterConfig")
WRITER_CONFIG = _shape("OutputType", "Transformation")
PROCESSOR_CONFIG = _shape("Mode", "ExecutionType")

DISTRIBUTED_ONLY: tuple[str, ...] = ("ItemReader", "ItemBatcher", "ResultWriter")
"""Fields of a Map in DISTRIBUTED mode. (Tolerated failures and labels are taken, and without effect, in all.)"""

JSONATA_ONLY: frozenset[str] = frozenset(["Output", "Arguments", "Items", "Condition"])

JSONPATH_ONLY: frozenset[str] = frozenset(
    [
        "InputPath",
        "OutputPath",
        "ResultPath",
        "ResultSelector",
        "Result",
        "Parameters",
        "ItemsPath",
        "SecondsPath",
        "TimestampPath",
        "TimeoutSecondsPath",
        "HeartbeatSecondsPath",
        "ErrorPath",
        "CausePath",
        "MaxConcurrencyPath",
        "ToleratedFailureCountPath",
        "ToleratedFailurePercentagePath",
        "MaxItemsPath",
        "MaxItemsPerBatchPath",
        "MaxInputBytesPerBatchPath",
        "Variable",
        "And",
        "Or",
        "Not",
        *OPERATORS,
    ]
)

EXPRESSIONS: frozenset[str] = frozenset(
    [
        "Arguments",
        "Assign",
        "BatchInput",
        "CSVHeaders",
        "Cause",
        "Condition",
        "Credentials",
        "Error",
        "HeartbeatSeconds",
        "ItemSelector",
        "Items",
        "MaxConcurrency",
        "MaxInputBytesPerBatch",
        "MaxItems",
        "MaxItemsPerBatch",
        "Output",
        "Seconds",
        "TimeoutSeconds",
        "Timestamp",
        "ToleratedFailureCount",
        "ToleratedFailurePercentage",
    ]
)
"""Fields that may be JSONata, or hold it, where the query language is JSONata."""

MAX_SECONDS = 99_999_999
"""The longest timeout and wait in seconds (developer guide, Task and Wait states)."""

CHECKS: dict[str, values.Check] = {
    "Comment": values.text,
    "Next": values.text,
    "End": values.boolean,
    "Default": values.text,
    "InputPath": values.path_or_null,
    "OutputPath": values.path_or_null,
    "ResultPath": values.result_path,
    "ItemsPath": values.reference_or_context_path,
    "SecondsPath": values.reference_or_context_path,
    "TimestampPath": values.reference_or_context_path,
    "TimeoutSecondsPath": values.reference_or_context_path,
    "HeartbeatSecondsPath": values.reference_or_context_path,
    "MaxConcurrencyPath": values.reference_path,
    "ToleratedFailureCountPath": values.reference_path,
    "ToleratedFailurePercentagePath": values.reference_path,
    "MaxItemsPath": values.reference_path,
    "MaxItemsPerBatchPath": values.reference_path,
    "MaxInputBytesPerBatchPath": values.reference_path,
    "ErrorPath": values.path_or_call,
    "CausePath": values.path_or_call,
    "Error": values.text,
    "Cause": values.text,
    "Resource": values.text,
    "Credentials": values.mapping,
    "Seconds": values.integer(0, MAX_SECONDS),
    "Timestamp": values.timestamp,
    "TimeoutSeconds": values.integer(1, MAX_SECONDS),
    "HeartbeatSeconds": values.integer(1, MAX_SECONDS),
    "MaxConcurrency": values.integer(0),
    "ToleratedFailureCount": values.integer(0),
    "ToleratedFailurePercentage": values.number(0.0, 100.0),
    "MaxItems": values.integer(0, 100_000_000),
    "MaxItemsPerBatch": values.integer(0),
    "MaxInputBytesPerBatch": values.integer(0, 262_144),
    "Label": values.text,
    "Assign": values.mapping,
    "Condition": values.boolean,
    "Items": values.list_or_mapping,
    "Mode": values.one_of("Mode", ("INLINE", "DISTRIBUTED")),
    "ExecutionType": values.one_of("ExecutionType", ("STANDARD", "EXPRESS")),
    "ReaderConfig": values.mapping,
    "WriterConfig": values.mapping,
    "InputType": values.one_of("InputType", ("CSV", "JSON", "JSONL", "MANIFEST", "PARQUET")),
    "CSVHeaderLocation": values.one_of("CSVHeaderLocation", ("FIRST_ROW", "GIVEN")),
    "CSVDelimiter": values.one_of("CSVDelimiter", ("COMMA", "PIPE", "SEMICOLON", "SPACE", "TAB")),
    "CSVHeaders": values.list_of(values.text),
    "ItemsPointer": values.pointer,
    "ManifestType": values.one_of("ManifestType", ("ATHENA_DATA", "S3_INVENTORY")),
    "OutputType": values.one_of("OutputType", ("JSON", "JSONL")),
    "ErrorEquals": values.list_of(values.text),
    "IntervalSeconds": values.integer(1, MAX_SECONDS),
    "MaxAttempts": values.integer(0, MAX_SECONDS),
    "BackoffRate": values.number(1.0),
    "MaxDelaySeconds": values.integer(1, 31_622_400),
    "JitterStrategy": values.one_of("JitterStrategy", ("FULL", "NONE")),
}
"""What a field's value must be; fields that are not here are checked by the rules of their state type."""

TEMPLATES: frozenset[str] = frozenset(
    ["Parameters", "ResultSelector", "ItemSelector", "Assign", "Credentials", "BatchInput"]
)
"""Payload templates in JSONPath states."""

MUTUALLY_EXCLUSIVE: tuple[tuple[str, ...], ...] = (
    ("Next", "End"),
    ("Seconds", "SecondsPath", "Timestamp", "TimestampPath"),
    ("TimeoutSeconds", "TimeoutSecondsPath"),
    ("HeartbeatSeconds", "HeartbeatSecondsPath"),
    ("Error", "ErrorPath"),
    ("Cause", "CausePath"),
    ("MaxConcurrency", "MaxConcurrencyPath"),
    ("ToleratedFailureCount", "ToleratedFailureCountPath"),
    ("ToleratedFailurePercentage", "ToleratedFailurePercentagePath"),
    ("MaxItems", "MaxItemsPath"),
    ("MaxItemsPerBatch", "MaxItemsPerBatchPath"),
    ("MaxInputBytesPerBatch", "MaxInputBytesPerBatchPath"),
    ("ItemProcessor", "Iterator"),
    ("ItemSelector", "Parameters"),
    ("ItemsPath", "Items"),
)
