"""Functions of arrays and objects, and those that call functions (docs.jsonata.org)."""

from __future__ import annotations

from typing import Any

from segue.languages.jsonata.calling import cloned, weigh
from segue.languages.jsonata.calls import call_back, call_for_item
from segue.languages.jsonata.errors import failure
from segue.languages.jsonata.functions import function
from segue.languages.jsonata.runtime import Runtime
from segue.languages.jsonata.sorting import merge_sorted
from segue.languages.jsonata.values import (
    UNDEFINED,
    Function,
    Sequence,
    append,
    is_number,
    key_of,
    lookup,
    to_boolean,
)


def _settled(value: Any) -> Any:
    """What a function gave, inside another array: a sequence is an array there, even an empty one."""
    return list(value) if type(value) is Sequence else value


@function("map", "<af>", 2)
def map_(runtime: Runtime, items: Any, function: Any) -> Any:
    if items is UNDEFINED:
        return UNDEFINED
    result = Sequence()
    for index, item in enumerate(items):
        runtime.spend(1)
        value = call_for_item(function, runtime, item, index, items)
        if value is not UNDEFINED:
            result.append(_settled(value))
    return result


@function("filter", "<af>", 2)
def filter_(runtime: Runtime, items: Any, function: Any) -> Any:
    if items is UNDEFINED:
        return UNDEFINED
    result = Sequence()
    for index, item in enumerate(items):
        runtime.spend(1)
        if to_boolean(call_for_item(function, runtime, item, index, items), runtime):
            result.append(item)
    return result


@function("single", "<af?>", 2)
def single(runtime: Runtime, items: Any, function: Any) -> Any:
    if items is UNDEFINED:
        return UNDEFINED
    found: Any = UNDEFINED
    has_found = False
    for index, item in enumerate(items):
        runtime.spend(1)
        if function is not UNDEFINED and not to_boolean(call_for_item(function, runtime, item, index, items), runtime):
            continue
        if has_found:
            raise failure("D3138")
        found, has_found = item, True
    if not has_found:
        raise failure("D3139")
    return found


@function("reduce", "<afj?:j>", 3)
def reduce(runtime: Runtime, items: Any, function: Any, start: Any) -> Any:
    if items is UNDEFINED:
        return UNDEFINED
    if function.arity < 2:
        raise failure("D3050")
    begins_with_item = start is UNDEFINED and len(items) > 0
    result = items[0] if begins_with_item else start
    for index in range(1 if begins_with_item else 0, len(items)):
        runtime.spend(1)
        arguments = [result, items[index], index, items][: min(4, function.arity)]
        result = call_back(function, arguments, runtime)
    return result


@function("zip", "<a+>", 0)
def zip_(runtime: Runtime, *arrays: Any) -> Any:
    count = min((len(array) if isinstance(array, list) else 0 for array in arrays), default=0)
    runtime.items(count * len(arrays))
    return [[array[index] for array in arrays] for index in range(count)]


@function("append", "<xx:a>", 2)
def append_(runtime: Runtime, left: Any, right: Any) -> Any:
    for side in (left, right):
        if isinstance(side, list):
            runtime.items(len(side))
    return append(left, right)


@function("reverse", "<a:a>", 1)
def reverse(runtime: Runtime, items: Any) -> Any:
    if items is UNDEFINED:
        return UNDEFINED
    runtime.items(len(items))
    return items[::-1]


@function("shuffle", "<a:a>", 1)
def shuffle(runtime: Runtime, items: Any) -> Any:
    if items is UNDEFINED:
        return UNDEFINED
    runtime.spend(len(items))
    result = list(items)
    for index in range(len(result) - 1, 0, -1):
        other = int(runtime.moment.chance.random() * (index + 1))
        result[index], result[other] = result[other], result[index]
    return result


@function("distinct", "<x:x>", 1)
def distinct(runtime: Runtime, items: Any) -> Any:
    if not isinstance(items, list) or len(items) <= 1:
        return items
    runtime.spend(len(items))
    result: list[Any] = Sequence() if type(items) is Sequence else []
    known = set()
    weigh(items, runtime)
    for item in items:
        key = id(item) if isinstance(item, Function) else key_of(item)
        if key not in known:
            known.add(key)
            result.append(item)
    return result


@function("sort", "<af?:a>", 2)
def sort(runtime: Runtime, items: Any, function: Any) -> Any:
    if items is UNDEFINED or len(items) <= 1:
        return items
    runtime.spend(len(items) * len(items).bit_length())
    if function is UNDEFINED:
        texts = all(type(item) is str for item in items)
        if not texts and not all(type(item) in (int, float) and is_number(item) for item in items):
            raise failure("D3070")
        return sorted(items, key=(lambda text: text.encode("utf-16-be", "surrogatepass")) if texts else None)

    def compare(left: Any, right: Any) -> int:
        return 1 if to_boolean(call_back(function, [left, right], runtime), runtime) else -1

    return merge_sorted(list(items), lambda left, right: compare(left, right) > 0)


@function("keys", "<x-:a<s>>", 1)
def keys(runtime: Runtime, value: Any) -> Any:
    found: dict[str, None] = {}
    waiting = [value]
    while waiting:
        current = waiting.pop()
        if isinstance(current, list):
            runtime.spend(len(current))
            waiting.extend(reversed(current))
        elif type(current) is dict:
            found.update(dict.fromkeys(current))
    return Sequence(found)


@function("lookup", "<x-s:x>", 2)
def lookup_(runtime: Runtime, value: Any, key: Any) -> Any:
    return UNDEFINED if key is UNDEFINED else lookup(value, key, runtime)


@function("spread", "<x-:a<o>>", 1)
def spread(runtime: Runtime, value: Any) -> Any:
    if isinstance(value, list):
        parts: list[Any] = []
        for item in value:
            part = spread(runtime, item)
            parts.extend(part if isinstance(part, list) else [part])
        return parts or Sequence()
    if type(value) is dict:
        runtime.spend(len(value))
        return Sequence({key: item} for key, item in value.items())
    return value


@function("merge", "<a<o>:o>", 1)
def merge(runtime: Runtime, objects: Any) -> Any:
    if objects is UNDEFINED:
        return UNDEFINED
    result: dict[str, Any] = {}
    for one in objects:
        runtime.spend(1 + len(one) // 8)
        result.update(one)
    return result


@function("each", "<o-f:a>", 2)
def each(runtime: Runtime, value: Any, function: Any) -> Any:
    result = Sequence()
    for key, item in value.items() if type(value) is dict else ():
        runtime.spend(1)
        one = call_for_item(function, runtime, item, key, value)
        if one is not UNDEFINED:
            result.append(_settled(one))
    return result


@function("sift", "<o-f?:o>", 2)
def sift(runtime: Runtime, value: Any, function: Any) -> Any:
    kept = {}
    for key, item in value.items() if type(value) is dict else ():
        runtime.spend(1)
        if to_boolean(call_for_item(function, runtime, item, key, value), runtime):
            kept[key] = item
    return kept or UNDEFINED


@function("clone", "<(oa)-:o>", 1)
def clone(runtime: Runtime, value: Any) -> Any:
    return UNDEFINED if value is UNDEFINED else cloned(value, runtime)


@function("error", "<s?:x>", 1)
def error(runtime: Runtime, message: Any) -> Any:
    raise failure("D3137", bare=message or "$error() function evaluated")


@function("assert", "<bs?:x>", 2)
def assert_(runtime: Runtime, condition: Any, message: Any) -> Any:
    if not to_boolean(condition, runtime):
        raise failure("D3141", bare=message or "$assert() statement failed")
    return UNDEFINED


@function("type", "<x:s>", 1)
def type_(runtime: Runtime, value: Any) -> Any:
    if value is UNDEFINED:
        return UNDEFINED
    if isinstance(value, list):
        return "array"
    if isinstance(value, Function):
        return "function"
    return _NAMES[type(value)]


_NAMES = {type(None): "null", int: "number", float: "number", str: "string", bool: "boolean", dict: "object"}
