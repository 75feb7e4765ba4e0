"""The query protocol's answers: results as XML, compiled from the output's shape."""

from __future__ import annotations

import re
from binascii import b2a_base64
from collections.abc import Callable
from typing import Any, Final

from segue.wire.form import element_name, entry_names, is_flattened
from segue.wire.json_values import timestamp_encoder
from segue.wire.model import OperationModel, Ref, ServiceModel, Shape

#: an encoder appends the element's XML to the list of pieces
Encoder = Callable[[Any, list[str]], None]

_SPECIAL = re.compile("[&<>\"'\r\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_ESCAPES: Final = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&apos;", "\r": "&#xd;"}


def escape(text: str) -> str:
    """Text as XML character data. What XML 1.0 cannot hold at all becomes U+FFFD."""
    if not _SPECIAL.search(text):
        return text
    return _SPECIAL.sub(lambda match: _ESCAPES.get(match[0], "\ufffd"), text)


def _string(value: Any) -> str:
    return escape(value if isinstance(value, str) else str(value))


def _boolean(value: Any) -> str:
    return "true" if value else "false"


def _float(value: Any) -> str:
    return {"inf": "Infinity", "-inf": "-Infinity", "nan": "NaN"}.get(text := repr(value), text)


def _blob(value: Any) -> str:
    return b2a_base64(value, newline=False).decode("ascii")


_SCALARS: Final[dict[str, Callable[[Any], str]]] = {
    "string": _string,
    "character": _string,
    "boolean": _boolean,
    "integer": str,
    "long": str,
    "float": _float,
    "double": _float,
    "blob": _blob,
}


class _Compiler:
    def __init__(self, service: ServiceModel) -> None:
        self.service = service
        self._members: dict[str, list[tuple[str, Encoder]]] = {}

    def encoder(self, ref: Ref, tag: str) -> Encoder:
        """The encoder of a value as one element ``tag`` (a flattened list or map: as several)."""
        shape = self.service.shape(ref.shape_name)
        if shape.type == "structure":
            return self._structure(shape, tag)
        if shape.type == "list":
            return self._list(shape, ref, tag)
        if shape.type == "map":
            return self._map(shape, ref, tag)
        opening, closing = f"<{tag}>", f"</{tag}>"
        text = timestamp_encoder(self.service, ref, "iso8601") if shape.type == "timestamp" else _SCALARS[shape.type]
        return lambda value, out: out.append(f"{opening}{text(value)}{closing}")

    def members(self, shape: Shape) -> list[tuple[str, Encoder]]:
        known = self._members.get(shape.name)
        if known is None:
            known = self._members[shape.name] = []
            known.extend((name, self.encoder(ref, ref.location_name or name)) for name, ref in shape.members.items())
        return known

    def _structure(self, shape: Shape, tag: str) -> Encoder:
        opening, closing, members = f"<{tag}>", f"</{tag}>", self.members(shape)

        def encode(value: Any, out: list[str]) -> None:
            out.append(opening)
            for name, encoder in members:
                item = value.get(name)
                if item is not None:
                    encoder(item, out)
            out.append(closing)

        return encode

    def _list(self, shape: Shape, ref: Ref, tag: str) -> Encoder:
        if shape.element is None:
            raise ValueError(f"list without member: {shape.name}")
        named = element_name(self.service, shape, shape.element)
        if is_flattened(self.service, shape, ref):
            element = self.encoder(shape.element, named or tag)

            def encode_flat(value: Any, out: list[str]) -> None:
                for item in value:
                    element(item, out)

            return encode_flat
        element, opening, closing = self.encoder(shape.element, named or "member"), f"<{tag}>", f"</{tag}>"

        def encode(value: Any, out: list[str]) -> None:
            out.append(opening)
            for item in value:
                element(item, out)
            out.append(closing)

        return encode

    def _map(self, shape: Shape, ref: Ref, tag: str) -> Encoder:
        if shape.key is None or shape.value is None:
            raise ValueError(f"map without key or value: {shape.name}")
        key_name, value_name = entry_names(self.service, shape)
        key_encoder, value_encoder = self.encoder(shape.key, key_name), self.encoder(shape.value, value_name)
        flattened = is_flattened(self.service, shape, ref)
        entry = (element_name(self.service, shape, None) or tag) if flattened else "entry"

        def encode(value: Any, out: list[str]) -> None:
            if not flattened:
                out.append(f"<{tag}>")
            for key, item in value.items():
                if item is not None:
                    out.append(f"<{entry}>")
                    key_encoder(key, out)
                    value_encoder(item, out)
                    out.append(f"</{entry}>")
            if not flattened:
                out.append(f"</{tag}>")

        return encode


def compile_query_result(operation: OperationModel) -> Callable[[dict[str, Any], str], bytes]:
    """The writer of ``<XResponse>``: takes the result and the request id."""
    service, shape = operation.service, operation.output
    namespace = f' xmlns="{service.xml_namespace}"' if service.xml_namespace else ""
    head = f"<?xml version='1.0' encoding='UTF-8'?>\n<{operation.name}Response{namespace}>"
    wrapper = operation.result_wrapper or (f"{operation.name}Result" if shape is not None and shape.members else None)
    body = _Compiler(service)._structure(shape, wrapper) if shape is not None and wrapper else None

    def write(result: dict[str, Any], request_id: str) -> bytes:
        out = [head]
        if body is not None:
            body(result, out)
        out.append(f"<ResponseMetadata><RequestId>{escape(request_id)}</RequestId></ResponseMetadata>")
        out.append(f"</{operation.name}Response>")
        return "".join(out).encode()

    return write


def error_xml(
    service: ServiceModel | None, code: str, message: str, sender: bool, members: str, request_id: str
) -> bytes:
    """``<ErrorResponse>`` with AWS's order of elements; ``members`` is XML already."""
    namespace = f' xmlns="{service.xml_namespace}"' if service is not None and service.xml_namespace else ""
    detail = "<Detail/>" if service is not None and service.query_compatible else ""
    return (
        f"<?xml version='1.0' encoding='UTF-8'?>\n<ErrorResponse{namespace}><Error>"
        f"<Type>{'Sender' if sender else 'Receiver'}</Type><Code>{escape(code)}</Code>"
        f"<Message>{escape(message)}</Message>{detail}{members}</Error>"
        f"<RequestId>{escape(request_id)}</RequestId></ErrorResponse>"
    ).encode()
