"""The Condition block: operators by table, their set forms (``ForAnyValue:``, ``ForAllValues:``) and ``IfExists``.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from ipaddress import ip_address, ip_network
from typing import Any

from segue.languages.policy.request import Request
from segue.languages.policy.variables import compile_pattern, compile_text

Test = Callable[[Request, str], bool]
"""Whether a request's value answers one of the policy's values."""
Condition = Callable[[Request], bool]


def compile_conditions(block: dict[str, Any], variables: bool) -> list[Condition]:
    """The conditions of a statement, all of which must hold. ``ValueError`` for an unknown operator."""
    return [
        _condition(operator, key, texts(values), variables)
        for operator, keys in block.items()
        for key, values in keys.items()
    ]


def known_operator(name: str) -> bool:
    """Whether a policy may use this operator."""
    bare = name.split(":", 1)[-1].removesuffix("IfExists")
    return bare in _OPERATORS or name == "Null"


def texts(values: Any) -> list[str]:
    """A condition's values as text: JSON allows one or many, and booleans and numbers unquoted."""
    listed = values if isinstance(values, list) else [values]
    return [str(value).lower() if isinstance(value, bool) else str(value) for value in listed]


def _condition(operator: str, key: str, values: list[str], variables: bool) -> Condition:
    if operator == "Null":
        absent = values[0].lower() == "true" if values else True
        return lambda request: (request.values(key) is None) == absent
    quantifier, _, name = operator.rpartition(":")
    if_exists = name.endswith("IfExists")
    found = _OPERATORS.get(name.removesuffix("IfExists"))
    if found is None or quantifier not in ("", "ForAnyValue", "ForAllValues"):
        raise ValueError(f"Invalid Condition type : {operator}.")
    build, negated = found
    tests = [build(value, variables) for value in values]
    return _quantified(quantifier, key, tests, negated, if_exists)


def _quantified(quantifier: str, key: str, tests: list[Test], negated: bool, if_exists: bool) -> Condition:
    def answers(request: Request, value: str) -> bool:
        return any(test(request, value) for test in tests) is not negated

    missing = if_exists or negated
    if quantifier == "ForAllValues":
        return lambda request: all(answers(request, value) for value in request.values(key) or ())
    if quantifier == "ForAnyValue":

        def any_value(request: Request) -> bool:
            present = request.values(key)
            return if_exists if not present else any(answers(request, value) for value in present)

        return any_value

    def single(request: Request) -> bool:
        present: Sequence[str] | None = request.values(key)
        if not present:
            return missing
        if negated:
            return all(answers(request, value) for value in present)
        return any(answers(request, value) for value in present)

    return single


def _string_equals(value: str, variables: bool) -> Test:
    fill = compile_text(value, variables)
    return lambda request, actual: actual == fill(request)


def _string_equals_ignore_case(value: str, variables: bool) -> Test:
    fill = compile_text(value, variables)
    return lambda request, actual: actual.lower() == (fill(request) or "").lower() and fill(request) is not None


def _string_like(value: str, variables: bool) -> Test:
    return compile_pattern(value, variables)


def _arn_like(value: str, variables: bool) -> Test:
    """Each of an ARN's six parts matches on its own: a wildcard does not reach over a colon (but in the last part)."""
    parts = [compile_pattern(part, variables) for part in _arn_parts(value)]

    def matches(request: Request, actual: str) -> bool:
        given = _arn_parts(actual)
        return len(given) == len(parts) and all(part(request, text) for part, text in zip(parts, given, strict=True))

    if value == "*":
        return lambda request, actual: True
    return matches


def _arn_parts(text: str) -> list[str]:
    """The parts of an ARN; a colon inside ``${aws:…}`` is none of its own."""
    parts: list[str] = []
    depth, current = 0, ""
    for character in text:
        depth += (character == "{") - (character == "}")
        if character == ":" and depth <= 0 and len(parts) < 5:
            parts.append(current)
            current = ""
        else:
            current += character
    return [*parts, current]


def _bool(value: str, variables: bool) -> Test:
    return lambda request, actual: actual.lower() == value.lower()


def _binary(value: str, variables: bool) -> Test:
    expected = _decoded(value)
    return lambda request, actual: expected is not None and _decoded(actual) == expected


def _decoded(text: str) -> bytes | None:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None


def _address(value: str, variables: bool) -> Test:
    try:
        network = ip_network(value, strict=False)
    except ValueError:
        return lambda request, actual: False

    def within(request: Request, actual: str) -> bool:
        try:
            return ip_address(actual) in network
        except ValueError:
            return False

    return within


def _number(text: str) -> Decimal | None:
    try:
        return Decimal(text)
    except InvalidOperation:
        return None


def _moment(text: str) -> Decimal | None:
    """A date as seconds since the epoch: given as such, or in ISO 8601."""
    number = _number(text)
    if number is not None:
        return number
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError:
        return None
    return Decimal(str((parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).timestamp()))


def _compared(
    parse: Callable[[str], Decimal | None], order: Callable[[Decimal, Decimal], bool]
) -> Callable[[str, bool], Test]:
    def build(value: str, variables: bool) -> Test:
        expected = parse(value)

        def compare(request: Request, actual: str) -> bool:
            given = parse(actual)
            return given is not None and expected is not None and order(given, expected)

        return compare

    return build


_ORDERS: dict[str, tuple[Callable[[Decimal, Decimal], bool], bool]] = {
    "Equals": (lambda a, b: a == b, False),
    "NotEquals": (lambda a, b: a == b, True),
    "LessThan": (lambda a, b: a < b, False),
    "LessThanEquals": (lambda a, b: a <= b, False),
    "GreaterThan": (lambda a, b: a > b, False),
    "GreaterThanEquals": (lambda a, b: a >= b, False),
}

_OPERATORS: dict[str, tuple[Callable[[str, bool], Test], bool]] = {
    "StringEquals": (_string_equals, False),
    "StringNotEquals": (_string_equals, True),
    "StringEqualsIgnoreCase": (_string_equals_ignore_case, False),
    "StringNotEqualsIgnoreCase": (_string_equals_ignore_case, True),
    "StringLike": (_string_like, False),
    "StringNotLike": (_string_like, True),
    "ArnEquals": (_arn_like, False),
    "ArnNotEquals": (_arn_like, True),
    "ArnLike": (_arn_like, False),
    "ArnNotLike": (_arn_like, True),
    "Bool": (_bool, False),
    "BinaryEquals": (_binary, False),
    "IpAddress": (_address, False),
    "NotIpAddress": (_address, True),
    **{f"Numeric{name}": (_compared(_number, order), negated) for name, (order, negated) in _ORDERS.items()},
    **{f"Date{name}": (_compared(_moment, order), negated) for name, (order, negated) in _ORDERS.items()},
}
"""Operator → how a value becomes a test, and whether the operator is its negation (then a missing key holds)."""
