"""Repositories: made, described, changed, deleted; their policies and tags.

Source: API reference, CreateRepository, DescribeRepositories, SetRepositoryPolicy, PutLifecyclePolicy.
"""

from __future__ import annotations

import json
from typing import Any

from segue.api import Call
from segue.api.paginate import decode_token, encode_token
from segue.api.tags import add_tags, drop_tags, remove_tags, tags_of
from segue.errors import AwsError
from segue.languages.policy import MalformedPolicy, validate_document
from segue.services.ecr.service import SERVICE, Repository, after, existing, find, repository_arn, save, scope_of

_PAGE = 100


def _members(call: Call, repository: Repository) -> dict[str, Any]:
    return {
        "repositoryArn": repository.arn,
        "registryId": call.account,
        "repositoryName": repository.name,
        "repositoryUri": f"{call.account}.dkr.ecr.{call.region}.amazonaws.com/{repository.name}",
        "createdAt": repository.created_at_ms,
        **repository.settings,
    }


@SERVICE.operation("CreateRepository", resource=repository_arn)
def create_repository(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """A new repository, without images: there is no registry to push them to."""
    name = params["repositoryName"]
    if find(call, name) is not None:
        message = f"The repository with name '{name}' already exists in the registry with id '{call.account}'"
        raise AwsError("RepositoryAlreadyExistsException", message)
    settings = {
        "imageTagMutability": params.get("imageTagMutability", "MUTABLE"),
        "imageScanningConfiguration": {"scanOnPush": False, **params.get("imageScanningConfiguration", {})},
        "encryptionConfiguration": params.get("encryptionConfiguration") or {"encryptionType": "AES256"},
    }
    if params.get("imageTagMutabilityExclusionFilters"):
        settings["imageTagMutabilityExclusionFilters"] = params["imageTagMutabilityExclusionFilters"]
    made = Repository(repository_arn(call, params), scope_of(call), name, call.now_ms, settings, None, None)
    save(call, made)
    add_tags(call.tx, made.arn, {tag["Key"]: tag["Value"] for tag in params.get("tags") or ()})
    return {"repository": _members(call, made)}


@SERVICE.operation("DescribeRepositories", reads=True)
def describe_repositories(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Repositories by name, or those that are named."""
    if params.get("repositoryNames"):
        registry = {"registryId": params.get("registryId")}
        named = [existing(call, {"repositoryName": name, **registry}) for name in params["repositoryNames"]]
        return {"repositories": [_members(call, one) for one in named]}
    limit, last = params.get("maxResults") or _PAGE, ""
    if params.get("nextToken"):
        message = "Invalid parameter at 'nextToken' failed to satisfy constraint: 'Invalid token'"
        last = str(decode_token(params["nextToken"], "InvalidParameterException", message)[0])
    found = after(call, last, limit + 1)
    token = encode_token(found[limit - 1].name) if len(found) > limit else None
    return {"repositories": [_members(call, one) for one in found[:limit]], "nextToken": token}


@SERVICE.operation("DeleteRepository", resource=repository_arn)
def delete_repository(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Remove a repository."""
    repository = existing(call, params)
    call.tx.run("DELETE FROM ecr_repositories WHERE arn = ?", repository.arn)
    drop_tags(call.tx, repository.arn)
    return {"repository": _members(call, repository)}


@SERVICE.operation("PutImageTagMutability", resource=repository_arn)
def put_image_tag_mutability(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Say whether tags may be moved."""
    repository, value = existing(call, params), params["imageTagMutability"]
    save(call, repository._replace(settings={**repository.settings, "imageTagMutability": value}))
    return {"registryId": call.account, "repositoryName": repository.name, "imageTagMutability": value}


@SERVICE.operation("PutImageScanningConfiguration", resource=repository_arn)
def put_image_scanning_configuration(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Say whether images are scanned."""
    repository, value = existing(call, params), params["imageScanningConfiguration"]
    save(call, repository._replace(settings={**repository.settings, "imageScanningConfiguration": value}))
    return {"registryId": call.account, "repositoryName": repository.name, "imageScanningConfiguration": value}


def _of(call: Call, repository: Repository) -> dict[str, Any]:
    return {"registryId": call.account, "repositoryName": repository.name}


def _lacks(call: Call, what: str, repository: Repository) -> AwsError:
    message = (
        f"{what} policy does not exist for the repository with name '{repository.name}' in the registry with id "
        f"'{call.account}'"
    )
    return AwsError(f"{what}PolicyNotFoundException", message)


@SERVICE.operation("SetRepositoryPolicy", resource=repository_arn)
def set_repository_policy(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Say who may use a repository."""
    repository, text = existing(call, params), params["policyText"]
    try:
        document = json.loads(text)
        statements = document["Statement"] if isinstance(document["Statement"], list) else [document["Statement"]]
        # a repository's policy names no resource: it speaks of the repository
        named = [{"Resource": repository.arn, **statement} for statement in statements]
        validate_document(json.dumps({**document, "Statement": named}), "resource")
    except (MalformedPolicy, ValueError, RecursionError, KeyError, TypeError):
        message = "Invalid parameter at 'PolicyText' failed to satisfy constraint: 'Invalid repository policy provided'"
        raise AwsError("InvalidParameterException", message) from None
    save(call, repository._replace(policy=json.dumps({**document, "Statement": named})))
    return {**_of(call, repository), "policyText": text}


@SERVICE.operation("GetRepositoryPolicy", reads=True, resource=repository_arn)
def get_repository_policy(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Who may use a repository."""
    return _policy(call, existing(call, params))


def _policy(call: Call, repository: Repository) -> dict[str, Any]:
    if repository.policy is None:
        raise _lacks(call, "Repository", repository)
    return {**_of(call, repository), "policyText": _told_policy(repository.policy, repository.arn)}


def _told_policy(text: str, arn: str) -> str:
    document = json.loads(text)
    document["Statement"] = [
        {name: value for name, value in statement.items() if (name, value) != ("Resource", arn)}
        for statement in document["Statement"]
    ]
    return json.dumps(document)


@SERVICE.operation("DeleteRepositoryPolicy", resource=repository_arn)
def delete_repository_policy(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Take the policy away."""
    repository = existing(call, params)
    answer = _policy(call, repository)
    save(call, repository._replace(policy=None))
    return answer


@SERVICE.operation("PutLifecyclePolicy", resource=repository_arn)
def put_lifecycle_policy(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Say how long images are kept."""
    repository, text = existing(call, params), params["lifecyclePolicyText"]
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict) or not isinstance(document.get("rules"), list):
        message = (
            "Invalid parameter at 'LifecyclePolicyText' failed to satisfy constraint: 'Lifecycle policy is no policy'"
        )
        raise AwsError("InvalidParameterException", message)
    save(call, repository._replace(lifecycle=text))
    return {**_of(call, repository), "lifecyclePolicyText": text}


@SERVICE.operation("GetLifecyclePolicy", reads=True, resource=repository_arn)
def get_lifecycle_policy(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """How long images are kept."""
    return _lifecycle(call, existing(call, params))


def _lifecycle(call: Call, repository: Repository) -> dict[str, Any]:
    if repository.lifecycle is None:
        raise _lacks(call, "Lifecycle", repository)
    return {**_of(call, repository), "lifecyclePolicyText": repository.lifecycle}


@SERVICE.operation("DeleteLifecyclePolicy", resource=repository_arn)
def delete_lifecycle_policy(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Keep images for good."""
    repository = existing(call, params)
    answer = _lifecycle(call, repository)
    save(call, repository._replace(lifecycle=None))
    return answer


def _resource(_: Call, params: dict[str, Any]) -> str:
    return str(params["resourceArn"])


def _tagged(call: Call, params: dict[str, Any]) -> str:
    arn = str(params["resourceArn"])
    existing(call, {"repositoryName": arn.partition(":repository/")[2]})
    return arn


@SERVICE.operation("TagResource", resource=_resource)
def tag_resource(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Tag a repository."""
    add_tags(call.tx, _tagged(call, params), {tag["Key"]: tag["Value"] for tag in params["tags"]})
    return {}


@SERVICE.operation("UntagResource", resource=_resource)
def untag_resource(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Remove tags of a repository."""
    remove_tags(call.tx, _tagged(call, params), params["tagKeys"])
    return {}


@SERVICE.operation("ListTagsForResource", reads=True, resource=_resource)
def list_tags_for_resource(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """A repository's tags."""
    found = tags_of(call.tx, _tagged(call, params))
    return {"tags": [{"Key": key, "Value": value} for key, value in found.items()]}
