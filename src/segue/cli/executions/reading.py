"""What the commands ask the server about executions."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from segue.arn import is_arn
from segue.cli.stacks.connection import CommandFailed, Connection, code_of

_PAGE = 1000
_GONE = ("ExecutionDoesNotExist", "InvalidArn", "InvalidName", "StateMachineDoesNotExist")


def execution_arn(connection: Connection, name: str) -> str:
    """The ARN of an execution: given, or by its name, ``MACHINE:NAME``, or a machine's name (its newest execution).

    Raises:
        CommandFailed: there is none, or there are several.
    """
    if is_arn(name):
        return _of_arn(connection, name)
    machine_name, _, own_name = name.rpartition(":")
    every = list(machines(connection))
    if own_name in [machine["name"] for machine in every] and not machine_name:
        return _newest(connection, next(one["stateMachineArn"] for one in every if one["name"] == own_name))
    found = []
    for machine in every:
        if machine["type"] == "STANDARD" and machine_name in ("", machine["name"]):
            arn = f"{machine['stateMachineArn'].replace(':stateMachine:', ':execution:', 1)}:{own_name}"
            if _exists(connection, arn):
                found.append(arn)
    if len(found) > 1:
        listed = "".join(f"\n  segue execution show {arn}" for arn in found)
        raise CommandFailed(f"several executions are named {own_name}. Say which:{listed}")
    if not found:
        raise CommandFailed(f"there is no execution or state machine named {name}. See: segue execution list")
    return found[0]


def _of_arn(connection: Connection, arn: str) -> str:
    if ":stateMachine:" in arn:
        return _newest(connection, arn)
    if ":express:" in arn:
        raise CommandFailed(
            "executions of Express state machines keep no history. Give the machine a logging configuration, and read"
            " its log group: segue logs GROUP"
        )
    if ":mapRun:" in arn:
        raise CommandFailed(f"that is a Map Run. Its executions: segue execution list {arn}")
    return arn


def _newest(connection: Connection, arn: str) -> str:
    states = connection.client("stepfunctions")
    try:
        found = states.list_executions(stateMachineArn=arn, maxResults=1)["executions"]
    except states.exceptions.ClientError as error:
        if code_of(error) == "StateMachineTypeNotSupported":
            return _of_arn(connection, arn.replace(":stateMachine:", ":express:", 1))
        raise
    if not found:
        name = arn.split(":")[6]
        raise CommandFailed(
            f"{name} has no executions. Start one: segue aws stepfunctions start-execution --state-machine-arn {arn}"
        )
    return str(found[0]["executionArn"])


def _exists(connection: Connection, arn: str) -> bool:
    states = connection.client("stepfunctions")
    try:
        states.describe_execution(executionArn=arn, includedData="METADATA_ONLY")
    except states.exceptions.ClientError as error:
        if code_of(error) in _GONE or code_of(error) == "ValidationException":
            return False
        raise
    return True


def machines(connection: Connection) -> Iterator[dict[str, Any]]:
    """Every state machine."""
    for page in connection.client("stepfunctions").get_paginator("list_state_machines").paginate():
        yield from page["stateMachines"]


def history(connection: Connection, arn: str, *, data: bool = True) -> Iterator[dict[str, Any]]:
    """The events of an execution, oldest first."""
    pages = connection.client("stepfunctions").get_paginator("get_execution_history")
    options = {"includeExecutionData": data, "PaginationConfig": {"PageSize": _PAGE}}
    for page in pages.paginate(executionArn=arn, **options):
        yield from page["events"]


def events_after(connection: Connection, arn: str, seen: int) -> list[dict[str, Any]]:
    """The events after the one with the id ``seen``, oldest first."""
    states, found = connection.client("stepfunctions"), []
    more: dict[str, Any] = {}
    while True:
        page = states.get_execution_history(executionArn=arn, reverseOrder=True, maxResults=100, **more)
        fresh = [event for event in page["events"] if event["id"] > seen]
        found += fresh
        if len(fresh) < len(page["events"]) or not page.get("nextToken"):
            return found[::-1]
        more = {"nextToken": page["nextToken"]}


def definition_of(connection: Connection, arn: str) -> Any:
    """The definition that an execution runs."""
    found = connection.client("stepfunctions").describe_state_machine_for_execution(executionArn=arn)
    try:
        return json.loads(found["definition"])
    except (ValueError, RecursionError):
        return {}


def map_run(connection: Connection, arn: str) -> str:
    """A Map Run in a line: its status and counters."""
    states = connection.client("stepfunctions")
    try:
        run = states.describe_map_run(mapRunArn=arn)
    except states.exceptions.ClientError as error:
        return f"Map Run {arn}: {code_of(error)}"
    counts = {name: count for name, count in run["itemCounts"].items() if count and name != "total"}
    said = ", ".join(f"{count} {name}" for name, count in counts.items())
    redriven = f", redriven {run['redriveCount']} times" if run.get("redriveCount") else ""
    return f"Map Run {run['status']}: {run['itemCounts']['total']} items ({said or 'none begun'}){redriven}"
