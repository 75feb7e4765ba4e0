"""Message attributes as SNS takes them. Source: conformance case empty_or_wrong_message_attributes."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from segue.errors import AwsError

_FORBIDDEN = re.compile(r"[^A-Za-z0-9_.-]", re.ASCII)
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)


def check_attributes(attributes: Mapping[str, Mapping[str, Any]]) -> None:
    """Raise ``ParameterValueInvalid`` where message attributes are not as AWS takes them."""
    for name, attribute in attributes.items():
        _check_name(name)
        kind: str = attribute.get("DataType") or ""
        transport = kind.split(".", 1)[0]
        if transport not in ("String", "Number", "Binary"):
            raise _wrong(
                f"The message attribute '{name}' has an invalid message attribute type, "
                "the set of supported type prefixes is Binary, Number, and String."
            )
        binary = transport == "Binary"
        given, other = ("BinaryValue", "StringValue") if binary else ("StringValue", "BinaryValue")
        if attribute.get(other) is not None and attribute.get(given) is None:
            raise _wrong(f"The message attribute '{name}' with type '{transport}' must use field '{given[:-5]}'.")
        value = attribute.get(given)
        if not value:
            raise _wrong(
                f"The message attribute '{name}' must contain non-empty message attribute value "
                f"for message attribute type '{transport}'."
            )
        if transport == "Number" and not _NUMBER.fullmatch(value):
            raise _wrong(f"Could not cast message attribute '{name}' value to number.")
        if kind == "String.Array":
            _check_array(name, value)


def _check_name(name: str) -> None:
    if not name or len(name.encode()) > 256:
        raise _wrong("Length of message attribute name must be less than 256 bytes.")
    forbidden = _FORBIDDEN.search(name)
    if forbidden is not None:
        raise _wrong(
            f"Invalid non-alphanumeric character '#x{ord(forbidden[0]):X}' was found in the message attribute name. "
            "Can only include alphanumeric characters, hyphens, underscores, or dots."
        )
    if name.startswith("."):
        raise _wrong("Invalid message attribute name starting with character '.' was found.")
    if name.endswith("."):
        raise _wrong("Invalid message attribute name ending with character '.' was found.")
    if ".." in name:
        raise _wrong("Message attribute name can not have successive '.' character.")


def _check_array(name: str, text: str) -> None:
    try:
        items = json.loads(text)
    except (ValueError, RecursionError):
        items = None
    if not isinstance(items, list):
        raise _wrong(f"The message attribute '{name}' with type 'String.Array' must hold a JSON array.")


def _wrong(message: str) -> AwsError:
    return AwsError("ParameterValueInvalid", message)


def size_bytes(params: Mapping[str, Any]) -> int:
    """The size of a message to publish: its text, and its attributes' names, types and values."""
    total = len(params["Message"].encode())
    for name, attribute in (params.get("MessageAttributes") or {}).items():
        value = attribute.get("BinaryValue") or attribute.get("StringValue", "").encode()
        total += len(name.encode()) + len(attribute["DataType"].encode()) + len(value)
    return total
