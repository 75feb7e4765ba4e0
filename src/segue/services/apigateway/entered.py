"""A request that has found its method in a REST API, what can be known of it by name, and the API's own answers."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from segue.api import Call
from segue.api.endpoint import Visit
from segue.api.http_payload import Asked, query_of, request_v1
from segue.api.mapping_templates import Told
from segue.api.mapping_values import context_value, plain, read_path
from segue.services.apigateway.records import Document
from segue.services.apigateway.refusals import DEFAULTS, refusal
from segue.wire.request import Response


@dataclass(frozen=True)
class Entered:
    """A request that has found its method.

    Attributes:
        call: on the authority of the service for this method of this API.
        account, region, api_id: whose API it is.
        content: the deployment: nobody may change it.
        stage: the stage's document.
        path: within the stage, decoded.
        resource, method: what the request has taken (empty where it has found none).
        variables: of the path.
    """

    call: Call
    account: str
    region: str
    api_id: str
    content: Document
    stage: Document
    visit: Visit
    path: str
    resource: Document
    method: Document
    variables: dict[str, str]

    def on(self, call: Call) -> Entered:
        """The same request in a later transaction."""
        return replace(self, call=call.as_caller(self.call.caller))

    @property
    def integration(self) -> Document:
        found: Document = self.method.get("methodIntegration", {})
        return found

    @property
    def stage_variables(self) -> dict[str, str]:
        return dict(self.stage.get("variables") or {})

    @property
    def method_arn(self) -> str:
        """What policies of authorizers speak of: the request's own method and path."""
        arn = f"arn:aws:execute-api:{self.region}:{self.account}:{self.api_id}"
        return f"{arn}/{self.stage['stageName']}/{self.visit.request.method}/{self.path.removeprefix('/')}"

    @cached_property
    def event(self) -> Document:
        """The request as functions get it (payload format 1.0)."""
        key = self.visit.memory.get("api_key")
        identity = {"apiKey": key["value"], "apiKeyId": key["id"]} if key else {}
        asked = Asked(
            request_id=self.call.request_id,
            now_ms=self.call.now_ms,
            account=self.account,
            api_id=self.api_id,
            stage=str(self.stage["stageName"]),
            domain=self.visit.domain or f"{self.api_id}.execute-api.{self.region}.amazonaws.com",
            path=f"{self.visit.base}{self.path}",
            route_key=f"{self.visit.request.method} {self.resource.get('path', self.path)}",
            resource=self.resource.get("path", self.path),
            path_parameters=self.variables,
            stage_variables=self.stage_variables,
            authorizer=self.visit.memory.get("authorizer"),
            identity={**identity, **self.visit.memory.get("identity", {})},
        )
        event = request_v1(asked, self.visit.request)
        event["requestContext"]["resourceId"] = self.resource.get("id", "")
        if self.visit.domain:  # there is no stage in the path of a name
            event["requestContext"]["path"] = event["path"]
        return event

    @property
    def told(self) -> Told:
        """What templates know of the request."""
        event = self.event
        params = {
            "path": dict(self.variables),
            "querystring": dict(event["queryStringParameters"] or {}),
            "header": dict(event["headers"]),
        }
        return Told(event["requestContext"], self.stage_variables, params)

    @property
    def text(self) -> str:
        """The body as text."""
        return self.visit.request.body.decode("utf-8", "replace")

    def value(self, name: str) -> Any:
        """What a name of the developer guide's "Mapping variables" comes to: ``method.request.header.X``,
        ``context.requestId``, ``stageVariables.v``, text in single quotes; ``None`` for what is not there.
        """
        if len(name) >= 2 and name[0] == name[-1] == "'":
            return name[1:-1]
        first, _, rest = name.partition(".")
        if first == "stageVariables":
            return self.stage_variables.get(rest)
        if first == "context":
            return context_value(self.event["requestContext"], rest)
        if name.startswith("method.request."):
            return self._of_request(name.removeprefix("method.request."))
        return None

    def _of_request(self, name: str) -> Any:
        kind, _, rest = name.partition(".")
        request = self.visit.request
        match kind:
            case "header" | "multivalueheader":
                return request.headers.get(rest.lower())
            case "querystring":
                found = query_of(request).get(rest)
                return found[-1] if found else None
            case "multivaluequerystring":
                return query_of(request).get(rest)
            case "path":
                return self.variables.get(rest)
            case "body":
                return read_path(self.text, rest) if rest else self.text
            case _:
                return None


def refuse(entered: Entered, kind: str, message: str = "", status: int = 0, details: str = "") -> Document:
    """The API's own answer in a case. ``details``: why a request does not fit its model."""
    accept = entered.visit.request.header("accept").partition(",")[0].strip()
    said = entered.content.get("gatewayResponses", {})
    words = message or DEFAULTS[kind].message
    entered.visit.memory["error"] = {
        "error.message": words,
        "error.responseType": kind,
        "error.validationErrorString": details,
    }
    in_text = {"context.error.validationErrorString": json.dumps(details, ensure_ascii=False)[1:-1]}

    def value(name: str) -> Any:
        return in_text[name] if name in in_text else plain(entered.value(name))

    response = refusal(kind, message, said, value, status=status, accept=accept)
    return finished(entered, response)


def finished(entered: Entered, response: Response) -> Document:
    """An answer, with the headers that all answers have."""
    request_id = entered.call.request_id
    short = request_id.replace("-", "")
    response.headers.setdefault("x-amzn-requestid", request_id)
    response.headers.setdefault("x-amz-apigw-id", f"{short[:15]}=")
    if entered.call.trace:
        response.headers.setdefault("x-amzn-trace-id", entered.call.trace.partition(";")[0])
    kinds = entered.content.get("endpointConfiguration", {}).get("types") or ["EDGE"]
    if "EDGE" in kinds:  # what AWS's edge adds (conformance group sfn-task-apigateway)
        response.headers |= {
            "Via": "1.1 segue.cloudfront.net (CloudFront)",
            "X-Amz-Cf-Id": short,
            "X-Amz-Cf-Pop": "SEGUE-P1",
            "X-Cache": "Miss from cloudfront" if response.status < 400 else "Error from cloudfront",
        }
    response.headers = {_SPELLED.get(name, name): value for name, value in response.headers.items()}
    return {"response": response}


_SPELLED = {
    "content-type": "Content-Type",
    "x-amzn-requestid": "x-amzn-RequestId",
    "x-amzn-trace-id": "X-Amzn-Trace-Id",
    "x-amzn-errortype": "x-amzn-ErrorType",
}
"""Headers as AWS spells them, for those who compare spellings."""
