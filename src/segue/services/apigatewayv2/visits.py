"""A request to an HTTP API: stage, route, authorizer, integration, answer.

Source: API Gateway developer guide, "Create HTTP APIs" with its chapters on routes, stages, CORS and authorizers. The
messages are those that AWS answers: ``Not Found``, ``Unauthorized``, ``Forbidden``, ``Internal Server Error``.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from segue.api import Call
from segue.api.access_logs import finally_do, of_answer, write_line
from segue.api.call import Result
from segue.api.caller import service_caller
from segue.api.cors import preflight
from segue.api.endpoint import MEASURED, Measured, Visit
from segue.api.http_payload import decoded
from segue.errors import AwsError
from segue.services.apigatewayv2 import domains, records
from segue.services.apigatewayv2.apis import DEFAULT_STAGE
from segue.services.apigatewayv2.authorizers import authorize
from segue.services.apigatewayv2.entered import Entered, answer
from segue.services.apigatewayv2.integrations import integrate
from segue.services.apigatewayv2.mapping import context_of
from segue.services.apigatewayv2.records import Served
from segue.services.apigatewayv2.service import PRINCIPAL, SERVICE
from segue.services.apigatewayv2.throttling import is_throttled
from segue.services.apigatewayv2.websocket import connecting


@SERVICE.endpoint("execute-api")
def visited(call: Call, params: dict[str, Any]) -> Result:
    """Answer a request to an API."""
    visit: Visit = params["visit"]
    if visit.domain:
        found_by_name = domains.resolve(call.tx, visit)
        if found_by_name is None:
            raise AwsError("ForbiddenException", "Forbidden", status=403)
        visit = found_by_name
        params = {"visit": visit}
    served = records.served(call.tx, visit.id)
    if served is None:  # a REST API has the same kind of address
        return call.perform("apigateway:Visit", params)
    api = served.api
    if api.document.get("DisableExecuteApiEndpoint") and not visit.domain:
        raise AwsError("NotFoundException", "Not Found", status=404)
    if api.is_websocket:
        if visit.stage:
            return connecting.visited(call, served, visit, visit.stage, visit.path)
        name, _, rest = visit.path.removeprefix("/").partition("/")
        return connecting.visited(call, served, visit, decoded(name), f"/{rest}")
    return _ask_http(call, served, visit)


def _ask_http(call: Call, served: Served, visit: Visit) -> Result:
    api = served.api
    if visit.stage:
        stage, path = served.part("Stage", visit.stage), decoded(visit.path)
    else:
        stage, path = _stage(served, visit.path)
    _measure(served, visit, stage)
    allowed = preflight(api.document.get("CorsConfiguration"), visit.request)
    if allowed is not None:
        return {"response": allowed}
    if stage is None:
        return answer(api, visit, 404, "Not Found")
    found = served.router.find(visit.request.method, path)
    if found is None or not found[0].get("Target"):
        return answer(api, visit, 404, "Not Found")
    route = dict(found[0])
    key = route["RouteKey"]
    method, pattern = ("*", "$default") if key == DEFAULT_STAGE else key.split(" ", 1)
    method = "*" if method == "ANY" else method
    source = f"{api.arn}/{stage['StageName']}/{method}/{pattern.removeprefix('/')}"
    owned = call.as_caller(service_caller(PRINCIPAL, source))
    if "admitted" not in visit.memory and is_throttled(call.tx, api.id, stage, key):
        return answer(api, visit, 429, "Too Many Requests")
    visit.memory["admitted"] = True
    entered = Entered(owned, served, visit, stage, path, route, found[1])
    return finally_do(owned, authorize(entered, integrate), partial(_logged, entered))


def _logged(before: Entered, call: Call, result: dict[str, Any]) -> dict[str, Any]:
    """Write the stage's access log, if it has one."""
    settings = before.stage.get("AccessLogSettings") or {}
    if settings.get("DestinationArn") and settings.get("Format"):
        entered = before.within(call)
        context = {**context_of(entered), **of_answer(result["response"], call.started_ms, call.now_ms)}
        source = f"arn:aws:apigateway:{entered.api.region}:{entered.api.account}:/apis/{entered.api.id}/stages/"
        destination, line = settings["DestinationArn"], settings["Format"]
        write_line(entered.call, source + entered.stage_name, destination, line, context)
    return result


def _measure(served: Served, visit: Visit, stage: dict[str, Any] | None) -> None:
    """Have the visit counted when it is answered: by API, and by API and stage.

    Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-metrics.html
    """
    own = ("ApiId", served.api.id)
    dimensions = ((own,), (own, ("Stage", stage["StageName"]))) if stage is not None else ((own,),)
    api = served.api
    names = ("Count", "4xx", "5xx", "Latency")
    visit.memory[MEASURED] = Measured(api.account, api.region, "AWS/ApiGateway", dimensions, names)


def _stage(served: Served, path: str) -> tuple[dict[str, Any] | None, str]:
    """The stage that the first part of a path names, with the rest; else the default one."""
    first, _, rest = path.removeprefix("/").partition("/")
    named = served.part("Stage", decoded(first)) if first else None
    if named is not None and first != DEFAULT_STAGE:
        return named, decoded(f"/{rest}")
    return served.part("Stage", DEFAULT_STAGE), decoded(path)
