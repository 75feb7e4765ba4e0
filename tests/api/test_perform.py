"""The one door: found, validated, authorized, handled."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.api import Caller
from segue.api.caller import role_caller, service_caller
from segue.api.paginate import decode_token, encode_token
from segue.api.tags import add_tags, drop_tags, remove_tags, tags_of
from segue.errors import AwsError
from tests.api.house import QUEUE, House

USER = "arn:aws:iam::000000000000:user/ann"
ROLE = "arn:aws:iam::000000000000:role/worker"
TOPIC = "arn:aws:sns:us-east-1:000000000000:t"
SEND = {"QueueUrl": "http://here/000000000000/q", "MessageBody": "hello"}

ann = Caller(kind="user", arn=USER)
stranger = Caller(account="999999999999", kind="user", arn="arn:aws:iam::999999999999:user/eve")
topic = service_caller("sns.amazonaws.com", TOPIC)
session = role_caller(ROLE, "run", "us-east-1")


def document(effect: str, action: str = "sqs:SendMessage", **more: Any) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": [{"Effect": effect, "Action": action, "Resource": QUEUE, **more}]}


@pytest.mark.parametrize(
    ("name", "names"),
    [
        ("sqs:PurgeQueue", "sqs:PurgeQueue"),
        ("sqs:Nonsense", "sqs:Nonsense"),
        ("s3:PutObject", "s3:PutObject"),
        ("odd", "odd"),
    ],
)
def test_what_is_not_implemented_is_501_and_named(name: str, names: str) -> None:
    with pytest.raises(AwsError) as refused:
        House().run(lambda call: call.perform(name, {}))
    assert (refused.value.status, refused.value.code, refused.value.retryable) == (501, "NotImplemented", False)
    assert names in refused.value.message


def test_input_is_validated_before_anything_happens() -> None:
    house = House()
    with pytest.raises(AwsError) as refused:
        house.run(lambda call: call.perform("sqs:SendMessage", {"MessageBody": "hello"}))
    assert refused.value.status == 400
    assert "QueueUrl" in refused.value.message
    assert house.kept() == []


def test_a_nested_call_keeps_authority_cause_and_transaction() -> None:
    house = House()
    house.run(lambda call: call.perform("sqs:SendMessage", SEND), caller=ann)
    assert house.kept("caller, trace") == [(f"{USER} us-east-1", "Root=1-a;Sampled=1")]


ALLOW, DENY = document("Allow"), document("Deny")
FOR_TOPIC = document("Allow", Principal={"Service": "sns.amazonaws.com"})
FOR_OTHER_TOPIC = document(
    "Allow", Principal={"Service": "sns.amazonaws.com"}, Condition={"ArnEquals": {"aws:SourceArn": TOPIC + "2"}}
)
FOR_ALL = document("Allow", Principal="*")
FOR_NOBODY = document("Deny", Principal="*")

ENFORCED = {
    "root needs nothing": (Caller(), [], None, True),
    "a user without policies": (ann, [], None, False),
    "a user whom its policy allows": (ann, [ALLOW], None, True),
    "a user whom the queue allows": (ann, [], FOR_ALL, True),
    "a user allowed something else": (ann, [document("Allow", "sqs:ListQueues")], None, False),
    "a deny beats an allow": (ann, [ALLOW, DENY], None, False),
    "the queue's deny beats the user's allow": (ann, [ALLOW], FOR_NOBODY, False),
    "the user's deny beats the queue's allow": (ann, [DENY], FOR_ALL, False),
    "a stranger with the queue's allow only": (stranger, [], FOR_ALL, False),
    "a stranger with its own allow only": (stranger, [ALLOW], None, False),
    "a stranger with both": (stranger, [ALLOW], FOR_ALL, True),
    "a session by its role": (session, [ALLOW], None, True),
    "a session without": (session, [], None, False),
    "a service whom nobody allows": (topic, [], None, False),
    "a service whom the queue allows": (topic, [], FOR_TOPIC, True),
    "a service on behalf of another topic": (topic, [], FOR_OTHER_TOPIC, False),
}


@pytest.mark.parametrize(("caller", "identity", "resource", "allowed"), ENFORCED.values(), ids=ENFORCED.keys())
def test_enforced(
    caller: Caller, identity: list[dict[str, Any]], resource: dict[str, Any] | None, allowed: bool
) -> None:
    house = House("enforce")
    house.people.documents[caller.role_arn or caller.arn] = identity
    house.resource_policy = json.dumps(resource) if resource else None
    if allowed:
        house.run(lambda call: call.perform("sqs:SendMessage", SEND), caller=caller)
        assert house.kept() == ["hello"]
        return
    with pytest.raises(AwsError) as refused:
        house.run(lambda call: call.perform("sqs:SendMessage", SEND), caller=caller)
    assert (refused.value.status, refused.value.retryable) == (403, False)
    assert f"{caller.principal_arn} is not authorized to perform: sqs:SendMessage on resource: {QUEUE}" in str(
        refused.value
    )
    assert house.kept() == []


def test_audited_it_is_allowed_and_recorded() -> None:
    house = House("audit")
    house.run(lambda call: call.perform("sqs:SendMessage", SEND), caller=ann)
    assert house.kept() == ["hello"]
    ((status, _, target, operation, reason),) = house.hops()
    assert (status, target, operation) == ("audit", QUEUE, "sqs:SendMessage")
    assert USER in reason


def test_audited_a_service_without_the_queues_leave_is_recorded() -> None:
    house = House("audit")
    house.run(lambda call: call.perform("sqs:SendMessage", SEND), caller=topic)
    ((status, _, target, _, reason),) = house.hops()
    assert (house.kept(), status, target) == (["hello"], "audit", QUEUE)
    assert "User: sns.amazonaws.com is not" in reason
    assert "no resource-based policy allows" in reason


@pytest.mark.parametrize(("caller", "policy"), [(Caller(), None), (topic, FOR_TOPIC)])
def test_audited_neither_root_nor_services_with_leave_are_recorded(caller: Caller, policy: Any) -> None:
    house = House("audit")
    house.resource_policy = json.dumps(policy) if policy else None
    house.run(lambda call: call.perform("sqs:SendMessage", SEND), caller=caller)
    assert house.hops() == []


def test_audited_what_happens_again_is_recorded_once() -> None:
    house = House("audit")
    other_run = role_caller(ROLE, "other", "us-east-1")
    for caller in (ann, session, ann, other_run):
        house.run(lambda call: call.perform("sqs:SendMessage", SEND), caller=caller)
    assert [hop[4].split(" ")[1] for hop in house.hops()] == [USER, session.arn]


def test_off_asks_nobody() -> None:
    house = House("off")
    house.resource_policy = json.dumps(FOR_NOBODY)
    house.run(lambda call: call.perform("sqs:SendMessage", SEND), caller=ann)
    assert (house.kept(), house.hops()) == (["hello"], [])


@given(st.lists(st.integers(-(2**63), 2**63 - 1) | st.text(), max_size=4))
def test_a_token_names_its_key(key: list[Any]) -> None:
    assert decode_token(encode_token(*key), kinds=[type(part) for part in key]) == key


@pytest.mark.parametrize("key", [(), (1,), (True,), (None,), ("a", "b"), ([],)])
def test_a_token_of_another_key_is_refused(key: tuple[Any, ...]) -> None:
    with pytest.raises(AwsError, match="InvalidToken"):
        decode_token(encode_token(*key))


@pytest.mark.parametrize("number", [2**63, -(2**63) - 1, True, "1"])
def test_a_token_of_a_number_that_cannot_be_one_is_refused(number: Any) -> None:
    with pytest.raises(AwsError, match="InvalidToken"):
        decode_token(encode_token(number), kinds=(int,))


@pytest.mark.parametrize(
    "token", ["", "x", "!!!!", "bm9uc2Vuc2U=", "e30=", "W10=", "é", "\ud800", "//79/A==", "W1tb" * 999]
)
def test_a_foreign_token_is_refused_in_the_services_words(token: str) -> None:
    with pytest.raises(AwsError) as refused:
        decode_token(token, "InvalidNextToken", "no")
    assert (refused.value.code, refused.value.message) == ("InvalidNextToken", "no")


def test_tags_are_replaced_removed_and_dropped() -> None:
    def unit(call: Any) -> None:
        add_tags(call.tx, QUEUE, {"b": "1", "a": "2"})
        add_tags(call.tx, QUEUE, {"b": "3"})
        add_tags(call.tx, TOPIC, {"x": "y"})
        assert list(tags_of(call.tx, QUEUE).items()) == [("a", "2"), ("b", "3")]
        remove_tags(call.tx, QUEUE, ["a", "absent"])
        assert tags_of(call.tx, QUEUE) == {"b": "3"}
        drop_tags(call.tx, QUEUE)
        assert tags_of(call.tx, QUEUE) == {}
        assert tags_of(call.tx, TOPIC) == {"x": "y"}

    House().run(unit)
