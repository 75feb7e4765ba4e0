"""Requests of services that are sent elsewhere: found, handed on as they came, answered as they are answered."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from segue.api import Api, Call
from segue.api.authorize import authorize_action
from segue.api.forward import AWS, Forward, ForwardRequest, Forwards, unreachable
from segue.api.http_effect import HttpFailure
from segue.config import DEFAULT_REGION
from segue.errors import AwsError
from segue.gateway.answers import ApiAnswers, told
from segue.gateway.arriving import ArrivingBody
from segue.gateway.authenticate import authenticate
from segue.store.store import Store
from segue.wire.aws_chunked import is_chunked, unframe
from segue.wire.model import load_service
from segue.wire.request import Request, Response
from segue.wire.route import Route, route
from segue.wire.sigv4 import Credential, parse_authorization

Found = tuple[Forward, str, Route | None]
"""Where to, the service's name, and what the request means as far as that is known."""


class Forwarding:
    """The forwards of a server, as the gateway uses them.

    Args:
        forwards: which there are.
        api, store: to know who asks.
        send: the effect that sends.
    """

    def __init__(self, forwards: Forwards, api: Api, store: Store, send: Callable[[Any], Awaitable[Any]]) -> None:
        self._forwards, self._api, self._store, self._send = forwards, api, store, send
        self._services = tuple(dict.fromkeys((*api.services, *forwards.named)))
        self._names_of: dict[str, list[str]] = {}
        for name in self._services:
            self._names_of.setdefault(load_service(name).signing_name, []).append(name)
        self._named_targets = {load_service(name).target_prefix: name for name in forwards.named}

    def find(self, request: Request) -> Found | None:
        """Where a request goes; ``None``: it is answered here."""
        credential = parse_authorization(request)
        try:
            found = route(request, self._services)
        except AwsError:
            return self._by_signature(request, credential)
        if credential is not None and credential.service not in self._names_of and self._forwards.others is not None:
            return self._forwards.others, credential.service, None  # it only looks like one of ours
        forward = self._forwards.of(found.service.name)
        return (forward, found.service.name, found) if forward is not None else None

    def _by_signature(self, request: Request, credential: Credential | None) -> Found | None:
        """Of a request that says nothing that a model knows: an operation may be newer than the models."""
        target = request.headers.get("x-amz-target", "").rpartition(".")[0]
        named = self._named_targets.get(target)
        if named is not None and (forward := self._forwards.of(named)) is not None:
            return forward, named, None
        if credential is None:
            others = self._forwards.others
            return (others, "", None) if others is not None and target else None
        names = self._names_of.get(credential.service)
        if names is None:
            others = self._forwards.others
            return (others, credential.service, None) if others is not None else None
        given = ((self._forwards.of(name), name) for name in names)
        return next(((forward, name, None) for forward, name in given if forward is not None), None)

    def receive(self, head: Request) -> ArrivingBody | None:
        """Where the large body of a request goes that is sent elsewhere: to the disk, until it is sent on."""
        found = self.find(head)
        if found is None:
            return None
        return ArrivingBody(head, self._api.blobs, passes=True, framed=found[0].signing == "keep")

    async def answer(self, request: Request, found: Found, request_id: str) -> Response:
        """The other side's answer; where there is none, or who asks may not, AWS's error in the request's protocol."""
        try:
            return await self._pass(request, found)
        except Exception as error:
            return ApiAnswers(request, found[2]).of_error(told(error, request_id), request_id)

    async def _pass(self, request: Request, found: Found) -> Response:
        forward, service, known = found
        file = ""
        if isinstance(request.arriving, ArrivingBody):
            file = await request.arriving.pass_on(request)
        elif forward.signing != "keep" and is_chunked(request.headers):
            unframe(request)
        if forward.signing != "keep":
            await self._check(request, service, known)
        credential = parse_authorization(request)
        signed_for = credential.service if credential is not None else _signing_name(service)
        region = credential.region if credential is not None else DEFAULT_REGION
        given = ForwardRequest(forward, signed_for, region, request, file, streams=True)
        outcome = await self._send(given)
        if isinstance(outcome, HttpFailure):
            raise unreachable(forward, service, outcome)
        answer: Response = outcome
        return answer

    async def _check(self, request: Request, service: str, known: Route | None) -> None:
        """Who has the server's own credentials sign must be who he says and, where policies count, be allowed to."""

        def look(tx: Any) -> None:
            caller = authenticate(self._api, tx, request)
            if self._api.settings.iam == "enforce":
                call = Call(tx, caller, self._api, tx.now_ms)
                name = known.operation.name if known is not None else "*"
                prefix = _signing_name(service)
                authorize_action(call, self._api.service(service or AWS), f"{prefix}:{name}", "*")

        await self._store.look(look)


def _signing_name(service: str) -> str:
    try:
        return load_service(service).signing_name
    except KeyError:
        return service
