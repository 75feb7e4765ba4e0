"""ECR by boto3, and its repositories as templates name them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from segue.testing import Segue
from tests.services.resources import Resources
from tests.services.states.machines import refusal

RULES = json.dumps(
    {"rules": [{"rulePriority": 1, "action": {"type": "expire"}, "selection": {"countNumber": 30}}]}, indent=2
)


@pytest.fixture
def ecr(segue: Segue) -> Any:
    return segue.client("ecr")


def test_a_repository(ecr: Any) -> None:
    made = ecr.create_repository(repositoryName="app/web", tags=[{"Key": "k", "Value": "v"}])["repository"]
    assert made["repositoryUri"] == "000000000000.dkr.ecr.us-east-1.amazonaws.com/app/web"
    assert made["imageTagMutability"] == "MUTABLE"
    assert refusal(lambda: ecr.create_repository(repositoryName="app/web"))[0] == "RepositoryAlreadyExistsException"
    assert refusal(lambda: ecr.create_repository(repositoryName="App"))[0] == "ValidationException"
    assert ecr.describe_repositories()["repositories"][0]["repositoryArn"] == made["repositoryArn"]
    assert ecr.list_tags_for_resource(resourceArn=made["repositoryArn"])["tags"] == [{"Key": "k", "Value": "v"}]
    ecr.put_image_tag_mutability(repositoryName="app/web", imageTagMutability="IMMUTABLE")
    ecr.put_image_scanning_configuration(repositoryName="app/web", imageScanningConfiguration={"scanOnPush": True})
    (told,) = ecr.describe_repositories(repositoryNames=["app/web"])["repositories"]
    assert (told["imageTagMutability"], told["imageScanningConfiguration"]) == ("IMMUTABLE", {"scanOnPush": True})
    ecr.delete_repository(repositoryName="app/web", force=True)
    with pytest.raises(ClientError, match="The repository with name 'app/web' does not exist in the registry with id"):
        ecr.describe_repositories(repositoryNames=["app/web"])


def test_policies(ecr: Any) -> None:
    ecr.create_repository(repositoryName="app")
    assert refusal(lambda: ecr.get_repository_policy(repositoryName="app"))[0] == "RepositoryPolicyNotFoundException"
    assert refusal(lambda: ecr.get_lifecycle_policy(repositoryName="app"))[0] == "LifecyclePolicyNotFoundException"
    statement = {"Sid": "s", "Effect": "Allow", "Principal": "*", "Action": "ecr:BatchGetImage"}
    document = {"Version": "2012-10-17", "Statement": [statement]}
    ecr.set_repository_policy(repositoryName="app", policyText=json.dumps(document))
    assert json.loads(ecr.get_repository_policy(repositoryName="app")["policyText"]) == document
    assert (
        refusal(lambda: ecr.set_repository_policy(repositoryName="app", policyText="{}"))[0]
        == "InvalidParameterException"
    )
    ecr.delete_repository_policy(repositoryName="app")
    ecr.put_lifecycle_policy(repositoryName="app", lifecyclePolicyText=RULES)
    assert ecr.get_lifecycle_policy(repositoryName="app")["lifecyclePolicyText"] == RULES
    ecr.delete_lifecycle_policy(repositoryName="app")


def test_there_are_no_images(ecr: Any) -> None:
    ecr.create_repository(repositoryName="app")
    assert ecr.describe_images(repositoryName="app")["imageDetails"] == []
    assert ecr.list_images(repositoryName="app")["imageIds"] == []
    image = {"imageTag": "latest"}
    assert refusal(lambda: ecr.describe_images(repositoryName="app", imageIds=[image]))[0] == "ImageNotFoundException"
    (failure,) = ecr.batch_get_image(repositoryName="app", imageIds=[image])["failures"]
    assert failure["failureCode"] == "ImageNotFound"
    with pytest.raises(ClientError, match="Segue has no container registry"):
        ecr.get_authorization_token()


def test_a_repository_of_a_template(segue: Segue, ecr: Any) -> None:
    resources = Resources(segue, team="a")
    statement = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": ["ecr:BatchGetImage"]}
    policy = {"Version": "2012-10-17", "Statement": statement}
    made = resources.create(
        "AWS::ECR::Repository",
        "Assets",
        ImageScanningConfiguration={"ScanOnPush": True},
        LifecyclePolicy={"LifecyclePolicyText": RULES},
        RepositoryPolicyText=policy,
    )
    name = made.physical_id
    assert name == "app-assets-abcdefghijkl"
    assert made.attributes["RepositoryUri"].endswith(f".amazonaws.com/{name}")
    assert ecr.get_lifecycle_policy(repositoryName=name)["lifecyclePolicyText"] == RULES
    resources.update("Assets", ImageTagMutability="IMMUTABLE")
    (told,) = ecr.describe_repositories()["repositories"]
    assert (told["imageTagMutability"], told["imageScanningConfiguration"]) == ("IMMUTABLE", {"scanOnPush": False})
    assert refusal(lambda: ecr.get_repository_policy(repositoryName=name))[0] == "RepositoryPolicyNotFoundException"
    resources.delete("Assets")
    resources.delete("Assets")
    assert ecr.describe_repositories()["repositories"] == []
