"""Executions tell the default event bus how they stand: "Step Functions Execution Status Change".

Standard executions only. The event's detail, and what of it is left out where it is long: developer guide, "Automating
Step Functions event delivery with EventBridge" (cw-events.html).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from segue.api import Call
from segue.api.emit import emit
from segue.services.states.records import Execution

PRINCIPAL = "states.amazonaws.com"
DETAIL_TYPE = "Step Functions Execution Status Change"
PAYLOAD_BYTES = 248 * 1024
"""Input and output together, escaped, are at most this long: else the input is left out, and then the output."""


def tell(call: Call, execution: Execution) -> None:
    """Tell how a Standard execution stands now."""
    _tell(call, execution, lambda: detail(call, execution))


def tell_begun(call: Call, execution: Execution) -> None:
    """Tell that a Standard execution began to run, whatever has become of it in the same transaction."""

    def begun() -> dict[str, Any]:
        running = execution._replace(status="RUNNING", stop_at_ms=None, output=None, error=None, cause=None)
        return detail(call, running)

    _tell(call, execution, begun)


def _tell(call: Call, execution: Execution, detail: Callable[[], dict[str, Any]]) -> None:
    if execution.kind == "STANDARD":
        emit(call, PRINCIPAL, "aws.states", DETAIL_TYPE, execution.arn, detail)


def detail(call: Call, execution: Execution) -> dict[str, Any]:
    """The event's detail: DescribeExecution's members, all of them, times in milliseconds."""
    from segue.services.states.executions import description

    told = description(call, execution)
    output = told["output"]
    with_output = output is not None and _escaped_bytes(output) <= PAYLOAD_BYTES
    rest = PAYLOAD_BYTES - (_escaped_bytes(output) if output is not None else 0)
    with_input = _escaped_bytes(told["input"]) <= rest
    return {
        **{name: told[name] for name in ("executionArn", "stateMachineArn", "name", "status", "startDate", "stopDate")},
        "input": told["input"] if with_input else None,
        "output": output if with_output else None,
        "stateMachineVersionArn": told["stateMachineVersionArn"],
        "stateMachineAliasArn": told["stateMachineAliasArn"],
        **{name: told.get(name) for name in ("redriveCount", "redriveDate", "redriveStatus", "redriveStatusReason")},
        "inputDetails": {"included": with_input},
        "outputDetails": None if output is None else {"included": with_output},
        "error": told["error"],
        "cause": told["cause"],
    }


def _escaped_bytes(text: str) -> int:
    return len(json.dumps(text, ensure_ascii=False).encode("utf-8", "replace")) - 2
