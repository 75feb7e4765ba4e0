"""Custom resources: functions in two languages, topics, failures, answers that do not come; wait conditions."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.request import Request, urlopen

import pytest

from segue.testing import Segue
from tests.services.cloudformation.test_stacks import Deployer

PYTHON = """
import cfnresponse
def handler(event, context):
    given = event["ResourceProperties"]
    if given.get("Fail") == event["RequestType"]:
        cfnresponse.send(event, context, cfnresponse.FAILED, {}, reason="no way")
    else:
        data = {"Kind": event["RequestType"], "Given": str(given), "Old": str(event.get("OldResourceProperties"))}
        cfnresponse.send(event, context, cfnresponse.SUCCESS, data, "id-" + given.get("Name", "x"))
"""
NODE = """
const https = require('https');
exports.handler = async (event) => {
  const body = JSON.stringify({ Status: 'SUCCESS', PhysicalResourceId: 'from-node', StackId: event.StackId,
    RequestId: event.RequestId, LogicalResourceId: event.LogicalResourceId, Data: { Is: event.ResourceType } });
  const url = new URL(event.ResponseURL);
  await new Promise((resolve, reject) => {
    const sent = https.request({ hostname: url.hostname, path: url.pathname + url.search, method: 'PUT',
      headers: { 'content-type': '', 'content-length': Buffer.byteLength(body) } }, (answer) => {
        answer.resume(); resolve(answer.statusCode); });
    sent.on('error', reject); sent.write(body); sent.end();
  });
};
"""


@pytest.fixture(scope="module")
def segue() -> Iterator[Segue]:
    with Segue(iam="off") as server:
        yield server


def _function(code: str, runtime: str) -> dict[str, Any]:
    properties = {"Runtime": runtime, "Handler": "index.handler", "Role": "arn:aws:iam::000000000000:role/r"}
    return {"Type": "AWS::Lambda::Function", "Properties": {**properties, "Code": {"ZipFile": code}}}


def _custom(**properties: Any) -> dict[str, Any]:
    return {"Type": "Custom::Thing", "Properties": {"ServiceToken": {"Fn::GetAtt": ["Function", "Arn"]}, **properties}}


def _output(attribute: str) -> dict[str, Any]:
    return {"O": {"Value": {"Fn::GetAtt": ["Thing", attribute]}}}


def test_a_function_in_python_makes_changes_replaces_and_removes(segue: Segue) -> None:
    deployer = Deployer(segue, "python")
    function = _function(PYTHON, "python3.11")
    stack = deployer.create({"Function": function, "Thing": _custom(Name="a", Flag=True, Count=5)}, _output("Given"))
    given = eval(stack["Outputs"][0]["OutputValue"])
    assert (given["Name"], given["Flag"], given["Count"]) == ("a", "true", "5")
    stack = deployer.update({"Function": function, "Thing": _custom(Name="a", Count=6)}, _output("Old"))
    assert eval(stack["Outputs"][0]["OutputValue"])["Count"] == "5"
    assert deployer.physical_ids()["Thing"] == "id-a"
    deployer.update({"Function": function, "Thing": _custom(Name="b")}, _output("Kind"))
    assert deployer.physical_ids()["Thing"] == "id-b"
    assert deployer.events("Thing")[-2:] == [("DELETE_IN_PROGRESS", ""), ("DELETE_COMPLETE", "")]
    stack = deployer.update({"Function": function, "Thing": _custom(Name="b", Fail="Update")}, _output("Kind"))
    assert stack["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    reasons = [reason for status, reason in deployer.events("Thing") if status == "UPDATE_FAILED"]
    assert reasons[0].startswith("Received response status [FAILED] from custom resource. Message returned: no way")
    deployer.client.delete_stack(StackName="python")
    segue.settle()
    assert segue.transact(lambda tx: tx.all("SELECT id FROM cloudformation_responses")) == []


def test_a_function_in_javascript_answers_by_https(segue: Segue) -> None:
    deployer = Deployer(segue, "node")
    stack = deployer.create({"Function": _function(NODE, "nodejs22.x"), "Thing": _custom()}, _output("Is"))
    assert stack["Outputs"][0]["OutputValue"] == "Custom::Thing"
    assert deployer.physical_ids()["Thing"] == "from-node"


def test_one_that_fails_is_removed_again(segue: Segue) -> None:
    deployer = Deployer(segue, "failing")
    stack = deployer.create({"Function": _function(PYTHON, "python3.11"), "Thing": _custom(Fail="Create")})
    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    assert [status for status, _ in deployer.events("Thing")][-2:] == ["DELETE_IN_PROGRESS", "DELETE_COMPLETE"]


@pytest.mark.parametrize(
    "token", ["nobody", "arn:aws:sqs:us-east-1:000000000000:q", "arn:aws:sns:us-east-1:000000000000:gone"]
)
def test_one_that_nobody_was_asked_for_needs_no_removal(segue: Segue, token: str) -> None:
    deployer = Deployer(segue, f"asks-{token.rpartition(':')[2]}")
    thing = {"Type": "Custom::Thing", "Properties": {"ServiceToken": token}}
    assert deployer.create({"Thing": thing})["StackStatus"] == "ROLLBACK_COMPLETE"


def test_an_answer_that_does_not_come_is_waited_for_an_hour(segue: Segue) -> None:
    deployer = Deployer(segue, "silent")
    topic = {"Type": "AWS::SNS::Topic", "Properties": {}}
    custom = {"Type": "Custom::Thing", "Properties": {"ServiceToken": {"Ref": "Topic"}, "ServiceTimeout": 600}}
    assert deployer.create({"Topic": topic, "Thing": custom})["StackStatus"] == "CREATE_IN_PROGRESS"
    segue.advance(599)
    assert deployer.settled()["StackStatus"] == "CREATE_IN_PROGRESS"
    segue.advance(1)
    assert deployer.settled()["StackStatus"] == "ROLLBACK_IN_PROGRESS"
    failed = next(reason for status, reason in deployer.events("Thing") if status == "CREATE_FAILED")
    assert failed.startswith("CloudFormation did not receive a response from your Custom Resource.")
    segue.advance(600)
    assert deployer.settled()["StackStatus"] == "ROLLBACK_FAILED"


def _put(url: str, body: bytes) -> None:
    with urlopen(Request(url, body, method="PUT")) as answer:
        assert answer.status == 200


def test_a_wait_condition_waits_for_its_signals(segue: Segue) -> None:
    deployer = Deployer(segue, "waiting")
    condition = {
        "Type": "AWS::CloudFormation::WaitCondition",
        "Properties": {"Handle": {"Ref": "Handle"}, "Timeout": "60", "Count": 2},
    }
    handle = {"Type": "AWS::CloudFormation::WaitConditionHandle"}
    data = {"Data": {"Value": {"Fn::GetAtt": ["Condition", "Data"]}}}
    assert deployer.create({"Handle": handle, "Condition": condition}, data)["StackStatus"] == "CREATE_IN_PROGRESS"
    url = deployer.physical_ids()["Handle"]
    for unique in ("a", "a", "b"):
        assert deployer.settled()["StackStatus"] == "CREATE_IN_PROGRESS"
        signal = {"Status": "SUCCESS", "UniqueId": unique, "Data": unique.upper(), "Reason": ""}
        _put(url, json.dumps(signal).encode())
    stack = deployer.settled()
    assert stack["StackStatus"] == "CREATE_COMPLETE"
    assert json.loads(stack["Outputs"][0]["OutputValue"]) == {"a": "A", "b": "B"}
    late = Deployer(segue, "late")
    late.create({"Handle": handle, "Condition": condition})
    segue.advance(60)
    assert late.settled()["StackStatus"] == "ROLLBACK_COMPLETE"
