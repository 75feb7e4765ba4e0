"""Amazon API Gateway, REST APIs (version 1 of its API).

In: APIs with resources, methods, integrations and their responses, models, request validators, authorizers, gateway
responses; deployments, which never change, and stages with variables, throttles and access logs; OpenAPI import and
export; keys and usage plans, whose throttles and quotas are counted; methods and authorizers tried; custom domain
names; patches; tags. Integrations with functions (proxies, or with mapping templates), with every operation of every
service here, with servers elsewhere, and MOCK. Authorization by IAM, by functions, by tokens of Cognito user pools
(elsewhere) and by the API's own policy; required keys; validation of parameters and bodies. An API answers at
``http://HOST/_aws/execute-api/ID/STAGE``, under ``ID.execute-api.…`` names and under its own.

Left out: documentation parts, SDKs, client certificates, canaries; nothing is cached. VPC links are rows: a private
integration goes to its URI over HTTP.
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
