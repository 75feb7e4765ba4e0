"""Which state types take which fields, in which query language, and what values the fields take.

Source: developer guide, pages of the state types; floci#2735 and #2968 for the refusals measured on AWS.
"""

from __future__ import annotations

from segue.languages.asl import validate_values as values

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

JSONATA_ONLY: frozenset[str] = frozenset(["Output", "Arguments", "Items", "Condition"])

JSONPATH_ONLY: frozenset[str] = frozenset(
    [
        "InputPath",
        "OutputPath",
        "ResultPath",
        "ResultSelector",
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
    ]
)

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
    "MaxInputBytesPerBatch": values.integer(0),
    "ItemSelector": values.anything,
    "Label": values.text,
    "ErrorEquals": values.list_of(values.text),
    "IntervalSeconds": values.integer(1, MAX_SECONDS),
    "MaxAttempts": values.integer(0, MAX_SECONDS),
    "BackoffRate": values.number(1.0),
    "MaxDelaySeconds": values.integer(1, 31_622_400),
    "JitterStrategy": values.one_of("JitterStrategy", ("FULL", "NONE")),
}
"""What a field's value must be; fields that are not here are checked by the rules of their state type."""

TEMPLATES: frozenset[str] = frozenset(["Parameters", "ResultSelector", "ItemSelector", "Assign", "Credentials"])
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
