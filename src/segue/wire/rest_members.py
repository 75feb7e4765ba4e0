"""Members of REST requests and answers outside of their bodies: path labels, query string, headers."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import parse_qsl

from segue.errors import AwsError
from segue.wire import timestamps
from segue.wire.json_values import serialization_error, timestamp_encoder
from segue.wire.model import OperationModel, Ref, ServiceModel, Shape

_MAX_QUERY_FIELDS: Final = 10_000
TextDecoder = Callable[[str], Any]


def _invalid(text: str, wanted: str) -> AwsError:
    return serialization_error(f"Value {text[:64]} can not be converted to {wanted}")


def _integer_decoder(bits: int) -> TextDecoder:
    limit, wanted = 1 << (bits - 1), "Integer" if bits == 32 else "Long"

    def decode(text: str) -> int:
        digits = text.strip()
        try:
            number = int(digits) if len(digits) <= 20 and digits.isascii() and "_" not in digits else limit
        except ValueError:
            number = limit
        if not -limit <= number < limit:
            raise _invalid(text, wanted)
        return number

    return decode


def _text_float(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise _invalid(text, "Double") from None


def _text_boolean(text: str) -> bool:
    lowered = text.strip().lower()
    if lowered not in ("true", "false"):
        raise _invalid(text, "Boolean")
    return lowered == "true"


def _text_timestamp(text: str) -> int:
    try:
        return timestamps.from_text(text)
    except ValueError:
        raise _invalid(text, "Timestamp") from None


def _text_blob(text: str) -> bytes:
    try:
        return b64decode(text.encode("ascii"), validate=True)
    except ValueError:
        raise _invalid(text, "Blob") from None


def _text_json(text: str) -> str:
    """A JSON value in a header is Base64 (jsonvalue trait); inside it stays a text."""
    try:
        return b64decode(text.encode("ascii"), validate=True).decode()
    except ValueError:
        raise _invalid(text, "JsonValue") from None


_TEXT_DECODERS: Final[dict[str, TextDecoder]] = {
    "string": lambda text: text,
    "character": lambda text: text,
    "integer": _integer_decoder(32),
    "long": _integer_decoder(64),
    "float": _text_float,
    "double": _text_float,
    "boolean": _text_boolean,
    "timestamp": _text_timestamp,
    "blob": _text_blob,
}


def text_decoder(service: ServiceModel, ref: Ref) -> TextDecoder:
    shape = service.shape(ref.shape_name)
    if ref.traits.get("jsonvalue") or shape.traits.get("jsonvalue"):
        return _text_json
    return _TEXT_DECODERS[shape.type]


def query_values(query: str) -> dict[str, list[str]]:
    try:
        pairs = parse_qsl(query, keep_blank_values=True, max_num_fields=_MAX_QUERY_FIELDS, errors="strict")
    except ValueError:
        raise serialization_error("The query string is not valid") from None
    values: dict[str, list[str]] = {}
    for key, value in pairs:
        values.setdefault(key, []).append(value)
    return values


def query_decoder(
    service: ServiceModel, name: str, ref: Ref, taken: frozenset[str]
) -> Callable[[dict[str, list[str]]], Any]:
    """Of one member in the query string: repeated for a list; a map gets every parameter that is not ``taken``."""
    shape, wire_name = service.shape(ref.shape_name), ref.location_name or name
    if shape.type == "list" and shape.element is not None:
        element = text_decoder(service, shape.element)
        return lambda values: [element(text) for text in values[wire_name]] if wire_name in values else None
    if shape.type == "map":
        return lambda values: {key: texts[0] for key, texts in values.items() if key not in taken} or None
    decoder = text_decoder(service, ref)
    return lambda values: decoder(values[wire_name][0]) if wire_name in values else None


def query_names(operation: OperationModel, shape: Shape) -> frozenset[str]:
    """The parameters that the URI template or a member names."""
    literal = (part.partition("=")[0] for part in operation.uri.partition("?")[2].split("&"))
    members = (ref.location_name or name for name, ref in shape.members.items() if ref.location == "querystring")
    return frozenset((*literal, *members))


def header_decoder(service: ServiceModel, name: str, ref: Ref) -> Callable[[Mapping[str, str]], Any]:
    shape, wire_name = service.shape(ref.shape_name), (ref.location_name or name).lower()
    if ref.location == "headers":
        cut = len(wire_name) if ref.location_name else 0
        prefix = wire_name if ref.location_name else ""
        return lambda headers: {key[cut:]: text for key, text in headers.items() if key.startswith(prefix)} or None
    if shape.type == "list" and shape.element is not None:
        element = text_decoder(service, shape.element)
        return lambda headers: (
            [element(text.strip()) for text in headers[wire_name].split(",")] if wire_name in headers else None
        )
    decoder = text_decoder(service, ref)
    return lambda headers: decoder(headers[wire_name]) if wire_name in headers else None


def _text_encoder(service: ServiceModel, ref: Ref) -> Callable[[Any], str]:
    shape = service.shape(ref.shape_name)
    if ref.traits.get("jsonvalue") or shape.traits.get("jsonvalue"):
        return lambda value: b64encode((value if isinstance(value, str) else json.dumps(value)).encode()).decode()
    if shape.type == "timestamp":
        return timestamp_encoder(service, ref, "rfc822")
    if shape.type == "boolean":
        return lambda value: "true" if value else "false"
    if shape.type == "blob":
        return lambda value: b64encode(value).decode()
    if shape.type == "list" and shape.element is not None:
        element = _text_encoder(service, shape.element)
        return lambda value: ",".join(element(item) for item in value)
    return str


def add_headers(service: ServiceModel, shape: Shape) -> Callable[[dict[str, Any], dict[str, str]], None]:
    plain, prefixed = [], []
    for name, ref in shape.members.items():
        if ref.location == "header":
            plain.append((name, ref.location_name or name, _text_encoder(service, ref)))
        elif ref.location == "headers":
            prefixed.append((name, ref.location_name or ""))

    def add(result: dict[str, Any], headers: dict[str, str]) -> None:
        for name, header, encoder in plain:
            value = result.get(name)
            if value is not None:
                headers[header] = encoder(value)
        for name, prefix in prefixed:
            for key, value in (result.get(name) or {}).items():
                headers[prefix + key] = str(value)

    return add
