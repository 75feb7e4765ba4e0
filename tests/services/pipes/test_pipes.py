"""Pipes by their API, and as templates name them."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from segue.errors import AwsError
from segue.testing import Segue
from tests.services.pipes.house import ACCOUNT, ROLE, House
from tests.services.resources import Resources

LAMBDA = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:f"


@pytest.fixture
def house(segue: Segue) -> House:
    return House(segue)


@pytest.mark.parametrize(
    ("change", "code", "message"),
    [
        ({"Source": f"arn:aws:kinesis:us-east-1:{ACCOUNT}:stream/s"}, "NotImplemented", "the source 'kinesis'"),
        ({"Source": "smk://broker.example.com:9092"}, "NotImplemented", "the source"),
        ({"Target": f"arn:aws:kinesis:us-east-1:{ACCOUNT}:stream/s"}, "NotImplemented", "the target 'kinesis'"),
        (
            {"Enrichment": f"arn:aws:execute-api:us-east-1:{ACCOUNT}:api/*/GET"},
            "NotImplemented",
            "the enrichment 'execute-api'",
        ),
        ({"SourceParameters": {"SqsQueueParameters": {"BatchSize": 11}}}, "ValidationException", "BatchSize"),
        (
            {"Target": LAMBDA, "SourceParameters": {"SqsQueueParameters": {"BatchSize": 11}}},
            "ValidationException",
            "MaximumBatchingWindowInSeconds",
        ),
        (
            {"SourceParameters": {"FilterCriteria": {"Filters": [{"Pattern": '{"a": 1}'}]}}},
            "ValidationException",
            "Invalid filter pattern",
        ),
        (
            {"SourceParameters": {"DynamoDBStreamParameters": {"StartingPosition": "LATEST"}}},
            "ValidationException",
            "does not fit",
        ),
        (
            {
                "LogConfiguration": {
                    "Level": "INFO",
                    "S3LogDestination": {"BucketName": "b-b", "BucketOwner": "000000000000"},
                }
            },
            "NotImplemented",
            "S3LogDestination",
        ),
    ],
)
def test_refused(house: House, change: dict[str, Any], code: str, message: str) -> None:
    fields = {"Source": house.queue("in"), "Target": house.queue("out")}
    with pytest.raises(ClientError, match=message) as caught:
        house.pipes.create_pipe(Name="p", RoleArn=ROLE, **{**fields, **change})
    assert caught.value.response["Error"]["Code"] == code


def test_listed_and_tagged(house: House) -> None:
    source, target = house.queue("in"), house.queue("out")
    arn = house.pipe(source, target, "a1", Tags={"k": "v"})["Arn"]
    house.pipe(source, target, "a2", DesiredState="STOPPED")
    house.pipe(house.queue("other"), target, "b", Description="d")
    pipes = house.pipes

    def names(**wanted: Any) -> list[str]:
        return [pipe["Name"] for pipe in pipes.list_pipes(**wanted)["Pipes"]]

    assert names() == ["a1", "a2", "b"]
    assert names(NamePrefix="a", DesiredState="RUNNING") == ["a1"]
    assert names(SourcePrefix=source) == ["a1", "a2"]
    first = pipes.list_pipes(Limit=2)
    assert names(Limit=2, NextToken=first["NextToken"]) == ["b"]
    pipes.tag_resource(resourceArn=arn, tags={"x": "y"})
    pipes.untag_resource(resourceArn=arn, tagKeys=["k"])
    assert pipes.list_tags_for_resource(resourceArn=arn)["tags"] == {"x": "y"}
    with pytest.raises(pipes.exceptions.ConflictException):
        house.pipe(source, target, "a1")


def test_a_pipe_in_a_template(segue: Segue, house: House) -> None:
    resources = Resources(segue)
    fields: dict[str, Any] = {"Source": house.queue("in"), "Target": house.queue("out"), "RoleArn": ROLE}
    template = {"TargetParameters": {"InputTemplate": '{"n": 1}'}, "Tags": {"k": "v"}}
    made = resources.create("AWS::Pipes::Pipe", "P", **fields, **template)
    assert made.physical_id == "app-P-ABCDEFGHIJKL"
    assert made.attributes["CurrentState"] == "RUNNING"
    house.send("in", "x")
    assert house.bodies("out") == [{"n": 1}]
    resources.update("P", **fields, Description="d")
    shown = house.pipes.describe_pipe(Name=made.physical_id)
    assert (shown["Description"], shown.get("TargetParameters", {})) == ("d", {})
    assert shown["Tags"] == {"aws:cloudformation:stack-name": "app"}
    house.send("in", "x")
    assert house.bodies("out")[0]["body"] == "x"
    resources.delete("P")
    resources.delete("P")
    assert house.pipes.list_pipes()["Pipes"] == []
    missing = {**fields, "Source": f"arn:aws:sqs:us-east-1:{ACCOUNT}:none"}
    with pytest.raises(AwsError, match="CREATE_FAILED"):
        resources.create("AWS::Pipes::Pipe", "Q", **missing)
