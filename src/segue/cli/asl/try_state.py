"""``segue asl test``: TestState from a shell. Without a server nothing leaves this process: tasks need a mock."""

from __future__ import annotations

import argparse
import json
import sys
import time
import uuid
from pathlib import Path
from typing import Any

from segue.cli.asl.check import add_reading, is_sound, read_text, substitutions
from segue.cli.asl.problems import definition_text, read_source
from segue.cli.asl.source import SourceProblem
from segue.languages.asl.errors import InvalidExpression, NotYet
from segue.languages.asl.test_state import STATE_NAME, StateNotFound, StateResult, StateRun, StateTest, program_of
from segue.languages.asl.tree import ExecutionMeta

EPILOG = """\
examples:
  segue asl test order.asl.json --state Choose --input '{"amount": 12}'
  segue asl test order.asl.json --state Charge --input @order.json --mock '{"Payload": {"ok": true}}'
  segue asl test order.asl.json --state Charge --mock-error Lambda.TooManyRequestsException
  segue asl test order.asl.json --state Charge --input @order.json --endpoint-url http://127.0.0.1:4566

A state that calls something (Task), or holds others (Map, Parallel), needs --mock, --mock-error or a server. A Wait
does not wait. The exit status is 0 if the state succeeds or its error is caught, 1 if it fails, 2 if nothing could be
tried.
"""

_ROLE = "arn:aws:iam::000000000000:role/test"


class Untestable(Exception):
    """What was asked for cannot be tried, in words for people."""


def add(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "test",
        help="run one state with an input, and show what it makes of it",
        description="Run one state of a definition with an input, like AWS's TestState, and show what it makes of it.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "file", metavar="FILE", help="a definition in JSON or YAML, or of one state; - for standard input"
    )
    parser.add_argument("--state", metavar="NAME", help="the state; without it, the file holds one state by itself")
    parser.add_argument("--input", default="{}", metavar="JSON", help="the state's input; @FILE reads it from a file")
    parser.add_argument("--variables", default="{}", metavar="JSON", help="the workflow variables that it finds")
    parser.add_argument("--context", metavar="JSON", help="what the context object says")
    parser.add_argument("--mock", metavar="JSON", help="what the task, or the branches together, give back")
    parser.add_argument("--mock-error", metavar="NAME[: CAUSE]", help="how the task fails")
    parser.add_argument("--retried", type=int, default=0, metavar="TIMES", help="how often it was retried before")
    parser.add_argument("--endpoint-url", metavar="URL", help="a server that does what the state asks for")
    parser.add_argument("--role-arn", default=_ROLE, help="on whose authority, with --endpoint-url (%(default)s)")
    parser.add_argument("--inspect", action="store_true", help="show the data after each step of its way")
    parser.add_argument("--json", action="store_true", help="print TestState's answer as JSON")
    add_reading(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Run the state and print what came of it; the exit status."""
    try:
        text = read_text(arguments.file)
        source = read_source(text, arguments.file)
        _check_choice(source.plain(), arguments.state)
        if not is_sound(text, arguments, is_state=arguments.state is None):
            return 2
        definition = definition_text(source, substitutions(arguments))
        answer = _asked(definition, arguments) if arguments.endpoint_url else _tried(json.loads(definition), arguments)
    except SourceProblem:
        is_sound(text, arguments, is_state=arguments.state is None)
        return 2
    except (OSError, UnicodeDecodeError, Untestable) as error:
        print(f"segue: {error}", file=sys.stderr)
        return 2
    if arguments.json:
        print(json.dumps(answer, ensure_ascii=False, indent=2))
    else:
        print(_as_text(answer, inspect=arguments.inspect))
    return int(answer["status"] == "FAILED")


def _check_choice(value: Any, name: str | None) -> None:
    states = value.get("States") if isinstance(value, dict) else None
    if name is None and isinstance(states, dict):
        raise Untestable(f"this is a state machine; choose a state with --state: {', '.join(states)}")


def _tried(definition: dict[str, Any], arguments: argparse.Namespace) -> dict[str, Any]:
    """Run the state here."""
    try:
        program = program_of(definition, arguments.state)
    except StateNotFound:
        raise Untestable(f"there is no state {arguments.state!r} in this definition") from None
    except (NotYet, InvalidExpression) as error:
        raise Untestable(f"this state cannot be run: {error}") from None
    now_ms = int(time.time() * 1000)
    test = StateTest(
        program=program,
        name=arguments.state or STATE_NAME,
        meta=_meta(arguments.state or STATE_NAME, now_ms),
        input_text=_json(arguments.input, "--input"),
        variables=json.loads(_json(arguments.variables, "--variables")),
        context=json.loads(_json(arguments.context, "--context")) if arguments.context else None,
        retries_before=arguments.retried,
    )
    state_run = StateRun(test, now_ms)
    if arguments.mock_error is not None:
        name, _, cause = arguments.mock_error.partition(":")
        state_run.fail(name.strip(), cause.strip() or None)
    elif arguments.mock is not None:
        state_run.complete(_json(arguments.mock, "--mock"))
    elif state_run.wake_at_ms is not None:
        state_run.wake()
    elif state_run.task is not None or state_run.needs_mock:
        asked = f"it calls {state_run.task.resource}" if state_run.task else "it holds states of its own"
        raise Untestable(f"this state needs --mock, --mock-error or --endpoint-url: {asked}")
    return _answer(state_run.result())


def _meta(name: str, now_ms: int) -> ExecutionMeta:
    machine = "arn:aws:states:us-east-1:000000000000:stateMachine:test"
    execution = machine.replace("stateMachine", "express") + f":{name}"
    return ExecutionMeta(execution, name, _ROLE, now_ms, machine, "test", "EXPRESS", uuid.uuid4().int & (2**63 - 1))


def _answer(result: StateResult) -> dict[str, Any]:
    members = {
        "status": result.status,
        "output": result.output_text,
        "error": result.error,
        "cause": result.cause,
        "nextState": result.next_state,
        "inspectionData": result.inspection,
    }
    return {name: value for name, value in members.items() if value is not None}


def _asked(definition: str, arguments: argparse.Namespace) -> dict[str, Any]:
    """Let a server run the state."""
    import boto3
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError, ClientError

    params = _request(definition, arguments)
    session = boto3.Session()
    known = {} if session.get_credentials() else {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
    config = Config(inject_host_prefix=False, retries={"total_max_attempts": 1}, read_timeout=330)
    try:
        client = session.client(
            "stepfunctions",
            endpoint_url=arguments.endpoint_url,
            region_name=session.region_name or "us-east-1",
            config=config,
            **known,
        )
        answer: dict[str, Any] = client.test_state(**params)
    except (BotoCoreError, ClientError) as error:
        raise Untestable(str(error)) from None
    answer.pop("ResponseMetadata", None)
    return answer


def _request(definition: str, arguments: argparse.Namespace) -> dict[str, Any]:
    """The parameters of TestState."""
    params: dict[str, Any] = {
        "definition": definition,
        "roleArn": arguments.role_arn,
        "input": _json(arguments.input, "--input"),
        "inspectionLevel": "DEBUG",
        "variables": _json(arguments.variables, "--variables"),
    }
    if arguments.state:
        params["stateName"] = arguments.state
    if arguments.context:
        params["context"] = _json(arguments.context, "--context")
    if arguments.mock is not None:
        params["mock"] = {"result": _json(arguments.mock, "--mock")}
    if arguments.mock_error is not None:
        name, _, cause = arguments.mock_error.partition(":")
        params["mock"] = {"errorOutput": {"error": name.strip(), "cause": cause.strip()}}
    if arguments.retried:
        params["stateConfiguration"] = {"retrierRetryCount": arguments.retried}
    return params


def _json(given: str, option: str) -> str:
    """A JSON text from an option, or from the file that it names."""
    text = Path(given[1:]).read_text(encoding="utf-8") if given.startswith("@") else given
    try:
        json.loads(text)
    except ValueError as error:
        raise Untestable(f"{option} must be JSON: {error}") from None
    return text


def _as_text(answer: dict[str, Any], *, inspect: bool) -> str:
    lines = [answer["status"] + (f" → {answer['nextState']}" if "nextState" in answer else "")]
    if "error" in answer or "cause" in answer:
        lines.append(f"{answer.get('error') or ''}: {answer.get('cause') or ''}")
    if inspect:
        for name, value in answer.get("inspectionData", {}).items():
            lines += [f"-- {name}", _pretty(value)]
    if "output" in answer:
        lines += ["-- output", _pretty(answer["output"])]
    return "\n".join(lines)


def _pretty(value: Any) -> str:
    try:
        parsed = json.loads(value) if isinstance(value, str) else value
    except ValueError:
        return str(value)
    return json.dumps(parsed, ensure_ascii=False, indent=2)
