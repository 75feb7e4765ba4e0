"""Schedules from CreateSchedule to their targets, by boto3, on the given clock."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from segue.api import deliveries
from segue.services.scheduler import records
from segue.testing import Segue
from tests.effort import steps

ACCOUNT = "000000000000"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/scheduler"
NOW = datetime.fromtimestamp(1_700_000_000, UTC)  # 2023-11-14T22:13:20Z
OFF = {"Mode": "OFF"}
SCOPE = "us-east-1/000000000000"
AT = "at(2023-11-14T22:20:00)"


def queue(segue: Segue, name: str = "q", **attributes: str) -> str:
    """A queue's ARN."""
    segue.client("sqs").create_queue(QueueName=name, Attributes=attributes)
    return f"arn:aws:sqs:us-east-1:{ACCOUNT}:{name}"


def messages(segue: Segue, name: str = "q") -> list[dict[str, Any]]:
    """What is in a queue, and is no longer."""
    sqs = segue.client("sqs")
    url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
    found: list[dict[str, Any]] = []
    while more := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"]).get(
        "Messages"
    ):
        found += more
    sqs.purge_queue(QueueUrl=url)
    return found


def bodies(segue: Segue, name: str = "q") -> list[str]:
    return sorted(message["Body"] for message in messages(segue, name))


def create(segue: Segue, expression: str, target: dict[str, Any] | str, name: str = "s", **more: Any) -> str:
    """A schedule's ARN."""
    chosen = {"RoleArn": ROLE, **({"Arn": target} if isinstance(target, str) else target)}
    fields = {"Name": name, "ScheduleExpression": expression, "FlexibleTimeWindow": OFF, "Target": chosen, **more}
    return str(segue.client("scheduler").create_schedule(**fields)["ScheduleArn"])


def outcomes(segue: Segue) -> list[tuple[str, int]]:
    hops = segue.transact(lambda tx: deliveries.since(tx, 0))
    return [(hop["status"], hop["attempts"]) for hop in hops if ":schedule/" in hop["source"]]  # type: ignore[operator,misc]


def names(segue: Segue, **of: Any) -> list[str]:
    return [schedule["Name"] for schedule in segue.client("scheduler").list_schedules(**of)["Schedules"]]


def test_once(segue: Segue) -> None:
    arn = create(
        segue, AT, {"Arn": queue(segue), "Input": "<aws.scheduler.schedule-arn> <aws.scheduler.scheduled-time>"}
    )
    segue.advance(minutes=6)
    assert bodies(segue) == []
    segue.advance(minutes=60)
    assert bodies(segue) == [f"{arn} 2023-11-14T22:20:00Z"]
    assert outcomes(segue) == [("delivered", 1)]
    assert names(segue) == ["s"]


def test_a_time_that_has_passed_is_now(segue: Segue) -> None:
    create(segue, "at(2020-01-01T00:00:00)", {"Arn": queue(segue), "Input": "late"}, ActionAfterCompletion="DELETE")
    segue.settle()
    assert bodies(segue) == ["late"]
    assert names(segue) == []


def test_a_rate_begins_at_once_or_at_its_start_and_ends(segue: Segue) -> None:
    target = {"Arn": queue(segue), "Input": "now"}
    create(segue, "rate(10 minutes)", target)
    later = {"Arn": queue(segue, "later"), "Input": "<aws.scheduler.scheduled-time>"}
    dates = {"StartDate": 1_700_000_000 + 3_600, "EndDate": 1_700_000_000 + 3_600 * 3}
    create(segue, "rate(1 hour)", later, "ends", **dates, ActionAfterCompletion="DELETE")
    segue.advance(minutes=29)
    assert bodies(segue) == ["now"] * 3
    segue.advance(days=1)
    assert bodies(segue, "later") == [f"2023-11-1{day}:13:20Z" for day in ("4T23", "5T00", "5T01")]
    assert names(segue) == ["s"]


def test_cron_by_the_clocks_of_a_zone(segue: Segue) -> None:
    target = {"Arn": queue(segue), "Input": "<aws.scheduler.scheduled-time>"}
    create(segue, "cron(30 8 * * ? *)", target, ScheduleExpressionTimezone="Asia/Kathmandu")
    segue.advance(days=2)
    assert bodies(segue) == ["2023-11-15T02:45:00Z", "2023-11-16T02:45:00Z"]


def test_somewhen_in_the_window(segue: Segue) -> None:
    target = {"Arn": queue(segue), "Input": "<aws.scheduler.scheduled-time>"}
    for number in range(20):
        create(segue, AT, target, f"s{number}", FlexibleTimeWindow={"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 60})
    segue.advance(minutes=36)
    early = len(bodies(segue))
    segue.advance(minutes=31)
    late = bodies(segue)
    assert 0 < early < 20
    assert early + len(late) == 20
    assert set(late) == {"2023-11-14T22:20:00Z"}


def test_states_and_changes(segue: Segue) -> None:
    scheduler = segue.client("scheduler")
    target = {"Arn": queue(segue), "RoleArn": ROLE, "Input": "x"}
    create(segue, "rate(1 hour)", target, State="DISABLED", Description="d")
    segue.advance(hours=3)
    assert bodies(segue) == []
    fields = {"Name": "s", "FlexibleTimeWindow": OFF, "Target": {**target, "Input": "y"}}
    scheduler.update_schedule(**fields, ScheduleExpression="rate(2 hours)")
    segue.advance(hours=3)
    assert bodies(segue) == ["y", "y"]
    shown = scheduler.get_schedule(Name="s")
    assert "Description" not in shown
    assert (shown["State"], shown["ScheduleExpression"]) == ("ENABLED", "rate(2 hours)")
    assert shown["CreationDate"] == NOW
    assert shown["LastModificationDate"] > NOW
    assert shown["Target"]["RetryPolicy"] == {"MaximumEventAgeInSeconds": 86_400, "MaximumRetryAttempts": 185}
    assert (shown["ScheduleExpressionTimezone"], shown["ActionAfterCompletion"]) == ("UTC", "NONE")
    scheduler.delete_schedule(Name="s")
    segue.advance(hours=3)
    assert bodies(segue) == []


def test_templates(segue: Segue) -> None:
    arn = queue(segue)
    sns, events, states = segue.client("sns"), segue.client("events"), segue.client("stepfunctions")
    topic = sns.create_topic(Name="t")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"})
    events.put_rule(Name="r", EventPattern='{"source": ["me"], "detail-type": ["tick"]}')
    events.put_targets(Rule="r", Targets=[{"Id": "1", "Arn": arn, "InputPath": "$.detail"}])
    send = {"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage", "End": True}
    url = segue.client("sqs").get_queue_url(QueueName="q")["QueueUrl"]
    send["Parameters"] = {"QueueUrl": url, "MessageBody.$": "$.from"}
    machine = states.create_state_machine(
        name="m", definition=json.dumps({"StartAt": "S", "States": {"S": send}}), roleArn=ROLE
    )["stateMachineArn"]
    bus = f"arn:aws:events:us-east-1:{ACCOUNT}:event-bus/default"
    fifo = queue(segue, "q.fifo", FifoQueue="true", ContentBasedDeduplication="true")
    create(segue, AT, {"Arn": topic, "Input": "topic"}, "t")
    create(segue, AT, {"Arn": machine, "Input": '{"from": "machine"}'}, "m")
    bus_parameters = {"DetailType": "tick", "Source": "me"}
    create(segue, AT, {"Arn": bus, "Input": '{"from":"bus"}', "EventBridgeParameters": bus_parameters}, "b")
    create(segue, AT, {"Arn": fifo, "Input": "fifo", "SqsParameters": {"MessageGroupId": "g"}}, "f")
    segue.advance(minutes=10)
    assert bodies(segue) == ["machine", "topic", '{"from":"bus"}']
    assert bodies(segue, "q.fifo") == ["fifo"]


def test_without_an_input_there_is_a_notification(segue: Segue) -> None:
    arn = create(segue, AT, queue(segue))
    segue.advance(minutes=10)
    (body,) = map(json.loads, bodies(segue))
    assert body.pop("id")
    assert body == {
        "version": "0",
        "detail-type": "Scheduled Event",
        "source": "aws.scheduler",
        "account": ACCOUNT,
        "time": "2023-11-14T22:20:00Z",
        "region": "us-east-1",
        "resources": [arn],
        "detail": "{}",
    }


def test_universal_targets(segue: Segue) -> None:
    queue(segue)
    url = segue.client("sqs").get_queue_url(QueueName="q")["QueueUrl"]
    given = {"QueueUrl": url, "MessageBody": "at <aws.scheduler.scheduled-time>", "DelaySeconds": 0}
    create(segue, AT, {"Arn": "arn:aws:scheduler:::aws-sdk:sqs:sendMessage", "Input": json.dumps(given)})
    create(segue, AT, {"Arn": "arn:aws:scheduler:::aws-sdk:sns:createTopic", "Input": '{"Name": "made"}'}, "topic")
    segue.advance(minutes=10)
    assert bodies(segue) == ["at 2023-11-14T22:20:00Z"]
    assert len(segue.client("sns").list_topics()["Topics"]) == 1
    assert outcomes(segue) == [("delivered", 1)] * 2


def test_what_cannot_be_delivered_goes_to_the_dead_letters(segue: Segue) -> None:
    target = {
        "Arn": f"arn:aws:sqs:us-east-1:{ACCOUNT}:missing",
        "Input": "lost",
        "DeadLetterConfig": {"Arn": queue(segue, "dead")},
    }
    arn = create(segue, AT, target)
    segue.advance(minutes=10)
    (message,) = messages(segue, "dead")
    attributes = {name: value["StringValue"] for name, value in message["MessageAttributes"].items()}
    assert attributes.pop("EXECUTION_ID")
    assert attributes.pop("ERROR_MESSAGE")
    assert message["Body"] == "lost"
    assert attributes == {
        "ERROR_CODE": "QueueDoesNotExist",
        "RETRY_ATTEMPTS": "0",
        "IS_PAYLOAD_TRUNCATED": "false",
        "SCHEDULED_TIME": "2023-11-14T22:20:00Z",
        "SCHEDULE_ARN": arn,
        "TARGET_ARN": target["Arn"],
    }


def test_targets_that_we_have_no_way_to_are_recorded(segue: Segue) -> None:
    stream = f"arn:aws:kinesis:us-east-1:{ACCOUNT}:stream/s"
    create(segue, AT, {"Arn": stream, "KinesisParameters": {"PartitionKey": "p"}})
    create(segue, AT, "arn:aws:scheduler:::aws-sdk:cognitoidentityprovider:adminDisableUser", "unknown")
    instances = {"Arn": "arn:aws:scheduler:::aws-sdk:ec2:stopInstances", "Input": '{"InstanceIds": ["i-1"]}'}
    create(segue, AT, instances, "known")
    segue.advance(minutes=10)
    assert sorted(outcomes(segue)) == [("dropped", 1), ("failed", 1), ("failed", 1)]


def test_groups(segue: Segue) -> None:
    scheduler = segue.client("scheduler")
    arn = scheduler.create_schedule_group(Name="g", Tags=[{"Key": "a", "Value": "1"}])["ScheduleGroupArn"]
    assert arn == f"arn:aws:scheduler:us-east-1:{ACCOUNT}:schedule-group/g"
    target = queue(segue)
    assert create(segue, AT, target, GroupName="g").endswith(":schedule/g/s")
    create(segue, AT, target, "t")
    assert (names(segue), names(segue, GroupName="g"), names(segue, NamePrefix="t")) == (["t", "s"], ["s"], ["t"])
    scheduler.tag_resource(ResourceArn=arn, Tags=[{"Key": "b", "Value": "2"}])
    scheduler.untag_resource(ResourceArn=arn, TagKeys=["a"])
    assert scheduler.list_tags_for_resource(ResourceArn=arn)["Tags"] == [{"Key": "b", "Value": "2"}]
    assert [group["Name"] for group in scheduler.list_schedule_groups()["ScheduleGroups"]] == ["default", "g"]
    scheduler.delete_schedule_group(Name="g")
    segue.advance(minutes=10)
    assert len(bodies(segue)) == 1
    assert [group["Name"] for group in scheduler.list_schedule_groups()["ScheduleGroups"]] == ["default"]
    assert names(segue) == ["t"]


def test_pages(segue: Segue) -> None:
    target, scheduler = queue(segue), segue.client("scheduler")
    for number in range(5):
        create(segue, AT, target, f"s{number}")
    pages = scheduler.get_paginator("list_schedules").paginate(PaginationConfig={"PageSize": 2})
    assert [len(page["Schedules"]) for page in pages] == [2, 2, 1]


def test_pages_of_a_group(segue: Segue) -> None:
    target, scheduler = queue(segue), segue.client("scheduler")
    for group in ("a", "b", "c"):
        scheduler.create_schedule_group(Name=group)
        for number in range(4):
            create(segue, AT, target, f"s{number}", GroupName=group)
        create(segue, AT, target, "a-s", GroupName=group)
    wanted = {"GroupName": "b", "NamePrefix": "s", "State": "ENABLED"}
    pages = scheduler.get_paginator("list_schedules").paginate(PaginationConfig={"PageSize": 3}, **wanted)
    found = [[schedule["Arn"].partition("/")[2] for schedule in page["Schedules"]] for page in pages]
    assert found == [["b/s0", "b/s1", "b/s2"], ["b/s3"]]
    assert names(segue, GroupName="b", NamePrefix="a") == ["a-s"]
    assert names(segue, GroupName="b", NamePrefix="t") == []


@pytest.mark.sqlite_only("counts steps of SQLite's machine")
def test_the_schedules_of_a_group_are_found_among_very_many_of_others(segue: Segue) -> None:
    def pile_up(tx: Any) -> None:
        sql = "INSERT INTO scheduler_schedules VALUES (?, ?, 'many', ?, 'ENABLED', '{}', 0, 0)"
        for number in range(2_000):
            tx.run(sql, f"arn{number}", SCOPE, f"s{number}")

    def look(tx: Any) -> None:
        assert not records.list_schedules(tx, SCOPE, "other", "", "", ("", ""), 10)
        assert not records.list_schedules(tx, SCOPE, "many", "t", "", ("", ""), 10)

    segue.transact(pile_up)
    assert steps(segue, look) < 100


def test_client_tokens(segue: Segue) -> None:
    target = queue(segue)
    first = create(segue, AT, target, ClientToken="once")
    assert create(segue, AT, target, ClientToken="once") == first
    with pytest.raises(ClientError, match="ConflictException"):
        create(segue, AT, target, "other", ClientToken="once")
    with pytest.raises(ClientError, match="Schedule s already exists"):
        create(segue, AT, target, ClientToken="twice")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"ScheduleExpression": "rate(1 week)"}, "Invalid Schedule Expression rate"),
        ({"ScheduleExpression": "cron(0 1 * * * *)"}, "Invalid Schedule Expression cron"),
        ({"ScheduleExpressionTimezone": "Mars"}, "Timezone Mars"),
        ({"FlexibleTimeWindow": {"Mode": "FLEXIBLE"}}, "MaximumWindowInMinutes"),
        ({"FlexibleTimeWindow": {"Mode": "OFF", "MaximumWindowInMinutes": 5}}, "MaximumWindowInMinutes"),
        ({"StartDate": 1_699_990_000}, "cannot be earlier than 5 minutes ago"),
        ({"EndDate": 1_699_990_000}, "EndDate"),
        ({"StartDate": 1_700_000_900, "EndDate": 1_700_000_800}, "EndDate"),
        ({"GroupName": "none"}, "Schedule group none does not exist"),
        ({"Target": {"RoleArn": ROLE, "Arn": "queue"}}, "Provided Arn is not in correct format"),
        ({"Target": {"RoleArn": ROLE, "Arn": "arn:aws:s3:::bucket"}}, "Provided Arn is not in correct format"),
        ({"Target": {"RoleArn": ROLE, "Arn": "arn:aws:scheduler:::aws-sdk:sqs:getQueueUrl"}}, "getQueueUrl"),
        ({"Target": {"RoleArn": ROLE, "Arn": "arn:aws:scheduler:::aws-sdk:sqs:fly"}}, "Fly"),
        (
            {"Target": {"RoleArn": ROLE, "Arn": "arn:aws:scheduler:::aws-sdk:sqs:sendMessage", "Input": '{"Url": 1}'}},
            'The field "Url" is not supported',
        ),
        (
            {"Target": {"RoleArn": ROLE, "Arn": f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:f", "Input": "text"}},
            "JSON",
        ),
    ],
)
def test_refused(segue: Segue, change: dict[str, Any], message: str) -> None:
    target = {"RoleArn": ROLE, "Arn": f"arn:aws:sqs:us-east-1:{ACCOUNT}:q"}
    fields = {"Name": "s", "ScheduleExpression": "rate(1 day)", "FlexibleTimeWindow": OFF, "Target": target}
    with pytest.raises(ClientError, match=message):
        segue.client("scheduler").create_schedule(**{**fields, **change})


def test_what_is_not_there(segue: Segue) -> None:
    scheduler = segue.client("scheduler")
    for call in (scheduler.get_schedule, scheduler.delete_schedule):
        with pytest.raises(scheduler.exceptions.ResourceNotFoundException, match=r"Schedule s does not exist\."):
            call(Name="s")
    with pytest.raises(scheduler.exceptions.ResourceNotFoundException):
        scheduler.get_schedule_group(Name="g")
    with pytest.raises(scheduler.exceptions.ValidationException):
        scheduler.delete_schedule_group(Name="default")
    with pytest.raises(scheduler.exceptions.ConflictException):
        scheduler.create_schedule_group(Name="default")


def test_a_universal_target_may_take_its_time(segue: Segue) -> None:
    states, arn = segue.client("stepfunctions"), queue(segue)
    wait = {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 30, "End": True}}}
    machine = states.create_state_machine(name="m", definition=json.dumps(wait), roleArn=ROLE, type="EXPRESS")
    given = {"StateMachineArn": machine["stateMachineArn"], "Input": "{}"}
    target = {"Arn": "arn:aws:scheduler:::aws-sdk:sfn:startSyncExecution", "Input": json.dumps(given)}
    create(segue, AT, {**target, "DeadLetterConfig": {"Arn": arn}})
    segue.advance(minutes=7)
    assert outcomes(segue) == []
    segue.advance(minutes=1)
    assert outcomes(segue) == [("delivered", 1)]
