"""The front door: from an HTTP request to the operation and back. It knows no service by name.

A request is answered without a task of its own: reads at once, writes when their commit is on disk. Only what is not
yet (a long poll, a synchronous invoke) costs a task while it waits.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any

from segue.api import Api, Call, Caller, Operation, deliveries
from segue.api.endpoint import ANONYMOUS, MEASURED, Measured, Visit, find_endpoint, is_signed, own_name
from segue.api.forward import FORWARD
from segue.api.perform import perform
from segue.api.sockets import SocketEvent
from segue.errors import AwsError
from segue.gateway.answers import Answers, ApiAnswers, EndpointAnswers, told
from segue.gateway.arriving import HELD_BYTES, ArrivingBody
from segue.gateway.authenticate import authenticate
from segue.gateway.forwarding import Forwarding
from segue.gateway.sockets import Sockets
from segue.jobs import Outbound, Pending
from segue.store import Transaction
from segue.store.blobs import MOVE, ContentElsewhere
from segue.store.store import Store, WritesNeeded
from segue.wire.aws_chunked import is_chunked, unframe
from segue.wire.parse import parse
from segue.wire.request import Request, Response, Upgrade
from segue.wire.route import Route, route
from segue.wire.throttling import RETRY_AFTER, throttled

log = logging.getLogger(__name__)

_TOLD_EVERY_SECONDS = 10.0

Effect = Callable[[Any], Awaitable[Any]]
Page = Callable[[Request], Response | Awaitable[Response]]
Answer = tuple[Any, int]


class Gateway:
    """The application that the HTTP server serves.

    Args:
        api: the one door.
        store: where units run.
        effects: how to perform what an operation wants from outside.
        pages: what is served under ``/_…`` paths, by path prefix.
    """

    def __init__(
        self, api: Api, store: Store, effects: Mapping[str, Effect], pages: Mapping[str, Page] | None = None
    ) -> None:
        self._api = api
        self._store = store
        self._effects = effects
        self._pages = pages or {}
        self._services = tuple(api.services)
        forwards = api.forwards
        self._forwarding = Forwarding(forwards, api, store, effects[FORWARD]) if forwards is not None else None
        self._exchanges: dict[asyncio.Task[None], Exchange] = {}
        self._stopping = False
        self.requests = 0
        """How many have come."""
        self.refused = 0
        """How many of them were told to come again, because there was no time for them."""
        self._told_of_refusal = float("-inf")
        self.sockets = Sockets(store, self._tell_of_socket)

    def admits(self, request: Request) -> dict[str, str] | Awaitable[dict[str, str] | None] | None:
        """What the owner of what a page asks for lets it do: the headers that tell its browser. Addresses that
        applications have are for everybody, and say the rest by themselves. ``None``: nobody lets it.
        """
        if self._store.reads_at_once:
            return self._store.read(lambda tx: self._granted(tx, request))
        return self._store.look(lambda tx: self._granted(tx, request))

    def _granted(self, tx: Transaction, request: Request) -> dict[str, str] | None:
        name = own_name(request)
        if self._address(request) is not None or (name and self._named(tx, name) is not None):
            return {}
        for service in self._api.services.values():
            if service.cross_origin and (headers := service.cross_origin(tx, request)) is not None:
                return headers
        return None

    def stop_waiting(self) -> None:
        """The server stops: whoever is parked is told to come again, and nobody is parked any more."""
        self._stopping = True
        for exchange in tuple(self._exchanges.values()):
            exchange.leave()

    async def close(self) -> None:
        """Let go of what is still under way outside; its clients are gone."""
        tasks = tuple(self._exchanges)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def receive(self, head: Request) -> ArrivingBody | None:
        """Where a request's body goes while it comes: to the disk, where its operation takes a stream of bytes."""
        length = head.header("content-length", "0" if "transfer-encoding" not in head.headers else "")
        if length.isdigit() and len(length) < 10 and int(length) <= HELD_BYTES:
            return None
        if head.path.startswith("/_"):  # our own pages; no bucket has such a name
            return None
        if self._forwarding is not None and find_endpoint(self._api.endpoints, head, self._api.prefixes) is None:
            elsewhere = self._forwarding.receive(head)
            if elsewhere is not None:
                return elsewhere
        try:
            found = route(head, self._services)
        except AwsError:
            return None
        return ArrivingBody(head, self._api.blobs) if found.operation.streams_input else None

    def __call__(self, request: Request) -> Response | Awaitable[Response]:
        """Answer a request; whatever goes wrong is an answer, too."""
        return self._answer(request) if request.arriving is None else self._take_and_answer(request)

    async def _take_and_answer(self, request: Request) -> Response:
        assert request.arriving is not None
        try:
            if not request.arriving.passes:
                await request.arriving.take(request)
        except Exception as error:
            request_id = self._store.ids.uuid()
            return ApiAnswers(request, route(request, self._services)).of_error(told(error, request_id), request_id)
        answer = self._answer(request)
        return answer if isinstance(answer, Response) else await answer

    @property
    def waiting(self) -> int:
        """How many requests are parked, or have something done for them outside."""
        return len(self._exchanges)

    def _answer(self, request: Request) -> Response | Awaitable[Response]:
        self.requests += 1
        if request.path.startswith("/_"):
            for prefix, page in self._pages.items():
                if request.path.startswith(prefix):
                    return page(request)
        request_id = self._store.ids.uuid()
        address = self._address(request)
        name = own_name(request) if address is None and not request.path.startswith("/_") else ""
        if name:
            if not self._store.reads_at_once:
                return self._answer_named(request, name, request_id)
            label = self._store.read(lambda tx: self._named(tx, name))
            address = None if label is None else (label, name, request.path)
        return self._answer_at(request, address, request_id)

    async def _answer_named(self, request: Request, name: str, request_id: str) -> Response:
        label = await self._store.look(lambda tx: self._named(tx, name))
        answer = self._answer_at(request, None if label is None else (label, name, request.path), request_id)
        return answer if isinstance(answer, Response) else await answer

    def _answer_at(
        self, request: Request, address: tuple[str, str, str] | None, request_id: str
    ) -> Response | Awaitable[Response]:
        if address is not None:
            return self._answer_endpoint(request, address, request_id)
        if self._forwarding is not None and (elsewhere := self._forwarding.find(request)) is not None:
            return self._forwarding.answer(request, elsewhere, request_id)
        found: Route | None = None
        try:
            found = route(request, self._services)
            if request.arriving is None and found.operation.streams_input and is_chunked(request.headers):
                unframe(request)
            operation = self._api.operation(found.service.name, found.operation.name)
            if self._is_behind(operation):
                return self._refuse(ApiAnswers(request, found), throttled(found.service, found.protocol), request_id)
            params = parse(found, request)
            name, answers = f"{found.service.name}:{operation.name}", ApiAnswers(request, found)
            return Exchange(self, request, name, operation, params, answers, request_id).begin()
        except Exception as error:
            return ApiAnswers(request, found).of_error(told(error, request_id), request_id)

    def _is_behind(self, operation: Operation) -> bool:
        """Whether there is so much to do that a new call of the operation is refused."""
        if operation.reads:
            return self._store.is_behind_in_reading
        return self._store.is_behind

    def _refuse(self, answers: Answers, error: AwsError, request_id: str) -> Response:
        self.refused += 1
        if (now := self._store.clock.elapsed_seconds()) - self._told_of_refusal > _TOLD_EVERY_SECONDS:
            self._told_of_refusal = now
            log.warning("more is asked than can be done: %d requests were refused so far", self.refused)
        answer = answers.of_error(error, request_id)
        answer.headers.update(RETRY_AFTER)
        return answer

    def _address(self, request: Request) -> tuple[str, str, str] | None:
        """The address of an application that a request is for: its label, the id or the name, and the path."""
        return find_endpoint(self._api.endpoints, request, self._api.prefixes)

    def _named(self, tx: Transaction, name: str) -> str | None:
        """The label of the application whose own name this is."""
        return next((label for label, is_known in self._api.domains.items() if is_known(tx, name)), None)

    def _answer_endpoint(
        self, request: Request, address: tuple[str, str, str], request_id: str
    ) -> Response | Awaitable[Response]:
        label, name, path = address
        service, operation = self._api.endpoints[label]
        domain, name = (name, "") if "." in name else ("", name)
        visit = Visit(name, path, request, lambda tx: authenticate(self._api, tx, request), domain=domain)
        answers = EndpointAnswers(partial(self._measure, visit, self._store.clock.now_ms()))
        if self._is_behind(operation):
            return self._refuse(
                answers, AwsError("TooManyRequestsException", "Too Many Requests", status=429), request_id
            )
        called = f"{service}:{operation.name}"
        return Exchange(self, request, called, operation, {"visit": visit}, answers, request_id, ANONYMOUS).begin()

    def _measure(self, visit: Visit, began_ms: int, status: int) -> None:
        """Count an answered visit, where its handler said as what."""
        measured: Measured | None = visit.memory.get(MEASURED)
        if measured is not None:
            now_ms = self._store.clock.now_ms()
            self._store.tallies.add(measured.tallies(status, now_ms - began_ms), now_ms)

    def _tell_of_socket(self, upgrade: Upgrade, event: SocketEvent) -> Response | Awaitable[Response]:
        """Something has happened to an open socket: its handler's answer."""
        service, operation = self._api.sockets[upgrade.label]
        request_id = self._store.ids.uuid()
        answers, called = EndpointAnswers(), f"{service}:{operation.name}"
        params = {"event": event}
        return Exchange(self, Request("GET", "/"), called, operation, params, answers, request_id, ANONYMOUS).begin()


class Exchange:
    """One request on its way: what it needs to be run, to be looked at again, and to be answered."""

    __slots__ = (
        "_answer",
        "_answers",
        "_caller",
        "_gateway",
        "_name",
        "_operation",
        "_params",
        "_parked",
        "_request",
        "_started_ms",
        "_trace",
        "request_id",
    )

    def __init__(
        self,
        gateway: Gateway,
        request: Request,
        name: str,
        operation: Operation,
        params: dict[str, Any],
        answers: Answers,
        request_id: str,
        caller: Caller | None = None,
    ) -> None:
        self._gateway = gateway
        self._request = request
        self._name = name
        self._answers = answers
        self._operation = operation
        self._params = params
        self.request_id = request_id
        self._caller = caller
        self._answer: asyncio.Future[Response] = asyncio.get_running_loop().create_future()
        self._parked: asyncio.Future[bool] | None = None
        store = gateway._store
        self._started_ms = store.clock.now_ms()
        self._trace = request.headers.get("x-amzn-trace-id") or new_trace(
            self._started_ms, store.ids.uuid_by_time(self._started_ms)
        )

    def begin(self) -> Response | Awaitable[Response]:
        """Run the operation: the answer, or its promise."""
        store = self._gateway._store
        if self._operation.reads:
            if not store.reads_at_once:
                store.look(self._unit).add_done_callback(self._committed)
                return self._answer
            try:
                result, seq = store.read(self._unit)
            except WritesNeeded:
                pass  # it has something to record, after all: who was denied what
            except ContentElsewhere as away:
                self._wait_for(self._after(away), 0)
                return self._answer
            else:
                if isinstance(result, dict):
                    return self._serialize(result)
                self._wait_for(result, seq)
                return self._answer
        store.write(self._unit, arriving=True).add_done_callback(self._committed)
        return self._answer

    def leave(self) -> None:
        """Stop waiting, if that is what it does. What runs outside runs to its end, as on AWS."""
        if self._parked is not None:
            self._parked.cancel()

    def _unit(self, tx: Transaction) -> Answer:
        if self._caller is None:  # once: a session that ends while its call waits still gets its answer
            unknown = self._operation.public and not is_signed(self._request)
            self._caller = ANONYMOUS if unknown else authenticate(self._gateway._api, tx, self._request)
        call = self._call(tx, self._caller)
        return perform(call, self._name, self._params), tx.seq

    def _call(self, tx: Transaction, caller: Caller) -> Call:
        continues = "x-amzn-trace-id" in self._request.headers
        return Call(tx, caller, self._gateway._api, self._started_ms, self._trace, self.request_id, continues=continues)

    def _committed(self, ran: asyncio.Future[Answer]) -> None:
        try:
            result, seq = ran.result()
        except ContentElsewhere as away:
            self._wait_for(self._after(away), 0)
            return
        except Exception as error:
            self._write_down(error)
            self._tell(self._serialize_error(error))
            return
        if isinstance(result, dict):
            self._tell(self._serialize(result))
        else:
            self._wait_for(result, seq)

    def _write_down(self, error: Exception) -> None:
        """What a refused call leaves behind: a record of itself, where the error brings one."""
        note, caller = getattr(error, "note", None), self._caller
        if note is not None and caller is not None:
            self._gateway._store.write(lambda tx: deliveries.record(self._call(tx, caller), note))

    def _tell(self, response: Response) -> None:
        if not self._answer.done():  # it is done when the client has hung up
            self._answer.set_result(response)
        elif response.upgrade is not None:
            self._gateway.sockets.abandon(response.upgrade)

    def _wait_for(self, result: Pending | Outbound, seq: int) -> None:
        task = asyncio.create_task(self._wait(result, seq))
        self._gateway._exchanges[task] = self
        task.add_done_callback(self._waited)
        self._answer.add_done_callback(self._hung_up)

    def _waited(self, task: asyncio.Task[None]) -> None:
        self._gateway._exchanges.pop(task, None)
        if task.cancelled():
            self._answer.cancel()

    def _hung_up(self, answer: asyncio.Future[Response]) -> None:
        if answer.cancelled():
            self.leave()

    async def _wait(self, result: dict[str, Any] | Pending | Outbound, seq: int) -> None:
        """Park and look again, or have an edge do what the operation wants and settle it, until there is a result."""
        store = self._gateway._store
        try:
            while not isinstance(result, dict):
                if isinstance(result, Outbound):
                    outcome = await self._gateway._effects[result.effect](result.request)
                    result, seq = await self._settled(result, outcome)
                elif result.ends_ms is not None:
                    result, seq = await self._stand_in_line(result, seq)
                else:
                    await self._park(store.wakes.park(result.keys, seq, result.until_ms))
                    try:
                        result, seq = await store.write(self._unit)
                    except ContentElsewhere as away:
                        result = self._after(away)
            self._tell(self._serialize(result))
        except Exception as error:
            self._tell(self._serialize_error(error))

    async def _settled(self, outbound: Outbound, outcome: Any) -> Answer:
        while True:
            try:
                return await self._gateway._store.write(partial(self._settle, outbound, outcome))
            except ContentElsewhere as away:
                await self._gateway._effects[MOVE](away)

    def _after(self, away: ContentElsewhere) -> Outbound:
        """The same again, after content was moved."""
        return Outbound(MOVE, away, lambda call, _: perform(call, self._name, self._params))

    async def _stand_in_line(self, result: Any, seq: int) -> Answer:
        """Look whenever it is our turn, until there is something else than to wait; then it is the next one's."""
        store, key, called = self._gateway._store, result.keys[0], False
        try:
            while isinstance(result, Pending) and result.ends_ms is not None:
                again, called = called, False
                parked = store.wakes.stand_in_line(key, seq, result.ends_ms, result.until_ms, again=again)
                try:
                    await self._park(parked)
                finally:
                    called = parked.done() and not parked.cancelled() and parked.result()
                result, seq = await store.write(self._unit)
        finally:
            if called:
                store.wakes.call_next(key)
        return result, seq

    async def _park(self, parked: asyncio.Future[bool]) -> None:
        if self._answer.cancelled() or self._gateway._stopping:
            parked.cancel()
            raise asyncio.CancelledError
        self._parked = parked
        try:
            await parked
        finally:
            self._parked = None
        if self._answer.cancelled():
            raise asyncio.CancelledError  # nobody is there any more to whom it could be given

    def _settle(self, outbound: Outbound, outcome: Any, tx: Transaction) -> Answer:
        assert self._caller is not None
        return outbound.settle(self._call(tx, self._caller), outcome), tx.seq

    def _serialize(self, result: dict[str, Any]) -> Response:
        try:
            return self._answers.of(result, self.request_id)
        except Exception as error:
            return self._serialize_error(error)

    def _serialize_error(self, error: Exception) -> Response:
        return self._answers.of_error(told(error, self.request_id), self.request_id)


def new_trace(now_ms: int, uuid: str) -> str:
    """A new conversation's trace header, in X-Ray's form. Without ``Parent``, queues tell it from a caller's own."""
    return f"Root=1-{now_ms // 1000:08x}-{uuid.replace('-', '')[:24]};Sampled=1"
