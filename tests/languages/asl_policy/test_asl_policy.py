"""What the role of a state machine needs, told from its definition."""

from __future__ import annotations

import json
from typing import Any

import pytest

from segue.languages.asl_policy import Names, policy_of

NAMES = Names("eu-west-1", "123456789012", "order")
FUNCTION = "arn:aws:lambda:eu-west-1:123456789012:function"
OPTIMIZED = "arn:aws:states:::"
SDK = "arn:aws:states:::aws-sdk:"


def needed(state: dict[str, Any], **machine: Any) -> tuple[dict[str, list[str]], tuple[str, ...]]:
    """The resources of each action, and what is open."""
    definition = {"StartAt": "S", "States": {"S": {"End": True, **state}}, **machine}
    policy = policy_of(definition, NAMES)
    assert policy.document["Version"] == "2012-10-17"
    found = {action: one["Resource"] for one in policy.document["Statement"] for action in one["Action"]}
    assert all(one["Effect"] == "Allow" for one in policy.document["Statement"])
    return found, policy.open


def task(resource: str, parameters: Any = None, **more: Any) -> dict[str, Any]:
    return {"Type": "Task", "Resource": resource, "Parameters": parameters or {}, **more}


@pytest.mark.parametrize(
    ("resource", "parameters", "found"),
    [
        (f"{FUNCTION}:f", {}, {"lambda:InvokeFunction": [f"{FUNCTION}:f"]}),
        ("${Open}", {}, {"lambda:InvokeFunction": ["${Open}"]}),
        ("lambda:invoke", {"FunctionName": "f"}, {"lambda:InvokeFunction": [f"{FUNCTION}:f"]}),
        ("lambda:invoke", {"FunctionName": "f", "Qualifier": "7"}, {"lambda:InvokeFunction": [f"{FUNCTION}:f:7"]}),
        ("lambda:invoke.waitForTaskToken", {"FunctionName": "${F}"}, {"lambda:InvokeFunction": ["${F}"]}),
        (
            "sqs:sendMessage",
            {"QueueUrl": "https://sqs.us-east-2.amazonaws.com/1/q"},
            {"sqs:SendMessage": ["arn:aws:sqs:us-east-2:1:q"]},
        ),
        (
            "sqs:sendMessage.waitForTaskToken",
            {"QueueUrl": "http://127.0.0.1:4566/1/q"},
            {"sqs:SendMessage": ["arn:aws:sqs:eu-west-1:1:q"]},
        ),
        ("sns:publish", {"TopicArn": "arn:aws:sns:r:1:t"}, {"sns:Publish": ["arn:aws:sns:r:1:t"]}),
        ("sns:publish", {"PhoneNumber": "+1"}, {"sns:Publish": ["*"]}),
        (
            "dynamodb:putItem",
            {"TableName": "t"},
            {"dynamodb:PutItem": ["arn:aws:dynamodb:eu-west-1:123456789012:table/t"]},
        ),
        (
            "events:putEvents",
            {"Entries": [{"EventBusName": "b"}, {"Source": "s"}]},
            {
                "events:PutEvents": [
                    "arn:aws:events:eu-west-1:123456789012:event-bus/b",
                    "arn:aws:events:eu-west-1:123456789012:event-bus/default",
                ]
            },
        ),
        (
            "apigateway:invoke",
            {"ApiEndpoint": "abc.execute-api.eu-west-1.amazonaws.com", "Method": "GET", "Stage": "v1", "Path": "/a"},
            {"execute-api:Invoke": ["arn:aws:execute-api:eu-west-1:123456789012:abc/v1/GET/a"]},
        ),
        ("glue:startJobRun", {"JobName": "j"}, {"glue:StartJobRun": ["*"]}),
        (
            "aws-sdk:dynamodb:query",
            {"TableName": "t", "IndexName": "i"},
            {"dynamodb:Query": ["arn:aws:dynamodb:eu-west-1:123456789012:table/t/index/i"]},
        ),
        ("aws-sdk:sfn:startSyncExecution", {"StateMachineArn": "arn:m"}, {"states:StartSyncExecution": ["arn:m"]}),
        ("aws-sdk:s3:listObjectsV2", {"Bucket": "b", "Prefix": "p"}, {"s3:ListBucket": ["arn:aws:s3:::b"]}),
        ("aws-sdk:s3:getObject", {"Bucket": "b", "Key.$": "$.k"}, {"s3:GetObject": ["arn:aws:s3:::b/*"]}),
        ("aws-sdk:s3:listBuckets", {}, {"s3:ListAllMyBuckets": ["*"]}),
        (
            "aws-sdk:sqs:sendMessageBatch",
            {"QueueUrl": "http://q/1/q"},
            {"sqs:SendMessage": ["arn:aws:sqs:eu-west-1:1:q"]},
        ),
        (
            "aws-sdk:secretsmanager:getSecretValue",
            {"SecretId": "s"},
            {"secretsmanager:GetSecretValue": ["arn:aws:secretsmanager:eu-west-1:123456789012:secret:s-??????"]},
        ),
        (
            "aws-sdk:ssm:getParameter",
            {"Name": "/a/b"},
            {"ssm:GetParameter": ["arn:aws:ssm:eu-west-1:123456789012:parameter/a/b"]},
        ),
    ],
)
def test_what_a_task_names_is_named(resource: str, parameters: Any, found: dict[str, list[str]]) -> None:
    whole = resource if resource.startswith(("arn:", "$")) else f"{OPTIMIZED}{resource}"
    assert needed(task(whole, parameters))[0] == found


@pytest.mark.parametrize(
    ("resource", "parameters", "action"),
    [
        ("lambda:invoke", {"FunctionName.$": "$.f"}, "lambda:InvokeFunction"),
        ("sqs:sendMessage", {"QueueUrl.$": "$.q"}, "sqs:SendMessage"),
        ("sns:publish", {"TopicArn.$": "$.t"}, "sns:Publish"),
        ("dynamodb:getItem", {"TableName.$": "$.t"}, "dynamodb:GetItem"),
        ("events:putEvents", {"Entries.$": "$.e"}, "events:PutEvents"),
        ("aws-sdk:s3:getObject", {"Bucket.$": "$.b", "Key": "k"}, "s3:GetObject"),
    ],
)
def test_what_comes_with_the_input_is_anything_and_is_told(resource: str, parameters: Any, action: str) -> None:
    found, told = needed(task(f"{OPTIMIZED}{resource}", parameters))
    assert found == {action: ["*"]}
    assert [words for words in told if words.startswith("S: ") and action in words]


def test_expressions_of_jsonata_are_not_known_before() -> None:
    state = {"Type": "Task", "Resource": f"{OPTIMIZED}sqs:sendMessage", "Arguments": {"QueueUrl": "{% $q %}"}}
    assert needed(state, QueryLanguage="JSONata")[0] == {"sqs:SendMessage": ["*"]}


def test_a_child_execution_that_is_waited_for_is_watched() -> None:
    machine = "arn:aws:states:r:1:stateMachine:child"
    found, told = needed(task(f"{OPTIMIZED}states:startExecution.sync:2", {"StateMachineArn": machine}))
    rule = "arn:aws:events:eu-west-1:123456789012:rule/StepFunctionsGetEventsForStepFunctionsExecutionRule"
    assert found == {
        "states:StartExecution": [machine],
        "states:DescribeExecution": ["arn:aws:states:r:1:execution:child:*"],
        "states:StopExecution": ["arn:aws:states:r:1:execution:child:*"],
        "events:PutTargets": [rule],
        "events:PutRule": [rule],
        "events:DescribeRule": [rule],
    }
    assert told == ()


def test_credentials_need_their_role_and_nothing_else() -> None:
    role = "arn:aws:iam::9:role/other"
    state = task(f"{FUNCTION}:f", Credentials={"RoleArn": role})
    assert needed(state)[0] == {"sts:AssumeRole": [role]}
    assert needed({**state, "Credentials": {"RoleArn.$": "$.r"}})[0] == {"sts:AssumeRole": ["*"]}


def test_an_http_task_needs_its_connection() -> None:
    connection = "arn:aws:events:r:1:connection/c/7"
    found, _ = needed(task(f"{OPTIMIZED}http:invoke", {"Authentication": {"ConnectionArn": connection}}))
    assert found["events:RetrieveConnectionCredentials"] == [connection]
    assert found["states:InvokeHTTPEndpoint"] == ["arn:aws:states:eu-west-1:123456789012:stateMachine:order"]


def test_a_distributed_map_starts_its_own_machine() -> None:
    inner = {"StartAt": "F", "States": {"F": {**task(f"{FUNCTION}:f"), "End": True}}}
    state = {
        "Type": "Map",
        "ItemProcessor": {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}, **inner},
        "ItemReader": {"Resource": f"{OPTIMIZED}s3:listObjectsV2", "Parameters": {"Bucket": "b", "Prefix": "p"}},
        "ResultWriter": {"Resource": f"{OPTIMIZED}s3:putObject", "Parameters": {"Bucket": "out", "Prefix": "p"}},
    }
    found, _ = needed(state)
    assert found["states:StartExecution"] == ["arn:aws:states:eu-west-1:123456789012:stateMachine:order"]
    assert found["states:StopExecution"] == ["arn:aws:states:eu-west-1:123456789012:execution:order:*"]
    assert (found["s3:ListBucket"], found["s3:PutObject"]) == (["arn:aws:s3:::b"], ["arn:aws:s3:::out/*"])
    assert found["lambda:InvokeFunction"] == [f"{FUNCTION}:f"]


@pytest.mark.parametrize(
    "state",
    [{"Type": "Pass"}, {"Type": "Task", "Resource": "arn:aws:states:r:1:activity:a"}, {"Type": "Wait", "Seconds": 1}],
)
def test_what_calls_nobody_needs_nothing(state: dict[str, Any]) -> None:
    assert needed(state) == ({}, ())


def test_states_of_branches_count_and_one_statement_holds_what_is_about_the_same() -> None:
    def branch(name: str) -> dict[str, Any]:
        return {"StartAt": name, "States": {name: {**task(f"{FUNCTION}:{name}"), "End": True}}}

    definition = {
        "StartAt": "P",
        "States": {"P": {"Type": "Parallel", "Branches": [branch("a"), branch("b"), branch("a")], "End": True}},
    }
    assert policy_of(definition, Names()).document["Statement"] == [
        {"Effect": "Allow", "Action": ["lambda:InvokeFunction"], "Resource": [f"{FUNCTION}:a", f"{FUNCTION}:b"]}
    ]


@pytest.mark.parametrize("parameters", [None, 7, [], {"QueueUrl": 7}, {"QueueUrl": None}, {"QueueUrl": ""}])
def test_parameters_of_any_kind_are_borne(parameters: Any) -> None:
    state = {"Type": "Task", "Resource": f"{OPTIMIZED}sqs:sendMessage", "Parameters": parameters}
    assert needed(json.loads(json.dumps(state)))[0] == {"sqs:SendMessage": ["*"]}
