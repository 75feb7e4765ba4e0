"""How AWS's servers, written in Java, print values in validation errors: ``toString`` of lists, maps and structures,
and enum values in the order of a hash set. Source: conformance cases eventbridge-api, sfn-api."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any, Final

from segue.wire import timestamps
from segue.wire.model import ServiceModel, Shape

#: members that AWS's own classes have and the published models lack, printed after the others as ``null``
_UNPUBLISHED_MEMBERS: Final[dict[str, tuple[str, ...]]] = {
    "PutEventsRequestEntry": ("kmsKeyIdentifier", "internalMetadata"),
}
_MAX_TEXT: Final = 300_000


def lower_first(name: str) -> str:
    """``ConnectionArn`` → ``connectionArn``."""
    return name[:1].lower() + name[1:]


def java_hash(text: str) -> int:
    """``String.hashCode``: over UTF-16 code units, as a 32-bit number without sign."""
    result = 0
    units = text.encode("utf-16-be", "surrogatepass")
    for at in range(0, len(units), 2):
        result = (result * 31 + (units[at] << 8 | units[at + 1])) & 0xFFFFFFFF
    return result


@lru_cache(maxsize=1024)
def hash_set_order(values: tuple[str, ...]) -> tuple[str, ...]:
    """The order in which AWS's servers iterate a set filled with ``values`` one by one.

    A hash table of 32 buckets by the plain hash code, a bucket's newest first: the only simple one that gives all
    recorded orders (see the tests).
    """
    capacity = 32
    while len(values) > capacity * 0.75:
        capacity *= 2
    buckets: dict[int, list[str]] = {}
    for value in values:
        buckets.setdefault(java_hash(value) & (capacity - 1), []).insert(0, value)
    return tuple(value for index in sorted(buckets) for value in buckets[index])


def enum_text(values: Iterable[str]) -> str:
    return f"[{', '.join(hash_set_order(tuple(values)))}]"


def java_text(service: ServiceModel, shape: Shape, value: Any) -> str:
    """``toString`` of a member's value."""
    out: list[str] = []
    _write(service, shape, value, out)
    return "".join(out)[:_MAX_TEXT]


def _write(service: ServiceModel, shape: Shape, value: Any, out: list[str]) -> None:
    if value is None:
        out.append("null")
    elif shape.traits.get("sensitive"):
        out.append("*** Sensitive Data Redacted ***")
    elif shape.type == "structure" and isinstance(value, dict):
        _write_structure(service, shape, value, out)
    elif shape.type == "list" and shape.element is not None and isinstance(value, list):
        element = service.shape(shape.element.shape_name)
        out.append("[")
        for index, item in enumerate(value):
            if index:
                out.append(", ")
            _write(service, element, item, out)
        out.append("]")
    elif shape.type == "map" and shape.value is not None and isinstance(value, dict):
        element = service.shape(shape.value.shape_name)
        out.append("{")
        for index, (key, item) in enumerate(value.items()):
            out.append(f"{', ' if index else ''}{key}=")
            _write(service, element, item, out)
        out.append("}")
    else:
        out.append(_scalar(shape, value))


def _write_structure(service: ServiceModel, shape: Shape, value: dict[str, Any], out: list[str]) -> None:
    out.append(f"{shape.name}(")
    names = list(shape.members)
    for index, name in enumerate(names):
        out.append(f"{', ' if index else ''}{lower_first(name)}=")
        _write(service, service.shape(shape.members[name].shape_name), value.get(name), out)
    out.extend(f", {name}=null" for name in _UNPUBLISHED_MEMBERS.get(shape.name, ()))
    out.append(")")


def _scalar(shape: Shape, value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, bytes):
        return f"java.nio.HeapByteBuffer[pos=0 lim={len(value)} cap={len(value)}]"
    if shape.type == "timestamp" and isinstance(value, int):
        return timestamps.to_iso(value)
    return str(value)
