"""Executions of test cases: Tasks answer what the mock configuration says (see ``mock_config``), nothing is called.

What a test case answers, and how often each state has been asked, is kept in the store when the execution begins: it
goes on after a restart as it began, whatever has become of the file. One counter for each state, over retries, loops
and iterations alike, as Step Functions Local counts (measured by floci-io/floci#3254).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from segue.api import Call
from segue.errors import AwsError
from segue.languages.asl import Command, CompleteTask, FailTask, ScheduleTask, TaskStarted, TaskSubmitted, json_text
from segue.services.states import map_records, records
from segue.services.states.mock_config import Response, Responses, parse_mock_config
from segue.services.states.qualified import unqualified
from segue.services.states.records import Execution
from segue.services.states.service import SERVICE
from segue.store import Row

_PIECE = 200


def split(call: Call, arn: str) -> tuple[str, str]:
    """A state machine's ARN, and the test case behind its ``#``; only a server with a mock configuration knows any."""
    if not call.api.settings.mock_config:
        return arn, ""
    machine, _, case = arn.partition("#")
    return machine, case


def begin(call: Call, machine_arn: str, execution_arn: str, case: str) -> None:
    """Keep what an execution of a test case is to be answered.

    Raises:
        AwsError: ``ValidationException`` where there is no such test case.
    """
    name = unqualified(machine_arn).rsplit(":", 1)[-1]
    cases = parse_mock_config(call.api.settings.mock_config).machines.get(name, {})
    if case not in cases:
        known = ", ".join(cases) or "none"
        message = f"The mock configuration has no test case '{case}' for the state machine '{name}' (it has: {known})"
        raise AwsError("ValidationException", message)
    responses = {
        state: [[one.first, one.last, one.result, one.error, one.cause] for one in numbered]
        for state, numbered in cases[case].items()
    }
    call.tx.run(
        "INSERT INTO states_mocks VALUES (?, ?, ?, '{}')"
        " ON CONFLICT (execution_arn) DO UPDATE SET test_case = excluded.test_case, responses = excluded.responses,"
        " used = excluded.used",
        execution_arn,
        case,
        json.dumps(responses),
    )


def is_mocked(call: Call, execution: Execution, state: str) -> bool:
    """Whether a state of an execution is not to be done."""
    found = _of(call, execution)
    return found is not None and state in json.loads(found[2])


def _of(call: Call, execution: Execution | None) -> Row | None:
    """The row of an execution of a test case; children of its Map Runs answer and count with it."""
    if call.tx.one("SELECT 1 FROM states_mocks LIMIT 1") is None:
        return None  # nearly always
    while execution is not None:
        sql = "SELECT execution_arn, test_case, responses, used FROM states_mocks WHERE execution_arn = ?"
        row = call.tx.one(sql, execution.arn)
        if row is not None or not execution.parent.startswith("map/"):
            return row
        run = map_records.find(call.tx, map_records.child_place(execution.parent)[0])
        execution = None if run is None else records.find_execution(call.tx, run.execution_arn)
    return None


def answers(call: Call, execution: Execution, task: ScheduleTask) -> Sequence[Command] | None:
    """What a mocked task comes to; None for a task that is to be done."""
    row = _of(call, execution)
    if row is None:
        return None
    arn, case, given, used = row[0], row[1], json.loads(row[2]), json.loads(row[3])
    if task.state_name not in given:
        return None
    responses: Responses = tuple(Response(*one) for one in given[task.state_name])
    number = used.get(task.state_name, 0)
    used[task.state_name] = number + 1
    call.tx.run("UPDATE states_mocks SET used = ? WHERE execution_arn = ?", json.dumps(used), arn)
    started = TaskStarted(task.key)
    response = next((one for one in responses if one.first <= number <= one.last), None)
    if response is None:
        cause = (
            f"The test case '{case}' has {responses[-1].last + 1} mocked responses for the state '{task.state_name}', "
            f"which is invoked once more."
        )
        return (started, FailTask(task.key, "States.Runtime", cause))
    if response.result is None:
        return (started, FailTask(task.key, response.error, response.cause))
    text = _result(task, response.result)
    done = CompleteTask(task.key, text)
    if task.pattern in ("sync", "sync:2", "waitForTaskToken"):
        return (started, TaskSubmitted(task.key, text), done)
    return (started, done)


def _result(task: ScheduleTask, text: str) -> str:
    """A function that is called by its ARN answers with its payload; a mock may give the whole answer of Invoke."""
    if task.pattern == "lambda":
        value = json_text.parse(text)
        if isinstance(value, dict) and "StatusCode" in value and "Payload" in value:
            return json_text.dump(value["Payload"])
    return text


def forget(call: Call, _: Any) -> bool:
    """Forget what executions that are gone were to be answered; whether there may be more."""
    gone = call.tx.all(
        "SELECT execution_arn FROM states_mocks WHERE NOT EXISTS"
        " (SELECT 1 FROM states_executions WHERE arn = states_mocks.execution_arn) LIMIT ?",
        _PIECE,
    )
    for (arn,) in gone:
        call.tx.run("DELETE FROM states_mocks WHERE execution_arn = ?", arn)
    return len(gone) == _PIECE


SERVICE.housekeeping.append(forget)
