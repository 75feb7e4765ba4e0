"""Rules, buses, archives, connections and API destinations as templates name them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from segue.errors import AwsError
from segue.testing import Segue
from tests.services.resources import Resources

RULE, BUS = "AWS::Events::Rule", "AWS::Events::EventBus"
QUEUE = "arn:aws:sqs:us-east-1:000000000000:orders"


@pytest.fixture
def resources(segue: Segue) -> Resources:
    return Resources(segue, team="a")


@pytest.fixture
def events(segue: Segue) -> Any:
    return segue.client("events")


def test_a_rule_with_its_targets(resources: Resources, events: Any) -> None:
    made = resources.create(
        RULE,
        "Rule",
        EventPattern={"source": ["shop"], "detail": {"n": [{"numeric": [">", 3]}]}},
        Targets=[
            {
                "Id": "one",
                "Arn": QUEUE,
                "InputTransformer": {"InputPathsMap": {"n": "$.detail.n"}, "InputTemplate": "<n>"},
            },
            {"Id": "two", "Arn": QUEUE, "RetryPolicy": {"MaximumRetryAttempts": 1}},
        ],
    )
    name = "app-Rule-ABCDEFGHIJKL"
    assert made.physical_id == name
    assert made.attributes == {"Arn": f"arn:aws:events:us-east-1:000000000000:rule/{name}", "RuleName": name}
    described = events.describe_rule(Name=name)
    assert json.loads(described["EventPattern"])["detail"] == {"n": [{"numeric": [">", 3]}]}
    assert described["State"] == "ENABLED"
    assert [target["Id"] for target in events.list_targets_by_rule(Rule=name)["Targets"]] == ["one", "two"]
    targets = [{"Id": "two", "Arn": QUEUE, "Input": '{"a": 1}'}]
    resources.update("Rule", ScheduleExpression="rate(5 minutes)", State="DISABLED", Targets=targets)
    described = events.describe_rule(Name=name)
    assert (described["ScheduleExpression"], described["State"]) == ("rate(5 minutes)", "DISABLED")
    assert "EventPattern" not in described
    assert events.list_targets_by_rule(Rule=name)["Targets"] == targets
    resources.delete("Rule")
    resources.delete("Rule")
    assert events.list_rules()["Rules"] == []


def test_a_rule_of_another_bus(resources: Resources, events: Any) -> None:
    bus = resources.create(BUS, "Bus", Name="orders", Description="all of them")
    assert bus.physical_id == "orders"
    assert bus.attributes["Arn"] == "arn:aws:events:us-east-1:000000000000:event-bus/orders"
    for number, named in enumerate(("orders", bus.attributes["Arn"])):
        made = resources.create(
            RULE, f"R{number}", Name=f"r{number}", EventBusName=named, EventPattern={"source": ["a"]}
        )
        assert made.physical_id == f"orders|r{number}"
        resources.update(f"R{number}", Name=f"r{number}", EventBusName=named, EventPattern={"source": ["b"]})
    assert len(events.list_rules(EventBusName="orders")["Rules"]) == 2
    for logical_id in ("R0", "R1", "Bus"):
        resources.delete(logical_id)
    assert [each["Name"] for each in events.list_event_buses()["EventBuses"]] == ["default"]


def test_a_rule_that_is_there_is_not_taken_over(resources: Resources, events: Any) -> None:
    events.put_rule(Name="taken", ScheduleExpression="rate(1 minute)")
    with pytest.raises(AwsError, match="taken' already exists"):
        resources.create(RULE, "Rule", Name="taken", ScheduleExpression="rate(5 minutes)")


def test_statements_of_a_bus_policy(resources: Resources, events: Any) -> None:
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": "arn:aws:iam::111111111111:root"},
        "Action": "events:PutEvents",
        "Resource": "arn:aws:events:us-east-1:000000000000:event-bus/default",
    }
    resources.create("AWS::Events::EventBusPolicy", "One", StatementId="one", Statement=statement)
    resources.create(
        "AWS::Events::EventBusPolicy", "Two", StatementId="two", Action="events:PutEvents", Principal="222222222222"
    )
    policy = json.loads(events.describe_event_bus()["Policy"])
    assert [each["Sid"] for each in policy["Statement"]] == ["one", "two"]
    resources.delete("One")
    resources.delete("Two")
    assert "Policy" not in events.describe_event_bus()
    resources.delete("Two")


def test_an_archive(resources: Resources, events: Any) -> None:
    source = "arn:aws:events:us-east-1:000000000000:event-bus/default"
    made = resources.create(
        "AWS::Events::Archive", "Kept", SourceArn=source, RetentionDays=3, EventPattern={"source": ["a"]}
    )
    assert len(made.physical_id) <= 48
    resources.update("Kept", SourceArn=source, EventPattern={"source": ["b"]})
    described = events.describe_archive(ArchiveName=made.physical_id)
    assert (described["RetentionDays"], described["EventPattern"]) == (0, '{"source":["b"]}')
    resources.delete("Kept")
    assert events.list_archives()["Archives"] == []


def test_a_connection_and_its_api_destination(resources: Resources, events: Any) -> None:
    by_key = {"ApiKeyAuthParameters": {"ApiKeyName": "x-key", "ApiKeyValue": "secret"}}
    connection = resources.create(
        "AWS::Events::Connection", "C", AuthorizationType="API_KEY", AuthParameters=by_key, Name="shop"
    )
    assert connection.physical_id == "shop"
    assert connection.attributes["SecretArn"].startswith("arn:aws:secretsmanager:")
    assert connection.attributes["ArnForPolicy"].endswith(":connection/shop")
    given = {
        "ConnectionArn": connection.attributes["Arn"],
        "HttpMethod": "POST",
        "InvocationEndpoint": "https://a.example",
    }
    destination = resources.create("AWS::Events::ApiDestination", "D", **given)
    resources.update("D", **given | {"HttpMethod": "PUT"})
    assert events.describe_api_destination(Name=destination.physical_id)["HttpMethod"] == "PUT"
    for logical_id in ("D", "C", "C"):
        resources.delete(logical_id)
    assert events.list_connections()["Connections"] == []


def test_a_global_endpoint_is_noted(resources: Resources) -> None:
    made = resources.create("AWS::Events::Endpoint", "E", Name="both", EventBuses=[], RoutingConfig={})
    assert made.attributes["Arn"] == "arn:aws:events:us-east-1:000000000000:endpoint/both"
    assert resources.notes == ["Global endpoints have no effect here: events go to the bus that they are put on"]


def test_a_target_that_there_is_no_way_to_is_noted(resources: Resources) -> None:
    stream = "arn:aws:kinesis:us-east-1:000000000000:stream/s"
    target = {"Id": "1", "Arn": stream, "RoleArn": "arn:aws:iam::000000000000:role/r"}
    resources.create("AWS::Events::Rule", "R", EventPattern={"source": ["shop"]}, Targets=[target])
    assert resources.notes == [f"Segue has no way to {stream}: the record of deliveries will tell of it"]
