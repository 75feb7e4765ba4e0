"""ResultWriter: results of a Map Run as files in S3, or in another form."""

from __future__ import annotations

import json
from typing import Any

import pytest

from segue.services.states import map_results
from segue.services.states.map_items import MAPS
from tests.services.states.machines import House
from tests.services.states.test_distributed_map import PASS, failing, mapping


@pytest.fixture
def s3(house: House) -> Any:
    s3 = house.segue.client("s3")
    s3.create_bucket(Bucket="results")
    return s3


def writer(prefix: str = "some/where", **config: str) -> dict[str, Any]:
    parameters = {"Bucket": "results", **({"Prefix": prefix} if prefix else {})}
    resource = {"Resource": "arn:aws:states:::s3:putObject", "Parameters": parameters}
    return {**resource, "WriterConfig": config} if config else resource


def content(s3: Any, key: str) -> str:
    return str(s3.get_object(Bucket="results", Key=key)["Body"].read().decode())


@pytest.mark.parametrize("kind", ["STANDARD", "EXPRESS"])
@pytest.mark.parametrize("prefix", ["some/where", ""])
def test_a_manifest_tells_of_the_files(house: House, s3: Any, kind: str, prefix: str) -> None:
    arn = house.start(house.machine(mapping(PASS, kind=kind, ResultWriter=writer(prefix))), ["a", "b"])
    output = house.output(arn)
    run = house.states.list_map_runs(executionArn=arn)["mapRuns"][0]["mapRunArn"]
    folder = f"{prefix}/{run.rpartition(':')[2]}".lstrip("/")
    details = {"Bucket": "results", "Key": f"{folder}/manifest.json"}
    assert output == {"MapRunArn": run, "ResultWriterDetails": details}
    manifest = json.loads(content(s3, details["Key"]))
    entries = content(s3, f"{folder}/SUCCEEDED_0.json")
    file = {"Key": f"{folder}/SUCCEEDED_0.json", "Size": len(entries)}
    assert manifest == {
        "DestinationBucket": "results",
        "MapRunArn": run,
        "ResultFiles": {"FAILED": [], "PENDING": [], "SUCCEEDED": [file]},
    }
    first, second = json.loads(entries)
    assert (first["Input"], first["Output"], first["Status"]) == ('"a"', '"a"', "SUCCEEDED")
    assert second["Output"] == '"b"'
    assert first["ExecutionArn"].endswith(first["Name"]) or kind == "EXPRESS"
    counts = house.states.describe_map_run(mapRunArn=run)
    assert counts["executionCounts"]["resultsWritten"] == counts["itemCounts"]["resultsWritten"] == 2


FORMS = [
    ({"Transformation": "COMPACT", "OutputType": "JSON"}, "json", "[[1],[2,3]]"),
    ({"Transformation": "FLATTEN", "OutputType": "JSON"}, "json", "[1,2,3]"),
    ({"Transformation": "COMPACT", "OutputType": "JSONL"}, "jsonl", "[1]\n[2,3]\n"),
    ({"Transformation": "FLATTEN", "OutputType": "JSONL"}, "jsonl", "1\n2\n3\n"),
]


@pytest.mark.parametrize(("config", "ending", "text"), FORMS)
def test_forms(house: House, s3: Any, config: dict[str, str], ending: str, text: str) -> None:
    arn = house.start(house.machine(mapping(PASS, ResultWriter=writer(**config))), [[1], [2, 3]])
    folder = house.output(arn)["ResultWriterDetails"]["Key"].rpartition("/")[0]
    assert content(s3, f"{folder}/SUCCEEDED_0.{ending}") == text


def test_forms_of_the_states_result(house: House) -> None:
    flat = {"WriterConfig": {"Transformation": "FLATTEN", "OutputType": "JSON"}}
    whole = {"WriterConfig": {"Transformation": "NONE", "OutputType": "JSON"}}
    states = [mapping(PASS, prefix=f"I{n}", ResultWriter=one) for n, one in enumerate((flat, whole))]
    arn = house.start(house.machine(*states), [[1], [2, 3]])
    assert [json.loads(entry["Output"]) for entry in house.output(arn)] == [1, 2, 3]


def test_what_failed_and_what_did_not_begin_is_told_too(house: House, s3: Any) -> None:
    state = failing(7, ResultWriter=writer(), MaxConcurrency=1)
    arn = house.start(house.machine(state), [1, 7, 3, 4])
    assert house.failure(arn)[0] == "States.ExceedToleratedFailureThreshold"
    run = house.states.list_map_runs(executionArn=arn)["mapRuns"][0]["mapRunArn"]
    folder = f"some/where/{run.rpartition(':')[2]}"
    (failed,) = json.loads(content(s3, f"{folder}/FAILED_0.json"))
    assert (failed["Error"], failed["Cause"], failed["Input"], failed["Status"]) == ("Bad", "luck", "7", "FAILED")
    pending = json.loads(content(s3, f"{folder}/PENDING_0.json"))
    assert [(entry["Input"], entry["Status"]) for entry in pending] == [("3", "PENDING"), ("4", "PENDING")]


@pytest.mark.parametrize("remembered", [64, 0])
def test_many_results_are_several_files(
    house: House, s3: Any, monkeypatch: pytest.MonkeyPatch, remembered: int
) -> None:
    monkeypatch.setattr(MAPS, "_size", remembered)
    monkeypatch.setattr(map_results, "_CHILDREN_AT_ONCE", 3)
    monkeypatch.setattr(map_results, "_FILE_BYTES", 20)
    state = mapping(PASS, kind="EXPRESS", ResultWriter=writer(Transformation="COMPACT"))
    arn = house.start(house.machine(state), [f"item {n:02}" for n in range(20)])
    folder = house.output(arn)["ResultWriterDetails"]["Key"].rpartition("/")[0]
    manifest = json.loads(content(s3, f"{folder}/manifest.json"))
    files = manifest["ResultFiles"]["SUCCEEDED"]
    assert len(files) == 7
    written = [entry for file in files for entry in json.loads(content(s3, file["Key"]))]
    assert written == [f"item {n:02}" for n in range(20)]


def test_a_bucket_that_is_not_there(house: House) -> None:
    arn = house.start(house.machine(mapping(PASS, ResultWriter=writer())), [1])
    error, cause = house.failure(arn)
    assert error == "States.ResultWriterFailed"
    assert "The specified bucket does not exist" in cause
    house.segue.client("s3").create_bucket(Bucket="results")
    house.states.redrive_execution(executionArn=arn)
    house.segue.settle()
    assert house.output(arn)["ResultWriterDetails"]["Bucket"] == "results"
