"""The policies that AWS manages: those that applications of this kind attach, with what they grant.

Others of AWS's can be attached, too (scripts must run as they are), but grant nothing here; GetPolicyVersion says so.
"""

from __future__ import annotations

import json
import re
from functools import cache
from typing import Any

_ARN = re.compile(r"arn:aws[a-z-]*:iam::aws:policy/((?:[\w+=,.@-]+/)*)([\w+=,.@-]+)")

_LOGS = ("logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents")
_XRAY = ("xray:PutTraceSegments", "xray:PutTelemetryRecords", "xray:GetSampling*")
_ACTIONS: dict[str, tuple[str, ...]] = {
    "AdministratorAccess": ("*",),
    "AWSLambdaBasicExecutionRole": _LOGS,
    "AWSLambdaSQSQueueExecutionRole": (
        *("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"),
        *_LOGS,
    ),
    "AWSLambdaDynamoDBExecutionRole": (
        *("dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator", "dynamodb:ListStreams"),
        *_LOGS,
    ),
    "AWSLambdaKinesisExecutionRole": (
        *("kinesis:DescribeStream", "kinesis:DescribeStreamSummary", "kinesis:GetRecords"),
        *("kinesis:GetShardIterator", "kinesis:ListShards", "kinesis:ListStreams", "kinesis:SubscribeToShard"),
        *_LOGS,
    ),
    "AWSLambdaVPCAccessExecutionRole": (
        *_LOGS,
        *("ec2:CreateNetworkInterface", "ec2:DescribeNetworkInterfaces", "ec2:DeleteNetworkInterface"),
    ),
    "AWSLambdaRole": ("lambda:InvokeFunction",),
    "AWSLambda_FullAccess": ("lambda:*", "logs:*", "states:*", "iam:PassRole", "iam:GetRole", "iam:ListRoles"),
    "AWSLambdaExecute": ("logs:*", "s3:GetObject", "s3:PutObject"),
    "AWSXRayDaemonWriteAccess": _XRAY,
    "AWSStepFunctionsFullAccess": ("states:*", "iam:ListRoles", "iam:PassRole", "lambda:ListFunctions"),
    "AmazonSQSFullAccess": ("sqs:*",),
    "AmazonSNSFullAccess": ("sns:*",),
    "AmazonEventBridgeFullAccess": ("events:*", "schemas:*", "scheduler:*", "pipes:*"),
    "AmazonDynamoDBFullAccess": ("dynamodb:*", "dax:*"),
    "AmazonS3FullAccess": ("s3:*", "s3-object-lambda:*"),
    "AmazonS3ReadOnlyAccess": ("s3:Get*", "s3:List*", "s3:Describe*"),
    "AmazonSQSReadOnlyAccess": ("sqs:GetQueueAttributes", "sqs:GetQueueUrl", "sqs:List*"),
    "AmazonSSMReadOnlyAccess": ("ssm:Describe*", "ssm:Get*", "ssm:List*"),
    "AmazonSESFullAccess": ("ses:*",),
    "AmazonAPIGatewayInvokeFullAccess": ("execute-api:Invoke", "execute-api:ManageConnections"),
    "AmazonAPIGatewayPushToCloudWatchLogs": (*_LOGS, "logs:Describe*", "logs:GetLogEvents", "logs:FilterLogEvents"),
    "CloudWatchLogsFullAccess": ("logs:*", "cloudwatch:GenerateQuery"),
    "CloudWatchFullAccess": ("cloudwatch:*", "logs:*", "sns:*"),
    "SecretsManagerReadWrite": ("secretsmanager:*",),
    "AWSCloudFormationReadOnlyAccess": (
        "cloudformation:Describe*",
        "cloudformation:EstimateTemplateCost",
        "cloudformation:Get*",
        "cloudformation:List*",
        "cloudformation:ValidateTemplate",
        "cloudformation:Detect*",
    ),
    "AWSCloudFormationFullAccess": ("cloudformation:*",),
    "AmazonSSMFullAccess": ("ssm:*", "cloudwatch:PutMetricData", "ec2messages:*", "ssmmessages:*"),
    "IAMFullAccess": ("iam:*",),
    "AWSKeyManagementServicePowerUser": ("kms:Create*", "kms:Describe*", "kms:Get*", "kms:List*", "kms:TagResource"),
}


def name_of(arn: str) -> tuple[str, str] | None:
    """The path and name in the ARN of a policy that AWS manages; ``None`` for any other."""
    found = _ARN.fullmatch(arn)
    return None if found is None else ("/" + found[1], found[2])


@cache
def document_of(arn: str) -> str | None:
    """What the policy grants, if it is one of those known here."""
    found = name_of(arn)
    if found is None:
        return None
    if found[1] == "PowerUserAccess":
        return _text({"NotAction": ["iam:*", "organizations:*", "account:*"]})
    if found[1] in ("ReadOnlyAccess", "ViewOnlyAccess"):
        return _text({"Action": ["*:Get*", "*:List*", "*:Describe*", "*:BatchGet*"]})
    actions = _ACTIONS.get(found[1])
    return None if actions is None else _text({"Action": list(actions)})


def _text(statement: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement, "Resource": "*"}]})
