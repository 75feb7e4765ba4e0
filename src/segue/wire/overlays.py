"""What AWS's current models no longer say: tables of data, each with its source.

Amazon SQS became a JSON service; its model lost the names of the query protocol, which AWS still answers
(https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/, "AWS query protocol" examples).
"""

from __future__ import annotations

from typing import Final

XML_NAMESPACES: Final[dict[str, str]] = {
    "s3": "http://s3.amazonaws.com/doc/2006-03-01/",
    "sqs": "http://queue.amazonaws.com/doc/2012-11-05/",
}

#: service → error shape → its code on the query protocol (and in ``x-amzn-query-error``)
QUERY_ERROR_CODES: Final[dict[str, dict[str, str]]] = {
    "sqs": {
        "BatchEntryIdsNotDistinct": "AWS.SimpleQueueService.BatchEntryIdsNotDistinct",
        "BatchRequestTooLong": "AWS.SimpleQueueService.BatchRequestTooLong",
        "EmptyBatchRequest": "AWS.SimpleQueueService.EmptyBatchRequest",
        "InvalidBatchEntryId": "AWS.SimpleQueueService.InvalidBatchEntryId",
        "KmsAccessDenied": "KMS.AccessDeniedException",
        "KmsDisabled": "KMS.DisabledException",
        "KmsInvalidKeyUsage": "KMS.InvalidKeyUsageException",
        "KmsInvalidState": "KMS.InvalidStateException",
        "KmsNotFound": "KMS.NotFoundException",
        "KmsOptInRequired": "KMS.OptInRequired",
        "KmsThrottled": "KMS.ThrottlingException",
        "MessageNotInflight": "AWS.SimpleQueueService.MessageNotInflight",
        "PurgeQueueInProgress": "AWS.SimpleQueueService.PurgeQueueInProgress",
        "QueueDeletedRecently": "AWS.SimpleQueueService.QueueDeletedRecently",
        "QueueDoesNotExist": "AWS.SimpleQueueService.NonExistentQueue",
        "QueueNameExists": "QueueAlreadyExists",
        "TooManyEntriesInBatchRequest": "AWS.SimpleQueueService.TooManyEntriesInBatchRequest",
        "UnsupportedOperation": "AWS.SimpleQueueService.UnsupportedOperation",
    }
}

#: service → list or map shape → name on the query protocol of each flattened element or entry
QUERY_ELEMENT_NAMES: Final[dict[str, dict[str, str]]] = {
    "sqs": {
        "AWSAccountIdList": "AWSAccountId",
        "ActionNameList": "ActionName",
        "AttributeNameList": "AttributeName",
        "BatchResultErrorEntryList": "BatchResultErrorEntry",
        "BinaryList": "BinaryListValue",
        "ChangeMessageVisibilityBatchRequestEntryList": "ChangeMessageVisibilityBatchRequestEntry",
        "ChangeMessageVisibilityBatchResultEntryList": "ChangeMessageVisibilityBatchResultEntry",
        "DeleteMessageBatchRequestEntryList": "DeleteMessageBatchRequestEntry",
        "DeleteMessageBatchResultEntryList": "DeleteMessageBatchResultEntry",
        "ListMessageMoveTasksResultEntryList": "ListMessageMoveTasksResultEntry",
        "MessageAttributeNameList": "MessageAttributeName",
        "MessageBodyAttributeMap": "MessageAttribute",
        "MessageBodySystemAttributeMap": "MessageSystemAttribute",
        "MessageList": "Message",
        "MessageSystemAttributeList": "MessageSystemAttributeName",
        "MessageSystemAttributeMap": "Attribute",
        "QueueAttributeMap": "Attribute",
        "QueueUrlList": "QueueUrl",
        "SendMessageBatchRequestEntryList": "SendMessageBatchRequestEntry",
        "SendMessageBatchResultEntryList": "SendMessageBatchResultEntry",
        "StringList": "StringListValue",
        "TagKeyList": "TagKey",
        "TagMap": "Tag",
    }
}

#: service → map shape → names of an entry's key and value on the query protocol, where not ``key`` and ``value``
QUERY_ENTRY_NAMES: Final[dict[str, dict[str, tuple[str, str]]]] = {
    "sqs": {
        "MessageBodyAttributeMap": ("Name", "Value"),
        "MessageBodySystemAttributeMap": ("Name", "Value"),
        "MessageSystemAttributeMap": ("Name", "Value"),
        "QueueAttributeMap": ("Name", "Value"),
        "TagMap": ("Key", "Value"),
    }
}

#: JSON errors: service → namespace before the ``#`` of ``__type``, as AWS's answers carry it (others send none)
ERROR_NAMESPACES: Final[dict[str, str]] = {
    "dynamodb": "com.amazonaws.dynamodb.v20120810",
    "dynamodbstreams": "com.amazonaws.dynamodb.v20120810",
    "sqs": "com.amazonaws.sqs",
    "stepfunctions": "com.amazonaws.swf.service.v2.model",
}

#: errors of AWS's common service framework: their namespace, whatever the service (which sends namespaces at all)
FRAMEWORK_ERROR_NAMESPACES: Final[dict[str, str]] = {
    "AccessDeniedException": "com.amazon.coral.service",
    "InternalFailure": "com.amazon.coral.service",
    "InvalidSignatureException": "com.amazon.coral.service",
    "MissingAuthenticationTokenException": "com.amazon.coral.service",
    "SerializationException": "com.amazon.coral.service",
    "ThrottlingException": "com.amazon.coral.availability",
    "UnknownOperationException": "com.amazon.coral.service",
    "UnrecognizedClientException": "com.amazon.coral.service",
    "ValidationException": "com.amazon.coral.validate",
}

#: service, shape → what is taken beyond its pattern: a state machine's ARN where a stream is read (see GetLogEvents)
WIDER_PATTERNS: Final[dict[tuple[str, str], str]] = {("logs", "LogStreamName"): r"states/arn:[^*]*"}

#: services whose SDKs check a CRC-32 of the answer (``x-amz-crc32``)
CRC32_SERVICES: Final[frozenset[str]] = frozenset({"dynamodb"})

#: rest-xml: (service, operation) → the root of its answers, where it is not the output's shape
#: (https://docs.aws.amazon.com/AmazonS3/latest/API/, "Response Syntax" of each operation)
XML_ROOTS: Final[dict[tuple[str, str], str]] = {
    ("s3", "CompleteMultipartUpload"): "CompleteMultipartUploadResult",
    ("s3", "CreateMultipartUpload"): "InitiateMultipartUploadResult",
    ("s3", "DeleteObjects"): "DeleteResult",
    ("s3", "GetBucketAccelerateConfiguration"): "AccelerateConfiguration",
    ("s3", "GetBucketAcl"): "AccessControlPolicy",
    ("s3", "GetBucketCors"): "CORSConfiguration",
    ("s3", "GetBucketLifecycle"): "LifecycleConfiguration",
    ("s3", "GetBucketLifecycleConfiguration"): "LifecycleConfiguration",
    ("s3", "GetBucketLogging"): "BucketLoggingStatus",
    ("s3", "GetBucketNotification"): "NotificationConfiguration",
    ("s3", "GetBucketNotificationConfiguration"): "NotificationConfiguration",
    ("s3", "GetBucketRequestPayment"): "RequestPaymentConfiguration",
    ("s3", "GetBucketTagging"): "Tagging",
    ("s3", "GetBucketVersioning"): "VersioningConfiguration",
    ("s3", "GetBucketWebsite"): "WebsiteConfiguration",
    ("s3", "GetObjectAcl"): "AccessControlPolicy",
    ("s3", "GetObjectAttributes"): "GetObjectAttributesResponse",
    ("s3", "GetObjectTagging"): "Tagging",
    ("s3", "ListBuckets"): "ListAllMyBucketsResult",
    ("s3", "ListMultipartUploads"): "ListMultipartUploadsResult",
    ("s3", "ListObjectVersions"): "ListVersionsResult",
    ("s3", "ListObjects"): "ListBucketResult",
    ("s3", "ListObjectsV2"): "ListBucketResult",
    ("s3", "ListParts"): "ListPartsResult",
}

#: rest-xml: service → operation → the one member whose text is the whole answer
TEXT_ANSWERS: Final[dict[str, dict[str, str]]] = {"s3": {"GetBucketLocation": "LocationConstraint"}}

#: rest-xml services whose errors have ``<Error>`` as their root, and request ids in headers of their own
UNWRAPPED_ERRORS: Final[frozenset[str]] = frozenset({"s3"})

#: errors that the house gives to all services, by the names that a service has for them
#: (https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html)
COMMON_ERROR_CODES: Final[dict[str, dict[str, str]]] = {
    "s3": {
        "AccessDeniedException": "AccessDenied",
        "IncompleteSignatureException": "AuthorizationHeaderMalformed",
        "InternalFailure": "InternalError",
        "InvalidSignatureException": "SignatureDoesNotMatch",
        "MissingAuthenticationTokenException": "AccessDenied",
        "RequestEntityTooLargeException": "EntityTooLarge",
        "SerializationException": "InvalidRequest",
        "UnrecognizedClientException": "InvalidAccessKeyId",
    }
}

#: operations that older ones hide behind: of two on the same address the first of these is not meant
SUPERSEDED: Final[dict[str, frozenset[str]]] = {
    "s3": frozenset(
        {
            "GetBucketLifecycle",
            "GetBucketNotification",
            "ListDirectoryBuckets",
            "PutBucketLifecycle",
            "PutBucketNotification",
            "WriteGetObjectResponse",
        }
    )
}
