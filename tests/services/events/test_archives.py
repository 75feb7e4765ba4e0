"""Archives, replays, connections and API destinations, by boto3."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from segue.api import Call, Caller
from segue.testing import Segue

pytestmark = pytest.mark.both_stores

BUS = "arn:aws:events:us-east-1:000000000000:event-bus/default"
ARCHIVE = "arn:aws:events:us-east-1:000000000000:archive/all"


@pytest.fixture
def events(segue: Segue) -> Any:
    return segue.client("events")


def now(segue: Segue) -> datetime:
    return datetime.fromtimestamp(segue.clock.now_ms() / 1000, UTC)


def put(events: Any, *numbers: int) -> None:
    for number in numbers:
        events.put_events(Entries=[{"Source": "shop", "DetailType": "x", "Detail": json.dumps({"n": number})}])


def listening_queue(segue: Segue, pattern: Any) -> str:
    url: str = segue.client("sqs").create_queue(QueueName="q")["QueueUrl"]
    events = segue.client("events")
    events.put_rule(Name="r", EventPattern=json.dumps(pattern))
    events.put_targets(Rule="r", Targets=[{"Id": "1", "Arn": "arn:aws:sqs:us-east-1:000000000000:q"}])
    return url


def test_a_long_archive_is_described_and_deleted_a_piece_at_a_time(segue: Segue, events: Any) -> None:
    def keep(tx: Any) -> None:
        sql = "INSERT INTO events_archived (id, archive_arn, at, event) VALUES (?, ?, ?, ?)"
        for number in range(3_000):
            tx.run(sql, tx.ids.ordered(tx.now_ms), ARCHIVE, tx.now_ms, f"{number:0100}")

    def left(tx: Any) -> int:
        return int(tx.one("SELECT COUNT(*) FROM events_archived")[0])

    def delete(tx: Any) -> int:
        call = Call(tx, Caller(host="localhost"), segue.server.api, tx.now_ms)
        call.perform("events:DeleteArchive", {"ArchiveName": "all"})
        return left(tx)

    events.create_archive(ArchiveName="all", EventSourceArn=BUS)
    segue.transact(keep)
    described = events.describe_archive(ArchiveName="all")
    assert (described["EventCount"], described["SizeBytes"]) == (3_000, 300_000)
    assert segue.transact(delete) == 2_500
    events.create_archive(ArchiveName="all", EventSourceArn=BUS)
    put(events, 1)
    segue.settle()
    assert segue.transact(left) == 1


def test_archived_events_come_again(segue: Segue, events: Any) -> None:
    events.create_archive(
        ArchiveName="all", EventSourceArn=BUS, EventPattern='{"detail": {"n": [{"numeric": ["<", 3]}]}}'
    )
    start = now(segue)
    put(events, 1, 2, 3)
    segue.advance(seconds=60)
    put(events, 0)
    assert events.describe_archive(ArchiveName="all")["EventCount"] == 3
    url = listening_queue(segue, {"replay-name": ["again"]})
    window = {"EventStartTime": start, "EventEndTime": start + timedelta(seconds=30)}
    started = events.start_replay(ReplayName="again", EventSourceArn=ARCHIVE, Destination={"Arn": BUS}, **window)
    assert started["State"] == "STARTING"
    segue.advance(seconds=1)
    described = events.describe_replay(ReplayName="again")
    assert described["State"] == "COMPLETED"
    assert described["EventLastReplayedTime"] == start
    messages = segue.client("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
    replayed = [json.loads(message["Body"]) for message in messages]
    assert [event["detail"]["n"] for event in replayed] == [1, 2]
    assert events.describe_archive(ArchiveName="all")["EventCount"] == 3, "what is replayed is not archived again"


def test_an_archive_forgets(segue: Segue, events: Any) -> None:
    events.create_archive(ArchiveName="all", EventSourceArn=BUS, RetentionDays=1)
    put(events, 1)
    segue.sleep(days=2)
    assert events.list_archives()["Archives"][0]["EventCount"] == 0


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"EventSourceArn": ARCHIVE + "2"},
            "Parameter EventSourceArn is not valid. Reason: Archive all2 does not exist.",
        ),
        (
            {"EventEndTime": datetime(2020, 1, 1, tzinfo=UTC)},
            "Parameter EventEndTime is not valid. Reason: EventStartTime must be before EventEndTime.",
        ),
        (
            {"Destination": {"Arn": "arn:aws:sqs:us-east-1:000000000000:q"}},
            "Parameter Destination.Arn is not valid. Reason: Must contain an event bus ARN.",
        ),
    ],
)
def test_replays_that_are_refused(events: Any, changes: dict[str, Any], message: str) -> None:
    events.create_archive(ArchiveName="all", EventSourceArn=BUS)
    params = {
        "ReplayName": "again",
        "EventSourceArn": ARCHIVE,
        "EventStartTime": datetime(2021, 1, 1, tzinfo=UTC),
        "EventEndTime": datetime(2022, 1, 1, tzinfo=UTC),
        "Destination": {"Arn": BUS},
    }
    with pytest.raises(ClientError) as error:
        events.start_replay(**{**params, **changes})
    assert error.value.response["Error"]["Message"] == message


def test_a_connection_never_tells_its_secrets(events: Any) -> None:
    arn = events.create_connection(
        Name="c",
        AuthorizationType="BASIC",
        AuthParameters={
            "BasicAuthParameters": {"Username": "ann", "Password": "hidden"},
            "InvocationHttpParameters": {
                "HeaderParameters": [
                    {"Key": "a", "Value": "open", "IsValueSecret": False},
                    {"Key": "b", "Value": "hidden", "IsValueSecret": True},
                ]
            },
        },
    )["ConnectionArn"]
    described = events.describe_connection(Name="c")
    assert "hidden" not in str(described)
    assert "open" in str(described)
    made = events.create_api_destination(
        Name="d", ConnectionArn=arn, InvocationEndpoint="https://example.com/x", HttpMethod="POST"
    )
    assert made["ApiDestinationState"] == "ACTIVE"
    assert events.list_api_destinations(ConnectionArn=arn)["ApiDestinations"][0]["InvocationRateLimitPerSecond"] == 300
    assert events.deauthorize_connection(Name="c")["ConnectionState"] == "DEAUTHORIZING"
    assert events.describe_connection(Name="c")["ConnectionState"] == "DEAUTHORIZED"
    events.delete_connection(Name="c")
    with pytest.raises(ClientError) as error:
        events.describe_connection(Name="c")
    message = "Failed to describe the connection(s). Connection 'c' does not exist."
    assert error.value.response["Error"]["Message"] == message


@pytest.mark.parametrize("authorization", ["BASIC", "API_KEY", "OAUTH_CLIENT_CREDENTIALS"])
def test_a_connection_needs_the_parameters_of_its_kind(events: Any, authorization: str) -> None:
    needed = {
        "BASIC": "BasicAuthParameters",
        "API_KEY": "ApiKeyAuthParameters",
        "OAUTH_CLIENT_CREDENTIALS": "OAuthParameters",
    }[authorization]
    with pytest.raises(ClientError) as error:
        events.create_connection(Name="c", AuthorizationType=authorization, AuthParameters={})
    assert error.value.response["Error"]["Code"] == "ValidationException"
    assert needed in error.value.response["Error"]["Message"]
    assert events.list_connections()["Connections"] == []


def test_what_is_older_than_its_archive_keeps_it_is_forgotten(segue: Segue, events: Any) -> None:
    events.create_archive(ArchiveName="all", EventSourceArn=BUS, RetentionDays=1)
    put(events, 1, 2)
    segue.advance(hours=23)
    put(events, 3)
    assert events.describe_archive(ArchiveName="all")["EventCount"] == 3
    segue.advance(hours=3)
    assert events.describe_archive(ArchiveName="all")["EventCount"] == 1
