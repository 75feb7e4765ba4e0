"""Streams of tables that feed functions."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from segue.errors import AwsError
from segue.jobs import queue
from segue.services import dynamodb, dynamodbstreams, s3
from segue.services.lambda_.invoke import throttled
from tests.services.lambda_.house import FunctionFailed, House

INVALID = "InvalidParameterValueException"
ARN = "arn:aws:lambda:us-east-1:000000000000:function:f"


@pytest.fixture
def house() -> Iterator[House]:
    """Functions, queues, topics, tables with their streams, buckets."""
    built = House(dynamodb.SERVICE, dynamodbstreams.SERVICE, s3.SERVICE)
    yield built
    built.close()


@pytest.fixture
def stream(house: House) -> str:
    """The stream of the table ``things``, whose partition key is ``pk``."""
    description = house.perform(
        "dynamodb:CreateTable",
        TableName="things",
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
    )["TableDescription"]
    return str(description["LatestStreamArn"])


def put(house: House, *names: str, **more: Any) -> None:
    for name in names:
        house.perform("dynamodb:PutItem", TableName="things", Item={"pk": {"S": name}, **more})


def create(house: House, stream: str, **params: Any) -> dict[str, Any]:
    defaults = {"FunctionName": "f", "StartingPosition": "TRIM_HORIZON"}
    return house.perform("lambda:CreateEventSourceMapping", EventSourceArn=stream, **{**defaults, **params})


def keys(event: Any) -> list[str]:
    return [record["dynamodb"]["Keys"]["pk"]["S"] for record in event["Records"]]


def batches(requests: list[Any]) -> list[list[str]]:
    return [keys(json.loads(request.payload)) for request in requests]


def fails_on(*bad: str) -> Callable[[Any], Any]:
    def behave(event: Any) -> Any:
        if set(bad) & set(keys(event)):
            raise FunctionFailed("poison")
        return event

    return behave


def reports(*bad: str) -> Callable[[Any], Any]:
    """Behaves as a function does that reports the records of these keys as failed."""

    def behave(event: Any) -> Any:
        failed = [
            each["dynamodb"]["SequenceNumber"] for each in event["Records"] if keys({"Records": [each]})[0] in bad
        ]
        return {"batchItemFailures": [{"itemIdentifier": number} for number in reversed(failed)]}

    return behave


def dead_letters(house: House, url: str) -> list[dict[str, Any]]:
    return [json.loads(message["Body"]) for message in house.receive(url)]


def test_records_reach_the_function_as_they_are_written(house: House, stream: str) -> None:
    house.create_function("f")
    mapping = create(house, stream, StartingPosition="LATEST")
    assert mapping["State"] == "Creating"
    assert house.run_jobs() == []
    put(house, "a", b={"B": b"\x00"}, n={"N": "1.50"})
    (request,) = house.run_jobs()
    (record,) = json.loads(request.payload)["Records"]
    assert record.pop("eventID")
    assert record["dynamodb"].pop("SequenceNumber")
    assert record == {
        "eventName": "INSERT",
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": "us-east-1",
        "dynamodb": {
            "ApproximateCreationDateTime": house.clock.now_ms() // 1000,
            "Keys": {"pk": {"S": "a"}},
            "NewImage": {"pk": {"S": "a"}, "b": {"B": "AA=="}, "n": {"N": "1.5"}},
            "SizeBytes": 3 + 3 + 2 + 3,
            "StreamViewType": "NEW_AND_OLD_IMAGES",
        },
        "eventSourceARN": stream,
    }
    put(house, "b", "c")
    assert batches(house.run_jobs()) == [["b", "c"]]
    assert {(hop["source"], hop["target"], hop["status"]) for hop in house.hops()} == {(stream, ARN, "delivered")}


def test_a_mapping_shows_its_settings(house: House, stream: str) -> None:
    house.create_function("f")
    created = create(house, stream)
    shown = house.perform("lambda:GetEventSourceMapping", UUID=created["UUID"])
    del shown["LastModified"]
    assert shown == {
        "UUID": created["UUID"],
        "EventSourceMappingArn": f"arn:aws:lambda:us-east-1:000000000000:event-source-mapping:{created['UUID']}",
        "EventSourceArn": stream,
        "FunctionArn": ARN,
        "StartingPosition": "TRIM_HORIZON",
        "BatchSize": 100,
        "MaximumBatchingWindowInSeconds": 0,
        "ParallelizationFactor": 1,
        "MaximumRecordAgeInSeconds": -1,
        "BisectBatchOnFunctionError": False,
        "MaximumRetryAttempts": -1,
        "TumblingWindowInSeconds": 0,
        "FunctionResponseTypes": [],
        "DestinationConfig": {"OnFailure": {}},
        "State": "Enabled",
        "StateTransitionReason": "User action",
        "LastProcessingResult": "No records processed",
    }
    put(house, "a")
    house.run_jobs()
    assert house.perform("lambda:GetEventSourceMapping", UUID=created["UUID"])["LastProcessingResult"] == "OK"


def test_positions(house: House, stream: str) -> None:
    house.create_function("f")
    house.create_function("g")
    put(house, "a", "b")
    create(house, stream)
    create(house, stream, FunctionName="g", StartingPosition="LATEST")
    put(house, "c")
    runs = {request.target.name: keys(json.loads(request.payload)) for request in house.run_jobs()}
    assert runs == {"f": ["a", "b", "c"], "g": ["c"]}


def test_batches_follow_each_other_in_order(house: House, stream: str) -> None:
    house.create_function("f")
    create(house, stream, BatchSize=2)
    put(house, *"abcde")
    (running,) = house.claim_jobs()
    assert house.claim_jobs() == []
    house.settle(running)
    assert batches(house.run_jobs()) == [["c", "d"], ["e"]]


def test_a_batch_under_way_when_the_server_dies_is_run_again(house: House, stream: str) -> None:
    house.create_function("f")
    create(house, stream)
    put(house, "a")
    (lost,) = house.claim_jobs()
    house.restart()
    put(house, "b")
    assert batches(house.run_jobs()) == [["a", "b"]]
    house.settle(lost)
    assert house.run_jobs() == []
    assert len(house.hops()) == 1


def test_a_failed_batch_blocks_what_follows_until_it_succeeds(house: House, stream: str) -> None:
    answers = [FunctionFailed("not now"), FunctionFailed("not now"), None, None]

    def behave(_: Any) -> Any:
        answer = answers.pop(0)
        if answer is not None:
            raise answer

    house.create_function("f", behave)
    uuid = create(house, stream, BatchSize=2)["UUID"]
    put(house, "a", "b")
    assert batches(house.run_jobs()) == [["a", "b"]]
    put(house, "c")
    result = house.perform("lambda:GetEventSourceMapping", UUID=uuid)["LastProcessingResult"]
    assert result == "PROBLEM: Function call failed"
    assert batches(house.advance(10)) == [["a", "b"], ["a", "b"], ["c"]]
    assert [hop["status"] for hop in house.hops()] == ["retrying", "retrying", "delivered", "delivered"]


def test_retries_come_to_an_end_and_are_told(house: House, stream: str) -> None:
    url, dead = house.create_queue("dead")
    house.create_function("f", fails_on("bad"))
    create(house, stream, MaximumRetryAttempts=2, DestinationConfig={"OnFailure": {"Destination": dead}})
    put(house, "bad", "b")
    assert batches(house.run_jobs()) == [["bad", "b"]]
    put(house, "c")
    assert batches(house.advance(30)) == [["bad", "b"], ["bad", "b"], ["c"]]
    (document,) = dead_letters(house, url)
    context = document["requestContext"]
    assert context["condition"] == "RetryAttemptsExhausted"
    assert context["approximateInvokeCount"] == 3
    assert context["functionArn"] == ARN
    assert context["requestId"] == house.invocations[2].request_id
    assert document["responseContext"] == {
        "statusCode": 200,
        "executedVersion": "$LATEST",
        "functionError": "Unhandled",
    }
    info = document["DDBStreamBatchInfo"]
    assert (info["batchSize"], info["streamArn"]) == (2, stream)
    assert info["startSequenceNumber"] < info["endSequenceNumber"]
    assert info["shardId"].startswith("shardId-")
    assert info["approximateArrivalOfFirstRecord"].endswith("Z")
    assert [hop["status"] for hop in house.hops()] == ["retrying", "retrying", "dead-lettered", "delivered"]


def test_a_bucket_gets_the_records_as_well(house: House, stream: str) -> None:
    house.perform("s3:CreateBucket", Bucket="given-up")
    house.create_function("f", fails_on("bad"))
    destination = {"OnFailure": {"Destination": "arn:aws:s3:::given-up"}}
    uuid = create(house, stream, MaximumRetryAttempts=0, DestinationConfig=destination)["UUID"]
    put(house, "bad")
    (request,) = house.run_jobs()
    (entry,) = house.perform("s3:ListObjectsV2", Bucket="given-up")["Contents"]
    assert entry["Key"].startswith(f"aws/lambda/{uuid}/shardId-")
    body = house.perform("s3:GetObject", Bucket="given-up", Key=entry["Key"])["Body"]
    document = json.loads(house.api.blobs.read_body(body, 1 << 20))
    assert document["payload"].encode() == request.payload
    assert document["DDBStreamBatchInfo"]["batchSize"] == 1


def test_bisection_finds_the_bad_record(house: House, stream: str) -> None:
    url, dead = house.create_queue("dead")
    house.create_function("f", fails_on("c"))
    put(house, *"abcdefg")
    create(
        house,
        stream,
        BisectBatchOnFunctionError=True,
        MaximumRetryAttempts=1,
        DestinationConfig={"OnFailure": {"Destination": dead}},
    )
    tried = batches(house.advance(10))
    assert ["".join(batch) for batch in tried] == ["abcdefg", "abc", "a", "bc", "b", "c", "c", "defg"]
    assert [each["DDBStreamBatchInfo"]["batchSize"] for each in dead_letters(house, url)] == [1]


def test_reported_failures_move_the_checkpoint_to_the_first_of_them(house: House, stream: str) -> None:
    house.create_function("f", reports("c", "d"))
    put(house, *"abcde")
    create(house, stream, FunctionResponseTypes=["ReportBatchItemFailures"], MaximumRetryAttempts=1)
    assert batches(house.advance(5)) == [list("abcde"), list("cde")]
    put(house, "f")
    assert batches(house.advance(5)) == [["f"]]
    (lost,) = [hop for hop in house.hops() if hop["status"] == "dropped"]
    assert "RetryAttemptsExhausted" in lost["reason"]


def test_reported_failures_with_bisection(house: House, stream: str) -> None:
    house.create_function("f", reports("c"))
    put(house, *"abcde")
    create(
        house,
        stream,
        FunctionResponseTypes=["ReportBatchItemFailures"],
        BisectBatchOnFunctionError=True,
        MaximumRetryAttempts=0,
    )
    assert ["".join(batch) for batch in batches(house.advance(5))] == ["abcde", "cde", "c", "de"]


def test_filters_leave_records_out(house: House, stream: str) -> None:
    house.create_function("f")
    pattern = json.dumps({"eventName": ["INSERT"], "dynamodb": {"NewImage": {"kind": {"S": ["wanted"]}}}})
    create(house, stream, FilterCriteria={"Filters": [{"Pattern": pattern}]}, BatchSize=2)
    put(house, "x", "y", kind={"S": "other"})
    assert house.run_jobs() == []
    put(house, "a", kind={"S": "wanted"})
    put(house, "x")
    put(house, "b", "c", kind={"S": "wanted"})
    put(house, "c", kind={"S": "wanted"}, more={"S": "modified"})
    assert batches(house.run_jobs()) == [["a", "b"], ["c"]]
    put(house, "y")
    assert house.run_jobs() == []


def test_a_window_gathers_until_the_batch_is_full_or_the_time_is_over(house: House, stream: str) -> None:
    house.create_function("f")
    create(house, stream, BatchSize=4, MaximumBatchingWindowInSeconds=10)
    put(house, *"abc")
    assert house.advance(9.5) == []
    assert batches(house.advance(0.5)) == [list("abc")]
    put(house, *"defghi")
    assert batches(house.run_jobs()) == [list("defg")]
    assert house.advance(9) == []
    assert batches(house.advance(1)) == [list("hi")]


def test_a_window_counts_what_passes_the_filters(house: House, stream: str) -> None:
    house.create_function("f")
    pattern = json.dumps({"dynamodb": {"Keys": {"pk": {"S": [{"prefix": "w"}]}}}})
    filters = {"Filters": [{"Pattern": pattern}]}
    create(house, stream, BatchSize=2, MaximumBatchingWindowInSeconds=10, FilterCriteria=filters)
    put(house, "a", "w1", "b", "c")
    assert house.run_jobs() == []
    put(house, "d", "w2", "w3")
    assert batches(house.run_jobs()) == [["w1", "w2"]]
    assert batches(house.advance(10)) == [["w3"]]


def test_what_becomes_too_old_is_given_up(house: House, stream: str) -> None:
    url, dead = house.create_queue("dead")
    house.create_function("f", fails_on("bad"))
    destination = {"OnFailure": {"Destination": dead}}
    create(house, stream, MaximumRecordAgeInSeconds=60, DestinationConfig=destination)
    put(house, "bad")
    house.advance(50)
    put(house, "good")
    before = len(house.invocations)
    assert batches(house.advance(40))[-1] == ["good"]
    assert house.advance(60) == []
    (document,) = dead_letters(house, url)
    assert document["requestContext"]["condition"] == "RecordAgeExceeded"
    assert document["requestContext"]["approximateInvokeCount"] == before
    assert "responseContext" not in document


def test_what_the_stream_forgets_is_recorded(house: House, stream: str) -> None:
    house.create_function("f", fails_on("bad"))
    create(house, stream)
    put(house, "bad")
    house.run_jobs()
    house.clock.advance(25 * 3_600_000)
    put(house, "good")
    assert batches(house.run_jobs()) == [["good"]]
    (lost,) = [hop for hop in house.hops() if hop["status"] == "dropped"]
    assert "older than their stream keeps them" in lost["reason"]


def test_throttled_batches_are_no_failures(house: House, stream: str) -> None:
    answers: list[Any] = [throttled("ConcurrentInvocationLimitExceeded")] * 3 + [None]

    def busy(_: Any) -> Any:
        answer = answers.pop(0)
        if answer is not None:
            raise answer

    house.create_function("f", busy)
    create(house, stream, MaximumRetryAttempts=0)
    put(house, "a")
    assert len(house.advance(10)) == 4
    assert [hop["status"] for hop in house.hops()] == ["delivered"]


def test_lanes_go_on_side_by_side_and_each_key_stays_in_order(house: House, stream: str) -> None:
    house.create_function("f")
    create(house, stream, ParallelizationFactor=4, BatchSize=1)
    names = "abcdefghijkl"
    for number in range(3):
        put(house, *names, n={"N": str(number)})
    assert len(house.claim_jobs()) == 4
    house.restart()
    seen: dict[str, list[int]] = {}
    for request in house.run_jobs(500):
        (record,) = json.loads(request.payload)["Records"]
        image = record["dynamodb"]["NewImage"]
        seen.setdefault(image["pk"]["S"], []).append(int(image["n"]["N"]))
    assert seen == {name: [0, 1, 2] for name in names}


def test_a_change_of_the_number_of_lanes_loses_nothing(house: House, stream: str) -> None:
    house.create_function("f")
    uuid = create(house, stream, ParallelizationFactor=3)["UUID"]
    put(house, *"abc")
    house.claim_jobs()
    house.perform("lambda:UpdateEventSourceMapping", UUID=uuid, ParallelizationFactor=1)
    put(house, "d")
    assert batches(house.run_jobs()) == [list("abcd")]
    assert house.rows("SELECT COUNT(*) FROM jobs WHERE kind = 'lambda:lane'") == [(1,)]


def test_disabled_and_deleted_mappings_stop_where_they_are(house: House, stream: str) -> None:
    house.create_function("f")
    uuid = create(house, stream)["UUID"]
    put(house, "a")
    (running,) = house.claim_jobs()
    house.perform("lambda:UpdateEventSourceMapping", UUID=uuid, Enabled=False)
    house.settle(running)
    put(house, "b")
    assert house.run_jobs() == []
    assert house.rows("SELECT COUNT(*) FROM jobs WHERE kind = 'lambda:lane'") == [(0,)]
    house.perform("lambda:UpdateEventSourceMapping", UUID=uuid, Enabled=True, BatchSize=7)
    assert batches(house.run_jobs()) == [["b"]]
    house.perform("lambda:DeleteEventSourceMapping", UUID=uuid)
    put(house, "c")
    assert house.run_jobs() == []
    assert house.rows("SELECT COUNT(*) FROM stream_lanes") == [(0,)]


def test_a_stream_that_is_gone_ends_its_mapping(house: House, stream: str) -> None:
    house.create_function("f")
    create(house, stream)
    put(house, "a")
    house.perform("dynamodb:DeleteTable", TableName="things")
    assert batches(house.run_jobs()) == [["a"]]
    house.clock.advance(26 * 3_600_000)
    house.store.transact(lambda tx: tx.run("DELETE FROM streams"))
    assert house.run_jobs() == []
    assert house._read(queue.next_due_ms) is None
    (hop,) = house.hops("dynamodb:GetRecords")
    assert (hop["status"], hop["source"]) == ("failed", stream)


@pytest.mark.parametrize(
    ("params", "code", "text"),
    [
        ({"StartingPosition": "AT_TIMESTAMP"}, INVALID, "Unsupported starting position for arn type: arn:aws:dynamodb"),
        ({"ScalingConfig": {"MaximumConcurrency": 5}}, INVALID, "not supported for DynamoDB event sources"),
        ({"ProvisionedPollerConfig": {"MinimumPollers": 5}}, INVALID, "not supported for DynamoDB event sources"),
        ({"MaximumRecordAgeInSeconds": 30}, INVALID, "at least 60"),
        ({"DestinationConfig": {"OnFailure": {"Destination": ARN}}}, INVALID, "destination config"),
        ({"FilterCriteria": {"Filters": [{"Pattern": "{"}]}}, INVALID, "Invalid filter pattern"),
        ({"FunctionName": "no"}, INVALID, "Function does not exist"),
    ],
)
def test_what_is_refused(house: House, stream: str, params: dict[str, Any], code: str, text: str) -> None:
    house.create_function("f")
    with pytest.raises(AwsError) as caught:
        create(house, stream, **params)
    assert (caught.value.code, text in caught.value.message) == (code, True), caught.value


def test_a_stream_and_a_position_are_needed(house: House, stream: str) -> None:
    house.create_function("f")
    with pytest.raises(AwsError, match="Value null at 'startingPosition'"):
        house.perform("lambda:CreateEventSourceMapping", FunctionName="f", EventSourceArn=stream)
    with pytest.raises(AwsError, match="Stream not found"):
        create(house, f"{stream}0")
