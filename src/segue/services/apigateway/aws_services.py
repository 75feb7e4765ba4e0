"""Operations of services behind methods (see :mod:`segue.api.service_requests`)."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from segue.api.call import Call, Result
from segue.api.service_requests import NoOperation, ServiceAnswer, ServiceRequest, perform_request
from segue.services.apigateway.entered import Entered, refuse
from segue.services.apigateway.requests import Sent
from segue.services.apigateway.responses import Came, respond

Record = Callable[[Call, Entered, str, str, str], None]


def perform_service(entered: Entered, made: Sent, record: Record) -> Result:
    """Perform the operation that an integration's URI and the request made for it name."""
    integration = entered.integration
    method = integration.get("httpMethod") or "POST"
    verb = entered.visit.request.method if method == "ANY" else method
    role = integration.get("credentials")
    asked = ServiceRequest(made.uri, verb, made.headers, made.query, made.path, made.body, role)
    try:
        return perform_request(entered.call, asked, partial(_told, entered, made, record))
    except NoOperation:
        record(entered.call, entered, made.uri, "AWS", "the URI names no operation")
        return refuse(entered, "API_CONFIGURATION_ERROR")


def _told(before: Entered, made: Sent, record: Record, call: Call, answer: ServiceAnswer) -> Result:
    entered = before.on(call)
    record(call, entered, answer.target or answer.operation, answer.operation, answer.error)
    return respond(entered, Came(str(answer.status), answer.body, dict(answer.headers), made.answered))
