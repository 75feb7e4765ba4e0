"""STS by boto3."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from segue.api import Call
from segue.api.caller import service_caller
from segue.store import Transaction
from segue.testing import Segue

ROLE = "arn:aws:iam::000000000000:role/worker"


def trust(principal: dict[str, str]) -> str:
    statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def session_of(credentials: dict[str, Any]) -> dict[str, str]:
    return {
        "aws_access_key_id": credentials["AccessKeyId"],
        "aws_secret_access_key": credentials["SecretAccessKey"],
        "aws_session_token": credentials["SessionToken"],
    }


def test_the_access_key_picks_the_account(segue: Segue) -> None:
    identity = segue.client("sts", account="123456789012").get_caller_identity()
    assert identity["Account"] == "123456789012"
    assert identity["Arn"] == "arn:aws:iam::123456789012:root"


def test_a_session_is_its_role(segue: Segue) -> None:
    role = segue.client("iam").create_role(
        RoleName="worker", AssumeRolePolicyDocument=trust({"AWS": "arn:aws:iam::000000000000:root"})
    )["Role"]
    answer = segue.client("sts").assume_role(RoleArn=ROLE, RoleSessionName="one", DurationSeconds=900)
    assert answer["AssumedRoleUser"]["Arn"] == "arn:aws:sts::000000000000:assumed-role/worker/one"
    assert answer["AssumedRoleUser"]["AssumedRoleId"] == f"{role['RoleId']}:one"
    assert int(answer["Credentials"]["Expiration"].timestamp() * 1000) == segue.clock.now_ms() + 900_000
    identity = segue.client("sts", **session_of(answer["Credentials"])).get_caller_identity()
    assert identity["Arn"] == answer["AssumedRoleUser"]["Arn"]
    assert identity["UserId"] == answer["AssumedRoleUser"]["AssumedRoleId"]


def test_a_session_ends_and_its_token_belongs_to_it(segue: Segue) -> None:
    sts = segue.client("sts")
    sessions = [sts.assume_role(RoleArn=ROLE, RoleSessionName=name, DurationSeconds=900) for name in ("one", "two")]
    one, two = (session_of(answer["Credentials"]) for answer in sessions)
    with pytest.raises(ClientError) as error:
        segue.client("sts", **{**one, "aws_session_token": two["aws_session_token"]}).get_caller_identity()
    assert error.value.response["Error"]["Code"] == "UnrecognizedClientException"
    segue.advance(minutes=15)
    with pytest.raises(ClientError) as error:
        segue.client("sts", **one).get_caller_identity()
    assert error.value.response["Error"]["Code"] == "ExpiredTokenException"


def test_a_session_longer_than_the_role_allows_is_refused(segue: Segue) -> None:
    segue.client("iam").create_role(
        RoleName="worker", AssumeRolePolicyDocument=trust({"Service": "lambda.amazonaws.com"})
    )
    with pytest.raises(ClientError) as error:
        segue.client("sts").assume_role(RoleArn=ROLE, RoleSessionName="one", DurationSeconds=7200)
    assert error.value.response["Error"]["Code"] == "ValidationError"


def test_without_enforcement_any_role_has_sessions(segue: Segue) -> None:
    answer = segue.client("sts").assume_role(RoleArn=ROLE, RoleSessionName="one")
    identity = segue.client("sts", **session_of(answer["Credentials"])).get_caller_identity()
    assert identity["Arn"] == "arn:aws:sts::000000000000:assumed-role/worker/one"


def test_enforced_the_role_must_trust_the_caller() -> None:
    with Segue(iam="enforce") as segue:
        iam, sts = segue.client("iam"), segue.client("sts")
        with pytest.raises(ClientError) as error:
            sts.assume_role(RoleArn=ROLE, RoleSessionName="one")
        assert error.value.response["Error"]["Code"] == "AccessDenied"
        iam.create_role(RoleName="worker", AssumeRolePolicyDocument=trust({"Service": "lambda.amazonaws.com"}))
        with pytest.raises(ClientError):
            sts.assume_role(RoleArn=ROLE, RoleSessionName="one")
        iam.update_assume_role_policy(RoleName="worker", PolicyDocument=trust({"AWS": "000000000000"}))
        assert sts.assume_role(RoleArn=ROLE, RoleSessionName="one")["Credentials"]["AccessKeyId"].startswith("ASIA")


def test_session_tokens_and_key_info(segue: Segue) -> None:
    credentials = segue.client("sts", account="123456789012").get_session_token()["Credentials"]
    identity = segue.client("sts", **session_of(credentials)).get_caller_identity()
    assert identity["Arn"] == "arn:aws:iam::123456789012:root"
    info = segue.client("sts").get_access_key_info(AccessKeyId=credentials["AccessKeyId"])
    assert info["Account"] == "123456789012"


def test_what_is_no_role_is_refused(segue: Segue) -> None:
    with pytest.raises(ClientError) as error:
        segue.client("sts").assume_role(RoleArn="arn:aws:iam::000000000000:user/ann", RoleSessionName="one")
    assert error.value.response["Error"]["Code"] == "ValidationError"


def test_enforced_everybody_may_ask_who_they_are_and_sessions_can_be_narrowed() -> None:
    with Segue(iam="enforce") as segue:
        iam = segue.client("iam")
        iam.create_role(RoleName="worker", AssumeRolePolicyDocument=trust({"AWS": "000000000000"}))
        everything = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}
        iam.put_role_policy(RoleName="worker", PolicyName="all", PolicyDocument=json.dumps(everything))
        queues = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "sqs:*", "Resource": "*"}}
        answer = segue.client("sts").assume_role(RoleArn=ROLE, RoleSessionName="one", Policy=json.dumps(queues))
        session = session_of(answer["Credentials"])
        assert segue.client("sts", **session).get_caller_identity()["Arn"].endswith("assumed-role/worker/one")
        segue.client("sqs", **session).list_queues()
        with pytest.raises(ClientError) as error:
            segue.client("sns", **session).list_topics()
        assert "not authorized to perform: sns:ListTopics" in error.value.response["Error"]["Message"]


def test_a_service_has_sessions_of_any_role_for_as_long_as_it_asks(segue: Segue) -> None:
    segue.client("iam").create_role(
        RoleName="worker", AssumeRolePolicyDocument=trust({"Service": "lambda.amazonaws.com"})
    )

    def assume(role: str) -> str:
        def unit(tx: Transaction) -> str:
            caller = service_caller("lambda.amazonaws.com", "arn:aws:lambda:us-east-1:000000000000:function:f")
            call = Call(tx=tx, caller=caller, api=segue.server.api, started_ms=tx.now_ms)
            params = {"RoleArn": role, "RoleSessionName": "function", "DurationSeconds": 43_200}
            answer = call.perform("sts:AssumeRole", params)
            assert isinstance(answer, dict)
            return str(answer["AssumedRoleUser"]["Arn"])

        return segue.transact(unit)

    assert assume(ROLE) == "arn:aws:sts::000000000000:assumed-role/worker/function"
    assert assume(ROLE + "2") == "arn:aws:sts::000000000000:assumed-role/worker2/function"
