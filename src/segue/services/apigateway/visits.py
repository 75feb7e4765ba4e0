"""A request to a REST API: stage, resource, method, authorization, key, validation, integration.

Source: API Gateway developer guide, "REST APIs" with its chapters on methods, gateway responses and API keys.
"""

from __future__ import annotations

from functools import partial

from segue.api import Call, throttles
from segue.api.access_logs import finally_do, of_answer, write_line
from segue.api.call import Result
from segue.api.caller import service_caller
from segue.api.endpoint import Visit
from segue.api.http_payload import decoded
from segue.errors import AwsError
from segue.services.apigateway import metrics, policies, records
from segue.services.apigateway.authorizers import authorize
from segue.services.apigateway.entered import Entered, refuse
from segue.services.apigateway.integrations import integrate
from segue.services.apigateway.records import Document
from segue.services.apigateway.routing import find_method, find_resource
from segue.services.apigateway.service import PRINCIPAL, SERVICE
from segue.services.apigateway.usage import INVALID, QUOTA, THROTTLED
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
    if visit.stage:
        name, rest = visit.stage, visit.path.removeprefix("/")
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
    metrics.measure(call, entered)
    return finally_do(owned, _answered(entered), partial(_logged, entered))


def _answered(entered: Entered) -> Result:
    if entered.content.get("disableExecuteApiEndpoint") and not (
        entered.visit.domain and "deploymentId" in entered.stage
    ):
        return refuse(entered, "INVALID_API_KEY")  # 403 Forbidden, as AWS has it
    if not entered.method:
        return refuse(entered, "MISSING_AUTHENTICATION_TOKEN")
    if len(entered.visit.request.body) > MAX_BODY_BYTES:
        return refuse(entered, "REQUEST_TOO_LARGE")
    return authorize(entered, _admitted)


def _logged(before: Entered, call: Call, result: Document) -> Document:
    """Write the stage's access log, if it has one."""
    settings = before.stage.get("accessLogSettings") or {}
    if settings.get("destinationArn") and settings.get("format"):
        entered, response = before.on(call), result["response"]
        known = of_answer(response, call.started_ms, call.now_ms)
        context = {**entered.event["requestContext"], **known, **entered.visit.memory.get("error", {})}
        arn = f"arn:aws:apigateway:{entered.region}::/restapis/{entered.api_id}/stages/{entered.stage['stageName']}"
        source = arn.replace("::/", f":{entered.account}:/", 1)
        write_line(entered.call, source, settings["destinationArn"], settings["format"], context)
    return result


def _source(owner: tuple[str, str], visit: Visit, stage: Document, resource: Document, method: Document | None) -> str:
    """What permissions of functions speak of: the method as it is declared, the path with its variables' names."""
    account, region = owner
    verb = (method or {}).get("httpMethod", visit.request.method)
    arn = f"arn:aws:execute-api:{region}:{account}:{visit.id}/{stage['stageName']}"
    return f"{arn}/{'*' if verb == 'ANY' else verb}{resource.get('path', '/')}"


def _admitted(entered: Entered) -> Result:
    """Whoever may: the API's policy, the key that the method asks for, what it wants of the request, and what is behind
    it.
    """
    if entered.method.get("authorizationType", "NONE") != "AWS_IAM" and (words := policies.refusal(entered)):
        return refuse(entered, "ACCESS_DENIED", words)
    if "admitted" not in entered.visit.memory:  # whoever is asked again was counted
        refused = _stage_refuses(entered) or _key_refuses(entered)
        if refused:
            return refuse(entered, refused)
        entered.visit.memory["admitted"] = True
    wrong = complaint(entered)
    if wrong is not None:
        return refuse(entered, wrong.kind, wrong.words, details=wrong.details)
    return integrate(entered)


def _key_refuses(entered: Entered) -> str:
    """Why the key that the method asks for does not let the request through, or nothing."""
    if not entered.method.get("apiKeyRequired"):
        return ""
    stage, method = str(entered.stage["stageName"]), f"{entered.resource['path']}/{entered.visit.request.method}"
    given = {"Value": _key(entered), "ApiId": entered.api_id, "Stage": stage, "Method": method}
    said = entered.call.perform("apigateway:AdmitKey", given)
    assert isinstance(said, dict)
    if "Refused" in said:
        return {INVALID: "INVALID_API_KEY", THROTTLED: "THROTTLED", QUOTA: "QUOTA_EXCEEDED"}[said["Refused"]]
    entered.visit.memory["api_key"] = said["Key"]
    return ""


def _stage_refuses(entered: Entered) -> str:
    """Whether the stage's own throttles are exceeded, of the method or of all."""
    settings = entered.stage.get("methodSettings") or {}
    verb, path = entered.visit.request.method, str(entered.resource["path"]).strip("/")
    for name in (f"{path}/{verb}", "*/*"):
        one = settings.get(name) or {}
        rate, burst = one.get("throttlingRateLimit"), one.get("throttlingBurstLimit")
        if rate is None or burst is None or rate < 0:
            continue
        bucket = f"stage:{entered.api_id}:{entered.stage['stageName']}:{path}/{verb}"
        return "" if throttles.take(entered.call.tx, bucket, rate, burst) else "THROTTLED"
    return ""


def _key(entered: Entered) -> str:
    if entered.content.get("apiKeySource") == "AUTHORIZER":
        return str(entered.visit.memory.get("usage_key") or "")
    return entered.visit.request.header("x-api-key")
