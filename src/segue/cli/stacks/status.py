"""``segue status``: the stacks, or one of them with its resources and outputs."""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

from segue.cli.stacks.addresses import output_rows
from segue.cli.stacks.connection import Connection, add_arguments, connect, in_words

_EPILOG = """\
  segue status                 every stack: its status, when it last changed, how many resources it has
  segue status orders          one stack: resources, running executions, outputs, and why something failed
  segue status orders --json   the same, for programs

The exit status is 0, or 1 when the stack is not there or stands as a failure left it.
"""
_STATE_MACHINE = "AWS::StepFunctions::StateMachine"
_MAX_RUNNING = 100


def add(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "status",
        help="show the stacks, or the resources and outputs of one",
        description="Show the stacks, or one stack with its resources and outputs.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("stack", nargs="?", metavar="STACK", help="the stack's name (default: all stacks)")
    parser.add_argument("--json", action="store_true", help="print what is found for programs")
    add_arguments(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print; the exit status."""
    from botocore.exceptions import BotoCoreError, ClientError

    connection = connect(arguments)
    try:
        if arguments.stack is None:
            return _all(connection, as_json=arguments.json)
        return _one(connection, arguments.stack, as_json=arguments.json)
    except (BotoCoreError, ClientError) as error:
        print(f"segue: {in_words(error, connection)}", file=sys.stderr)
        return 1


def _all(connection: Connection, *, as_json: bool) -> int:
    from segue.cli.stacks.progress import colour_of
    from segue.cli.stacks.screen import Screen, table

    client, screen = connection.client("cloudformation"), Screen()
    stacks = [stack for page in client.get_paginator("describe_stacks").paginate() for stack in page["Stacks"]]
    stacks = sorted((stack for stack in stacks if stack["StackStatus"] != "DELETE_COMPLETE"), key=_name)
    if as_json:
        screen.line(json.dumps([_plain(stack) for stack in stacks], indent=2))
        return 0
    if not stacks:
        screen.line("There are no stacks. Deploy one: segue deploy template.yaml")
        return 0
    rows = [(stack["StackName"], stack["StackStatus"], _changed(stack), _below(stack)) for stack in stacks]
    for text, stack in zip(table(rows, ""), stacks, strict=True):
        status = stack["StackStatus"]
        screen.line(text.replace(status, screen.paint(status, colour_of(status)), 1))
    return 0


def _name(stack: dict[str, Any]) -> str:
    return str(stack["StackName"])


def _changed(stack: dict[str, Any]) -> str:
    at = stack.get("LastUpdatedTime") or stack["CreationTime"]
    return str(at.astimezone().strftime("%Y-%m-%d %H:%M:%S"))


def _below(stack: dict[str, Any]) -> str:
    return f"in {stack['RootId'].split('/')[1]}" if stack.get("RootId") else stack.get("Description", "")


def _one(connection: Connection, name: str, *, as_json: bool) -> int:
    client = connection.client("cloudformation")
    stack = client.describe_stacks(StackName=name)["Stacks"][0]
    pages = client.get_paginator("list_stack_resources").paginate(StackName=stack["StackId"])
    resources = [resource for page in pages for resource in page["StackResourceSummaries"]]
    running = {
        resource["LogicalResourceId"]: _running(connection, resource["PhysicalResourceId"])
        for resource in resources
        if resource["ResourceType"] == _STATE_MACHINE and resource.get("PhysicalResourceId")
    }
    if as_json:
        _print_json(stack, resources, running)
    else:
        _print(stack, resources, running, connection.endpoint_url)
    status = stack["StackStatus"]
    return 1 if status.endswith("_FAILED") or status == "ROLLBACK_COMPLETE" else 0


def _running(connection: Connection, arn: str) -> int:
    """How many executions are under way (at most a hundred are counted); Express machines keep no account of them."""
    states = connection.client("stepfunctions")
    try:
        found = states.list_executions(stateMachineArn=arn, statusFilter="RUNNING", maxResults=_MAX_RUNNING)
    except states.exceptions.ClientError:
        return 0
    return len(found["executions"])


def _print_json(stack: dict[str, Any], resources: list[dict[str, Any]], running: dict[str, int]) -> None:
    found = {
        **_plain(stack),
        "resources": [
            {
                "logicalId": resource["LogicalResourceId"],
                "physicalId": resource.get("PhysicalResourceId", ""),
                "type": resource["ResourceType"],
                "status": resource["ResourceStatus"],
                "reason": resource.get("ResourceStatusReason", ""),
            }
            for resource in resources
        ],
        "running": running,
    }
    print(json.dumps(found, indent=2))


def _plain(stack: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": stack["StackName"],
        "id": stack["StackId"],
        "status": stack["StackStatus"],
        "reason": stack.get("StackStatusReason", ""),
        "changed": (stack.get("LastUpdatedTime") or stack["CreationTime"]).isoformat(),
        "outputs": {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs") or ()},
    }


def _print(stack: dict[str, Any], resources: list[dict[str, Any]], running: dict[str, int], endpoint_url: str) -> None:
    from segue.cli.stacks.progress import colour_of
    from segue.cli.stacks.screen import Screen, table

    screen = Screen()
    status = stack["StackStatus"]
    screen.line(f"{stack['StackName']}: {screen.paint(status, colour_of(status))} since {_changed(stack)}")
    if stack.get("StackStatusReason"):
        screen.line(f"  {stack['StackStatusReason']}")
    if resources:
        screen.line("Resources")
    rows = []
    for resource in resources:
        count = running.get(resource["LogicalResourceId"], 0)
        more = [f"{count}{'+' if count == _MAX_RUNNING else ''} running" if count else ""]
        more.append(resource.get("ResourceStatusReason", ""))
        last = "  ".join([resource.get("PhysicalResourceId", ""), *filter(None, more)])
        rows.append((resource["LogicalResourceId"], resource["ResourceType"], resource["ResourceStatus"], last))
    for text, row in zip(table(rows), rows, strict=True):
        screen.line(text.replace(row[2], screen.paint(row[2], colour_of(row[2])), 1))
    outputs = stack.get("Outputs") or ()
    if outputs:
        screen.line("Outputs")
    found = [(output["OutputKey"], output["OutputValue"], "") for output in outputs]
    for text in table(output_rows(found, endpoint_url)):
        screen.line(text)
