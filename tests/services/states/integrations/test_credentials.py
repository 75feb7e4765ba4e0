"""Tasks in another role, of another account: what they do there, and who must allow it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from segue.testing import Segue
from tests.services.states.machines import ROLE, House, task

THERE = "999999999999"
GUEST = f"arn:aws:iam::{THERE}:role/guest"
MACHINE = "arn:aws:states:us-east-1:000000000000:stateMachine:m"


def policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **one} for one in statements]})


def send(credentials: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    parameters = {"QueueUrl": f"http://localhost:4566/{THERE}/q", "MessageBody": "m"}
    return task("sqs:sendMessage", parameters, **({"Credentials": credentials} if credentials else {}), **more)


def bodies(segue: Segue) -> list[str]:
    sqs = segue.client("sqs", account=THERE)
    url = sqs.get_queue_url(QueueName="q")["QueueUrl"]
    return [message["Body"] for message in sqs.receive_message(QueueUrl=url).get("Messages", [])]


@pytest.mark.parametrize(
    "role", [{"RoleArn": GUEST}, {"RoleArn.$": "$.role"}, {"RoleArn.$": "States.Format('{}', $.role)"}]
)
def test_the_role_is_named_found_or_made(house: House, role: dict[str, Any]) -> None:
    house.segue.client("sqs", account=THERE).create_queue(QueueName="q")
    arn = house.start(house.machine(send(role)), {"role": GUEST})
    house.output(arn)
    assert house.events(arn)[2]["taskScheduledEventDetails"]["taskCredentials"] == {"roleArn": GUEST}
    assert bodies(house.segue) == ["m"]


def test_an_execution_in_another_account_is_waited_for_there(house: House) -> None:
    theirs = house.segue.client("stepfunctions", account=THERE)
    definition = json.dumps({"StartAt": "P", "States": {"P": {"Type": "Pass", "Result": 1, "End": True}}})
    child = theirs.create_state_machine(name="child", definition=definition, roleArn=GUEST)["stateMachineArn"]
    state = task("states:startExecution.sync:2", {"StateMachineArn": child}, Credentials={"RoleArn": GUEST})
    result = house.output(house.start(house.machine(state)))
    assert (result["Status"], result["Output"]) == ("SUCCEEDED", 1)
    assert result["ExecutionArn"].startswith(f"arn:aws:states:us-east-1:{THERE}:execution:child:")
    assert len(theirs.list_executions(stateMachineArn=child)["executions"]) == 1


def enforced(segue: Segue, *, may_assume: bool, trusts: bool) -> tuple[str, str] | None:
    """How an execution fails whose task is in the other account's role."""
    trust = policy({"Principal": {"Service": "states.amazonaws.com"}, "Action": "sts:AssumeRole"})
    iam, their_iam = segue.client("iam"), segue.client("iam", account=THERE)
    iam.create_role(RoleName="states", AssumeRolePolicyDocument=trust)
    if may_assume:
        allowed = policy({"Action": "sts:AssumeRole", "Resource": GUEST})
        iam.put_role_policy(RoleName="states", PolicyName="p", PolicyDocument=allowed)
    whom = {"AWS": ROLE} if trusts else {"Service": "ec2.amazonaws.com"}
    condition = {"StringEquals": {"sts:ExternalId": MACHINE}}
    guest = policy({"Principal": whom, "Action": "sts:AssumeRole", **({"Condition": condition} if trusts else {})})
    their_iam.create_role(RoleName="guest", AssumeRolePolicyDocument=guest)
    sending = policy({"Action": "sqs:SendMessage", "Resource": "*"})
    their_iam.put_role_policy(RoleName="guest", PolicyName="p", PolicyDocument=sending)
    segue.client("sqs", account=THERE).create_queue(QueueName="q")
    house = House(segue)
    arn = house.start(house.machine(send({"RoleArn": GUEST})))
    return None if house.status(arn) == "SUCCEEDED" else house.failure(arn)


def test_enforced_both_roles_must_agree() -> None:
    with Segue(iam="enforce") as segue:
        assert enforced(segue, may_assume=True, trusts=True) is None
        assert bodies(segue) == ["m"]


@pytest.mark.parametrize(("may_assume", "trusts"), [(True, False), (False, True), (False, False)])
def test_enforced_the_task_lacks_permissions(may_assume: bool, trusts: bool) -> None:
    with Segue(iam="enforce") as segue:
        failure = enforced(segue, may_assume=may_assume, trusts=trusts)
        assert failure is not None
        assert failure[0] == "States.Permissions"
        assert f"sts:AssumeRole on resource: {GUEST}" in failure[1]
        assert bodies(segue) == []
