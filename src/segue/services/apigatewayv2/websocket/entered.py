"""What happens on a connection, as integrations and authorizers are told of it.

Source: API Gateway developer guide, "API Gateway WebSocket API mapping template reference" and "Set up a Lambda proxy
integration for WebSocket APIs"; events as AWS's own examples show them.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Literal

import orjson

from segue.api import Call
from segue.api.access_logs import of_answer, write_line
from segue.api.http_payload import query_of, request_time, shown_headers
from segue.api.mapping_templates import Told
from segue.api.mapping_values import context_value, read_path
from segue.services.apigatewayv2.records import Served
from segue.wire.request import Request, Response

Document = dict[str, Any]
Kind = Literal["CONNECT", "MESSAGE", "DISCONNECT"]


@dataclass(frozen=True, slots=True)
class Connection:
    """One connection.

    Attributes:
        id: as clients and functions name it.
        at_ms: since when.
        stage: whose.
        domain: under which name.
        identity: where it comes from, and by whom.
        authorizer: what an authorizer has said of it.
    """

    id: str
    at_ms: int
    stage: str
    domain: str
    identity: Document
    authorizer: Document | None = None

    def document(self) -> Document:
        """As its row keeps it."""
        return {
            "stage": self.stage,
            "domain": self.domain,
            "identity": self.identity,
            "authorizer": self.authorizer,
        }


@dataclass(frozen=True)
class Entered:
    """Something that has happened on a connection, and the route that it takes.

    Attributes:
        call: on the authority of the service for this route of this API.
        text: the message.
        request: of a connection that is being made.
        code, reason: why a connection has ended.
        memory: what is known already when the handler is asked again.
    """

    call: Call
    served: Served
    stage: Document
    connection: Connection
    route_key: str
    kind: Kind
    text: str = ""
    request: Request | None = None
    code: int = 0
    reason: str = ""
    memory: Document = field(default_factory=dict)

    def on(self, call: Call) -> Entered:
        """The same in a later transaction."""
        return replace(self, call=call.as_caller(self.call.caller))

    @cached_property
    def route(self) -> Document:
        """The route's document; empty where the API has none of that key."""
        return next((route for route in self.served.all("Route") if route["RouteKey"] == self.route_key), {})

    @property
    def stage_variables(self) -> dict[str, str]:
        return dict(self.stage.get("StageVariables") or {})

    @property
    def request_id(self) -> str:
        return f"{self.call.request_id.replace('-', '')[:15]}="

    @property
    def route_arn(self) -> str:
        """What policies and permissions speak of."""
        return f"{self.served.api.arn}/{self.connection.stage}/{self.route_key}"

    @cached_property
    def context(self) -> Document:
        """``requestContext``, and ``$context`` of templates."""
        now_ms, connection = self.call.now_ms, self.connection
        context: Document = {
            "routeKey": self.route_key,
            "messageId": f"{self.call.request_id.replace('-', '')[-15:]}=" if self.kind == "MESSAGE" else None,
            "disconnectStatusCode": self.code or None,
            "authorizer": connection.authorizer,
            "eventType": self.kind,
            "extendedRequestId": self.request_id,
            "requestTime": request_time(now_ms),
            "messageDirection": "IN",
            "disconnectReason": self.reason if self.kind == "DISCONNECT" else None,
            "stage": connection.stage,
            "connectedAt": connection.at_ms,
            "requestTimeEpoch": now_ms,
            "identity": connection.identity,
            "requestId": self.request_id,
            "domainName": connection.domain,
            "connectionId": connection.id,
            "apiId": self.served.api.id,
        }
        return {name: value for name, value in context.items() if value is not None}

    @property
    def event(self) -> Document:
        """As functions get it."""
        event: Document = {}
        if self.kind == "CONNECT":
            event = self.request_members()
        elif self.kind == "DISCONNECT":
            headers = {"Host": self.connection.domain, "x-api-key": "", "X-Forwarded-For": "", "x-restapi": ""}
            event = {"headers": headers, "multiValueHeaders": {name: [value] for name, value in headers.items()}}
        if self.stage_variables:
            event["stageVariables"] = self.stage_variables
        event["requestContext"] = self.context
        if self.kind == "MESSAGE":
            event["body"] = self.text
        return {**event, "isBase64Encoded": False}

    def request_members(self) -> Document:
        """Headers and query of the request that makes the connection."""
        if self.request is None:
            return {}
        query = query_of(self.request)
        shown = {
            name.replace("Websocket", "WebSocket"): values
            for name, values in shown_headers({**self.request.headers, "host": self.connection.domain}).items()
        }
        event: Document = {
            "headers": {name: values[-1] for name, values in shown.items()},
            "multiValueHeaders": shown,
        }
        if query:
            event["queryStringParameters"] = {name: values[-1] for name, values in query.items()}
            event["multiValueQueryStringParameters"] = query
        return event

    @property
    def told(self) -> Told:
        """What templates know of it."""
        members = self.request_members()
        params = {
            "path": {},
            "querystring": members.get("queryStringParameters", {}),
            "header": members.get("headers", {}),
        }
        return Told(self.context, self.stage_variables, params)

    def value(self, name: str) -> Any:
        """What a name comes to: ``request.body.action``, ``context.connectionId``, ``stageVariables.v``, text in single
        quotes; ``None`` for what is not there.
        """
        if len(name) >= 2 and name[0] == name[-1] == "'":
            return name[1:-1]
        first, _, rest = name.removeprefix("route.").partition(".")
        if first == "stageVariables":
            return self.stage_variables.get(rest)
        if first == "context":
            return context_value(self.context, rest)
        kind, _, rest = rest.partition(".") if first == "request" else ("", "", "")
        if kind == "body":
            return read_path(self.text, rest) if rest else self.text
        if kind == "header" and self.request is not None:
            return self.request.headers.get(rest.lower())
        if kind == "querystring" and self.request is not None:
            found = query_of(self.request).get(rest)
            return found[-1] if found else None
        return None

    def said(self, message: str | None) -> bytes:
        """What the API itself says, of a request or of a message."""
        return orjson.dumps({"message": message, "connectionId": self.connection.id, "requestId": self.request_id})

    def refuse(self, status: int, message: str | None) -> Document:
        """The API's own answer: to a request for a connection its status counts, of a message its body is sent."""
        headers = {"content-type": "application/json", "x-amzn-requestid": self.call.request_id}
        return {"response": Response(status, headers, self.said(message))}


def reply(body: bytes = b"") -> Document:
    """What is sent to the client of a message, if anything."""
    return {"response": Response(200, {}, body)}


def logged(before: Entered, call: Call, result: Document) -> Document:
    """Write the stage's access log, if it has one."""
    settings = before.stage.get("AccessLogSettings") or {}
    if settings.get("DestinationArn") and settings.get("Format"):
        entered, api = before.on(call), before.served.api
        context = {**entered.context, **of_answer(result["response"], call.started_ms, call.now_ms)}
        source = f"arn:aws:apigateway:{api.region}:{api.account}:/apis/{api.id}/stages/{entered.connection.stage}"
        write_line(entered.call, source, settings["DestinationArn"], settings["Format"], context)
    return result
