"""Attribute values as the wire carries them (``{"S": "…"}``): checked, normalised, measured, compared.

Within: numbers are canonical texts, binaries ``bytes``. Sizes as AWS counts them, in bytes:
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from segue.languages.expressions.errors import ExpressionError
from segue.languages.expressions.numbers import canonical_number, number_size_bytes

Value = dict[str, Any]
Item = dict[str, Value]

MAX_DEPTH = 32
SETS = frozenset({"SS", "NS", "BS"})
ELEMENT_TYPES = {"SS": "S", "NS": "N", "BS": "B"}
TYPES = frozenset({"S", "N", "B", "SS", "NS", "BS", "M", "L", "NULL", "BOOL"})
_INVALID = "One or more parameter values were invalid: "


def text_size_bytes(text: str) -> int:
    """Length in UTF-8."""
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))


def normalize_item(item: Item) -> tuple[Item, int]:
    """An item with its numbers canonical, and its size.

    Raises:
        ExpressionError: a value breaks DynamoDB's rules.
    """
    total = 0
    normalized = {}
    for name, value in item.items():
        if len(value) == 1 and "S" in value:  # the most frequent by far
            normalized[name], size = value, text_size_bytes(value["S"])
        else:
            normalized[name], size = normalize(value)
        total += size + (len(name) if name.isascii() else text_size_bytes(name))
    return normalized, total


def normalize(value: Value, depth: int = 0) -> tuple[Value, int]:
    """A value with its numbers canonical, and its size.

    Raises:
        ExpressionError: it breaks DynamoDB's rules.
    """
    if len(value) != 1:
        what = "is empty" if not value else "has more than one datatypes set"
        raise ExpressionError(f"Supplied AttributeValue {what}, must contain exactly one of the supported datatypes")
    ((tag, content),) = value.items()
    if tag == "S":
        return value, len(content) if content.isascii() else text_size_bytes(content)
    if tag == "N":
        number = canonical_number(content)
        return {"N": number}, number_size_bytes(number)
    if tag == "B":
        return value, len(content)
    if tag == "BOOL":
        return value, 1
    if tag == "NULL":
        if content is not True:
            raise ExpressionError(f"{_INVALID}Null attribute value types must have the value of true")
        return value, 1
    if tag in SETS:
        return _normalize_set(tag, content)
    if depth >= MAX_DEPTH:
        raise ExpressionError("Nesting Levels have exceeded supported limits")
    return _normalize_list(content, depth) if tag == "L" else _normalize_map(content, depth)


def _normalize_list(content: list[Value], depth: int) -> tuple[Value, int]:
    elements, total = [], 3
    for element in content:
        normalized, size = normalize(element, depth + 1)
        elements.append(normalized)
        total += size + 1
    return {"L": elements}, total


def _normalize_map(content: dict[str, Value], depth: int) -> tuple[Value, int]:
    members, total = {}, 3
    for name, member in content.items():
        members[name], size = normalize(member, depth + 1)
        total += size + 1 + text_size_bytes(name)
    return {"M": members}, total


_EMPTY_SET = {
    "SS": f"{_INVALID}An string set  may not be empty",
    "NS": f"{_INVALID}An number set  may not be empty",
    "BS": f"{_INVALID}Binary sets should not be empty",
}


def _normalize_set(tag: str, content: list[Any]) -> tuple[Value, int]:
    if not content:
        raise ExpressionError(_EMPTY_SET[tag])
    elements = [canonical_number(element) for element in content] if tag == "NS" else content
    if len(set(elements)) != len(elements):
        if tag == "BS":
            raise ExpressionError(f"{_INVALID}Input collection of type BS contains duplicates.")
        raise ExpressionError(f"{_INVALID}Input collection [{', '.join(content)}] contains duplicates.")
    if tag == "NS":
        return {"NS": elements}, sum(map(number_size_bytes, elements))
    return {tag: elements}, sum(map(len, elements) if tag == "BS" else map(text_size_bytes, elements))


def type_of(value: Value) -> str:
    """A value's type descriptor."""
    return next(iter(value))


def equal(left: Value, right: Value) -> bool:
    """Whether two normalised values are the same; sets have no order."""
    if left == right:
        return True
    ((tag, one),), ((other_tag, two),) = left.items(), right.items()
    if tag != other_tag:
        return False
    if tag in SETS:
        return set(one) == set(two)
    if tag == "L":
        return len(one) == len(two) and all(map(equal, one, two))
    if tag == "M":
        return one.keys() == two.keys() and all(equal(member, two[name]) for name, member in one.items())
    return False


def compare(left: Value, right: Value) -> int | None:
    """-1, 0 or 1 by DynamoDB's order of texts (UTF-8), numbers and binaries; ``None`` where there is none."""
    ((tag, one),), ((other_tag, two),) = left.items(), right.items()
    if tag != other_tag or tag not in {"S", "N", "B"}:
        return None
    if tag == "N":
        short = len(one) < 18 and len(two) < 18 and "." not in one and "." not in two
        one, two = (int(one), int(two)) if short else (Decimal(one), Decimal(two))
    elif tag == "S" and not (one.isascii() and two.isascii()):
        one, two = one.encode("utf-8", "surrogatepass"), two.encode("utf-8", "surrogatepass")
    return int(one > two) - int(one < two)


def contains(container: Value, element: Value) -> bool:
    """The function ``contains``: a substring, an element of a set, of a list."""
    ((tag, content),), ((element_tag, wanted),) = container.items(), element.items()
    if tag in ("S", "B"):
        return tag == element_tag and wanted in content
    if tag in SETS:
        return ELEMENT_TYPES[tag] == element_tag and wanted in content
    return tag == "L" and any(equal(member, element) for member in content)


def size_of(value: Value) -> int | None:
    """The function ``size``: a text's characters, a binary's bytes, the elements of the rest; else ``None``."""
    ((tag, content),) = value.items()
    size: int | None = None if tag in ("N", "BOOL", "NULL") else len(content)
    return size


def describe(value: Value) -> str:
    """A value as DynamoDB's messages show it: ``{S:abc}``."""
    ((tag, content),) = value.items()
    if tag in SETS:
        content = f"[{', '.join(map(str, content))}]"
    return f"{{{tag}:{content}}}"


def union(tag: str, one: Iterable[Any], two: Iterable[Any]) -> Value:
    """A set with the elements of both, the first's order first."""
    return {tag: list(dict.fromkeys([*one, *two]))}
