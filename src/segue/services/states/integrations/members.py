"""A state's parameters as an operation's input, with a task's error where they are none."""

from __future__ import annotations

from typing import Any

from segue.api.sdk import members
from segue.api.sdk.members import UnusableParameters
from segue.services.states.integrations.integration import unusable
from segue.wire.model import OperationModel


def to_model(operation: OperationModel, value: Any) -> dict[str, Any]:
    """The operation's input.

    Raises:
        TaskError: ``States.Runtime`` for parameters that are not an object, or name a field that the operation lacks.
    """
    try:
        return members.to_model(operation.service, operation.input, value)
    except UnusableParameters as refused:
        why = f"{refused.why} by Step Functions" if refused.unknown else refused.why
        raise unusable(refused.value, why) from None
