"""Tags of objects and buckets."""

from __future__ import annotations

import json
from typing import Any

from segue.api import Call
from segue.api.call import Result
from segue.errors import AwsError
from segue.services.s3 import records
from segue.services.s3.buckets import the_bucket
from segue.services.s3.names import of_bucket, of_object
from segue.services.s3.service import SERVICE
from segue.services.s3.versions import find

MAX_OBJECT_TAGS = 10
MAX_BUCKET_TAGS = 50


def check_tags(tag_set: list[dict[str, Any]], most: int = MAX_OBJECT_TAGS) -> dict[str, str]:
    """The tags by key.

    Raises:
        AwsError: ``InvalidTag``, ``BadRequest``: as S3 refuses them.
    """
    if len(tag_set) > most:
        what = "Object" if most == MAX_OBJECT_TAGS else "Bucket"
        raise AwsError("BadRequest", f"{what} tags cannot be greater than {most}")
    tags: dict[str, str] = {}
    for tag in tag_set:
        key, value = tag.get("Key") or "", tag.get("Value") or ""
        if not 1 <= len(key) <= 128:
            raise AwsError("InvalidTag", "The TagKey you have provided is invalid", members={"TagKey": key})
        if len(value) > 256:
            raise AwsError("InvalidTag", "The TagValue you have provided is invalid", members={"TagValue": value})
        if key.startswith("aws:"):
            raise AwsError("InvalidTag", "System tags cannot be added/updated by requester", members={"TagKey": key})
        if key in tags:
            raise AwsError("InvalidTag", "Cannot provide multiple Tags with the same key", members={"TagKey": key})
        tags[key] = value
    return tags


def tag_set_of(tags: dict[str, str]) -> list[dict[str, str]]:
    """Tags as the API lists them."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def _version_told(call: Call, item: records.ObjectVersion) -> dict[str, Any]:
    bucket = records.the_bucket(call.tx, item.bucket)
    return {"VersionId": item.version_id} if bucket.versioning else {}


@SERVICE.operation("PutObjectTagging", resource=of_object)
def put_object_tagging(call: Call, params: dict[str, Any]) -> Result:
    return _set_tags(call, params, check_tags(params["Tagging"].get("TagSet") or []))


@SERVICE.operation("GetObjectTagging", reads=True, resource=of_object)
def get_object_tagging(call: Call, params: dict[str, Any]) -> Result:
    item = find(call, params)
    return {"TagSet": tag_set_of(item.tags), **_version_told(call, item)}


@SERVICE.operation("DeleteObjectTagging", resource=of_object)
def delete_object_tagging(call: Call, params: dict[str, Any]) -> Result:
    return _set_tags(call, params, {})


def _set_tags(call: Call, params: dict[str, Any], tags: dict[str, str]) -> Result:
    item = find(call, params)
    call.tx.run("UPDATE s3_objects SET tags = ? WHERE id = ?", json.dumps(tags), item.id)
    return _version_told(call, item)


@SERVICE.operation("PutBucketTagging", resource=of_bucket)
def put_bucket_tagging(call: Call, params: dict[str, Any]) -> Result:
    bucket = the_bucket(call, params)
    tags = check_tags(params["Tagging"].get("TagSet") or [], MAX_BUCKET_TAGS)
    records.put_setting(call.tx, bucket.name, "tagging", {**_system_tags(call, bucket.name), **tags})
    return {}


def keep_system_tags(call: Call, bucket: str, tags: dict[str, str]) -> None:
    """Have a bucket carry these tags of AWS's own (``aws:…``) beside those of its users, who cannot change them."""
    found = records.setting(call.tx, bucket, "tagging") or {}
    records.put_setting(call.tx, bucket, "tagging", {**tags, **found})


def _system_tags(call: Call, bucket: str) -> dict[str, str]:
    found: dict[str, str] = records.setting(call.tx, bucket, "tagging") or {}
    return {key: value for key, value in found.items() if key.startswith("aws:")}


@SERVICE.operation("GetBucketTagging", reads=True, resource=of_bucket)
def get_bucket_tagging(call: Call, params: dict[str, Any]) -> Result:
    bucket = the_bucket(call, params)
    tags = records.setting(call.tx, bucket.name, "tagging")
    if not tags:
        members = {"BucketName": bucket.name}
        raise AwsError("NoSuchTagSet", "The TagSet does not exist", status=404, members=members)
    return {"TagSet": tag_set_of(tags)}


@SERVICE.operation("DeleteBucketTagging", resource=of_bucket, action="s3:PutBucketTagging")
def delete_bucket_tagging(call: Call, params: dict[str, Any]) -> Result:
    bucket = the_bucket(call, params).name
    records.put_setting(call.tx, bucket, "tagging", _system_tags(call, bucket))
    return {}
