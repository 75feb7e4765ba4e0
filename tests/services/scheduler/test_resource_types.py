"""Schedules and groups, as templates name them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from segue.errors import AwsError
from segue.testing import Segue
from tests.services.resources import Resources

TARGET = {
    "Arn": "arn:aws:sqs:us-east-1:000000000000:q",
    "RoleArn": "arn:aws:iam::000000000000:role/r",
    "RetryPolicy": {"MaximumRetryAttempts": 3},
}
SCHEDULE = {"ScheduleExpression": "rate(1 hour)", "FlexibleTimeWindow": {"Mode": "OFF"}, "Target": TARGET}


def test_a_schedule(segue: Segue) -> None:
    resources, scheduler = Resources(segue), segue.client("scheduler")
    made = resources.create("AWS::Scheduler::Schedule", "Tick", **SCHEDULE, StartDate="2023-12-01T00:00:00.000Z")
    assert made.physical_id == "app-Tick-ABCDEFGHIJKL"
    assert made.attributes == {"Arn": f"arn:aws:scheduler:us-east-1:000000000000:schedule/default/{made.physical_id}"}
    shown = scheduler.get_schedule(Name=made.physical_id)
    assert shown["StartDate"] == datetime(2023, 12, 1, tzinfo=UTC)
    assert shown["Target"]["RetryPolicy"] == {"MaximumRetryAttempts": 3, "MaximumEventAgeInSeconds": 86_400}
    resources.update("Tick", **SCHEDULE, State="DISABLED")
    shown = scheduler.get_schedule(Name=made.physical_id)
    assert (shown["State"], shown.get("StartDate")) == ("DISABLED", None)
    resources.delete("Tick")
    resources.delete("Tick")
    assert scheduler.list_schedules()["Schedules"] == []
    with pytest.raises(AwsError, match="StartDate"):
        resources.create("AWS::Scheduler::Schedule", "Tick", **SCHEDULE, StartDate="tomorrow")


def test_a_group(segue: Segue) -> None:
    resources, scheduler = Resources(segue), segue.client("scheduler")
    made = resources.create("AWS::Scheduler::ScheduleGroup", "G", Name="g", Tags=[{"Key": "a", "Value": "1"}])
    assert (made.physical_id, made.attributes["State"]) == ("g", "ACTIVE")
    assert made.attributes["CreationDate"] == "2023-11-14T22:13:20Z"
    resources.create("AWS::Scheduler::Schedule", "Tick", **SCHEDULE, GroupName="g", Name="s")
    moved = resources.update("Tick", **SCHEDULE, Name="s")
    assert moved.attributes["Arn"].endswith(":schedule/default/s")
    assert [one["GroupName"] for one in scheduler.list_schedules()["Schedules"]] == ["default"]
    resources.update("G", Name="g", Tags=[{"Key": "b", "Value": "2"}])
    tags = scheduler.list_tags_for_resource(ResourceArn=made.attributes["Arn"])["Tags"]
    assert {tag["Key"] for tag in tags} == {"aws:cloudformation:stack-name", "b"}
    resources.delete("Tick")
    resources.delete("G")
    assert [group["Name"] for group in scheduler.list_schedule_groups()["ScheduleGroups"]] == ["default"]


def test_what_has_no_effect_is_noted(segue: Segue) -> None:
    resources = Resources(segue)
    stream = {"Arn": "arn:aws:kinesis:us-east-1:000000000000:stream/s", "RoleArn": TARGET["RoleArn"]}
    target = {**stream, "KinesisParameters": {"PartitionKey": "p"}}
    key = "arn:aws:kms:us-east-1:000000000000:key/1"
    resources.create("AWS::Scheduler::Schedule", "Tick", **{**SCHEDULE, "Target": target, "KmsKeyArn": key})
    assert resources.notes == [
        "KmsKeyArn has no effect here",
        f"Segue has no way to {stream['Arn']}: the record of deliveries will tell of it",
    ]
