"""Buckets: made, found, listed, removed."""

from __future__ import annotations

from typing import Any

from segue.api import Call
from segue.api.call import Result
from segue.api.paginate import decode_token, encode_token
from segue.errors import AwsError
from segue.services.s3 import records
from segue.services.s3.errors import no_such_bucket
from segue.services.s3.names import bucket_arn, check_bucket_name, of_bucket, owner
from segue.services.s3.records import Bucket, find_bucket
from segue.services.s3.service import SERVICE

_HOME = "us-east-1"
_BLOCKS = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
_NOTHING_PUBLIC = dict.fromkeys(_BLOCKS, True)


def the_bucket(call: Call, params: dict[str, Any]) -> Bucket:
    """The bucket that a request is about.

    Raises:
        AwsError: ``NoSuchBucket``; ``AccessDenied`` where it is not the expected owner's.
    """
    found = find_bucket(call.tx, params["Bucket"])
    if found is None:
        raise no_such_bucket(params["Bucket"])
    expected = params.get("ExpectedBucketOwner")
    if expected and expected != found.account:
        raise AwsError("AccessDenied", "Access Denied", status=403)
    return found


@SERVICE.operation("CreateBucket", resource=of_bucket)
def create_bucket(call: Call, params: dict[str, Any]) -> Result:
    name = params["Bucket"]
    check_bucket_name(name)
    region = _region(call, (params.get("CreateBucketConfiguration") or {}).get("LocationConstraint") or "")
    existing = find_bucket(call.tx, name)
    if existing is not None and existing.account != call.account:
        message = (
            "The requested bucket name is not available. The bucket namespace is shared by all users of the system. "
            "Please select a different name and try again."
        )
        raise AwsError("BucketAlreadyExists", message, status=409, members={"BucketName": name})
    if existing is not None and call.region != _HOME:
        message = "Your previous request to create the named bucket succeeded and you already own it."
        raise AwsError("BucketAlreadyOwnedByYou", message, status=409, members={"BucketName": name})
    if existing is None:
        locked = bool(params.get("ObjectLockEnabledForBucket"))
        call.tx.run(
            "INSERT INTO s3_buckets VALUES (?, ?, ?, ?, ?)",
            name,
            call.account,
            region,
            call.now_ms // 1000 * 1000,
            "Enabled" if locked else "",
        )
        if locked:
            records.put_setting(call.tx, name, "object-lock", {"ObjectLockEnabled": "Enabled"})
        # what buckets are made with since April 2023: nothing public, no ACLs
        ownership = params.get("ObjectOwnership") or "BucketOwnerEnforced"
        records.put_setting(call.tx, name, "ownershipControls", {"Rules": [{"ObjectOwnership": ownership}]})
        records.put_setting(call.tx, name, "publicAccessBlock", _NOTHING_PUBLIC)
    # conformance: s3.CreateBucket.response of sfn-task-aws-sdk/*
    location = f"/{name}" if region == _HOME else f"http://{name}.s3.amazonaws.com/"
    return {"Location": location, "BucketArn": bucket_arn(call, name)}


def _region(call: Call, constraint: str) -> str:
    if constraint in ("", "EU") and call.region == _HOME:
        return "eu-west-1" if constraint else _HOME
    if call.region == _HOME:
        if constraint == _HOME:
            message = "The specified location-constraint is not valid"
            raise AwsError("InvalidLocationConstraint", message, members={"LocationConstraint": constraint})
        return constraint
    if constraint != call.region:
        named = f"{constraint or 'unspecified'} location constraint"
        message = f"The {named} is incompatible for the region specific endpoint this request was sent to."
        raise AwsError("IllegalLocationConstraintException", message)
    return constraint


@SERVICE.operation("HeadBucket", reads=True, resource=of_bucket, action="s3:ListBucket")
def head_bucket(call: Call, params: dict[str, Any]) -> Result:
    bucket = the_bucket(call, params)
    return {
        "BucketRegion": bucket.region,
        "BucketArn": bucket_arn(call, bucket.name),
        "AccessPointAlias": False,
    }


@SERVICE.operation("GetBucketLocation", reads=True, resource=of_bucket)
def get_bucket_location(call: Call, params: dict[str, Any]) -> Result:
    region = the_bucket(call, params).region
    return {"LocationConstraint": None if region == _HOME else region}


@SERVICE.operation("DeleteBucket", resource=of_bucket)
def delete_bucket(call: Call, params: dict[str, Any]) -> Result:
    bucket = the_bucket(call, params)
    rows = call.tx.all("SELECT is_current, is_marker FROM s3_objects WHERE bucket = ? LIMIT 1", bucket.name)
    if rows:
        message = "The bucket you tried to delete is not empty"
        if bucket.versioning:
            message += ". You must delete all versions in the bucket."
        raise AwsError("BucketNotEmpty", message, status=409, members={"BucketName": bucket.name})
    for upload_id, *_ in call.tx.all("SELECT upload_id FROM s3_uploads WHERE bucket = ?", bucket.name):
        records.drop_upload(call.tx, upload_id)
    call.tx.run("DELETE FROM s3_settings WHERE bucket = ?", bucket.name)
    call.tx.run("DELETE FROM s3_buckets WHERE name = ?", bucket.name)
    return {}


@SERVICE.operation("ListBuckets", reads=True, action="s3:ListAllMyBuckets")
def list_buckets(call: Call, params: dict[str, Any]) -> Result:
    limit = params.get("MaxBuckets", 10_000)
    if not 1 <= limit <= 10_000:
        raise AwsError("InvalidArgument", "Argument max-buckets must be an integer between 1 and 10000.")
    after = str(decode_token(params["ContinuationToken"])[0]) if params.get("ContinuationToken") else ""
    prefix, region = params.get("Prefix") or "", params.get("BucketRegion") or ""
    rows = call.tx.all(
        "SELECT name, region, created_at FROM s3_buckets WHERE account = ? AND name > ? AND name >= ?"
        " AND (? = '' OR region = ?) ORDER BY name LIMIT ?",
        call.account,
        after,
        prefix,
        region,
        region,
        limit + 1,
    )
    found = [row for row in rows if row[0].startswith(prefix)]
    paged = any(params.get(name) for name in ("MaxBuckets", "Prefix", "BucketRegion", "ContinuationToken"))
    items = [
        {
            "Name": name,
            "CreationDate": created_at,
            "BucketArn": bucket_arn(call, name),
            "BucketRegion": where if paged else None,
        }
        for name, where, created_at in found[:limit]
    ]
    result: dict[str, Any] = {"Buckets": items, "Owner": owner(call.account), "Prefix": params.get("Prefix")}
    if len(found) > limit:
        result["ContinuationToken"] = encode_token(items[-1]["Name"])
    return result
