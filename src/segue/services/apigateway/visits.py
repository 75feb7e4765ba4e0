"""A request to a REST API: stage, resource, method, authorization, key, validation, integration.

Source: API Gateway developer guide, "REST APIs" with its chapters on methods, gateway responses and API keys.
"""

from __future__ import annotations

from segue.api import Call
from segue.api.call import Result
from segue.api.caller import service_caller
from segue.api.endpoint import Visit
from segue.api.http_payload import decoded
from segue.errors import AwsError
from segue.services.apigateway import records
from segue.services.apigateway.authorizers import authorize
from segue.services.apigateway.entered import Entered, refuse
from segue.services.apigateway.integrations import integrate
from segue.services.apigateway.keys import opens
from segue.services.apigateway.records import Document
from segue.services.apigateway.routing import find_method, find_resource
from segue.services.apigateway.service import PRINCIPAL, SERVICE
from segue.services.apigateway.validation import complaint

MAX_BODY_BYTES = 10 * 1024 * 1024


@SERVICE.internal("Visit", action=None)
def visited(call: Call, params: Document) -> Result:
    """Answer a request to an API; those who may are found out here."""
    visit: Visit = params["visit"]
    owner = records.owner_of(call.tx, visit.id)
    if owner is None:
        raise AwsError("NotFoundException", "Not Found", status=404)
    name, _, rest = visit.path.removeprefix("/").partition("/")
    stage = records.find_stage(call.tx, visit.id, decoded(name)) if name else None
    content = records.snapshot(call.tx, visit.id, stage["deploymentId"]) if stage else None
    if stage is None or content is None:
        stage, content, rest = {"stageName": decoded(name)}, {"disableExecuteApiEndpoint": True}, rest
    path = decoded(f"/{rest}")
    found = find_resource(content.get("resources", {}), path)
    method = find_method(found[0], visit.request.method) if found else None
    resource, variables = (dict(found[0]), found[1]) if found else ({}, {})
    source = _source(owner, visit, stage, resource, method)
    owned = call.as_caller(service_caller(PRINCIPAL, source))
    entered = Entered(
        owned, owner[0], owner[1], visit.id, content, stage, visit, path, resource, method or {}, variables
    )
    if content.get("disableExecuteApiEndpoint"):
        return refuse(entered, "INVALID_API_KEY")  # 403 Forbidden, as AWS has it
    if method is None:
        return refuse(entered, "MISSING_AUTHENTICATION_TOKEN")
    if len(visit.request.body) > MAX_BODY_BYTES:
        return refuse(entered, "REQUEST_TOO_LARGE")
    return authorize(entered, _admitted)


def _source(owner: tuple[str, str], visit: Visit, stage: Document, resource: Document, method: Document | None) -> str:
    """What permissions of functions speak of: the method as it is declared, the path with its variables' names."""
    account, region = owner
    verb = (method or {}).get("httpMethod", visit.request.method)
    arn = f"arn:aws:execute-api:{region}:{account}:{visit.id}/{stage['stageName']}"
    return f"{arn}/{'*' if verb == 'ANY' else verb}{resource.get('path', '/')}"


def _admitted(entered: Entered) -> Result:
    """Whoever may: the key that the method asks for, what it wants of the request, and what is behind it."""
    if entered.method.get("apiKeyRequired"):
        value = _key(entered)
        stage = str(entered.stage["stageName"])
        key = opens(entered.call, entered.account, entered.region, value, entered.api_id, stage) if value else None
        if key is None:
            return refuse(entered, "INVALID_API_KEY")
        entered.visit.memory["api_key"] = key
    wrong = complaint(entered)
    if wrong is not None:
        return refuse(entered, *wrong)
    return integrate(entered)


def _key(entered: Entered) -> str:
    if entered.content.get("apiKeySource") == "AUTHORIZER":
        return str(entered.visit.memory.get("usage_key") or "")
    return entered.visit.request.header("x-api-key")
