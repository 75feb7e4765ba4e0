"""Texts and orders of conformance cases (recorded from AWS, Apache-2.0; the case's name stands at each row)."""

from __future__ import annotations

from typing import Any

import pytest

from segue.errors import AwsError
from segue.wire.java_text import hash_set_order, java_hash
from segue.wire.model import load_service
from segue.wire.patterns import compile_pattern
from segue.wire.validate import failures, validate

CONNECTION = (
    "^arn:aws([a-z]|\\-)*:events:([a-z]|\\d|\\-)*:([0-9]{12})?:connection\\/[\\.\\-_A-Za-z0-9]+\\/[\\-A-Za-z0-9]+$"
)
LONG = "This should fail with two errors 123467890123412341234123412341234"
ARN = "arn:aws:states:us-east-1:111111111111:stateMachine:m"
ROUTING = [{"stateMachineVersionArn": f"{ARN}:1", "weight": 100}]
ALIAS = "^(?=.*[a-zA-Z_\\-\\.])[a-zA-Z0-9_\\-\\.]+$"

RECORDED: list[tuple[str, dict[str, Any], str, str]] = [
    (  # eventbridge-api/api_destinations_and_connection__create_api_destination_invalid_parameters
        "events:CreateApiDestination",
        {
            "Name": "n",
            "ConnectionArn": "invalid-connection-arn",
            "HttpMethod": "INVALID_METHOD",
            "InvocationEndpoint": "e",
        },
        "ValidationException",
        "2 validation errors detected: Value 'invalid-connection-arn' at 'connectionArn' failed to satisfy constraint: "
        f"Member must satisfy regular expression pattern: {CONNECTION}; Value 'INVALID_METHOD' at 'httpMethod' failed "
        "to satisfy constraint: Member must satisfy enum value set: [HEAD, POST, PATCH, DELETE, PUT, GET, OPTIONS]",
    ),
    (  # eventbridge-api/events__create_connection_validations
        "events:CreateConnection",
        {"Name": LONG, "AuthorizationType": "INVALID", "AuthParameters": {}},
        "ValidationException",
        f"3 validation errors detected: Value '{LONG}' at 'name' failed to satisfy constraint: Member must satisfy "
        f"regular expression pattern: [\\.\\-_A-Za-z0-9]+; Value '{LONG}' at 'name' failed to satisfy constraint: "
        "Member must have length less than or equal to 64; Value 'INVALID' at 'authorizationType' failed to satisfy "
        "constraint: Member must satisfy enum value set: [BASIC, OAUTH_CLIENT_CREDENTIALS, API_KEY]",
    ),
    (  # sfn-api/sfn_api__list_executions_versions_pagination
        "stepfunctions:ListExecutions",
        {"stateMachineArn": ARN, "maxResults": 1001},
        "ValidationException",
        "1 validation error detected: Value '1001' at 'maxResults' failed to satisfy constraint: "
        "Member must have value less than or equal to 1000",
    ),
    (  # sfn-api/sfn_api__state_machine_status_filter
        "stepfunctions:ListExecutions",
        {"stateMachineArn": ARN, "statusFilter": "succeeded"},
        "ValidationException",
        "1 validation error detected: Value 'succeeded' at 'statusFilter' failed to satisfy constraint: Member must "
        "satisfy enum value set: [SUCCEEDED, TIMED_OUT, PENDING_REDRIVE, ABORTED, FAILED, RUNNING]",
    ),
    (  # sfn-api/sfn_api_aliasing__error_create_alias_invalid_name
        "stepfunctions:CreateStateMachineAlias",
        {"name": "123", "routingConfiguration": ROUTING},
        "ValidationException",
        "1 validation error detected: Value '123' at 'name' failed to satisfy constraint: "
        f"Member must satisfy regular expression pattern: {ALIAS}",
    ),
    (  # sns-api/sns__empty_or_wrong_message_attributes
        "sns:Publish",
        {"TopicArn": "t", "Message": "m", "MessageAttributes": {"attr1": {"StringValue": "value"}}},
        "ValidationError",
        "1 validation error detected: Value null at 'messageAttributes.attr1.member.dataType' failed to satisfy "
        "constraint: Member must not be null",
    ),
    (  # the same case
        "sns:PublishBatch",
        {
            "TopicArn": "t",
            "PublishBatchRequestEntries": [
                {"Id": "1", "Message": "m", "MessageAttributes": {"attr1": {"StringValue": "value"}}},
                {"Id": "3", "Message": "m"},
            ],
        },
        "ValidationError",
        "1 validation error detected: Value null at 'publishBatchRequestEntries.1.member.messageAttributes.attr1.member"
        ".dataType' failed to satisfy constraint: Member must not be null",
    ),
    (  # sns-api/sns__create_platform_application_invalid_attributes_no-args
        "sns:CreatePlatformApplication",
        {"Name": "n", "Platform": "ADM"},
        "ValidationError",
        "1 validation error detected: Value null at 'attributes' failed to satisfy constraint: Member must not be null",
    ),
    (  # sns-api/sns__unsubscribe_wrong_arn_format
        "sns:Unsubscribe",
        {},
        "InvalidParameter",
        "Invalid parameter: SubscriptionArn Reason: no value for required parameter",
    ),
]

OURS: list[tuple[str, dict[str, Any], str, str]] = [
    ("sqs:SendMessage", {"MessageBody": "b"}, "MissingParameter", "The request must contain the parameter QueueUrl."),
    (
        "logs:CreateLogGroup",
        {"logGroupName": "a b"},
        "InvalidParameterException",
        "1 validation error detected: Value 'a b' at 'logGroupName' failed to satisfy constraint: "
        "Member must satisfy regular expression pattern: [\\.\\-_/#A-Za-z0-9]+",
    ),
    (
        "stepfunctions:CreateStateMachine",
        {"name": "n", "definition": "", "roleArn": "r"},
        "ValidationException",
        "1 validation error detected: Value at 'definition' failed to satisfy constraint: "
        "Member must have length greater than or equal to 1",
    ),
    (
        "events:UntagResource",
        {"ResourceARN": "arn", "TagKeys": [""]},
        "ValidationException",
        "1 validation error detected: Value '[]' at 'tagKeys' failed to satisfy constraint: Member must satisfy "
        "constraint: [Member must have length less than or equal to 128, Member must have length greater than or equal "
        "to 1]",
    ),
]


def _operation(name: str) -> Any:
    service, _, operation = name.partition(":")
    return load_service(service).operations[operation]


@pytest.mark.parametrize(("name", "params", "code", "message"), RECORDED + OURS)
def test_texts(name: str, params: dict[str, Any], code: str, message: str) -> None:
    with pytest.raises(AwsError) as caught:
        validate(_operation(name), params)
    assert (caught.value.code, caught.value.message) == (code, message)


def test_too_many_events_are_shown_as_java_prints_them() -> None:
    """eventbridge-api/events__put_events_exceed_limit_ten_entries_custom."""
    entry = {"Source": "s", "DetailType": "d", "Detail": '{"a": 1}', "EventBusName": "b"}
    shown = (
        'PutEventsRequestEntry(time=null, source=s, resources=null, detailType=d, detail={"a": 1}, eventBusName=b, '
        "traceHeader=null, kmsKeyIdentifier=null, internalMetadata=null)"
    )
    assert failures(_operation("events:PutEvents"), {"Entries": [entry] * 11}) == [
        f"Value '[{', '.join([shown] * 11)}]' at 'entries' failed to satisfy constraint: "
        "Member must have length less than or equal to 10"
    ]


@pytest.mark.parametrize(
    ("name", "params"),
    [
        ("events:PutEvents", {"Entries": [{"Source": "s", "TraceHeader": "Root=1"}]}),
        ("stepfunctions:ListStateMachines", {}),
        ("lambda:CreateFunction", {"FunctionName": "f", "Role": "arn:aws:iam::123456789012:role/r", "Code": {},
                                   "Runtime": "nodejs99.x"}),
        ("sqs:ReceiveMessage", {"QueueUrl": "", "MaxNumberOfMessages": 99}),  # SQS words its limits itself
        ("iam:TagRole", {"RoleName": "r", "Tags": [{"Key": "Größe/漢 1", "Value": ""}]}),
        ("dynamodb:PutItem", {"TableName": "abc", "Item": {"a": {"M": {"b": {"L": [{"S": ""}]}}}}}),
    ],
)  # fmt: skip
def test_good_input_passes(name: str, params: dict[str, Any]) -> None:
    validate(_operation(name), params)


def test_patterns_of_the_nine_services_compile() -> None:
    names = ("sqs", "sns", "lambda", "stepfunctions", "dynamodb", "events", "logs", "iam", "sts")
    patterns = set[str]()
    for name in names:
        for shape in load_service(name)._raw_shapes.values():
            patterns |= {shape["pattern"]} if "pattern" in shape else set()
    assert len(patterns) > 100
    assert [pattern for pattern in patterns if compile_pattern(pattern) is None] == []


def test_java_hash_and_the_recorded_order() -> None:
    assert java_hash("") == 0
    assert java_hash("Hello") == 69609650
    assert java_hash("🎉") == 0xD83C * 31 + 0xDF89  # two UTF-16 code units
    assert hash_set_order(("S", "N", "B")) == ("B", "N", "S")
