"""The registration before your eyes: queue and topic first, then the state machine, with each of its endings.

    make registration

Uses a free port and a temporary directory; nothing stays behind. Most of the time is the two retries, after ten seconds
and after fifteen more.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import boto3
from examples.stage import check, deploy, eventually, heading, http, mailed, segue, served, tell, trace_to

HERE = Path(__file__).parent
SYSTEMS = ("AD", "products", "promotions")
JOHN = {
    "firstname": "John",
    "lastname": "Johonovan",
    "username": "jjohn",
    "email": "jjohn@test.com",
    "phone": "123456",
}


def main() -> int:
    """Run the demo; 0 when every ending was right."""
    began = time.monotonic()
    with served("registration") as server:
        Demo(deploy(HERE), server.endpoint_url).run()
    print(f"Done in {time.monotonic() - began:.1f} s.")
    print_how_to_go_on()
    return 0


class Demo:
    """One server with the application."""

    def __init__(self, outputs: dict[str, str], endpoint_url: str) -> None:
        self.outputs, self.endpoint_url = outputs, endpoint_url
        self.states = boto3.client("stepfunctions")
        boto3.client("ses").verify_email_identity(EmailAddress="registration@example.com")

    def run(self) -> None:
        """Everything, in an order in which nobody waits longer than need be."""
        heading("The state machine: products are out of order for anna, promotions are slow")
        failing = self.one_branch_fails()
        heading("Meanwhile, a queue and a topic: the user is answered at once, three functions are woken")
        self.queue_and_topic()
        heading("The state machine, and all goes well")
        self.all_goes_well()
        heading("The mail cannot be sent")
        self.mail_fails()
        heading("The same, with a Catch that keeps the input")
        self.mended()
        heading("anna's two retries")
        self.rolled_back(failing)

    def one_branch_fails(self) -> str:
        self.trouble("products", username="anna", status=503)
        self.trouble("promotions", username="anna", seconds=26)
        arn = self.start("MachineArn", "anna", {**JOHN, "username": "anna", "email": "anna@test.com"})
        eventually(lambda: "LambdaFunctionFailed" in self.history(arn))
        segue("execution", "show", "RegisterUser:anna")
        return arn

    def queue_and_topic(self) -> None:
        user = {"username": "early", "email": "early@test.com"}
        status, body, ms = http("POST", self.outputs["FrontUrl"], user)
        check(status == 202, f"{status} {json.dumps(body)} after {ms:.0f} ms")
        eventually(lambda: self.where("early") == list(SYSTEMS))
        check(True, "early is registered in AD, products and promotions; but who is to send the mail, and when?")
        self.trouble("products", username="late", status=503)
        http("POST", self.outputs["FrontUrl"], {**user, "username": "late"})
        eventually(lambda: self.where("late") == ["AD", "promotions"])
        check(True, "late is registered in two of them. Lambda tries again after one minute, then after two")
        segue("trace", trace_to(self.endpoint_url, "register-user"), status=1)

    def all_goes_well(self) -> None:
        ended = self.ended(self.start("MachineArn", "jjohn", JOHN))
        check(ended["status"] == "SUCCEEDED" and self.where("jjohn") == list(SYSTEMS), "jjohn is registered everywhere")
        check("jjohn@test.com" in mailed(self.endpoint_url), "and has mail")
        segue("execution", "show", "RegisterUser:jjohn")

    def mail_fails(self) -> None:
        ended = self.ended(self.start("MachineArn", "otto", {**JOHN, "username": "otto", "email": "nobody"}))
        check(
            json.loads(ended["output"])["rolledBack"] == [], "the rollback was called, and knew not whom to roll back"
        )
        check(self.where("otto") == list(SYSTEMS), "otto is registered everywhere, and does not know")
        segue("execution", "show", "RegisterUser:otto")

    def mended(self) -> None:
        ended = self.ended(self.start("MendedMachineArn", "emil", {**JOHN, "username": "emil", "email": "nobody"}))
        check(json.loads(ended["output"])["username"] == "emil", "the rollback knew whom to roll back")
        check(self.where("emil") == [], "emil is registered nowhere")

    def rolled_back(self, arn: str) -> None:
        segue("execution", "show", arn, "--follow")
        check(self.history(arn).count("LambdaFunctionFailed") == 3, "three attempts, then the rollback")
        segue("execution", "show", arn)
        segue("execution", "show", arn, "--graph")
        eventually(lambda: self.where("anna") == ["AD", "promotions"])
        check(True, "anna is in AD, and now in promotions, too: that branch was stopped, its function was not")

    def start(self, machine: str, name: str, user: dict[str, Any]) -> str:
        started = self.states.start_execution(stateMachineArn=self.outputs[machine], name=name, input=json.dumps(user))
        return str(started["executionArn"])

    def ended(self, arn: str) -> dict[str, Any]:
        while (found := self.states.describe_execution(executionArn=arn))["status"] == "RUNNING":
            time.sleep(0.05)
        result: dict[str, Any] = found
        return result

    def history(self, arn: str) -> list[str]:
        return [event["type"] for event in self.states.get_execution_history(executionArn=arn)["events"]]

    def where(self, username: str) -> list[str]:
        """The systems that know a user."""
        urls = {system: f"{self.outputs['SystemsUrl']}{system}/users/{username}" for system in SYSTEMS}
        return [system for system, url in urls.items() if http("GET", url)[0] == 200]

    def trouble(self, system: str, **what: Any) -> None:
        """Put a system out of order."""
        tell(f"PUT …/{system}/trouble {json.dumps(what)}")
        http("PUT", f"{self.outputs['SystemsUrl']}{system}/trouble", what)


def print_how_to_go_on() -> None:
    """What to type next."""
    print("\nGo on: examples/registration/README.md")


if __name__ == "__main__":
    sys.exit(main())
