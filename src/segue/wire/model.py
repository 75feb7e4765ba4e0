"""AWS service models: read from the JSON files that botocore ships, without importing botocore.

Only data is taken (``data/<service>/<version>/service-2.json.gz``); documentation texts are dropped while loading.
Shapes and operations become light objects at their first use.
"""

from __future__ import annotations

import gzip
import importlib.util
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any

import orjson

from segue.wire import overlays


class Protocol(StrEnum):
    """AWS's wire protocols, by the names that the models use."""

    JSON = "json"
    QUERY = "query"
    REST_JSON = "rest-json"
    REST_XML = "rest-xml"
    CBOR = "smithy-rpc-v2-cbor"


@dataclass(frozen=True, slots=True, eq=False)
class Ref:
    """A use of a shape: as a member, a list element, a map key or value. ``traits`` are the use's own."""

    shape_name: str
    traits: Mapping[str, Any]

    @property
    def location(self) -> str | None:
        return self.traits.get("location")

    @property
    def location_name(self) -> str | None:
        return self.traits.get("locationName")


@dataclass(frozen=True, slots=True, eq=False)
class Shape:
    """One shape of a service model. ``traits`` holds what has no field of its own (min, max, pattern, payload, …)."""

    name: str
    type: str
    members: Mapping[str, Ref]
    required: frozenset[str]
    traits: Mapping[str, Any]
    element: Ref | None = None
    key: Ref | None = None
    value: Ref | None = None

    @property
    def is_document(self) -> bool:
        return bool(self.traits.get("document"))

    @property
    def is_event_stream(self) -> bool:
        return bool(self.traits.get("eventstream"))


@dataclass(frozen=True, slots=True, eq=False)
class ErrorModel:
    """A modelled error: its shape name, its code on the query protocol, its HTTP status and its members."""

    name: str
    query_code: str
    status: int
    sender_fault: bool
    shape: Shape


@dataclass(frozen=True, slots=True, eq=False)
class OperationModel:
    """One operation. ``uri`` is the REST template (``/`` for RPC protocols); compared by identity.

    ``streams_input`` tells whether a request's body is a stream of bytes, of any length; ``http_checksum`` which
    members say what SDKs do about checksums.
    """

    service: ServiceModel
    name: str
    method: str
    uri: str
    success_status: int
    input: Shape | None
    output: Shape | None
    result_wrapper: str | None
    error_names: tuple[str, ...]
    host_prefix: str | None
    streams_input: bool
    http_checksum: Mapping[str, Any]

    def __repr__(self) -> str:
        return f"{self.service.name}:{self.name}"


class Operations(Mapping[str, OperationModel]):
    """Operations by name, built at first use."""

    def __init__(self, service: ServiceModel, raw: dict[str, Any]) -> None:
        self._service, self._raw = service, raw
        self._built: dict[str, OperationModel] = {}

    def __getitem__(self, name: str) -> OperationModel:
        built = self._built.get(name)
        if built is None:
            built = self._built[name] = self._build(name, self._raw[name])
        return built

    def __iter__(self) -> Iterator[str]:
        return iter(self._raw)

    def __len__(self) -> int:
        return len(self._raw)

    def __contains__(self, name: object) -> bool:
        return name in self._raw

    def routes(self) -> Iterator[tuple[str, str, str]]:
        """Name, HTTP method and URI template of each operation, without building the operations."""
        for name, raw in self._raw.items():
            http = raw.get("http", {})
            yield name, http.get("method", "POST"), http.get("requestUri", "/")

    def _build(self, name: str, raw: dict[str, Any]) -> OperationModel:
        http, output = raw.get("http", {}), raw.get("output")
        shape = self._service.shape(raw["input"]["shape"]) if "input" in raw else None
        payload = shape.traits.get("payload") if shape is not None else None
        return OperationModel(
            service=self._service,
            name=name,
            method=http.get("method", "POST"),
            uri=http.get("requestUri", "/"),
            success_status=http.get("responseCode", 200),
            input=shape,
            output=self._service.shape(output["shape"]) if output else None,
            result_wrapper=output.get("resultWrapper") if output else None,
            error_names=tuple(error["shape"] for error in raw.get("errors", ())),
            host_prefix=raw.get("endpoint", {}).get("hostPrefix"),
            streams_input=bool(payload and shape is not None and shape.members[payload].traits.get("streaming"))
            and Protocol.REST_XML in self._service.protocols,
            http_checksum=raw.get("httpChecksum", {}),
        )


class ServiceModel:
    """One service's model. Its identity is the service: there is one object a service name."""

    def __init__(self, name: str, raw: dict[str, Any]) -> None:
        metadata = raw["metadata"]
        self.name = name
        self.metadata: dict[str, Any] = metadata
        self.api_version: str = metadata["apiVersion"]
        self.endpoint_prefix: str = metadata["endpointPrefix"]
        self.signing_name: str = metadata.get("signingName") or self.endpoint_prefix
        self.target_prefix: str | None = metadata.get("targetPrefix")
        self.json_version: str = metadata.get("jsonVersion") or "1.0"
        self.query_compatible: bool = "awsQueryCompatible" in metadata
        self.protocols = _protocols(metadata)
        self.xml_namespace: str | None = metadata.get("xmlNamespace") or overlays.XML_NAMESPACES.get(name)
        self.operations = Operations(self, raw["operations"])
        self._raw_shapes: dict[str, dict[str, Any]] = raw["shapes"]
        self._shapes: dict[str, Shape] = {}
        self._errors: dict[str, ErrorModel] | None = None

    def __repr__(self) -> str:
        return f"ServiceModel({self.name})"

    def shape(self, name: str) -> Shape:
        """The shape of that name.

        Raises:
            KeyError: the model has no such shape.
        """
        found = self._shapes.get(name)
        if found is None:
            found = self._shapes[name] = _shape(name, self._raw_shapes[name])
        return found

    def error(self, code: str) -> ErrorModel | None:
        """The modelled error whose shape name or query-protocol code is ``code``; None if AWS models none."""
        if self._errors is None:
            self._errors = self._load_errors()
        return self._errors.get(code)

    def _load_errors(self) -> dict[str, ErrorModel]:
        by_code: dict[str, ErrorModel] = {}
        by_name: dict[str, ErrorModel] = {}
        legacy = overlays.QUERY_ERROR_CODES.get(self.name, {})
        names = [name for name, raw in self._raw_shapes.items() if raw.get("exception")]
        for name in names:
            shape = self.shape(name)
            http = shape.traits.get("error", {})
            code = legacy.get(name) or http.get("code") or name
            fault = bool(shape.traits.get("fault"))
            status = http.get("httpStatusCode", 500 if fault else 400)
            by_name[name] = ErrorModel(name, code, status, http.get("senderFault", not fault), shape)
            by_code.setdefault(code, by_name[name])
        return by_code | by_name  # two may share a code, and one have it for its name


def _protocols(metadata: dict[str, Any]) -> tuple[Protocol, ...]:
    listed = [metadata["protocol"], *metadata.get("protocols", ())]
    known = {str(protocol) for protocol in Protocol}
    protocols = [Protocol(name) for name in dict.fromkeys(listed) if name in known]
    if "awsQueryCompatible" in metadata and Protocol.QUERY not in protocols:
        protocols.append(Protocol.QUERY)  # AWS goes on answering the query protocol: old SDKs speak nothing else
    return tuple(protocols)


_OWN_FIELDS = frozenset({"type", "members", "required", "member", "key", "value"})


def _ref(raw: dict[str, Any] | None) -> Ref | None:
    return None if raw is None else Ref(raw["shape"], raw)


def _shape(name: str, raw: dict[str, Any]) -> Shape:
    return Shape(
        name=name,
        type=raw["type"],
        members={member: Ref(ref["shape"], ref) for member, ref in raw.get("members", {}).items()},
        required=frozenset(raw.get("required", ())),
        traits={key: value for key, value in raw.items() if key not in _OWN_FIELDS},
        element=_ref(raw.get("member")),
        key=_ref(raw.get("key")),
        value=_ref(raw.get("value")),
    )


@cache
def _data_directory() -> Path:
    spec = importlib.util.find_spec("botocore")
    if spec is None or not spec.submodule_search_locations:
        raise RuntimeError("botocore is not installed: its service models describe the AWS APIs")
    return Path(spec.submodule_search_locations[0]) / "data"


def _strip_documentation(raw: dict[str, Any]) -> dict[str, Any]:
    """Drop every documentation text in place (``documentation`` can also be the name of a member: then it is a ref)."""
    raw.pop("documentation", None)
    for operation in raw["operations"].values():
        operation.pop("documentation", None)
        for error in operation.get("errors", ()):
            error.pop("documentation", None)
    for shape in raw["shapes"].values():
        shape.pop("documentation", None)
        for ref in shape.get("members", {}).values():
            ref.pop("documentation", None)
        for part in ("member", "key", "value"):
            if part in shape:
                shape[part].pop("documentation", None)
    return raw


@cache
def load_service(name: str) -> ServiceModel:
    """The model of the service with botocore's name (``sqs``, ``stepfunctions``, ``lambda``, …), newest version.

    Raises:
        KeyError: there is no such service.
    """
    directory = _data_directory() / name
    if not name or "/" in name or not directory.is_dir():
        raise KeyError(f"no service model named {name!r}")
    files = sorted(directory.glob("*/service-2.json*"))
    if not files:
        raise KeyError(f"no service model named {name!r}")
    content = files[-1].read_bytes()
    raw = orjson.loads(gzip.decompress(content) if files[-1].suffix == ".gz" else content)
    return ServiceModel(name, _strip_documentation(raw))
