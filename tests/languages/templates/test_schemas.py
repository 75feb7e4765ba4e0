"""What resource types' properties are."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.languages.templates.schemas import known_types, problems_text, schema_of

NAMES = (
    "Tags",
    "Key",
    "Value",
    "Code",
    "Environment",
    "Variables",
    "Targets",
    "EventPattern",
    "FifoQueue",
    "VpcConfig",
)


def coerced(type_name: str, properties: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    schema = schema_of(type_name)
    assert schema is not None
    found, problems = schema.coerce(properties)
    return found, [str(problem) for problem in problems]


@pytest.mark.parametrize(
    ("type_name", "properties", "wanted"),
    [
        ("AWS::SQS::Queue", {"DelaySeconds": "5", "FifoQueue": "True"}, {"DelaySeconds": 5, "FifoQueue": True}),
        ("AWS::SQS::Queue", {"DelaySeconds": 5.0, "QueueName": 7}, {"DelaySeconds": 5, "QueueName": "7"}),
        ("AWS::SQS::Queue", {"Tags": [{"Key": "a", "Value": True}]}, {"Tags": [{"Key": "a", "Value": "true"}]}),
        ("AWS::SQS::Queue", {"RedrivePolicy": {"maxReceiveCount": "3"}}, {"RedrivePolicy": {"maxReceiveCount": 3}}),
        ("AWS::SQS::Queue", {"RedrivePolicy": '{"a":1}'}, {"RedrivePolicy": '{"a":1}'}),
        (
            "AWS::Lambda::Function",
            {"Code": {"ZipFile": "x"}, "Role": "r", "Environment": {"Variables": {"A": 1, "B": False}}},
            {"Code": {"ZipFile": "x"}, "Role": "r", "Environment": {"Variables": {"A": "1", "B": "false"}}},
        ),
        ("AWS::StepFunctions::StateMachine", {"RoleArn": "r", "Definition": {"Seconds": 1.5}}, None),
        ("AWS::CloudFormation::CustomResource", {"ServiceToken": "t", "Any": {"thing": [1]}}, None),
    ],
)
def test_values_of_the_schemas_types(type_name: str, properties: dict[str, Any], wanted: dict[str, Any] | None) -> None:
    assert coerced(type_name, properties) == (wanted or properties, [])


@pytest.mark.parametrize(
    ("type_name", "properties", "problems"),
    [
        ("AWS::SQS::Queue", {"Colour": 1}, ["#: extraneous key [Colour] is not permitted"]),
        ("AWS::SQS::Queue", {"Tags": [{"Key": "a"}]}, ["#/Tags/0: required key [Value] not found"]),
        ("AWS::SQS::Queue", {"Tags": "a"}, ["#/Tags: expected type: JSONArray, found: String"]),
        ("AWS::SQS::Queue", {"QueueName": ["a"]}, ["#/QueueName: expected type: String, found: JSONArray"]),
        ("AWS::SQS::Queue", {"DelaySeconds": "soon"}, ["#/DelaySeconds: expected type: Integer, found: String"]),
        ("AWS::SQS::Queue", {"DelaySeconds": True}, ["#/DelaySeconds: expected type: Integer, found: Boolean"]),
        ("AWS::SQS::Queue", {"DelaySeconds": 1.5}, ["#/DelaySeconds: expected type: Integer, found: Double"]),
        ("AWS::SQS::Queue", {"FifoQueue": 1}, ["#/FifoQueue: expected type: Boolean, found: Integer"]),
        ("AWS::SNS::TopicPolicy", {"Topics": [], "PolicyDocument": {}}, []),
        ("AWS::IAM::Role", {}, ["#: required key [AssumeRolePolicyDocument] not found"]),
    ],
)
def test_what_is_wrong_with_properties(type_name: str, properties: dict[str, Any], problems: list[str]) -> None:
    assert coerced(type_name, properties)[1] == problems


def test_the_event_of_a_resource_with_wrong_properties() -> None:
    schema = schema_of("AWS::SQS::Queue")
    assert schema is not None
    assert problems_text("Q", schema.coerce({"X": 1})[1]) == (
        "Properties validation failed for resource Q with message:\n#: extraneous key [X] is not permitted"
    )


def test_what_replaces() -> None:
    schema = schema_of("AWS::SQS::Queue")
    assert schema is not None
    assert set(schema.create_only) == {"FifoQueue", "QueueName"}
    assert schema.replaced_by({"QueueName": "a", "DelaySeconds": 1}, {"QueueName": "b"}) == ["QueueName"]
    assert schema.replaced_by({"QueueName": "a"}, {"QueueName": "a", "DelaySeconds": 3}) == []
    nested = schema_of("AWS::Lambda::EventSourceMapping")
    assert nested is not None
    assert nested.replaced_by({"EventSourceArn": "a"}, {}) == ["EventSourceArn"]


def test_types_that_are_known() -> None:
    assert {"AWS::SQS::Queue", "AWS::CDK::Metadata", "Alexa::ASK::Skill"} <= known_types()
    assert len(known_types()) > 1500
    assert not any(name.startswith("AWS::Serverless::") for name in known_types())  # only their transform knows them
    assert schema_of("AWS::Nothing::AtAll") is None
    assert schema_of("AWS::SQS::Cue") is None
    assert schema_of("Custom::Thing") is None
    assert schema_of("") is None


def test_every_schema_is_whole() -> None:
    """Every definition that a schema names is there, and every type of Segue's services has a schema."""
    for name in sorted(known_types()):  # so that each service is read once
        schema = schema_of(name)
        if schema is None:
            assert name.split("::")[1] not in ("SQS", "SNS", "Lambda", "Events", "IAM", "S3", "Logs", "EC2")
            continue
        nodes: list[Any] = [schema.node, *schema.definitions.values()]
        while nodes:
            node = nodes.pop()
            if isinstance(node, dict):
                nodes += [*node["p"].values(), *([node["m"]] if "m" in node else [])]
            elif isinstance(node, list):
                nodes += node
            else:
                assert node in ("s", "i", "n", "b", "o", "j", "t", "a") or node[1:] in schema.definitions


ANY: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=3),
    max_leaves=10,
)


@given(st.sampled_from(["AWS::SQS::Queue", "AWS::Lambda::Function", "AWS::Events::Rule", "AWS::S3::Bucket"]), ANY)
def test_any_properties_have_a_value(type_name: str, value: Any) -> None:
    """Whatever the properties are, they are coerced or told of; a second time changes nothing."""
    schema = schema_of(type_name)
    assert schema is not None
    properties = value if isinstance(value, dict) else {"Tags": value}
    found, problems = schema.coerce(properties)
    again, problems_again = schema.coerce(found)
    assert repr(again) == repr(found)
    assert problems_again == problems
    schema.replaced_by(properties, found)
