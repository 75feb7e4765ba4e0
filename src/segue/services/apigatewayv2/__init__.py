"""Amazon API Gateway, HTTP APIs and WebSocket APIs (version 2 of its API).

In: APIs, also of one target ("quick create") and of OpenAPI documents, which are written, too; routes with variables,
stages with variables, throttles, access logs and a path of their own, deployments, models, tags; integrations with
functions (payload formats 1.0 and 2.0), with services (Step Functions, SQS, EventBridge) and with servers elsewhere,
with their parameter mapping in both directions; authorization by IAM, by tokens (JWT) and by functions; CORS; custom
domain names. WebSocket APIs: ``$connect``, ``$disconnect``, ``$default`` and routes of one's own, with responses. An
API answers at ``http://HOST/_aws/execute-api/ID``, under ``ID.execute-api.…`` and under its own names.

Left out: mutual TLS, portals, routing rules, the integrations with Kinesis and AppConfig; models of messages are kept,
not held against them. A stage serves what is there, without waiting for a deployment. VPC links are rows.
"""

from segue.services.apigatewayv2 import (
    apis,
    domains,
    export_api,
    import_api,
    links,
    parts,
    resource_types,
    visits,
    websocket,
)
from segue.services.apigatewayv2.service import SERVICE

__all__ = [
    "SERVICE",
    "apis",
    "domains",
    "export_api",
    "import_api",
    "links",
    "parts",
    "resource_types",
    "visits",
    "websocket",
]
