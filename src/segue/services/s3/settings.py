"""Configurations of buckets: CORS, lifecycle, encryption, public access and the like, as one table.

Each is kept as it was given and told as it is kept. What acts on them: lifecycle rules every hour
(:mod:`segue.services.s3.lifecycle`), CORS rules on what pages may see (:mod:`segue.services.s3.cross_origin`), the
public access block on policies. Policies, versioning and notifications have
modules of their own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from segue.api import Call
from segue.api.call import Result
from segue.errors import AwsError
from segue.services.s3 import records
from segue.services.s3.buckets import the_bucket
from segue.services.s3.errors import invalid_argument
from segue.services.s3.names import of_bucket
from segue.services.s3.service import SERVICE
from segue.wire.rest_xml import malformed_xml


class _Setting(NamedTuple):
    """One kind of configuration.

    Attributes:
        kind: under which it is kept.
        put, get, delete: the operations, empty where there is none.
        member: the input's member that holds it.
        told: the output's member that it is told under; empty where it is the output.
        missing: the error where there is none; empty where an empty answer says so.
        default: what is told where nothing was set.
    """

    kind: str
    put: str
    get: str
    delete: str
    member: str
    told: str = ""
    missing: tuple[str, str] | None = None
    default: dict[str, Any] | None = None
    check: Callable[[Any], None] | None = None
    action: str = ""


def _check_rules(value: Any) -> None:
    if not value.get("Rules"):
        raise malformed_xml()


_METHODS = ("GET", "PUT", "POST", "DELETE", "HEAD")


def _check_cors(value: Any) -> None:
    rules = value.get("CORSRules") or []
    if not rules:
        raise malformed_xml()
    for rule in rules:
        if not rule.get("AllowedMethods") or not rule.get("AllowedOrigins"):
            raise malformed_xml()
        for method in rule["AllowedMethods"]:
            if method not in _METHODS:
                message = f"Found unsupported HTTP method in CORS config. Unsupported method is {method}"
                raise AwsError("InvalidRequest", message)
        for name in ("AllowedOrigins", "AllowedHeaders"):
            for pattern in rule.get(name) or []:
                if pattern.count("*") > 1:
                    what = name.removesuffix("s")
                    raise AwsError("InvalidRequest", f'{what} "{pattern}" can not have more than one wildcard.')


def _check_lifecycle(value: Any) -> None:
    rules = value.get("Rules") or []
    if not 1 <= len(rules) <= 1_000:
        raise malformed_xml()
    for rule in rules:
        if rule.get("Status") not in ("Enabled", "Disabled") or ("Filter" not in rule and "Prefix" not in rule):
            raise malformed_xml()
        days = (rule.get("Expiration") or {}).get("Days")
        if days is not None and days < 1:
            raise invalid_argument("'Days' for Expiration action must be a positive integer")


_ENCRYPTION = {"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}, "BucketKeyEnabled": False}]}
_SETTINGS = (
    _Setting(
        "cors",
        "PutBucketCors",
        "GetBucketCors",
        "DeleteBucketCors",
        "CORSConfiguration",
        missing=("NoSuchCORSConfiguration", "The CORS configuration does not exist"),
        check=_check_cors,
        action="BucketCORS",
    ),
    _Setting(
        "lifecycle",
        "PutBucketLifecycleConfiguration",
        "GetBucketLifecycleConfiguration",
        "DeleteBucketLifecycle",
        "LifecycleConfiguration",
        missing=("NoSuchLifecycleConfiguration", "The lifecycle configuration does not exist"),
        check=_check_lifecycle,
        action="LifecycleConfiguration",
    ),
    _Setting(
        "encryption",
        "PutBucketEncryption",
        "GetBucketEncryption",
        "DeleteBucketEncryption",
        "ServerSideEncryptionConfiguration",
        "ServerSideEncryptionConfiguration",
        default=_ENCRYPTION,
        check=_check_rules,
        action="EncryptionConfiguration",
    ),
    _Setting(
        "publicAccessBlock",
        "PutPublicAccessBlock",
        "GetPublicAccessBlock",
        "DeletePublicAccessBlock",
        "PublicAccessBlockConfiguration",
        "PublicAccessBlockConfiguration",
        missing=("NoSuchPublicAccessBlockConfiguration", "The public access block configuration was not found"),
        action="BucketPublicAccessBlock",
    ),
    _Setting(
        "ownershipControls",
        "PutBucketOwnershipControls",
        "GetBucketOwnershipControls",
        "DeleteBucketOwnershipControls",
        "OwnershipControls",
        "OwnershipControls",
        missing=("OwnershipControlsNotFoundError", "The bucket ownership controls were not found"),
        check=_check_rules,
    ),
    _Setting(
        "website",
        "PutBucketWebsite",
        "GetBucketWebsite",
        "DeleteBucketWebsite",
        "WebsiteConfiguration",
        missing=("NoSuchWebsiteConfiguration", "The specified bucket does not have a website configuration"),
    ),
    _Setting("logging", "PutBucketLogging", "GetBucketLogging", "", "BucketLoggingStatus"),
    _Setting(
        "accelerate",
        "PutBucketAccelerateConfiguration",
        "GetBucketAccelerateConfiguration",
        "",
        "AccelerateConfiguration",
        action="AccelerateConfiguration",
    ),
    _Setting(
        "requestPayment",
        "PutBucketRequestPayment",
        "GetBucketRequestPayment",
        "",
        "RequestPaymentConfiguration",
        default={"Payer": "BucketOwner"},
    ),
    _Setting(
        "object-lock",
        "PutObjectLockConfiguration",
        "GetObjectLockConfiguration",
        "",
        "ObjectLockConfiguration",
        "ObjectLockConfiguration",
        missing=("ObjectLockConfigurationNotFoundError", "Object Lock configuration does not exist for this bucket"),
        action="BucketObjectLockConfiguration",
    ),
)


def _declare(setting: _Setting) -> None:
    def put(call: Call, params: dict[str, Any]) -> Result:
        bucket, value = the_bucket(call, params), params.get(setting.member)
        if value is None:
            raise malformed_xml()
        if setting.check is not None:
            setting.check(value)
        records.put_setting(call.tx, bucket.name, setting.kind, value)
        return {}

    def get(call: Call, params: dict[str, Any]) -> Result:
        bucket = the_bucket(call, params)
        value = records.setting(call.tx, bucket.name, setting.kind)
        if value is None and setting.missing is not None:
            code, message = setting.missing
            raise AwsError(code, message, status=404, members={"BucketName": bucket.name})
        value = value if value is not None else setting.default or {}
        return {setting.told: value} if setting.told else dict(value)

    def delete(call: Call, params: dict[str, Any]) -> Result:
        records.drop_setting(call.tx, the_bucket(call, params).name, setting.kind)
        return {}

    put_action = f"s3:Put{setting.action}" if setting.action else ""
    get_action = f"s3:Get{setting.action}" if setting.action else ""
    SERVICE.operation(setting.put, resource=of_bucket, action=put_action)(put)
    SERVICE.operation(setting.get, reads=True, resource=of_bucket, action=get_action)(get)
    if setting.delete:
        SERVICE.operation(setting.delete, resource=of_bucket, action=put_action or f"s3:{setting.put}")(delete)


for _setting in _SETTINGS:
    _declare(_setting)
