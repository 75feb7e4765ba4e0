"""Images, of which there are none: a registry is not part of Segue, and operations say so.

Source: API reference, DescribeImages, ListImages, BatchGetImage, GetAuthorizationToken.
"""

from __future__ import annotations

from typing import Any

from segue.api import Call
from segue.errors import AwsError
from segue.services.ecr.service import SERVICE, existing, repository_arn


@SERVICE.operation("DescribeImages", reads=True, resource=repository_arn)
def describe_images(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """No images; an image that is named is not there."""
    repository = existing(call, params)
    for image in params.get("imageIds") or ():
        digest, tag = image.get("imageDigest", "null"), image.get("imageTag", "null")
        raise AwsError(
            "ImageNotFoundException",
            f"The image with imageId {{imageDigest:'{digest}', imageTag:'{tag}'}} does not exist within the repository "
            f"with name '{repository.name}' in the registry with id '{call.account}'",
        )
    return {"imageDetails": []}


@SERVICE.operation("ListImages", reads=True, resource=repository_arn)
def list_images(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """No images."""
    existing(call, params)
    return {"imageIds": []}


@SERVICE.operation("BatchGetImage", reads=True, resource=repository_arn)
def batch_get_image(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Each image that is named is not there."""
    return {"images": [], "failures": _failures(call, params)}


@SERVICE.operation("BatchDeleteImage", resource=repository_arn)
def batch_delete_image(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Each image that is named is not there."""
    return {"imageIds": [], "failures": _failures(call, params)}


def _failures(call: Call, params: dict[str, Any]) -> list[dict[str, Any]]:
    existing(call, params)
    failure = {"failureCode": "ImageNotFound", "failureReason": "Requested image not found"}
    return [{"imageId": image, **failure} for image in params["imageIds"]]


@SERVICE.operation("GetAuthorizationToken", reads=True)
def get_authorization_token(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Refused: there is nothing to log in to."""
    raise AwsError(
        "NotImplemented",
        "Segue has no container registry: images cannot be pushed or pulled, and functions of images do not run. "
        "Deploy functions as packages (.zip) instead.",
        status=501,
        retryable=False,
    )
