"""State machines, versions, aliases and activities as templates name them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from segue.errors import AwsError
from segue.services.states.template_definition import as_json, substituted
from segue.testing import Segue
from tests.services.resources import Resources

ROLE = "arn:aws:iam::000000000000:role/states"
MACHINE = "AWS::StepFunctions::StateMachine"


def passing(**result: Any) -> dict[str, Any]:
    return {"StartAt": "Only", "States": {"Only": {"Type": "Pass", "Result": result, "End": True}}}


@pytest.fixture
def resources(segue: Segue) -> Resources:
    return Resources(segue, team="a")


@pytest.fixture
def states(segue: Segue) -> Any:
    return segue.client("stepfunctions")


def definition(states: Any, arn: str) -> Any:
    return json.loads(states.describe_state_machine(stateMachineArn=arn)["definition"])


def test_a_state_machine_is_made_changed_and_removed(resources: Resources, states: Any) -> None:
    text = json.dumps(passing(table="${Table}", other="${Unknown}"))
    made = resources.create(
        MACHINE,
        "Machine",
        DefinitionString=text,
        DefinitionSubstitutions={"Table": "orders"},
        RoleArn=ROLE,
        StateMachineType="EXPRESS",
        TracingConfiguration={"Enabled": True},
        Tags=[{"Key": "own", "Value": "x"}],
    )
    arn = "arn:aws:states:us-east-1:000000000000:stateMachine:app-Machine-ABCDEFGHIJKL"
    assert made.physical_id == arn
    assert made.attributes == {"Arn": arn, "Name": arn.rsplit(":", 1)[1], "StateMachineRevisionId": "INITIAL"}
    described = states.describe_state_machine(stateMachineArn=arn)
    assert described["type"] == "EXPRESS"
    assert described["tracingConfiguration"] == {"enabled": True}
    assert json.loads(described["definition"]) == passing(table="orders", other="${Unknown}")
    changed = resources.update("Machine", Definition=passing(n=1), RoleArn=ROLE, StateMachineType="EXPRESS")
    described = states.describe_state_machine(stateMachineArn=arn)
    assert json.loads(described["definition"]) == passing(n=1)
    assert described["tracingConfiguration"] == {"enabled": False}
    assert changed.attributes["StateMachineRevisionId"] == described["revisionId"]
    tags = {tag["key"]: tag["value"] for tag in states.list_tags_for_resource(resourceArn=arn)["tags"]}
    assert tags == {"team": "a", "aws:cloudformation:stack-name": "app"}
    resources.delete("Machine")
    resources.delete("Machine")  # what is gone already is well
    assert states.list_state_machines()["stateMachines"] == []


def test_a_state_machine_that_is_there_is_not_taken_over(resources: Resources, states: Any) -> None:
    states.create_state_machine(name="taken", definition=json.dumps(passing()), roleArn=ROLE)
    with pytest.raises(AwsError, match="already exists"):
        resources.create(MACHINE, "Machine", StateMachineName="taken", Definition=passing(), RoleArn=ROLE)


@pytest.mark.parametrize("given", [{}, {"Definition": passing(), "DefinitionString": "{}"}])
def test_a_definition_is_given_in_one_way(resources: Resources, given: dict[str, Any]) -> None:
    with pytest.raises(AwsError, match="Exactly one of Definition, DefinitionString, DefinitionS3Location"):
        resources.create(MACHINE, "Machine", RoleArn=ROLE, **given)


def test_substitutions_in_an_object_stay_texts(resources: Resources, states: Any) -> None:
    named = {"Quoted": 'a "b"', "N": 3}
    made = resources.create(
        MACHINE, "M", Definition=passing(a="${Quoted}", b="n=${N}"), DefinitionSubstitutions=named, RoleArn=ROLE
    )
    assert definition(states, made.physical_id) == passing(a='a "b"', b="n=3")


def test_a_definition_lies_in_a_bucket_in_yaml(segue: Segue, resources: Resources, states: Any) -> None:
    s3 = segue.client("s3")
    s3.create_bucket(Bucket="code")
    body = "StartAt: Only\nStates:\n  Only:\n    Type: Pass\n    Result: {n: ${N}, name: '${Name}'}\n    End: true\n"
    s3.put_object(Bucket="code", Key="flow.yaml", Body=body.encode())
    place = {"Bucket": "code", "Key": "flow.yaml"}
    named = {"N": 7, "Name": "x"}
    made = resources.create(MACHINE, "M", DefinitionS3Location=place, DefinitionSubstitutions=named, RoleArn=ROLE)
    assert definition(states, made.physical_id) == passing(n=7, name="x")


def test_running_executions_end_before_a_state_machine_is_gone(segue: Segue, resources: Resources, states: Any) -> None:
    waiting = {"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 60, "End": True}}}
    made = resources.create(MACHINE, "M", Definition=waiting, RoleArn=ROLE)
    arn = states.start_execution(stateMachineArn=made.physical_id)["executionArn"]
    resources.delete("M")
    segue.settle()
    assert states.describe_execution(executionArn=arn)["status"] == "ABORTED"
    assert states.list_state_machines()["stateMachines"] == []


def test_versions_and_aliases(resources: Resources, states: Any) -> None:
    machine = resources.create(MACHINE, "M", Definition=passing(), RoleArn=ROLE)
    version = resources.create(
        "AWS::StepFunctions::StateMachineVersion",
        "V",
        StateMachineArn=machine.physical_id,
        StateMachineRevisionId=machine.attributes["StateMachineRevisionId"],
        Description="first",
    )
    assert version.physical_id == f"{machine.physical_id}:1"
    routing = [{"StateMachineVersionArn": version.physical_id, "Weight": 100}]
    alias = resources.create("AWS::StepFunctions::StateMachineAlias", "A", Name="live", RoutingConfiguration=routing)
    assert alias.physical_id == f"{machine.physical_id}:live"
    resources.update("M", Definition=passing(n=2), RoleArn=ROLE)
    second = resources.create("AWS::StepFunctions::StateMachineVersion", "W", StateMachineArn=machine.physical_id)
    preference = {"StateMachineVersionArn": second.physical_id, "Type": "LINEAR", "Percentage": 10, "Interval": 1}
    resources.update("A", Name="live", DeploymentPreference=preference)
    assert resources.notes == ["DeploymentPreference: LINEAR shifts all executions at once here"]
    described = states.describe_state_machine_alias(stateMachineAliasArn=alias.physical_id)
    assert described["routingConfiguration"] == [{"stateMachineVersionArn": second.physical_id, "weight": 100}]
    for logical_id in "AVWM":
        resources.delete(logical_id)
    assert states.list_state_machines()["stateMachines"] == []


def test_an_activity(resources: Resources, states: Any) -> None:
    made = resources.create("AWS::StepFunctions::Activity", "Activity", Name="approve")
    assert made.attributes == {"Arn": made.physical_id, "Name": "approve"}
    assert states.list_activities()["activities"][0]["activityArn"] == made.physical_id
    resources.update("Activity", Name="approve", Tags=[{"Key": "own", "Value": "x"}])
    assert {"key": "own", "value": "x"} in states.list_tags_for_resource(resourceArn=made.physical_id)["tags"]
    resources.delete("Activity")
    assert states.list_activities()["activities"] == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("${A}-${B}", "1-${B}"),
        ("$${A}", "$1"),
        ("${A", "${A"),
        ("no", "no"),
    ],
)
def test_substitution(text: str, expected: str) -> None:
    assert substituted(text, {"A": 1}) == expected


@pytest.mark.parametrize("text", ['{"a": 1.0}', '{"a": [}', "just a text"])
def test_what_is_no_yaml_object_stays(text: str) -> None:
    assert as_json(text) == text


def test_what_is_wrong_with_a_definition_in_yaml_is_told_with_its_place() -> None:
    with pytest.raises(AwsError, match=r"neither JSON nor YAML: .* \(line 2, column 14\)"):
        as_json("StartAt: A\nStates: {A: [}")
