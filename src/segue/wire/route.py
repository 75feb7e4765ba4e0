"""Which operation of which service a request means, and on which protocol."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from segue.errors import AwsError, not_implemented
from segue.wire.buckets import BucketRoutes, is_bucket_host
from segue.wire.form import form_tree, form_value
from segue.wire.model import OperationModel, Protocol, ServiceModel, load_service
from segue.wire.request import Request
from segue.wire.sigv4 import parse_authorization
from segue.wire.uri import UriTree

_FORM: Final = "application/x-www-form-urlencoded"
_REST: Final = frozenset({Protocol.REST_JSON, Protocol.REST_XML})
_BUCKETS: Final = "s3"


# Services that people know by other names than those that their requests are signed for.
_SIGNED_AS: Final = {
    "airflow": "mwaa",
    "aoss": "opensearchserverless",
    "cassandra": "keyspaces",
    "elasticfilesystem": "efs",
    "elasticloadbalancing": "elbv2",
    "elasticmapreduce": "emr",
    "geo": "location",
    "mobiletargeting": "pinpoint",
    "monitoring": "cloudwatch",
    "servicequotas": "service-quotas",
    "tagging": "resourcegroupstaggingapi",
}


@dataclass(frozen=True, slots=True)
class Route:
    """What a request means. ``labels`` are the decoded path labels of a REST request."""

    service: ServiceModel
    operation: OperationModel
    protocol: Protocol
    labels: Mapping[str, str] = field(default_factory=dict)


def route(request: Request, services: Sequence[str]) -> Route:
    """Find the operation among ``services`` (botocore's names).

    By ``X-Amz-Target``; by ``Action``; by the path of smithy-rpc-v2-cbor; else by method and path, where the scope of
    the signature, or else the host name, says which service is meant.

    Raises:
        AwsError: as AWS answers what it does not know: ``UnknownOperationException``, ``InvalidAction``, …
    """
    return _index(tuple(services)).route(request)


def guess_protocol(request: Request) -> Protocol:
    """The protocol in which to answer a request that could not be routed."""
    if "x-amz-target" in request.headers or "amz-json" in request.header("content-type"):
        return Protocol.JSON
    if request.header("smithy-protocol") == "rpc-v2-cbor":
        return Protocol.CBOR
    if request.header("content-type").startswith(_FORM) or "Action=" in request.query:
        return Protocol.QUERY
    return Protocol.REST_JSON


def _unknown_operation(what: str, status: int = 400) -> AwsError:
    return AwsError("UnknownOperationException", f"Unknown operation: {what[:256]}", status=status)


class _Index:
    """The services' models, by what requests say of them. Built once for a set of services."""

    def __init__(self, names: tuple[str, ...]) -> None:
        models = [load_service(name) for name in names]
        self._by_target = {model.target_prefix: model for model in models if model.target_prefix}
        self._query = [model for model in models if Protocol.QUERY in model.protocols]
        rest = [model for model in models if _REST & set(model.protocols)]
        self._rest = [model for model in rest if model.name != _BUCKETS]
        self._by_signing_name: dict[str, list[ServiceModel]] = {}
        self._by_host: dict[str, list[ServiceModel]] = {}
        for model in models:
            self._by_signing_name.setdefault(model.signing_name, []).append(model)
            for label in {model.name, model.endpoint_prefix, model.signing_name}:
                self._by_host.setdefault(label, []).append(model)
        self._trees: dict[str, UriTree] = {}
        self._buckets = next((model for model in models if model.name == _BUCKETS), None)
        self._bucket_routes: BucketRoutes | None = None

    def route(self, request: Request) -> Route:
        target = request.headers.get("x-amz-target")
        if target is not None:
            return self._route_target(target, request)
        if self._buckets is not None and _is_for_buckets(request):
            return self._route_bucket(request, self._buckets)
        if request.path.startswith("/service/") and "smithy-protocol" in request.headers:
            return self._route_cbor(request.path, request)
        if request.method == "POST" and request.header("content-type").startswith(_FORM):
            return self._route_action(request)
        if "Action=" in request.query and request.method in ("GET", "POST"):
            return self._route_action(request)
        return self._route_rest(request)

    def _route_target(self, target: str, request: Request) -> Route:
        prefix, _, name = target.rpartition(".")
        model = self._by_target.get(prefix)
        if model is None:
            self._check_service(request)
        if model is None or name not in model.operations:
            raise _unknown_operation(target)
        return Route(model, model.operations[name], Protocol.JSON)

    def _route_cbor(self, path: str, request: Request) -> Route:
        parts = path.split("/")
        if len(parts) == 5 and parts[3] == "operation":
            for model in self._by_target.values():
                known = model.target_prefix == parts[2] and parts[4] in model.operations
                if known and Protocol.CBOR in model.protocols:
                    return Route(model, model.operations[parts[4]], Protocol.CBOR)
        self._check_service(request)
        raise _unknown_operation(path)

    def _check_service(self, request: Request) -> None:
        """Raise 501 where the request is signed for a service that is not here: others are not to answer for it."""
        credential = parse_authorization(request)
        if credential is not None and credential.service not in self._by_signing_name:
            name = _SIGNED_AS.get(credential.service, credential.service)
            raise not_implemented(f"the service {name[:64]!r}")

    def _candidates(self, request: Request) -> list[ServiceModel]:
        """The services that the request names: by the signature's scope, or else by a label of the host name."""
        credential = parse_authorization(request)
        if credential is not None:
            return self._by_signing_name.get(credential.service, [])
        host = request.header("host").partition(":")[0].lower()
        for label in host.split(".")[:3]:
            if label in self._by_host:
                return self._by_host[label]
        return []

    def _route_action(self, request: Request) -> Route:
        tree = form_tree(request)
        action = form_value(tree, "Action")
        version = form_value(tree, "Version")
        named = self._candidates(request)
        speaking = [model for model in named if Protocol.QUERY in model.protocols]
        if not action:
            if not speaking and any(_REST & set(model.protocols) for model in named):
                return self._route_rest(request)
            raise AwsError("MissingAction", "The request must contain the parameter Action.")
        if not speaking:
            self._check_service(request)
        known = [model for model in speaking or self._query if action in model.operations]
        known = [model for model in known if version in ("", model.api_version)] or known
        if known:
            return Route(known[0], known[0].operations[action], Protocol.QUERY)
        if [model.name for model in speaking] == ["sqs"]:
            raise AwsError("InvalidAction", f"The action {action[:256]} is not valid for this endpoint.")
        of_version = f" for version {version[:64]}" if version else ""
        raise AwsError("InvalidAction", f"Could not find operation {action[:256]}{of_version}")

    def _route_rest(self, request: Request) -> Route:
        named = self._candidates(request)
        if not named:
            self._check_service(request)
        for model in [model for model in named if model in self._rest] or self._rest:
            found = self._tree(model).match(request.method, request.path, request.query)
            if found is not None:
                name, labels = found
                protocol = next(protocol for protocol in model.protocols if protocol in _REST)
                return Route(model, model.operations[name], protocol, labels)
        credential = parse_authorization(request)
        if credential is None and self._buckets is not None and request.path != "/":
            # nobody signed, and nobody else has such a path: a public object, or a form
            return self._route_bucket(request, self._buckets)
        raise _unknown_operation(f"{request.method} {request.path}", status=404)

    def _route_bucket(self, request: Request, model: ServiceModel) -> Route:
        routes = self._bucket_routes
        if routes is None:
            routes = self._bucket_routes = BucketRoutes(model)
        found = routes.match(request)
        if found is None:
            message = "The specified method is not allowed against this resource."
            raise AwsError("MethodNotAllowed", message, status=405)
        return Route(model, model.operations[found[0]], model.protocols[0], found[1])

    def _tree(self, model: ServiceModel) -> UriTree:
        tree = self._trees.get(model.name)
        if tree is None:
            tree = self._trees[model.name] = UriTree(model.operations.routes())
        return tree


def _is_for_buckets(request: Request) -> bool:
    """By the signature's scope (of version 4, or any of version 2: no other service takes it); else by the host."""
    credential = parse_authorization(request)
    if credential is not None:
        return credential.service == _BUCKETS
    if request.header("authorization").startswith("AWS ") or "AWSAccessKeyId=" in request.query:
        return "Action=" not in request.query
    return is_bucket_host(request.header("host"))


@lru_cache(maxsize=16)
def _index(names: tuple[str, ...]) -> _Index:
    return _Index(names)
