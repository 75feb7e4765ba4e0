"""ItemReader: items from objects in S3."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest

from segue.services.states.map_items import MAPS
from tests.services.states.machines import House
from tests.services.states.test_distributed_map import PASS, mapping


@pytest.fixture
def bucket(house: House) -> Any:
    """A function that puts objects into the bucket ``items``."""
    s3 = house.segue.client("s3")
    s3.create_bucket(Bucket="items")
    return lambda key, body: s3.put_object(Bucket="items", Key=key, Body=body)


def reading(config: dict[str, Any], key: str = "file", resource: str = "s3:getObject", **fields: Any) -> dict[str, Any]:
    parameters = {"Bucket": "items", "Key": key} if key else {"Bucket": "items"}
    reader = {"Resource": f"arn:aws:states:::{resource}", "Parameters": parameters, "ReaderConfig": config}
    if not config:
        del reader["ReaderConfig"]
    return mapping(PASS, ItemReader=reader, **fields)


JSON = {"InputType": "JSON"}
CSV = {"InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW"}
FILES: list[tuple[dict[str, Any], bytes, list[Any]]] = [
    (JSON, b"[1, 2.0, 12345678901234567890]", [1, 2.0, 12345678901234567890]),
    (JSON, b"[]", []),
    ({**JSON, "ItemsPointer": "/a/1"}, b'{"b": 1, "a": [1, ["x"]]}', ["x"]),
    ({"InputType": "JSONL"}, b'{"a":1}\n\n{"a":2}', [{"a": 1}, {"a": 2}]),
    (CSV, b"a,b\n1,2\n", [{"a": "1", "b": "2"}]),
    (CSV, b"", []),
    ({**JSON, "MaxItems": 2}, b"[1,2,3]", [1, 2]),
]


@pytest.mark.parametrize(("config", "body", "items"), FILES)
def test_files(house: House, bucket: Any, config: dict[str, Any], body: bytes, items: list[Any]) -> None:
    bucket("file", body)
    assert house.output(house.start(house.machine(reading(config)))) == items


@pytest.mark.parametrize("remembered", [64, 0])
def test_a_long_file_is_read_in_pieces(
    house: House, bucket: Any, monkeypatch: pytest.MonkeyPatch, remembered: int
) -> None:
    """Where nothing is remembered from one piece to the next, as after a crash, it is no different."""
    monkeypatch.setattr(MAPS, "_size", remembered)
    rows = [f"{n},{'x' * 100}" for n in range(7_000)]
    bucket("file", "\n".join(["number,text", *rows]).encode())
    state = reading(CSV, ItemSelector={"n.$": "$$.Map.Item.Value.number"}, ItemBatcher={"MaxItemsPerBatch": 1_000})
    batches = house.output(house.start(house.machine(state)))
    assert [len(batch["Items"]) for batch in batches] == [1_000] * 7
    assert [item["n"] for batch in batches for item in batch["Items"]] == [str(n) for n in range(7_000)]
    assert house.rows("SELECT COUNT(*) FROM states_map_items") == [(0,)]


def test_a_listing_is_read_page_by_page(house: House, bucket: Any) -> None:
    for number in range(5):
        bucket(f"a/{number}", b"x" * number)
    bucket("b", b"")
    state = reading({}, key="", resource="s3:listObjectsV2")
    state["ItemReader"]["Parameters"] |= {"Prefix": "a/", "MaxKeys": 2}
    items = house.output(house.start(house.machine(state)))
    assert [(item["Key"], item["Size"]) for item in items] == [(f"a/{n}", n) for n in range(5)]
    assert set(items[0]) == {"Etag", "Key", "LastModified", "Size", "StorageClass"}


def test_listed_files_are_loaded_and_flattened(house: House, bucket: Any) -> None:
    for number in range(3):
        bucket(f"a/{number}", json.dumps([{"n": number}, {"n": -number}]).encode())
    state = reading({**JSON, "Transformation": "LOAD_AND_FLATTEN"}, key="", resource="s3:listObjectsV2")
    state["ItemReader"]["Parameters"] |= {"MaxKeys": 1}
    items = house.output(house.start(house.machine(state)))
    assert [item["n"] for item in items] == [0, 0, 1, -1, 2, -2]


def test_an_inventory(house: House, bucket: Any) -> None:
    for number in range(2):
        bucket(f"data/{number}.csv.gz", gzip.compress(f'"items","key-{number}","1"\n'.encode() * 2))
    manifest = {
        "sourceBucket": "items",
        "destinationBucket": "arn:aws:s3:::items",
        "fileFormat": "CSV",
        "fileSchema": "Bucket, Key, Size",
        "files": [{"key": f"data/{number}.csv.gz", "size": 1, "MD5checksum": ""} for number in range(2)],
    }
    bucket("manifest.json", json.dumps(manifest).encode())
    items = house.output(house.start(house.machine(reading({"InputType": "MANIFEST"}, key="manifest.json"))))
    expected = [{"Bucket": "items", "Key": f"key-{number}", "Size": "1"} for number in (0, 0, 1, 1)]
    assert items == expected


def test_a_manifest_of_athena(house: House, bucket: Any) -> None:
    bucket("one", b'{"a":1}\n{"a":2}\n')
    bucket("two", b'{"a":3}\n')
    bucket("manifest.csv", b"s3://items/one\ns3://items/two\n")
    config = {"InputType": "JSONL", "ManifestType": "ATHENA_DATA"}
    items = house.output(house.start(house.machine(reading(config, key="manifest.csv"))))
    assert items == [{"a": 1}, {"a": 2}, {"a": 3}]


BAD: list[tuple[dict[str, Any], bytes | None, str]] = [
    (JSON, b'{"Hello": "world"}', "Attempting to map over non-iterable node."),
    (JSON, b"[1, 2", "The file is not valid JSON"),
    (JSON, None, "The specified key does not exist."),
    ({"InputType": "MANIFEST"}, b"[]", "The manifest is not that of an S3 inventory"),
    ({"InputType": "PARQUET"}, b"PAR1", "InputType PARQUET is not supported here"),
]


@pytest.mark.parametrize(("config", "body", "words"), BAD)
def test_what_cannot_be_read(house: House, bucket: Any, config: dict[str, Any], body: bytes | None, words: str) -> None:
    if body is not None:
        bucket("file", body)
    arn = house.start(house.machine(reading(config)))
    error, cause = house.failure(arn)
    assert error == "States.ItemReaderFailed"
    assert words in cause
    assert house.types(arn)[-3:] == ["MapRunFailed", "MapStateFailed", "ExecutionFailed"]


def test_what_could_not_be_read_is_read_when_it_is_redriven(house: House, bucket: Any) -> None:
    arn = house.start(house.machine(reading(JSON)))
    assert house.status(arn) == "FAILED"
    bucket("file", b"[1]")
    house.states.redrive_execution(executionArn=arn)
    house.segue.settle()
    assert house.output(arn) == [1]


def test_a_batch_may_want_more_items_than_are_read_ahead(house: House, bucket: Any) -> None:
    bucket("file", json.dumps(list(range(20_000)), indent=20).encode())
    state = reading(JSON, ItemBatcher={"MaxItemsPerBatch": 15_000})
    state["ItemProcessor"]["States"]["I0"] = {
        "Type": "Pass",
        "Parameters": {"count.$": "States.ArrayLength($.Items)"},
        "End": True,
    }
    assert house.output(house.start(house.machine(state))) == [{"count": 15_000}, {"count": 5_000}]


def test_an_item_that_is_too_large(house: House, bucket: Any) -> None:
    bucket("file", json.dumps(["x" * 300_000]).encode())
    assert house.failure(house.start(house.machine(reading(JSON))))[0] == "States.DataLimitExceeded"
    batches = reading(JSON, ItemBatcher={"MaxItemsPerBatch": 2})
    assert house.failure(house.start(house.machine(batches, name="batches")))[0] == "States.DataLimitExceeded"


def test_in_jsonata(house: House, bucket: Any) -> None:
    bucket("file", b'[{"n":1},{"n":2},{"n":3}]')
    reader = {
        "Resource": "arn:aws:states:::s3:getObject",
        "Arguments": {"Bucket": "items", "Key": "{% $states.input.key %}"},
        "ReaderConfig": {"InputType": "JSON", "MaxItems": "{% 1 + 1 %}"},
    }
    state = mapping(
        {"Type": "Pass", "Output": "{% $states.input.Items.(v * 10) %}", "End": True},
        ItemReader=reader,
        ItemSelector={"v": "{% $states.context.Map.Item.Value.n + $extra %}"},
        ItemBatcher={"MaxItemsPerBatch": "{% $states.input.size %}", "BatchInput": {"key": "{% $states.input.key %}"}},
        ToleratedFailurePercentage="{% 5 + 5 %}",
        MaxConcurrency="{% 3 %}",
        Output={"all": "{% $states.result %}"},
    )
    first = {"Type": "Pass", "Assign": {"extra": 0.5}}
    machine = house.machine(first, state, QueryLanguage="JSONata")
    arn = house.start(machine, {"key": "file", "size": 2})
    assert house.output(arn) == {"all": [[15, 25]]}
    run = house.states.list_map_runs(executionArn=arn)["mapRuns"][0]["mapRunArn"]
    described = house.states.describe_map_run(mapRunArn=run)
    assert (described["toleratedFailurePercentage"], described["maxConcurrency"]) == (10, 3)


def test_items_of_jsonata(house: House) -> None:
    state = mapping(PASS, Items="{% [1..3] %}", ItemSelector="{% $states.context.Map.Item.Value * 2 %}")
    assert house.output(house.start(house.machine(state, QueryLanguage="JSONata"))) == [2, 4, 6]
    wrong = mapping(PASS, Items="{% 1 %}")
    error, cause = house.failure(house.start(house.machine(wrong, QueryLanguage="JSONata", name="wrong")))
    assert error == "States.QueryEvaluationError"
    assert "Items" in cause


def test_a_selector_of_jsonata_that_fails(house: House) -> None:
    state = mapping(PASS, Items="{% [1] %}", ItemSelector={"x": "{% $states.context.Map.Item.Value.missing %}"})
    error, _ = house.failure(house.start(house.machine(state, QueryLanguage="JSONata")))
    assert error == "States.QueryEvaluationError"
