"""Templates with mistakes by chance: each is refused, or comes to an end; none breaks the server."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from functools import partial
from typing import Any

from botocore.exceptions import ClientError

from segue.testing import Segue

GOOD: dict[str, Any] = {
    "Transform": ["AWS::LanguageExtensions"],
    "Parameters": {"P": {"Type": "String", "Default": "a"}},
    "Conditions": {"C": {"Fn::Equals": [{"Ref": "P"}, "a"]}},
    "Mappings": {"M": {"a": {"b": "c"}}},
    "Rules": {"R": {"Assertions": [{"Assert": {"Fn::Equals": ["a", "a"]}}]}},
    "Metadata": {"m": 1},
    "Resources": {
        "A": {
            "Type": "AWS::SQS::Queue",
            "Condition": "C",
            "DependsOn": ["B"],
            "Metadata": {"x": {"Ref": "P"}},
            "Properties": {
                "DelaySeconds": 1,
                "Tags": [{"Key": "a", "Value": "b"}],
                "RedrivePolicy": {"deadLetterTargetArn": {"Fn::GetAtt": ["B", "Arn"]}, "maxReceiveCount": 3},
            },
        },
        "B": {"Type": "AWS::SQS::Queue"},
        "H": {"Type": "AWS::CloudFormation::WaitConditionHandle"},
        "V": {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "x"}},
    },
    "Outputs": {"O": {"Value": {"Ref": "B"}, "Export": {"Name": "n"}, "Condition": "C"}},
}
WRONG: tuple[Any, ...] = (
    *(None, 1, True, "x", [], {}, [1], {"Ref": 1}, {"Ref": "A"}, {"Ref": "AWS::NoValue"}, {"Condition": "C"}),
    *({"Fn::Sub": "${"}, {"Fn::GetAtt": ["A"]}, {"Fn::If": [1]}, {"Fn::Join": ["", [None]]}, {"Fn::Select": [0, []]}),
    *({"Fn::Transform": {"Name": "AWS::Include"}}, {"Fn::Transform": 3}, {"Fn::ImportValue": {"Ref": "A"}}),
    *("{{resolve:ssm:x}}", "{{resolve:x}}", {"Fn::ForEach::A": ["a", ["b"], {"c": 1}]}, {"Fn::GetAZs": ""}),
)
CAPABILITIES = ["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"]


def _places(value: Any, place: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if place:
        yield place
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from _places(inner, (*place, key))


def _mistaken(chance: random.Random) -> str:
    template = json.loads(json.dumps(GOOD))
    for _ in range(chance.choice((1, 1, 2, 3))):
        *way, last = chance.choice(list(_places(template)))
        found = template
        for key in way:
            found = found[key]
        if chance.random() < 0.15:
            del found[last]
        else:
            found[last] = json.loads(json.dumps(chance.choice(WRONG)))
    return json.dumps(template)


def test_mistakes_are_refused_or_rolled_back() -> None:
    chance = random.Random(7)
    with Segue() as segue:
        client = segue.client("cloudformation")
        params = {"StackName": "s", "Capabilities": CAPABILITIES}
        client.create_stack(**params, TemplateBody=json.dumps(GOOD))
        segue.settle()
        for _ in range(150):
            text = _mistaken(chance)
            codes = set()
            for ask in (client.get_template_summary, partial(client.update_stack, **params)):
                try:
                    ask(TemplateBody=text)
                except ClientError as error:
                    codes.add(error.response["Error"]["Code"])
            assert codes <= {"ValidationError"}, text
            segue.settle()
            status = client.describe_stacks(StackName="s")["Stacks"][0]["StackStatus"]
            assert status in ("CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"), text
        events = client.describe_stack_events(StackName="s")["StackEvents"]
        assert not [each for each in events if "Internal error" in each.get("ResourceStatusReason", "")]
        client.delete_stack(StackName="s")
        segue.settle()
        assert segue.client("sqs").list_queues().get("QueueUrls", []) == []
        for table in ("steps", "edges", "exports", "imports", "responses"):
            assert segue.transact(lambda tx, table=table: tx.all(f"SELECT 1 FROM cloudformation_{table}")) == []
