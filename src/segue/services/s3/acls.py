"""Access control lists: taken and told, where a bucket allows them at all; the door asks policies alone."""

from __future__ import annotations

from typing import Any

from segue.api import Call
from segue.api.call import Result
from segue.errors import AwsError
from segue.services.s3 import records
from segue.services.s3.buckets import the_bucket
from segue.services.s3.names import canonical_id, of_bucket, of_object, owner
from segue.services.s3.records import Bucket
from segue.services.s3.service import SERVICE
from segue.services.s3.versions import find

_GROUPS = "http://acs.amazonaws.com/groups"
_CANNED = {
    "private": (),
    "bucket-owner-full-control": (),
    "bucket-owner-read": (),
    "aws-exec-read": (),
    "public-read": (("global/AllUsers", "READ"),),
    "public-read-write": (("global/AllUsers", "READ"), ("global/AllUsers", "WRITE")),
    "authenticated-read": (("global/AuthenticatedUsers", "READ"),),
    "log-delivery-write": (("s3/LogDelivery", "WRITE"), ("s3/LogDelivery", "READ_ACP")),
}
_ALWAYS = ("private", "bucket-owner-full-control")
_GRANTS = ("GrantFullControl", "GrantRead", "GrantReadACP", "GrantWrite", "GrantWriteACP")


def check_acl(call: Call, bucket: Bucket, params: dict[str, Any]) -> None:
    """Whether a request may bring the ACL that it brings.

    Raises:
        AwsError: ``AccessControlListNotSupported``: the bucket's owner owns everything in it, as is usual.
    """
    canned = params.get("ACL")
    if canned is not None and canned not in _CANNED:
        raise AwsError("InvalidArgument", "Invalid ACL", members={"ArgumentName": "x-amz-acl", "ArgumentValue": canned})
    given = any(params.get(name) for name in _GRANTS) or params.get("AccessControlPolicy")
    if (given or (canned is not None and canned not in _ALWAYS)) and _enforced(call, bucket):
        raise AwsError("AccessControlListNotSupported", "The bucket does not allow ACLs")


def _enforced(call: Call, bucket: Bucket) -> bool:
    rules = (records.setting(call.tx, bucket.name, "ownershipControls") or {}).get("Rules") or [{}]
    return bool(rules[0].get("ObjectOwnership") == "BucketOwnerEnforced")


def _grants(account: str, params: dict[str, Any]) -> list[dict[str, Any]]:
    """What an ACL grants, as it is told."""
    policy = params.get("AccessControlPolicy")
    if policy and policy.get("Grants") is not None:
        return list(policy["Grants"])
    grants = [{"Grantee": {**owner(account), "Type": "CanonicalUser"}, "Permission": "FULL_CONTROL"}]
    for group, permission in _CANNED[params.get("ACL") or "private"]:
        grants.append({"Grantee": {"URI": f"{_GROUPS}/{group}", "Type": "Group"}, "Permission": permission})
    return grants


@SERVICE.operation("PutBucketAcl", resource=of_bucket)
def put_bucket_acl(call: Call, params: dict[str, Any]) -> Result:
    bucket = the_bucket(call, params)
    check_acl(call, bucket, params)
    records.put_setting(call.tx, bucket.name, "acl", _grants(bucket.account, params))
    return {}


@SERVICE.operation("GetBucketAcl", reads=True, resource=of_bucket)
def get_bucket_acl(call: Call, params: dict[str, Any]) -> Result:
    bucket = the_bucket(call, params)
    grants = records.setting(call.tx, bucket.name, "acl")
    return {"Owner": owner(bucket.account), "Grants": grants or _grants(bucket.account, {})}


@SERVICE.operation("PutObjectAcl", resource=of_object)
def put_object_acl(call: Call, params: dict[str, Any]) -> Result:
    bucket = the_bucket(call, params)
    check_acl(call, bucket, params)
    item = find(call, params)
    records.put_headers(call.tx, item, {**item.headers, "_acl": _grants(bucket.account, params)})
    return {}


@SERVICE.operation("GetObjectAcl", reads=True, resource=of_object)
def get_object_acl(call: Call, params: dict[str, Any]) -> Result:
    bucket, item = the_bucket(call, params), find(call, params)
    grants = item.headers.get("_acl") or _grants(bucket.account, {})
    return {"Owner": {"ID": canonical_id(bucket.account)}, "Grants": grants}
