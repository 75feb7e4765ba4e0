"""State machines: create, update, describe, list, delete, tag."""

from __future__ import annotations

import json
from typing import Any

import pytest

from segue.config import Limits
from segue.testing import Segue
from tests.services.states.machines import PREFIX, ROLE, House, refusal

PASS = {"Type": "Pass", "End": True}
DEFINITION = json.dumps({"StartAt": "A", "States": {"A": PASS}})
OTHER = json.dumps({"StartAt": "B", "States": {"B": PASS}})


def test_described_as_created(house: House) -> None:
    arn = house.states.create_state_machine(name="m", definition=DEFINITION, roleArn=ROLE)["stateMachineArn"]
    assert arn == f"{PREFIX}:stateMachine:m"
    described = house.states.describe_state_machine(stateMachineArn=arn)
    assert {name: described[name] for name in ("name", "status", "type", "definition", "roleArn")} == {
        "name": "m",
        "status": "ACTIVE",
        "type": "STANDARD",
        "definition": DEFINITION,
        "roleArn": ROLE,
    }
    assert described["loggingConfiguration"] == {"level": "OFF", "includeExecutionData": False}
    assert "revisionId" not in described


def test_the_same_again_is_no_error_and_another_is_one(house: House) -> None:
    create = house.states.create_state_machine
    first = create(name="m", definition=DEFINITION, roleArn=ROLE)
    assert create(name="m", definition=DEFINITION, roleArn=ROLE)["creationDate"] == first["creationDate"]
    arn = first["stateMachineArn"]
    expected = ("StateMachineAlreadyExists", f"State Machine Already Exists: '{arn}'")
    assert refusal(create, name="m", definition=OTHER, roleArn=ROLE) == expected
    assert refusal(create, name="m", definition=DEFINITION, roleArn=ROLE, type="EXPRESS") == expected


def test_an_update_is_for_executions_to_come(house: House) -> None:
    wait = json.dumps({"StartAt": "A", "States": {"A": {"Type": "Wait", "Seconds": 9, "End": True}}})
    arn = house.states.create_state_machine(name="m", definition=wait, roleArn=ROLE)["stateMachineArn"]
    before = house.start(arn)
    updated = house.states.update_state_machine(stateMachineArn=arn, definition=OTHER)
    described = house.states.describe_state_machine(stateMachineArn=arn)
    assert (described["definition"], described["revisionId"]) == (OTHER, updated["revisionId"])
    house.segue.advance(9)
    assert "WaitStateExited" in house.types(before)
    assert "PassStateExited" in house.types(house.start(arn))
    told = house.states.describe_state_machine_for_execution(executionArn=before)
    assert told["definition"] == wait


def test_only_what_changes_makes_another_revision(house: House) -> None:
    arn = house.define(json.loads(DEFINITION))
    update = house.states.update_state_machine
    first = update(stateMachineArn=arn, roleArn=f"{ROLE}2")["revisionId"]
    assert update(stateMachineArn=arn, roleArn=f"{ROLE}2")["revisionId"] == first
    assert update(stateMachineArn=arn, definition=DEFINITION)["revisionId"] == first
    second = update(stateMachineArn=arn, tracingConfiguration={"enabled": True})["revisionId"]
    assert second != first
    assert update(stateMachineArn=arn, tracingConfiguration={"enabled": True})["revisionId"] == second
    assert update(stateMachineArn=arn, definition=OTHER)["revisionId"] != first
    assert refusal(update, stateMachineArn=arn)[0] == "MissingRequiredParameter"
    assert refusal(update, stateMachineArn=f"{arn}x", definition=OTHER)[0] == "StateMachineDoesNotExist"
    assert refusal(update, stateMachineArn=arn, definition="{}")[0] == "InvalidDefinition"


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"name": "a b"}, "InvalidName"),
        ({"name": "a" * 81}, "InvalidName"),
        ({"name": ""}, "InvalidName"),
        ({"definition": "no json"}, "InvalidDefinition"),
        ({"definition": "{}"}, "InvalidDefinition"),
        ({"roleArn": "nobody"}, "InvalidArn"),
        ({"versionDescription": "v"}, "ValidationException"),
        ({"encryptionConfiguration": {"type": "CUSTOMER_MANAGED_KMS_KEY"}}, "InvalidEncryptionConfiguration"),
        ({"encryptionConfiguration": {"type": "AWS_OWNED_KEY", "kmsKeyId": "k"}}, "InvalidEncryptionConfiguration"),
        ({"type": "OTHER"}, "ValidationException"),
        ({"tags": [{"value": "v"}]}, "ValidationException"),
    ],
)
def test_what_cannot_be_created(house: House, params: dict[str, Any], code: str) -> None:
    given = {"name": "m", "definition": DEFINITION, "roleArn": ROLE, **params}
    assert refusal(house.states.create_state_machine, **given)[0] in (code, "ValidationException")
    assert house.states.list_state_machines()["stateMachines"] == []


def test_listed_in_pages(house: House) -> None:
    arns = [house.define(json.loads(DEFINITION), name=f"m{n}") for n in range(5)]
    pages = house.states.get_paginator("list_state_machines").paginate(PaginationConfig={"PageSize": 2})
    assert [machine["stateMachineArn"] for page in pages for machine in page["stateMachines"]] == arns
    elsewhere = house.segue.client("stepfunctions", region="eu-west-1").list_state_machines()
    assert elsewhere["stateMachines"] == []


def test_deleted_and_made_anew(house: House) -> None:
    arn = house.define(json.loads(DEFINITION))
    house.states.tag_resource(resourceArn=arn, tags=[{"key": "k", "value": "v"}])
    ended = house.start(arn)
    for _ in range(2):  # what is not there is deleted without a word
        house.states.delete_state_machine(stateMachineArn=arn)
    house.segue.settle()
    assert house.status(ended) == "SUCCEEDED"
    missing = ("StateMachineDoesNotExist", f"State Machine Does Not Exist: '{arn}'")
    assert refusal(house.states.describe_state_machine, stateMachineArn=arn) == missing
    house.define(json.loads(OTHER))
    assert house.states.list_tags_for_resource(resourceArn=arn)["tags"] == []


def test_tags(house: House) -> None:
    arn = house.define(json.loads(DEFINITION))
    house.states.tag_resource(resourceArn=arn, tags=[{"key": "a", "value": "1"}, {"key": "b"}])
    house.states.tag_resource(resourceArn=arn, tags=[{"key": "a", "value": "2"}])
    house.states.untag_resource(resourceArn=arn, tagKeys=["b", "c"])
    assert house.states.list_tags_for_resource(resourceArn=arn)["tags"] == [{"key": "a", "value": "2"}]
    untagged: tuple[tuple[Any, dict[str, Any]], ...] = (
        (house.states.tag_resource, {"tags": []}),
        (house.states.list_tags_for_resource, {}),
    )
    for operation, more in untagged:
        assert refusal(operation, resourceArn=f"{arn}x", **more)[0] == "ResourceNotFound"
        assert refusal(operation, resourceArn=f"{PREFIX}:activity:no", **more)[0] == "ResourceNotFound"


def test_logging_goes_to_one_log_group_that_exists(house: House) -> None:
    house.segue.client("logs").create_log_group(logGroupName="there")
    house.segue.client("logs").create_log_group(logGroupName="there-too")

    def create(*groups: str, level: str = "ALL") -> Any:
        arns = [f"arn:aws:logs:us-east-1:000000000000:log-group:{group}:*" for group in groups]
        destinations = [{"cloudWatchLogsLogGroup": {"logGroupArn": arn}} for arn in arns]
        logging = {"level": level, "destinations": destinations}
        given = {"name": "m", "definition": DEFINITION, "roleArn": ROLE, "loggingConfiguration": logging}
        return refusal(house.states.create_state_machine, **given)

    prefix = "Invalid Logging Configuration:"
    one = ("InvalidLoggingConfiguration", f"{prefix} Must specify exactly one Log Destination.")
    missing = ("InvalidLoggingConfiguration", f"{prefix} Log Destination not found.")
    assert create() == one
    assert create("there", "there-too") == one
    assert create("not-there") == missing
    assert create("ther") == missing
    with pytest.raises(AssertionError, match="not refused"):
        create("there")


def test_a_definition_is_validated_without_being_kept(house: House) -> None:
    validate = house.states.validate_state_machine_definition
    assert validate(definition=DEFINITION)["result"] == "OK"
    found = validate(definition="{}")
    assert (found["result"], found["diagnostics"][0]["severity"]) == ("FAIL", "ERROR")
    assert house.states.list_state_machines()["stateMachines"] == []


def test_warnings_are_told_who_asks_for_them(house: House) -> None:
    validate = house.states.validate_state_machine_definition
    parameters = {f"p{number}": "$.x" for number in range(3)}
    state = {"Type": "Pass", "Parameters": parameters, "End": True}
    definition = json.dumps({"StartAt": "S", "States": {"S": state}})
    assert validate(definition=definition)["diagnostics"] == []
    found = validate(definition=definition, severity="WARNING", maxResults=2)
    assert (found["result"], found["truncated"]) == ("OK", True)
    assert [entry["code"] for entry in found["diagnostics"]] == ["NO_DOLLAR", "NO_DOLLAR"]
    assert validate(definition=definition, severity="WARNING", maxResults=3)["truncated"] is False


def test_tags_are_at_most_fifty(house: House) -> None:
    arn = house.define(json.loads(DEFINITION))
    tags = [{"key": f"k{n}", "value": "v"} for n in range(50)]
    house.states.tag_resource(resourceArn=arn, tags=tags)
    house.states.tag_resource(resourceArn=arn, tags=tags[:1])
    more = [{"key": "more", "value": "v"}]
    assert refusal(house.states.tag_resource, resourceArn=arn, tags=more)[0] == "TooManyTags"
    assert len(house.states.list_tags_for_resource(resourceArn=arn)["tags"]) == 50
    created = {"name": "n", "definition": DEFINITION, "roleArn": ROLE, "tags": tags + more}
    assert refusal(house.states.create_state_machine, **created)[0] == "TooManyTags"


def test_there_is_a_bound_on_machines_and_activities() -> None:
    with Segue(limits=Limits(state_machines=1, activities=1)) as segue:
        house = House(segue)
        house.define(json.loads(DEFINITION))
        house.define(json.loads(DEFINITION))
        other = {"name": "n", "definition": DEFINITION, "roleArn": ROLE}
        assert refusal(house.states.create_state_machine, **other)[0] == "StateMachineLimitExceeded"
        house.states.create_activity(name="a")
        house.states.create_activity(name="a")
        assert refusal(house.states.create_activity, name="b")[0] == "ActivityLimitExceeded"


def test_metadata_only(house: House) -> None:
    arn = house.define(json.loads(DEFINITION))
    described = house.states.describe_state_machine(stateMachineArn=arn, includedData="METADATA_ONLY")
    assert described["definition"] == "{}"
    execution = house.start(arn, {"n": 1})
    described = house.states.describe_execution(executionArn=execution, includedData="METADATA_ONLY")
    assert "input" not in described
    assert described["inputDetails"] == {"included": False}


def test_a_machine_goes_when_its_executions_have_ended(house: House) -> None:
    arn = house.machine({"Type": "Wait", "Seconds": 60, "End": True})
    execution = house.start(arn)
    house.segue.transact(lambda tx: tx.run("UPDATE states_machines SET status = 'DELETING'"))
    assert house.states.describe_state_machine(stateMachineArn=arn)["status"] == "DELETING"
    assert refusal(house.states.start_execution, stateMachineArn=arn)[0] == "StateMachineDeleting"
    assert refusal(house.states.update_state_machine, stateMachineArn=arn, roleArn=ROLE)[0] == "StateMachineDeleting"
    house.segue.transact(lambda tx: tx.run("UPDATE states_machines SET status = 'ACTIVE'"))
    house.states.delete_state_machine(stateMachineArn=arn)
    house.segue.settle()
    assert house.status(execution) == "ABORTED"
    assert refusal(house.states.describe_state_machine, stateMachineArn=arn)[0] == "StateMachineDoesNotExist"
