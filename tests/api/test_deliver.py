"""Handing on: at once, again, to the dead-letter queue, or dropped; every outcome is recorded."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from segue.api import Call, Target, deliver
from segue.api.deliver import JOB, deliver_later, retry_delay_ms, run_delivery
from segue.api.deliveries import prune, since, trace_root
from segue.errors import AwsError
from segue.jobs import Again, Job, Outbound, queue
from tests.api.house import House

TOPIC = "arn:aws:sns:us-east-1:000000000000:t"
TARGET = Target(
    service="sns.amazonaws.com",
    source_arn=TOPIC,
    target_arn="arn:aws:sqs:eu-west-1:000000000000:q",
    operation="sqs:SendMessage",
    params={"QueueUrl": "http://here/000000000000/q", "MessageBody": "hello"},
    dead_letter_body="lost",
    subject="message-1",
)
DEAD = "arn:aws:sqs:us-west-2:000000000000:dead"
WITH_DEAD = replace(TARGET, dead_letter_arn=DEAD)
THROTTLED = AwsError("Throttled", "slow down", status=429)
MISSING = AwsError("QueueDoesNotExist", "there is none")


def failing(house: House, error: AwsError, *queues: str) -> None:
    house.failure = lambda url: error if url.rsplit("/", 1)[-1] in queues else None


def job_of(house: House) -> Job:
    (job,) = house.store.transact(lambda tx: queue.due(tx, 10))[0]
    assert isinstance(job, Job)
    return job


def test_it_arrives_in_the_senders_transaction_where_the_target_is() -> None:
    house = House()
    assert house.run(lambda call: deliver(call, TARGET)) is True
    assert house.kept("body, caller, trace") == [("hello", "sns.amazonaws.com eu-west-1", "Root=1-a;Sampled=1")]
    assert house.hops() == [("delivered", 1, TARGET.target_arn, "sqs:SendMessage", "")]


def test_with_a_role_it_is_the_roles_session_that_delivers() -> None:
    house = House()
    role = "arn:aws:iam::000000000000:role/path/forwarder"
    assert house.run(lambda call: deliver(call, replace(TARGET, role_arn=role)))
    assert house.kept("caller") == ["arn:aws:sts::000000000000:assumed-role/forwarder/t eu-west-1"]


def test_what_may_succeed_later_is_tried_again_and_leaves_nothing_behind() -> None:
    house = House()
    failing(house, THROTTLED, "q")
    assert house.run(lambda call: deliver(call, TARGET)) is False
    assert house.kept() == []
    house.clock.advance(1_000)
    job = job_of(house)
    assert job.kind == JOB
    again = house.run(lambda call: run_delivery(call, job))
    assert isinstance(again, Again)
    house.failure = lambda url: None
    assert house.run(lambda call: run_delivery(call, replace(job, attempts=2))) is None
    assert house.kept() == ["hello"]
    assert [(status, attempts) for status, attempts, *_ in house.hops()] == [
        ("retrying", 1),
        ("retrying", 2),
        ("delivered", 3),
    ]


@pytest.mark.parametrize(
    ("target", "error", "attempts", "age_ms"),
    [
        (TARGET, MISSING, 0, 0),
        (replace(TARGET, max_attempts=3), THROTTLED, 2, 0),
        (replace(TARGET, max_age_ms=60_000), THROTTLED, 1, 60_000),
    ],
    ids=["it cannot succeed", "too many attempts", "too old"],
)
@pytest.mark.parametrize("dead_letter", ["none", "kept", "missing"])
def test_what_cannot_be_delivered_goes_to_the_dead_letter_queue_or_is_dropped(
    target: Target, error: AwsError, attempts: int, age_ms: int, dead_letter: str
) -> None:
    house = House()
    failing(house, error, "q", *(["dead"] if dead_letter == "missing" else []))
    target = target if dead_letter == "none" else replace(target, dead_letter_arn=DEAD)
    if attempts == 0:
        assert house.run(lambda call: deliver(call, target)) is False
    else:
        job = Job(1, JOB, TOPIC, _plain(target), attempts, 0, house.clock.now_ms() - age_ms, "", 0)
        assert house.run(lambda call: run_delivery(call, job)) is None
    assert house.kept() == (["lost"] if dead_letter == "kept" else [])
    *before, (status, tries, where, _, reason) = house.hops()
    assert (status, tries, where) == (
        "dead-lettered" if dead_letter == "kept" else "dropped",
        attempts + 1,
        TARGET.target_arn,
    )
    assert reason == str(error)
    assert [hop[2] for hop in before] == ([DEAD] if dead_letter == "missing" else [])
    assert house.store.transact(lambda tx: tx.one("SELECT count(*) FROM jobs"))[0] == (0,)


def _plain(target: Target) -> dict[str, object]:
    from dataclasses import asdict

    return asdict(target)


def test_the_dead_letter_says_why() -> None:
    house = House()
    failing(house, MISSING, "q")
    seen: list[dict[str, object]] = []
    send = house.service.operations["SendMessage"]
    house.service.operations["SendMessage"] = replace(
        send, handler=lambda call, params: (seen.append(params), send.handler(call, params))[1]
    )
    attributes = {"RULE": "r", "EMPTY": ""}
    house.run(lambda call: deliver(call, replace(WITH_DEAD, dead_letter_attributes=attributes)))
    assert seen[-1]["MessageAttributes"] == {
        name: {"DataType": "String", "StringValue": value}
        for name, value in (
            *(("ERROR_CODE", "QueueDoesNotExist"), ("ERROR_MESSAGE", "there is none"), ("RULE", "r")),
            ("RETRY_ATTEMPTS", "0"),
        )
    }


@pytest.mark.parametrize(
    ("attempt", "least", "most"), [(1, 500, 1_000), (2, 1_000, 2_000), (9, 128_000, 256_000), (186, 150_000, 300_000)]
)
def test_delays_double_to_five_minutes(attempt: int, least: int, most: int) -> None:
    assert retry_delay_ms(attempt, jitter=lambda: 0.0) == least
    assert retry_delay_ms(attempt, jitter=lambda: 1.0) == most


@pytest.mark.parametrize(
    ("trace", "root"),
    [("Root=1-a;Parent=b;Sampled=1", "1-a"), ("Parent=b;Root=1-a", "1-a"), ("odd", "odd"), ("", "")],
)
def test_a_conversation_is_named_by_its_root(trace: str, root: str) -> None:
    assert trace_root(trace) == root


def test_the_record_is_read_in_pages_and_pruned_by_age() -> None:
    house = House()
    for _ in range(3):
        house.run(lambda call: deliver(call, TARGET))
        house.clock.advance(1_000)
    first, *rest = house.run(lambda call: since(call.tx, 0))
    assert (first["trace"], first["subject"], first["source"]) == ("1-a", "message-1", TOPIC)
    assert house.run(lambda call: since(call.tx, first["id"], 1)) == rest[:1]
    assert house.run(lambda call: prune(call.tx, int(first["at"]) + 1_000)) == 1
    assert house.run(lambda call: since(call.tx, 0)) == rest


def _leaving(house: House, settle: Any) -> None:
    """Sending leaves the building, after it has written something."""
    send = house.service.operations["SendMessage"]

    def handler(call: Call, params: dict[str, Any]) -> Outbound:
        send.handler(call, params)
        return Outbound("post:office", params["MessageBody"], settle)

    house.service.operations["SendMessage"] = replace(send, handler=handler)


def test_what_leaves_the_building_is_done_by_a_job() -> None:
    house = House()
    answers = [THROTTLED, {"MessageId": "id"}]

    def settle(call: Call, outcome: str) -> dict[str, Any]:
        assert (outcome, call.caller.service) == ("posted", "sns.amazonaws.com")
        answer = answers.pop(0)
        if isinstance(answer, AwsError):
            raise answer
        return answer

    _leaving(house, settle)
    assert house.run(lambda call: deliver(call, TARGET)) is False
    assert house.kept() == house.hops() == []
    job = job_of(house)
    first = house.run(lambda call: run_delivery(call, job))
    assert (first.effect, first.request, house.kept()) == ("post:office", "hello", ["hello"])
    again = house.run(lambda call: first.settle(call, "posted"))
    assert again.at_ms > house.clock.now_ms()
    second = house.run(lambda call: run_delivery(call, replace(job, attempts=2)))
    assert house.run(lambda call: second.settle(call, "posted")) is None
    assert [hop[:2] for hop in house.hops()] == [("retrying", 1), ("delivered", 2)]


def test_an_answer_that_tells_of_failed_entries_is_an_error() -> None:
    house = House()
    failed = {"FailedEntryCount": 1, "Entries": [{"ErrorCode": "MalformedDetail", "ErrorMessage": "no object"}]}
    send = house.service.operations["SendMessage"]
    house.service.operations["SendMessage"] = replace(send, handler=lambda call, params: failed)
    assert house.run(lambda call: deliver(call, TARGET)) is False
    assert [(hop[0], hop[4]) for hop in house.hops()] == [("dropped", "MalformedDetail: no object")]


def test_later_is_at_its_time() -> None:
    house = House()
    house.run(lambda call: deliver_later(call, TARGET, call.now_ms + 5_000))
    assert house.store.transact(lambda tx: queue.due(tx, 10))[0] == []
    house.clock.advance(5_000)
    job = job_of(house)
    assert house.run(lambda call: run_delivery(call, job)) is None
    assert house.hops()[0][:2] == ("delivered", 1)
