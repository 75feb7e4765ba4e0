"""What an integration knows: the operation, its input from parameters, the result from its output."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from segue.errors import AwsError
from segue.languages.asl import json_text


class TaskError(Exception):
    """A task failed with an error name and a cause, as Retry and Catch see them."""

    def __init__(self, error: str, cause: str) -> None:
        super().__init__(f"{error}: {cause}")
        self.error = error
        self.cause = cause


def unusable(value: Any, why: str) -> TaskError:
    """The error of Parameters that no task can be started with."""
    given = json_text.dump(value)
    return TaskError("States.Runtime", f"The Parameters '{given}' could not be used to start the Task: [{why}]")


def check_fields(value: Any, known: Collection[str]) -> dict[str, Any]:
    """Parameters that are an object, with none but known fields.

    Raises:
        TaskError: ``States.Runtime`` for others.
    """
    if not isinstance(value, dict):
        raise unusable(value, "The Parameters must be an object.")
    unknown = next((name for name in value if name not in known), None)
    if unknown is not None:
        raise unusable(value, f'The field "{unknown}" is not supported by Step Functions')
    return value


@dataclass(frozen=True, slots=True)
class Integration:
    """One integrated operation.

    Attributes:
        operation: what is performed (``sqs:SendMessage``).
        params: from the state's parameters to the operation's input; may raise :class:`TaskError`.
        result: from the operation's output (the id of the request, and the time) to the state's result; may raise
            :class:`TaskError`, for an answer that is a failure.
        error: from the operation's error (and the id of the request) to the task's.
        leaves: the operation leaves the building, so it is always done by a job.
    """

    operation: str
    params: Callable[[Any], dict[str, Any]]
    result: Callable[[dict[str, Any], str, int], Any]
    error: Callable[[AwsError, str], TaskError]
    leaves: bool = False
