"""Aliases: names that lead to one or two versions.

Recorded: sfn-api/sfn_api_aliasing__*.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest

from segue.config import Limits
from segue.testing import Segue
from tests.services.states.machines import House, refusal
from tests.services.states.test_versions import publish, result, update


def routes(**weights: int) -> list[dict[str, Any]]:
    return [{"stateMachineVersionArn": arn, "weight": weight} for arn, weight in weights.items()]


def create(house: House, name: str, *routing: tuple[str, int], **more: Any) -> str:
    made = house.states.create_state_machine_alias(name=name, routingConfiguration=routes(**dict(routing)), **more)
    return str(made["stateMachineAliasArn"])


@pytest.fixture
def versions(house: House) -> tuple[str, str]:
    machine = house.define(result("one"))
    first = publish(house, machine)
    return first, str(update(house, machine, "two", publish=True)["stateMachineVersionArn"])


def test_an_alias_leads_to_its_version(house: House, versions: tuple[str, str]) -> None:
    alias = create(house, "PROD", (versions[0], 100))
    execution = house.start(alias)
    described = house.describe(execution)
    assert house.output(execution) == "one"
    assert (described["stateMachineAliasArn"], described["stateMachineVersionArn"]) == (alias, versions[0])
    listed = house.states.list_executions(stateMachineArn=alias)["executions"]
    assert [(found["executionArn"], found["stateMachineAliasArn"]) for found in listed] == [(execution, alias)]
    house.states.update_state_machine_alias(
        stateMachineAliasArn=alias, routingConfiguration=routes(**{versions[1]: 100})
    )
    assert house.output(house.start(alias)) == "two"
    assert json.loads(house.describe(execution)["output"]) == "one"


def test_weights_share_the_executions(house: House, versions: tuple[str, str]) -> None:
    alias = create(house, "PROD", (versions[0], 80), (versions[1], 20))
    outputs = Counter(house.output(house.start(alias)) for _ in range(100))
    assert set(outputs) == {"one", "two"}
    assert 60 <= outputs["one"] <= 95


def test_a_weight_of_nothing_is_never_drawn(house: House, versions: tuple[str, str]) -> None:
    alias = create(house, "PROD", (versions[0], 0), (versions[1], 100))
    assert {house.output(house.start(alias)) for _ in range(20)} == {"two"}


def test_a_synchronous_execution_of_an_alias(house: House) -> None:
    machine = house.define(result("one"), kind="EXPRESS")
    alias = create(house, "PROD", (publish(house, machine), 100))
    answer = house.states.start_sync_execution(stateMachineArn=alias)
    assert (answer["output"], answer["stateMachineArn"]) == ('"one"', machine)


def test_description_and_times(house: House, versions: tuple[str, str]) -> None:
    alias = create(house, "PROD", (versions[0], 100), description="d")
    house.segue.advance(10)
    house.states.update_state_machine_alias(stateMachineAliasArn=alias, description="e")
    described = house.states.describe_state_machine_alias(stateMachineAliasArn=alias)
    assert (described["name"], described["description"]) == ("PROD", "e")
    assert described["routingConfiguration"] == routes(**{versions[0]: 100})
    assert (described["updateDate"] - described["creationDate"]).total_seconds() == 10
    refused = refusal(house.states.update_state_machine_alias, stateMachineAliasArn=alias)
    assert refused[0] == "ValidationException"


def test_creating_again(house: House, versions: tuple[str, str]) -> None:
    alias = create(house, "PROD", (versions[0], 100))
    assert create(house, "PROD", (versions[0], 100)) == alias
    other = {"name": "PROD", "routingConfiguration": routes(**{versions[1]: 100})}
    assert refusal(house.states.create_state_machine_alias, **other)[0] == "ConflictException"


def test_aliases_are_listed_as_they_were_created_in_pages(house: House, versions: tuple[str, str]) -> None:
    machine = versions[0].rsplit(":", 1)[0]
    for name in ("c", "a", "b"):
        create(house, name, (versions[name == "b"], 100))
    first = house.states.list_state_machine_aliases(stateMachineArn=machine, maxResults=2)
    rest = house.states.list_state_machine_aliases(stateMachineArn=machine, nextToken=first["nextToken"])
    found = [*first["stateMachineAliases"], *rest["stateMachineAliases"]]
    assert [alias["stateMachineAliasArn"] for alias in found] == [f"{machine}:{name}" for name in "cab"]
    assert "nextToken" not in rest
    of_second = house.states.list_state_machine_aliases(stateMachineArn=versions[1])["stateMachineAliases"]
    assert [alias["stateMachineAliasArn"] for alias in of_second] == [f"{machine}:b"]


def test_a_version_that_an_alias_leads_to_stays(house: House, versions: tuple[str, str]) -> None:
    alias = create(house, "PROD", (versions[0], 100))
    code, message = refusal(house.states.delete_state_machine_version, stateMachineVersionArn=versions[0])
    assert code == "ConflictException"
    assert message.endswith("Current list of aliases referencing this version: [PROD]")
    for _ in range(2):
        house.states.delete_state_machine_alias(stateMachineAliasArn=alias)
    house.states.delete_state_machine_version(stateMachineVersionArn=versions[0])
    missing = ("ResourceNotFound", "Request references a resource that does not exist.")
    assert refusal(house.states.describe_state_machine_alias, stateMachineAliasArn=alias) == missing
    assert refusal(house.states.start_execution, stateMachineArn=alias)[0] == "StateMachineDoesNotExist"


def test_routings_that_are_none(house: House, versions: tuple[str, str]) -> None:
    machine = versions[0].rsplit(":", 1)[0]
    other = publish(house, house.define(result("x"), name="other"))
    tried = [
        (routes(**{machine: 100}), "ValidationException", "must contain state machine version ARNs"),
        (routes(**{versions[0]: 99}), "ValidationException", "Sum of routing configuration weights must equal 100"),
        (routes(**{versions[0]: 50, versions[1]: 40}), "ValidationException", "Received: [50,40]"),
        (routes(**{versions[0]: 50}) * 2, "ValidationException", "distinct state machine version ARNs"),
        (routes(**{versions[0]: 50, other: 50}), "ValidationException", "versions of one state machine"),
        (routes(**{f"{machine}:9": 100}), "ResourceNotFound", "does not exist"),
        (routes(nonsense=100), "InvalidArn", "nonsense"),
        ([], "ValidationException", "routingConfiguration"),
    ]
    for routing, code, words in tried:
        refused = refusal(house.states.create_state_machine_alias, name="PROD", routingConfiguration=routing)
        assert refused[0] == code, routing
        assert words in refused[1], routing


def test_there_is_a_bound_on_aliases() -> None:
    with Segue(limits=Limits(state_machine_aliases=1)) as segue:
        house = House(segue)
        version = publish(house, house.define(result("one")))
        create(house, "a", (version, 100))
        more = {"name": "b", "routingConfiguration": routes(**{version: 100})}
        assert refusal(house.states.create_state_machine_alias, **more)[0] == "ServiceQuotaExceededException"
