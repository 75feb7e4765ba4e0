"""Log groups, streams, filters and policies as templates name them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from segue.testing import Segue
from tests.services.resources import Resources

GROUP = "AWS::Logs::LogGroup"


@pytest.fixture
def resources(segue: Segue) -> Resources:
    return Resources(segue, team="a")


@pytest.fixture
def logs(segue: Segue) -> Any:
    return segue.client("logs")


def test_a_group_is_made_changed_and_removed(resources: Resources, logs: Any) -> None:
    made = resources.create(GROUP, "Group", RetentionInDays=7, KmsKeyId="arn:aws:kms:us-east-1:000000000000:key/a")
    name = "app-Group-ABCDEFGHIJKL"
    assert made.physical_id == name
    assert made.attributes == {"Arn": f"arn:aws:logs:us-east-1:000000000000:log-group:{name}:*"}
    resources.update("Group", RetentionInDays=14, Tags=[{"Key": "own", "Value": "x"}])
    (group,) = logs.describe_log_groups()["logGroups"]
    assert group["retentionInDays"] == 14
    assert "kmsKeyId" not in group
    tags = logs.list_tags_for_resource(resourceArn=group["logGroupArn"])["tags"]
    assert tags == {"own": "x", "team": "a", "aws:cloudformation:stack-name": "app"}
    resources.update("Group")
    assert "retentionInDays" not in logs.describe_log_groups()["logGroups"][0]
    resources.delete("Group")
    resources.delete("Group")
    assert logs.describe_log_groups()["logGroups"] == []


def test_a_stream(resources: Resources, logs: Any) -> None:
    resources.create(GROUP, "Group", LogGroupName="/app")
    made = resources.create("AWS::Logs::LogStream", "Stream", LogGroupName="/app")
    assert logs.describe_log_streams(logGroupName="/app")["logStreams"][0]["logStreamName"] == made.physical_id
    resources.delete("Stream")
    assert logs.describe_log_streams(logGroupName="/app")["logStreams"] == []
    resources.delete("Group")
    resources.delete("Stream")


def test_a_subscription_filter(resources: Resources, logs: Any) -> None:
    resources.create(GROUP, "Group", LogGroupName="/app")
    function = "arn:aws:lambda:us-east-1:000000000000:function:f"
    given = {"LogGroupName": "/app", "DestinationArn": function}
    made = resources.create("AWS::Logs::SubscriptionFilter", "Filter", FilterPattern="", **given)
    resources.update("Filter", FilterPattern="ERROR", **given)
    (found,) = logs.describe_subscription_filters(logGroupName="/app")["subscriptionFilters"]
    assert (found["filterName"], found["filterPattern"]) == (made.physical_id, "ERROR")
    resources.delete("Filter")
    resources.delete("Filter")
    assert logs.describe_subscription_filters(logGroupName="/app")["subscriptionFilters"] == []


def test_a_filter_that_feeds_no_function_is_noted(resources: Resources, logs: Any) -> None:
    resources.create(GROUP, "Group", LogGroupName="/app")
    stream = "arn:aws:kinesis:us-east-1:000000000000:stream/s"
    given = {"LogGroupName": "/app", "DestinationArn": stream, "FilterPattern": ""}
    resources.create("AWS::Logs::SubscriptionFilter", "Filter", **given)
    assert resources.notes == [f"Nothing is sent to {stream}: filters feed functions alone here"]
    resources.delete("Filter")


def test_a_resource_policy(resources: Resources, logs: Any) -> None:
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "logs:*",
        "Resource": "*",
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    made = resources.create("AWS::Logs::ResourcePolicy", "P", PolicyName="bus", PolicyDocument=document)
    assert made.physical_id == "bus"
    assert logs.describe_resource_policies()["resourcePolicies"][0]["policyDocument"] == document
    resources.delete("P")
    resources.delete("P")
    assert logs.describe_resource_policies()["resourcePolicies"] == []


def test_what_has_no_effect_is_noted(resources: Resources) -> None:
    made = resources.create("AWS::Logs::QueryDefinition", "X", LogGroupName="/app", FilterPattern="")
    assert made.physical_id
    assert "no effect here" in resources.notes[0]
    resources.delete("X")
