"""How IAM calls what integrations do.

Source: the service authorization reference
(https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html).
"""

from __future__ import annotations

# Services as SDK integrations name them, where IAM's prefix is another.
_PREFIXES = {
    "apigatewaymanagementapi": "execute-api",
    "apigatewayv2": "apigateway",
    "bedrockruntime": "bedrock",
    "cloudwatchevents": "events",
    "cloudwatchlogs": "logs",
    "cognitoidentityprovider": "cognito-idp",
    "databasemigration": "dms",
    "docdb": "rds",
    "dynamodbstreams": "dynamodb",
    "efs": "elasticfilesystem",
    "elasticloadbalancingv2": "elasticloadbalancing",
    "emr": "elasticmapreduce",
    "eventbridge": "events",
    "iotdataplane": "iot",
    "lexruntimev2": "lex",
    "neptune": "rds",
    "opensearch": "es",
    "rdsdata": "rds-data",
    "redshiftdata": "redshift-data",
    "resourcegroupstaggingapi": "tag",
    "sesv2": "ses",
    "sfn": "states",
}

# Operations that IAM knows by other names; several where they do several things.
_ACTIONS: dict[str, tuple[str, ...]] = {
    "dynamodb:TransactGetItems": ("GetItem",),
    "dynamodb:TransactWriteItems": ("PutItem", "UpdateItem", "DeleteItem", "ConditionCheckItem"),
    "dynamodb:ExecuteStatement": ("PartiQLSelect", "PartiQLInsert", "PartiQLUpdate", "PartiQLDelete"),
    "dynamodb:ExecuteTransaction": ("PartiQLSelect", "PartiQLInsert", "PartiQLUpdate", "PartiQLDelete"),
    "dynamodb:BatchExecuteStatement": ("PartiQLSelect", "PartiQLInsert", "PartiQLUpdate", "PartiQLDelete"),
    "lambda:Invoke": ("InvokeFunction",),
    "lambda:InvokeAsync": ("InvokeFunction",),
    "s3:CompleteMultipartUpload": ("PutObject",),
    "s3:CopyObject": ("GetObject", "PutObject"),
    "s3:CreateMultipartUpload": ("PutObject",),
    "s3:DeleteObjects": ("DeleteObject",),
    "s3:HeadBucket": ("ListBucket",),
    "s3:HeadObject": ("GetObject",),
    "s3:ListBuckets": ("ListAllMyBuckets",),
    "s3:ListObjects": ("ListBucket",),
    "s3:ListObjectsV2": ("ListBucket",),
    "s3:ListObjectVersions": ("ListBucketVersions",),
    "s3:UploadPart": ("PutObject",),
    "sns:PublishBatch": ("Publish",),
    "sqs:ChangeMessageVisibilityBatch": ("ChangeMessageVisibility",),
    "sqs:DeleteMessageBatch": ("DeleteMessage",),
    "sqs:SendMessageBatch": ("SendMessage",),
}


def actions_of(service: str, operation: str) -> list[str]:
    """The IAM actions of ``sfn`` and ``startExecution``: ``states:StartExecution``."""
    prefix = _PREFIXES.get(service, service)
    name = operation[:1].upper() + operation[1:]
    return [f"{prefix}:{action}" for action in _ACTIONS.get(f"{prefix}:{name}", (name,))]
