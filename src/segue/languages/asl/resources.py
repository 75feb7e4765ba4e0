"""What a Task's Resource means."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from segue.languages.asl.commands import Pattern
from segue.languages.asl.errors import NotYet

_PATTERNS = ("sync:2", "sync", "waitForTaskToken")


@dataclass(frozen=True, slots=True)
class Resource:
    """A Task's Resource, taken apart.

    Attributes:
        arn: as in the definition.
        type: ``lambda``, ``activity``, or the service: ``sqs``, ``aws-sdk:dynamodb``.
        name: the ARN of a function or activity, or the action with its pattern: ``sendMessage.waitForTaskToken``.
        pattern: how the end of the task is known.
        events: the beginning of the types of its history events.
    """

    arn: str
    type: str
    name: str
    pattern: Pattern
    events: str

    @property
    def has_token(self) -> bool:
        """A token stands for its tasks."""
        return self.pattern in ("waitForTaskToken", "activity")


def parse_resource(arn: str) -> Resource:
    """Take a Resource apart.

    Raises:
        NotYet: it names nothing that is known.
    """
    parts = arn.split(":")
    if len(parts) >= 7 and parts[2] == "lambda":
        return Resource(arn, "lambda", arn, "lambda", "LambdaFunction")
    if len(parts) == 7 and parts[2] == "states" and parts[5] == "activity":
        return Resource(arn, "activity", arn, "activity", "Activity")
    if len(parts) < 7 or parts[2] != "states":
        raise NotYet(f"the Resource {arn!r} is not one that is run")
    head = 6 if parts[5] != "aws-sdk" else 7
    name = ":".join(parts[head:])
    _, dot, suffix = name.partition(".")
    if dot and suffix not in _PATTERNS:
        raise NotYet(f"the integration pattern {suffix!r} of the Resource {arn!r}")
    pattern = cast(Pattern, suffix or "request-response")
    return Resource(arn, ":".join(parts[5:head]), name, pattern, "Task")
