"""Which Resources are recognized, and with which integration patterns."""

from __future__ import annotations

import pytest

from segue.languages.asl.validate_resources import OPTIMIZED, is_recognized

STATES = "arn:aws:states:::"


@pytest.mark.parametrize(
    "resource",
    [
        "sqs:sendMessage",
        "sqs:sendMessage.waitForTaskToken",
        "states:startExecution.sync",
        "states:startExecution.sync:2",
        "states:startExecution.waitForTaskToken",
        "lambda:invoke.waitForTaskToken",
        "events:putEvents.waitForTaskToken",
        "ecs:runTask.sync",
        "ecs:runTask.waitForTaskToken",
        "glue:startJobRun.sync",
        "http:invoke",
        "aws-sdk:sqs:receiveMessage",
        "aws-sdk:sqs:sendMessage.waitForTaskToken",
    ],
)
def test_recognized(resource: str) -> None:
    assert is_recognized(STATES + resource)


@pytest.mark.parametrize(
    "resource",
    [
        "sqs:sendMessage.sync",  # nothing would ever say that a message is done
        "sqs:SendMessage",
        "sqs:receiveMessage",
        "lambda:invoke.sync",
        "http:invoke.sync",
        "http:invoke.waitForTaskToken",
        "dynamodb:putItem.waitForTaskToken",
        "glue:startJobRun.waitForTaskToken",
        "ecs:runTask.sync:2",
        "aws-sdk:sfn:startExecution.sync",
        "aws-sdk:ecs:runTask.sync:2",
        "sqs:sendMessage.later",
        "nowhere:invoke",
        "sqs",
    ],
)
def test_not_recognized(resource: str) -> None:
    assert not is_recognized(STATES + resource)


def test_every_optimized_action_is_recognized() -> None:
    for service, actions in OPTIMIZED.items():
        for action in actions:
            assert is_recognized(f"{STATES}{service}:{action}")
