"""Which Resource ARNs a Task state may name.

Source: developer guide, "Integrating services with Step Functions"; recorded: sfn-task-dynamodb/*invalid_integration.
"""

from __future__ import annotations

import re

OPTIMIZED: dict[str, frozenset[str]] = {
    "apigateway": frozenset(["invoke"]),
    "athena": frozenset(["startQueryExecution", "stopQueryExecution", "getQueryExecution", "getQueryResults"]),
    "batch": frozenset(["submitJob"]),
    "bedrock": frozenset(["createModelCustomizationJob", "invokeModel"]),
    "codebuild": frozenset(["startBuild", "stopBuild", "batchDeleteBuilds", "batchGetReports", "startBuildBatch"])
    | frozenset(["stopBuildBatch", "retryBuildBatch", "deleteBuildBatch"]),
    "databrew": frozenset(["startJobRun"]),
    "dynamodb": frozenset(["getItem", "putItem", "deleteItem", "updateItem"]),
    "ecs": frozenset(["runTask"]),
    "eks": frozenset(["createCluster", "deleteCluster", "createNodegroup", "deleteNodegroup", "call", "runJob"])
    | frozenset(["createFargateProfile", "deleteFargateProfile"]),
    "elasticmapreduce": frozenset(["createCluster", "setClusterTerminationProtection", "terminateCluster", "addStep"])
    | frozenset(["cancelStep", "modifyInstanceFleetByName", "modifyInstanceGroupByName"]),
    "emr-containers": frozenset(["createVirtualCluster", "deleteVirtualCluster", "startJobRun"]),
    "emr-serverless": frozenset(["createApplication", "startApplication", "stopApplication", "deleteApplication"])
    | frozenset(["startJobRun", "cancelJobRun"]),
    "events": frozenset(["putEvents"]),
    "glue": frozenset(["startJobRun"]),
    "http": frozenset(["invoke"]),
    "lambda": frozenset(["invoke"]),
    "mediaconvert": frozenset(["createJob"]),
    "sagemaker": frozenset(["createEndpoint", "createEndpointConfig", "createHyperParameterTuningJob"])
    | frozenset(["createLabelingJob", "createModel", "createProcessingJob", "createTrainingJob"])
    | frozenset(["createTransformJob", "updateEndpoint"]),
    "sns": frozenset(["publish"]),
    "sqs": frozenset(["sendMessage"]),
    "states": frozenset(["startExecution"]),
}
"""The actions of optimized integrations. Names compare without regard to letter case of the first letter."""

NOT_RECOGNIZED = (
    "The resource provided {} is not recognized. The value is not a valid resource ARN, or the resource is not "
    "available in this region."
)

PATTERNS: tuple[str, ...] = (".sync", ".sync:2", ".waitForTaskToken")

_JOB, _CALLBACK = frozenset([".sync"]), frozenset([".waitForTaskToken"])
_PATTERNS_OF: dict[str, frozenset[str]] = {
    "apigateway": _CALLBACK,
    "athena": _JOB,
    "batch": _JOB,
    "bedrock": _JOB | _CALLBACK,
    "codebuild": _JOB,
    "databrew": _JOB,
    "dynamodb": frozenset(),
    "ecs": _JOB | _CALLBACK,
    "eks": _JOB | _CALLBACK,
    "elasticmapreduce": _JOB,
    "emr-containers": _JOB,
    "emr-serverless": _JOB,
    "events": _CALLBACK,
    "glue": _JOB,
    "http": frozenset(),
    "lambda": _CALLBACK,
    "mediaconvert": _JOB,
    "sagemaker": _JOB,
    "sns": _CALLBACK,
    "sqs": _CALLBACK,
    "states": frozenset(PATTERNS),
}
"""The patterns of optimized integrations beside request-response (developer guide, "Integrating services": its table).
SDK integrations have callbacks."""

_NOT_IN_SDK = frozenset(["stepfunctions", "events", "logs"])
"""Services that SDK integrations call by another name: ``sfn``, ``eventbridge``, ``cloudwatchlogs``."""

_INTEGRATION = re.compile(
    r"arn:[^:]+:states:[^:]*:[^:]*:(aws-sdk:)?([a-z0-9-]+):([A-Za-z0-9]+)((?:\.[A-Za-z]+(?::2)?)?)"
)
_ACTIVITY_OR_FUNCTION = re.compile(r"arn:[^:]+:(?:states:[^:]*:[^:]*:activity:.+|lambda:[^:]*:[^:]*:function:.+)")


def is_recognized(resource: str) -> bool:
    """Whether the ARN names an activity, a function or an integration (of the SDK: of whatever action)."""
    if _ACTIVITY_OR_FUNCTION.fullmatch(resource):
        return True
    match = _INTEGRATION.fullmatch(resource)
    if match is None:
        return False
    sdk, service, action, pattern = match.groups()
    if sdk and service in _NOT_IN_SDK:
        return False
    if pattern and pattern not in (_CALLBACK if sdk else _PATTERNS_OF.get(service, ())):
        return False
    return bool(sdk) or action in OPTIMIZED.get(service, ())


_ITEM_READER = re.compile(r"arn:[^:]+:states:[^:]*:[^:]*:s3:(?:getObject|listObjectsV2)")
_RESULT_WRITER = re.compile(r"arn:[^:]+:states:[^:]*:[^:]*:s3:putObject")


def is_item_reader(resource: object) -> bool:
    """Whether a distributed Map can read its items from it."""
    return isinstance(resource, str) and _ITEM_READER.fullmatch(resource) is not None


def is_result_writer(resource: object) -> bool:
    """Whether a distributed Map can write its results to it."""
    return isinstance(resource, str) and _RESULT_WRITER.fullmatch(resource) is not None


def pattern_of(resource: str) -> str:
    """``.sync``, ``.sync:2``, ``.waitForTaskToken`` or nothing."""
    return next((pattern for pattern in reversed(PATTERNS) if resource.endswith(pattern)), "")
