"""Whether a client may connect with the key that it brings, and so often."""

from __future__ import annotations

from segue.services.apigatewayv2.websocket.entered import Document, Entered
from segue.services.apigatewayv2.websocket.selection import selected

_ANSWERS = {"INVALID": (403, "Forbidden"), "THROTTLED": (429, "Too Many Requests"), "QUOTA": (429, "Limit Exceeded")}


def admit(entered: Entered) -> Document | None:
    """The refusal, for a route that asks for a key; ``None`` where the client may connect."""
    if not entered.route.get("ApiKeyRequired") or "api_key" in entered.memory:
        return None
    api = entered.served.api
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
    entered.memory["api_key"] = said["Key"]
    return None
