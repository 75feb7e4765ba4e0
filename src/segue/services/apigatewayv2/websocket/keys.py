"""Whether a client may connect with the key that it brings, and so often; and whether it may say so much."""

from __future__ import annotations

from segue.services.apigatewayv2.throttling import is_throttled
from segue.services.apigatewayv2.websocket.entered import Document, Entered
from segue.services.apigatewayv2.websocket.selection import selected

_ANSWERS = {"INVALID": (403, "Forbidden"), "THROTTLED": (429, "Too Many Requests"), "QUOTA": (429, "Limit Exceeded")}


def admit(entered: Entered) -> Document | None:
    """The refusal of what comes too often, or without the key that the route asks for; ``None``: it may go on."""
    if "admitted" in entered.memory:
        return None
    api = entered.served.api
    if is_throttled(entered.call.tx, api.id, entered.stage, entered.route_key):
        return entered.refuse(*_ANSWERS["THROTTLED"])
    entered.memory["admitted"] = True
    if not entered.route.get("ApiKeyRequired"):
        return None
    expression = str(api.document.get("ApiKeySelectionExpression") or "$request.header.x-api-key")
    if expression == "$context.authorizer.usageIdentifierKey":
        value = str(entered.memory.get("usage_key") or "")
    else:
        value = selected(expression, entered.value)
    given = {"Value": value, "ApiId": api.id, "Stage": entered.connection.stage}
    said = entered.call.perform("apigateway:AdmitKey", given)
    assert isinstance(said, dict)
    if "Refused" in said:
        return entered.refuse(*_ANSWERS[said["Refused"]])
    return None
