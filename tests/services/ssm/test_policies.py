"""Policies of parameters, which do what they say in their time; and the parameters that AWS publishes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from segue.testing import Segue
from tests.services.resources import Resources


@pytest.fixture
def segue() -> Iterator[Segue]:
    with Segue() as server:
        sqs, events = server.client("sqs"), server.client("events")
        sqs.create_queue(QueueName="told")
        events.put_rule(Name="policies", EventPattern=json.dumps({"source": ["aws.ssm"]}))
        arn = "arn:aws:sqs:us-east-1:000000000000:told"
        events.put_targets(Rule="policies", Targets=[{"Id": "told", "Arn": arn}])
        yield server


def told(segue: Segue) -> list[dict[str, Any]]:
    sqs, found = segue.client("sqs"), []
    url = sqs.get_queue_url(QueueName="told")["QueueUrl"]
    while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        found += [json.loads(message["Body"]) for message in messages]
        for message in messages:
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return [one["detail"] for one in found if one["detail-type"] == "Parameter Store Policy Action"]


def policy(kind: str, **attributes: str) -> dict[str, Any]:
    return {"Type": kind, "Version": "1.0", "Attributes": attributes}


def expiry(segue: Segue, days: int) -> dict[str, Any]:
    at = datetime.fromtimestamp(segue.clock.now_ms() / 1000, UTC) + timedelta(days=days)
    return policy("Expiration", Timestamp=at.strftime("%Y-%m-%dT%H:%M:%S.000Z"))


def put(segue: Segue, *policies: dict[str, Any], **more: Any) -> Any:
    params = {"Name": "/a", "Type": "String", "Value": "x", "Tier": "Advanced", "Policies": json.dumps(policies)}
    return segue.client("ssm").put_parameter(**(params | more))


def test_a_parameter_expires_and_tells_before(segue: Segue) -> None:
    ssm = segue.client("ssm")
    put(segue, expiry(segue, 10), policy("ExpirationNotification", Before="2", Unit="Days"), Tier="Intelligent-Tiering")
    (described,) = ssm.describe_parameters()["Parameters"]
    assert [one["PolicyType"] for one in described["Policies"]] == ["Expiration", "ExpirationNotification"]
    assert (described["Tier"], described["Policies"][0]["PolicyStatus"]) == ("Advanced", "Pending")
    segue.advance(7 * 86_400)
    assert told(segue) == []
    segue.advance(86_400 + 60)
    assert [one["policy-type"] for one in told(segue)] == ["ExpirationNotification"]
    assert ssm.get_parameter_history(Name="/a")["Parameters"][0]["Policies"][1]["PolicyStatus"] == "Finished"
    segue.advance(2 * 86_400)
    assert [(one["policy-type"], one["parameter-name"]) for one in told(segue)] == [("Expiration", "/a")]
    with pytest.raises(ClientError, match="ParameterNotFound"):
        ssm.get_parameter(Name="/a")


def test_a_value_that_nobody_changes_is_told_of(segue: Segue) -> None:
    put(segue, policy("NoChangeNotification", After="20", Unit="Hours"))
    segue.advance(15 * 3_600)
    segue.client("ssm").put_parameter(Name="/a", Value="y", Overwrite=True)  # the policies stay, their time begins anew
    segue.advance(15 * 3_600)
    assert told(segue) == []
    segue.advance(6 * 3_600)
    assert [one["policy-type"] for one in told(segue)] == ["NoChangeNotification"]


def test_policies_are_taken_away_and_end_with_the_parameter(segue: Segue) -> None:
    put(segue, expiry(segue, 1))
    put(segue, {}, Overwrite=True)
    segue.advance(2 * 86_400)
    assert segue.client("ssm").get_parameter(Name="/a")["Parameter"]["Version"] == 2
    put(segue, expiry(segue, 1), Overwrite=True)
    segue.client("ssm").delete_parameter(Name="/a")
    segue.client("ssm").put_parameter(Name="/a", Type="String", Value="other")
    segue.advance(2 * 86_400)
    assert segue.client("ssm").get_parameter(Name="/a")["Parameter"]["Value"] == "other"


@pytest.mark.parametrize(
    ("policies", "more", "code"),
    [
        ("[", {}, "ValidationException"),
        ("[1]", {}, "ValidationException"),
        ("7", {}, "ValidationException"),
        ([policy("Other")], {}, "InvalidPolicyTypeException"),
        ([{"Type": ["Expiration"]}], {}, "InvalidPolicyTypeException"),
        ([policy("Expiration", Timestamp="soon")], {}, "InvalidPolicyAttributeException"),
        ([policy("Expiration", Timestamp="2001-01-01T00:00:00Z")], {}, "InvalidPolicyAttributeException"),
        ([policy("NoChangeNotification", After="0", Unit="Days")], {}, "InvalidPolicyAttributeException"),
        ([policy("NoChangeNotification", After="1", Unit="Years")], {}, "InvalidPolicyAttributeException"),
        ([{"Type": "Expiration", "Version": "2.0"}], {}, "InvalidPolicyAttributeException"),
        ([policy("ExpirationNotification", Before="1", Unit="Days")], {}, "IncompatiblePolicyException"),
        ([policy("NoChangeNotification", After="1", Unit="Days")] * 11, {}, "PoliciesLimitExceededException"),
        ([policy("NoChangeNotification", After="1", Unit="Days")], {"Tier": "Standard"}, "ValidationException"),
    ],
)
def test_what_is_refused(segue: Segue, policies: Any, more: dict[str, str], code: str) -> None:
    text = policies if isinstance(policies, str) else json.dumps(policies)
    with pytest.raises(ClientError) as refused:
        put(segue, Policies=text, **more)
    assert refused.value.response["Error"]["Code"] == code
    assert segue.client("ssm").describe_parameters()["Parameters"] == []


def test_in_templates(segue: Segue) -> None:
    resources = Resources(segue)
    given = {"Name": "/t", "Type": "String", "Value": "x", "Tier": "Advanced"}
    resources.create("AWS::SSM::Parameter", "P", **given, Policies=json.dumps([expiry(segue, 3)]))
    assert segue.client("ssm").describe_parameters()["Parameters"][0]["Policies"][0]["PolicyType"] == "Expiration"
    resources.update("P", **given)
    assert segue.client("ssm").describe_parameters()["Parameters"][0]["Policies"] == []


def test_public_parameters(segue: Segue) -> None:
    ssm = segue.client("ssm")
    name = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"
    image = ssm.get_parameter(Name=name)["Parameter"]
    assert (image["Value"][:4], len(image["Value"]), image["DataType"]) == ("ami-", 21, "aws:ec2:image")
    assert image["ARN"] == f"arn:aws:ssm:us-east-1::parameter{name}"
    assert ssm.get_parameter(Name=name)["Parameter"]["Value"] == image["Value"]
    region = "/aws/service/global-infrastructure/regions/eu-west-1/longName"
    assert ssm.get_parameter(Name=region)["Parameter"]["Value"] == "Europe (Ireland)"
    found = ssm.get_parameters_by_path(Path="/aws/service/global-infrastructure/regions")["Parameters"]
    assert "eu-west-1" in {one["Value"] for one in found}
    missing = ["/aws/service/other", "/aws/service/global-infrastructure/regions/xx-1"]
    assert ssm.get_parameters(Names=missing)["InvalidParameters"] == missing
