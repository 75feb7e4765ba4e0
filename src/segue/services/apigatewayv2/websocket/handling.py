"""Messages, and the ends of connections.

Source: API Gateway developer guide, "Invoke your backend integration with the $default Route and custom routes in API
Gateway" and "Set up route responses for WebSocket APIs"; what is told of ends: AWS's logs, as in issue 3789 of boto3.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from segue import jobs
from segue.api import Call, sockets
from segue.api.access_logs import finally_do
from segue.api.call import Result
from segue.api.caller import service_caller
from segue.api.sockets import Socket, SocketEvent
from segue.jobs import Job, Outbound, Pending
from segue.services.apigatewayv2 import records
from segue.services.apigatewayv2.records import Served
from segue.services.apigatewayv2.service import PRINCIPAL, SERVICE
from segue.services.apigatewayv2.websocket.connecting import LABEL
from segue.services.apigatewayv2.websocket.entered import Connection, Entered, Kind, logged, reply
from segue.services.apigatewayv2.websocket.integrations import Outcome, integrate
from segue.services.apigatewayv2.websocket.keys import admit
from segue.services.apigatewayv2.websocket.selection import DEFAULT, selected

DISCONNECT = "$disconnect"
_RESERVED = ("$connect", DISCONNECT)
_DISCONNECT_JOB = f"{SERVICE.name}:disconnect"
_MOST_ATTEMPTS = 3


@SERVICE.socket(LABEL)
def happened(call: Call, params: dict[str, Any]) -> Result:
    """A message has come over a connection, or it has ended."""
    event: SocketEvent = params["event"]
    socket = sockets.find_socket(call.tx, event.socket_id, ended=event.text is None)
    if socket is None:
        return reply()
    if event.text is None:
        return _ended(call, socket, event)
    served = records.served(call.tx, socket.owner)
    if served is None:
        sockets.end(call.tx, socket.id)
        return reply()
    sockets.was_active(call.tx, socket.id)
    entered = _entered(call, served, socket.id, socket.opened_at_ms, socket.document, DEFAULT, "MESSAGE", event)
    key = _route_key(entered)
    entered = _entered(call, served, socket.id, socket.opened_at_ms, socket.document, key, "MESSAGE", event)
    return finally_do(entered.call, _answered(entered), partial(logged, entered))


def _answered(entered: Entered) -> Result:
    if not entered.route.get("Target"):
        return entered.refuse(403, "Forbidden")
    return admit(entered) or integrate(entered, _came)


def _entered(
    call: Call,
    served: Served,
    socket_id: str,
    opened_at_ms: int,
    document: dict[str, Any],
    key: str,
    kind: Kind,
    event: SocketEvent,
) -> Entered:
    known = Connection(socket_id, opened_at_ms, **document)
    stage = served.part("Stage", known.stage) or {"StageName": known.stage}
    owned = call.as_caller(service_caller(PRINCIPAL, f"{served.api.arn}/{known.stage}/{key}"))
    text, memory = event.text or "", event.memory
    return Entered(owned, served, stage, known, key, kind, text, code=event.code, reason=event.reason, memory=memory)


def _route_key(entered: Entered) -> str:
    """The route of a message: the one that its selection comes to, else the default one."""
    expression = str(entered.served.api.document.get("RouteSelectionExpression") or "")
    key = selected(expression, entered.value)
    keys = {route["RouteKey"] for route in entered.served.all("Route")}
    return key if key in keys and key not in _RESERVED else DEFAULT


def _came(entered: Entered, outcome: Outcome) -> Result:
    """What is sent of what came from behind: errors always, answers where the route has a response."""
    if outcome.failed:
        return entered.refuse(500, "Internal server error")
    route = entered.route
    answers = route.get("RouteResponseSelectionExpression") and entered.served.below("RouteResponse", route["RouteId"])
    return reply(outcome.body if answers else b"")


# Ends


def _ended(call: Call, socket: Socket, event: SocketEvent) -> dict[str, Any]:
    sockets.forget(call.tx, socket.id)
    served = records.served(call.tx, socket.owner)
    if served is not None and any(route["RouteKey"] == DISCONNECT for route in served.all("Route")):
        payload = {
            "api": socket.owner,
            "opened_at_ms": socket.opened_at_ms,
            "document": socket.document,
            "code": event.code,
            "reason": event.reason,
        }
        jobs.enqueue(call.tx, _DISCONNECT_JOB, socket.id, payload, trace=call.trace)
    return reply()


@SERVICE.job("disconnect")
def disconnect(call: Call, job: Job) -> Pending | Outbound | None:
    """Have the ``$disconnect`` route know; nobody waits for what it says, and AWS does not promise to ask again."""
    said = job.payload
    served = records.served(call.tx, said["api"])
    if served is None or job.attempts > _MOST_ATTEMPTS:
        return None
    event = SocketEvent(job.key, code=said["code"], reason=said["reason"])
    entered = _entered(call, served, job.key, said["opened_at_ms"], said["document"], DISCONNECT, "DISCONNECT", event)
    if not entered.route.get("Target"):
        return None
    result = integrate(entered, lambda entered, outcome: reply())
    return _nobody_waits(finally_do(entered.call, result, partial(logged, entered)))


def _nobody_waits(result: Result) -> Pending | Outbound | None:
    if isinstance(result, Outbound):

        def settle(call: Call, outcome: Any) -> Any:
            return _nobody_waits(result.settle(call, outcome))

        return Outbound(result.effect, result.request, settle)
    return None if isinstance(result, dict) else result
