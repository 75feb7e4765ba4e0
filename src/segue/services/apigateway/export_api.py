"""What a stage serves as an OpenAPI document (2.0 or 3.0): what :mod:`.openapi` reads, written.

Source: API Gateway developer guide, "Export a REST API from API Gateway"; API reference, GetExport.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from segue.api import Call
from segue.languages.asl import json_text
from segue.services.apigateway import records
from segue.services.apigateway.openapi_methods import AS_THEY_ARE
from segue.services.apigateway.records import Document, RestApi
from segue.services.apigateway.service import SERVICE, arn_of, bad_request, existing, not_found

_PREFIX = "x-amazon-apigateway-"
_PLACES = {"querystring": "query", "header": "header", "path": "path"}
_KINDS = ("oas30", "swagger")


def _arn(call: Call, params: Document) -> str:
    path = ("restapis", str(params["restApiId"]), "stages", str(params["stageName"]), "exports")
    return arn_of(call, *path, str(params["exportType"]))


@SERVICE.operation("GetExport", reads=True, resource=_arn, action="apigateway:GET")
def get_export(call: Call, params: Document) -> Document:
    """A stage as a document."""
    api = existing(call, params)
    stage = records.find_stage(call.tx, api.id, params["stageName"])
    content = records.snapshot(call.tx, api.id, stage["deploymentId"]) if stage else None
    if stage is None or content is None:
        raise not_found("Invalid stage identifier specified")
    kind = params["exportType"]
    if kind not in _KINDS:
        raise bad_request("No API exporter for type " + repr(kind)[:100])
    wanted = str((params.get("parameters") or {}).get("extensions", ""))
    extensions = {part.strip() for part in wanted.split(",")}
    document = Exporter(api, content, params["stageName"], kind, extensions).document(call.now_ms)
    is_yaml = "yaml" in str(params.get("accepts", ""))
    return {
        "contentType": "application/octet-stream",
        "contentDisposition": f'attachment; filename="{kind}_{params["stageName"]}.{"yaml" if is_yaml else "json"}"',
        "body": _yaml(document) if is_yaml else json_text.dump(document).encode(),
    }


def _yaml(document: Document) -> bytes:
    import yaml

    text: str = yaml.safe_dump(json.loads(json_text.dump(document)), sort_keys=False)
    return text.encode()


class Exporter:
    """Writes one document."""

    def __init__(self, api: RestApi, content: Document, stage: str, kind: str, extensions: set[str]) -> None:
        self._api, self._content, self._stage = api, content, stage
        self._is_new = kind == "oas30"
        self._integrations = bool(extensions & {"integrations", "apigateway"})
        self._authorizers = bool(extensions & {"authorizers", "apigateway"})
        self._whole = "apigateway" in extensions

    def document(self, now_ms: int) -> Document:
        """The whole of it."""
        content, host = self._content, f"{self._api.id}.execute-api.{self._api.region}.amazonaws.com"
        version = content.get("version") or datetime.fromtimestamp(now_ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        info = {"title": content.get("name", ""), "version": version}
        if content.get("description"):
            info["description"] = content["description"]
        if self._is_new:
            base = {"basePath": {"default": self._stage}}
            made: Document = {"openapi": "3.0.1", "info": info}
            made["servers"] = [{"url": f"https://{host}/{{basePath}}", "variables": base}]
        else:
            made = {"swagger": "2.0", "info": info, "host": host, "basePath": f"/{self._stage}", "schemes": ["https"]}
        made["paths"] = {
            one["path"]: {
                self._verb(name): self._method(method) for name, method in sorted(one["resourceMethods"].items())
            }
            for one in sorted(content["resources"].values(), key=lambda resource: str(resource["path"]))
            if one.get("resourceMethods")
        }
        self._parts(made)
        return made

    def _verb(self, name: str) -> str:
        return f"{_PREFIX}any-method" if name == "ANY" else name.lower()

    def _parts(self, made: Document) -> None:
        schemas = {
            one["name"]: self._schema(one) for one in self._content["models"].values() if self._is_used(one["name"])
        }
        schemes = self._schemes()
        if self._is_new:
            parts = {"schemas": schemas, "securitySchemes": schemes}
            made["components"] = {name: part for name, part in parts.items() if part}
        else:
            made |= {name: part for name, part in (("definitions", schemas), ("securityDefinitions", schemes)) if part}
        if self._whole:
            for key, name in (("binary-media-types", "binaryMediaTypes"), ("gateway-responses", "gatewayResponses")):
                if self._content.get(name):
                    made[_PREFIX + key] = self._content[name]
            if self._content.get("policy"):
                made[f"{_PREFIX}policy"] = json.loads(self._content["policy"])
            validators = self._content.get("requestValidators") or {}
            if validators:
                members = ("validateRequestBody", "validateRequestParameters")
                made[f"{_PREFIX}request-validators"] = {
                    one["name"]: {member: one.get(member, False) for member in members} for one in validators.values()
                }

    def _is_used(self, name: str) -> bool:
        if name not in ("Empty", "Error"):
            return True
        return any(
            name in (part.get(member) or {}).values()
            for one in self._content["resources"].values()
            for method in one.get("resourceMethods", {}).values()
            for member, parts in (
                ("requestModels", [method]),
                ("responseModels", list(method.get("methodResponses", {}).values())),
            )
            for part in parts
        )

    def _schema(self, model: Document) -> Any:
        try:
            found = json.loads(model.get("schema") or "{}")
        except ValueError:
            return {"type": "object"}
        return self._referring(found)

    def _referring(self, value: Any) -> Any:
        """A schema whose references lead to schemas of the document."""
        if isinstance(value, list):
            return [self._referring(item) for item in value]
        if not isinstance(value, dict):
            return value
        made = {key: self._referring(inner) for key, inner in value.items() if key != "$schema"}
        if isinstance(made.get("$ref"), str):
            made["$ref"] = self._reference(made["$ref"].rpartition("/")[2])
        return made

    def _reference(self, name: str) -> str:
        return f"#/{'components/schemas' if self._is_new else 'definitions'}/{name}"

    def _schemes(self) -> Document:
        made: Document = {}
        methods = [m for one in self._content["resources"].values() for m in one.get("resourceMethods", {}).values()]
        if any(method.get("apiKeyRequired") for method in methods):
            made["api_key"] = {"type": "apiKey", "name": "x-api-key", "in": "header"}
        if any(method.get("authorizationType") == "AWS_IAM" for method in methods):
            made["sigv4"] = {
                "type": "apiKey",
                "name": "Authorization",
                "in": "header",
                f"{_PREFIX}authtype": "awsSigv4",
            }
        for one in self._content.get("authorizers", {}).values():
            source = str(one.get("identitySource") or "").rpartition(".")[2] or "Authorization"
            kind = one.get("authType", "custom")
            made[one["name"]] = {"type": "apiKey", "name": source, "in": "header", f"{_PREFIX}authtype": kind}
            if self._authorizers:
                said = {name: value for name, value in one.items() if name not in ("id", "name", "authType")}
                made[one["name"]][f"{_PREFIX}authorizer"] = {**said, "type": one["type"].lower()}
        return made

    # One method

    def _method(self, method: Document) -> Document:
        made: Document = {}
        if method.get("operationName"):
            made["operationId"] = method["operationName"]
        parameters = [self._parameter(name, required) for name, required in self._wanted(method)]
        models = method.get("requestModels") or {}
        if models and self._is_new:
            made["requestBody"] = {"content": self._content_of(models), "required": True}
        elif models:
            made["consumes"] = list(models)
            schema = {"$ref": self._reference(next(iter(models.values())))}
            parameters.append({"in": "body", "name": "Body", "required": True, "schema": schema})
        if parameters:
            made["parameters"] = parameters
        responses = {status: self._response(one) for status, one in method.get("methodResponses", {}).items()}
        made["responses"] = responses or {"default": {"description": "Default response"}}
        if security := self._security(method):
            made["security"] = security
        validator = (self._content.get("requestValidators") or {}).get(method.get("requestValidatorId") or "")
        if validator and self._whole:
            made[f"{_PREFIX}request-validator"] = validator["name"]
        if self._integrations and "methodIntegration" in method:
            made[f"{_PREFIX}integration"] = self._integration(method["methodIntegration"])
        return made

    def _wanted(self, method: Document) -> list[tuple[str, bool]]:
        return [(name, bool(required)) for name, required in (method.get("requestParameters") or {}).items()]

    def _parameter(self, name: str, required: bool) -> Document:
        place, _, key = name.removeprefix("method.request.").partition(".")
        kind = {"schema": {"type": "string"}} if self._is_new else {"type": "string"}
        return {"name": key, "in": _PLACES.get(place, place), "required": required or place == "path", **kind}

    def _content_of(self, models: Document) -> Document:
        return {kind: {"schema": {"$ref": self._reference(name)}} for kind, name in models.items()}

    def _response(self, response: Document) -> Document:
        made: Document = {"description": f"{response['statusCode']} response"}
        kind = {"schema": {"type": "string"}} if self._is_new else {"type": "string"}
        names = [name.removeprefix("method.response.header.") for name in response.get("responseParameters") or {}]
        if names:
            made["headers"] = dict.fromkeys(names, kind)
        models = response.get("responseModels") or {}
        if models and self._is_new:
            made["content"] = self._content_of(models)
        elif models:
            made["schema"] = {"$ref": self._reference(next(iter(models.values())))}
        return made

    def _security(self, method: Document) -> list[Document]:
        made: list[Document] = []
        authorizer = (self._content.get("authorizers") or {}).get(method.get("authorizerId") or "")
        if method.get("authorizationType") == "AWS_IAM":
            made.append({"sigv4": []})
        elif authorizer:
            made.append({authorizer["name"]: method.get("authorizationScopes") or []})
        return [*made, {"api_key": []}] if method.get("apiKeyRequired") else made

    def _integration(self, integration: Document) -> Document:
        made = {name: integration[name] for name in AS_THEY_ARE if integration.get(name)}
        made |= {"type": integration["type"].lower(), "timeoutInMillis": integration.get("timeoutInMillis", 29_000)}
        made["passthroughBehavior"] = integration.get("passthroughBehavior", "WHEN_NO_MATCH").lower()
        responses = {
            one.get("selectionPattern") or "default": {
                name: value for name, value in one.items() if name != "selectionPattern"
            }
            for one in integration.get("integrationResponses", {}).values()
        }
        return {**made, "responses": responses} if responses else made
