"""Invocations at once and for later: retries, age, throttles, dead letters, destinations."""

from __future__ import annotations

import base64
import itertools
import json
from typing import Any

import pytest

from segue.api.caller import service_caller
from segue.errors import AwsError
from segue.services import s3
from segue.services.lambda_.invoke import throttled
from tests.services.lambda_.house import FunctionFailed, House, house

__all__ = ["house"]

ARN = "arn:aws:lambda:us-east-1:000000000000:function:f"


def fails(_: Any) -> Any:
    raise FunctionFailed("no luck")


def later(house: House, payload: bytes = b'{"a": 1.0}', name: str = "f") -> None:
    assert (
        house.perform("lambda:Invoke", FunctionName=name, InvocationType="Event", Payload=payload)["StatusCode"] == 202
    )


def test_at_once(house: House) -> None:
    house.create_function("f", lambda event: {"got": event})
    result = house.perform("lambda:Invoke", FunctionName="f", Payload=b'{"x": 1}', LogType="Tail")
    assert result == {
        "StatusCode": 200,
        "Payload": b'{"got": {"x": 1}}',
        "ExecutedVersion": "$LATEST",
        "LogResult": base64.b64encode(b"tail").decode(),
    }
    assert house.logged[0]["logGroupName"] == "/aws/lambda/f"
    assert [(hop["target"], hop["status"]) for hop in house.hops()] == [(ARN, "delivered")]


def test_a_function_error_is_an_answer_and_is_recorded(house: House) -> None:
    house.create_function("f", fails)
    result = house.perform("lambda:Invoke", FunctionName="f")
    assert (result["StatusCode"], result["FunctionError"]) == (200, "Unhandled")
    assert json.loads(result["Payload"])["errorMessage"] == "no luck"
    assert [(hop["status"], hop["reason"]) for hop in house.hops()] == [("failed", "FunctionFailed: no luck")]


def test_nothing_returned_is_null_and_nothing_given_an_empty_object(house: House) -> None:
    seen = []
    house.create_function("f", seen.append)
    assert house.perform("lambda:Invoke", FunctionName="f")["Payload"] == b"null"
    assert seen == [{}]


def test_the_clients_context_is_handed_on_decoded(house: House) -> None:
    house.create_function("f")
    context = base64.b64encode(b'{"client":\n{"x": 1}}').decode()
    house.perform("lambda:Invoke", FunctionName="f", ClientContext=context)
    assert house.invocations[0].client_context == '{"client": {"x": 1}}'
    for wrong in ("no base64", base64.b64encode(b"no json").decode()):
        with pytest.raises(AwsError, match="Client context must be"):
            house.perform("lambda:Invoke", FunctionName="f", ClientContext=wrong)


def test_a_dry_run_runs_nothing(house: House) -> None:
    house.create_function("f")
    assert house.perform("lambda:Invoke", FunctionName="f", InvocationType="DryRun")["StatusCode"] == 204
    assert house.invocations == []


@pytest.mark.parametrize(
    ("kind", "payload", "code"),
    [
        ("RequestResponse", b"{", "InvalidRequestContentException"),
        ("RequestResponse", b'"\xff"', "InvalidRequestContentException"),
        ("RequestResponse", b'"' + b"x" * 6_291_456 + b'"', "RequestEntityTooLargeException"),
        ("Event", b'"' + b"x" * 1_048_576 + b'"', "RequestEntityTooLargeException"),
    ],
)
def test_payloads_that_are_refused(house: House, kind: str, payload: bytes, code: str) -> None:
    house.create_function("f")
    with pytest.raises(AwsError) as caught:
        house.perform("lambda:Invoke", FunctionName="f", InvocationType=kind, Payload=payload)
    assert caught.value.code == code
    assert house.rows("SELECT COUNT(*) FROM jobs") == [(0,)]


def test_a_service_needs_a_permission(house: House) -> None:
    house.create_function("f")
    topic = service_caller("sns.amazonaws.com", "arn:aws:sns:us-east-1:000000000000:t")
    with pytest.raises(AwsError) as caught:
        house.perform("lambda:Invoke", topic, FunctionName="f", InvocationType="Event")
    assert caught.value.code == "AccessDeniedException"
    house.perform(
        "lambda:AddPermission",
        FunctionName="f",
        StatementId="s",
        Action="lambda:InvokeFunction",
        Principal="sns.amazonaws.com",
        SourceArn=topic.source_arn,
    )
    assert house.perform("lambda:Invoke", topic, FunctionName="f", InvocationType="Event")["StatusCode"] == 202
    assert len(house.run_jobs()) == 1


def test_success_goes_to_its_destination_as_awss_record(house: House) -> None:
    url, queue = house.create_queue("done")
    house.create_function("f", lambda event: None)
    destinations = {"OnSuccess": {"Destination": queue}}
    house.perform("lambda:PutFunctionEventInvokeConfig", FunctionName="f", DestinationConfig=destinations)
    later(house, b'{"a": 1.0, "b": 12345678901234567890123}')
    request = house.run_jobs()[0]
    (message,) = house.receive(url)
    assert '"requestPayload":{"a": 1.0, "b": 12345678901234567890123}' in message["Body"]
    assert json.loads(message["Body"]) == {
        "version": "1.0",
        "timestamp": "2023-11-14T22:13:20.000Z",
        "requestContext": {
            "requestId": request.request_id,
            "functionArn": f"{ARN}:$LATEST",
            "condition": "Success",
            "approximateInvokeCount": 1,
        },
        "requestPayload": {"a": 1.0, "b": 12345678901234567890123},
        "responseContext": {"statusCode": 200, "executedVersion": "$LATEST"},
        "responsePayload": None,
    }
    assert request.trace == "Root=1-a;Parent=b"


def test_failure_is_tried_after_one_minute_and_two_then_given_up(house: House) -> None:
    url, queue = house.create_queue("failed")
    dead_url, dead = house.create_queue("dead")
    house.create_function("f", fails, DeadLetterConfig={"TargetArn": dead})
    destinations = {"OnFailure": {"Destination": queue}}
    house.perform("lambda:PutFunctionEventInvokeConfig", FunctionName="f", DestinationConfig=destinations)
    later(house)
    assert len(house.run_jobs()) == 1
    assert house.advance(59) == []
    assert len(house.advance(1)) == 1
    assert house.advance(119) == []
    assert len(house.advance(1)) == 1
    assert house.advance(86_400) == []
    assert len({request.request_id for request in house.invocations}) == 1
    record = json.loads(house.receive(url)[0]["Body"])
    assert record["requestContext"]["condition"] == "RetriesExhausted"
    assert record["requestContext"]["approximateInvokeCount"] == 3
    assert record["responseContext"] == {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"}
    assert record["responsePayload"] == {"errorMessage": "no luck", "errorType": "FunctionFailed"}
    (message,) = house.receive(dead_url)
    assert message["Body"] == '{"a": 1.0}'
    attributes = {name: value["StringValue"] for name, value in message["MessageAttributes"].items()}
    assert attributes == {"RequestID": house.invocations[0].request_id, "ErrorCode": "200", "ErrorMessage": "no luck"}
    assert [hop["status"] for hop in house.hops()] == ["delivered", "retrying", "retrying", "dead-lettered"]


def test_a_bucket_keeps_what_failed() -> None:
    house = House(s3.SERVICE)
    house.perform("s3:CreateBucket", Bucket="failed")
    house.create_function("f", fails)
    bucket = {"Destination": "arn:aws:s3:::failed"}
    with pytest.raises(AwsError, match="destination config"):
        house.perform("lambda:PutFunctionEventInvokeConfig", FunctionName="f", DestinationConfig={"OnSuccess": bucket})
    house.perform(
        "lambda:PutFunctionEventInvokeConfig",
        FunctionName="f",
        MaximumRetryAttempts=0,
        DestinationConfig={"OnFailure": bucket},
    )
    later(house)
    house.run_jobs()
    (entry,) = house.perform("s3:ListObjectsV2", Bucket="failed")["Contents"]
    assert entry["Key"].startswith("aws/lambda/async/f/2023/11/14/2023-11-14T22.13.20-")
    body = house.perform("s3:GetObject", Bucket="failed", Key=entry["Key"])["Body"]
    record = json.loads(house.api.blobs.read_body(body, 1 << 20))
    assert record["requestContext"]["condition"] == "RetriesExhausted"
    house.close()


def test_no_retries_if_told_and_silence_is_recorded(house: House) -> None:
    house.create_function("f", fails)
    house.perform("lambda:PutFunctionEventInvokeConfig", FunctionName="f", MaximumRetryAttempts=0)
    later(house)
    assert len(house.advance(1_000)) == 1
    assert house.hops()[-1]["status"] == "failed"
    assert "no luck" in house.hops()[-1]["reason"]


def test_age_ends_retries(house: House) -> None:
    url, queue = house.create_queue("failed")
    house.create_function("f", fails)
    house.perform(
        "lambda:PutFunctionEventInvokeConfig",
        FunctionName="f",
        MaximumEventAgeInSeconds=100,
        DestinationConfig={"OnFailure": {"Destination": queue}},
    )
    later(house)
    assert len(house.advance(1_000)) == 2
    context = json.loads(house.receive(url)[0]["Body"])["requestContext"]
    assert (context["condition"], context["approximateInvokeCount"]) == ("EventAgeExceeded", 2)


def _throttled_for(house: House, seconds: int, events: int) -> dict[str, list[int]]:
    """When each of some events, that came at once to a function that is busy so long, was tried: milliseconds."""
    start_ms = house.clock.now_ms()
    tries: dict[str, list[int]] = {}

    def busy(event: Any) -> Any:
        tries.setdefault(event, []).append(house.clock.now_ms() - start_ms)
        if house.clock.now_ms() < start_ms + seconds * 1_000:
            raise throttled("ConcurrentInvocationLimitExceeded")
        return event

    house.create_function("f", busy)
    for number in range(events):
        later(house, f'"{number}"'.encode())
    house.advance(seconds + 301)
    return tries


def test_throttles_back_off_and_are_no_failures(house: House) -> None:
    (tries,) = _throttled_for(house, 3_600, 1).values()
    pauses = [after - before for before, after in itertools.pairwise(tries)]
    for number, pause in enumerate(pauses):
        longest = min(1_000 * 2**number, 300_000)
        assert longest / 2 <= pause <= longest
    assert tries[-1] >= 3_600_000 > tries[-2]  # far more often than a failure is tried


def test_events_that_were_throttled_together_do_not_come_back_together(house: House) -> None:
    tries = _throttled_for(house, 2, 50)
    assert len(tries) == 50
    again = [times[1] for times in tries.values()]
    assert len(set(again)) > 25
    assert max(again) - min(again) > 250
    twin = House()
    assert _throttled_for(twin, 2, 50) == tries  # chance is the store's: who repeats the run repeats this
    twin.close()


def test_reserved_concurrency_of_nothing_hands_events_on_at_once(house: House) -> None:
    dead_url, dead = house.create_queue("dead")
    house.create_function("f", DeadLetterConfig={"TargetArn": dead})
    house.perform("lambda:PutFunctionConcurrency", FunctionName="f", ReservedConcurrentExecutions=0)
    later(house)
    assert house.run_jobs() == []
    assert len(house.receive(dead_url)) == 1


def test_an_event_under_way_when_the_server_dies_is_run_again(house: House) -> None:
    url, queue = house.create_queue("done")
    house.create_function("f")
    destinations = {"OnSuccess": {"Destination": queue}}
    house.perform("lambda:PutFunctionEventInvokeConfig", FunctionName="f", DestinationConfig=destinations)
    later(house)
    (lost,) = house.claim_jobs()
    house.restart()
    (again,) = house.run_jobs()
    house.settle(lost)
    assert again.request_id == lost[1].request.request_id
    assert len(house.receive(url)) == 1


def test_a_function_deleted_meanwhile_drops_its_events_with_a_reason(house: House) -> None:
    house.create_function("f")
    later(house)
    house.perform("lambda:DeleteFunction", FunctionName="f")
    assert house.advance(10) == []
    assert (house.hops()[-1]["status"], "Function not found" in house.hops()[-1]["reason"]) == ("dropped", True)


def test_a_record_too_big_for_its_destination_loses_its_payloads(house: House) -> None:
    url, queue = house.create_queue("done")
    house.create_function("f")
    destinations = {"OnSuccess": {"Destination": queue}}
    house.perform("lambda:PutFunctionEventInvokeConfig", FunctionName="f", DestinationConfig=destinations)
    later(house, b'"' + b"x" * 600_000 + b'"')
    house.run_jobs()
    record = json.loads(house.receive(url)[0]["Body"])
    assert set(record) == {"version", "timestamp", "requestContext", "responseContext"}


def test_a_function_as_destination_of_another(house: House) -> None:
    seen: list[Any] = []
    house.create_function("f", lambda event: {"answer": 42})
    house.create_function("g", seen.append)
    destinations = {"OnSuccess": {"Destination": ARN[:-1] + "g"}}
    house.perform("lambda:PutFunctionEventInvokeConfig", FunctionName="f", DestinationConfig=destinations)
    later(house)
    house.run_jobs()
    assert seen[0]["responsePayload"] == {"answer": 42}


def test_environments_change_with_code_configuration_and_credentials(house: House) -> None:
    house.create_function("f")
    house.perform("lambda:Invoke", FunctionName="f")
    house.perform("lambda:Invoke", FunctionName="f")
    first, second = (request.target for request in house.invocations)
    assert first is second
    house.perform("lambda:UpdateFunctionConfiguration", FunctionName="f", Environment={"Variables": {"AB": "1"}})
    house.perform("lambda:Invoke", FunctionName="f")
    third = house.invocations[-1].target
    assert third.revision != first.revision
    assert third.environment == {"AB": "1"}
