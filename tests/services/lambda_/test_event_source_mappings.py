"""Queues that feed functions."""

from __future__ import annotations

import json
from typing import Any

import pytest

from segue.errors import AwsError
from segue.services.lambda_.invoke import throttled
from tests.services.lambda_.house import FunctionFailed, House, house

__all__ = ["house"]

INVALID = "InvalidParameterValueException"
ARN = "arn:aws:lambda:us-east-1:000000000000:function:f"


def send(house: House, url: str, *bodies: str) -> None:
    for body in bodies:
        house.perform("sqs:SendMessage", QueueUrl=url, MessageBody=body)


def bodies(requests: list[Any]) -> list[list[str]]:
    return [[record["body"] for record in json.loads(request.payload)["Records"]] for request in requests]


def left(house: House, url: str) -> int:
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    attributes = house.perform("sqs:GetQueueAttributes", QueueUrl=url, AttributeNames=names)["Attributes"]
    return sum(int(value) for value in attributes.values())


def create(house: House, queue: str, **params: Any) -> dict[str, Any]:
    return house.perform("lambda:CreateEventSourceMapping", FunctionName="f", EventSourceArn=queue, **params)


def test_messages_reach_the_function_and_are_deleted(house: House) -> None:
    url, queue = house.create_queue("q")
    house.create_function("f")
    mapping = create(house, queue, BatchSize=5)
    assert mapping["State"] == "Creating"
    assert house.perform("lambda:GetEventSourceMapping", UUID=mapping["UUID"])["State"] == "Enabled"
    assert house.run_jobs() == []
    send(house, url, *"1234567")
    assert bodies(house.run_jobs()) == [list("12345"), list("67")]
    assert left(house, url) == 0
    send(house, url, "8")
    (request,) = house.run_jobs()
    assert bodies([request]) == [["8"]]
    assert request.trace == "Root=1-a;Parent=b"
    assert {(hop["source"], hop["target"], hop["status"]) for hop in house.hops()} == {(queue, ARN, "delivered")}
    assert len(house.hops()) == 8


def test_several_batches_run_at_once_and_no_more_than_told(house: House) -> None:
    url, queue = house.create_queue("q")
    house.create_function("f")
    create(house, queue, BatchSize=1, ScalingConfig={"MaximumConcurrency": 3})
    send(house, url, *"12345")
    running = house.claim_jobs()
    assert len(running) == 3
    house.settle(running[0])
    assert len(house.claim_jobs()) == 1
    house.settle(running[1])
    assert len(house.claim_jobs()) == 1
    assert house.claim_jobs() == []


def test_reserved_concurrency_bounds_what_is_taken(house: House) -> None:
    url, queue = house.create_queue("q")
    house.create_function("f")
    house.perform("lambda:PutFunctionConcurrency", FunctionName="f", ReservedConcurrentExecutions=2)
    create(house, queue, BatchSize=1)
    send(house, url, *"12345")
    assert len(house.claim_jobs()) == 2


def test_provisioned_pollers_run_ten_batches_each(house: House) -> None:
    url, queue = house.create_queue("q")
    house.create_function("f")
    mapping = create(house, queue, BatchSize=1, ProvisionedPollerConfig={"MaximumPollers": 2})
    assert mapping["ProvisionedPollerConfig"] == {"MinimumPollers": 2, "MaximumPollers": 2}
    send(house, url, *map(str, range(25)))
    assert len(house.claim_jobs()) == 20
    changed = house.perform("lambda:UpdateEventSourceMapping", UUID=mapping["UUID"], ProvisionedPollerConfig={})
    assert "ProvisionedPollerConfig" not in changed


def test_a_failing_group_of_a_fifo_queue_blocks_itself_only(house: House) -> None:
    url, queue = house.create_queue("q.fifo", FifoQueue="true", ContentBasedDeduplication="true")

    def fails(event: Any) -> Any:
        if any(record["body"] == "a1" for record in event["Records"]):
            raise FunctionFailed("poison")

    house.create_function("f", fails)
    create(house, queue, BatchSize=1)
    for body in ("a1", "a2", "b1"):
        house.perform("sqs:SendMessage", QueueUrl=url, MessageBody=body, MessageGroupId=body[0])
    assert bodies(house.run_jobs()) == [["a1"], ["b1"]]
    house.perform("sqs:SendMessage", QueueUrl=url, MessageBody="b2", MessageGroupId="b")
    assert bodies(house.run_jobs()) == [["b2"]]
    house.behaviours["f"] = lambda event: None
    assert bodies(house.advance(31)) == [["a1"], ["a2"]]
    assert left(house, url) == 0


def test_what_a_fifo_batch_reports_comes_back_in_order(house: House) -> None:
    url, queue = house.create_queue("q.fifo", FifoQueue="true", ContentBasedDeduplication="true")

    def stops(event: Any) -> Any:
        ids = [record["messageId"] for record in event["Records"]]
        return {"batchItemFailures": [{"itemIdentifier": each} for each in ids[1:]]}

    house.create_function("f", stops)
    create(house, queue, FunctionResponseTypes=["ReportBatchItemFailures"])
    for body in "123":
        house.perform("sqs:SendMessage", QueueUrl=url, MessageBody=body, MessageGroupId="g")
    assert bodies(house.run_jobs()) == [["1", "2", "3"]]
    assert bodies(house.advance(61)) == [["2", "3"], ["3"]]


def test_failures_come_back_and_end_in_the_dead_letter_queue(house: House) -> None:
    dead_url, dead = house.create_queue("dead")
    policy = json.dumps({"deadLetterTargetArn": dead, "maxReceiveCount": 2})
    url, queue = house.create_queue("q", RedrivePolicy=policy, VisibilityTimeout="30")

    def fails(_: Any) -> Any:
        raise FunctionFailed("no luck")

    house.create_function("f", fails)
    create(house, queue)
    send(house, url, "x")
    assert len(house.advance(29)) == 1
    assert len(house.advance(2)) == 1
    assert house.advance(120) == []
    assert [message["Body"] for message in house.receive(dead_url)] == ["x"]
    assert {(hop["status"], hop["reason"]) for hop in house.hops()} == {("failed", "FunctionFailed: no luck")}


def test_only_reported_failures_come_back(house: House) -> None:
    url, queue = house.create_queue("q")

    def partly(event: Any) -> Any:
        failures = [record["messageId"] for record in event["Records"] if record["body"] == "bad"]
        return {"batchItemFailures": [{"itemIdentifier": failure} for failure in failures]}

    house.create_function("f", partly)
    create(house, queue, FunctionResponseTypes=["ReportBatchItemFailures"])
    send(house, url, "good", "bad", "fine")
    assert bodies(house.run_jobs()) == [["good", "bad", "fine"]]
    assert left(house, url) == 1
    assert bodies(house.advance(31)) == [["bad"]]


def test_without_the_response_type_the_answer_means_nothing(house: House) -> None:
    url, queue = house.create_queue("q")
    house.create_function("f", lambda event: {"batchItemFailures": [{"itemIdentifier": "unknown"}]})
    create(house, queue)
    send(house, url, "x")
    house.run_jobs()
    assert left(house, url) == 0


def test_filtered_messages_are_deleted_unseen(house: House) -> None:
    url, queue = house.create_queue("q")
    house.create_function("f")
    create(house, queue, FilterCriteria={"Filters": [{"Pattern": '{"body": {"kind": ["a"]}}'}]})
    send(house, url, '{"kind": "a"}', '{"kind": "b"}', "text")
    assert bodies(house.run_jobs()) == [['{"kind": "a"}']]
    assert left(house, url) == 0


def test_a_window_gathers_until_the_batch_is_full_or_the_time_is_over(house: House) -> None:
    url, queue = house.create_queue("q", VisibilityTimeout="120")
    house.create_function("f")
    create(house, queue, BatchSize=12, MaximumBatchingWindowInSeconds=10)
    send(house, url, *"123")
    assert house.advance(9.5) == []
    assert bodies(house.advance(0.5)) == [list("123")]
    send(house, url, *"abcdefghijklmn")
    assert bodies(house.run_jobs()) == [list("abcdefghijkl")]
    assert bodies(house.advance(10)) == [list("mn")]
    assert left(house, url) == 0


def test_throttled_batches_are_tried_again(house: House) -> None:
    url, queue = house.create_queue("q")
    answers: list[Any] = [throttled("ConcurrentInvocationLimitExceeded"), None]

    def busy(_: Any) -> Any:
        answer = answers.pop(0)
        if answer is not None:
            raise answer

    house.create_function("f", busy)
    create(house, queue)
    send(house, url, "x")
    assert len(house.run_jobs()) == 1
    assert len(house.advance(1)) == 1
    assert left(house, url) == 0


def test_disabled_and_deleted_mappings_stop(house: House) -> None:
    url, queue = house.create_queue("q")
    house.create_function("f")
    uuid = create(house, queue)["UUID"]
    assert house.perform("lambda:UpdateEventSourceMapping", UUID=uuid, Enabled=False)["State"] == "Disabling"
    send(house, url, "x")
    assert house.advance(60) == []
    assert house.perform("lambda:UpdateEventSourceMapping", UUID=uuid, Enabled=True)["State"] == "Enabling"
    assert len(house.run_jobs()) == 1
    assert house.perform("lambda:DeleteEventSourceMapping", UUID=uuid)["State"] == "Deleting"
    send(house, url, "y")
    assert house.advance(60) == []
    assert house.rows("SELECT COUNT(*) FROM jobs WHERE kind = 'lambda:poll'") == [(0,)]
    with pytest.raises(AwsError, match="ResourceNotFoundException"):
        house.perform("lambda:GetEventSourceMapping", UUID=uuid)


def test_trouble_is_told_once_and_mended(house: House) -> None:
    url, queue = house.create_queue("q")
    house.create_function("f")
    create(house, queue)
    house.run_jobs()
    house.perform("sqs:DeleteQueue", QueueUrl=url)
    house.advance(120)
    (hop,) = house.hops("sqs:ReceiveMessage")
    assert (hop["status"], "QueueDoesNotExist" in hop["reason"]) == ("retrying", True)
    url, queue = house.create_queue("q")
    send(house, url, "x")
    assert len(house.advance(30)) == 1


@pytest.mark.parametrize(
    ("params", "code", "text"),
    [
        ({"FunctionName": "no"}, INVALID, "Function does not exist"),
        (
            {"EventSourceArn": "arn:aws:sqs:us-east-1:000000000000:no"},
            INVALID,
            "NonExistentQueue",
        ),
        ({"EventSourceArn": "arn:aws:kinesis:us-east-1:000000000000:stream/s"}, "NotImplemented", "kinesis"),
        ({"EventSourceArn": "arn:aws:s3:::b"}, INVALID, "Unrecognized event source"),
        ({"BatchSize": 11}, INVALID, "Maximum batch window in seconds must be greater than 0"),
        (
            {"FilterCriteria": {"Filters": [{"Pattern": "{"}]}},
            INVALID,
            "Invalid filter pattern",
        ),
        ({"StartingPosition": "LATEST"}, INVALID, "StartingPosition"),
        ({"FilterCriteria": {"Filters": [{"Pattern": "{}"}] * 11}}, INVALID, "number of filters"),
        ({"ProvisionedPollerConfig": {"MaximumPollers": 1}}, INVALID, "at least 2"),
        ({"ProvisionedPollerConfig": {"MinimumPollers": 9, "MaximumPollers": 5}}, INVALID, "cannot be greater"),
        (
            {"ProvisionedPollerConfig": {"MaximumPollers": 5}, "ScalingConfig": {"MaximumConcurrency": 5}},
            INVALID,
            "cannot be configured together",
        ),
    ],
)
def test_what_is_refused(house: House, params: dict[str, Any], code: str, text: str) -> None:
    _, queue = house.create_queue("q")
    house.create_function("f")
    with pytest.raises(AwsError) as caught:
        house.perform("lambda:CreateEventSourceMapping", **{"FunctionName": "f", "EventSourceArn": queue, **params})
    assert (caught.value.code, text in caught.value.message) == (code, True), caught.value


def test_a_queue_must_hide_messages_for_as_long_as_the_function_may_run(house: House) -> None:
    _, queue = house.create_queue("q")
    house.create_function("f", Timeout=31)
    with pytest.raises(AwsError) as caught:
        create(house, queue)
    assert caught.value.message == "Queue visibility timeout: 30 seconds is less than Function timeout: 31 seconds"


def test_one_mapping_for_a_queue_and_a_function(house: House) -> None:
    _, queue = house.create_queue("q")
    house.create_function("f")
    uuid = create(house, queue)["UUID"]
    with pytest.raises(AwsError, match=f"mapping already exists.*{uuid}"):
        create(house, queue)
    listed = house.perform("lambda:ListEventSourceMappings", FunctionName="f")["EventSourceMappings"]
    assert [mapping["UUID"] for mapping in listed] == [uuid]
    assert house.perform("lambda:ListEventSourceMappings", EventSourceArn=queue + "x") == {"EventSourceMappings": []}


def test_a_made_up_conversation_goes_on_though_clients_do_not_see_its_header(house: House) -> None:
    url, queue = house.create_queue("q")
    house.trace = "Root=1-made-up"
    house.create_function("f")
    create(house, queue)
    send(house, url, "x")
    (request,) = house.run_jobs()
    assert request.trace == "Root=1-made-up"
    assert "AWSTraceHeader" not in json.loads(request.payload)["Records"][0]["attributes"]
    assert {hop["trace"] for hop in house.hops()} == {"1-made-up"}


def test_a_batch_under_way_when_the_server_dies_is_run_again(house: House) -> None:
    url, queue = house.create_queue("q")
    house.create_function("f")
    create(house, queue)
    send(house, url, "x")
    (lost,) = house.claim_jobs()
    house.restart()
    assert bodies(house.run_jobs()) == [["x"]]
    assert left(house, url) == 0
    house.settle(lost)
    assert len(house.hops()) == 1
