"""The rules about distributed maps: readers, batchers, writers, labels, the kinds of their children."""

from __future__ import annotations

import json
from typing import Any

import pytest

from segue.languages.asl.validate import validate

SCHEMA = "SCHEMA_VALIDATION_FAILED"
END: dict[str, Any] = {"Type": "Pass", "End": True}
S3 = "arn:aws:states:::s3:"
UNRECOGNIZED = (
    "The resource provided {} is not recognized. The value is not a valid resource ARN, or the resource is not "
    "available in this region."
)


def found(state: dict[str, Any], kind: str = "STANDARD") -> list[tuple[str, str, str | None]]:
    definition = {"StartAt": "M", "States": {"M": state}}
    return [(entry.code, entry.message, entry.location) for entry in validate(json.dumps(definition), kind=kind)]


def distributed(child: dict[str, Any] = END, execution_type: str = "STANDARD", **fields: Any) -> dict[str, Any]:
    name = "J" if child["Type"] == "Map" else "I"
    processor = {
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": execution_type},
        "StartAt": name,
        "States": {name: child},
    }
    return {"Type": "Map", "ItemProcessor": processor, "End": True, **fields}


def reader(resource: str = S3 + "getObject", **config: Any) -> dict[str, Any]:
    return {"Resource": resource, "Parameters": {"Bucket": "b", "Key.$": "$.k"}, "ReaderConfig": config}


VALID: list[dict[str, Any]] = [
    distributed(ItemReader=reader(InputType="JSON", MaxItems=3, ItemsPointer="/a/b")),
    distributed(ItemReader=reader(InputType="CSV", CSVHeaderLocation="FIRST_ROW", MaxItemsPath="$.n")),
    distributed(ItemReader=reader(InputType="CSV", CSVHeaderLocation="GIVEN", CSVHeaders=["a"], CSVDelimiter="TAB")),
    distributed(ItemReader=reader(InputType="MANIFEST", ManifestType="S3_INVENTORY")),
    distributed(ItemReader=reader(InputType="CSV", ManifestType="ATHENA_DATA")),
    distributed(ItemReader={"Resource": S3 + "listObjectsV2", "Parameters": {"Bucket": "b"}}),
    distributed(ItemReader=reader(S3 + "listObjectsV2", InputType="JSONL", Transformation="LOAD_AND_FLATTEN")),
    distributed(ItemBatcher={"MaxItemsPerBatch": 3, "BatchInput": {"x.$": "$.y"}}),
    distributed(ItemBatcher={"MaxInputBytesPerBatchPath": "$bytes"}),
    distributed(ResultWriter={"Resource": S3 + "putObject", "Parameters": {"Bucket": "b", "Prefix.$": "$.p"}}),
    distributed(ResultWriter={"WriterConfig": {"OutputType": "JSONL", "Transformation": "FLATTEN"}}),
    distributed(Label="Label_1-a", ToleratedFailureCount=1),
    distributed(
        QueryLanguage="JSONata",
        ItemReader={
            "Resource": S3 + "getObject",
            "Arguments": {"Bucket": "{% $states.input.b %}", "Key": "k"},
            "ReaderConfig": {"InputType": "JSONL", "MaxItems": "{% $states.input.n %}"},
        },
        ItemBatcher={"MaxItemsPerBatch": "{% $n %}", "BatchInput": "{% $states.input %}"},
        ResultWriter={"Resource": S3 + "putObject", "Arguments": {"Bucket": "b", "Prefix": "p"}},
    ),
]


@pytest.mark.parametrize("state", VALID, ids=lambda state: "-".join(list(state)[3:]) or "plain")
def test_what_aws_takes_is_taken(state: dict[str, Any]) -> None:
    assert found(state) == []


def without_mode(**fields: Any) -> dict[str, Any]:
    return {"Type": "Map", "ItemProcessor": {"StartAt": "I", "States": {"I": END}}, "End": True, **fields}


@pytest.mark.parametrize(
    ("state", "message", "place"),
    [
        (without_mode(ItemBatcher={}), "Field 'ItemBatcher' is not supported", ""),
        (distributed(ItemReader={}), "These fields are required: [Resource]", "/ItemReader"),
        (distributed(ItemReader=3), "Expected value of type Object", "/ItemReader"),
        (
            distributed(ItemReader=reader(S3 + "putObject")),
            UNRECOGNIZED.format(S3 + "putObject"),
            "/ItemReader/Resource",
        ),
        (distributed(ItemReader=reader()), "These fields are required: [InputType]", "/ItemReader/ReaderConfig"),
        (
            distributed(ItemReader=reader(InputType="XML")),
            "The field 'InputType' should have one of these values: [CSV, JSON, JSONL, MANIFEST, PARQUET]",
            "/ItemReader/ReaderConfig/InputType",
        ),
        (
            distributed(ItemReader=reader(InputType="CSV")),
            "These fields are required: [CSVHeaderLocation]",
            "/ItemReader/ReaderConfig",
        ),
        (
            distributed(ItemReader=reader(InputType="CSV", CSVHeaderLocation="GIVEN")),
            "These fields are required: [CSVHeaders]",
            "/ItemReader/ReaderConfig",
        ),
        (
            distributed(ItemReader=reader(InputType="JSON", MaxItems=1, MaxItemsPath="$")),
            "There should only be one of the following fields: [MaxItems, MaxItemsPath]",
            "/ItemReader/ReaderConfig",
        ),
        (
            distributed(ItemReader=reader(InputType="JSON", Nope=1)),
            "Field 'Nope' is not supported",
            "/ItemReader/ReaderConfig",
        ),
        (
            distributed(ItemReader={**reader(InputType="JSON"), "Arguments": {}}),
            "The QueryLanguage is set to 'JSONPath', but field 'Arguments' is only supported for the 'JSONata' "
            "QueryLanguage",
            "/ItemReader",
        ),
        (
            distributed(ItemBatcher={"MaxInputBytesPerBatch": 262_145}),
            "Maximum value is 262144",
            "/ItemBatcher/MaxInputBytesPerBatch",
        ),
        (
            distributed(ItemBatcher={"BatchInput": {"x.$": "y"}}),
            "The value for the field 'x.$' must be a valid JSONPath or a valid intrinsic function call",
            "/ItemBatcher/BatchInput",
        ),
        (
            distributed(ResultWriter={"Resource": S3 + "getObject"}),
            UNRECOGNIZED.format(S3 + "getObject"),
            "/ResultWriter/Resource",
        ),
        (
            distributed(ResultWriter={"WriterConfig": {"OutputType": "CSV"}}),
            "The field 'OutputType' should have one of these values: [JSON, JSONL]",
            "/ResultWriter/WriterConfig/OutputType",
        ),
    ],
)
def test_what_aws_refuses_is_refused(state: dict[str, Any], message: str, place: str) -> None:
    assert found(state) == [(SCHEMA, message, f"/States/M{place}")]


@pytest.mark.parametrize("label", ["", "x" * 41, "a b", "a?b", "a\x01b", "a:b"])
def test_labels_are_parts_of_arns(label: str) -> None:
    ((code, _, place),) = found(distributed(Label=label))
    assert (code, place) == ("INVALID_LABEL_NAME", "/States/M/Label")


def test_labels_are_given_once() -> None:
    inner = distributed(Label="L")
    ((code, message, place),) = found(distributed(inner, Label="L"))
    assert (code, message) == ("DUPLICATE_LABEL_NAME", "Duplicate Label name: L")
    assert place == "/States/M/ItemProcessor/States/J/Label"


def test_children_are_of_their_own_kind() -> None:
    waiting = {"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken", "End": True}
    assert found(distributed(waiting)) == []
    ((_, message, place),) = found(distributed(waiting, "EXPRESS"))
    assert message == "Express state machine does not support '.waitForTaskToken' service integration "
    assert place == "/States/M/ItemProcessor/States/I/Resource"
    assert found(distributed(distributed(waiting), "EXPRESS")) == [
        (
            SCHEMA,
            "Express state machine does not support Map states in DISTRIBUTED mode",
            "/States/M/ItemProcessor/States/J/ItemProcessor/ProcessorConfig/Mode",
        )
    ]
