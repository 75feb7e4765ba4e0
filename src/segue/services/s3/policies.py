"""Bucket policies. The door asks them (see ``SERVICE.resource_policy``)."""

from __future__ import annotations

import json
from typing import Any

from segue.api import Call
from segue.api.call import Result
from segue.errors import AwsError
from segue.languages.policy import MalformedPolicy, validate_document
from segue.services.s3 import records
from segue.services.s3.buckets import the_bucket
from segue.services.s3.names import of_bucket
from segue.services.s3.records import Bucket
from segue.services.s3.service import SERVICE


@SERVICE.operation("PutBucketPolicy", resource=of_bucket)
def put_bucket_policy(call: Call, params: dict[str, Any]) -> Result:
    bucket = the_bucket(call, params)
    try:
        document = validate_document(params["Policy"], "resource")
    except MalformedPolicy as error:
        raise AwsError("MalformedPolicy", str(error)) from None
    _check_public(call, bucket, document)
    records.put_setting(call.tx, bucket.name, "policy", document)
    return {}


def _check_public(call: Call, bucket: Bucket, document: dict[str, Any]) -> None:
    block = records.setting(call.tx, bucket.name, "publicAccessBlock") or {}
    if block.get("BlockPublicPolicy") and _is_public(document):
        raise AwsError("AccessDenied", "Access Denied", status=403)


def _is_public(document: dict[str, Any]) -> bool:
    """Whether a policy allows something to everybody."""
    statements = document.get("Statement") or []
    for statement in statements if isinstance(statements, list) else [statements]:
        principal = statement.get("Principal")
        named = principal.get("AWS") if isinstance(principal, dict) else principal
        everybody = named == "*" or (isinstance(named, list) and "*" in named)
        if everybody and statement.get("Effect") == "Allow" and not statement.get("Condition"):
            return True
    return False


def _the_policy(call: Call, bucket: Bucket) -> dict[str, Any]:
    document: dict[str, Any] | None = records.setting(call.tx, bucket.name, "policy")
    if document is None:
        members = {"BucketName": bucket.name}
        raise AwsError("NoSuchBucketPolicy", "The bucket policy does not exist", status=404, members=members)
    return document


@SERVICE.operation("GetBucketPolicy", reads=True, resource=of_bucket)
def get_bucket_policy(call: Call, params: dict[str, Any]) -> Result:
    return {"Policy": json.dumps(_the_policy(call, the_bucket(call, params)))}


@SERVICE.operation("GetBucketPolicyStatus", reads=True, resource=of_bucket)
def get_bucket_policy_status(call: Call, params: dict[str, Any]) -> Result:
    return {"PolicyStatus": {"IsPublic": _is_public(_the_policy(call, the_bucket(call, params)))}}


@SERVICE.operation("DeleteBucketPolicy", resource=of_bucket)
def delete_bucket_policy(call: Call, params: dict[str, Any]) -> Result:
    records.drop_setting(call.tx, the_bucket(call, params).name, "policy")
    return {}
