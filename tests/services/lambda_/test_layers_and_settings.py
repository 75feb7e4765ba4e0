"""Layers of other accounts, and settings that are kept and told."""

from __future__ import annotations

import json
from typing import Any

import pytest

from segue.testing import Segue
from tests.services.lambda_.house import ROLE, House, house, package
from tests.services.lambda_.test_functions import error
from tests.services.resources import Resources

__all__ = ["house"]

LAYER = "arn:aws:lambda:us-east-1:000000000000:layer:shared"
FOREIGN = "arn:aws:lambda:us-east-1:017000801446:layer:Powertools:7"


def test_permissions_of_a_layer(house: House) -> None:
    house.perform("lambda:PublishLayerVersion", LayerName="shared", Content={"ZipFile": package()})
    version = {"LayerName": "shared", "VersionNumber": 1}
    given = {"StatementId": "all", "Action": "lambda:GetLayerVersion", "Principal": "*"}
    house.perform("lambda:AddLayerVersionPermission", **version, **given)
    assert error(house, "AddLayerVersionPermission", **version, **given)[0] == "ResourceConflictException"
    found = json.loads(house.perform("lambda:GetLayerVersionPolicy", **version)["Policy"])["Statement"]
    assert (found[0]["Principal"], found[0]["Resource"]) == ("*", f"{LAYER}:1")
    house.perform("lambda:RemoveLayerVersionPermission", **version, StatementId="all")
    assert error(house, "GetLayerVersionPolicy", **version)[0] == "ResourceNotFoundException"
    missing = {"LayerName": "shared", "VersionNumber": 9}
    assert error(house, "AddLayerVersionPermission", **missing, **given)[0] == "ResourceNotFoundException"


def test_a_layer_permission_in_a_template(segue: Segue) -> None:
    lambda_, resources = segue.client("lambda"), Resources(segue)
    lambda_.publish_layer_version(LayerName="shared", Content={"ZipFile": package()})
    given = {"LayerVersionArn": f"{LAYER}:1", "Action": "lambda:GetLayerVersion", "Principal": "111122223333"}
    resources.create("AWS::Lambda::LayerVersionPermission", "May", **given)
    policy = json.loads(lambda_.get_layer_version_policy(LayerName="shared", VersionNumber=1)["Policy"])
    assert policy["Statement"][0]["Principal"] == {"AWS": "arn:aws:iam::111122223333:root"}
    resources.delete("May")
    resources.delete("May")


def test_a_function_goes_without_a_layer_of_others_and_says_so(segue: Segue) -> None:
    lambda_: Any = segue.client("lambda")
    code = {"ZipFile": package({"a.py": "def b(event, context): return 1"})}
    function = {"Runtime": "python3.11", "Handler": "a.b", "Role": ROLE, "Code": code}
    lambda_.create_function(FunctionName="f", **function, Layers=[FOREIGN])
    assert lambda_.invoke(FunctionName="f")["Payload"].read() == b"1"
    segue.settle()
    events = segue.client("logs").filter_log_events(logGroupName="/aws/lambda/f")["events"]
    assert any(f"the layer {FOREIGN} of another account is not here" in event["message"] for event in events)
    with pytest.raises(lambda_.exceptions.InvalidParameterValueException, match="does not exist"):
        lambda_.create_function(FunctionName="g", **function, Layers=[f"{LAYER}:1"])


def test_a_stack_is_told_of_layers_that_are_not_here(segue: Segue) -> None:
    resources = Resources(segue)
    code = {"ZipFile": "def handler(event, context): return 1"}
    given = {"Runtime": "python3.11", "Handler": "index.handler", "Role": ROLE, "Code": code}
    resources.create("AWS::Lambda::Function", "F", **given, Layers=[FOREIGN])
    assert resources.notes == [f"The layer {FOREIGN} of another account is not here: the function's log says more."]


def test_settings_are_kept(house: House) -> None:
    house.create_function("f")
    assert house.perform("lambda:GetRuntimeManagementConfig", FunctionName="f")["UpdateRuntimeOn"] == "Auto"
    house.perform("lambda:PutRuntimeManagementConfig", FunctionName="f", UpdateRuntimeOn="FunctionUpdate")
    assert house.perform("lambda:GetRuntimeManagementConfig", FunctionName="f")["UpdateRuntimeOn"] == "FunctionUpdate"
    wrong = error(house, "PutRuntimeManagementConfig", FunctionName="f", UpdateRuntimeOn="Manual")
    assert wrong[0] == "InvalidParameterValueException"
    assert house.perform("lambda:GetFunctionRecursionConfig", FunctionName="f")["RecursiveLoop"] == "Terminate"
    house.perform("lambda:PutFunctionRecursionConfig", FunctionName="f", RecursiveLoop="Allow")
    assert house.perform("lambda:GetFunctionRecursionConfig", FunctionName="f")["RecursiveLoop"] == "Allow"
    house.perform("lambda:DeleteFunction", FunctionName="f")
    house.create_function("f")
    assert house.perform("lambda:GetFunctionRecursionConfig", FunctionName="f")["RecursiveLoop"] == "Terminate"
