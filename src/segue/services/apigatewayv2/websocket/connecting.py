"""A request to a WebSocket API: for a connection, or (``/@connections``) of whoever speaks to one.

Source: API Gateway developer guide, "Manage connected users and client apps: $connect and $disconnect routes", "Set up
a $connect route that requires a WebSocket subprotocol", "Use @connections commands in your backend service".
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

from segue.api import Call, sockets
from segue.api.access_logs import finally_do
from segue.api.call import Result
from segue.api.caller import service_caller
from segue.api.endpoint import Visit
from segue.api.http_payload import decoded, source_ip
from segue.api.sockets import Socket
from segue.errors import AwsError
from segue.services.apigatewayv2.records import Served
from segue.services.apigatewayv2.service import PRINCIPAL
from segue.services.apigatewayv2.websocket.authorizers import authorize
from segue.services.apigatewayv2.websocket.entered import Connection, Entered, logged
from segue.services.apigatewayv2.websocket.integrations import Outcome, integrate
from segue.services.apigatewayv2.websocket.keys import admit
from segue.wire.parse import parse
from segue.wire.request import Request, Response, Upgrade
from segue.wire.route import route
from segue.wire.serialize import serialize, serialize_error

LABEL = "execute-api"
CONNECT = "$connect"
_MANAGEMENT = "apigatewaymanagementapi"
_MANAGED = "/@connections/"

MESSAGE_BYTES, FRAME_BYTES = 128 * 1024, 32 * 1024
IDLE_MS, LIFETIME_MS = 10 * 60_000, 2 * 3_600_000
"""Source: API Gateway developer guide, "Quotas for configuring and running a WebSocket API"."""


def visited(call: Call, served: Served, visit: Visit, stage_name: str, path: str) -> Result:
    """Answer a request.

    Args:
        stage_name, path: the stage that is asked for, and what of it.
    """
    if path.startswith(_MANAGED):
        return _manage(call, visit, path)
    stage = served.part("Stage", stage_name)
    entered = _entered(call, served, visit, stage or {"StageName": stage_name})
    if stage is None or path != "/":
        return entered.refuse(403, "Forbidden")
    if not sockets.wants_socket(visit.request):
        refused = entered.refuse(426, "Upgrade Required")
        refused["response"].headers |= {"upgrade": "websocket", "sec-websocket-version": "13"}
        return refused
    if sockets.handshake_key(visit.request) is None:
        return entered.refuse(400, "Bad Request")
    result = authorize(entered, partial(visit.authenticate, call.tx), _authorized)
    return finally_do(entered.call, result, partial(logged, entered))


def _entered(call: Call, served: Served, visit: Visit, stage: dict[str, Any]) -> Entered:
    memory, api = visit.memory, served.api
    if "connection_id" not in memory:  # what looks again is the same connection still
        memory["connection_id"] = f"{call.tx.ids.token(11)[:15].replace('/', '_').replace('+', '-')}="
        memory["connected_at_ms"] = call.now_ms
    request = visit.request
    agent = {"userAgent": request.headers["user-agent"]} if "user-agent" in request.headers else {}
    connection = Connection(
        memory["connection_id"],
        memory["connected_at_ms"],
        str(stage["StageName"]),
        visit.domain or f"{api.id}.execute-api.{api.region}.amazonaws.com",
        {**agent, "sourceIp": source_ip(request)},
    )
    owned = call.as_caller(service_caller(PRINCIPAL, f"{api.arn}/{connection.stage}/{CONNECT}"))
    return Entered(owned, served, stage, connection, CONNECT, "CONNECT", request=request, memory=memory)


def _authorized(entered: Entered) -> Result:
    refusal = admit(entered)
    if refusal is not None:
        return refusal
    if not entered.route.get("Target"):
        return _accept(entered, {})
    return integrate(entered, _connected)


def _connected(entered: Entered, outcome: Outcome) -> Result:
    if outcome.failed:
        return entered.refuse(outcome.status, "Internal server error")
    if not 200 <= outcome.status < 300:
        if not outcome.body:
            return entered.refuse(outcome.status, "Forbidden" if outcome.status == 403 else None)
        kind = outcome.headers.get("content-type", "application/json")
        return {"response": Response(outcome.status, {"content-type": kind}, outcome.body)}
    protocol = outcome.headers.get("sec-websocket-protocol")
    return _accept(entered, {"sec-websocket-protocol": protocol} if protocol else {})


def _accept(entered: Entered, headers: dict[str, str]) -> Result:
    assert entered.request is not None
    accepted = sockets.handshake_key(entered.request)
    assert accepted is not None
    connection, call, api = entered.connection, entered.call, entered.served.api
    node, now_ms = call.api.node, call.now_ms
    socket = Socket(connection.id, LABEL, api.id, node, connection.at_ms, now_ms, connection.document())
    upgrade = Upgrade(LABEL, socket.id, MESSAGE_BYTES, FRAME_BYTES, IDLE_MS, LIFETIME_MS)
    return sockets.accept(call, socket, accepted, upgrade, headers)


# Speaking to connections


def _manage(call: Call, visit: Visit, path: str) -> Result:
    """An operation of the management API, at the API's own address."""
    name = decoded(path.removeprefix(_MANAGED)).strip("/")
    request = replace(visit.request, path=f"{_MANAGED}{name.replace('/', '%2F')}", query="")
    try:
        taken = route(Request(request.method, request.path), (_MANAGEMENT,))
    except AwsError:
        taken = None
    if taken is None:
        body = b'{"message":"Missing Authentication Token"}'
        return {"response": Response(403, {"content-type": "application/json"}, body)}
    try:
        caller = visit.authenticate(call.tx)
        result = call.as_caller(caller).perform(f"{_MANAGEMENT}:{taken.operation.name}", parse(taken, request))
    except AwsError as error:
        return {"response": serialize_error(taken.protocol, taken.service, error, call.request_id)}
    assert isinstance(result, dict)
    return {"response": serialize(taken, result, call.request_id)}
