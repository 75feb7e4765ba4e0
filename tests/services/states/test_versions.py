"""Versions: numbered snapshots of state machines, started by their own ARNs.

Recorded: sfn-api/sfn_api_versioning__*.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from segue.config import Limits
from segue.testing import Segue
from tests.services.states.machines import ROLE, House, refusal

pytestmark = pytest.mark.both_stores


def result(value: str) -> dict[str, Any]:
    return {"StartAt": "A", "States": {"A": {"Type": "Pass", "Result": value, "End": True}}}


def update(house: House, machine: str, value: str, **more: Any) -> dict[str, Any]:
    made: dict[str, Any] = house.states.update_state_machine(
        stateMachineArn=machine, definition=json.dumps(result(value)), **more
    )
    return made


def publish(house: House, machine: str, **more: Any) -> str:
    return str(house.states.publish_state_machine_version(stateMachineArn=machine, **more)["stateMachineVersionArn"])


def listed(house: House, machine: str, **more: Any) -> list[str]:
    found: list[str] = []
    token: dict[str, str] = {}
    while True:
        page = house.states.list_state_machine_versions(stateMachineArn=machine, **more, **token)
        found += [version["stateMachineVersionArn"] for version in page["stateMachineVersions"]]
        if "nextToken" not in page:
            return found
        token = {"nextToken": page["nextToken"]}


def test_a_version_stays_what_it_was(house: House) -> None:
    machine = house.define(result("one"))
    first = publish(house, machine, description="the first")
    second = update(house, machine, "two", publish=True, versionDescription="the second")["stateMachineVersionArn"]
    update(house, machine, "three")
    assert [house.output(house.start(arn)) for arn in (first, second, machine)] == ["one", "two", "three"]
    described = house.states.describe_state_machine(stateMachineArn=second)
    assert json.loads(described["definition"]) == result("two")
    assert (described["stateMachineArn"], described["description"]) == (second, "the second")
    assert "description" not in house.states.describe_state_machine(stateMachineArn=machine)


def test_an_execution_tells_its_version(house: House) -> None:
    machine = house.define(result("one"))
    version = publish(house, machine)
    update(house, machine, "two")
    execution = house.start(version)
    house.start(machine)
    described = house.describe(execution)
    assert (described["stateMachineArn"], described["stateMachineVersionArn"]) == (machine, version)
    by_version = house.states.list_executions(stateMachineArn=version)["executions"]
    assert [found["executionArn"] for found in by_version] == [execution]
    assert len(house.states.list_executions(stateMachineArn=machine)["executions"]) == 2
    ran = house.states.describe_state_machine_for_execution(executionArn=execution)
    assert ran["stateMachineArn"] == machine
    assert json.loads(ran["definition"]) == result("one")
    assert "revisionId" not in ran, "the first revision has none"


def test_a_revision_is_published_once(house: House) -> None:
    machine = house.define(result("one"))
    assert publish(house, machine) == publish(house, machine, description="again") == f"{machine}:1"
    revision = update(house, machine, "two")["revisionId"]
    assert publish(house, machine, revisionId=revision) == publish(house, machine) == f"{machine}:2"
    newest = update(house, machine, "three")["revisionId"]
    code, message = refusal(house.states.publish_state_machine_version, stateMachineArn=machine, revisionId=revision)
    assert code == "ConflictException"
    assert message.endswith(f"for revision {revision}. The current State Machine revision is {newest}.")


def test_numbers_are_not_given_again(house: House) -> None:
    machine = house.define(result("one"))
    house.states.delete_state_machine_version(stateMachineVersionArn=publish(house, machine))
    house.states.delete_state_machine_version(stateMachineVersionArn=f"{machine}:1")
    assert publish(house, machine) == f"{machine}:2"
    assert refusal(house.states.start_execution, stateMachineArn=f"{machine}:1")[0] == "StateMachineDoesNotExist"


def test_versions_are_listed_in_pages_newest_first(house: House) -> None:
    machine = house.define(result("0"))
    arns = [update(house, machine, str(n), publish=True)["stateMachineVersionArn"] for n in range(5)]
    assert listed(house, machine, maxResults=2) == arns[::-1]
    assert listed(house, machine, maxResults=0) == arns[::-1]
    refused = refusal(house.states.list_state_machine_versions, stateMachineArn=machine, nextToken="x")
    assert refused == ("InvalidToken", "Invalid Token: 'Invalid token'")


def test_pages_survive_what_is_deleted_between_them(house: House) -> None:
    machine = house.define(result("0"))
    arns = [update(house, machine, str(n), publish=True)["stateMachineVersionArn"] for n in range(4)]
    page = house.states.list_state_machine_versions(stateMachineArn=machine, maxResults=2)
    house.states.delete_state_machine_version(stateMachineVersionArn=arns[2])
    rest = house.states.list_state_machine_versions(stateMachineArn=machine, nextToken=page["nextToken"])
    assert [version["stateMachineVersionArn"] for version in rest["stateMachineVersions"]] == arns[1::-1]


def test_a_machine_is_created_with_its_first_version(house: House) -> None:
    params = {"name": "m", "definition": json.dumps(result("one")), "roleArn": ROLE, "publish": True}
    made = house.states.create_state_machine(**params, versionDescription="v")
    assert made["stateMachineVersionArn"] == f"{made['stateMachineArn']}:1"
    again = house.states.create_state_machine(**{**params, "roleArn": f"{ROLE}2"}, versionDescription="v")
    assert again["stateMachineVersionArn"] == made["stateMachineVersionArn"]
    described = house.states.describe_state_machine(stateMachineArn=made["stateMachineArn"])
    assert described["roleArn"] == ROLE, "of a repeated creation the role is ignored"
    assert refusal(house.states.create_state_machine, **params)[0] == "StateMachineAlreadyExists"


def test_synchronous_executions_of_a_version(house: House) -> None:
    machine = house.define(result("one"), kind="EXPRESS")
    version = publish(house, machine)
    update(house, machine, "two")
    assert house.states.start_sync_execution(stateMachineArn=version)["output"] == '"one"'
    assert house.states.start_sync_execution(stateMachineArn=machine)["output"] == '"two"'


def test_versions_go_with_their_machine(house: House) -> None:
    machine = house.define(result("one"))
    version = publish(house, machine)
    assert refusal(house.states.delete_state_machine, stateMachineArn=version)[0] == "ValidationException"
    house.states.delete_state_machine(stateMachineArn=machine)
    assert refusal(house.states.describe_state_machine, stateMachineArn=version)[0] == "StateMachineDoesNotExist"
    assert house.rows("SELECT * FROM states_versions") == []


def test_there_is_a_bound_on_versions() -> None:
    with Segue(limits=Limits(state_machine_versions=1)) as segue:
        house = House(segue)
        machine = house.define(result("one"))
        publish(house, machine)
        update(house, machine, "two")
        refused = refusal(house.states.publish_state_machine_version, stateMachineArn=machine)
        assert refused[0] == "ServiceQuotaExceededException"


@pytest.mark.parametrize(
    ("arn", "code"),
    [
        ("invalid_arn", "InvalidArn"),
        ("arn:aws:states:us-east-1:000000000000:stateMachine:none", "StateMachineDoesNotExist"),
        ("arn:aws:states:us-east-1:000000000000:activity:none", "InvalidArn"),
    ],
)
def test_what_cannot_be_published(house: House, arn: str, code: str) -> None:
    assert refusal(house.states.publish_state_machine_version, stateMachineArn=arn)[0] == code


def test_tags_are_the_machines_not_the_versions(house: House) -> None:
    version = publish(house, house.define(result("one")))
    refused = refusal(house.states.tag_resource, resourceArn=version, tags=[{"key": "k", "value": "v"}])
    assert refused == ("ResourceNotFound", f"Resource not found: '{version}'")
