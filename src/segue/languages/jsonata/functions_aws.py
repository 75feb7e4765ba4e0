"""What AWS adds to the language, and what depends on time and chance.

Source: developer guide, "Transforming data with JSONata"; what arguments come to was measured on AWS by others
(floci-io/floci#2676): fractions are cut off, a chunk size of zero, an empty array, a range without step or with one
that leads away, and a hash without algorithm give nothing. ``$eval`` does not exist there.
"""

from __future__ import annotations

import hashlib
import math
import uuid
from typing import Any

from segue.languages.jsonata.errors import JsonataError, too_much
from segue.languages.jsonata.functions import function
from segue.languages.jsonata.pictures import from_millis
from segue.languages.jsonata.runtime import Runtime
from segue.languages.jsonata.values import UNDEFINED, Sequence

MAX_RANGE = 360_145
"""AWS takes ``$range(1, 360145, 1)`` and not one more (floci-io/floci#2783)."""

_ALGORITHMS = {"MD5": "md5", "SHA-1": "sha1", "SHA-256": "sha256", "SHA-384": "sha384", "SHA-512": "sha512"}


@function("partition", "<an?:a>", 2)
def partition(runtime: Runtime, items: Any, size: Any) -> Any:
    if items is UNDEFINED or size is UNDEFINED or not items:
        return UNDEFINED
    length = math.trunc(size)
    if length == 0:
        return UNDEFINED
    if length < 0:
        raise JsonataError(None, "The chunk size of the partition function must be a positive number")
    runtime.items(len(items))
    return [list(items[start : start + length]) for start in range(0, len(items), length)]


@function("range", "<n?n?n?:a>", 3)
def range_(runtime: Runtime, start: Any, end: Any, step: Any) -> Any:
    if UNDEFINED in (start, end, step):
        return UNDEFINED
    first, last, by = math.trunc(start), math.trunc(end), math.trunc(step)
    if by == 0:
        return UNDEFINED
    count = (last - first) // by + 1
    if count <= 0:
        return UNDEFINED
    if count > MAX_RANGE:
        raise too_much()
    runtime.items(count)
    return Sequence(range(first, first + count * by, by))


@function("hash", "<s-s?:s>", 2)
def hash_(runtime: Runtime, text: Any, algorithm: Any) -> Any:
    if text is UNDEFINED or algorithm is UNDEFINED:
        return UNDEFINED
    name = _ALGORITHMS.get(algorithm)
    if name is None:
        raise JsonataError(None, f"The hash function does not know the algorithm {algorithm}")
    runtime.text(len(text))
    return hashlib.new(name, text.encode("utf-8", "replace"), usedforsecurity=False).hexdigest()


@function("random", "<n?:n>", 1)
def random(runtime: Runtime, seed: Any) -> Any:
    """A number from 0 to below 1; with a seed, the first that ``java.util.Random`` gives (measured on AWS: 42)."""
    if seed is UNDEFINED:
        return runtime.moment.chance.random()
    return java_random(math.trunc(seed))


def java_random(seed: int) -> float:
    """``new java.util.Random(seed).nextDouble()``."""
    mask = (1 << 48) - 1
    state = (seed ^ 0x5DEECE66D) & mask
    state = (state * 0x5DEECE66D + 0xB) & mask
    high = state >> 22
    state = (state * 0x5DEECE66D + 0xB) & mask
    return float((high << 27) + (state >> 21)) * 2.0**-53


@function("uuid", "<:s>", 0)
def uuid_(runtime: Runtime) -> str:
    return str(uuid.UUID(int=runtime.moment.chance.getrandbits(128), version=4))


@function("parse", "<s-:x>", 1)
def parse(runtime: Runtime, text: Any) -> Any:
    """The value of a JSON text. Integers beyond 64 bits become doubles, as measured on AWS."""
    from segue.languages.asl import json_text

    if text is UNDEFINED:
        return UNDEFINED
    runtime.text(len(text))
    try:
        return json_text.parse(text)
    except ValueError as error:
        raise JsonataError(None, f"The text is not valid JSON: {error}") from None


@function("now", "<s?s?:s>", 2)
def now(runtime: Runtime, picture: Any, timezone: Any) -> Any:
    return from_millis(runtime, runtime.moment.now_ms, picture, timezone)


@function("millis", "<:n>", 0)
def millis(runtime: Runtime) -> int:
    return runtime.moment.now_ms
