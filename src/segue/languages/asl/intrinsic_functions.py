"""The intrinsic functions of JSONPath states, as plain functions of (scope, arguments…).

Source: developer guide, "Intrinsic functions for JSONPath states in Step Functions"; recorded: sfn-intrinsics/*.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import random
import re
import uuid
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from segue.languages.asl import json_text
from segue.languages.asl.java_text import java_text
from segue.languages.asl.scope import Scope

MAX_TEXT_CHARACTERS = 10_000
"""Base64 and Hash take up to 10,000 characters (developer guide)."""

MAX_RANGE_ITEMS = 1_000
"""States.ArrayRange makes up to 1,000 items (developer guide)."""

HASHES: dict[str, Callable[[bytes], Any]] = {
    "MD5": hashlib.md5,
    "SHA-1": hashlib.sha1,
    "SHA-256": hashlib.sha256,
    "SHA-384": hashlib.sha384,
    "SHA-512": hashlib.sha512,
}


class IntrinsicFailure(Exception):
    """A function could not answer; the text is the reason."""

    error = "States.IntrinsicFailure"


class MissingArgument(IntrinsicFailure):
    """A path among the arguments finds nothing: AWS calls that States.Runtime, as anywhere else (floci#2927)."""

    error = "States.Runtime"


def _string(value: Any, what: str) -> str:
    if not isinstance(value, str):
        raise IntrinsicFailure(f"{what} must be a string")
    return value


def _short_string(value: Any, what: str) -> str:
    if len(_string(value, what)) > MAX_TEXT_CHARACTERS:
        raise IntrinsicFailure(f"{what} must not be longer than {MAX_TEXT_CHARACTERS} characters")
    return str(value)


def _array(value: Any, what: str = "the first argument") -> list[Any]:
    if not isinstance(value, list):
        raise IntrinsicFailure(f"{what} must be an array")
    return value


def _number(value: Any, what: str) -> int | float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise IntrinsicFailure(f"{what} must be a number")
    return value


def _rounded(value: Any, what: str) -> int:
    """The nearest integer, halves going up (recorded: sfn-intrinsics/math_operations__math_add)."""
    number = _number(value, what)
    if isinstance(number, int):
        return number
    return int((Decimal(number) + Decimal("0.5")).to_integral_value("ROUND_FLOOR"))


# --- arrays


def _make_array(scope: Scope, *items: Any) -> list[Any]:
    return list(items)


def _array_partition(scope: Scope, array: Any, size: Any) -> list[list[Any]]:
    items, step = _array(array), _rounded(size, "the chunk size")
    if step < 1:
        raise IntrinsicFailure("the chunk size must be a positive integer")
    return [items[start : start + step] for start in range(0, len(items), step)]


def _array_contains(scope: Scope, array: Any, wanted: Any) -> bool:
    key = _identity(wanted)
    return any(_identity(item) == key for item in _array(array))


def _array_range(scope: Scope, first: Any, last: Any, step: Any) -> list[int]:
    start, end, stride = (
        _rounded(first, "the first value"),
        _rounded(last, "the last value"),
        _rounded(step, "the step"),
    )
    if stride == 0:
        raise IntrinsicFailure("the step must not be zero")
    items = range(start, end + (1 if stride > 0 else -1), stride)
    if len(items) > MAX_RANGE_ITEMS:
        raise IntrinsicFailure(f"the array would hold more than {MAX_RANGE_ITEMS} items")
    return list(items)


def _array_get_item(scope: Scope, array: Any, index: Any) -> Any:
    items, position = _array(array), _rounded(index, "the index")
    if not 0 <= position < len(items):
        raise IntrinsicFailure(f"the index {position} is out of range for an array of {len(items)} items")
    return items[position]


def _array_length(scope: Scope, array: Any) -> int:
    return len(_array(array))


def _array_unique(scope: Scope, array: Any) -> list[Any]:
    first_seen: dict[Any, Any] = {}
    for item in _array(array):
        first_seen.setdefault(_identity(item), item)
    return list(first_seen.values())


def _identity(value: Any) -> Any:
    """A hashable stand-in, equal for equal JSON: 1, 1.0 and true are three values; key order does not count."""
    if isinstance(value, dict):
        return ("object", frozenset((key, _identity(item)) for key, item in value.items()))
    if isinstance(value, list):
        return ("array", tuple(_identity(item) for item in value))
    return (type(value).__name__, value)


# --- encoding, hashing


def _base64_encode(scope: Scope, text: Any) -> str:
    return base64.b64encode(_short_string(text, "the argument").encode()).decode()


def _base64_decode(scope: Scope, text: Any) -> str:
    try:
        return base64.b64decode(_short_string(text, "the argument"), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        raise IntrinsicFailure("the argument is not Base64 of UTF-8 text") from None


def _hash(scope: Scope, data: Any, algorithm: Any) -> str:
    name = _string(algorithm, "the algorithm")
    if name not in HASHES:
        raise IntrinsicFailure(f"the algorithm must be one of {', '.join(HASHES)}")
    text = data if isinstance(data, str) else json_text.dump(data)
    return str(HASHES[name](_short_string(text, "the data").encode()).hexdigest())


# --- JSON


def _json_merge(scope: Scope, first: Any, second: Any, deep: Any) -> dict[str, Any]:
    if not isinstance(first, dict) or not isinstance(second, dict):
        raise IntrinsicFailure("the first and second argument must be objects")
    if deep is not False:
        raise IntrinsicFailure("only shallow merging is supported: the third argument must be false")
    return first | second


def _string_to_json(scope: Scope, text: Any) -> Any:
    """Blank text is null (recorded: sfn-intrinsics/json_manipulation__string_to_json)."""
    written = _string(text, "the argument")
    if not written.strip():
        return None
    try:
        return json_text.parse(written)
    except ValueError:
        raise IntrinsicFailure("the argument is not valid JSON") from None


def _json_to_string(scope: Scope, value: Any) -> str:
    return json_text.dump(value)


# --- numbers


def _math_random(scope: Scope, start: Any, end: Any, seed: Any = None) -> int:
    least, beyond = _rounded(start, "the start number"), _rounded(end, "the end number")
    if least >= beyond:
        raise IntrinsicFailure("the start number must be less than the end number")
    if seed is None:
        return scope.random.randrange(least, beyond)
    return random.Random(_rounded(seed, "the seed")).randrange(least, beyond)


def _math_add(scope: Scope, first: Any, second: Any) -> int:
    return _rounded(first, "the first argument") + _rounded(second, "the second argument")


# --- strings


def _string_split(scope: Scope, text: Any, delimiters: Any) -> list[str]:
    """Each of the ``delimiters`` divides, empty parts are dropped (recorded: string_operations__string_split)."""
    separators = frozenset(_string(delimiters, "the delimiters"))
    parts: list[str] = []
    start = 0
    written = _string(text, "the first argument")
    for position, character in enumerate(written):
        if character in separators:
            parts.append(written[start:position])
            start = position + 1
    parts.append(written[start:])
    return [part for part in parts if part]


def _uuid(scope: Scope) -> str:
    return str(uuid.UUID(int=scope.random.getrandbits(128), version=4))


def _format(scope: Scope, template: Any, *values: Any) -> str:
    """Fill each ``{}``; a backslash keeps a brace, a quote or a backslash from meaning anything."""
    written = _string(template, "the template")
    parts: list[str] = []
    used = 0
    for token in _FORMAT_TOKENS.findall(written):
        if token == "{}":
            if used < len(values):
                parts.append(java_text(values[used]))
            used += 1
        else:
            parts.append(token[1] if len(token) == 2 and token[0] == "\\" and token[1] in "\\'{}" else token)
    if used != len(values):
        raise IntrinsicFailure(f"the template has {used} occurrences of '{{}}' for {len(values)} arguments")
    return "".join(parts)


_FORMAT_TOKENS = re.compile(r"\\.|\{\}|[^\\{]+|.", re.DOTALL)

FUNCTIONS: dict[str, tuple[Callable[..., Any], int, int]] = {
    "Array": (_make_array, 0, 1_000),
    "ArrayContains": (_array_contains, 2, 2),
    "ArrayGetItem": (_array_get_item, 2, 2),
    "ArrayLength": (_array_length, 1, 1),
    "ArrayPartition": (_array_partition, 2, 2),
    "ArrayRange": (_array_range, 3, 3),
    "ArrayUnique": (_array_unique, 1, 1),
    "Base64Decode": (_base64_decode, 1, 1),
    "Base64Encode": (_base64_encode, 1, 1),
    "Format": (_format, 1, 1_000),
    "Hash": (_hash, 2, 2),
    "JsonMerge": (_json_merge, 3, 3),
    "JsonToString": (_json_to_string, 1, 1),
    "MathAdd": (_math_add, 2, 2),
    "MathRandom": (_math_random, 2, 3),
    "StringSplit": (_string_split, 2, 2),
    "StringToJson": (_string_to_json, 1, 1),
    "UUID": (_uuid, 0, 0),
}
"""Each function with the least and the most arguments that it takes."""
