"""Activities: workers fetch tasks and answer them."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest

from tests.services.states.machines import PREFIX, House, refusal

pytestmark = pytest.mark.both_stores


def act(arn: str, **more: Any) -> dict[str, Any]:
    return {"Type": "Task", "Resource": arn, "End": True, **more}


def test_a_worker_does_a_task(house: House) -> None:
    activity = house.states.create_activity(name="a")["activityArn"]
    arn = house.start(house.machine(act(activity)), {"n": 1})
    assert house.types(arn)[-1] == "ActivityScheduled"
    given = house.states.get_activity_task(activityArn=activity, workerName="w")
    assert json.loads(given["input"]) == {"n": 1}
    house.states.send_task_success(taskToken=given["taskToken"], output="2")
    assert house.output(arn) == 2
    started = next(event for event in house.events(arn) if event["type"] == "ActivityStarted")
    assert started["activityStartedEventDetails"] == {"workerName": "w"}


def test_each_task_goes_to_one_worker_in_turn(house: House) -> None:
    activity = house.states.create_activity(name="a")["activityArn"]
    machine = house.machine(act(activity))
    arns = [house.start(machine, n) for n in range(3)]
    given = [house.states.get_activity_task(activityArn=activity) for _ in range(3)]
    assert [each["input"] for each in given] == ["0", "1", "2"]
    for each in given:
        house.states.send_task_failure(taskToken=each["taskToken"], error="E")
    assert [house.failure(arn)[0] for arn in arns] == ["E"] * 3


def test_a_waiting_worker_is_woken(house: House) -> None:
    activity = house.states.create_activity(name="a")["activityArn"]
    machine = house.machine(act(activity))
    given: list[dict[str, Any]] = []
    client = house.segue.client("stepfunctions")
    worker = threading.Thread(target=lambda: given.append(client.get_activity_task(activityArn=activity)))
    worker.start()
    house.start(machine, "x")
    worker.join(20)
    assert given[0]["input"] == '"x"'


def test_a_task_that_was_called_off_is_not_given_out(house: House) -> None:
    activity = house.states.create_activity(name="a")["activityArn"]
    machine = house.machine(act(activity))
    stopped, kept = house.start(machine, 1), house.start(machine, 2)
    house.states.stop_execution(executionArn=stopped)
    assert house.states.get_activity_task(activityArn=activity)["input"] == "2"
    assert house.status(kept) == "RUNNING"


def test_an_activity_that_is_gone(house: House) -> None:
    activity = house.states.create_activity(name="a")["activityArn"]
    machine = house.machine(act(activity))
    house.states.delete_activity(activityArn=activity)
    error, cause = house.failure(house.start(machine))
    assert (error, cause.endswith(f"The activity {activity} does not exist.")) == ("States.Runtime", True)
    missing = ("ActivityDoesNotExist", f"Activity Does Not Exist: '{activity}'")
    assert refusal(house.states.get_activity_task, activityArn=activity) == missing
    assert refusal(house.states.describe_activity, activityArn=activity) == missing


def test_listed_in_pages_and_created_once(house: House) -> None:
    for name in ("b", "a", "c", "a"):
        house.states.create_activity(name=name)
    pages = house.states.get_paginator("list_activities").paginate(PaginationConfig={"PageSize": 2})
    assert [each["name"] for page in pages for each in page["activities"]] == ["b", "a", "c"]
    assert refusal(house.states.create_activity, name="a b")[0] == "InvalidName"
    assert refusal(house.states.describe_activity, activityArn=f"{PREFIX}:stateMachine:a")[0] == "InvalidArn"


def test_tags_go_with_the_activity(house: House) -> None:
    arn = house.states.create_activity(name="a", tags=[{"key": "k", "value": "v"}])["activityArn"]
    assert house.states.list_tags_for_resource(resourceArn=arn)["tags"] == [{"key": "k", "value": "v"}]
    house.states.delete_activity(activityArn=arn)
    house.states.create_activity(name="a")
    assert house.states.list_tags_for_resource(resourceArn=arn)["tags"] == []


def test_a_key_of_the_customers_is_described_as_given(house: House) -> None:
    key = {"type": "CUSTOMER_MANAGED_KMS_KEY", "kmsKeyId": "k", "kmsDataKeyReusePeriodSeconds": 60}
    arn = house.states.create_activity(name="a", encryptionConfiguration=key)["activityArn"]
    assert house.states.describe_activity(activityArn=arn)["encryptionConfiguration"] == key
    assert refusal(house.states.create_activity, name="a")[0] == "ActivityAlreadyExists"
    wrong = {"type": "CUSTOMER_MANAGED_KMS_KEY"}
    refused = refusal(house.states.create_activity, name="b", encryptionConfiguration=wrong)
    assert refused[0] == "InvalidEncryptionConfiguration"
