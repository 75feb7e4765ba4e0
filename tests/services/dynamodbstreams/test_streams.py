"""A table's stream over the wire: what is written to it, and how it is read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from segue.api import Api, Call, Caller
from segue.jobs import Pending
from segue.testing import Segue

pytestmark = pytest.mark.both_stores

KEYS = [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}]
NOW_SECONDS = 1_700_000_000


@pytest.fixture
def client(segue: Segue) -> Any:
    return segue.client("dynamodb")


@pytest.fixture
def streams(segue: Segue) -> Any:
    return segue.client("dynamodbstreams")


@pytest.fixture
def table(client: Any) -> Callable[..., str]:
    """Makes a table with keys ``pk`` (S) and ``sk`` (N) whose stream has a view; the stream's ARN."""

    def create(name: str = "things", view: str = "NEW_AND_OLD_IMAGES") -> str:
        description = client.create_table(
            TableName=name,
            AttributeDefinitions=[
                {"AttributeName": "pk", "AttributeType": "S"},
                {"AttributeName": "sk", "AttributeType": "N"},
            ],
            KeySchema=KEYS,
            BillingMode="PAY_PER_REQUEST",
            StreamSpecification={"StreamEnabled": True, "StreamViewType": view},
        )["TableDescription"]
        return str(description["LatestStreamArn"])

    return create


def item(pk: str, sk: int = 1, **more: Any) -> dict[str, Any]:
    return {"pk": {"S": pk}, "sk": {"N": str(sk)}, **more}


def iterator(streams: Any, arn: str, kind: str = "TRIM_HORIZON", **more: Any) -> str:
    (shard,) = streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]
    found = streams.get_shard_iterator(StreamArn=arn, ShardId=shard["ShardId"], ShardIteratorType=kind, **more)
    return str(found["ShardIterator"])


def records(streams: Any, arn: str, kind: str = "TRIM_HORIZON", **more: Any) -> list[dict[str, Any]]:
    found = streams.get_records(ShardIterator=iterator(streams, arn, kind, **more))["Records"]
    return list(found)


def told(found: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(record["eventName"], record["dynamodb"]["Keys"]["pk"]["S"]) for record in found]


def error_of(caught: pytest.ExceptionInfo[ClientError]) -> tuple[str, str]:
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


def test_a_record_says_what_became_of_an_item(client: Any, streams: Any, table: Callable[..., str]) -> None:
    arn = table()
    client.put_item(TableName="things", Item=item("a", v={"B": b"\x00"}))
    client.update_item(
        TableName="things", Key=item("a"), UpdateExpression="SET n = :n", ExpressionAttributeValues={":n": {"N": "1.0"}}
    )
    client.delete_item(TableName="things", Key=item("a"))
    inserted, modified, removed = records(streams, arn)
    assert inserted["eventName"] == "INSERT"
    assert (inserted["eventVersion"], inserted["eventSource"], inserted["awsRegion"]) == (
        "1.1",
        "aws:dynamodb",
        "us-east-1",
    )
    assert len(inserted["eventID"]) == 32
    change = inserted["dynamodb"]
    assert change["Keys"] == item("a")
    assert change["NewImage"] == item("a", v={"B": b"\x00"})
    assert "OldImage" not in change
    assert change["StreamViewType"] == "NEW_AND_OLD_IMAGES"
    assert change["ApproximateCreationDateTime"].timestamp() == NOW_SECONDS
    assert change["SizeBytes"] == 7 + 9
    assert modified["eventName"] == "MODIFY"
    assert modified["dynamodb"]["OldImage"] == item("a", v={"B": b"\x00"})
    assert modified["dynamodb"]["NewImage"] == item("a", v={"B": b"\x00"}, n={"N": "1"})
    assert removed["eventName"] == "REMOVE"
    assert "NewImage" not in removed["dynamodb"]
    numbers = [record["dynamodb"]["SequenceNumber"] for record in (inserted, modified, removed)]
    assert numbers == sorted(numbers)
    assert len(set(numbers)) == 3
    assert all("userIdentity" not in record for record in (inserted, modified, removed))


@pytest.mark.parametrize(
    ("view", "images"),
    [
        ("KEYS_ONLY", set()),
        ("NEW_IMAGE", {"NewImage"}),
        ("OLD_IMAGE", {"OldImage"}),
        ("NEW_AND_OLD_IMAGES", {"NewImage", "OldImage"}),
    ],
)
def test_views(client: Any, streams: Any, table: Callable[..., str], view: str, images: set[str]) -> None:
    arn = table(view=view)
    client.put_item(TableName="things", Item=item("a"))
    client.put_item(TableName="things", Item=item("a", v={"S": "x"}))
    change = records(streams, arn)[1]["dynamodb"]
    assert change["StreamViewType"] == view
    assert {"NewImage", "OldImage"} & change.keys() == images


def test_what_changes_nothing_leaves_no_record(client: Any, streams: Any, table: Callable[..., str]) -> None:
    arn = table()
    client.put_item(TableName="things", Item=item("a", tags={"SS": ["x", "y"]}))
    client.put_item(TableName="things", Item=item("a", tags={"SS": ["y", "x"]}))
    client.update_item(TableName="things", Key=item("a"), UpdateExpression="REMOVE nothing")
    client.delete_item(TableName="things", Key=item("b"))
    with pytest.raises(ClientError):
        client.delete_item(TableName="things", Key=item("a"), ConditionExpression="attribute_not_exists(pk)")
    assert told(records(streams, arn)) == [("INSERT", "a")]


def test_batches_and_transactions_write_records(client: Any, streams: Any, table: Callable[..., str]) -> None:
    arn = table()
    client.batch_write_item(RequestItems={"things": [{"PutRequest": {"Item": item(name)}} for name in "ab"]})
    client.transact_write_items(
        TransactItems=[
            {"Put": {"TableName": "things", "Item": item("c")}},
            {"Delete": {"TableName": "things", "Key": item("a")}},
            {
                "ConditionCheck": {
                    "TableName": "things",
                    "Key": item("b"),
                    "ConditionExpression": "attribute_exists(pk)",
                }
            },
        ]
    )
    missing = {"TableName": "things", "Key": item("x"), "ConditionExpression": "attribute_exists(pk)"}
    with pytest.raises(client.exceptions.TransactionCanceledException):
        client.transact_write_items(
            TransactItems=[{"Put": {"TableName": "things", "Item": item("d")}}, {"ConditionCheck": missing}]
        )
    assert told(records(streams, arn)) == [("INSERT", "a"), ("INSERT", "b"), ("INSERT", "c"), ("REMOVE", "a")]


def test_what_expires_is_deleted_by_the_service(
    segue: Segue, client: Any, streams: Any, table: Callable[..., str]
) -> None:
    arn = table()
    client.update_time_to_live(TableName="things", TimeToLiveSpecification={"Enabled": True, "AttributeName": "until"})
    client.put_item(TableName="things", Item=item("a", until={"N": str(NOW_SECONDS + 60)}))
    segue.advance(59)
    assert told(records(streams, arn)) == [("INSERT", "a")]
    segue.advance(2)
    assert "Item" not in client.get_item(TableName="things", Key=item("a"))
    removed = records(streams, arn)[1]
    assert removed["eventName"] == "REMOVE"
    assert removed["userIdentity"] == {"Type": "Service", "PrincipalId": "dynamodb.amazonaws.com"}
    assert removed["dynamodb"]["OldImage"]["until"] == {"N": str(NOW_SECONDS + 60)}


def test_iterators_of_all_types(client: Any, streams: Any, table: Callable[..., str]) -> None:
    arn = table()
    for name in "abc":
        client.put_item(TableName="things", Item=item(name))
    latest = iterator(streams, arn, "LATEST")
    second = records(streams, arn)[1]["dynamodb"]["SequenceNumber"]
    client.put_item(TableName="things", Item=item("d"))
    assert [key for _, key in told(records(streams, arn))] == list("abcd")
    assert [key for _, key in told(records(streams, arn, "AT_SEQUENCE_NUMBER", SequenceNumber=second))] == list("bcd")
    assert [key for _, key in told(records(streams, arn, "AFTER_SEQUENCE_NUMBER", SequenceNumber=second))] == ["c", "d"]
    page = streams.get_records(ShardIterator=latest, Limit=1)
    assert told(page["Records"]) == [("INSERT", "d")]
    page = streams.get_records(ShardIterator=page["NextShardIterator"])
    assert page["Records"] == []
    client.put_item(TableName="things", Item=item("e"))
    assert told(streams.get_records(ShardIterator=page["NextShardIterator"])["Records"]) == [("INSERT", "e")]


def test_pages(client: Any, streams: Any, table: Callable[..., str]) -> None:
    arn = table()
    for number in range(5):
        client.put_item(TableName="things", Item=item("a", number))
    seen, following = [], iterator(streams, arn)
    for _ in range(3):
        page = streams.get_records(ShardIterator=following, Limit=2)
        seen.append([int(record["dynamodb"]["Keys"]["sk"]["N"]) for record in page["Records"]])
        following = page["NextShardIterator"]
    assert seen == [[0, 1], [2, 3], [4]]


def test_a_page_ends_at_a_megabyte(client: Any, streams: Any, table: Callable[..., str]) -> None:
    arn = table(view="NEW_IMAGE")
    for number in range(4):
        client.put_item(TableName="things", Item=item("a", number, v={"S": "x" * 350_000}))
    page = streams.get_records(ShardIterator=iterator(streams, arn))
    assert len(page["Records"]) == 2
    assert len(streams.get_records(ShardIterator=page["NextShardIterator"])["Records"]) == 2


def test_records_are_kept_for_a_day(segue: Segue, client: Any, streams: Any, table: Callable[..., str]) -> None:
    arn = table()
    client.put_item(TableName="things", Item=item("old"))
    (old,) = records(streams, arn)
    segue.advance(hours=23, minutes=50)
    held = iterator(streams, arn, "AT_SEQUENCE_NUMBER", SequenceNumber=old["dynamodb"]["SequenceNumber"])
    client.put_item(TableName="things", Item=item("new"))
    segue.advance(minutes=12)
    assert told(records(streams, arn)) == [("INSERT", "new")]
    with pytest.raises(streams.exceptions.TrimmedDataAccessException):
        iterator(streams, arn, "AFTER_SEQUENCE_NUMBER", SequenceNumber=old["dynamodb"]["SequenceNumber"])
    with pytest.raises(streams.exceptions.TrimmedDataAccessException):
        streams.get_records(ShardIterator=held)
    segue.advance(hours=25)
    assert segue.transact(lambda tx: tx.all("SELECT 1 FROM stream_records")) == []


def test_an_idle_reader_is_not_told_that_something_is_gone(
    segue: Segue, client: Any, streams: Any, table: Callable[..., str]
) -> None:
    arn = table()
    following = iterator(streams, arn, "LATEST")
    for _ in range(3):
        for _ in range(50):
            segue.advance(minutes=14)
            following = streams.get_records(ShardIterator=following)["NextShardIterator"]
        client.put_item(TableName="things", Item=item(following))
        assert len(streams.get_records(ShardIterator=following)["Records"]) == 1


def test_iterators_expire(segue: Segue, streams: Any, table: Callable[..., str]) -> None:
    held = iterator(streams, table())
    segue.advance(minutes=15, seconds=1)
    with pytest.raises(streams.exceptions.ExpiredIteratorException):
        streams.get_records(ShardIterator=held)


def test_a_stream_ends_and_another_begins(segue: Segue, client: Any, streams: Any, table: Callable[..., str]) -> None:
    first = table()
    client.put_item(TableName="things", Item=item("a"))
    client.update_table(TableName="things", StreamSpecification={"StreamEnabled": False})
    description = client.describe_table(TableName="things")["Table"]
    assert "StreamSpecification" not in description
    assert description["LatestStreamArn"] == first
    client.put_item(TableName="things", Item=item("b"))
    described = streams.describe_stream(StreamArn=first)["StreamDescription"]
    assert described["StreamStatus"] == "DISABLED"
    assert described["Shards"][0]["SequenceNumberRange"].keys() == {"StartingSequenceNumber", "EndingSequenceNumber"}
    page = streams.get_records(ShardIterator=iterator(streams, first))
    assert told(page["Records"]) == [("INSERT", "a")]
    assert "NextShardIterator" not in page
    enabled = client.update_table(
        TableName="things", StreamSpecification={"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"}
    )["TableDescription"]
    second = enabled["LatestStreamArn"]
    assert second != first
    assert second.endswith(enabled["LatestStreamLabel"])
    client.put_item(TableName="things", Item=item("c"))
    assert told(records(streams, second)) == [("INSERT", "c")]
    client.delete_table(TableName="things")
    assert {each["StreamArn"] for each in streams.list_streams()["Streams"]} == {first, second}
    assert told(records(streams, second)) == [("INSERT", "c")]
    segue.advance(hours=26)
    assert streams.list_streams()["Streams"] == []


def test_streams_are_listed_and_described(streams: Any, table: Callable[..., str]) -> None:
    arns = [table(name) for name in ("one", "two")]
    assert [each["StreamArn"] for each in streams.list_streams()["Streams"]] == arns
    assert [each["TableName"] for each in streams.list_streams(TableName="two")["Streams"]] == ["two"]
    page = streams.list_streams(Limit=1)
    assert page["LastEvaluatedStreamArn"] == arns[0]
    rest = streams.list_streams(ExclusiveStartStreamArn=arns[0])
    assert [each["StreamArn"] for each in rest["Streams"]] == arns[1:]
    described = streams.describe_stream(StreamArn=arns[0])["StreamDescription"]
    assert described["StreamStatus"] == "ENABLED"
    assert described["KeySchema"] == KEYS
    assert described["StreamLabel"] == arns[0].rpartition("/")[2]
    assert described["CreationRequestDateTime"].timestamp() == NOW_SECONDS


def test_specifications_that_contradict_the_table(client: Any, table: Callable[..., str]) -> None:
    table()
    for wanted, words in (
        (
            {"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
            "Table already has an enabled stream: TableName: things",
        ),
        ({"StreamEnabled": False, "StreamViewType": "NEW_IMAGE"}, "a StreamViewType is given"),
    ):
        with pytest.raises(ClientError, match=words) as caught:
            client.update_table(TableName="things", StreamSpecification=wanted)
        assert error_of(caught)[0] == "ValidationException"
    client.update_table(TableName="things", StreamSpecification={"StreamEnabled": False})
    with pytest.raises(ClientError, match="no stream to disable"):
        client.update_table(TableName="things", StreamSpecification={"StreamEnabled": False})


def test_what_is_not_there(streams: Any, table: Callable[..., str]) -> None:
    arn = table()
    missing = f"{arn}0"
    with pytest.raises(streams.exceptions.ResourceNotFoundException):
        streams.describe_stream(StreamArn=missing)
    with pytest.raises(streams.exceptions.ResourceNotFoundException):
        streams.get_shard_iterator(StreamArn=arn, ShardId="shardId-" + "0" * 30, ShardIteratorType="LATEST")
    for token in ("nonsense", "WzFd"):
        with pytest.raises(ClientError) as caught:
            streams.get_records(ShardIterator=token)
        assert error_of(caught) == ("ValidationException", "Invalid ShardIterator")
    with pytest.raises(ClientError, match="Invalid SequenceNumber"):
        iterator(streams, arn, "AT_SEQUENCE_NUMBER", SequenceNumber="9" * 30)
    with pytest.raises(ClientError, match="SequenceNumber is required"):
        iterator(streams, arn, "AT_SEQUENCE_NUMBER")


def test_records_survive_a_restart(tmp_path: Any) -> None:
    with Segue(tmp_path) as segue:
        client = segue.client("dynamodb")
        arn = client.create_table(
            TableName="things",
            AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
            KeySchema=KEYS[:1],
            BillingMode="PAY_PER_REQUEST",
            StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
        )["TableDescription"]["LatestStreamArn"]
        client.put_item(TableName="things", Item={"pk": {"S": "a"}})
    with Segue(tmp_path) as segue:
        segue.client("dynamodb").put_item(TableName="things", Item={"pk": {"S": "b"}})
        assert told(records(segue.client("dynamodbstreams"), arn)) == [("INSERT", "a"), ("INSERT", "b")]


def inside(segue: Segue, operation: str, **params: Any) -> Any:
    """Perform an operation that services have among themselves."""
    api: Api = segue.server.api
    return segue.transact(lambda tx: Call(tx, Caller(), api, tx.now_ms).perform(f"dynamodbstreams:{operation}", params))


def test_services_read_from_a_checkpoint_on(segue: Segue, client: Any, table: Callable[..., str]) -> None:
    arn = table()
    oldest = inside(segue, "StartAt", StreamArn=arn, StartingPosition="TRIM_HORIZON")["Checkpoint"]
    waiting = inside(segue, "RecordsAfter", StreamArn=arn, Checkpoint=oldest)
    assert isinstance(waiting, Pending)
    assert len(waiting.keys) == 1
    client.put_item(TableName="things", Item=item("a", v={"L": [{"B": b"\x01"}, {"BS": [b"\x02"]}]}))
    latest = inside(segue, "StartAt", StreamArn=arn, StartingPosition="LATEST")["Checkpoint"]
    found = inside(segue, "RecordsAfter", StreamArn=arn, Checkpoint=oldest)
    (event,) = found["Records"]
    assert event["eventSourceARN"] == arn
    assert event["dynamodb"]["NewImage"]["v"] == {"L": [{"B": "AQ=="}, {"BS": ["Ag=="]}]}
    assert event["dynamodb"]["ApproximateCreationDateTime"] == 1_700_000_000.0
    assert found["Checkpoint"] == latest
    assert isinstance(inside(segue, "RecordsAfter", StreamArn=arn, Checkpoint=latest), Pending)


def test_lanes_divide_a_stream_by_partition_key(segue: Segue, client: Any, table: Callable[..., str]) -> None:
    arn = table()
    oldest = inside(segue, "StartAt", StreamArn=arn, StartingPosition="TRIM_HORIZON")["Checkpoint"]
    for number in range(3):
        for name in "abcdefgh":
            client.put_item(TableName="things", Item=item(name, number))
    seen: dict[str, set[int]] = {}
    for lane in range(3):
        found = inside(segue, "RecordsAfter", StreamArn=arn, Checkpoint=oldest, Lanes=3, Lane=lane)
        numbers: dict[str, list[int]] = {}
        for event in found["Records"]:
            keys = event["dynamodb"]["Keys"]
            seen.setdefault(keys["pk"]["S"], set()).add(lane)
            numbers.setdefault(keys["pk"]["S"], []).append(int(keys["sk"]["N"]))
        assert all(each == [0, 1, 2] for each in numbers.values())
        following = inside(segue, "RecordsAfter", StreamArn=arn, Checkpoint=found["Checkpoint"], Lanes=3, Lane=lane)
        assert isinstance(following, Pending)
    assert set(seen) == set("abcdefgh")
    assert all(len(lanes) == 1 for lanes in seen.values())
