"""OpenAPI documents (2.0 and 3.0) with API Gateway's extensions, as the parts of a REST API. Pure but for new ids.

Source: API Gateway developer guide, "Develop REST APIs using OpenAPI" and "OpenAPI extensions for API Gateway".
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from segue.services.apigateway.openapi_methods import integration_of, responses_of
from segue.services.apigateway.records import Document
from segue.services.apigateway.service import bad_request

_METHODS = ("get", "put", "post", "delete", "options", "head", "patch")
_ANY = "x-amazon-apigateway-any-method"
_PREFIX = "x-amazon-apigateway-"
_PLACES = {"query": "querystring", "header": "header", "path": "path"}
_MAX_RESOURCES = 2_000


@dataclass(slots=True)
class Imported:
    """What a document comes to: an API's parts, and its settings."""

    settings: Document = field(default_factory=dict)
    resources: dict[str, Document] = field(default_factory=dict)
    authorizers: dict[str, Document] = field(default_factory=dict)
    models: dict[str, Document] = field(default_factory=dict)
    validators: dict[str, Document] = field(default_factory=dict)
    gateway_responses: dict[str, Document] = field(default_factory=dict)


class Importer:
    """Reads one document.

    Args:
        document: the OpenAPI document.
        new_id: makes an id.
        api_id: the API's, for references between models.
        root: the id of the root.
    """

    def __init__(self, document: Document, new_id: Callable[[int], str], api_id: str, root: str) -> None:
        self._document, self._new_id, self._api_id, self._root = document, new_id, api_id, root
        self._made = Imported()
        self._by_path: dict[str, Document] = {}
        self._schemes: dict[str, Document] = {}

    def read(self) -> Imported:
        """All parts.

        Raises:
            AwsError: ``BadRequestException`` for a document that is none.
        """
        document = self._document
        self._settings()
        self._models()
        self._validators()
        self._authorizers()
        for kind, said in _objects(document.get(f"{_PREFIX}gateway-responses")):
            self._made.gateway_responses[kind] = {
                name: str(value) if name == "statusCode" else value for name, value in said.items()
            }
        root = {"id": self._root, "path": "/"}
        self._made.resources[self._root] = self._by_path["/"] = root
        for path, item in _objects(document.get("paths")):
            self._path(path, item)
        return self._made

    def _settings(self) -> None:
        info = self._document.get("info") or {}
        title = info.get("title") if isinstance(info, dict) else None
        if not isinstance(title, str) or not title:
            raise bad_request("Unable to create API because of invalid OpenAPI input: info.title is required")
        settings: Document = {"name": title}
        for key in ("description", "version"):
            if isinstance(info.get(key), str | int | float):
                settings[key] = str(info[key])
        policy = self._document.get(f"{_PREFIX}policy")
        if isinstance(policy, dict):
            settings["policy"] = json.dumps(policy)
        for key, name in (
            ("binary-media-types", "binaryMediaTypes"),
            ("minimum-compression-size", "minimumCompressionSize"),
            ("api-key-source", "apiKeySource"),
        ):
            if f"{_PREFIX}{key}" in self._document:
                settings[name] = self._document[f"{_PREFIX}{key}"]
        self._made.settings = settings

    def _models(self) -> None:
        components = self._document.get("components") or {}
        for name, schema in _objects(self._document.get("definitions") or components.get("schemas")):
            self._made.models[name] = {
                "id": self._new_id(6),
                "name": name,
                "contentType": "application/json",
                "schema": json.dumps(self._referring(schema, 0)),
            }

    def _referring(self, schema: Any, depth: int) -> Any:
        """A schema whose references lead to models of this API."""
        if depth > 100:
            raise bad_request("Invalid OpenAPI input: a schema is nested too deeply")
        if isinstance(schema, list):
            return [self._referring(item, depth + 1) for item in schema]
        if not isinstance(schema, dict):
            return schema
        changed = {key: self._referring(value, depth + 1) for key, value in schema.items()}
        if isinstance(changed.get("$ref"), str):
            changed["$ref"] = self._model_uri(changed["$ref"])
        return changed

    def _model_uri(self, reference: str) -> str:
        return f"https://apigateway.amazonaws.com/restapis/{self._api_id}/models/{reference.rpartition('/')[2]}"

    def _validators(self) -> None:
        for name, said in _objects(self._document.get(f"{_PREFIX}request-validators")):
            made: Document = {
                "id": self._new_id(6),
                "name": name,
                "validateRequestBody": bool(said.get("validateRequestBody")),
                "validateRequestParameters": bool(said.get("validateRequestParameters")),
            }
            self._made.validators[made["id"]] = made

    def _authorizers(self) -> None:
        components = self._document.get("components") or {}
        schemes = self._document.get("securityDefinitions") or components.get("securitySchemes")
        for name, scheme in _objects(schemes):
            self._schemes[name] = scheme
            said = scheme.get(f"{_PREFIX}authorizer")
            if not isinstance(said, dict):
                continue
            kind = str(said.get("type", "token")).upper()
            made = {"id": self._new_id(6), "name": name, **said, "type": kind}
            if kind == "TOKEN" and not said.get("identitySource"):
                made["identitySource"] = f"method.request.header.{scheme.get('name', 'Authorization')}"
            if "authorizerResultTtlInSeconds" in said:
                made["authorizerResultTtlInSeconds"] = int(said["authorizerResultTtlInSeconds"])
            made["authType"] = scheme.get(f"{_PREFIX}authtype", "custom")
            self._made.authorizers[made["id"]] = made

    # Paths

    def _path(self, path: str, item: Document) -> None:
        resource = self._resource(path)
        shared = item.get("parameters") or []
        for method, operation in item.items():
            if isinstance(operation, dict) and (method.lower() in _METHODS or method == _ANY):
                verb = "ANY" if method == _ANY else method.upper()
                made = self._method(verb, operation, shared, resource)
                resource.setdefault("resourceMethods", {})[verb] = made

    def _resource(self, path: str) -> Document:
        parent, here = self._by_path["/"], ""
        for part in [part for part in path.split("/") if part]:
            here += f"/{part}"
            found = self._by_path.get(here)
            if found is None:
                if len(self._by_path) >= _MAX_RESOURCES:
                    raise bad_request("Invalid OpenAPI input: too many paths")
                found = {"id": self._new_id(6), "parentId": parent["id"], "pathPart": part, "path": here}
                self._by_path[here] = self._made.resources[found["id"]] = found
            parent = found
        return parent

    def _method(self, verb: str, operation: Document, shared: list[Any], resource: Document) -> Document:
        made: Document = {"httpMethod": verb, "apiKeyRequired": False, **self._authorization(operation)}
        parameters, models = self._wanted([*shared, *(operation.get("parameters") or [])], operation)
        if parameters:
            made["requestParameters"] = parameters
        if models:
            made["requestModels"] = models
        if isinstance(operation.get("operationId"), str):
            made["operationName"] = operation["operationId"]
        validator = operation.get(f"{_PREFIX}request-validator", self._document.get(f"{_PREFIX}request-validator"))
        for one in self._made.validators.values():
            if one["name"] == validator:
                made["requestValidatorId"] = one["id"]
        if responses := responses_of(operation, self._resolved):
            made["methodResponses"] = responses
        said = operation.get(f"{_PREFIX}integration")
        if isinstance(said, dict):
            made["methodIntegration"] = integration_of(said, resource["id"])
        return made

    def _wanted(self, parameters: list[Any], operation: Document) -> tuple[Document, Document]:
        """The parameters and the models of a method's requests."""
        wanted: Document = {}
        models: Document = {}
        for given in parameters:
            one = self._resolved(given)
            place = _PLACES.get(str(one.get("in")))
            if place is not None and one.get("name"):
                wanted[f"method.request.{place}.{one['name']}"] = bool(one.get("required"))
            elif one.get("in") == "body" and isinstance(one.get("schema"), dict) and "$ref" in one["schema"]:
                models["application/json"] = str(one["schema"]["$ref"]).rpartition("/")[2]
        body = self._resolved(operation.get("requestBody"))
        for kind, content in _objects(body.get("content")):
            reference = (content.get("schema") or {}).get("$ref")
            if reference:
                models[kind] = str(reference).rpartition("/")[2]
        return wanted, models

    def _resolved(self, value: Any) -> Document:
        """What a reference within the document leads to; an empty object for what is none."""
        if not isinstance(value, dict):
            return {}
        reference = value.get("$ref")
        if not isinstance(reference, str) or not reference.startswith("#/"):
            return value
        found: Any = self._document
        for step in reference[2:].split("/"):
            found = found.get(step.replace("~1", "/").replace("~0", "~")) if isinstance(found, dict) else None
        return found if isinstance(found, dict) else {}

    def _authorization(self, operation: Document) -> Document:
        found: Document = {"authorizationType": "NONE"}
        security = operation.get("security", self._document.get("security"))
        for requirement in security if isinstance(security, list) else []:
            for name, scopes in requirement.items() if isinstance(requirement, dict) else ():
                found |= self._required(name, scopes)
        auth = operation.get(f"{_PREFIX}auth")
        if isinstance(auth, dict) and str(auth.get("type")).upper() == "AWS_IAM":
            found["authorizationType"] = "AWS_IAM"
        return found

    def _required(self, name: str, scopes: Any) -> Document:
        scheme = self._schemes.get(name, {})
        if scheme.get(f"{_PREFIX}authtype") == "awsSigv4":
            return {"authorizationType": "AWS_IAM"}
        for one in self._made.authorizers.values():
            if one["name"] == name:
                kind = "COGNITO_USER_POOLS" if one["type"] == "COGNITO_USER_POOLS" else "CUSTOM"
                more = {"authorizationScopes": scopes} if scopes else {}
                return {"authorizationType": kind, "authorizerId": one["id"], **more}
        is_key = scheme.get("type") == "apiKey" and str(scheme.get("name")).lower() == "x-api-key"
        return {"apiKeyRequired": True} if is_key else {}


def _objects(value: Any) -> Iterator[tuple[str, Document]]:
    """The members of an object that are objects themselves."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if isinstance(inner, dict):
                yield str(key), inner
