"""APIs as targets of events: ``arn:aws:execute-api:REGION:ACCOUNT:ID/STAGE/METHOD/path/*``.

Source: EventBridge user guide, "Amazon API Gateway endpoints as targets": the values of a rule's path parameters take
the places of the stars, in order; headers and query parameters are added; the event is the body.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, urlencode

from segue.api.call import Call, Result
from segue.api.http_effect import HTTP, HttpAnswer, HttpFailure, HttpRequest
from segue.arn import parse_arn
from segue.errors import AwsError
from segue.jobs import Outbound
from segue.services.apigateway.records import Document
from segue.services.apigateway.service import SERVICE

_TIMEOUT_SECONDS = 30


def _resource(call: Call, params: Document) -> str:
    return str(params["Arn"])


@SERVICE.internal("InvokeEndpoint", resource=_resource, action="execute-api:Invoke")
def invoke_endpoint(call: Call, params: Document) -> Result:
    """Send an event to an API.

    Params: ``Arn``; ``Body``, a text; ``HttpParameters``, as targets have them.

    Raises:
        AwsError: (when it is settled) there is no answer, or one that is no success.
    """
    given = params.get("HttpParameters") or {}
    parts = parse_arn(params["Arn"]).resource.split("/")
    if len(parts) < 3:
        raise AwsError("INVALID_PARAMETER", f"{params['Arn']} names no method of an API")
    api_id, stage, method, *path = parts
    values = iter(given.get("PathParameterValues") or ())
    steps = [quote(str(next(values, part) if part == "*" else part), safe="*") for part in path]
    place = "/".join([api_id, *([] if stage == "$default" else [stage]), *steps])
    query = urlencode({name: str(value) for name, value in (given.get("QueryStringParameters") or {}).items()})
    url = f"{call.api.settings.endpoint_url}/_aws/execute-api/{place}{'?' if query else ''}{query}"
    headers = {"Content-Type": "application/json", "User-Agent": "Amazon/EventBridge/ApiGateway"}
    headers |= {name: str(value) for name, value in (given.get("HeaderParameters") or {}).items()}
    verb = "POST" if method == "*" else method
    request = HttpRequest(verb, url, tuple(headers.items()), str(params["Body"]).encode(), _TIMEOUT_SECONDS)
    return Outbound(HTTP, request, _settle)


def _settle(call: Call, answer: HttpAnswer | HttpFailure) -> dict[str, Any]:
    if isinstance(answer, HttpFailure):
        raise AwsError("SDK_CLIENT_ERROR", answer.reason, status=503)
    if not 200 <= answer.status < 300:
        said = answer.body[:500].decode("utf-8", "replace")
        raise AwsError("SDK_CLIENT_ERROR", f"The API answered {answer.status}: {said}", status=max(answer.status, 400))
    return {"StatusCode": answer.status}
