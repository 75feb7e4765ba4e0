"""Amazon API Gateway, HTTP APIs (version 2 of its API).

In: APIs, also of one target ("quick create") and of OpenAPI documents; routes with variables, stages with variables and
a path of their own, deployments, models, tags; integrations with functions (payload formats 1.0 and 2.0), with services
(Step Functions, SQS, EventBridge) and with servers elsewhere, with their parameter mapping; authorization by IAM, by
tokens (JWT) and by functions; CORS. An API answers at ``http://HOST/_aws/execute-api/ID`` and under the name
``ID.execute-api.…``.

Left out: WebSocket APIs, private integrations (VPC links), custom domain names, mutual TLS, access logs, throttling. A
stage serves what is there, without waiting for a deployment; response parameters are kept, not applied.
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
