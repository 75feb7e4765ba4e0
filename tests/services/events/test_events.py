"""Events from PutEvents to targets, by boto3."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from segue.api import deliveries
from segue.testing import Segue

pytestmark = pytest.mark.both_stores

ACCOUNT = "000000000000"


def queue(segue: Segue, name: str, region: str = "us-east-1") -> tuple[str, str]:
    """A queue's URL and ARN."""
    url = segue.client("sqs", region=region).create_queue(QueueName=name)["QueueUrl"]
    return url, f"arn:aws:sqs:{region}:{ACCOUNT}:{name}"


def received(segue: Segue, url: str, region: str = "us-east-1") -> list[Any]:
    """The bodies of all messages there."""
    answer = segue.client("sqs", region=region).receive_message(QueueUrl=url, MaxNumberOfMessages=10)
    return [json.loads(message["Body"]) for message in answer.get("Messages", [])]


def rule(segue: Segue, pattern: Any, *targets: dict[str, Any], name: str = "rule", bus: str = "default") -> None:
    """A rule with its targets."""
    events = segue.client("events")
    events.put_rule(Name=name, EventPattern=json.dumps(pattern), EventBusName=bus)
    numbered = [{"Id": str(number), **target} for number, target in enumerate(targets)]
    assert events.put_targets(Rule=name, EventBusName=bus, Targets=numbered)["FailedEntryCount"] == 0


def put(segue: Segue, detail: Any, *, source: str = "shop", bus: str = "default", **more: Any) -> str:
    """Put one event; its id."""
    entry = {"Source": source, "DetailType": "Order", "Detail": json.dumps(detail), "EventBusName": bus, **more}
    answer = segue.client("events").put_events(Entries=[entry])
    assert answer["FailedEntryCount"] == 0
    return str(answer["Entries"][0]["EventId"])


def record(segue: Segue) -> list[dict[str, Any]]:
    """The record of deliveries."""
    return segue.transact(lambda tx: deliveries.since(tx, 0))


def test_an_event_reaches_a_queue_in_its_envelope(segue: Segue) -> None:
    url, arn = queue(segue, "orders")
    rule(segue, {"source": ["shop"]}, {"Arn": arn})
    event_id = put(segue, {"n": 1.0, "big": 12345678901234567890123}, Resources=["arn:x"])
    assert received(segue, url) == [
        {
            "version": "0",
            "id": event_id,
            "detail-type": "Order",
            "source": "shop",
            "account": ACCOUNT,
            "time": "2023-11-14T22:13:20Z",
            "region": "us-east-1",
            "resources": ["arn:x"],
            "detail": {"n": 1.0, "big": 12345678901234567890123},
        }
    ]
    # on AWS the queue's policy would have to allow it
    assert [hop["status"] for hop in record(segue)] == ["delivered", "audit"]


def test_numbers_keep_their_form(segue: Segue) -> None:
    url, arn = queue(segue, "orders")
    rule(segue, {"source": ["shop"]}, {"Arn": arn})
    entry = {"Source": "shop", "DetailType": "x", "Detail": '{"a": 1.0, "b": 1, "c": 12345678901234567890}'}
    segue.client("events").put_events(Entries=[entry])
    body = segue.client("sqs").receive_message(QueueUrl=url)["Messages"][0]["Body"]
    assert body.endswith('"detail":{"a":1.0,"b":1,"c":12345678901234567890}}')


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ({"InputPath": "$.detail.order"}, {"id": 7, "name": 'say "hi"'}),
        ({"InputPath": "$.detail.order.id"}, 7),
        ({"Input": '{"always": "this"}'}, {"always": "this"}),
        (
            {"InputTransformer": {"InputPathsMap": {"n": "$.detail.order.name"}, "InputTemplate": '{"name": <n>}'}},
            {"name": 'say "hi"'},
        ),
        (
            {"InputTransformer": {"InputPathsMap": {"n": "$.detail.order.name"}, "InputTemplate": '{"t": "Mr <n>!"}'}},
            {"t": 'Mr say "hi"!'},
        ),
        (
            {"InputTransformer": {"InputPathsMap": {"n": "$.detail.none"}, "InputTemplate": '{"n": <n>, "t": "<n>"}'}},
            {"n": "", "t": ""},
        ),
        (
            {"InputTransformer": {"InputPathsMap": {"o": "$.detail.order.id"}, "InputTemplate": '"order <o> came"'}},
            "order 7 came",
        ),
        ({"InputTransformer": {"InputTemplate": '{"rule": <aws.events.rule-name>}'}}, {"rule": "rule"}),
    ],
)
def test_inputs(segue: Segue, target: dict[str, Any], expected: Any) -> None:
    url, arn = queue(segue, "orders")
    rule(segue, {"source": ["shop"]}, {"Arn": arn, **target})
    put(segue, {"order": {"id": 7, "name": 'say "hi"'}})
    assert received(segue, url) == [expected]


def test_only_matching_rules_deliver_and_the_record_says_why_others_did_not(segue: Segue) -> None:
    url, arn = queue(segue, "orders")
    rule(segue, {"source": ["shop"], "detail": {"state": [{"prefix": "pend"}]}}, {"Arn": arn})
    put(segue, {"state": "done"})
    assert received(segue, url) == []
    (ignored,) = record(segue)
    assert ignored["status"] == "ignored"
    assert ignored["reason"] == 'no rule matches; rule: detail.state: [{"prefix": "pend"}] does not match "done"'


def test_a_disabled_rule_rests(segue: Segue) -> None:
    url, arn = queue(segue, "orders")
    rule(segue, {"source": ["shop"]}, {"Arn": arn})
    events = segue.client("events")
    events.disable_rule(Name="rule")
    put(segue, {})
    assert received(segue, url) == []
    events.enable_rule(Name="rule")
    put(segue, {})
    assert len(received(segue, url)) == 1


def test_a_change_of_a_rule_holds_for_the_next_event(segue: Segue) -> None:
    url, arn = queue(segue, "orders")
    rule(segue, {"source": ["shop"]}, {"Arn": arn})
    put(segue, {"n": 1})
    segue.client("events").put_rule(Name="rule", EventPattern='{"source": ["other"]}')
    put(segue, {"n": 2})
    put(segue, {"n": 3}, source="other")
    assert [event["detail"]["n"] for event in received(segue, url)] == [1, 3]


def test_entries_fail_one_by_one(segue: Segue) -> None:
    entries = [
        {"Source": "shop", "DetailType": "x", "Detail": "[]"},
        {"Source": "shop", "DetailType": "x", "Detail": "{}"},
        {"Source": "aws.shop", "DetailType": "x", "Detail": "{}"},
        {"DetailType": "x", "Detail": "{}"},
    ]
    answer = segue.client("events").put_events(Entries=entries)
    codes = [entry.get("ErrorCode") for entry in answer["Entries"]]
    assert codes == ["MalformedDetail", None, "NotAuthorizedForSourceException", "InvalidArgument"]
    assert answer["FailedEntryCount"] == 3


def test_too_much_at_once_is_refused(segue: Segue) -> None:
    detail = json.dumps({"x": "y" * 600_000})
    entries = [{"Source": "shop", "DetailType": "x", "Detail": detail}] * 2
    with pytest.raises(ClientError) as error:
        segue.client("events").put_events(Entries=entries)
    assert error.value.response["Error"]["Message"] == "Total size of the entries in the request is over the limit."


def test_a_target_that_is_gone_is_recorded_and_its_event_kept(segue: Segue) -> None:
    dead_url, dead_arn = queue(segue, "dead")
    gone = f"arn:aws:sqs:us-east-1:{ACCOUNT}:gone"
    rule(segue, {"source": ["shop"]}, {"Arn": gone, "DeadLetterConfig": {"Arn": dead_arn}})
    event_id = put(segue, {"n": 1})
    (hop,) = [hop for hop in record(segue) if hop["target"] == gone]
    assert (hop["status"], hop["subject"]) == ("dead-lettered", event_id)
    assert "does not exist" in hop["reason"]
    answer = segue.client("sqs").receive_message(QueueUrl=dead_url, MessageAttributeNames=["All"])
    (message,) = answer["Messages"]
    assert json.loads(message["Body"])["id"] == event_id
    assert message["MessageAttributes"]["TARGET_ARN"]["StringValue"] == gone
    assert message["MessageAttributes"]["RULE_ARN"]["StringValue"].endswith(":rule/rule")


def test_a_target_of_a_service_that_is_missing_is_recorded(segue: Segue) -> None:
    rule(segue, {"source": ["shop"]}, {"Arn": f"arn:aws:kinesis:us-east-1:{ACCOUNT}:stream/s", "RoleArn": "arn:x:y"})
    put(segue, {})
    (hop,) = record(segue)
    assert hop["status"] == "failed"
    assert "targets of the service 'kinesis'" in hop["reason"]


def test_an_event_for_a_bus_that_does_not_exist_is_dropped_but_recorded(segue: Segue) -> None:
    put(segue, {}, bus="nowhere")
    (hop,) = record(segue)
    assert hop["status"] == "dropped"
    assert hop["target"].endswith(":event-bus/nowhere")


def test_a_default_bus_is_there_from_the_beginning(segue: Segue) -> None:
    put(segue, {})
    (hop,) = record(segue)
    assert (hop["status"], hop["reason"]) == ("ignored", "the bus has no enabled rule with a pattern")


def test_a_bus_passes_events_on_and_a_circle_ends(segue: Segue) -> None:
    events = segue.client("events")
    arn = events.create_event_bus(Name="second")["EventBusArn"]
    url, queue_arn = queue(segue, "orders")
    rule(segue, {"source": ["shop"]}, {"Arn": arn})
    rule(segue, {"source": ["shop"]}, {"Arn": queue_arn}, bus="second", name="there")
    event_id = put(segue, {})
    assert [event["id"] for event in received(segue, url)] == [event_id]
    default = f"arn:aws:events:us-east-1:{ACCOUNT}:event-bus/default"
    rule(segue, {"source": ["shop"]}, {"Arn": default}, bus="second", name="back")
    put(segue, {})
    assert any("LoopDetected" in str(hop["reason"]) for hop in record(segue))


def test_an_event_gets_another_id_in_another_region(segue: Segue) -> None:
    there = segue.client("events", region="eu-west-1")
    arn = there.create_event_bus(Name="far")["EventBusArn"]
    url, queue_arn = queue(segue, "orders", "eu-west-1")
    there.put_rule(Name="there", EventBusName="far", EventPattern='{"source": ["shop"]}')
    there.put_targets(Rule="there", EventBusName="far", Targets=[{"Id": "1", "Arn": queue_arn}])
    rule(segue, {"source": ["shop"]}, {"Arn": arn})
    event_id = put(segue, {})
    (event,) = received(segue, url, "eu-west-1")
    assert event["id"] != event_id
    assert event["region"] == "us-east-1"


def test_a_log_group_gets_the_event_as_a_line(segue: Segue) -> None:
    logs = segue.client("logs")
    logs.create_log_group(logGroupName="/aws/events/all")
    rule(segue, {"source": ["shop"]}, {"Arn": f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:/aws/events/all"})
    event_id = put(segue, {"n": 1})
    (line,) = logs.filter_log_events(logGroupName="/aws/events/all")["events"]
    assert json.loads(line["message"])["id"] == event_id


def test_a_topic_passes_events_on(segue: Segue) -> None:
    url, queue_arn = queue(segue, "orders")
    sns = segue.client("sns")
    topic = sns.create_topic(Name="news")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue_arn, Attributes={"RawMessageDelivery": "true"})
    rule(segue, {"source": ["shop"]}, {"Arn": topic, "InputPath": "$.detail"})
    put(segue, {"n": 1})
    segue.settle()
    assert received(segue, url) == [{"n": 1}]


def test_schedules_fire_on_time_and_stop_when_disabled(segue: Segue) -> None:
    url, arn = queue(segue, "ticks")
    events = segue.client("events")
    rule_arn = events.put_rule(Name="tick", ScheduleExpression="rate(5 minutes)")["RuleArn"]
    events.put_targets(Rule="tick", Targets=[{"Id": "1", "Arn": arn}])
    segue.advance(minutes=4)
    assert received(segue, url) == []
    segue.advance(minutes=11)
    found = received(segue, url)
    assert [event["time"] for event in found] == [f"2023-11-14T22:{minute}:20Z" for minute in (18, 23, 28)]
    assert {event["detail-type"] for event in found} == {"Scheduled Event"}
    assert found[0]["resources"] == [rule_arn]
    events.disable_rule(Name="tick")
    segue.client("sqs").purge_queue(QueueUrl=url)
    segue.advance(hours=1)
    assert received(segue, url) == []


def test_enforced_a_bus_of_another_account_must_allow_it() -> None:
    with Segue(iam="enforce") as segue:
        there = segue.client("events", account="111111111111")
        arn = there.create_event_bus(Name="theirs")["EventBusArn"]
        iam = segue.client("iam")
        iam.create_user(UserName="ann")
        allowed = {"Effect": "Allow", "Action": "events:PutEvents", "Resource": arn}  # her side; it takes both
        document = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
        iam.put_user_policy(UserName="ann", PolicyName="own", PolicyDocument=document)
        key = iam.create_access_key(UserName="ann")["AccessKey"]
        mine = {"aws_access_key_id": key["AccessKeyId"], "aws_secret_access_key": key["SecretAccessKey"]}
        events = segue.client("events", **mine)
        entry = {"Source": "shop", "DetailType": "x", "Detail": "{}", "EventBusName": arn}
        with pytest.raises(ClientError) as error:
            events.put_events(Entries=[entry])
        assert error.value.response["Error"]["Code"] == "AccessDeniedException"
        there.put_permission(EventBusName="theirs", Action="events:PutEvents", Principal=ACCOUNT, StatementId="a")
        assert events.put_events(Entries=[entry])["FailedEntryCount"] == 0


def test_global_endpoints_are_refused(segue: Segue) -> None:
    entry = {"Source": "shop", "DetailType": "x", "Detail": "{}"}
    with pytest.raises(ClientError, match="EndpointId of events:PutEvents"):
        segue.client("events").put_events(Entries=[entry], EndpointId="abcde.veo")


def test_a_dead_letter_says_what_went_wrong(segue: Segue) -> None:
    url, dead = queue(segue, "dead")
    missing = f"arn:aws:sqs:us-east-1:{ACCOUNT}:none"
    rule(segue, {"source": ["shop"]}, {"Arn": missing, "DeadLetterConfig": {"Arn": dead}})
    put(segue, {"n": 1})
    sqs = segue.client("sqs")
    (message,) = sqs.receive_message(QueueUrl=url, MessageAttributeNames=["All"])["Messages"]
    attributes = {name: value["StringValue"] for name, value in message["MessageAttributes"].items()}
    assert attributes.pop("ERROR_MESSAGE")
    assert attributes == {
        "ERROR_CODE": "NO_RESOURCE",
        "RETRY_ATTEMPTS": "0",
        "RULE_ARN": f"arn:aws:events:us-east-1:{ACCOUNT}:rule/rule",
        "TARGET_ARN": missing,
    }


def test_what_a_transformer_makes_is_bounded(segue: Segue) -> None:
    url, dead = queue(segue, "dead")
    transformer = {"InputPathsMap": {"d": "$.detail"}, "InputTemplate": "<d>" * 100}
    target = {"Arn": queue(segue, "q")[1], "InputTransformer": transformer, "DeadLetterConfig": {"Arn": dead}}
    rule(segue, {"source": ["shop"]}, target)
    put(segue, {"text": "x" * 100_000})
    assert record(segue)[-1]["status"] == "dead-lettered"
    assert len(received(segue, url)) == 1
