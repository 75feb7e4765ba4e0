"""``examples/controllers``: answered at once, the rest behind the caller's back, whatever happens to the server.

Every policy is enforced: what the template grants is enough, and what the article grants is needed.
"""

from __future__ import annotations

import json
import signal
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from segue.testing import Segue
from tests.acceptance.example_apps import Server, deploy, hops, http, logged, mailed, verify
from tests.acceptance.test_durability import eventually
from tests.served import Served

SELLER = "scott.gross@example.com"
SUBSCRIBERS = ["ann@example.com", "bob@example.com"]
LEED = {"trade": "caricatures", "seller": SELLER, "location": "Pasadena, CA"}
PUBLISHED = """{
  "Sid": "LambdaCallsLambda",
  "Effect": "Allow",
  "Action": "lambda:InvokeFunction",
  "Resource": "*"
}"""


class Application:
    """The example, deployed, with two users who want to hear of caricatures."""

    def __init__(self, server: Server) -> None:
        self.server = server
        outputs = deploy(server, "controllers")
        self.url = f"{server.endpoint_url}/_aws/execute-api/{outputs['ApiId']}"
        verify(server, "leedz@example.com")
        self.tables = server.client("dynamodb")
        self.tables.put_item(TableName="leedz-trades", Item={"trade": {"S": "caricatures"}, "leeds": {"N": "0"}})
        for email in SUBSCRIBERS:
            self.subscribe("caricatures", email)

    def subscribe(self, trade: str, email: str) -> None:
        self.tables.put_item(TableName="leedz-users", Item={"trade": {"S": trade}, "email": {"S": email}})

    def post(self, date: str, path: str = "/leeds", **more: Any) -> tuple[int, Any]:
        """Post a leed."""
        return http("POST", f"{self.url}{path}", {**LEED, "date": date, **more})

    def counted(self) -> int:
        """How many leeds for caricatures were counted."""
        item = self.tables.get_item(TableName="leedz-trades", Key={"trade": {"S": "caricatures"}})["Item"]
        return int(item["leeds"]["N"])

    def messages(self, queue: str) -> list[dict[str, Any]]:
        """What lies in a queue, deleted."""
        sqs = self.server.client("sqs")
        url = sqs.get_queue_url(QueueName=queue)["QueueUrl"]
        found = []
        attributes = {"QueueUrl": url, "MaxNumberOfMessages": 10, "MessageAttributeNames": ["All"]}
        while messages := sqs.receive_message(**attributes).get("Messages"):
            found += messages
            for message in messages:
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return found


@pytest.fixture(scope="module")
def segue() -> Iterator[Segue]:
    with Segue(iam="enforce") as running:
        yield running


@pytest.fixture(scope="module")
def app(segue: Segue) -> Application:
    return Application(segue)


def test_the_answer_does_not_wait_for_the_bookkeeping(segue: Segue, app: Application) -> None:
    began = time.monotonic()
    status, body = app.post("day-1", seconds=3)
    assert (status, list(body)) == (201, ["id"])
    assert time.monotonic() - began < 3  # seconds that only the controller spends
    segue.settle()
    assert Counter(mailed(segue)) == Counter([*SUBSCRIBERS, SELLER])
    assert app.counted() == 1
    sent = http("GET", f"{segue.endpoint_url}/_aws/ses")[1]["messages"]
    assert len([mail for mail in sent if body["id"] in mail["Body"]["html_part"]]) == 3
    calls = [(hop["status"], hop["trace"]) for hop in hops(segue, to="async_email_helper")]
    assert [status for status, _ in calls] == ["delivered"] * 2
    (entered,) = hops(segue, to="addLeed")
    assert {trace for _, trace in calls} == {entered["trace"]}  # one conversation


def test_what_the_caller_waits_for_is_asked_synchronously(segue: Segue, app: Application) -> None:
    first = app.post("day-2", location="Long  Beach")[1]["id"]
    assert app.post("day-2", location=" long beach") == (
        409,
        {"message": "caricatures is booked there that day", "id": first},
    )
    assert app.post("day-2", location="")[0] == 400
    segue.settle()


def test_a_leg_of_the_spider_is_a_function_of_its_own(segue: Segue, app: Application) -> None:
    before = len(mailed(segue))
    assert app.post("day-3", "/spider/leeds")[0] == 201
    segue.settle()
    assert sorted(mailed(segue)[before:]) == SUBSCRIBERS
    assert [hop["status"] for hop in hops(segue, to="notifyUsers")] == ["delivered"]


def test_a_failing_helper_is_tried_after_one_minute_and_two_more_then_its_event_is_a_dead_letter(
    segue: Segue, app: Application
) -> None:
    leed = app.post("day-4", trade="fire eating")[1]["id"]
    segue.settle()
    for seconds, attempts in ((59, 1), (1, 2), (119, 2)):
        segue.advance(seconds=seconds)
        assert [hop["attempts"] for hop in hops(segue, to="countLeed", status="retrying")] == [1, 2][:attempts]
        assert app.messages("leedz-dead-letters") == []
    segue.advance(seconds=1)
    (message,) = app.messages("leedz-dead-letters")
    assert json.loads(message["Body"])["id"] == leed  # the event as it was sent
    attributes = {name: value["StringValue"] for name, value in message["MessageAttributes"].items()}
    assert (attributes["ErrorCode"], "ConditionalCheckFailedException" in attributes["ErrorMessage"]) == ("200", True)
    assert len(logged(segue, "countLeed", attributes["RequestID"])) >= 3
    (dead,) = hops(segue, to="countLeed", status="dead-lettered")
    assert dead["attempts"] == 3


def test_a_failing_controller_tells_its_destination(segue: Segue, app: Application) -> None:
    payload = json.dumps({"function": "flyAway", "id": "7"}).encode()
    functions = segue.client("lambda")
    accepted = functions.invoke(FunctionName="async_email_helper", InvocationType="Event", Payload=payload)
    assert (accepted["StatusCode"], accepted["Payload"].read()) == (202, b"")
    segue.advance(seconds=180)
    (record,) = [json.loads(message["Body"]) for message in app.messages("leedz-failures")]
    assert record["requestPayload"] == {"function": "flyAway", "id": "7"}
    assert record["requestContext"]["condition"] == "RetriesExhausted"
    assert record["requestContext"]["approximateInvokeCount"] == 3
    assert record["responsePayload"]["errorType"] == "ValueError"
    assert "there is no function 'flyAway' here" in record["responsePayload"]["errorMessage"]


def test_what_fails_without_dead_letters_and_destination_is_lost_and_said_to_be(segue: Segue, app: Application) -> None:
    app.subscribe("mime", "not an address")
    assert app.post("day-5", "/spider/leeds", trade="mime")[0] == 201
    segue.advance(seconds=180)
    told = hops(segue, to="notifyUsers")
    assert [hop["status"] for hop in told[-3:]] == ["retrying", "retrying", "failed"]
    assert "The event is lost" in told[-1]["reason"]
    segue.advance(hours=6)
    app.messages("leedz-dead-letters")


def test_the_policy_is_stored_as_it_was_given(segue: Segue, app: Application) -> None:
    iam = segue.client("iam")
    statement = json.loads(PUBLISHED)
    found = iam.get_role_policy(RoleName="addLeed-role", PolicyName="LambdaCallsLambda")["PolicyDocument"]
    assert found == {"Version": "2012-10-17", "Statement": [statement]}
    document = f'{{"Version": "2012-10-17", "Statement": [{PUBLISHED}]}}'
    iam.put_role_policy(RoleName="addLeed-role", PolicyName="by-hand", PolicyDocument=document)
    found = iam.get_role_policy(RoleName="addLeed-role", PolicyName="by-hand")["PolicyDocument"]
    assert json.dumps(found) == json.dumps(json.loads(document))
    iam.delete_role_policy(RoleName="addLeed-role", PolicyName="by-hand")


@pytest.mark.parametrize("document", [f"{PUBLISHED},", PUBLISHED])
def test_the_block_is_a_statement_and_no_policy_by_itself(segue: Segue, app: Application, document: str) -> None:
    with pytest.raises(ClientError) as refused:
        segue.client("iam").put_role_policy(RoleName="addLeed-role", PolicyName="pasted", PolicyDocument=document)
    assert refused.value.response["Error"]["Code"] == "MalformedPolicyDocument"


def test_without_the_policy_no_function_may_call_another(segue: Segue, app: Application) -> None:
    iam = segue.client("iam")
    statement = {"Version": "2012-10-17", "Statement": [json.loads(PUBLISHED)]}
    iam.delete_role_policy(RoleName="addLeed-role", PolicyName="LambdaCallsLambda")
    try:
        assert app.post("day-6")[0] == 500
        segue.settle()
        (said, *_) = [line for line in logged(segue, "addLeed") if "AccessDenied" in line]
        assert "is not authorized to perform: lambda:InvokeFunction on resource" in said
    finally:
        iam.put_role_policy(
            RoleName="addLeed-role", PolicyName="LambdaCallsLambda", PolicyDocument=json.dumps(statement)
        )


def test_services_that_are_not_there_say_so(segue: Segue, app: Application) -> None:
    functions = segue.client("lambda")
    variables = functions.get_function_configuration(FunctionName="checkBooking")["Environment"]["Variables"]
    changed = {**variables, "USE_LOCATION_SERVICE": "1"}
    functions.update_function_configuration(FunctionName="checkBooking", Environment={"Variables": changed})
    try:
        status, body = app.post("day-7")
        assert status == 502
        assert "(NotImplemented)" in body["message"]
        assert "does not implement the service 'location'" in body["message"]
    finally:
        functions.update_function_configuration(FunctionName="checkBooking", Environment={"Variables": variables})
    with pytest.raises(ClientError) as refused:
        segue.client("cognito-idp").list_user_pools(MaxResults=1)
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501
    assert "cognito" in refused.value.response["Error"]["Message"].lower()


def test_helpers_survive_the_caller_and_the_server(tmp_path: Path) -> None:
    """Real processes, killed for real: while a helper runs, and before the next one has begun."""
    data = tmp_path / "data"
    with Served(data) as served:
        app = Application(served)
        assert app.post("day-1")[0] == 201  # functions are warm, mail arrives
        eventually(lambda: len(mailed(served)) == 3 and app.counted() == 1)
        posted = [app.post("day-2", seconds=1), app.post("day-3", "/spider/leeds", trade="caricatures")]
        served.end(signal.SIGKILL)
    assert [status for status, _ in posted] == [201, 201]
    with Served(data) as served:
        app.server, app.tables = served, served.client("dynamodb")

        def everybody() -> bool:
            heard = Counter(mailed(served))
            return app.counted() >= 3 and heard[SELLER] >= 2 and min(heard[one] for one in SUBSCRIBERS) >= 3

        eventually(everybody)
        assert app.messages("leedz-dead-letters") == []
