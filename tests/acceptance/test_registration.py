"""``examples/registration``: a user in three systems, by queue and topic and by state machine, and what goes wrong.

Every policy is enforced: what the template grants is enough.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from segue.testing import Segue
from tests.acceptance.example_apps import ACCOUNT, EXAMPLES, Server, deploy, hops, http, logged, mailed, verify
from tests.acceptance.test_durability import eventually
from tests.served import Served

SYSTEMS = ["AD", "products", "promotions"]
JOHN = {"firstname": "John", "lastname": "Johonovan", "email": "jjohn@test.com", "phone": "123456"}
SENDER = "registration@example.com"


class Application:
    """The example, deployed."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.outputs = deploy(server, "registration")
        self.states = server.client("stepfunctions")
        verify(server, SENDER)

    def where(self, username: str) -> list[str]:
        """The systems that know a user."""
        urls = {system: f"{self.outputs['SystemsUrl']}{system}/users/{username}" for system in SYSTEMS}
        return [system for system, url in urls.items() if http("GET", url)[0] == 200]

    def trouble(self, system: str, username: str, **what: Any) -> None:
        """Put a system out of order for a user."""
        http("PUT", f"{self.outputs['SystemsUrl']}{system}/trouble", {"username": username, **what})

    def start(self, username: str, machine: str = "MachineArn", **more: Any) -> str:
        """Start the registration of a user; the execution."""
        text = json.dumps({**JOHN, "username": username, **more})
        started = self.states.start_execution(stateMachineArn=self.outputs[machine], name=username, input=text)
        return str(started["executionArn"])

    def ended(self, arn: str) -> dict[str, Any]:
        found: dict[str, Any] = self.states.describe_execution(executionArn=arn)
        return found

    def events(self, arn: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.states.get_execution_history(executionArn=arn, maxResults=1000)["events"]
        return found

    def seconds(self, arn: str, kind: str) -> list[float]:
        """When events of a type happened, from the beginning of the execution on."""
        events = self.events(arn)
        return [
            round((event["timestamp"] - events[0]["timestamp"]).total_seconds())
            for event in events
            if event["type"] == kind
        ]

    def data(self, arn: str, state: str, kind: str = "TaskStateEntered") -> Any:
        """The input with which a state was entered (or the output with which it was left)."""
        (event,) = [
            event
            for event in self.events(arn)
            if event["type"] == kind
            and (event.get("stateEnteredEventDetails") or event["stateExitedEventDetails"])["name"] == state
        ]
        details = event.get("stateEnteredEventDetails") or event["stateExitedEventDetails"]
        return json.loads(details.get("input") or details["output"])


@pytest.fixture(scope="module")
def segue() -> Iterator[Segue]:
    with Segue(iam="enforce") as running:
        yield running


@pytest.fixture(scope="module")
def app(segue: Segue) -> Application:
    return Application(segue)


def test_queue_and_topic_answer_at_once_and_wake_three_functions(segue: Segue, app: Application) -> None:
    status, body = http("POST", app.outputs["FrontUrl"], {**JOHN, "username": "early"})
    assert (status, list(body)) == (202, ["registration"])
    segue.settle()
    assert app.where("early") == SYSTEMS
    assert [hop["status"] for hop in hops(segue, to="register-user-in-products")] == ["delivered"]
    assert http("POST", app.outputs["FrontUrl"], {"username": "nobody"}) == (400, {"message": "missing: email"})


def test_by_queue_and_topic_a_failing_function_is_tried_three_times_and_then_nobody_is_told(
    segue: Segue, app: Application
) -> None:
    app.trouble("products", "late", status=503)
    http("POST", app.outputs["FrontUrl"], {**JOHN, "username": "late"})
    segue.settle()
    assert app.where("late") == ["AD", "promotions"]
    for seconds, attempts in ((59, 1), (1, 2), (119, 2), (1, 3), (3600, 3)):
        segue.advance(seconds=seconds)
        assert len(logged(segue, "register-user-in-products", '"late"')) >= attempts
        found = [hop for hop in hops(segue, to="register-user-in-products") if hop["status"] != "delivered"]
        assert [hop["attempts"] for hop in found] == list(range(1, attempts + 1))
    assert [hop["status"] for hop in found] == ["retrying", "retrying", "failed"]
    assert "products answers 503" in found[-1]["reason"]
    assert "The event is lost" in found[-1]["reason"]
    assert app.where("late") == ["AD", "promotions"]


def test_the_state_machine_registers_and_sends_mail(segue: Segue, app: Application) -> None:
    arn = app.start("jjohn")
    segue.settle()
    ended = app.ended(arn)
    assert ended["status"] == "SUCCEEDED", ended
    assert app.where("jjohn") == SYSTEMS
    assert app.data(arn, "SendEmailNotification") == [{"status": True, "email": "jjohn@test.com"}] * 3
    assert mailed(segue).count("jjohn@test.com") == 1
    assert json.loads(ended["output"])["sent"] == "jjohn@test.com"
    kinds = [event["type"] for event in app.events(arn)]
    assert kinds[:3] == ["ExecutionStarted", "ParallelStateEntered", "ParallelStateStarted"]
    assert kinds.count("LambdaFunctionScheduled") == kinds.count("LambdaFunctionSucceeded") == 4
    (scheduled, *_) = [e["lambdaFunctionScheduledEventDetails"] for e in app.events(arn) if "Scheduled" in e["type"]]
    assert scheduled["resource"] == f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:register-user-in-AD"
    assert json.loads(scheduled["input"])["username"] == "jjohn"  # the plain payload, not one of lambda:invoke


def test_a_branch_is_tried_after_ten_and_fifteen_seconds_then_comes_the_rollback(
    segue: Segue, app: Application
) -> None:
    app.trouble("products", "anna", status=503)
    arn = app.start("anna")
    segue.settle()
    for seconds, attempts in ((9, 1), (1, 2), (14, 2), (1, 3)):
        segue.advance(seconds=seconds)
        assert len(app.seconds(arn, "LambdaFunctionFailed")) == attempts
    assert app.seconds(arn, "LambdaFunctionFailed") == [0, 10, 25]
    assert app.ended(arn)["status"] == "SUCCEEDED"  # the rollback has succeeded
    given = app.data(arn, "RollbackRegistration")
    assert given.keys() == {"Error", "Cause"}
    assert given["Error"] == "Error"
    assert json.loads(given["Cause"])["errorMessage"].startswith("products answers 503")
    assert json.loads(app.ended(arn)["output"]) == {"rolledBack": [], "knew": ["Cause", "Error"]}
    assert app.where("anna") == ["AD", "promotions"]  # so nothing is rolled back
    assert "anna@" not in " ".join(mailed(segue))


def test_a_branch_that_is_well_again_in_time_costs_a_retry(segue: Segue, app: Application) -> None:
    app.trouble("AD", "ida", status=500, times=1)
    arn = app.start("ida", email="ida@test.com")
    segue.advance(seconds=10)
    assert app.ended(arn)["status"] == "SUCCEEDED"
    assert app.where("ida") == SYSTEMS
    assert mailed(segue).count("ida@test.com") == 1


def test_faults_by_hand(segue: Segue, app: Application) -> None:
    """``if (event.error) throw new Error(event.error)``, as published: in every branch at once."""
    arn = app.start("fault", error="out of paper")
    segue.advance(seconds=25)
    given = app.data(arn, "RollbackRegistration")
    assert (given["Error"], json.loads(given["Cause"])["errorMessage"]) == ("Error", "out of paper")
    assert app.where("fault") == []


def test_faults_without_code() -> None:
    """A mock configuration makes one state fail, or answer, without any function."""
    failed = {"0-2": {"Throw": {"Error": "Injected", "Cause": "by a test"}}}
    done = {"0": {"Return": {"status": True, "email": "x@test.com"}}}
    states = {"RegisterUserInAD": "Done", "RegisterUserInPromotions": "Done", "RegisterUserInProducts": "Fails"}
    case = {**states, "RollbackRegistration": "RolledBack"}
    config = {
        "StateMachines": {"RegisterUser": {"TestCases": {"ProductsFail": case}}},
        "MockedResponses": {"Fails": failed, "Done": done, "RolledBack": {"0": {"Return": {"rolledBack": "all"}}}},
    }
    definition = (EXAMPLES / "registration/registration.asl.json").read_text()
    with Segue(mock_config=json.dumps(config)) as segue:
        client = segue.client("stepfunctions")
        made = client.create_state_machine(
            name="RegisterUser",
            definition=definition.replace("${accountNumber}", ACCOUNT),
            roleArn=f"arn:aws:iam::{ACCOUNT}:role/any",
        )
        arn = client.start_execution(stateMachineArn=f"{made['stateMachineArn']}#ProductsFail")["executionArn"]
        segue.advance(seconds=25)
        ended = client.describe_execution(executionArn=arn)
        assert (ended["status"], ended["output"]) == ("SUCCEEDED", '{"rolledBack":"all"}')


def test_mail_that_fails_rolls_back_nobody_unless_the_catch_keeps_the_input(segue: Segue, app: Application) -> None:
    published = app.start("otto", email="nobody")
    mended = app.start("emil", "MendedMachineArn", email="nobody")
    segue.settle()
    assert app.data(published, "RollbackRegistration").keys() == {"Error", "Cause"}
    assert app.where("otto") == SYSTEMS
    given = app.data(mended, "RollbackRegistration")
    assert (given["username"], given["error"].keys(), len(given["registered"])) == ("emil", {"Error", "Cause"}, 3)
    assert json.loads(app.ended(mended)["output"]) == {"rolledBack": SYSTEMS, "username": "emil"}
    assert app.where("emil") == []


def test_the_mended_machine_also_rolls_back_a_failed_branch(segue: Segue, app: Application) -> None:
    app.trouble("promotions", "udo", status=503)
    arn = app.start("udo", "MendedMachineArn")
    segue.advance(seconds=25)
    assert json.loads(app.ended(arn)["output"])["rolledBack"] == SYSTEMS
    assert app.where("udo") == []


def test_a_stopped_branch_goes_on_in_its_function(tmp_path: Path) -> None:
    """In real time, with a second for the ten: siblings are stopped, what they have called is not."""
    with Served(tmp_path / "data") as served:
        app = Application(served)
        definition = (EXAMPLES / "registration/registration.asl.json").read_text().replace("${accountNumber}", ACCOUNT)
        definition = definition.replace('"IntervalSeconds": 10', '"IntervalSeconds": 1')
        definition = definition.replace('"MaxAttempts": 2', '"MaxAttempts": 1')
        app.states.update_state_machine(stateMachineArn=app.outputs["MachineArn"], definition=definition)
        warm = app.start("warm")
        eventually(lambda: app.ended(warm)["status"] == "SUCCEEDED")
        app.trouble("products", "olga", status=503)
        app.trouble("promotions", "olga", seconds=4)
        arn = app.start("olga")
        eventually(lambda: app.ended(arn)["status"] == "SUCCEEDED")
        assert app.where("olga") == ["AD"]
        kinds = [event["type"] for event in app.events(arn)]
        assert kinds.count("LambdaFunctionFailed") == 2
        assert kinds.count("TaskStateAborted") == 2
        assert kinds.count("LambdaFunctionSucceeded") == 2  # of AD and of the rollback
        eventually(lambda: app.where("olga") == ["AD", "promotions"])  # after the rollback
        assert app.ended(arn)["status"] == "SUCCEEDED"
        assert len(app.events(arn)) == len(kinds)
