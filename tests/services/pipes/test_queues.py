"""From queues, through pipes, to targets of all kinds."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from segue import jobs
from segue.testing import Segue
from tests.outside import Outside, Reply
from tests.services.pipes.house import ACCOUNT, ROLE, House

pytestmark = pytest.mark.both_stores

PASS = {"P": {"Type": "Pass", "End": True}}


@pytest.fixture
def house(segue: Segue) -> House:
    return House(segue)


@pytest.fixture
def outside() -> Iterator[Outside]:
    with Outside() as server:
        yield server


def test_a_message_becomes_a_message(house: House) -> None:
    source, target = house.queue("in"), house.queue("out")
    told = house.pipe(source, target)
    assert (told["CurrentState"], told["DesiredState"]) == ("CREATING", "RUNNING")
    assert house.pipes.describe_pipe(Name="p")["CurrentState"] == "RUNNING"
    house.send("in", {"n": 1.0})
    (event,) = house.bodies("out")
    assert (event["body"], event["eventSource"], event["eventSourceARN"]) == ('{"n": 1.0}', "aws:sqs", source)
    assert house.count("in") == 0
    assert house.hops() == [("sqs:SendMessageBatch", "delivered")]


def test_filters_look_into_bodies_and_delete_what_they_leave_out(house: House) -> None:
    criteria = {"FilterCriteria": {"Filters": [{"Pattern": '{"body": {"kind": ["a"]}}'}]}}
    house.pipe(house.queue("in"), house.queue("out"), SourceParameters=criteria)
    house.send("in", {"kind": "a"}, {"kind": "b"}, "no json")
    assert [json.loads(event["body"]) for event in house.bodies("out")] == [{"kind": "a"}]
    assert house.count("in") == 0


def test_templates(house: House) -> None:
    template = """{"who": <$.body.name>, "text": "Hi <$.body.name>, <$.body.age>", "all": <$.body>,
      "pipe": "<aws.pipes.pipe-name>", "at": <aws.pipes.event.ingestion-time>, "none": <$.body.none>,
      "src": "<aws.pipes.source-arn>", "to": "<aws.pipes.target-arn>", "raw": <aws.pipes.event.json>}"""
    source, target = house.queue("in"), house.queue("out")
    house.pipe(source, target, TargetParameters={"InputTemplate": template})
    house.send("in", {"name": 'A "B"', "age": 7})
    (event,) = house.bodies("out")
    assert event.pop("raw")["body"] == {"name": 'A "B"', "age": 7}
    assert event == {
        "who": 'A "B"',
        "text": 'Hi A "B", 7',
        "all": {"name": 'A "B"', "age": 7},
        "pipe": "p",
        "at": "2023-11-14T22:13:20Z",
        "none": "",
        "src": source,
        "to": target,
    }


def test_batches_gather_for_a_window(house: House) -> None:
    machine = house.machine("m", PASS, "STANDARD")
    parameters = {"SqsQueueParameters": {"BatchSize": 3, "MaximumBatchingWindowInSeconds": 20}}
    house.pipe(
        house.queue("in"),
        machine,
        SourceParameters=parameters,
        TargetParameters={
            "StepFunctionStateMachineParameters": {"InvocationType": "FIRE_AND_FORGET"},
            "InputTemplate": "<$.body>",
        },
    )
    house.send("in", 1, 2, 3, 4)
    house.segue.advance(minutes=2)
    states = house.segue.client("stepfunctions")
    inputs = [
        json.loads(states.describe_execution(executionArn=one["executionArn"])["input"])
        for one in states.list_executions(stateMachineArn=machine)["executions"]
    ]
    assert sorted(inputs, key=len) == [[4], [1, 2, 3]]


def test_an_express_workflow_enriches(house: House) -> None:
    enrich = {"E": {"Type": "Pass", "Parameters": {"greeting.$": "States.Format('Hi {}', $[0])"}, "End": True}}
    house.pipe(
        house.queue("in"),
        house.queue("out"),
        Enrichment=house.machine("e", enrich),
        EnrichmentParameters={"InputTemplate": "<$.body.name>"},
        TargetParameters={"InputTemplate": '{"said": <$.greeting>}'},
    )
    house.send("in", {"name": "Ann"})
    assert house.bodies("out") == [{"said": "Hi Ann"}]
    assert house.count("in") == 0


@pytest.mark.parametrize(("answer", "left"), [([], 0), ({}, 0), ("", 0), ([{}], 1), ([1, 2, 3], 3)])
def test_what_an_enrichment_answers_is_what_goes_on(house: House, answer: Any, left: int) -> None:
    enrich = {"E": {"Type": "Pass", "Result": answer, "End": True}}
    house.pipe(house.queue("in"), house.queue("out"), Enrichment=house.machine("e", enrich))
    house.send("in", "x")
    assert len(house.messages("out")) == left
    assert house.count("in") == 0


def test_what_fails_comes_again_until_the_queue_gives_it_up(house: House) -> None:
    dead = house.queue("dead")
    redrive = json.dumps({"deadLetterTargetArn": dead, "maxReceiveCount": 2})
    failing = {"F": {"Type": "Fail", "Error": "No", "Cause": "way"}}
    house.pipe(house.queue("in", RedrivePolicy=redrive, VisibilityTimeout="30"), house.machine("m", failing))
    house.send("in", "x")
    assert house.count("in") == 1
    house.segue.advance(minutes=3)
    assert house.count("in") == 0
    assert len(house.messages("dead")) == 1
    assert [hop for hop in house.hops() if hop[0] == "states:target"] == [("states:target", "failed")] * 2


def test_partial_failures_that_a_target_tells(house: House) -> None:
    tell = {"T": {"Type": "Pass", "Parameters": {"batchItemFailures": [{"itemIdentifier.$": "$[0].messageId"}]}}}
    tell["T"]["End"] = True  # type: ignore[assignment]
    parameters = {"SqsQueueParameters": {"BatchSize": 2, "MaximumBatchingWindowInSeconds": 5}}
    house.pipe(house.queue("in"), house.machine("m", tell), SourceParameters=parameters)
    house.send("in", 1, 2)
    house.segue.advance(10)
    assert sorted(house.hops()) == [
        ("stepfunctions:StartSyncExecution", "delivered"),
        ("stepfunctions:StartSyncExecution", "failed"),
    ]
    assert house.count("in") == 1


def test_partial_failures_of_a_batch_operation(house: House) -> None:
    batch = {"SqsQueueParameters": {"BatchSize": 2, "MaximumBatchingWindowInSeconds": 5}}
    bus = f"arn:aws:events:us-east-1:{ACCOUNT}:event-bus/default"
    template = {"InputTemplate": "<$.body>"}
    house.pipe(house.queue("in"), bus, SourceParameters=batch, TargetParameters=template)
    house.send("in", {"n": 1}, "no object")
    house.segue.advance(10)
    assert sorted(hop for hop in house.hops()) == [("events:PutEvents", "delivered"), ("events:PutEvents", "failed")]
    assert house.count("in") == 1


def test_a_queue_with_groups(house: House) -> None:
    parameters = {"MessageGroupId": "$.body.group", "MessageDeduplicationId": "$.messageId"}
    house.pipe(
        house.queue("in"),
        house.queue("out.fifo", FifoQueue="true"),
        TargetParameters={"InputTemplate": "<$.body>", "SqsQueueParameters": parameters},
    )
    house.send("in", {"group": "g"})
    (message,) = house.messages("out.fifo")
    assert message["Attributes"]["MessageGroupId"] == "g"
    assert json.loads(message["Body"]) == {"group": "g"}


def test_a_bus(house: House) -> None:
    events = house.segue.client("events")
    events.put_rule(Name="r", EventPattern='{"account": [{"prefix": ""}]}')
    events.put_targets(Rule="r", Targets=[{"Id": "1", "Arn": house.queue("out")}])
    bus = f"arn:aws:events:us-east-1:{ACCOUNT}:event-bus/default"
    parameters = {"Source": "$.body.from", "Resources": ["$.eventSourceARN"], "Time": "$.attributes.SentTimestamp"}
    house.pipe(
        house.queue("in"),
        bus,
        TargetParameters={"InputTemplate": '{"n": <$.body.n>}', "EventBridgeEventBusParameters": parameters},
    )
    house.pipe(house.queue("in2"), bus, "q")
    house.send("in", {"from": "shop", "n": 1})
    house.send("in2", "x")
    event, plain = house.bodies("out")
    assert (event["source"], event["detail-type"], event["detail"]) == ("shop", "Event from aws:sqs", {"n": 1})
    assert event["time"] == "2023-11-14T22:13:20Z"
    assert event["resources"] == [f"arn:aws:sqs:us-east-1:{ACCOUNT}:in"]
    assert (plain["source"], plain["detail"]["body"]) == ("Pipe q", "x")


def test_a_topic_and_a_log_group(house: House) -> None:
    sns, logs = house.segue.client("sns"), house.segue.client("logs")
    topic = sns.create_topic(Name="t")["TopicArn"]
    sns.subscribe(
        TopicArn=topic, Protocol="sqs", Endpoint=house.queue("out"), Attributes={"RawMessageDelivery": "true"}
    )
    logs.create_log_group(logGroupName="g")
    house.pipe(house.queue("a"), topic, "a", TargetParameters={"InputTemplate": "<$.body>"})
    log_parameters = {"LogStreamName": "$.body.stream", "Timestamp": "$.attributes.SentTimestamp"}
    house.pipe(
        house.queue("b"),
        f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:g",
        "b",
        TargetParameters={"InputTemplate": "<$.body>", "CloudWatchLogsParameters": log_parameters},
    )
    house.send("a", {"n": 1})
    house.send("b", {"stream": "s"})
    assert house.bodies("out") == [{"n": 1}]
    (entry,) = logs.get_log_events(logGroupName="g", logStreamName="s")["events"]
    assert json.loads(entry["message"]) == {"stream": "s"}
    assert entry["timestamp"] == 1_700_000_000_000


def test_api_destinations(house: House, outside: Outside) -> None:
    events = house.segue.client("events")
    key = {"ApiKeyAuthParameters": {"ApiKeyName": "X-Key", "ApiKeyValue": "k"}}
    made = events.create_connection(Name="c", AuthorizationType="API_KEY", AuthParameters=key)
    arns = [
        events.create_api_destination(
            Name=name,
            ConnectionArn=made["ConnectionArn"],
            InvocationEndpoint=f"{outside.url}/{name}/*",
            HttpMethod="POST",
            InvocationRateLimitPerSecond=1,
        )["ApiDestinationArn"]
        for name in ("more", "in")
    ]
    outside.answer = lambda sent: Reply(json.dumps({"more": json.loads(sent.body)}).encode())
    http = {"HttpParameters": {"PathParameterValues": ["$.body.n"]}, "InputTemplate": "<$.body>"}
    sent_on = {"HttpParameters": {"PathParameterValues": ["x"], "HeaderParameters": {"X-N": "$.more.n"}}}
    house.pipe(house.queue("in"), arns[1], Enrichment=arns[0], EnrichmentParameters=http, TargetParameters=sent_on)
    assert house.pipes.describe_pipe(Name="p")["SourceParameters"]["SqsQueueParameters"]["BatchSize"] == 1
    house.send("in", {"n": 1}, {"n": 2})
    assert len(outside.sent) == 2
    house.segue.advance(5)
    assert [sent.target for sent in outside.sent] == ["/more/1", "/in/x", "/more/2", "/in/x"]
    assert json.loads(outside.sent[1].body) == {"more": {"n": 1}}
    assert outside.sent[3].headers["x-n"] == "2"
    assert house.count("in") == 0


def test_logs(house: House) -> None:
    logs = house.segue.client("logs")
    logs.create_log_group(logGroupName="g")
    destination = {"LogGroupArn": f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:g"}
    configuration = {"CloudwatchLogsLogDestination": destination, "Level": "INFO", "IncludeExecutionData": ["ALL"]}
    house.pipe(house.queue("in"), house.queue("out"), LogConfiguration=configuration)
    failing = {"F": {"Type": "Fail", "Error": "No", "Cause": "way"}}
    error_level = {**configuration, "Level": "ERROR"}
    house.pipe(house.queue("bad"), house.machine("m", failing), "bad", LogConfiguration=error_level)
    house.send("in", "x")
    house.send("bad", "x")
    lines = {
        name: [json.loads(event["message"]) for event in logs.get_log_events(**where)["events"]]
        for name, where in (
            (name, {"logGroupName": "g", "logStreamName": f"pipes/{name}", "startFromHead": True})
            for name in ("p", "bad")
        )
    }
    assert [line["messageType"] for line in lines["p"]] == [
        "EXECUTION_STARTED",
        "TARGET_STAGE_ENTERED",
        "TARGET_STAGE_SUCCEEDED",
        "EXECUTION_SUCCEEDED",
    ]
    assert json.loads(lines["p"][0]["payload"])[0]["body"] == "x"
    assert [line["messageType"] for line in lines["bad"]] == [
        "TARGET_INVOCATION_FAILED",
        "TARGET_STAGE_FAILED",
        "EXECUTION_FAILED",
    ]
    assert "way" in lines["bad"][0]["error"]["message"]


def test_stopped_and_started(house: House) -> None:
    house.pipe(house.queue("in"), house.queue("out"), DesiredState="STOPPED")
    house.send("in", 1)
    assert house.messages("out") == []
    assert house.pipes.start_pipe(Name="p")["CurrentState"] == "STARTING"
    house.segue.settle()
    assert len(house.messages("out")) == 1
    assert house.pipes.stop_pipe(Name="p")["CurrentState"] == "STOPPING"
    house.send("in", 2)
    assert house.pipes.describe_pipe(Name="p")["CurrentState"] == "STOPPED"
    assert house.messages("out") == []
    assert house.pipes.delete_pipe(Name="p")["CurrentState"] == "DELETING"
    with pytest.raises(house.pipes.exceptions.NotFoundException):
        house.pipes.start_pipe(Name="p")


def test_role_is_asked_where_policies_are_enforced() -> None:
    with Segue(iam="enforce") as segue:
        house = House(segue)
        source, target = house.queue("in"), house.queue("out")
        told = house.pipe(source, target)
        assert told["CurrentState"] == "CREATING"
        shown = house.pipes.describe_pipe(Name="p")
        assert (shown["CurrentState"], "AccessDenied" in shown["StateReason"]) == ("CREATE_FAILED", True)
        iam = segue.client("iam")
        trusted = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "pipes.amazonaws.com"}}
        trust = json.dumps({"Version": "2012-10-17", "Statement": [trusted]})
        iam.create_role(RoleName="pipes", AssumeRolePolicyDocument=trust)
        allowed = {"Effect": "Allow", "Action": "sqs:*", "Resource": "*"}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
        iam.put_role_policy(RoleName="pipes", PolicyName="all", PolicyDocument=policy)
        house.pipes.update_pipe(Name="p", RoleArn=ROLE)
        house.send("in", 1)
        assert len(house.messages("out")) == 1


def test_what_a_template_makes_is_bounded(house: House) -> None:
    parameters = {"InputTemplate": "<$.body>" * 100}
    house.pipe(house.queue("in"), house.queue("out"), TargetParameters=parameters)
    house.send("in", "x" * 200_000)
    assert house.hops() == [("sqs:target", "failed")]


@pytest.mark.parametrize("name", ["in", "in.fifo"])
def test_what_became_visible_again_while_its_batch_waited_goes_through_once(house: House, name: str) -> None:
    attributes, more = {"VisibilityTimeout": "1"}, {}
    if name.endswith(".fifo"):
        attributes["FifoQueue"], more = "true", {"MessageGroupId": "g", "MessageDeduplicationId": "d"}
    house.pipe(house.queue(name, **attributes), house.queue("out"), DesiredState="STOPPED")
    arn = house.pipes.describe_pipe(Name="p")["Arn"]
    house.send(name, "once", **more)
    batches = []
    for _ in range(2):
        (message,) = house.sqs.receive_message(QueueUrl=house.url(name))["Messages"]
        record = json.dumps({"body": message["Body"]})
        batches.append([[message["MessageId"], message["ReceiptHandle"], "", record]])
        house.segue.advance(2)
    for batch in batches:
        payload = {"request_id": "r", "messages": batch}
        house.segue.transact(lambda tx, payload=payload: jobs.enqueue(tx, "pipes:batch", arn, payload))  # type: ignore[misc]
    house.segue.settle()
    gone = not name.endswith(".fifo")  # a FIFO queue lets nobody settle what is visible again
    assert house.bodies("out") == [{"body": "once"}] * gone
    assert house.count(name) == (not gone)
