"""Express executions: quick, and nothing is kept of them."""

from __future__ import annotations

import json
import threading
from typing import Any

from tests.services.states.machines import PREFIX, House, refusal, task, waiting

PASS = {"Type": "Pass", "End": True}
WAIT = {"Type": "Wait", "Seconds": 5, "End": True}


def nothing_is_left(house: House) -> bool:
    rows = [house.rows(f"SELECT * FROM {table}") for table in ("states_executions", "states_chunks")]
    return rows == [[], []] and house.work() == []


def sync(house: House, machine: str, input: Any = None) -> dict[str, Any]:
    answer: dict[str, Any] = house.states.start_sync_execution(stateMachineArn=machine, input=json.dumps(input))
    return answer


def test_synchronous_and_done_at_once(house: House) -> None:
    answer = sync(house, house.machine(PASS, kind="EXPRESS"), {"n": 1})
    assert (answer["status"], json.loads(answer["output"])) == ("SUCCEEDED", {"n": 1})
    assert answer["billingDetails"] == {"billedMemoryUsedInMB": 64, "billedDurationInMilliseconds": 100}
    assert answer["executionArn"].startswith(f"{PREFIX}:express:m:")
    assert nothing_is_left(house)


def test_synchronous_and_waited_for(house: House) -> None:
    machine = house.machine(WAIT, kind="EXPRESS")
    answers: list[dict[str, Any]] = []
    requests = [threading.Thread(target=lambda n=n: answers.append(sync(house, machine, n))) for n in range(3)]
    for request in requests:
        request.start()
    while len(house.rows("SELECT arn FROM states_executions")) < 3:
        house.segue.settle()
    house.segue.advance(5)
    for request in requests:
        request.join(20)
    assert sorted(answer["output"] for answer in answers) == ["0", "1", "2"]
    assert {answer["billingDetails"]["billedDurationInMilliseconds"] for answer in answers} == {5_000}
    assert nothing_is_left(house)


def test_synchronous_and_failed(house: House) -> None:
    answer = sync(house, house.machine({"Type": "Fail", "Error": "E", "Cause": "c"}, kind="EXPRESS"))
    assert (answer["status"], answer["error"], answer["cause"]) == ("FAILED", "E", "c")
    assert house.rows("SELECT reason FROM deliveries WHERE operation = 'execution'") == [("E: c",)]
    assert nothing_is_left(house)


def test_asynchronous_ones_run_and_are_forgotten(house: House) -> None:
    url = house.segue.client("sqs").create_queue(QueueName="q")["QueueUrl"]
    send = task("sqs:sendMessage", {"QueueUrl": url, "MessageBody.$": "$"})
    machine = house.machine(WAIT, send, kind="EXPRESS")
    arn = house.start(machine, "hello")
    assert house.states.start_execution(stateMachineArn=machine, name="n")["executionArn"] != arn
    assert refusal(house.states.describe_execution, executionArn=arn)[0] == "InvalidArn"
    assert refusal(house.states.list_executions, stateMachineArn=machine)[0] == "StateMachineTypeNotSupported"
    house.segue.advance(5)
    assert len(house.segue.client("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]) == 2
    assert nothing_is_left(house)


def test_five_minutes_is_all(house: House) -> None:
    house.start(house.machine({"Type": "Wait", "Seconds": 400, "End": True}, kind="EXPRESS"))
    house.segue.advance(299)
    assert not nothing_is_left(house)
    house.segue.advance(1)
    assert nothing_is_left(house)


def test_standard_machines_do_not_answer_at_once(house: House) -> None:
    code = refusal(house.states.start_sync_execution, stateMachineArn=house.machine(PASS), input="{}")[0]
    assert code == "StateMachineTypeNotSupported"


def test_express_machines_do_not_wait_for_tokens(house: House) -> None:
    definition = json.dumps({"StartAt": "S", "States": {"S": waiting()}})
    role = "arn:aws:iam::000000000000:role/r"
    create = house.states.create_state_machine
    assert refusal(create, name="x", definition=definition, roleArn=role, type="EXPRESS")[0] == "InvalidDefinition"
