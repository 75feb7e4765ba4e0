"""rest-xml: members in the path, query string and headers, and bodies of XML or of bytes as they are.

Source: https://smithy.io/2.0/aws/protocols/aws-restxml-protocol.html; what Amazon S3 does otherwise is in
:mod:`segue.wire.overlays`.
"""

from __future__ import annotations

from base64 import b64encode
from binascii import Error as Base64Error
from binascii import a2b_base64
from collections.abc import Callable, Mapping
from hashlib import sha512
from typing import Any, Final

from segue.errors import AwsError, not_implemented
from segue.wire import overlays, timestamps
from segue.wire.model import OperationModel, Ref, ServiceModel, Shape
from segue.wire.request import FileBody, Request, Response
from segue.wire.rest_members import add_headers, header_decoder, query_decoder, query_names, query_values, text_decoder
from segue.wire.xml import SCALARS, escape
from segue.wire.xml_tree import Element, NotXml, parse_xml

Decoder = Callable[[Element], Any]
#: an encoder appends the element's XML to the list of pieces
Encoder = Callable[[Any, list[str]], None]

_MALFORMED: Final = "The XML you provided was not well-formed or did not validate against our published schema"
_DECLARATION: Final = '<?xml version="1.0" encoding="UTF-8"?>\n'


def malformed_xml() -> AwsError:
    """What AWS says of every body that does not fit."""
    return AwsError("MalformedXML", _MALFORMED)


# --- requests


_BOOLEANS: Final = {"true": True, "1": True, "false": False, "0": False}


def _boolean(text: str) -> bool:
    if text.lower() not in _BOOLEANS:
        raise ValueError("not a boolean")
    return _BOOLEANS[text.lower()]


_CONVERTERS: Final[dict[str, Callable[[str], Any]]] = {
    "integer": int,
    "long": int,
    "float": float,
    "double": float,
    "boolean": _boolean,
    "timestamp": timestamps.from_text,
    "blob": a2b_base64,
}


def _scalar_decoder(shape: Shape) -> Decoder:
    if shape.type == "string":
        return lambda element: element.text
    convert = _CONVERTERS[shape.type]

    def decode(element: Element) -> Any:
        try:
            return convert(element.text.strip())
        except (ValueError, Base64Error):
            raise malformed_xml() from None

    return decode


class _Decoders:
    """Compiled readers of one service's shapes."""

    def __init__(self, service: ServiceModel) -> None:
        self.service = service
        self._structures: dict[str, Decoder] = {}

    def of(self, ref: Ref) -> Decoder:
        shape = self.service.shape(ref.shape_name)
        if shape.type == "structure":
            return self.structure(shape)
        if shape.type == "list":
            return self._list(shape)
        if shape.type == "map":
            raise not_implemented(self.service.name, f"the map {shape.name} in XML")
        return _scalar_decoder(shape)

    def structure(self, shape: Shape) -> Decoder:
        known = self._structures.get(shape.name)
        if known is not None:
            return known
        members: list[tuple[str, str, Decoder, bool]] = []
        attributes: list[tuple[str, str]] = []

        def decode(element: Element) -> dict[str, Any]:
            found: dict[str, Any] = {
                name: element.attributes[key] for name, key in attributes if key in element.attributes
            }
            for name, tag, decoder, flat in members:
                if flat:
                    items = element.all(tag)
                    if items:
                        found[name] = [decoder(item) for item in items]
                elif (child := element.first(tag)) is not None:
                    found[name] = decoder(child)
            return found

        self._structures[shape.name] = decode
        for name, ref in shape.members.items():
            if ref.location:
                continue
            tag = ref.location_name or name
            if ref.traits.get("xmlAttribute"):
                attributes.append((name, tag.rpartition(":")[2]))
                continue
            inner = self.service.shape(ref.shape_name)
            flat = inner.type == "list" and _is_flat(inner, ref)
            use = inner.element if flat and inner.element is not None else ref
            members.append((name, tag, self.of(use), flat))
        return decode

    def _list(self, shape: Shape) -> Decoder:
        assert shape.element is not None
        decoder, tag = self.of(shape.element), shape.element.location_name or "member"
        return lambda element: [decoder(item) for item in element.all(tag)]


def _is_flat(shape: Shape, ref: Ref) -> bool:
    return bool(shape.traits.get("flattened") or ref.traits.get("flattened"))


def _root(body: bytes) -> Element:
    try:
        return parse_xml(body)
    except NotXml:
        raise malformed_xml() from None


def _payload_decoder(service: ServiceModel, ref: Ref) -> Callable[[Request], Any]:
    shape = service.shape(ref.shape_name)
    if shape.type == "blob":
        return lambda request: request.stored if request.stored is not None else request.body
    if shape.type == "string":
        return lambda request: request.body.decode("utf-8", "replace") or None
    decoder = _Decoders(service).structure(shape)
    return lambda request: decoder(_root(request.body)) if request.body.strip() else None


def compile_xml_input(operation: OperationModel) -> Callable[[Request, Mapping[str, str]], dict[str, Any]]:
    """The reader of a request and its decoded path labels."""
    service, shape = operation.service, operation.input
    if shape is None:
        return lambda _request, _labels: {}
    labels, queries, headers = [], [], []
    taken = query_names(operation, shape)
    for name, ref in shape.members.items():
        if ref.location == "uri":
            labels.append((name, ref.location_name or name, text_decoder(service, ref)))
        elif ref.location == "querystring":
            queries.append((name, query_decoder(service, name, ref, taken)))
        elif ref.location in ("header", "headers"):
            wire_name = (ref.location_name or name).lower() if ref.location == "header" else ""
            headers.append((name, wire_name, header_decoder(service, name, ref)))
    payload = shape.traits.get("payload")
    read_payload = _payload_decoder(service, shape.members[payload]) if payload else None
    has_body = payload is None and any(not ref.location for ref in shape.members.values())
    body = _Decoders(service).structure(shape) if has_body else None

    def read(request: Request, values: Mapping[str, str]) -> dict[str, Any]:
        params: dict[str, Any] = {}
        if read_payload is not None and payload:
            params[payload] = read_payload(request)
        elif body is not None and request.body:
            params = body(_root(request.body))
        params.update((name, decoder(values[wire_name])) for name, wire_name, decoder in labels if wire_name in values)
        try:
            if queries and request.query:
                query = query_values(request.query)
                params.update((name, decoder(query)) for name, decoder in queries)
            given = request.headers  # of some fifty that an operation has, few are there
            params.update((name, decoder(given)) for name, key, decoder in headers if not key or key in given)
        except AwsError as error:
            raise AwsError("InvalidArgument", error.message) from None
        return {name: value for name, value in params.items() if value is not None}

    return read


# --- answers


def _iso(value: int) -> str:
    """Always with milliseconds, as S3 writes times."""
    text = timestamps.to_iso(value)
    return text if "." in text else f"{text[:-1]}.000Z"


def _attribute(value: str) -> str:
    """An attribute's value: there, line breaks and tabs as they are would be read as spaces."""
    return escape(value).replace("\t", "&#x9;").replace("\n", "&#xa;")


class _Encoders:
    """Compiled writers of one service's shapes."""

    def __init__(self, service: ServiceModel) -> None:
        self.service = service
        self._members: dict[str, list[tuple[str, Encoder]]] = {}

    def of(self, ref: Ref, tag: str) -> Encoder:
        shape = self.service.shape(ref.shape_name)
        if shape.type == "structure":
            return self.structure(shape, tag)
        if shape.type == "list":
            return self._list(shape, ref, tag)
        if shape.type == "map":
            raise not_implemented(self.service.name, f"the map {shape.name} in XML")
        text = _iso if shape.type == "timestamp" else SCALARS[shape.type]
        return lambda value, out: out.append(f"<{tag}>{text(value)}</{tag}>")

    def members(self, shape: Shape) -> list[tuple[str, Encoder]]:
        """The encoders of what stands in the structure's element."""
        known = self._members.get(shape.name)
        if known is None:
            known = self._members[shape.name] = []
            known.extend(
                (name, self.of(ref, ref.location_name or name))
                for name, ref in shape.members.items()
                if not ref.location and not ref.traits.get("xmlAttribute")
            )
        return known

    def structure(self, shape: Shape, tag: str, namespace: str = "") -> Encoder:
        members = self.members(shape)
        attributes = [
            (name, ref.location_name or name) for name, ref in shape.members.items() if ref.traits.get("xmlAttribute")
        ]
        own = shape.traits.get("xmlNamespace")
        declared = namespace or (f' xmlns:{own["prefix"]}="{own["uri"]}"' if own and "prefix" in own else "")

        def encode(value: Any, out: list[str]) -> None:
            given = "".join(f' {key}="{_attribute(value[name])}"' for name, key in attributes if value.get(name))
            out.append(f"<{tag}{declared}{given}>")
            for name, encoder in members:
                item = value.get(name)
                if item is not None:
                    encoder(item, out)
            out.append(f"</{tag}>")

        return encode

    def _list(self, shape: Shape, ref: Ref, tag: str) -> Encoder:
        assert shape.element is not None
        if _is_flat(shape, ref):
            flat = self.of(shape.element, tag)

            def encode_flat(value: Any, out: list[str]) -> None:
                for item in value:
                    flat(item, out)

            return encode_flat
        element = self.of(shape.element, shape.element.location_name or "member")

        def encode(value: Any, out: list[str]) -> None:
            out.append(f"<{tag}>")
            for item in value:
                element(item, out)
            out.append(f"</{tag}>")

        return encode


def _body_encoder(operation: OperationModel, shape: Shape) -> Callable[[dict[str, Any]], bytes | FileBody]:
    """What makes an answer's body of the result."""
    service, payload = operation.service, shape.traits.get("payload")
    namespace = f' xmlns="{service.xml_namespace}"' if service.xml_namespace else ""
    encoders = _Encoders(service)
    if payload:
        ref = shape.members[payload]
        inner = service.shape(ref.shape_name)
        if inner.is_event_stream:
            raise not_implemented(repr(operation), f"the event stream {inner.name}")
        if inner.type == "blob":
            return lambda result: result.get(payload) or b""
        if inner.type == "string":
            return lambda result: (result.get(payload) or "").encode("utf-8", "replace")
        root = ref.location_name or overlays.XML_ROOTS.get((service.name, operation.name)) or inner.name
        inside = encoders.structure(inner, root, namespace)
        return lambda result: _document(inside, result[payload]) if result.get(payload) is not None else b""
    root = overlays.XML_ROOTS.get((service.name, operation.name)) or shape.name
    if operation.name in overlays.TEXT_ANSWERS.get(service.name, {}):
        member = overlays.TEXT_ANSWERS[service.name][operation.name]
        return lambda result: (
            f"{_DECLARATION}<{member}{namespace}>{escape(result.get(member) or '')}</{member}>".encode()
        )
    if all(ref.location for ref in shape.members.values()):
        return lambda _result: b""
    whole = encoders.structure(shape, root, namespace)
    return lambda result: _document(whole, result)


def _document(encoder: Encoder, value: Any) -> bytes:
    out = [_DECLARATION]
    encoder(value, out)
    return "".join(out).encode("utf-8", "replace")


def compile_xml_output(operation: OperationModel) -> Callable[[dict[str, Any], str], Response]:
    """The writer of an answer: takes the result and the request id."""
    service, shape = operation.service, operation.output
    success = operation.success_status
    if shape is None:
        return lambda _result, request_id: Response(success, id_headers(service, request_id))
    write_headers = add_headers(service, shape)
    write_body = _body_encoder(operation, shape)
    payload = shape.traits.get("payload")
    is_bytes = bool(payload) and service.shape(shape.members[payload or ""].shape_name).type == "blob"
    partial = "ContentRange" in shape.members

    def write(result: dict[str, Any], request_id: str) -> Response:
        headers = id_headers(service, request_id)
        body = write_body(result)
        if body and not is_bytes:
            headers["Content-Type"] = "application/xml"
        write_headers(result, headers)
        status = 206 if partial and result.get("ContentRange") else success
        if isinstance(body, FileBody):
            return Response(status, headers, file=body)
        return Response(status, headers, body)

    return write


def id_headers(service: ServiceModel | None, request_id: str) -> dict[str, str]:
    """By which an answer names its request."""
    if service is not None and service.name in overlays.UNWRAPPED_ERRORS:
        return {"x-amz-request-id": request_id, "x-amz-id-2": extended_id(request_id)}
    return {"x-amzn-RequestId": request_id}


def extended_id(request_id: str) -> str:
    """S3's second name of a request (``x-amz-id-2``, ``HostId``): opaque, and always the same for the same request."""
    return b64encode(sha512(request_id.encode()).digest()[:57]).decode()


def plain_error_xml(code: str, message: str, members: Mapping[str, Any], request_id: str) -> bytes:
    """An error as S3 answers it: ``<Error>`` is the root."""
    more = "".join(
        f"<{name}>{escape(str(value))}</{name}>"
        for name, value in members.items()
        if value is not None and name.replace("-", "_").isidentifier()
    )
    return (
        f"{_DECLARATION}<Error><Code>{escape(code)}</Code><Message>{escape(message)}</Message>{more}"
        f"<RequestId>{escape(request_id)}</RequestId><HostId>{escape(extended_id(request_id))}</HostId></Error>"
    ).encode("utf-8", "replace")
