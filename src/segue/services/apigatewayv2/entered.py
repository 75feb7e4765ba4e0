"""A request that has found its route in an HTTP API, and the answers of the API itself."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import orjson

from segue.api import Call
from segue.api.cors import cors_headers
from segue.api.endpoint import Visit
from segue.api.http_payload import Asked
from segue.services.apigatewayv2.apis import DEFAULT_STAGE
from segue.services.apigatewayv2.records import HttpApi, Served
from segue.wire.request import Response


@dataclass(frozen=True, slots=True)
class Entered:
    """A request that has found its route.

    Attributes:
        call: on the authority of the service for this route of this API.
        path: within the stage, decoded.
        variables: of the path.
    """

    call: Call
    served: Served
    visit: Visit
    stage: dict[str, Any]
    path: str
    route: dict[str, Any]
    variables: dict[str, str]

    @property
    def api(self) -> HttpApi:
        return self.served.api

    @property
    def stage_name(self) -> str:
        return str(self.stage["StageName"])

    @property
    def domain(self) -> str:
        """Under which name it was asked."""
        return self.visit.domain or f"{self.api.id}.execute-api.{self.api.region}.amazonaws.com"

    @property
    def request_id(self) -> str:
        """As HTTP APIs have it: not a UUID."""
        return f"{self.call.request_id.replace('-', '')[:15]}="

    def within(self, call: Call) -> Entered:
        """The same request in another transaction: the one that settles what it has asked for."""
        return replace(self, call=call.as_caller(self.call.caller))

    def asked(self, **more: Any) -> Asked:
        """What events tell of it."""
        at_stage = self.stage_name == DEFAULT_STAGE or bool(self.visit.domain)
        shown = f"{self.visit.base}{self.path}" if at_stage else f"/{self.stage_name}{self.path}"
        return Asked(
            request_id=self.request_id,
            now_ms=self.call.now_ms,
            account=self.api.account,
            api_id=self.api.id,
            stage=self.stage_name,
            domain=self.domain,
            path=shown,
            route_key=self.route["RouteKey"],
            resource=self.route["RouteKey"].partition(" ")[2] or "$default",
            path_parameters=self.variables,
            stage_variables=self.stage.get("StageVariables"),
            authorizer=self.visit.memory.get("authorizer"),
            **more,
        )


def answer(api: HttpApi, visit: Visit, status: int, message: str) -> dict[str, Any]:
    """An answer of the API itself."""
    body = orjson.dumps({"message": message})
    return finished(api, visit, Response(status, {"content-type": "application/json"}, body))


def finished(api: HttpApi, visit: Visit, response: Response) -> dict[str, Any]:
    """An answer, with what the API's CORS configuration adds."""
    response.headers.update(cors_headers(api.document.get("CorsConfiguration"), visit.request))
    return {"response": response}
