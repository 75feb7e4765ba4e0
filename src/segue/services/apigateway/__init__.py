"""Amazon API Gateway, REST APIs (version 1 of its API).

In: APIs with resources, methods, integrations and their responses, models, request validators, authorizers, gateway
responses; deployments, which never change, and stages with variables; OpenAPI import; keys and usage plans; patches;
tags. Integrations with functions (proxies, or with mapping templates), with every operation of every service here, with
servers elsewhere, and MOCK. Authorization by IAM and by functions; required keys; validation of parameters and bodies.
An API answers at ``http://HOST/_aws/execute-api/ID/STAGE`` and under ``ID.execute-api.…`` names.

Left out: Cognito authorizers, private integrations (VPC links), custom domain names, documentation parts, SDKs, caches,
access logs; throttles and quotas are kept, not counted; an API's own policy is kept, not evaluated.
"""

from segue.services.apigateway import (
    apis,
    deployments,
    domain_types,
    domains,
    export_api,
    import_api,
    invoking,
    keys,
    links,
    methods,
    part_types,
    parts,
    resource_types,
    resources,
    trying,
    usage,
    visits,
)
from segue.services.apigateway.service import SERVICE

__all__ = [
    "SERVICE",
    "apis",
    "deployments",
    "domain_types",
    "domains",
    "export_api",
    "import_api",
    "invoking",
    "keys",
    "links",
    "methods",
    "part_types",
    "parts",
    "resource_types",
    "resources",
    "trying",
    "usage",
    "visits",
]
