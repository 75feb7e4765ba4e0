"""Functions whose failed events nobody would see, told from a template."""

from __future__ import annotations

from typing import Any

import pytest

from segue.cli.stacks.loose_ends import loose_ends

SNS = {"Action": "lambda:InvokeFunction", "Principal": "sns.amazonaws.com"}


def function(**properties: Any) -> dict[str, Any]:
    return {"Type": "AWS::Lambda::Function", "Properties": {"Handler": "a.b", **properties}}


def permission(of: Any, **properties: Any) -> dict[str, Any]:
    return {"Type": "AWS::Lambda::Permission", "Properties": {**SNS, "FunctionName": of, **properties}}


def config(**properties: Any) -> dict[str, Any]:
    return {"Type": "AWS::Lambda::EventInvokeConfig", "Properties": {"FunctionName": {"Ref": "F"}, **properties}}


ALIAS = {"Type": "AWS::Lambda::Alias", "Properties": {"FunctionName": {"Ref": "F"}, "Name": "live"}}
CIRCLE = {"Type": "AWS::Lambda::Alias", "Properties": {"FunctionName": {"Ref": "A"}}}
BARE = {"Type": "AWS::Lambda::Permission"}
LOST, KEPT = ["F"], []


@pytest.mark.parametrize(
    ("resources", "found"),
    [
        ({"F": function(), "P": permission({"Ref": "F"})}, LOST),
        ({"F": function(), "P": permission({"Fn::GetAtt": ["F", "Arn"]})}, LOST),
        ({"F": function(), "P": permission({"Fn::GetAtt": "F.Arn"})}, LOST),
        ({"F": function(), "A": ALIAS, "P": permission({"Ref": "A"})}, LOST),
        ({"F": function(), "C": config(MaximumRetryAttempts=0)}, LOST),
        ({"F": function(), "P": permission({"Ref": "F"}, Principal="apigateway.amazonaws.com")}, KEPT),
        ({"F": function(DeadLetterConfig={"TargetArn": "q"}), "P": permission({"Ref": "F"})}, KEPT),
        (
            {
                "F": function(),
                "P": permission({"Ref": "F"}),
                "C": config(DestinationConfig={"OnFailure": {"Destination": "q"}}),
            },
            KEPT,
        ),
        ({"F": function(), "P": permission({"Ref": "F"}), "C": config(DestinationConfig={"OnSuccess": {}})}, LOST),
        ({"F": function()}, KEPT),
        ({"P": permission("by-name")}, KEPT),
        ({"P": permission({"Ref": "Parameter"})}, KEPT),
        (
            {"A": {"Type": "AWS::Lambda::Alias", "Properties": {"FunctionName": {"Ref": "A"}}}, "P": permission("A")},
            KEPT,
        ),
        (
            {"F": 7, "P": permission(7), "Q": permission({"Fn::GetAtt": []}), "R": {"Type": "AWS::Lambda::Permission"}},
            KEPT,
        ),
        (None, KEPT),
    ],
)
def test_loose_ends(resources: Any, found: list[str]) -> None:
    assert loose_ends(resources) == found
