"""A message of the same deduplication id is taken and not sent again: for five minutes, in its scope."""

from __future__ import annotations

from segue.api.deduplication import forget_messages, remember_message
from segue.testing import Segue

QUEUE = "arn:aws:sqs:us-east-1:000000000000:orders.fifo"


def remembered(segue: Segue, message_id: str, *, arn: str = QUEUE, scope: str = "") -> tuple[str, int] | None:
    return segue.transact(lambda tx: remember_message(tx, arn, scope, "same", message_id, int(message_id)))


def test_the_first_is_remembered_for_five_minutes(segue: Segue) -> None:
    assert remembered(segue, "1") is None
    segue.advance(299)
    assert remembered(segue, "2") == ("1", 1)
    segue.advance(1)
    assert remembered(segue, "3") is None
    assert remembered(segue, "4") == ("3", 3)


def test_scopes_and_resources_do_not_know_each_other(segue: Segue) -> None:
    assert remembered(segue, "1", scope="a") is None
    assert remembered(segue, "2", scope="b") is None
    assert remembered(segue, "3", arn=f"{QUEUE}2", scope="a") is None
    assert remembered(segue, "4", scope="a") == ("1", 1)


def test_nothing_is_left_of_a_resource_that_is_gone(segue: Segue) -> None:
    remembered(segue, "1")
    segue.transact(lambda tx: forget_messages(tx, QUEUE))
    assert remembered(segue, "2") is None
