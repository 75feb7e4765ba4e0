"""Change sets, as CDK, SAM and the AWS CLI use them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from segue.testing import Segue


@pytest.fixture(scope="module")
def segue() -> Iterator[Segue]:
    with Segue() as server:
        yield server


def _queue(**properties: Any) -> dict[str, Any]:
    return {"Type": "AWS::SQS::Queue", "Properties": properties}


def _create(client: Any, stack: str, resources: dict[str, Any], kind: str = "UPDATE", **more: Any) -> dict[str, Any]:
    template = json.dumps({"Resources": resources, **more.pop("sections", {})})
    names = {"StackName": stack, "ChangeSetName": "changes"}
    made = client.create_change_set(**names, TemplateBody=template, ChangeSetType=kind, **more)
    found: dict[str, Any] = client.describe_change_set(ChangeSetName=made["Id"], IncludePropertyValues=True)
    return found


def _execute(segue: Segue, client: Any, stack: str) -> str:
    client.execute_change_set(StackName=stack, ChangeSetName="changes")
    segue.settle()
    status: str = client.describe_stacks(StackName=stack)["Stacks"][0]["StackStatus"]
    return status


def test_a_stack_is_reviewed_made_and_changed(segue: Segue) -> None:
    client = segue.client("cloudformation")
    found = _create(client, "s", {"A": _queue(DelaySeconds=1), "B": _queue(QueueName="b1")}, "CREATE")
    assert (found["Status"], found["ExecutionStatus"]) == ("CREATE_COMPLETE", "AVAILABLE")
    assert client.describe_stacks(StackName="s")["Stacks"][0]["StackStatus"] == "REVIEW_IN_PROGRESS"
    added = [change["ResourceChange"] for change in found["Changes"]]
    assert [(each["Action"], each["LogicalResourceId"]) for each in added] == [("Add", "A"), ("Add", "B")]
    assert json.loads(added[0]["AfterContext"]) == {"Properties": {"DelaySeconds": 1}}
    assert _execute(segue, client, "s") == "CREATE_COMPLETE"
    name = {"Fn::Sub": "${B.QueueName}-c"}
    found = _create(
        client, "s", {"A": _queue(DelaySeconds=2), "B": _queue(QueueName="b2"), "C": _queue(QueueName=name)}
    )
    changes = {each["ResourceChange"]["LogicalResourceId"]: each["ResourceChange"] for each in found["Changes"]}
    assert (changes["A"]["Action"], changes["A"]["Replacement"], changes["A"]["Scope"]) == (
        "Modify",
        "False",
        ["Properties"],
    )
    (detail,) = changes["A"]["Details"]
    assert (detail["Evaluation"], detail["ChangeSource"]) == ("Static", "DirectModification")
    assert detail["Target"]["BeforeValue"] == "1"
    assert detail["Target"]["AfterValue"] == "2"
    assert changes["B"]["Replacement"] == "True"
    assert changes["B"]["Details"][0]["Target"]["RequiresRecreation"] == "Always"
    assert json.loads(changes["C"]["AfterContext"])["Properties"]["QueueName"] == "{{changeSet:KNOWN_AFTER_APPLY}}-c"
    assert _execute(segue, client, "s") == "UPDATE_COMPLETE"
    assert client.describe_stacks(StackName="s")["Stacks"][0]["ChangeSetId"] == found["ChangeSetId"]
    with pytest.raises(
        ClientError, match=r"cannot be executed in its current execution status of \[EXECUTE_COMPLETE\]"
    ):
        client.execute_change_set(ChangeSetName=found["ChangeSetId"])


def test_nothing_to_change_fails_as_tools_expect(segue: Segue) -> None:
    client = segue.client("cloudformation")
    _create(client, "same", {"A": _queue()}, "CREATE")
    _execute(segue, client, "same")
    found = _create(client, "same", {"A": _queue()})
    assert (found["Status"], found["ExecutionStatus"]) == ("FAILED", "UNAVAILABLE")
    words = "The submitted information didn't contain changes. Submit different information to create a change set."
    assert found["StatusReason"] == words
    client.delete_change_set(StackName="same", ChangeSetName="changes")
    assert client.list_change_sets(StackName="same")["Summaries"] == []
    with pytest.raises(ClientError, match=r"ChangeSet \[changes\] does not exist") as missing:
        client.describe_change_set(StackName="same", ChangeSetName="changes")
    assert missing.value.response["Error"]["Code"] == "ChangeSetNotFound"
    outputs = {"sections": {"Outputs": {"O": {"Value": "1"}}}}
    assert _create(client, "same", {"A": _queue()}, **outputs)["Status"] == "CREATE_COMPLETE"


def test_changes_by_other_means_make_it_obsolete(segue: Segue) -> None:
    client = segue.client("cloudformation")
    client.create_stack(StackName="old", TemplateBody=json.dumps({"Resources": {"A": _queue()}}))
    segue.settle()
    _create(client, "old", {"A": _queue(DelaySeconds=1)})
    client.update_stack(StackName="old", TemplateBody=json.dumps({"Resources": {"A": _queue(DelaySeconds=2)}}))
    segue.settle()
    with pytest.raises(ClientError, match=r"execution status of \[OBSOLETE\]"):
        client.execute_change_set(StackName="old", ChangeSetName="changes")


def test_what_cannot_be_is_refused(segue: Segue) -> None:
    client = segue.client("cloudformation")
    with pytest.raises(ClientError, match=r"Stack \[nobody\] does not exist"):
        _create(client, "nobody", {"A": _queue()})
    role = {"Type": "AWS::IAM::Role", "Properties": {"RoleName": "r", "AssumeRolePolicyDocument": {}}}
    with pytest.raises(ClientError, match=r"Requires capabilities : \[CAPABILITY_NAMED_IAM\]"):
        _create(client, "roles", {"A": role}, "CREATE", Capabilities=["CAPABILITY_IAM"])
    with pytest.raises(ClientError, match="ChangeSetType IMPORT"):
        _create(client, "imports", {"A": _queue()}, "IMPORT")
    assert all(stack["StackName"] not in ("roles", "imports") for stack in client.describe_stacks()["Stacks"])


def test_pages_of_changes(segue: Segue) -> None:
    client = segue.client("cloudformation")
    found = _create(client, "many", {f"Q{number}": _queue() for number in range(150)}, "CREATE")
    assert len(found["Changes"]) == 100
    second = client.describe_change_set(ChangeSetName=found["ChangeSetId"], NextToken=found["NextToken"])
    assert len(second["Changes"]) == 50
    assert "NextToken" not in second


def test_a_serverless_template_is_translated(segue: Segue) -> None:
    client = segue.client("cloudformation")
    machine = {
        "Type": "AWS::Serverless::StateMachine",
        "Properties": {"Definition": {"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}}},
    }
    template = {"Transform": "AWS::Serverless-2016-10-31", "Resources": {"Machine": machine}}
    names = {"StackName": "sam", "ChangeSetName": "changes", "ChangeSetType": "CREATE"}
    capabilities = ["CAPABILITY_IAM"]
    made = client.create_change_set(**names, TemplateBody=json.dumps(template), Capabilities=capabilities)
    found = client.describe_change_set(ChangeSetName=made["Id"])
    assert {each["ResourceChange"]["ResourceType"] for each in found["Changes"]} == {
        "AWS::IAM::Role",
        "AWS::StepFunctions::StateMachine",
    }
    processed = client.get_template(StackName="sam", ChangeSetName=made["Id"], TemplateStage="Processed")
    assert "MachineRole" in processed["TemplateBody"]["Resources"]
    assert _execute(segue, client, "sam") == "CREATE_COMPLETE"
    template["Resources"] = {"Machine": {"Type": "AWS::Serverless::Function", "Properties": {"Nothing": 1}}}
    names = {"StackName": "sam", "ChangeSetName": "wrong"}
    made = client.create_change_set(**names, TemplateBody=json.dumps(template), Capabilities=capabilities)
    found = client.describe_change_set(ChangeSetName=made["Id"])
    assert found["Status"] == "FAILED"
    assert found["StatusReason"].startswith("Transform AWS::Serverless-2016-10-31 failed with: Invalid Serverless")


def test_cdk_asks_for_the_import_of_what_is_there(segue: Segue) -> None:
    client = segue.client("cloudformation")
    found = _create(client, "imports", {"A": _queue()}, "CREATE", ImportExistingResources=True)
    assert found["Status"] == "CREATE_COMPLETE"
    with pytest.raises(ClientError, match="does not implement DeploymentMode"):
        _create(client, "reverts", {"A": _queue()}, "CREATE", DeploymentMode="REVERT_DRIFT")
