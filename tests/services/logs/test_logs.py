"""Groups, streams and events over the wire."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from segue.api import Call
from segue.api.caller import service_caller
from segue.errors import AwsError
from segue.testing import Segue

pytestmark = pytest.mark.both_stores

DAY_MS = 86_400_000


@pytest.fixture
def logs(segue: Segue) -> Any:
    return segue.client("logs")


@pytest.fixture
def stream(logs: Any) -> dict[str, str]:
    names = {"logGroupName": "/app", "logStreamName": "one"}
    logs.create_log_group(logGroupName="/app")
    logs.create_log_stream(**names)
    return names


def put(logs: Any, names: dict[str, str], *events: tuple[int, str]) -> Any:
    return logs.put_log_events(
        **names, logEvents=[{"timestamp": at_ms, "message": message} for at_ms, message in events]
    )


def messages(page: dict[str, Any]) -> list[str]:
    return [event["message"] for event in page["events"]]


def test_life_of_a_group(logs: Any) -> None:
    logs.create_log_group(logGroupName="/aws/lambda/f", tags={"team": "x"})
    with pytest.raises(logs.exceptions.ResourceAlreadyExistsException, match="The specified log group already exists"):
        logs.create_log_group(logGroupName="/aws/lambda/f")
    (group,) = logs.describe_log_groups(logGroupNamePrefix="/aws/lambda")["logGroups"]
    assert group["arn"] == "arn:aws:logs:us-east-1:000000000000:log-group:/aws/lambda/f:*"
    assert group["logGroupArn"] == "arn:aws:logs:us-east-1:000000000000:log-group:/aws/lambda/f"
    assert group["storedBytes"] == 0
    assert "retentionInDays" not in group
    assert logs.list_tags_for_resource(resourceArn=group["logGroupArn"])["tags"] == {"team": "x"}
    logs.put_retention_policy(logGroupName="/aws/lambda/f", retentionInDays=1)
    assert logs.describe_log_groups()["logGroups"][0]["retentionInDays"] == 1
    with pytest.raises(logs.exceptions.InvalidParameterException, match="enum value set"):
        logs.put_retention_policy(logGroupName="/aws/lambda/f", retentionInDays=2)
    logs.delete_log_group(logGroupName="/aws/lambda/f")
    assert logs.describe_log_groups()["logGroups"] == []
    with pytest.raises(logs.exceptions.ResourceNotFoundException, match="The specified log group does not exist"):
        logs.delete_log_group(logGroupName="/aws/lambda/f")


def test_groups_in_pages_and_by_pattern(logs: Any) -> None:
    for name in ("b/two", "a/one", "c/Three", "b/one"):
        logs.create_log_group(logGroupName=name)
    pages = logs.get_paginator("describe_log_groups").paginate(PaginationConfig={"PageSize": 2})
    assert [group["logGroupName"] for page in pages for group in page["logGroups"]] == [
        "a/one",
        "b/one",
        "b/two",
        "c/Three",
    ]
    found = logs.describe_log_groups(logGroupNamePattern="three")["logGroups"]
    assert [group["logGroupName"] for group in found] == ["c/Three"]


def test_streams_by_name_and_by_time(segue: Segue, logs: Any, stream: dict[str, str]) -> None:
    now_ms = segue.clock.now_ms()
    for at, name in enumerate(("b", "a", "c")):
        logs.create_log_stream(logGroupName="/app", logStreamName=name)
        put(logs, {"logGroupName": "/app", "logStreamName": name}, (now_ms + at, "x"))

    def names(**request: Any) -> list[str]:
        pages = logs.get_paginator("describe_log_streams").paginate(
            logGroupName="/app", PaginationConfig={"PageSize": 2}, **request
        )
        return [each["logStreamName"] for page in pages for each in page["logStreams"]]

    assert names() == ["a", "b", "c", "one"]
    assert names(descending=True) == ["one", "c", "b", "a"]
    assert names(orderBy="LastEventTime", descending=True) == ["c", "a", "b", "one"]
    assert names(logStreamNamePrefix="o") == ["one"]
    described = logs.describe_log_streams(logGroupName="/app", logStreamNamePrefix="a")["logStreams"][0]
    assert (described["firstEventTimestamp"], described["lastEventTimestamp"]) == (now_ms + 1, now_ms + 1)
    logs.delete_log_stream(logGroupName="/app", logStreamName="a")
    assert names() == ["b", "c", "one"]
    assert len(logs.filter_log_events(logGroupName="/app")["events"]) == 2


def test_a_stream_read_from_its_head(segue: Segue, logs: Any, stream: dict[str, str]) -> None:
    now_ms = segue.clock.now_ms()
    put(logs, stream, *[(now_ms + at // 2, f"m{at}") for at in range(7)])
    page = logs.get_log_events(**stream, startFromHead=True, limit=3)
    assert messages(page) == ["m0", "m1", "m2"]
    page = logs.get_log_events(**stream, nextToken=page["nextForwardToken"], limit=3)
    assert messages(page) == ["m3", "m4", "m5"]
    back = logs.get_log_events(**stream, nextToken=page["nextBackwardToken"], limit=2)
    assert messages(back) == ["m1", "m2"]
    page = logs.get_log_events(**stream, nextToken=page["nextForwardToken"], limit=3)
    assert messages(page) == ["m6"]
    end = logs.get_log_events(**stream, nextToken=page["nextForwardToken"])
    assert messages(end) == []
    assert end["nextForwardToken"] == page["nextForwardToken"], "the end answers the token that it was given"
    put(logs, stream, (now_ms + 10, "later"))
    assert messages(logs.get_log_events(**stream, nextToken=end["nextForwardToken"])) == ["later"]


def test_a_stream_read_from_its_tail(segue: Segue, logs: Any, stream: dict[str, str]) -> None:
    now_ms = segue.clock.now_ms()
    put(logs, stream, *[(now_ms + at, f"m{at}") for at in range(5)])
    page = logs.get_log_events(**stream, limit=2)
    assert messages(page) == ["m3", "m4"]
    page = logs.get_log_events(**stream, nextToken=page["nextBackwardToken"], limit=2)
    assert messages(page) == ["m1", "m2"]
    bounded = logs.get_log_events(**stream, startTime=now_ms + 1, endTime=now_ms + 3)
    assert messages(bounded) == ["m1", "m2"]


def test_rules_of_a_batch(segue: Segue, logs: Any, stream: dict[str, str]) -> None:
    now_ms = segue.clock.now_ms()
    with pytest.raises(logs.exceptions.InvalidParameterException, match="must be in chronological order"):
        put(logs, stream, (now_ms, "a"), (now_ms - 1, "b"))
    with pytest.raises(logs.exceptions.InvalidParameterException, match="cannot span more than 24 hours"):
        put(logs, stream, (now_ms - DAY_MS - 1, "a"), (now_ms, "b"))
    with pytest.raises(logs.exceptions.InvalidParameterException, match="Upload too large: 1048628 bytes exceeds"):
        put(logs, stream, (now_ms, "x" * 524_288), (now_ms, "y" * 524_288))
    with pytest.raises(logs.exceptions.ResourceNotFoundException, match="The specified log stream does not exist"):
        put(logs, {**stream, "logStreamName": "nope"}, (now_ms, "a"))
    assert messages(logs.get_log_events(**stream)) == []


def test_too_old_and_too_new(segue: Segue, logs: Any, stream: dict[str, str]) -> None:
    now_ms = segue.clock.now_ms()
    old = put(logs, stream, (now_ms - 15 * DAY_MS, "old"), (now_ms - 14 * DAY_MS - 1, "old"))
    assert old["rejectedLogEventsInfo"] == {"tooOldLogEventEndIndex": 2}
    new = put(logs, stream, (now_ms, "now"), (now_ms + 3 * 3_600_000, "new"))
    assert new["rejectedLogEventsInfo"] == {"tooNewLogEventStartIndex": 1}
    assert messages(logs.get_log_events(**stream)) == ["now"]
    assert "rejectedLogEventsInfo" not in put(logs, stream, (now_ms, "fine"))
    assert logs.describe_log_groups()["logGroups"][0]["storedBytes"] == 3 + 4 + 2 * 26


def test_filtering_a_group(segue: Segue, logs: Any, stream: dict[str, str]) -> None:
    now_ms = segue.clock.now_ms()
    two = {"logGroupName": "/app", "logStreamName": "two"}
    logs.create_log_stream(**two)
    put(logs, stream, (now_ms, "ERROR a"), (now_ms + 2, "INFO b"), (now_ms + 4, '{"level": "ERROR"}'))
    put(logs, two, (now_ms + 1, "ERROR c"), (now_ms + 3, "INFO d"))

    def found(**request: Any) -> list[str]:
        pages = logs.get_paginator("filter_log_events").paginate(
            logGroupName="/app", PaginationConfig={"PageSize": 2}, **request
        )
        return [event["message"] for page in pages for event in page["events"]]

    assert found() == ["ERROR a", "ERROR c", "INFO b", "INFO d", '{"level": "ERROR"}']
    assert found(filterPattern="ERROR") == ["ERROR a", "ERROR c", '{"level": "ERROR"}']
    assert found(filterPattern='{ $.level = "ERROR" }') == ['{"level": "ERROR"}']
    assert found(logStreamNames=["two"]) == ["ERROR c", "INFO d"]
    assert found(logStreamNamePrefix="o") == ["ERROR a", "INFO b", '{"level": "ERROR"}']
    assert found(startTime=now_ms + 1, endTime=now_ms + 3) == ["ERROR c", "INFO b", "INFO d"]
    arn = "arn:aws:logs:us-east-1:000000000000:log-group:/app"
    event = logs.filter_log_events(logGroupIdentifier=arn, limit=1)["events"][0]
    assert (event["logStreamName"], event["timestamp"], event["ingestionTime"]) == ("one", now_ms, now_ms)
    with pytest.raises(logs.exceptions.ResourceNotFoundException):
        found(logStreamNames=["nope"])
    with pytest.raises(logs.exceptions.InvalidParameterException, match="Only one of"):
        found(logStreamNames=["one"], logStreamNamePrefix="o")


def test_retention_forgets(segue: Segue, logs: Any, stream: dict[str, str]) -> None:
    now_ms = segue.clock.now_ms()
    put(logs, stream, (now_ms - 2 * DAY_MS, "old"))
    put(logs, stream, (now_ms, "new"))
    logs.put_retention_policy(logGroupName="/app", retentionInDays=1)
    assert messages(logs.filter_log_events(logGroupName="/app")) == ["new"]
    segue.settle()
    rows = segue.transact(lambda tx: tx.all("SELECT message FROM logs_events"))
    assert rows == [("new",)], "what is no longer shown is no longer stored"
    assert logs.describe_log_groups()["logGroups"][0]["storedBytes"] == 29
    expired = put(logs, stream, (now_ms - 2 * DAY_MS, "old"), (now_ms - DAY_MS, "kept"))["rejectedLogEventsInfo"]
    assert expired == {"expiredLogEventEndIndex": 1}
    segue.sleep(days=3)
    assert segue.transact(lambda tx: tx.all("SELECT message FROM logs_events")) == []


def test_services_make_what_is_missing(segue: Segue, logs: Any) -> None:
    def write(service: str, group: str) -> None:
        def unit(tx: Any) -> None:
            caller = service_caller(service, "arn:aws:lambda:us-east-1:000000000000:function:f")
            call = Call(tx, caller, segue.server.api, tx.now_ms)
            events = [{"timestamp": 0, "message": "hello"}]
            call.perform("logs:PutLogEvents", {"logGroupName": group, "logStreamName": "s", "logEvents": events})

        segue.transact(unit)

    write("lambda.amazonaws.com", "/aws/lambda/f")
    assert messages(logs.filter_log_events(logGroupName="/aws/lambda/f")) == ["hello"]
    with pytest.raises(AwsError, match="The specified log group does not exist"):
        write("events.amazonaws.com", "/missing")
    logs.create_log_group(logGroupName="/bus")
    write("events.amazonaws.com", "/bus")
    assert messages(logs.filter_log_events(logGroupName="/bus")) == ["hello"]


def test_a_subscription_is_delivered(segue: Segue, logs: Any, stream: dict[str, str]) -> None:
    destination = "arn:aws:lambda:us-east-1:000000000000:function:reader"
    logs.put_subscription_filter(
        logGroupName="/app", filterName="errors", filterPattern="ERROR", destinationArn=destination
    )
    assert logs.describe_subscription_filters(logGroupName="/app")["subscriptionFilters"][0]["filterName"] == "errors"
    put(logs, stream, (segue.clock.now_ms(), "ERROR x"), (segue.clock.now_ms(), "INFO y"))
    rows = segue.transact(lambda tx: tx.all("SELECT target, operation FROM deliveries"))
    assert (destination, "lambda:Invoke") in rows, "there is no such function: the record says so"
    logs.delete_subscription_filter(logGroupName="/app", filterName="errors")
    assert logs.describe_subscription_filters(logGroupName="/app")["subscriptionFilters"] == []
    with pytest.raises(ClientError) as caught:
        logs.put_subscription_filter(
            logGroupName="/app",
            filterName="k",
            filterPattern="",
            destinationArn="arn:aws:kinesis:us-east-1:000000000000:stream/s",
        )
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501


def test_policies_and_patterns(logs: Any) -> None:
    document = json.dumps({"Version": "2012-10-17", "Statement": []})
    logs.put_resource_policy(policyName="events", policyDocument=document)
    (policy,) = logs.describe_resource_policies()["resourcePolicies"]
    assert (policy["policyName"], policy["policyDocument"]) == ("events", document)
    logs.delete_resource_policy(policyName="events")
    assert logs.describe_resource_policies()["resourcePolicies"] == []
    matches = logs.test_metric_filter(filterPattern="b", logEventMessages=["a", "ab"])["matches"]
    assert [match["eventNumber"] for match in matches] == [2]
    with pytest.raises(ClientError) as caught:
        logs.start_query(startTime=0, endTime=1, queryString="x", logGroupName="/app")
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501


def test_following_as_the_cli_does(segue: Segue, logs: Any, stream: dict[str, str]) -> None:
    """``aws logs tail --follow`` filters from the latest time it has seen and leaves out the events it has shown."""
    shown: list[str] = []
    seen: set[str] = set()
    start = segue.clock.now_ms() - 600_000

    def look() -> None:
        nonlocal start
        request: dict[str, Any] = {"logGroupName": "/app", "interleaved": True, "startTime": start, "limit": 2}
        while True:
            page = logs.filter_log_events(**request)
            for event in page["events"]:
                if event["eventId"] not in seen:
                    seen.add(event["eventId"])
                    shown.append(event["message"])
                    start = max(start, event["timestamp"])
            if "nextToken" not in page:
                return
            request["nextToken"] = page["nextToken"]

    now_ms = segue.clock.now_ms()
    put(logs, stream, (now_ms, "a"), (now_ms, "b"), (now_ms, "c"))
    look()
    put(logs, stream, (now_ms, "d"))
    segue.advance(1)
    put(logs, stream, (segue.clock.now_ms(), "e"))
    look()
    assert shown == ["a", "b", "c", "d", "e"]
