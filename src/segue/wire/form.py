"""The query protocol's requests: form parameters (``Entry.1.Id=a``) into the input's members."""

from __future__ import annotations

from binascii import Error as Base64Error
from binascii import a2b_base64
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import unquote_to_bytes

from segue.errors import AwsError
from segue.wire import overlays, timestamps
from segue.wire.model import Ref, ServiceModel, Shape
from segue.wire.request import Request

MAX_PARAMETERS: Final = 50_000
_MAX_KEY_DEPTH: Final = 64
_OWN: Final = ""  # a node's own value, where parameters go on below it too (A=1&A.B=2)

#: a decoder takes a parameter's value, or the tree of the parameters below it, and the name for error texts
Decoder = Callable[[Any, str], Any]
Tree = dict[str, Any]


def malformed(message: str) -> AwsError:
    return AwsError("MalformedInput", message)


def form_tree(request: Request) -> Tree:
    """All parameters of query string and body, nested at the dots of their names. Kept with the request.

    Raises:
        AwsError: ``MalformedQueryString``/``MalformedInput``: not UTF-8, too many parameters, too deep.
    """
    if request.form_tree is None:
        tree: Tree = {}
        body = request.body if request.header("content-type").startswith("application/x-www-form-urlencoded") else b""
        raw = request.query.encode("utf-8", "surrogateescape")
        if body.count(b"&") + raw.count(b"&") >= MAX_PARAMETERS:
            raise malformed(f"The request has more than {MAX_PARAMETERS} parameters.")
        for part in (*body.strip(b"\r\n").split(b"&"), *raw.split(b"&")):
            if part:
                key, _, value = part.partition(b"=")
                _insert(tree, _text(key), _text(value))
        request.form_tree = tree
    return request.form_tree


def _text(raw: bytes) -> str:
    if b"+" in raw:
        raw = raw.replace(b"+", b" ")
    if b"%" in raw:
        raw = unquote_to_bytes(raw)
    try:
        return raw.decode()
    except UnicodeDecodeError:
        raise malformed("The request's parameters are not valid UTF-8.") from None


def _insert(tree: Tree, key: str, value: str) -> None:
    if "." not in key:
        existing = tree.get(key)
        if existing is None:
            tree[key] = value
        elif isinstance(existing, dict):
            existing.setdefault(_OWN, value)
        return  # of a name given twice the first counts
    *path, last = key.split(".", _MAX_KEY_DEPTH)
    if len(path) >= _MAX_KEY_DEPTH:
        raise malformed("A parameter's name is nested too deeply.")
    node = tree
    for part in path:
        child = node.get(part)
        if child is None:
            child = node[part] = {}
        elif not isinstance(child, dict):
            child = node[part] = {_OWN: child}
        node = child
    existing = node.get(last)
    if existing is None:
        node[last] = value
    elif isinstance(existing, dict):
        existing.setdefault(_OWN, value)


def form_value(tree: Tree, name: str) -> str:
    """The value of a plain parameter, or an empty text."""
    value = tree.get(name, "")
    if isinstance(value, dict):
        value = value.get(_OWN, "")
    return str(value)


def compile_form(service: ServiceModel, shape: Shape | None) -> Callable[[Tree], dict[str, Any]]:
    """The decoder of an operation's input from the tree of its parameters."""
    if shape is None:
        return lambda _tree: {}
    decoder = _Compiler(service).structure(shape)

    def decode(tree: Tree) -> dict[str, Any]:
        decoded: dict[str, Any] = decoder(tree, "")
        return decoded

    return decode


def _leaf(value: Any, name: str) -> str:
    if isinstance(value, str):
        return value
    own = value.get(_OWN)
    if own is None:
        raise malformed(f"Start of structure or map found where not expected: {name}")
    return str(own)


def _decode_string(value: Any, name: str) -> str:
    return value if isinstance(value, str) else _leaf(value, name)


def _integer_decoder(bits: int) -> Decoder:
    limit = 1 << (bits - 1)

    def decode(value: Any, name: str) -> int:
        text = _leaf(value, name).strip()
        try:
            number = int(text) if len(text) <= 20 and text.isascii() and "_" not in text else limit
        except ValueError:
            number = limit
        if not -limit <= number < limit:
            raise malformed(f"Value {text[:64]} for parameter {name} is invalid. Reason: Must be an integer.")
        return number

    return decode


def _decode_float(value: Any, name: str) -> float:
    text = _leaf(value, name).strip()
    try:
        return float(text)
    except ValueError:
        raise malformed(f"Value {text[:64]} for parameter {name} is invalid. Reason: Must be a number.") from None


def _decode_boolean(value: Any, name: str) -> bool:
    text = _leaf(value, name).strip().lower()
    if text not in ("true", "false"):
        raise malformed(f"Value {text[:64]} for parameter {name} is invalid. Reason: Must be true or false.")
    return text == "true"


def _decode_blob(value: Any, name: str) -> bytes:
    try:
        return a2b_base64(_leaf(value, name).encode("ascii"), strict_mode=True)
    except (Base64Error, UnicodeEncodeError):
        raise malformed(f"The value of parameter {name} is not valid Base64.") from None


def _decode_timestamp(value: Any, name: str) -> int:
    text = _leaf(value, name)
    try:
        return timestamps.from_text(text)
    except ValueError:
        raise malformed(f"Value {text[:64]} for parameter {name} is invalid. Reason: Must be a timestamp.") from None


_SCALARS: Final[dict[str, Decoder]] = {
    "string": _decode_string,
    "character": _decode_string,
    "integer": _integer_decoder(32),
    "long": _integer_decoder(64),
    "float": _decode_float,
    "double": _decode_float,
    "boolean": _decode_boolean,
    "blob": _decode_blob,
    "timestamp": _decode_timestamp,
}


def _numbered(node: Tree) -> list[Any]:
    """The children under numbers, in the order of the numbers."""
    numbers = [(int(key), child) for key, child in node.items() if key.isascii() and key.isdigit() and len(key) < 10]
    numbers.sort(key=lambda pair: pair[0])
    return [child for _, child in numbers]


def element_name(service: ServiceModel, shape: Shape, ref: Ref | None) -> str | None:
    """The name on the wire of a list's elements or a flattened map's entries, where the model gives one."""
    legacy = overlays.QUERY_ELEMENT_NAMES.get(service.name, {}).get(shape.name)
    return legacy or (ref.location_name if ref is not None else None)


def entry_names(service: ServiceModel, shape: Shape) -> tuple[str, str]:
    """The names on the wire of the key and the value of a map's entry."""
    legacy = overlays.QUERY_ENTRY_NAMES.get(service.name, {}).get(shape.name)
    if legacy:
        return legacy
    key, value = shape.key, shape.value
    return (key.location_name if key else None) or "key", (value.location_name if value else None) or "value"


def is_flattened(service: ServiceModel, shape: Shape, ref: Ref | None = None) -> bool:
    if shape.name in overlays.QUERY_ELEMENT_NAMES.get(service.name, {}):
        return True
    return bool(shape.traits.get("flattened") or (ref is not None and ref.traits.get("flattened")))


class _Compiler:
    def __init__(self, service: ServiceModel) -> None:
        self.service = service
        self._structures: dict[str, Decoder] = {}

    def decoder(self, shape: Shape) -> Decoder:
        if shape.type == "structure":
            return self.structure(shape)
        if shape.type == "list":
            return self.list(shape)
        if shape.type == "map":
            return self.map(shape)
        return _SCALARS[shape.type]

    def wire_names(self, name: str, ref: Ref) -> tuple[str, ...]:
        """Under which names a member may come: a flattened list or map goes by its elements' name."""
        shape = self.service.shape(ref.shape_name)
        plain = ref.location_name or name
        if shape.type not in ("list", "map") or not is_flattened(self.service, shape, ref):
            return (plain,)
        element = element_name(self.service, shape, shape.element)
        return tuple(dict.fromkeys((element or plain, plain)))

    def structure(self, shape: Shape) -> Decoder:
        known = self._structures.get(shape.name)
        if known is not None:
            return known
        members: list[tuple[str, str, Decoder]] = []

        def decode(node: Any, path: str) -> dict[str, Any]:
            if not isinstance(node, dict):
                if node == "":
                    return {}
                raise malformed(f"Unexpected value where a structure is expected: {path}")
            decoded: dict[str, Any] = {}
            for wire_name, name, decoder in members:
                value = node.get(wire_name)
                if value is not None and name not in decoded:
                    decoded[name] = decoder(value, f"{path}.{wire_name}" if path else wire_name)
            return decoded

        self._structures[shape.name] = decode
        for name, ref in shape.members.items():
            decoder = self.decoder(self.service.shape(ref.shape_name))
            members.extend((wire_name, name, decoder) for wire_name in self.wire_names(name, ref))
        return decode

    def list(self, shape: Shape) -> Decoder:
        if shape.element is None:
            raise ValueError(f"list without member: {shape.name}")
        decoder = self.decoder(self.service.shape(shape.element.shape_name))
        element = element_name(self.service, shape, shape.element) or "member"

        def decode(node: Any, path: str) -> list[Any]:
            if not isinstance(node, dict):  # an empty list is sent as a name alone; SQS takes one unnumbered value
                return [] if node == "" else [decoder(node, path)]
            below = node.get("member", node.get(element, node))
            if not isinstance(below, dict):
                return [decoder(below, path)]
            return [decoder(child, path) for child in _numbered(below)]

        return decode

    def map(self, shape: Shape) -> Decoder:
        if shape.value is None:
            raise ValueError(f"map without value: {shape.name}")
        decoder = self.decoder(self.service.shape(shape.value.shape_name))
        key_name, value_name = entry_names(self.service, shape)

        def decode(node: Any, path: str) -> dict[str, Any]:
            if not isinstance(node, dict):
                if node == "":
                    return {}
                raise malformed(f"Unexpected value where a map is expected: {path}")
            below = node.get("entry", node)
            if not isinstance(below, dict):
                raise malformed(f"Unexpected value where a map is expected: {path}")
            entries = [below] if key_name in below else _numbered(below)
            decoded: dict[str, Any] = {}
            for entry in entries:
                if not isinstance(entry, dict) or key_name not in entry:
                    raise malformed(f"A map entry without its {key_name}: {path}")
                key = _leaf(entry[key_name], path)
                value = entry.get(value_name)
                # an entry without a value is an empty structure where the value is one
                decoded[key] = decoder({} if value is None else value, f"{path}.{key}")
            return decoded

        return decode
