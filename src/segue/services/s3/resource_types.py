"""Buckets and their policies in templates.

Source: CloudFormation template reference, AWS::S3::Bucket, AWS::S3::BucketPolicy. A bucket with anything in it cannot
be deleted, as on AWS.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from segue.api.resource_types import Resource, ResourceRequest, ResourceType, note_ignored, refuse_existing, remove
from segue.errors import AwsError
from segue.services.s3 import bucket_properties, website
from segue.services.s3.service import SERVICE
from segue.services.s3.tagging import keep_system_tags

_LONGEST_NAME = 63
_HOME = "us-east-1"


class _Setting(NamedTuple):
    """A property that is a configuration of its own: what puts it, under which member, and what takes it away.

    Where nothing takes it away, ``unset`` is put instead: what a bucket has that was never told.
    """

    put: str
    member: str
    fit: Callable[[dict[str, Any]], dict[str, Any]]
    delete: str = ""
    unset: dict[str, Any] | None = None


_NOTHING_PUBLIC = bucket_properties.public_access_block(
    dict.fromkeys(("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True)
)
_OWNED = {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
_SETTINGS = {
    # in the order in which they have to be put: a bucket allows ACLs and public policies before it has them
    "OwnershipControls": _Setting("PutBucketOwnershipControls", "OwnershipControls", dict, unset=_OWNED),
    "PublicAccessBlockConfiguration": _Setting(
        "PutPublicAccessBlock",
        "PublicAccessBlockConfiguration",
        bucket_properties.public_access_block,
        unset=_NOTHING_PUBLIC,
    ),
    "VersioningConfiguration": _Setting(
        "PutBucketVersioning", "VersioningConfiguration", dict, unset={"Status": "Suspended"}
    ),
    "BucketEncryption": _Setting(
        "PutBucketEncryption",
        "ServerSideEncryptionConfiguration",
        bucket_properties.encryption,
        "DeleteBucketEncryption",
    ),
    "CorsConfiguration": _Setting("PutBucketCors", "CORSConfiguration", bucket_properties.cors, "DeleteBucketCors"),
    "LifecycleConfiguration": _Setting(
        "PutBucketLifecycleConfiguration",
        "LifecycleConfiguration",
        bucket_properties.lifecycle,
        "DeleteBucketLifecycle",
    ),
    "WebsiteConfiguration": _Setting(
        "PutBucketWebsite", "WebsiteConfiguration", bucket_properties.website, "DeleteBucketWebsite"
    ),
    "LoggingConfiguration": _Setting("PutBucketLogging", "BucketLoggingStatus", bucket_properties.logging, unset={}),
    "AccelerateConfiguration": _Setting(
        "PutBucketAccelerateConfiguration",
        "AccelerateConfiguration",
        bucket_properties.accelerate,
        unset={"AccelerationStatus": "Suspended"},
    ),
    "ObjectLockConfiguration": _Setting(
        "PutObjectLockConfiguration",
        "ObjectLockConfiguration",
        dict,
        unset={"ObjectLockEnabled": "Enabled"},
    ),
    "NotificationConfiguration": _Setting(
        "PutBucketNotificationConfiguration",
        "NotificationConfiguration",
        bucket_properties.notifications,
        unset={},
    ),
}
_IGNORED = (
    "AbacStatus",
    "AnalyticsConfigurations",
    "IntelligentTieringConfigurations",
    "InventoryConfigurations",
    "MetadataConfiguration",
    "MetadataTableConfiguration",
    "MetricsConfigurations",
    "ReplicationConfiguration",
)
_ACLS = {
    "AuthenticatedRead": "authenticated-read",
    "AwsExecRead": "aws-exec-read",
    "BucketOwnerFullControl": "bucket-owner-full-control",
    "BucketOwnerRead": "bucket-owner-read",
    "LogDeliveryWrite": "log-delivery-write",
    "Private": "private",
    "PublicRead": "public-read",
    "PublicReadWrite": "public-read-write",
}


def _create_bucket(request: ResourceRequest) -> Resource:
    name = _name(request)
    refuse_existing(request, name, "s3:HeadBucket", {"Bucket": name})  # in us-east-1, creation is idempotent
    region = request.call.region
    params: dict[str, Any] = {"Bucket": name, "ObjectLockEnabledForBucket": request.properties.get("ObjectLockEnabled")}
    if region != _HOME:
        params["CreateBucketConfiguration"] = {"LocationConstraint": region}
    request.perform("s3:CreateBucket", params)
    for property_name, setting in _SETTINGS.items():
        if request.properties.get(property_name) is not None:
            _put(request, name, setting, request.properties[property_name])
    _put_acl(request, name)
    _put_tags(request, name)
    note_ignored(request, *_IGNORED)
    return _bucket(request, name)


def _name(request: ResourceRequest) -> str:
    prefix = request.properties.get("BucketNamePrefix")
    if prefix and not request.properties.get("BucketName"):
        return f"{prefix}-{request.call.account}-{request.call.region}-an"
    return request.name("BucketName", _LONGEST_NAME, lower=True)


def _put(request: ResourceRequest, name: str, setting: _Setting, value: dict[str, Any]) -> None:
    request.perform(f"s3:{setting.put}", {"Bucket": name, setting.member: setting.fit(value)})


def _put_acl(request: ResourceRequest, name: str) -> None:
    given = request.properties.get("AccessControl") or "Private"
    acl = _ACLS.get(given)
    if acl is None:
        raise AwsError("ValidationError", f"AccessControl: {given} is no access control list")
    if acl in ("private", "bucket-owner-full-control") and not request.changed("AccessControl"):
        return
    try:
        request.perform("s3:PutBucketAcl", {"Bucket": name, "ACL": acl})
    except AwsError as error:
        if error.code != "AccessControlListNotSupported":
            raise
        message = "has no effect here; AWS refuses it without OwnershipControls that allow access control lists"
        request.notes.append(f"AccessControl: {given} {message}")


def _put_tags(request: ResourceRequest, name: str) -> None:
    tags = request.all_tags()
    own = {key: value for key, value in tags.items() if not key.startswith("aws:")}
    if own:
        request.perform("s3:PutBucketTagging", {"Bucket": name, "Tagging": {"TagSet": own}})
    elif request.physical_id:
        request.perform("s3:DeleteBucketTagging", {"Bucket": name})
    keep_system_tags(request.call, name, {key: value for key, value in tags.items() if key not in own})


def _bucket(request: ResourceRequest, name: str) -> Resource:
    region = request.call.region
    partition = request.call.arn("s3", "").split(":")[1]
    attributes = {
        "Arn": f"arn:{partition}:s3:::{name}",
        "DomainName": f"{name}.s3.amazonaws.com",
        "DualStackDomainName": f"{name}.s3.dualstack.{region}.amazonaws.com",
        "RegionalDomainName": f"{name}.s3.{region}.amazonaws.com",
        "WebsiteURL": website.address(request.call, name),
    }
    return Resource(name, attributes)


def _update_bucket(request: ResourceRequest) -> Resource:
    name = request.physical_id
    for property_name, setting in _SETTINGS.items():
        if not request.changed(property_name):
            continue
        value = request.properties.get(property_name)
        if value is not None:
            _put(request, name, setting, value)
        elif setting.delete:
            request.perform(f"s3:{setting.delete}", {"Bucket": name})
        else:
            _put(request, name, setting, setting.unset or {})
    if request.changed("AccessControl"):
        _put_acl(request, name)
    _put_tags(request, name)
    note_ignored(request, *_IGNORED)
    return Resource(name, request.attributes)


def _delete_bucket(request: ResourceRequest) -> None:
    remove(request, "s3:DeleteBucket", {"Bucket": request.physical_id})


def _put_policy(request: ResourceRequest) -> Resource:
    bucket = request.properties["Bucket"]
    request.perform("s3:PutBucketPolicy", {"Bucket": bucket, "Policy": request.properties["PolicyDocument"]})
    return Resource(bucket)


def _delete_policy(request: ResourceRequest) -> None:
    remove(request, "s3:DeleteBucketPolicy", {"Bucket": request.properties["Bucket"]})


SERVICE.resource_type(ResourceType("AWS::S3::Bucket", _create_bucket, _delete_bucket, _update_bucket))
SERVICE.resource_type(
    ResourceType("AWS::S3::BucketPolicy", _put_policy, _delete_policy, _put_policy, frozenset(("Bucket",)))
)
