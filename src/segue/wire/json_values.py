"""JSON bodies: decoders and encoders compiled from shapes, each shape once."""

from __future__ import annotations

import json
from binascii import Error as Base64Error
from binascii import a2b_base64, b2a_base64
from collections.abc import Callable
from typing import Any, Final

import orjson

from segue.errors import AwsError, not_implemented
from segue.wire import timestamps
from segue.wire.model import Ref, ServiceModel, Shape

Decoder = Callable[[Any], Any]
Encoder = Callable[[Any], Any]

_INTEGER_BITS: Final = {"integer": 32, "long": 64}


def serialization_error(message: str) -> AwsError:
    """What AWS answers to bodies that are not of the operation's form."""
    return AwsError("SerializationException", message)


def load_json(body: bytes) -> Any:
    """The JSON value of a body.

    Raises:
        AwsError: ``SerializationException``: not JSON, or not UTF-8.
    """
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise serialization_error(f"The request body is not valid JSON: {error}") from None


def dump_json(value: Any) -> bytes:
    """Compact JSON. Texts with lone surrogates, which UTF-8 cannot hold, are sent as escapes."""
    try:
        return orjson.dumps(value, default=_written)
    except (TypeError, orjson.JSONEncodeError):
        return json.dumps(value, separators=(",", ":"), allow_nan=False, default=_read).encode()


def _kind(value: Any) -> str:
    if value is True or value is False:
        return f"{str(value).upper()}_VALUE"
    if isinstance(value, str):
        return "STRING_VALUE"
    return "NUMBER_VALUE" if isinstance(value, (int, float)) else "START_OF_STRUCTURE"


def _unexpected(value: Any, wanted: str) -> AwsError:
    if isinstance(value, dict):
        return serialization_error("Start of structure or map found where not expected.")
    if isinstance(value, list):
        return serialization_error("Start of list found where not expected")
    return serialization_error(f"{_kind(value)} can not be converted to {wanted}")


def _decode_string(value: Any) -> str:
    if not isinstance(value, str):
        raise _unexpected(value, "String")
    return value


def _decode_boolean(value: Any) -> bool:
    if value is not True and value is not False:
        raise _unexpected(value, "Boolean")
    return bool(value)


def _integer_decoder(bits: int) -> Decoder:
    limit, wanted = 1 << (bits - 1), "Integer" if bits == 32 else "Long"

    def decode(value: Any) -> int:
        if type(value) is not int:
            if type(value) is not float:
                raise _unexpected(value, wanted)
            value = int(value) if -1e19 < value < 1e19 else limit  # AWS cuts fractions off
        if not -limit <= value < limit:
            raise serialization_error(f"Number is out of the range of {wanted}")
        return int(value)

    return decode


def _decode_float(value: Any) -> float:
    if type(value) is int or type(value) is float:
        return value
    if value in ("NaN", "Infinity", "-Infinity"):
        return float(value)
    raise _unexpected(value, "Double")


def _decode_blob(value: Any) -> bytes:
    if not isinstance(value, str):
        raise _unexpected(value, "Blob")
    try:
        return a2b_base64(value.encode("ascii"), strict_mode=True)
    except (Base64Error, UnicodeEncodeError):
        raise serialization_error("STRING_VALUE can not be converted to Blob: it is not valid Base64") from None


def _decode_timestamp(value: Any) -> int:
    try:
        if type(value) is int or type(value) is float:
            return timestamps.from_number(value)
        if isinstance(value, str):
            return timestamps.from_text(value)
    except ValueError:
        raise serialization_error(f"{_kind(value)} can not be converted to Timestamp") from None
    raise _unexpected(value, "Timestamp")


_SCALAR_DECODERS: Final[dict[str, Decoder]] = {
    "string": _decode_string,
    "character": _decode_string,
    "boolean": _decode_boolean,
    "integer": _integer_decoder(_INTEGER_BITS["integer"]),
    "long": _integer_decoder(_INTEGER_BITS["long"]),
    "float": _decode_float,
    "double": _decode_float,
    "blob": _decode_blob,
    "timestamp": _decode_timestamp,
}


class JsonDecoders:
    """Compiled decoders of one service's shapes, from JSON values to members as the model names them."""

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
            return self._map(shape)
        return _SCALAR_DECODERS[shape.type]

    def structure(self, shape: Shape) -> Decoder:
        """Of a structure: unknown members are left out, as AWS does, and so are nulls."""
        known = self._structures.get(shape.name)
        if known is not None:
            return known
        if shape.is_document:
            return lambda value: value
        members: dict[str, tuple[str, Decoder]] = {}

        def decode(value: Any) -> dict[str, Any]:
            if type(value) is not dict:
                raise _unexpected(value, "Structure")
            decoded = {}
            for wire_name, item in value.items():
                if item is not None:
                    member = members.get(wire_name)
                    if member is not None:
                        decoded[member[0]] = member[1](item)
            return decoded

        self._structures[shape.name] = decode
        for name, ref in shape.members.items():
            members[ref.location_name or name] = (name, self.of(ref))
        return decode

    def _list(self, shape: Shape) -> Decoder:
        if shape.element is None:
            raise ValueError(f"list without member: {shape.name}")
        element = self.of(shape.element)

        def decode(value: Any) -> list[Any]:
            if type(value) is not list:
                raise (
                    _unexpected(value, "List")
                    if isinstance(value, dict)
                    else serialization_error("Expected list or null")
                )
            if None in value:
                raise serialization_error("Unexpected null in a list")
            return [element(item) for item in value]

        return decode

    def _map(self, shape: Shape) -> Decoder:
        if shape.value is None:
            raise ValueError(f"map without value: {shape.name}")
        element = self.of(shape.value)

        def decode(value: Any) -> dict[str, Any]:
            if type(value) is not dict:
                raise (
                    _unexpected(value, "Map")
                    if isinstance(value, list)
                    else serialization_error("Expected map or null")
                )
            return {key: element(item) for key, item in value.items() if item is not None}

        return decode


def _encode_blob(value: Any) -> str:
    return b2a_base64(value, newline=False).decode("ascii")


class Seconds:
    """A timestamp on its way into JSON, see :func:`segue.wire.timestamps.to_number`."""

    __slots__ = ("timestamp_ms",)

    def __init__(self, timestamp_ms: int) -> None:
        self.timestamp_ms = timestamp_ms


def _written(value: Any) -> orjson.Fragment:
    if isinstance(value, Seconds):
        return orjson.Fragment(timestamps.to_number(value.timestamp_ms))
    raise TypeError(f"not JSON: {type(value).__name__}")


def _read(value: Any) -> float:
    if isinstance(value, Seconds):
        return timestamps.to_seconds(value.timestamp_ms)
    raise TypeError(f"not JSON: {type(value).__name__}")


_TIMESTAMP_ENCODERS: Final[dict[str, Encoder]] = {
    "unixTimestamp": timestamps.to_seconds,
    "iso8601": timestamps.to_iso,
    "rfc822": timestamps.to_http_date,
}


def timestamp_encoder(service: ServiceModel, ref: Ref, default: str) -> Encoder:
    shape = service.shape(ref.shape_name)
    return _TIMESTAMP_ENCODERS[ref.traits.get("timestampFormat") or shape.traits.get("timestampFormat") or default]


class JsonEncoders:
    """Compiled encoders of one service's shapes, from members to JSON values. None: the value goes as it is."""

    def __init__(self, service: ServiceModel) -> None:
        self.service = service
        self._structures: dict[str, Encoder] = {}

    def of(self, ref: Ref) -> Encoder | None:
        shape = self.service.shape(ref.shape_name)
        if shape.is_event_stream:
            return lambda _value: _refuse_stream(self.service.name, shape.name)
        if shape.type == "structure":
            return None if shape.is_document else self.structure(shape)
        if shape.type == "list":
            return self._list(shape)
        if shape.type == "map":
            return self._map(shape)
        if shape.type == "blob":
            return _encode_blob
        if shape.type == "timestamp":
            encoder = timestamp_encoder(self.service, ref, "unixTimestamp")
            return Seconds if encoder is timestamps.to_seconds else encoder
        return None

    def structure(self, shape: Shape) -> Encoder:
        """Of a structure: members that are None or unknown to the model are left out."""
        known = self._structures.get(shape.name)
        if known is not None:
            return known
        names: dict[str, str] = {}
        encoders: dict[str, Encoder] = {}  # of those members that do not go as they are

        def encode(value: Any) -> dict[str, Any]:
            if not encoders:
                return {names[name]: item for name, item in value.items() if item is not None and name in names}
            encoded = {}
            for name, item in value.items():
                if item is not None:
                    if name in encoders:
                        encoded[names[name]] = encoders[name](item)
                    elif name in names:
                        encoded[names[name]] = item
            return encoded

        self._structures[shape.name] = encode
        for name, ref in shape.members.items():
            names[name] = ref.location_name or name
            encoder = self.of(ref)
            if encoder is not None:
                encoders[name] = encoder
        return encode

    def _list(self, shape: Shape) -> Encoder | None:
        if shape.element is None:
            raise ValueError(f"list without member: {shape.name}")
        element = self.of(shape.element)
        if element is None:
            return None
        encoder = element
        return lambda value: [encoder(item) if item is not None else None for item in value]

    def _map(self, shape: Shape) -> Encoder | None:
        if shape.value is None:
            raise ValueError(f"map without value: {shape.name}")
        element = self.of(shape.value)
        if element is None:
            return None
        encoder = element
        return lambda value: {key: encoder(item) if item is not None else None for key, item in value.items()}


def _refuse_stream(service: str, shape: str) -> Any:
    raise not_implemented(service, f"the event stream {shape}")
