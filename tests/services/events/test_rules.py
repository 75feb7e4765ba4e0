"""Buses, rules, targets, permissions: the management side, by boto3."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from segue.testing import Segue

PATTERN = json.dumps({"source": ["shop"]})


@pytest.fixture
def events(segue: Segue) -> Any:
    return segue.client("events")


def error_of(error: pytest.ExceptionInfo[ClientError]) -> tuple[str, str]:
    found = error.value.response["Error"]
    return str(found["Code"]), str(found["Message"])


def test_buses(events: Any) -> None:
    made = events.create_event_bus(Name="loans", Description="quotes")
    assert made["EventBusArn"] == "arn:aws:events:us-east-1:000000000000:event-bus/loans"
    assert [bus["Name"] for bus in events.list_event_buses()["EventBuses"]] == ["default", "loans"]
    with pytest.raises(ClientError) as error:
        events.create_event_bus(Name="loans")
    assert error_of(error) == ("ResourceAlreadyExistsException", "Event bus loans already exists.")
    events.update_event_bus(Name="loans", Description="all quotes")
    assert events.describe_event_bus(Name="loans")["Description"] == "all quotes"
    events.put_rule(Name="r", EventBusName="loans", EventPattern=PATTERN)
    with pytest.raises(ClientError) as error:
        events.delete_event_bus(Name="loans")
    assert error_of(error) == ("ValidationException", "EventBus can't be deleted since it has rules.")
    with pytest.raises(ClientError) as error:
        events.delete_event_bus(Name="default")
    assert error_of(error) == ("ValidationException", "Cannot delete event bus default.")


def test_both_forms_of_permissions(events: Any) -> None:
    events.put_permission(Action="events:PutEvents", Principal="123456789012", StatementId="one")
    events.put_permission(Action="events:PutEvents", Principal="*", StatementId="two")
    statements = json.loads(events.describe_event_bus()["Policy"])["Statement"]
    assert [statement["Principal"] for statement in statements] == [{"AWS": "arn:aws:iam::123456789012:root"}, "*"]
    with pytest.raises(ClientError) as error:
        events.remove_permission(StatementId="three")
    assert error_of(error) == ("ResourceNotFoundException", "Statement with the provided id does not exist.")
    events.remove_permission(StatementId="one")
    whole = {"Version": "2012-10-17", "Statement": [{**statements[1], "Sid": "PutForAll"}]}
    events.put_permission(Policy=json.dumps(whole))
    assert json.loads(events.describe_event_bus()["Policy"]) == whole
    events.remove_permission(RemoveAllPermissions=True)
    assert "Policy" not in events.describe_event_bus()
    with pytest.raises(ClientError) as error:
        events.remove_permission(StatementId="two")
    assert error_of(error) == ("ResourceNotFoundException", "EventBus does not have a policy.")


def test_an_account_of_ten_digits_as_documentation_shortens_them(segue: Segue) -> None:
    events = segue.client("events", account="1234567890", region="us-east-2")
    events.put_permission(
        EventBusName="default", Principal="1234567890", Action="events:PutEvents", StatementId="PutForAll"
    )
    (statement,) = json.loads(events.describe_event_bus()["Policy"])["Statement"]
    assert statement["Principal"] == {"AWS": "arn:aws:iam::1234567890:root"}
    assert statement["Resource"] == "arn:aws:events:us-east-2:1234567890:event-bus/default"


@pytest.mark.parametrize(
    ("members", "code", "message"),
    [
        ({}, "ValidationException", "Parameter(s) EventPattern or ScheduleExpression must be specified."),
        (
            {"ScheduleExpression": "rate(1 minutes)"},
            "ValidationException",
            "Parameter ScheduleExpression is not valid.",
        ),
        (
            {"ScheduleExpression": "rate(1 minute)", "EventBusName": "loans"},
            "ValidationException",
            "ScheduleExpression is supported only on the default event bus.",
        ),
        ({"EventPattern": PATTERN, "EventBusName": "no"}, "ResourceNotFoundException", "Event bus no does not exist."),
        (
            {"EventPattern": '{"a": 1}'},
            "InvalidEventPatternException",
            'Event pattern is not valid. Reason: "a" must be an object or an array\n'
            ' at [Source: (String)"{"a": 1}"; line: 1, column: 8]',
        ),
    ],
)
def test_rules_that_are_refused(events: Any, members: dict[str, str], code: str, message: str) -> None:
    events.create_event_bus(Name="loans")
    with pytest.raises(ClientError) as error:
        events.put_rule(Name="r", **members)
    assert error_of(error) == (code, message)


def test_a_rule_with_targets_stays(events: Any) -> None:
    events.put_rule(Name="r", EventPattern=PATTERN)
    events.put_targets(Rule="r", Targets=[{"Id": "1", "Arn": "arn:aws:sqs:us-east-1:000000000000:q"}])
    with pytest.raises(ClientError) as error:
        events.delete_rule(Name="r")
    assert error_of(error) == ("ValidationException", "Rule can't be deleted since it has targets.")
    missing = events.remove_targets(Rule="r", Ids=["1", "2"])
    assert missing["FailedEntries"][0]["TargetId"] == "2"
    events.delete_rule(Name="r")
    events.delete_rule(Name="r")


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ({"Arn": "no-arn"}, "Parameter no-arn is not valid. Reason: Provided Arn is not in correct format."),
        (
            {"Arn": "arn:aws:sqs:us-east-1:000000000000:q.fifo"},
            "Parameter(s) SqsParameters must be specified for target: 1.",
        ),
        (
            {"Arn": "arn:aws:states:us-east-1:000000000000:stateMachine:m"},
            "RoleArn is required for target arn:aws:states:us-east-1:000000000000:stateMachine:m.",
        ),
        ({"Arn": "arn:aws:sqs:us-east-1:000000000000:q", "Input": "{"}, "JSON syntax error in input for target 1."),
        (
            {"Arn": "arn:aws:sqs:us-east-1:000000000000:q", "InputTransformer": {"InputTemplate": '"<x>"'}},
            "InputTemplate for target 1 contains invalid placeholder x.",
        ),
    ],
)
def test_targets_that_are_refused(events: Any, target: dict[str, Any], message: str) -> None:
    events.put_rule(Name="r", EventPattern=PATTERN)
    with pytest.raises(ClientError) as error:
        events.put_targets(Rule="r", Targets=[{"Id": "1", **target}])
    assert error_of(error) == ("ValidationException", message)


def test_targets_are_listed_as_they_were_put_page_by_page(events: Any) -> None:
    events.put_rule(Name="r", EventPattern=PATTERN)
    put = [{"Id": one, "Arn": f"arn:aws:sqs:us-east-1:000000000000:{one}"} for one in ("b", "c", "a")]
    events.put_targets(Rule="r", Targets=put)
    events.put_targets(Rule="r", Targets=put[:1])  # again: it keeps its place
    assert events.list_targets_by_rule(Rule="r")["Targets"] == put
    first = events.list_targets_by_rule(Rule="r", Limit=2)
    events.remove_targets(Rule="r", Ids=["c"])
    rest = events.list_targets_by_rule(Rule="r", Limit=2, NextToken=first["NextToken"])
    assert (first["Targets"], rest["Targets"]) == (put[:2], put[2:])


def test_five_targets_are_enough(events: Any) -> None:
    events.put_rule(Name="r", EventPattern=PATTERN)
    targets = [{"Id": str(n), "Arn": f"arn:aws:sqs:us-east-1:000000000000:q{n}"} for n in range(6)]
    with pytest.raises(ClientError) as error:
        events.put_targets(Rule="r", Targets=targets)
    assert error_of(error)[0] == "LimitExceededException"


def test_rules_of_another_service_are_left_alone(segue: Segue, events: Any) -> None:
    from segue.api import Call
    from segue.api.caller import service_caller
    from segue.store import Transaction

    def by_service(tx: Transaction) -> None:
        source = "arn:aws:states:us-east-1:000000000000:stateMachine:m"
        caller = service_caller("states.amazonaws.com", source)
        call = Call(tx=tx, caller=caller, api=segue.server.api, started_ms=tx.now_ms)
        call.perform("events:PutRule", {"Name": "theirs", "EventPattern": PATTERN})

    segue.transact(by_service)
    assert events.describe_rule(Name="theirs")["ManagedBy"] == "states.amazonaws.com"
    with pytest.raises(ClientError) as error:
        events.delete_rule(Name="theirs")
    assert error_of(error)[0] == "ManagedRuleException"
    events.delete_rule(Name="theirs", Force=True)


def test_pages_of_rules(events: Any) -> None:
    for number in range(5):
        events.put_rule(Name=f"r{number}", EventPattern=PATTERN)
    first = events.list_rules(Limit=3)
    rest = events.list_rules(NextToken=first["NextToken"])
    assert [rule["Name"] for rule in first["Rules"] + rest["Rules"]] == [f"r{number}" for number in range(5)]
    assert "NextToken" not in rest


def test_a_pattern_can_be_tried(events: Any) -> None:
    event = {"id": "1", "account": "1", "source": "shop", "time": "t", "region": "r", "detail-type": "x"}
    assert events.test_event_pattern(EventPattern=PATTERN, Event=json.dumps(event))["Result"] is True
    other = json.dumps({**event, "source": "bank"})
    assert events.test_event_pattern(EventPattern=PATTERN, Event=other)["Result"] is False
    with pytest.raises(ClientError) as error:
        events.test_event_pattern(EventPattern=PATTERN, Event="{}")
    assert error_of(error) == ("ValidationException", "Parameter Event is not valid.")


def test_tags(events: Any) -> None:
    arn = events.put_rule(Name="r", EventPattern=PATTERN, Tags=[{"Key": "a", "Value": "1"}])["RuleArn"]
    events.tag_resource(ResourceARN=arn, Tags=[{"Key": "b", "Value": "2"}])
    events.untag_resource(ResourceARN=arn, TagKeys=["a"])
    assert events.list_tags_for_resource(ResourceARN=arn)["Tags"] == [{"Key": "b", "Value": "2"}]
    events.delete_rule(Name="r")
    with pytest.raises(ClientError) as error:
        events.list_tags_for_resource(ResourceARN=arn)
    assert error_of(error) == ("ResourceNotFoundException", "Rule r does not exist on EventBus default.")
