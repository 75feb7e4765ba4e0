"""S3's errors with its words. Source: https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html"""

from __future__ import annotations

from typing import Any

from segue.errors import AwsError


def no_such_bucket(name: str) -> AwsError:
    return AwsError("NoSuchBucket", "The specified bucket does not exist", status=404, members={"BucketName": name})


def no_such_key(key: str, *, headers: dict[str, str] | None = None) -> AwsError:
    members: dict[str, Any] = {"Key": key, "Headers": headers}
    return AwsError("NoSuchKey", "The specified key does not exist.", status=404, members=members)


def no_such_version(key: str, version_id: str) -> AwsError:
    members = {"Key": key, "VersionId": version_id}
    return AwsError("NoSuchVersion", "The specified version does not exist.", status=404, members=members)


def no_such_upload(upload_id: str) -> AwsError:
    message = (
        "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or "
        "completed."
    )
    return AwsError("NoSuchUpload", message, status=404, members={"UploadId": upload_id})


def invalid_argument(message: str, name: str = "", value: Any = None) -> AwsError:
    members = {"ArgumentName": name, "ArgumentValue": value} if name else {}
    return AwsError("InvalidArgument", message, members=members)


def invalid_request(message: str) -> AwsError:
    return AwsError("InvalidRequest", message)


def precondition_failed(condition: str) -> AwsError:
    message = "At least one of the pre-conditions you specified did not hold"
    return AwsError("PreconditionFailed", message, status=412, members={"Condition": condition})


def bad_digest(name: str) -> AwsError:
    if name == "md5":
        return AwsError("BadDigest", "The Content-MD5 you specified did not match what we received.")
    return AwsError("BadDigest", f"The {name.upper()} you specified did not match the calculated checksum.")
