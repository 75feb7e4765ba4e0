"""A compiled filter policy, and what SNS finds wrong with one.

Source: conformance groups sns-filter-policy and sns-filter-tables.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Literal

from segue.languages import eventpattern

Scope = Literal["MessageAttributes", "MessageBody"]

MAX_KEYS = 5
MAX_COMBINATIONS = 150
"""https://docs.aws.amazon.com/sns/latest/dg/subscription-filter-policy-constraints.html"""


class InvalidFilterPolicy(ValueError):
    """The text is no filter policy; the message is SNS's reason."""


class FilterPolicy:
    """A compiled policy. Immutable; share it freely."""

    __slots__ = ("_pattern", "scope")

    def __init__(self, pattern: eventpattern.Pattern | None, scope: Scope) -> None:
        self._pattern = pattern
        self.scope = scope

    def matches(self, message: str, attributes: Mapping[str, Mapping[str, Any]]) -> bool:
        """Whether a message passes, by its attributes (``DataType``, ``StringValue``) or by its body."""
        if self._pattern is None:
            return True
        if self.scope == "MessageAttributes":
            return self._pattern.matches({name: value for name, value in map(_plain, attributes.items()) if name})
        try:
            body = json.loads(message)
        except (ValueError, RecursionError):
            return False
        return isinstance(body, dict) and self._pattern.matches(body)


@lru_cache(maxsize=4_096)
def compile(text: str, scope: Scope) -> FilterPolicy:
    """Compile a policy (the last 4,096 are kept); an empty object lets everything pass.

    Raises:
        InvalidFilterPolicy: with SNS's reason, and its place in the compact spelling of the policy.
    """
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        raise InvalidFilterPolicy("failed to parse JSON.") from None
    if document == {}:
        return FilterPolicy(None, scope)
    # SNS reads the policy in compact form: the places that it reports are places in that.
    compact = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    try:
        pattern = eventpattern.compile(compact)
    except eventpattern.InvalidPattern as error:
        raise InvalidFilterPolicy(_without_operand_place(str(error))) from None
    if scope == "MessageAttributes" and any(isinstance(value, dict) for value in document.values()):
        raise InvalidFilterPolicy("Filter policy scope MessageAttributes does not support nested filter policy")
    if _keys(document) > MAX_KEYS:
        raise InvalidFilterPolicy(f"Filter policy can not have more than {MAX_KEYS} keys")
    if _combinations(document, 1) > MAX_COMBINATIONS:
        raise InvalidFilterPolicy("Filter policy is too complex")
    return FilterPolicy(pattern, scope)


def _without_operand_place(reason: str) -> str:
    """What an operator says of its operand comes without a place: conformance case validate_policy_string_operators."""
    if reason.startswith(("Malformed CIDR", "Nonstandard IP address", "Invalid IP address", "IPv4 mask", "IPv6 mask")):
        return reason.split("\n at [Source", 1)[0]
    return reason


def _keys(document: Mapping[str, Any]) -> int:
    total = 0
    for name, value in document.items():
        if name == "$or":
            total += sum(_keys(branch) for branch in value)
        elif isinstance(value, dict):
            total += _keys(value)
        else:
            total += 1
    return total


def _combinations(document: Mapping[str, Any], level: int) -> int:
    """Values multiply across keys, weighted by their nesting level; the branches of ``$or`` add up."""
    product = 1
    for name, value in document.items():
        if name == "$or":
            product *= sum(_combinations(branch, level) for branch in value)
        elif isinstance(value, dict):
            product *= _combinations(value, level + 1)
        else:
            product *= len(value) * level
    return product


def _plain(item: tuple[str, Mapping[str, Any]]) -> tuple[str, Any]:
    """An attribute as a field of an event; binary ones cannot be filtered by and have no name."""
    name, attribute = item
    kind, text = attribute["DataType"], attribute.get("StringValue", "")
    if kind.startswith("Binary"):
        return "", None
    if kind == "String.Array" or kind.startswith("Number"):
        try:
            return name, json.loads(text)
        except (ValueError, RecursionError):
            return name, text
    return name, text
