"""The Parameter Store by boto3."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from segue.testing import Segue
from tests.services.resources import Resources
from tests.services.states.machines import refusal

pytestmark = pytest.mark.both_stores


@pytest.fixture
def ssm(segue: Segue) -> Any:
    return segue.client("ssm")


def value_of(ssm: Any, name: str, **more: Any) -> str:
    return str(ssm.get_parameter(Name=name, **more)["Parameter"]["Value"])


def test_a_parameter_is_put_told_and_deleted(ssm: Any) -> None:
    made = ssm.put_parameter(Name="/app/db/host", Value="one", Type="String", Tags=[{"Key": "k", "Value": "v"}])
    assert (made["Version"], made["Tier"]) == (1, "Standard")
    told = ssm.get_parameter(Name="/app/db/host")["Parameter"]
    assert told["ARN"] == "arn:aws:ssm:us-east-1:000000000000:parameter/app/db/host"
    assert (told["Type"], told["Value"], told["Version"], told["DataType"]) == ("String", "one", 1, "text")
    assert value_of(ssm, told["ARN"]) == "one"
    tagged = {"ResourceType": "Parameter", "ResourceId": "/app/db/host"}
    assert ssm.list_tags_for_resource(**tagged)["TagList"] == [{"Key": "k", "Value": "v"}]
    ssm.add_tags_to_resource(**tagged, Tags=[{"Key": "l", "Value": "w"}])
    ssm.remove_tags_from_resource(**tagged, TagKeys=["k"])
    assert ssm.list_tags_for_resource(**tagged)["TagList"] == [{"Key": "l", "Value": "w"}]
    assert ssm.delete_parameters(Names=["/app/db/host", "other"])["InvalidParameters"] == ["other"]
    with pytest.raises(ClientError, match="ParameterNotFound"):
        ssm.get_parameter(Name="/app/db/host")
    with pytest.raises(ClientError, match="ParameterNotFound"):
        ssm.delete_parameter(Name="/app/db/host")
    with pytest.raises(ClientError, match="InvalidResourceId"):
        ssm.list_tags_for_resource(**tagged)


def test_versions_and_labels_select(ssm: Any) -> None:
    for text in ("one", "two", "three"):
        ssm.put_parameter(Name="n", Value=text, Type="String", Overwrite=True, Description=text)
    assert [value_of(ssm, name) for name in ("n", "n:1", "n:2")] == ["three", "one", "two"]
    assert ssm.get_parameter(Name="n:2")["Parameter"]["Selector"] == ":2"
    answer = ssm.label_parameter_version(Name="n", ParameterVersion=1, Labels=["live", "9no", "aws-no"])
    assert answer["InvalidLabels"] == ["9no", "aws-no"]
    assert value_of(ssm, "n:live") == "one"
    ssm.label_parameter_version(Name="n", Labels=["live"])  # the latest, and no more the first
    assert value_of(ssm, "n:live") == "three"
    history = ssm.get_parameter_history(Name="n")["Parameters"]
    assert [(one["Version"], one["Labels"]) for one in history] == [(1, []), (2, []), (3, ["live"])]
    assert history[1]["Description"] == "two"
    page = ssm.get_parameter_history(Name="n", MaxResults=2)
    assert len(ssm.get_parameter_history(Name="n", NextToken=page["NextToken"])["Parameters"]) == 1
    gone = ssm.unlabel_parameter_version(Name="n", ParameterVersion=3, Labels=["live", "other"])
    assert (gone["RemovedLabels"], gone["InvalidLabels"]) == (["live"], ["other"])
    for name in ("n:live", "n:9"):
        with pytest.raises(ClientError, match="ParameterVersionNotFound"):
            ssm.get_parameter(Name=name)


def test_of_a_hundred_versions_the_oldest_goes_unless_it_has_a_label(ssm: Any) -> None:
    for number in range(101):
        ssm.put_parameter(Name="n", Value=str(number), Type="String", Overwrite=True)
    assert ssm.get_parameter_history(Name="n", MaxResults=1)["Parameters"][0]["Version"] == 2
    ssm.label_parameter_version(Name="n", ParameterVersion=2, Labels=["kept"])
    with pytest.raises(ClientError, match=r"ParameterMaxVersionLimitExceeded.*Version 2, the oldest version"):
        ssm.put_parameter(Name="n", Value="x", Overwrite=True)


def test_several_at_once(ssm: Any) -> None:
    ssm.put_parameter(Name="a", Value="1", Type="String")
    ssm.put_parameter(Name="b", Value="2,3", Type="StringList")
    answer = ssm.get_parameters(Names=["b", "a:1", "c", "a:7"])
    assert [(one["Name"], one["Value"]) for one in answer["Parameters"]] == [("b", "2,3"), ("a", "1")]
    assert answer["InvalidParameters"] == ["c", "a:7"]


def test_a_secure_string_is_encrypted(segue: Segue, ssm: Any) -> None:
    ssm.put_parameter(Name="/secret", Value="hush", Type="SecureString")
    kept = value_of(ssm, "/secret")
    assert "hush" not in kept
    assert value_of(ssm, "/secret", WithDecryption=True) == "hush"
    assert ssm.describe_parameters()["Parameters"][0]["KeyId"] == "alias/aws/ssm"
    kms = segue.client("kms")
    assert kms.list_aliases()["Aliases"][0]["AliasName"] == "alias/aws/ssm"
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    ssm.put_parameter(Name="/secret", Value="hush hush", Overwrite=True, KeyId=key)
    assert value_of(ssm, "/secret", WithDecryption=True) == "hush hush"
    kms.disable_key(KeyId=key)
    with pytest.raises(ClientError, match=r"InvalidKeyId.*is disabled"):
        ssm.get_parameter(Name="/secret", WithDecryption=True)
    assert value_of(ssm, "/secret:1", WithDecryption=True) == "hush"


def test_parameters_below_a_path(ssm: Any) -> None:
    for name in ("/app/a", "/app/b", "/app/c/d", "/application", "app"):
        ssm.put_parameter(Name=name, Value=name, Type="String")

    def names(**params: Any) -> list[str]:
        return [one["Name"] for one in ssm.get_parameters_by_path(**params)["Parameters"]]

    assert names(Path="/app") == ["/app/a", "/app/b"]
    assert names(Path="/app/", Recursive=True) == ["/app/a", "/app/b", "/app/c/d"]
    assert names(Path="/", Recursive=True) == ["/app/a", "/app/b", "/app/c/d", "/application", "app"]
    assert names(Path="/") == ["/application", "app"]
    first = ssm.get_parameters_by_path(Path="/app", Recursive=True, MaxResults=2)
    second = ssm.get_parameters_by_path(Path="/app", Recursive=True, MaxResults=2, NextToken=first["NextToken"])
    assert [one["Name"] for one in second["Parameters"]] == ["/app/c/d"]
    assert "NextToken" not in second
    with pytest.raises(ClientError, match="must begin with a forward slash"):
        ssm.get_parameters_by_path(Path="app")


def test_descriptions_by_filters(ssm: Any) -> None:
    ssm.put_parameter(Name="/app/a", Value="1", Type="String", Description="d", Tags=[{"Key": "k", "Value": "v"}])
    ssm.put_parameter(Name="/app/b", Value="1,2", Type="StringList", Tier="Advanced")
    ssm.put_parameter(Name="/other", Value="x", Type="String", DataType="aws:ec2:image")

    def names(*filters: dict[str, Any]) -> list[str]:
        return [one["Name"] for one in ssm.describe_parameters(ParameterFilters=list(filters))["Parameters"]]

    assert names() == ["/app/a", "/app/b", "/other"]
    assert names({"Key": "Type", "Values": ["StringList"]}) == ["/app/b"]
    assert names({"Key": "Name", "Option": "BeginsWith", "Values": ["/app"]}) == ["/app/a", "/app/b"]
    assert names({"Key": "Name", "Option": "Contains", "Values": ["the"]}) == ["/other"]
    assert names({"Key": "Path", "Values": ["/app"]}, {"Key": "Tier", "Values": ["Standard"]}) == ["/app/a"]
    assert names({"Key": "tag:k", "Values": ["v"]}) == ["/app/a"]
    assert names({"Key": "DataType", "Values": ["aws:ec2:image"]}) == ["/other"]
    with pytest.raises(ClientError, match="InvalidFilterOption"):
        names({"Key": "Name", "Option": "Ends", "Values": ["a"]})


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"Name": "n", "Value": "x", "Type": "String"}, "ParameterAlreadyExists"),
        ({"Name": "m", "Value": "x"}, "ValidationException"),
        ({"Name": "ssm-x", "Value": "x", "Type": "String"}, "ValidationException"),
        ({"Name": "a b", "Value": "x", "Type": "String"}, "ValidationException"),
        ({"Name": "a/b", "Value": "x", "Type": "String"}, "ValidationException"),
        ({"Name": "/aws/x", "Value": "x", "Type": "String"}, "AccessDeniedException"),
        ({"Name": "/x" * 16, "Value": "x", "Type": "String"}, "HierarchyLevelLimitExceededException"),
        ({"Name": "m", "Value": "", "Type": "String"}, "ValidationException"),
        ({"Name": "m", "Value": "x" * 4_097, "Type": "String"}, "ValidationException"),
        ({"Name": "m", "Value": "x", "Type": "String", "KeyId": "k"}, "ValidationException"),
        ({"Name": "m", "Value": "x", "Type": "SecureString", "KeyId": "k"}, "InvalidKeyId"),
        ({"Name": "m", "Value": "x", "Type": "String", "DataType": "Text"}, "ValidationException"),
        ({"Name": "m", "Value": "x", "Type": "String", "AllowedPattern": r"^\d$"}, "ParameterPatternMismatchException"),
        ({"Name": "m", "Value": "x", "Type": "String", "AllowedPattern": "("}, "InvalidAllowedPatternException"),
        ({"Name": "m", "Value": "a" * 40 + "b", "Type": "String", "AllowedPattern": "^(a|a)*(a|a)*c$"}, None),
        ({"Name": "n", "Value": "x", "Type": "StringList", "Overwrite": True}, "HierarchyTypeMismatchException"),
        ({"Name": "n", "Value": "x", "Overwrite": True, "Tags": [{"Key": "k", "Value": "v"}]}, "ValidationException"),
    ],
)  # fmt: skip
def test_what_is_refused(ssm: Any, params: dict[str, Any], code: str | None) -> None:
    ssm.put_parameter(Name="n", Value="x", Type="String")
    refused = refusal(lambda: ssm.put_parameter(**params))[0]
    assert refused == code if code else refused in ("ValidationException", "ParameterPatternMismatchException")


def test_tiers(ssm: Any) -> None:
    long = "x" * 5_000
    assert ssm.put_parameter(Name="n", Value=long, Type="String", Tier="Intelligent-Tiering")["Tier"] == "Advanced"
    assert (
        refusal(lambda: ssm.put_parameter(Name="n", Value="x", Tier="Standard", Overwrite=True))[0]
        == "ValidationException"
    )
    assert ssm.put_parameter(Name="n", Value="x", Overwrite=True)["Tier"] == "Advanced"


def test_a_change_is_told_to_the_bus(segue: Segue, ssm: Any) -> None:
    events, sqs = segue.client("events"), segue.client("sqs")
    url = sqs.create_queue(QueueName="changes")["QueueUrl"]
    events.put_rule(Name="r", EventPattern='{"source": ["aws.ssm"]}')
    events.put_targets(Rule="r", Targets=[{"Id": "q", "Arn": "arn:aws:sqs:us-east-1:000000000000:changes"}])
    ssm.put_parameter(Name="n", Value="x", Type="String")
    segue.settle()
    event = json.loads(sqs.receive_message(QueueUrl=url)["Messages"][0]["Body"])
    assert event["detail-type"] == "Parameter Store Change"
    assert event["detail"] == {"operation": "Create", "name": "n", "type": "String"}


def test_a_parameter_of_a_template(segue: Segue, ssm: Any) -> None:
    resources = Resources(segue, team="a")
    made = resources.create("AWS::SSM::Parameter", "P", Type="String", Value="one", Description="d")
    assert made.physical_id == "app-P-ABCDEFGHIJKL"
    assert made.attributes["Arn"] == "arn:aws:ssm:us-east-1:000000000000:parameter/app-P-ABCDEFGHIJKL"
    assert (made.attributes["Type"], made.attributes["Value"]) == ("String", "one")
    after = resources.update("P", Type="String", Value="two", Tags={"own": "x"})
    assert after.attributes["Value"] == "two"
    assert value_of(ssm, made.physical_id) == "two"
    tags = ssm.list_tags_for_resource(ResourceType="Parameter", ResourceId=made.physical_id)["TagList"]
    assert {"Key": "own", "Value": "x"} in tags
    resources.delete("P")
    resources.delete("P")
    assert ssm.describe_parameters()["Parameters"] == []
