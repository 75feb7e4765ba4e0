"""Rules that start executions and invoke functions."""

from __future__ import annotations

import io
import json
import zipfile

from segue.api import deliveries
from segue.testing import Segue

ROLE = "arn:aws:iam::000000000000:role/any"


def test_a_state_machine_is_started_with_the_event(segue: Segue) -> None:
    definition = {"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}}
    machines = segue.client("stepfunctions")
    arn = machines.create_state_machine(name="m", definition=json.dumps(definition), roleArn=ROLE)["stateMachineArn"]
    events = segue.client("events")
    events.put_rule(Name="r", EventPattern='{"source": ["shop"]}')
    events.put_targets(Rule="r", Targets=[{"Id": "1", "Arn": arn, "RoleArn": ROLE, "InputPath": "$.detail"}])
    answer = events.put_events(Entries=[{"Source": "shop", "DetailType": "x", "Detail": '{"n": 1}'}])
    segue.settle()
    (execution,) = machines.list_executions(stateMachineArn=arn)["executions"]
    assert execution["name"].startswith(answer["Entries"][0]["EventId"] + "_")
    described = machines.describe_execution(executionArn=execution["executionArn"])
    assert (described["status"], json.loads(described["output"])) == ("SUCCEEDED", {"n": 1})


def test_a_function_runs_only_if_the_rule_may_invoke_it(segue: Segue) -> None:
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("f.py", "def handler(event, context):\n    print('got', event['detail']['n'])\n")
    functions = segue.client("lambda")
    arn = functions.create_function(
        FunctionName="f", Runtime="python3.12", Handler="f.handler", Role=ROLE, Code={"ZipFile": code.getvalue()}
    )["FunctionArn"]
    events = segue.client("events")
    rule_arn = events.put_rule(Name="r", EventPattern='{"source": ["shop"]}')["RuleArn"]
    events.put_targets(Rule="r", Targets=[{"Id": "1", "Arn": arn}])
    entry = {"Source": "shop", "DetailType": "x", "Detail": '{"n": 7}'}
    events.put_events(Entries=[entry])
    (refused,) = [hop for hop in segue.transact(lambda tx: deliveries.since(tx, 0)) if hop["target"] == arn]
    assert refused["status"] == "dropped"
    assert "not authorized to perform: lambda:InvokeFunction" in str(refused["reason"])
    functions.add_permission(
        FunctionName="f",
        StatementId="rule",
        Action="lambda:InvokeFunction",
        Principal="events.amazonaws.com",
        SourceArn=rule_arn,
    )
    events.put_events(Entries=[entry])
    segue.settle()
    segue.advance(seconds=1)
    lines = segue.client("logs").filter_log_events(logGroupName="/aws/lambda/f")["events"]
    assert "got 7\n" in [line["message"] for line in lines]
