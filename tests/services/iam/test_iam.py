"""IAM by boto3: what scripts and deployment tools do with it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from segue.testing import Segue

pytestmark = pytest.mark.both_stores

TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
ALLOW_PUT = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": ["events:PutEvents"], "Resource": "*"}],
}
BASIC = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"


@pytest.fixture
def iam(segue: Segue) -> Any:
    return segue.client("iam")


def code_of(error: pytest.ExceptionInfo[ClientError]) -> str:
    return str(error.value.response["Error"]["Code"])


def message_of(error: pytest.ExceptionInfo[ClientError]) -> str:
    return str(error.value.response["Error"]["Message"])


def make_role(iam: Any, name: str = "worker", **members: Any) -> dict[str, Any]:
    role: dict[str, Any] = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST), **members)["Role"]
    return role


def test_a_role_is_made_and_read(iam: Any) -> None:
    made = make_role(iam, Path="/service/", Description="works", Tags=[{"Key": "team", "Value": "a"}])
    assert made["Arn"] == "arn:aws:iam::000000000000:role/service/worker"
    assert made["RoleId"].startswith("AROA")
    assert len(made["RoleId"]) == 21
    read = iam.get_role(RoleName="worker")["Role"]
    assert read["AssumeRolePolicyDocument"] == TRUST
    assert (read["Description"], read["MaxSessionDuration"]) == ("works", 3600)
    assert read["Tags"] == [{"Key": "team", "Value": "a"}]
    assert [role["RoleName"] for role in iam.list_roles(PathPrefix="/service/")["Roles"]] == ["worker"]
    assert iam.list_roles(PathPrefix="/other/")["Roles"] == []


def test_errors_of_roles(iam: Any) -> None:
    make_role(iam)
    with pytest.raises(ClientError) as error:
        make_role(iam, "WORKER")
    assert (code_of(error), message_of(error)) == ("EntityAlreadyExists", "Role with name WORKER already exists.")
    with pytest.raises(ClientError) as error:
        iam.get_role(RoleName="nobody")
    assert (code_of(error), message_of(error)) == ("NoSuchEntity", "The role with name nobody cannot be found.")
    with pytest.raises(ClientError) as error:
        iam.create_role(RoleName="odd", AssumeRolePolicyDocument="{")
    assert (code_of(error), message_of(error)) == ("MalformedPolicyDocument", "This policy contains invalid Json")


def test_inline_policies(iam: Any) -> None:
    make_role(iam)
    iam.put_role_policy(RoleName="worker", PolicyName="put", PolicyDocument=json.dumps(ALLOW_PUT))
    assert iam.get_role_policy(RoleName="worker", PolicyName="put")["PolicyDocument"] == ALLOW_PUT
    assert iam.list_role_policies(RoleName="worker")["PolicyNames"] == ["put"]
    with pytest.raises(ClientError) as error:
        iam.delete_role(RoleName="worker")
    assert (code_of(error), message_of(error)) == (
        "DeleteConflict",
        "Cannot delete entity, must delete policies first.",
    )
    iam.delete_role_policy(RoleName="worker", PolicyName="put")
    with pytest.raises(ClientError) as error:
        iam.get_role_policy(RoleName="worker", PolicyName="put")
    assert message_of(error) == "The role policy with name put cannot be found."
    iam.delete_role(RoleName="worker")


def test_attached_policies(iam: Any) -> None:
    make_role(iam)
    own = iam.create_policy(PolicyName="own", PolicyDocument=json.dumps(ALLOW_PUT))["Policy"]
    for arn in (own["Arn"], BASIC):
        iam.attach_role_policy(RoleName="worker", PolicyArn=arn)
    attached = iam.list_attached_role_policies(RoleName="worker")["AttachedPolicies"]
    assert {policy["PolicyName"] for policy in attached} == {"own", "AWSLambdaBasicExecutionRole"}
    assert iam.get_policy(PolicyArn=own["Arn"])["Policy"]["AttachmentCount"] == 1
    assert iam.list_entities_for_policy(PolicyArn=own["Arn"])["PolicyRoles"][0]["RoleName"] == "worker"
    with pytest.raises(ClientError) as error:
        iam.delete_policy(PolicyArn=own["Arn"])
    assert message_of(error) == "Cannot delete a policy attached to entities."
    with pytest.raises(ClientError) as error:
        iam.attach_role_policy(RoleName="worker", PolicyArn="arn:aws:iam::000000000000:policy/none")
    assert code_of(error) == "NoSuchEntity"
    iam.detach_role_policy(RoleName="worker", PolicyArn=own["Arn"])
    with pytest.raises(ClientError) as error:
        iam.detach_role_policy(RoleName="worker", PolicyArn=own["Arn"])
    assert code_of(error) == "NoSuchEntity"
    iam.delete_policy(PolicyArn=own["Arn"])


def test_versions_of_a_policy(iam: Any) -> None:
    arn = iam.create_policy(PolicyName="own", PolicyDocument=json.dumps(ALLOW_PUT))["Policy"]["Arn"]
    for _ in range(4):
        iam.create_policy_version(PolicyArn=arn, PolicyDocument=json.dumps(ALLOW_PUT), SetAsDefault=True)
    with pytest.raises(ClientError) as error:
        iam.create_policy_version(PolicyArn=arn, PolicyDocument=json.dumps(ALLOW_PUT))
    assert code_of(error) == "LimitExceeded"
    assert iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"] == "v5"
    assert iam.get_policy_version(PolicyArn=arn, VersionId="v1")["PolicyVersion"]["Document"] == ALLOW_PUT
    with pytest.raises(ClientError) as error:
        iam.delete_policy_version(PolicyArn=arn, VersionId="v5")
    assert code_of(error) == "DeleteConflict"
    iam.set_default_policy_version(PolicyArn=arn, VersionId="v1")
    iam.delete_policy_version(PolicyArn=arn, VersionId="v5")
    assert [v["VersionId"] for v in iam.list_policy_versions(PolicyArn=arn)["Versions"]] == ["v1", "v2", "v3", "v4"]


def test_a_policy_of_aws_can_be_read(iam: Any) -> None:
    version = iam.get_policy_version(PolicyArn=BASIC, VersionId="v1")["PolicyVersion"]
    assert "logs:PutLogEvents" in version["Document"]["Statement"][0]["Action"]
    assert iam.get_policy(PolicyArn=BASIC)["Policy"]["Path"] == "/service-role/"


def test_users_and_groups(iam: Any) -> None:
    iam.create_user(UserName="ann")
    iam.create_group(GroupName="staff")
    iam.add_user_to_group(GroupName="staff", UserName="ann")
    assert [group["GroupName"] for group in iam.list_groups_for_user(UserName="ann")["Groups"]] == ["staff"]
    with pytest.raises(ClientError) as error:
        iam.delete_user(UserName="ann")
    assert code_of(error) == "DeleteConflict"
    iam.update_user(UserName="ann", NewUserName="anna")
    assert [user["UserName"] for user in iam.get_group(GroupName="staff")["Users"]] == ["anna"]
    iam.remove_user_from_group(GroupName="staff", UserName="anna")
    iam.delete_user(UserName="anna")
    iam.delete_group(GroupName="staff")
    assert iam.list_users()["Users"] == []


def test_a_key_is_its_user(iam: Any, segue: Segue) -> None:
    iam.create_user(UserName="ann")
    key = iam.create_access_key(UserName="ann")["AccessKey"]
    mine = {"aws_access_key_id": key["AccessKeyId"], "aws_secret_access_key": key["SecretAccessKey"]}
    identity = segue.client("sts", **mine).get_caller_identity()
    assert identity["Arn"] == "arn:aws:iam::000000000000:user/ann"
    assert identity["UserId"].startswith("AIDA")
    assert segue.client("iam", **mine).get_user()["User"]["UserName"] == "ann"
    iam.update_access_key(UserName="ann", AccessKeyId=key["AccessKeyId"], Status="Inactive")
    assert iam.list_access_keys(UserName="ann")["AccessKeyMetadata"][0]["Status"] == "Inactive"
    with pytest.raises(ClientError) as error:
        segue.client("sts", **mine).get_caller_identity()
    assert code_of(error) == "UnrecognizedClientException"


def test_instance_profiles(iam: Any) -> None:
    make_role(iam)
    iam.create_instance_profile(InstanceProfileName="box")
    iam.add_role_to_instance_profile(InstanceProfileName="box", RoleName="worker")
    assert iam.get_instance_profile(InstanceProfileName="box")["InstanceProfile"]["Roles"][0]["RoleName"] == "worker"
    with pytest.raises(ClientError) as error:
        iam.delete_role(RoleName="worker")
    assert code_of(error) == "DeleteConflict"
    iam.remove_role_from_instance_profile(InstanceProfileName="box", RoleName="worker")
    iam.delete_instance_profile(InstanceProfileName="box")
    iam.delete_role(RoleName="worker")


def test_service_linked_roles(iam: Any) -> None:
    role = iam.create_service_linked_role(AWSServiceName="states.amazonaws.com")["Role"]
    assert role["Arn"] == (
        "arn:aws:iam::000000000000:role/aws-service-role/states.amazonaws.com/AWSServiceRoleForStates"
    )
    with pytest.raises(ClientError) as error:
        iam.create_service_linked_role(AWSServiceName="states.amazonaws.com")
    assert code_of(error) == "InvalidInput"
    task = iam.delete_service_linked_role(RoleName=role["RoleName"])["DeletionTaskId"]
    assert iam.get_service_linked_role_deletion_status(DeletionTaskId=task)["Status"] == "SUCCEEDED"
    assert iam.list_roles()["Roles"] == []


def test_pages(iam: Any) -> None:
    for number in range(5):
        make_role(iam, f"role{number}")
    first = iam.list_roles(MaxItems=3)
    assert first["IsTruncated"]
    rest = iam.list_roles(Marker=first["Marker"])
    names = [role["RoleName"] for role in first["Roles"] + rest["Roles"]]
    assert names == [f"role{number}" for number in range(5)]


def test_simulators(iam: Any) -> None:
    role = make_role(iam)
    iam.put_role_policy(RoleName="worker", PolicyName="put", PolicyDocument=json.dumps(ALLOW_PUT))
    answer = iam.simulate_principal_policy(
        PolicySourceArn=role["Arn"], ActionNames=["events:PutEvents", "sqs:SendMessage"]
    )
    decisions = [result["EvalDecision"] for result in answer["EvaluationResults"]]
    assert decisions == ["allowed", "implicitDeny"]


def test_enforced_policies_decide() -> None:
    with Segue(iam="enforce") as segue:
        root = segue.client("iam")
        root.create_user(UserName="ann")
        key = root.create_access_key(UserName="ann")["AccessKey"]
        mine = {"aws_access_key_id": key["AccessKeyId"], "aws_secret_access_key": key["SecretAccessKey"]}
        queues = segue.client("sqs", **mine)
        with pytest.raises(ClientError) as error:
            queues.create_queue(QueueName="orders")
        assert "not authorized to perform: sqs:CreateQueue" in message_of(error)
        document = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "sqs:*", "Resource": "*"}}
        root.put_user_policy(UserName="ann", PolicyName="queues", PolicyDocument=json.dumps(document))
        assert queues.create_queue(QueueName="orders")["QueueUrl"].endswith("/orders")
