"""How recordings are read."""

from __future__ import annotations

import argparse
from typing import Any

import pytest

from tests.conformance import recorded
from tests.conformance.case import house_case
from tests.conformance.reading import prepared

pytestmark = pytest.mark.skipif(not recorded.FOLDER.is_dir(), reason="the recorded cases are not on this machine")

ENDPOINT = "http://127.0.0.1:4566"


def case(**data: Any) -> Any:
    machinery = recorded._machinery(recorded.FOLDER)
    arguments = argparse.Namespace(level="strict", timeout=1, apply_localstack_ignores=False)
    return house_case(machinery)(
        {"kind": "api-script", "steps": [], **data}, None, "123456789012", "us-east-1", arguments
    )


def differs(made: Any, expected: Any, actual: Any) -> bool:
    try:
        made.match(expected, actual)
    except recorded._machinery(recorded.FOLDER).Mismatch:
        return True
    return False


def test_places_of_localstack_become_the_servers() -> None:
    url = "http://sqs.<region>.localhost.localstack.cloud:4566/000000000000/q"
    found = prepared({"id": "g/n", "steps": [{"params": {"QueueUrl": url}}]}, ENDPOINT)
    assert found["steps"][0]["params"]["QueueUrl"] == f"{ENDPOINT}/111111111111/q"
    sender = "http://sqs.<region>.localhost:4600/<sender-id:1>/q"
    assert prepared({"id": "g/n", "x": sender}, ENDPOINT)["x"] == f"{ENDPOINT}/111111111111/q"


@pytest.mark.parametrize(
    ("expected", "actual", "same"),
    [
        ({"EventId": "event-id"}, {"EventId": "1"}, True),
        ({"EventId": "event-id"}, {"EventId": ""}, False),
        ({"EventId": "event-id"}, {}, False),
        ({"Name": "event-id"}, {"Name": "1"}, False),
        ({"n": 1}, {"n": 2}, False),
        ({"n": 1}, {"n": 1, "m": 2}, False),
        ({"billedDurationInMilliseconds": 7600}, {"billedDurationInMilliseconds": 7100}, True),
        ({"billedDurationInMilliseconds": 7600}, {"billedDurationInMilliseconds": 50}, False),
    ],
)
def test_what_is_the_same(expected: Any, actual: Any, same: bool) -> None:
    assert differs(case(), expected, actual) is not same


def test_placeholders_without_numbers_stand_for_anything_and_references_do_not() -> None:
    made = case(steps=[{"expect": {"a": "<md5-hash>", "b": "<uuid:1>"}}], tokens={"<uuid:1>": "x"})
    assert not differs(made, ["<md5-hash>", "<md5-hash>"], ["1", "2"])
    assert differs(made, ["<uuid:1>", "<uuid:1>"], ["1", "2"])


def test_names_come_in_the_order_of_their_use_and_fifo_names_end_so() -> None:
    made = case()
    assert made.fresh("a", "x.params.Name") < made.fresh("b", "x.params.Name")
    made._step = {"params": {"Attributes": {"FifoQueue": "True"}}}
    assert made.fresh("c", "sqs.CreateQueue.params.QueueName").endswith(".fifo")


def test_json_is_bound_whatever_its_spacing() -> None:
    made = case(tokens={"<task_token:1>": "x"})
    made.bind({"Body": '{"Context": 1, "TaskToken": "<task_token:1>"}'}, {"Body": '{"Context":1,"TaskToken":"t"}'})
    assert made.b["<task_token:1>"] == "t"
