"""The controllers before your eyes: answered at once, the rest behind the user's back, also over a crash.

    make controllers

Uses a free port and a temporary directory; nothing stays behind.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import boto3
from examples.stage import Server, check, deploy, eventually, heading, http, mailed, segue, served, tell, trace_to

HERE = Path(__file__).parent
SELLER = "scott.gross@example.com"
LEED = {"trade": "caricatures", "seller": SELLER, "date": "2027-05-01", "location": "Pasadena, CA"}
SUBSCRIBERS = ("ann@example.com", "bob@example.com")


def main() -> int:
    """Run the demo; 0 when everything came out right."""
    began = time.monotonic()
    with served("controllers") as server:
        # No minutes are spent on retries here: with --parameter Retries=2 (the default) there are two, after one minute
        # and after two more.
        Demo(server, deploy(HERE, "--parameter", "Retries=0")).run()
    print(f"Done in {time.monotonic() - began:.1f} s.")
    print("\nGo on: examples/controllers/README.md")
    return 0


class Demo:
    """One server with the application."""

    def __init__(self, server: Server, outputs: dict[str, str]) -> None:
        self.server = server
        self.url = f"{server.endpoint_url}/_aws/execute-api/{outputs['ApiId']}"
        self.sqs = boto3.client("sqs")
        tables = boto3.resource("dynamodb")
        self.trades = tables.Table("leedz-trades")
        boto3.client("ses").verify_email_identity(EmailAddress="leedz@example.com")
        self.trades.put_item(Item={"trade": "caricatures", "leeds": 0})
        for email in SUBSCRIBERS:
            tables.Table("leedz-users").put_item(Item={"trade": "caricatures", "email": email})

    def run(self) -> None:
        """Everything."""
        heading("A leed is posted: an answer at once, three asynchronous calls behind it")
        self.post(LEED, 201)
        self.mailed({*SUBSCRIBERS, SELLER})
        check(eventually(lambda: self.count("caricatures") == 1), "and counted")
        segue("trace", trace_to(self.server.endpoint_url, "addLeed"), "--wait")
        heading("The same place on the same day: the function that the user waits for says no")
        self.post({**LEED, "location": " pasadena,  ca"}, 409)
        heading("kill -9 while the mail is written")
        self.killed()
        heading("A trade that nobody knows: the helper fails, and its event is not lost")
        self.dead_letter()
        heading("The spider, as it was before: a function a subroutine")
        self.post({**LEED, "date": "2027-05-03"}, 201, "/spider/leeds")
        self.mailed(set(SUBSCRIBERS))

    def post(self, leed: dict[str, Any], expected: int, path: str = "/leeds") -> dict[str, Any]:
        """Post a leed."""
        tell(f"POST {path} {json.dumps(leed)}")
        self.before = len(mailed(self.server.endpoint_url))
        status, body, ms = http("POST", f"{self.url}{path}", leed)
        check(status == expected, f"{status} {json.dumps(body)} after {ms:.0f} ms")
        answer: dict[str, Any] = body
        return answer

    def mailed(self, to: set[str]) -> None:
        """Wait until everybody has mail."""

        def everybody() -> bool:
            return set(mailed(self.server.endpoint_url)[self.before :]) >= to

        began = time.monotonic()
        eventually(everybody)
        check(True, f"{len(to)} mails are in the outbox {1000 * (time.monotonic() - began):.0f} ms after the answer")

    def count(self, trade: str) -> int:
        return int(self.trades.get_item(Key={"trade": trade})["Item"]["leeds"])

    def killed(self) -> None:
        posted = self.post({**LEED, "date": "2027-05-02", "seconds": 2}, 201)
        self.server.kill()
        tell("the server is killed; nobody is there")
        self.server.start()
        tell("the server is started again")
        self.mailed({*SUBSCRIBERS, SELLER})
        check(True, f"of leed {posted['id']}, too, everybody has heard")

    def dead_letter(self) -> None:
        posted = self.post({**LEED, "trade": "fire eating"}, 201)
        url = self.sqs.get_queue_url(QueueName="leedz-dead-letters")["QueueUrl"]
        attributes = {"QueueUrl": url, "MessageAttributeNames": ["All"], "WaitTimeSeconds": 20}
        (message,) = eventually(lambda: self.sqs.receive_message(**attributes).get("Messages"))
        said = message["MessageAttributes"]["ErrorMessage"]["StringValue"]
        check(
            json.loads(message["Body"])["id"] == posted["id"], f"the dead-letter queue has it, with the reason: {said}"
        )
        segue("trace", trace_to(self.server.endpoint_url, "addLeed"), "--wait", status=1)


if __name__ == "__main__":
    sys.exit(main())
