"""Roles, users, groups and policies as templates name them."""

from __future__ import annotations

from typing import Any

import pytest

from segue.errors import AwsError
from segue.testing import Segue
from tests.services.resources import Resources

TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
BASIC = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
XRAY = "arn:aws:iam::aws:policy/AWSXRayDaemonWriteAccess"


def allow(*actions: str) -> dict[str, Any]:
    return {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": list(actions), "Resource": "*"}],
    }


@pytest.fixture
def resources(segue: Segue) -> Resources:
    return Resources(segue, team="a")


@pytest.fixture
def iam(segue: Segue) -> Any:
    return segue.client("iam")


def test_a_role_with_all_it_may_have(resources: Resources, iam: Any) -> None:
    made = resources.create(
        "AWS::IAM::Role",
        "Role",
        AssumeRolePolicyDocument=TRUST,
        Policies=[{"PolicyName": "one", "PolicyDocument": allow("sqs:*")}],
        ManagedPolicyArns=[BASIC],
        Path="/app/",
        MaxSessionDuration=7200,
        Tags=[{"Key": "own", "Value": "x"}],
    )
    assert made.physical_id == "app-Role-ABCDEFGHIJKL"
    assert made.attributes["Arn"] == "arn:aws:iam::000000000000:role/app/app-Role-ABCDEFGHIJKL"
    role = iam.get_role(RoleName=made.physical_id)["Role"]
    assert role["RoleId"] == made.attributes["RoleId"]
    assert role["AssumeRolePolicyDocument"] == TRUST
    tags = {tag["Key"]: tag["Value"] for tag in role["Tags"]}
    assert tags == {"own": "x", "team": "a", "aws:cloudformation:stack-name": "app"}


def test_a_role_changes_in_place(resources: Resources, iam: Any) -> None:
    own = {"AssumeRolePolicyDocument": TRUST, "RoleName": "worker"}
    first, second = ({"PolicyName": name, "PolicyDocument": allow("sqs:*")} for name in ("one", "two"))
    resources.create("AWS::IAM::Role", "Role", **own, Policies=[first], ManagedPolicyArns=[BASIC], Description="d")
    trust = {**TRUST, "Statement": [{**TRUST["Statement"][0], "Principal": {"Service": "states.amazonaws.com"}}]}
    resources.update(
        "Role",
        RoleName="worker",
        AssumeRolePolicyDocument=trust,
        Policies=[second],
        ManagedPolicyArns=[XRAY],
        MaxSessionDuration=7200,
        PermissionsBoundary=BASIC,
    )
    role = iam.get_role(RoleName="worker")["Role"]
    assert role["AssumeRolePolicyDocument"] == trust
    assert (role["MaxSessionDuration"], role.get("Description", "")) == (7200, "")
    assert role["PermissionsBoundary"]["PermissionsBoundaryArn"] == BASIC
    assert iam.list_role_policies(RoleName="worker")["PolicyNames"] == ["two"]
    attached = iam.list_attached_role_policies(RoleName="worker")["AttachedPolicies"]
    assert [policy["PolicyArn"] for policy in attached] == [XRAY]
    resources.delete("Role")
    assert iam.list_roles()["Roles"] == []
    resources.delete("Role")  # it is gone already


def test_what_others_hang_on_a_role_keeps_it(resources: Resources, iam: Any) -> None:
    resources.create("AWS::IAM::Role", "Role", AssumeRolePolicyDocument=TRUST, RoleName="worker")
    iam.attach_role_policy(RoleName="worker", PolicyArn=BASIC)
    with pytest.raises(AwsError, match="must detach all policies first"):
        resources.delete("Role")


def test_a_policy_of_several_owners(resources: Resources, iam: Any) -> None:
    for name in ("a", "b"):
        resources.create("AWS::IAM::Role", name, AssumeRolePolicyDocument=TRUST, RoleName=name)
    resources.create("AWS::IAM::Group", "Group", GroupName="g")
    own = {"PolicyName": "p", "PolicyDocument": allow("s3:*")}
    made = resources.create("AWS::IAM::Policy", "Policy", **own, Roles=["a"], Groups=["g"])
    assert made.physical_id == "app-Policy-ABCDEFGHIJKL"
    resources.update("Policy", **{**own, "PolicyDocument": allow("s3:Get*")}, Roles=["b"])
    assert iam.list_role_policies(RoleName="a")["PolicyNames"] == []
    assert iam.list_group_policies(GroupName="g")["PolicyNames"] == []
    assert iam.get_role_policy(RoleName="b", PolicyName="p")["PolicyDocument"] == allow("s3:Get*")
    resources.update("Policy", PolicyName="q", PolicyDocument=allow("s3:*"), Roles=["b"])
    assert iam.list_role_policies(RoleName="b")["PolicyNames"] == ["q"]
    resources.delete("Policy")
    assert iam.list_role_policies(RoleName="b")["PolicyNames"] == []
    with pytest.raises(AwsError, match="must be non-empty"):
        resources.create("AWS::IAM::Policy", "Nobody", **own)


def test_a_managed_policy_has_versions(resources: Resources, iam: Any) -> None:
    resources.create("AWS::IAM::Role", "Role", AssumeRolePolicyDocument=TRUST, RoleName="worker")
    made = resources.create(
        "AWS::IAM::ManagedPolicy", "Managed", PolicyDocument=allow("a:0"), Roles=["worker"], Description="d"
    )
    assert made.physical_id == "arn:aws:iam::000000000000:policy/app-Managed-ABCDEFGHIJKL"
    assert made.attributes["CreateDate"] == "2023-11-14T22:13:20Z"
    for number in range(1, 8):
        resources.update("Managed", PolicyDocument=allow(f"a:{number}"), Description="d")
    version = iam.get_policy(PolicyArn=made.physical_id)["Policy"]["DefaultVersionId"]
    document = iam.get_policy_version(PolicyArn=made.physical_id, VersionId=version)["PolicyVersion"]["Document"]
    assert document == allow("a:7")
    assert iam.list_attached_role_policies(RoleName="worker")["AttachedPolicies"] == []
    resources.delete("Managed")
    assert iam.list_policies(Scope="Local")["Policies"] == []
    resources.delete("Managed")


def test_users_keys_and_groups(resources: Resources, iam: Any) -> None:
    resources.create("AWS::IAM::Group", "Group", GroupName="g", ManagedPolicyArns=[BASIC])
    user = resources.create("AWS::IAM::User", "User", UserName="u", Groups=["g"], LoginProfile={"Password": "x"})
    assert user.attributes["Arn"] == "arn:aws:iam::000000000000:user/u"
    assert "LoginProfile has no effect" in resources.notes[0]
    key = resources.create("AWS::IAM::AccessKey", "Key", UserName="u")
    assert key.attributes["SecretAccessKey"]
    assert key.attributes["Id"] == key.physical_id
    resources.update("Key", UserName="u", Status="Inactive")
    assert iam.list_access_keys(UserName="u")["AccessKeyMetadata"][0]["Status"] == "Inactive"
    assert [user["UserName"] for user in iam.get_group(GroupName="g")["Users"]] == ["u"]
    resources.update("User", UserName="u")
    assert iam.get_group(GroupName="g")["Users"] == []
    resources.create("AWS::IAM::UserToGroupAddition", "Join", GroupName="g", Users=["u"])
    resources.create("AWS::IAM::UserPolicy", "Own", UserName="u", PolicyName="p", PolicyDocument=allow("a:b"))
    for logical_id in ("Own", "Join", "Key", "User", "Group"):
        resources.delete(logical_id)
    assert iam.list_users()["Users"] == iam.list_groups()["Groups"] == []


def test_profiles_and_policies_of_one_role(resources: Resources, iam: Any) -> None:
    for name in ("a", "b"):
        resources.create("AWS::IAM::Role", name, AssumeRolePolicyDocument=TRUST, RoleName=name)
    own = resources.create("AWS::IAM::RolePolicy", "Own", RoleName="a", PolicyName="p", PolicyDocument=allow("a:b"))
    assert own.physical_id == "p|a"
    resources.create("AWS::IAM::InstanceProfile", "Profile", InstanceProfileName="i", Roles=["a"])
    resources.update("Profile", InstanceProfileName="i", Roles=["b"])
    shown = iam.get_instance_profile(InstanceProfileName="i")["InstanceProfile"]
    assert [role["RoleName"] for role in shown["Roles"]] == ["b"]
    for logical_id in ("Profile", "Own", "a", "b"):
        resources.delete(logical_id)
    assert iam.list_roles()["Roles"] == []


def test_a_service_linked_role(resources: Resources, iam: Any) -> None:
    made = resources.create("AWS::IAM::ServiceLinkedRole", "Linked", AWSServiceName="events.amazonaws.com")
    assert made.physical_id == "AWSServiceRoleForEvents"
    resources.delete("Linked")
    assert iam.list_roles()["Roles"] == []
