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


#: services whose answers stand on lines of their own, two spaces a level, without a declaration before them
#: (conformance: the Content-Length of sns:publish, 294, and of a FIFO topic's, 352, in sfn-task-sns/*)
_INDENTED: Final = frozenset(("sns",))

SCALARS: Final[dict[str, Callable[[Any], str]]] = {
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
        self._indented = service.name in _INDENTED
        self._members: dict[tuple[str, int], list[tuple[str, Encoder]]] = {}

    def tags(self, tag: str, depth: int) -> tuple[str, str, str]:
        """What opens an element, what closes it, and what opens one that holds others."""
        if not self._indented:
            return f"<{tag}>", f"</{tag}>", f"<{tag}>"
        space = "  " * depth
        return f"{space}<{tag}>", f"</{tag}>\n", f"{space}<{tag}>\n"

    def end(self, tag: str, depth: int) -> str:
        """What closes an element that holds others."""
        return f"{'  ' * depth}</{tag}>\n" if self._indented else f"</{tag}>"

    def encoder(self, ref: Ref, tag: str, depth: int) -> Encoder:
        """The encoder of a value as one element ``tag`` (a flattened list or map: as several)."""
        shape = self.service.shape(ref.shape_name)
        if shape.type == "structure":
            return self._structure(shape, tag, depth)
        if shape.type == "list":
            return self._list(shape, ref, tag, depth)
        if shape.type == "map":
            return self._map(shape, ref, tag, depth)
        opening, closing, _ = self.tags(tag, depth)
        text = timestamp_encoder(self.service, ref, "iso8601") if shape.type == "timestamp" else SCALARS[shape.type]
        return lambda value, out: out.append(f"{opening}{text(value)}{closing}")

    def members(self, shape: Shape, depth: int) -> list[tuple[str, Encoder]]:
        """The encoders of a structure's members; how deep they stand matters only where answers are indented."""
        key = (shape.name, depth if self._indented else 0)
        known = self._members.get(key)
        if known is None:
            known = self._members[key] = []
            names = ((name, ref, ref.location_name or name) for name, ref in shape.members.items())
            known.extend((name, self.encoder(ref, tag, depth)) for name, ref, tag in names)
        return known

    def _structure(self, shape: Shape, tag: str, depth: int) -> Encoder:
        opening, closing, members = self.tags(tag, depth)[2], self.end(tag, depth), self.members(shape, depth + 1)

        def encode(value: Any, out: list[str]) -> None:
            out.append(opening)
            for name, encoder in members:
                item = value.get(name)
                if item is not None:
                    encoder(item, out)
            out.append(closing)

        return encode

    def _list(self, shape: Shape, ref: Ref, tag: str, depth: int) -> Encoder:
        if shape.element is None:
            raise ValueError(f"list without member: {shape.name}")
        named = element_name(self.service, shape, shape.element)
        if is_flattened(self.service, shape, ref):
            element = self.encoder(shape.element, named or tag, depth)

            def encode_flat(value: Any, out: list[str]) -> None:
                for item in value:
                    element(item, out)

            return encode_flat
        element = self.encoder(shape.element, named or "member", depth + 1)
        opening, closing = self.tags(tag, depth)[2], self.end(tag, depth)

        def encode(value: Any, out: list[str]) -> None:
            out.append(opening)
            for item in value:
                element(item, out)
            out.append(closing)

        return encode

    def _map(self, shape: Shape, ref: Ref, tag: str, depth: int) -> Encoder:
        if shape.key is None or shape.value is None:
            raise ValueError(f"map without key or value: {shape.name}")
        key_name, value_name = entry_names(self.service, shape)
        flattened = is_flattened(self.service, shape, ref)
        inside = depth if flattened else depth + 1
        key_encoder = self.encoder(shape.key, key_name, inside + 1)
        value_encoder = self.encoder(shape.value, value_name, inside + 1)
        entry = (element_name(self.service, shape, None) or tag) if flattened else "entry"
        entry_opening, entry_closing = self.tags(entry, inside)[2], self.end(entry, inside)
        opening, closing = ("", "") if flattened else (self.tags(tag, depth)[2], self.end(tag, depth))

        def encode(value: Any, out: list[str]) -> None:
            out.append(opening)
            for key, item in value.items():
                if item is not None:
                    out.append(entry_opening)
                    key_encoder(key, out)
                    value_encoder(item, out)
                    out.append(entry_closing)
            out.append(closing)

        return encode


def compile_query_result(operation: OperationModel) -> Callable[[dict[str, Any], str], bytes]:
    """The writer of ``<XResponse>``: takes the result and the request id."""
    service, shape = operation.service, operation.output
    namespace = f' xmlns="{service.xml_namespace}"' if service.xml_namespace else ""
    indented = service.name in _INDENTED
    break_ = "\n" if indented else ""
    head = f"<{operation.name}Response{namespace}>{break_}"
    if not indented:
        head = f"<?xml version='1.0' encoding='UTF-8'?>\n{head}"
    foot = f"</{operation.name}Response>{break_}"
    before, between, after = ("  ", "\n    ", "\n  ") if indented else ("", "", "")
    wrapper = operation.result_wrapper or (f"{operation.name}Result" if shape is not None and shape.members else None)
    body = _Compiler(service)._structure(shape, wrapper, 1) if shape is not None and wrapper else None

    def write(result: dict[str, Any], request_id: str) -> bytes:
        out = [head]
        if body is not None:
            body(result, out)
        metadata = f"<RequestId>{escape(request_id)}</RequestId>{after}</ResponseMetadata>{break_}"
        out.append(f"{before}<ResponseMetadata>{between}{metadata}{foot}")
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
