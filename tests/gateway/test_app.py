"""The front door without a socket: from a request to its answer, now or not yet, and nothing left behind."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import pytest

from segue.api import Call, Caller
from segue.clock import SystemClock
from segue.config import Settings
from segue.console.deliveries import deliveries_page
from segue.console.health import health
from segue.errors import AwsError, WrittenByNewer
from segue.gateway.app import Gateway, new_trace
from segue.ids import Ids
from segue.jobs import Outbound, Pending, wake
from segue.store.group_commit import GroupCommit
from segue.store.sqlite import SqliteStore
from segue.wire.request import Request, Response
from tests.api.house import SCHEMA, House

URL = "http://here/000000000000/q"
FAR_MS = 10**15


class Door(House):
    """The small house behind a gateway; ``handle`` stands in for ``ReceiveMessage``."""

    def __init__(self) -> None:
        super().__init__()
        self.store.close()
        self.service.operation("ReceiveMessage")(lambda call, params: self.handle(call, params))
        self.live = GroupCommit(SqliteStore(None, {**SCHEMA, **self.api.migrations}, SystemClock(), Ids(1)))
        self.effects: dict[str, Callable[[Any], Awaitable[Any]]] = {}
        pages = {"/_segue/health": partial(health, self.api), "/_segue/deliveries": partial(deliveries_page, self.live)}
        self.gateway = Gateway(self.api, self.live, self.effects, pages)  # type: ignore[arg-type]
        self.looks = 0

    def handle(self, call: Call, params: dict[str, Any]) -> Any:
        """Nothing there until something is kept."""
        self.looks += 1
        row = call.tx.one("SELECT body FROM kept")
        return Pending(("q",), FAR_MS) if row is None else {"Messages": [{"Body": row[0]}]}

    async def send(self, body: str) -> None:
        def unit(tx: Any) -> None:
            tx.run("INSERT INTO kept VALUES (?, '', '', '')", body)
            wake(tx, "q")

        await self.live.write(unit)

    def ask(self, operation: str, key: str = "test", **params: Any) -> Awaitable[Response]:
        headers = {
            "host": "here",
            "x-amz-target": f"AmazonSQS.{operation}",
            "content-type": "application/x-amz-json-1.0",
            "authorization": f"AWS4-HMAC-SHA256 Credential={key}/20260101/us-east-1/sqs/aws4_request, "
            "SignedHeaders=host, Signature=00",
        }
        answer = self.gateway(Request("POST", "/", headers=headers, body=json.dumps(params).encode()))
        return _ready(answer) if isinstance(answer, Response) else answer

    async def page(self, path: str, query: str = "") -> Response:
        answer = self.gateway(Request("GET", path, query))
        return answer if isinstance(answer, Response) else await answer

    async def parked(self) -> None:
        while not self.live.wakes._waiters:  # noqa: ASYNC110
            await asyncio.sleep(0)


def _ready(answer: Response) -> asyncio.Future[Response]:
    future: asyncio.Future[Response] = asyncio.get_running_loop().create_future()
    future.set_result(answer)
    return future


def run(work: Callable[[Door], Awaitable[None]]) -> None:
    async def main() -> None:
        door = Door()
        await asyncio.wait_for(work(door), 10)
        for _ in range(5):
            await asyncio.sleep(0)
        assert not door.gateway._exchanges
        assert not door.live.wakes._waiters
        await door.live.close()

    asyncio.run(main())


def body(response: Response) -> Any:
    return json.loads(response.body)


def test_a_write_and_a_read_are_answered() -> None:
    async def work(door: Door) -> None:
        sent = await door.ask("SendMessage", QueueUrl=URL, MessageBody="hello")
        assert (sent.status, body(sent)["MessageId"]) == (200, "id")
        listed = await door.ask("ListQueues")
        assert (listed.status, body(listed)) == (200, {"QueueUrls": [URL]})

    run(work)


@pytest.mark.parametrize(
    ("operation", "params", "status", "code"),
    [
        ("PurgeQueue", {"QueueUrl": URL}, 501, "NotImplemented"),
        ("SendMessage", {"QueueUrl": URL}, 400, "MissingParameter"),
        ("Nonsense", {}, None, None),
    ],
)
def test_what_is_wrong_is_an_answer(
    operation: str, params: dict[str, Any], status: int | None, code: str | None
) -> None:
    async def work(door: Door) -> None:
        refused = await door.ask(operation, **params)
        assert refused.status == status if status else 400 <= refused.status < 600
        if code:
            assert code in body(refused)["__type"]

    run(work)


def test_what_only_a_newer_node_can_read_is_asked_for_elsewhere() -> None:
    async def work(door: Door) -> None:
        def fail(call: Call, params: dict[str, Any]) -> Any:
            raise WrittenByNewer("a frame 'wait' of 3 members was written by a newer Segue")

        door.handle = fail  # type: ignore[method-assign]
        refused = await door.ask("ReceiveMessage", QueueUrl=URL)
        assert refused.status == 503
        assert body(refused)["message"] == (
            "Another node must answer: a frame 'wait' of 3 members was written by a newer Segue"
        )

    run(work)


@pytest.mark.parametrize("raised", [ValueError("the secret is 42"), KeyError("x"), StopIteration(), RecursionError()])
def test_our_own_mistakes_are_hidden_and_logged_under_the_requests_id(
    raised: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    async def work(door: Door) -> None:
        def fail(call: Call, params: dict[str, Any]) -> Any:
            raise raised

        door.handle = fail  # type: ignore[method-assign]
        refused = await door.ask("ReceiveMessage", QueueUrl=URL)
        assert refused.status == 500
        answer = refused.body.decode()
        assert "secret" not in answer
        assert "InternalFailure" in answer
        request_id = body(refused)["message"].rsplit(" ", 1)[-1].rstrip(".")
        assert request_id in caplog.text
        assert type(raised).__name__ in caplog.text

    run(work)


def test_an_answer_that_cannot_be_told_is_our_own_mistake() -> None:
    async def work(door: Door) -> None:
        door.handle = lambda call, params: {"Messages": 42}  # type: ignore[method-assign]
        assert (await door.ask("ReceiveMessage", QueueUrl=URL)).status == 500

    run(work)


def test_not_yet_is_parked_and_answered_at_the_wake() -> None:
    async def work(door: Door) -> None:
        answer = door.ask("ReceiveMessage", QueueUrl=URL)
        await door.parked()
        assert door.looks == 1
        await door.send("hello")
        assert body(await answer)["Messages"][0]["Body"] == "hello"
        assert door.looks == 2

    run(work)


def test_a_wake_for_somebody_else_parks_again_and_time_ends_it() -> None:
    async def work(door: Door) -> None:
        until_ms = door.live.store.clock.now_ms() + 40

        def handle(call: Call, params: dict[str, Any]) -> Any:
            door.looks += 1
            return Pending(("q",), until_ms) if call.now_ms < until_ms else {}

        door.handle = handle  # type: ignore[method-assign]
        answer = door.ask("ReceiveMessage", QueueUrl=URL)
        await door.parked()
        await door.send("taken by another")
        assert (await answer).status == 200
        assert door.looks >= 3

    run(work)


@pytest.mark.parametrize("how", ["the answer is cancelled", "the server stops"])
def test_nothing_is_left_of_who_hangs_up_while_parked(how: str) -> None:
    async def work(door: Door) -> None:
        answers = [asyncio.ensure_future(door.ask("ReceiveMessage", QueueUrl=URL)) for _ in range(3)]
        await door.parked()
        if how == "the server stops":
            door.gateway.stop_waiting()
        else:
            for answer in answers:
                answer.cancel()
        await asyncio.wait(answers)
        assert all(answer.cancelled() for answer in answers)
        looks = door.looks
        await door.send("for nobody")
        await asyncio.sleep(0.01)
        assert door.looks == looks  # nobody takes a message for a client that is gone

    run(work)


def test_who_hangs_up_before_the_commit_is_not_parked() -> None:
    async def work(door: Door) -> None:
        answer = asyncio.ensure_future(door.ask("ReceiveMessage", QueueUrl=URL))
        answer.cancel()
        await asyncio.sleep(0.01)
        assert not door.live.wakes._waiters

    run(work)


def test_a_stopping_server_parks_nobody_any_more() -> None:
    async def work(door: Door) -> None:
        door.gateway.stop_waiting()
        answer = asyncio.ensure_future(door.ask("ReceiveMessage", QueueUrl=URL))
        await asyncio.wait([answer])
        assert answer.cancelled()

    run(work)


def test_a_message_for_a_hundred_who_wait_is_looked_for_by_few_and_goes_to_the_first() -> None:
    async def work(door: Door) -> None:
        def take(call: Call, params: dict[str, Any]) -> Any:
            door.looks += 1
            row = call.tx.one("SELECT body FROM kept LIMIT 1")
            if row is None:
                return Pending(("q",), FAR_MS, FAR_MS)
            call.tx.run("DELETE FROM kept")
            return {"Messages": [{"Body": row[0]}]}

        door.handle = take  # type: ignore[method-assign]
        answers = [asyncio.ensure_future(door.ask("ReceiveMessage", QueueUrl=URL)) for _ in range(100)]
        while len(door.live.wakes._lines.get("q", ())) < 100:  # noqa: ASYNC110
            await asyncio.sleep(0)
        answers[0].cancel()  # nobody stands before the second any more
        await asyncio.sleep(0.01)
        door.looks = 0
        await door.send("first")
        assert json.loads((await answers[1]).body)["Messages"][0]["Body"] == "first"
        for _ in range(9):
            await door.send("more")
        while sum(answer.done() for answer in answers) < 11:  # noqa: ASYNC110
            await asyncio.sleep(0)
        assert door.looks < 200  # and not nine hundred
        door.gateway.stop_waiting()
        await asyncio.wait(answers)
        assert not door.live.wakes._lines

    run(work)


def test_who_was_called_and_has_hung_up_passes_it_on() -> None:
    async def work(door: Door) -> None:
        def take(call: Call, params: dict[str, Any]) -> Any:
            row = call.tx.one("SELECT body FROM kept LIMIT 1")
            return Pending(("q",), FAR_MS, FAR_MS) if row is None else {"Messages": [{"Body": row[0]}]}

        door.handle = take  # type: ignore[method-assign]
        gone, stays = (asyncio.ensure_future(door.ask("ReceiveMessage", QueueUrl=URL)) for _ in range(2))
        while len(door.live.wakes._lines.get("q", ())) < 2:  # noqa: ASYNC110
            await asyncio.sleep(0)
        sent = door.send("a")
        gone.get_loop().call_soon(gone.cancel)
        await sent
        assert json.loads((await asyncio.wait_for(stays, 5)).body)["Messages"][0]["Body"] == "a"

    run(work)


def test_when_too_many_wait_for_too_long_more_are_told_to_come_again() -> None:
    async def work(door: Door) -> None:
        waiting = [door.ask("SendMessage", QueueUrl=URL, MessageBody="m") for _ in range(127)]
        door.live._line._elapsed = lambda: 1e9  # a long time later
        waiting.append(door.ask("SendMessage", QueueUrl=URL, MessageBody="the last that is taken"))
        refused = await door.ask("SendMessage", QueueUrl=URL, MessageBody="one too many")
        assert (refused.status, refused.headers["Retry-After"]) == (403, "1")
        assert json.loads(refused.body)["__type"].endswith("RequestThrottled")
        assert (await door.ask("ListQueues")).status == 200  # who reads need not wait for the disk
        assert (await door.page("/_segue/health")).status == 200
        assert {(await answer).status for answer in waiting} == {200}
        assert (await door.ask("SendMessage", QueueUrl=URL, MessageBody="m")).status == 200
        assert door.gateway.refused == 1

    run(work)


def outbound(call: Call, params: dict[str, Any]) -> Outbound:
    def settle(call: Call, outcome: Any) -> dict[str, Any]:
        if isinstance(outcome, AwsError):
            raise outcome
        call.tx.run("INSERT INTO kept VALUES (?, '', '', '')", outcome)
        return {"Messages": [{"Body": outcome}]}

    return Outbound("test:effect", "request", settle)


@pytest.mark.parametrize(
    ("outcome", "status"),
    [("came back", 200), (AwsError("QueueDoesNotExist", "gone"), 400), (OSError("broken"), 500)],
)
def test_what_is_elsewhere_is_performed_and_settled(outcome: Any, status: int) -> None:
    async def work(door: Door) -> None:
        async def effect(request: Any) -> Any:
            if isinstance(outcome, OSError):
                raise outcome
            return outcome

        door.handle = outbound  # type: ignore[assignment]
        door.effects["test:effect"] = effect
        assert (await door.ask("ReceiveMessage", QueueUrl=URL)).status == status
        kept = door.live.read(lambda tx: tx.all("SELECT body FROM kept"))
        assert kept == ([("came back",)] if status == 200 else [])

    run(work)


def test_what_runs_outside_is_settled_although_its_client_hangs_up() -> None:
    """As on AWS: a synchronous invocation is not stopped by its client's going away."""

    async def work(door: Door) -> None:
        began, gate = asyncio.Event(), asyncio.Event()

        async def effect(request: Any) -> str:
            began.set()
            await gate.wait()
            return "came back"

        door.handle = outbound  # type: ignore[assignment]
        door.effects["test:effect"] = effect
        answer = asyncio.ensure_future(door.ask("ReceiveMessage", QueueUrl=URL))
        await began.wait()
        answer.cancel()
        gate.set()
        while door.gateway._exchanges:  # noqa: ASYNC110
            await asyncio.sleep(0)
        assert door.live.read(lambda tx: tx.all("SELECT body FROM kept")) == [("came back",)]

    run(work)


def test_closing_lets_go_of_what_runs_outside() -> None:
    async def work(door: Door) -> None:
        began = asyncio.Event()

        async def effect(request: Any) -> None:
            began.set()
            await asyncio.Event().wait()

        door.handle = outbound  # type: ignore[assignment]
        door.effects["test:effect"] = effect
        answer = asyncio.ensure_future(door.ask("ReceiveMessage", QueueUrl=URL))
        await began.wait()
        await door.gateway.close()
        await asyncio.wait([answer])
        assert answer.cancelled()

    run(work)


def test_a_read_that_has_a_denial_to_record_runs_as_a_writer() -> None:
    async def work(door: Door) -> None:
        door.api.settings = Settings(iam="audit")
        door.people.keys["AKIAANN"] = Caller(kind="user", arn="arn:aws:iam::000000000000:user/ann")
        assert (await door.ask("ListQueues", key="AKIAANN")).status == 200
        (hop,) = body(await door.page("/_segue/deliveries"))["deliveries"]
        assert (hop["status"], hop["operation"]) == ("audit", "sqs:ListQueues")

    run(work)


def test_health_names_every_service() -> None:
    async def work(door: Door) -> None:
        page = await door.page("/_segue/health")
        assert page.status == 200
        assert body(page)["services"] == {"sqs": "running"}
        assert body(page)["edition"] == "segue"

    run(work)


@pytest.mark.parametrize("query", ["after=x", "after=1e3", "wait=soon", "wait=nan", "after=99999999999999999999"])
def test_odd_numbers_are_refused_by_the_deliveries_page(query: str) -> None:
    async def work(door: Door) -> None:
        assert (await door.page("/_segue/deliveries", query)).status == 400

    run(work)


def test_the_deliveries_page_waits_for_a_first_hop() -> None:
    async def work(door: Door) -> None:
        assert body(await door.page("/_segue/deliveries"))["deliveries"] == []
        waiting = asyncio.ensure_future(door.page("/_segue/deliveries", "wait=inf"))
        await door.parked()
        door.api.settings = Settings(iam="audit")
        door.people.keys["AKIAANN"] = Caller(kind="user", arn="arn:aws:iam::000000000000:user/ann")
        await door.ask("SendMessage", key="AKIAANN", QueueUrl=URL, MessageBody="hello")
        (hop,) = body(await waiting)["deliveries"]
        again = body(await door.page("/_segue/deliveries", f"after={hop['id']}&wait=0.01"))
        assert again["deliveries"] == []

    run(work)


def test_a_new_conversation_is_named_in_x_rays_form() -> None:
    trace = new_trace(1_700_000_000_000, "12345678-1234-5678-1234-567812345678")
    assert trace == "Root=1-6553f100-123456781234567812345678;Sampled=1"


@pytest.mark.parametrize(
    ("host", "path", "asked"),
    [
        ("abc.shop.us-east-1.localhost:4566", "/a%20b", ("abc", "/a%20b")),
        ("ABC.shop.us-east-1.on.aws", "/", ("abc", "/")),
        ("localhost:4566", "/_aws/shop/abc/a/b", ("abc", "/a/b")),
        ("localhost:4566", "/_aws/shop/abc", ("abc", "/")),
    ],
)
def test_an_applications_own_address_is_reached_by_name_and_by_path(host: str, path: str, asked: Any) -> None:
    async def work(door: Door) -> None:
        def visited(call: Call, params: dict[str, Any]) -> Any:
            visit = params["visit"]
            assert call.caller.account == ""
            call.tx.run("INSERT INTO kept VALUES (?, '', '', '')", visit.id)
            return {"response": Response(201, {"x-seen": visit.path}, visit.request.body)}

        door.service.endpoint("shop")(visited)
        door.api.__init__([door.service], Settings(), None)  # type: ignore[misc]
        answer = door.gateway(Request("POST", path, headers={"host": host}, body=b"hello"))
        assert not isinstance(answer, Response)
        response = await answer
        assert (response.status, response.headers["x-seen"], response.body) == (201, asked[1], b"hello")
        assert door.live.read(lambda tx: tx.one("SELECT body FROM kept")) == (asked[0],)
        assert door.gateway.admits(Request("GET", path, headers={"host": host})) == {}

    run(work)


def test_an_error_of_an_applications_address_is_told_as_there() -> None:
    async def work(door: Door) -> None:
        def refused(call: Call, params: dict[str, Any]) -> Any:
            raise AwsError("ForbiddenException", "Forbidden", status=403)

        door.service.endpoint("shop")(refused)
        door.api.__init__([door.service], Settings(), None)  # type: ignore[misc]
        answer = door.gateway(Request("GET", "/_aws/shop/abc/", headers={"host": "here"}))
        assert not isinstance(answer, Response)
        response = await answer
        assert (response.status, body(response)) == (403, {"message": "Forbidden"})
        assert response.headers["x-amzn-ErrorType"] == "ForbiddenException"

    run(work)
