"""Code that answers CloudFormation, as it is written for AWS: it knows of a host and of HTTPS only."""

from __future__ import annotations

import json
from typing import Any

import pytest

from segue.runtimes.launch import find_node
from segue.testing import Segue
from tests.services.lambda_.house import ROLE

ANSWER = """{Status: 'SUCCESS', PhysicalResourceId: 'x', StackId: e.StackId, RequestId: e.RequestId,
  LogicalResourceId: e.LogicalResourceId, Data: {From: 'here'}}"""
# CDK's entry points; the older form names the port; AWS's own modules for inline code; crhelper.
NODE = f"""
const https = require('https'), url = require('url');
exports.handler = (e) => new Promise((resolve, reject) => {{
  const body = JSON.stringify({ANSWER}), to = url.parse(e.ResponseURL);
  const headers = {{'content-type': '', 'content-length': Buffer.byteLength(body)}};
  const options = {{hostname: to.hostname, PORT path: to.path, method: 'PUT', headers}};
  https.request(options, resolve).on('error', reject).end(body);
}});
"""
NODE_MODULE = """
const response = require('cfn-response');
exports.handler = (event, context) => response.send(event, context, response.SUCCESS, {From: 'here'}, 'x');
"""
PYTHON_MODULE = """
import cfnresponse
def handler(event, context):
    cfnresponse.send(event, context, cfnresponse.SUCCESS, {"From": "here"}, "x")
"""
PYTHON = """
import json
from http.client import HTTPSConnection
from urllib.parse import urlsplit
def handler(event, context):
    to = urlsplit(event["ResponseURL"])
    body = {name: event[name] for name in ("StackId", "RequestId", "LogicalResourceId")}
    body |= {"Status": "SUCCESS", "PhysicalResourceId": "x", "Data": {"From": "here"}}
    connection = HTTPSConnection(to.netloc)
    connection.request("PUT", to.path, json.dumps(body), {"content-type": ""})
    assert connection.getresponse().status == 200
"""
needs_node = pytest.mark.skipif(find_node() is None, reason="no Node.js on this machine")


@pytest.mark.parametrize(
    ("runtime", "code"),
    [
        pytest.param("nodejs20.x", NODE.replace("PORT", ""), marks=needs_node),
        pytest.param("nodejs20.x", NODE.replace("PORT", "port: 443,"), marks=needs_node),
        pytest.param("nodejs20.x", NODE_MODULE, marks=needs_node),
        ("python3.11", PYTHON_MODULE),
        ("python3.11", PYTHON),
    ],
    ids=["cdk", "with-port", "node-module", "python-module", "crhelper"],
)
def test_a_custom_resource_is_made_and_removed(segue: Segue, runtime: str, code: str) -> None:
    function: dict[str, Any] = {"Runtime": runtime, "Handler": "index.handler", "Role": ROLE, "Code": {"ZipFile": code}}
    token = {"Fn::GetAtt": ["F", "Arn"]}
    template = {
        "Resources": {
            "F": {"Type": "AWS::Lambda::Function", "Properties": function},
            "Own": {"Type": "Custom::Own", "Properties": {"ServiceToken": token}},
        },
        "Outputs": {"From": {"Value": {"Fn::GetAtt": ["Own", "From"]}}},
    }
    cfn = segue.client("cloudformation")
    stack = cfn.create_stack(StackName="s", TemplateBody=json.dumps(template))["StackId"]
    segue.settle()
    found = cfn.describe_stacks(StackName="s")["Stacks"][0]
    assert (found["StackStatus"], found["Outputs"][0]["OutputValue"]) == ("CREATE_COMPLETE", "here")
    cfn.delete_stack(StackName="s")
    segue.settle()
    assert cfn.describe_stacks(StackName=stack)["Stacks"][0]["StackStatus"] == "DELETE_COMPLETE"
