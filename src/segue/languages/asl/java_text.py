"""Values as Java prints them: States.Format fills them in so (recorded: sfn-intrinsics/generic__context_json_path)."""

from __future__ import annotations

from typing import Any


def java_text(value: Any) -> str:
    """``toString()`` of the value: ``{a=1, b=[x, null]}``, strings as they are."""
    if isinstance(value, str):
        return value
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return java_double(value)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}={java_text(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(java_text(item) for item in value) + "]"
    return str(value)


def java_double(number: float) -> str:
    """``Double.toString``: plain from 0.001 to below 10,000,000, else like ``1.5E10``."""
    if number == 0 or 1e-3 <= abs(number) < 1e7:
        return repr(number)
    mantissa, _, exponent = f"{number!r}".partition("e")
    if not exponent:
        return _scientific(mantissa)
    if "." not in mantissa:
        mantissa += ".0"
    return f"{mantissa}E{int(exponent)}"


def _scientific(plain: str) -> str:
    """Move the point of a plain decimal (``12345678.5``, ``0.00012``) behind its first digit that counts."""
    sign = "-" if plain.startswith("-") else ""
    whole, _, fraction = plain.lstrip("-").partition(".")
    digits = whole + fraction
    leading = len(digits) - len(digits.lstrip("0"))
    exponent = len(whole) - 1 - leading
    significant = digits[leading:].rstrip("0") or "0"
    return f"{sign}{significant[0]}.{significant[1:] or '0'}E{exponent}"
