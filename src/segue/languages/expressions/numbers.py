"""DynamoDB's numbers: 38 significant digits, magnitudes of 1E-130 to 9.99…E+125, one text for each value.

Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html
"""

from __future__ import annotations

import re
from decimal import Context, Decimal, Inexact

from segue.languages.expressions.errors import ExpressionError

DIGITS = 38
MAX_EXPONENT = 125
MIN_EXPONENT = -130

_CANONICAL = re.compile(r"-?[1-9][0-9]{0,36}|0|-?(?:0|[1-9][0-9]{0,17})\.[0-9]{0,17}[1-9]", re.ASCII)
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,6})?", re.ASCII)
_EXACT = Context(prec=300, Emax=999_999, Emin=-999_999, traps=[Inexact])


def canonical_number(text: str) -> str:
    """The one text of a number's value (``1.0`` → ``1``, ``1E+2`` → ``100``).

    Raises:
        ExpressionError: not a number, too many digits, too large, too small.
    """
    if _CANONICAL.fullmatch(text):
        return text
    if not _NUMBER.fullmatch(text):
        suffix = f": {text}" if text else ""
        raise ExpressionError(f"The parameter cannot be converted to a numeric value{suffix}")
    return number_text(Decimal(text))


def number_text(number: Decimal) -> str:
    """The one text of a value, within DynamoDB's bounds.

    Raises:
        ExpressionError: too many digits, too large, too small.
    """
    sign, digits, exponent = number.as_tuple()
    if not isinstance(exponent, int):
        raise ExpressionError("The parameter cannot be converted to a numeric value: NaN")
    text = "".join(map(str, digits)).lstrip("0")
    if not text:
        return "0"
    significant = text.rstrip("0")
    exponent += len(text) - len(significant)
    adjusted = exponent + len(significant) - 1
    if adjusted > MAX_EXPONENT:
        raise ExpressionError(
            "Number overflow. Attempting to store a number with magnitude larger than supported range"
        )
    if adjusted < MIN_EXPONENT:
        raise ExpressionError(
            "Number underflow. Attempting to store a number with magnitude smaller than supported range"
        )
    if len(significant) > DIGITS:
        raise ExpressionError("Attempting to store more than 38 significant digits in a Number")
    return ("-" if sign else "") + _plain(significant, exponent)


def add_numbers(left: str, right: str) -> str:
    """The sum of two canonical numbers, exactly.

    Raises:
        ExpressionError: the sum is none of DynamoDB's numbers.
    """
    if len(left) < 18 and len(right) < 18 and "." not in left and "." not in right:
        return str(int(left) + int(right))
    return number_text(_EXACT.add(Decimal(left), Decimal(right)))


def subtract_numbers(left: str, right: str) -> str:
    """The difference of two canonical numbers, exactly.

    Raises:
        ExpressionError: the difference is none of DynamoDB's numbers.
    """
    return number_text(_EXACT.subtract(Decimal(left), Decimal(right)))


def number_size_bytes(text: str) -> int:
    """What a canonical number counts in an item's size: a byte for two digits, one more, one for a minus."""
    digits = text.lstrip("-").replace(".", "").strip("0")
    return (len(digits) + 1) // 2 + (2 if text.startswith("-") else 1)


def _plain(digits: str, exponent: int) -> str:
    if exponent >= 0:
        return digits + "0" * exponent
    point = len(digits) + exponent
    return f"{digits[:point]}.{digits[point:]}" if point > 0 else f"0.{'0' * -point}{digits}"
