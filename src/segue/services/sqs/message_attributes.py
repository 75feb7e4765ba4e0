"""Message attributes: what they may be, their digest, their size, which of them a receiver wants.

Source: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html and the
conformance case receive_message_message_attribute_names_filters.
"""

from __future__ import annotations

import re
from hashlib import md5
from typing import Any

from segue.errors import AwsError

Attributes = dict[str, dict[str, Any]]

_NAME = re.compile(r"[A-Za-z0-9_.-]{1,256}", re.ASCII)
_INVALID_TEXT = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_GROUP = re.compile(r"""[A-Za-z0-9!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~]{1,128}""", re.ASCII)


def check_text(text: str, where: str = "message body", code: str = "InvalidMessageContents") -> None:
    """Raise ``InvalidMessageContents`` where a body (or, with its own code, a value) has what XML cannot carry.

    Source: what AWS was seen to answer, in github.com/Particular/NServiceBus.AmazonSQS/issues/2630 and others.
    """
    found = _INVALID_TEXT.search(text)
    if found is not None:
        character = f"#x{ord(found[0]):X}"
        raise AwsError(
            code,
            f"Invalid binary character '{character}' was found in the {where}, the set of allowed characters is "
            "#x9 | #xA | #xD | [#x20-#xD7FF] | [#xE000-#xFFFD] | [#x10000-#x10FFFF].",
        )


def check_identifier(name: str, value: str) -> None:
    """Raise ``InvalidParameterValue`` where ``value`` cannot be a ``MessageGroupId`` or ``MessageDeduplicationId``."""
    if not _GROUP.fullmatch(value):
        raise AwsError(
            "InvalidParameterValue",
            f"Value {value} for parameter {name} is invalid. "
            f"Reason: {name} can only include alphanumeric and punctuation characters. 1 to 128 in length.",
        )


def check_attributes(attributes: Attributes) -> None:
    """Raise ``InvalidParameterValue`` where message attributes are not as AWS takes them."""
    if len(attributes) > 10:
        raise _invalid(f"Number of message attributes [{len(attributes)}] exceeds the allowed maximum [10].")
    for name, attribute in attributes.items():
        _check_name(name)
        kind = attribute.get("DataType")
        if not kind:
            raise _invalid(f"The message attribute '{name}' must contain a non-empty message attribute type.")
        transport = kind.split(".", 1)[0]
        if transport not in ("String", "Number", "Binary"):
            raise _invalid(
                f"The message attribute '{name}' has an invalid message attribute type, "
                "the set of supported type prefixes is Binary, Number, and String."
            )
        member = "BinaryValue" if transport == "Binary" else "StringValue"
        other = "StringValue" if transport == "Binary" else "BinaryValue"
        if attribute.get("StringListValues") or attribute.get("BinaryListValues"):
            raise AwsError(
                "UnsupportedOperation", "Message attribute list values in SendMessage operation are not supported."
            )
        if attribute.get(other):
            raise _invalid(f"The message attribute '{name}' with type '{transport}' must use field '{member[:-5]}'.")
        value = attribute.get(member)
        if not value:
            raise _invalid(f"Message (user) attribute '{name}' must contain a non-empty value of type '{transport}'.")
        if transport != "Binary":
            check_text(value, f"message attribute '{name}' value", "InvalidParameterValue")
        if transport == "Number" and not _NUMBER.fullmatch(value):
            raise _invalid(f"Can't cast the value of message (user) attribute '{name}' to a number.")


def _check_name(name: str) -> None:
    if len(name.encode()) > 256:
        raise _invalid("Length of message attribute name must be less than 256 bytes.")
    if not _NAME.fullmatch(name):
        raise _invalid(
            f"The message (user) attribute name '{name}' is invalid. It can include alphanumeric characters, "
            "hyphens, underscores and periods."
        )
    if name.startswith(".") or name.endswith(".") or ".." in name:
        raise _invalid(
            f"The message attribute name '{name}' must not start or end with a period, or have successive ones."
        )
    if name.lower().startswith(("aws.", "amazon.")):
        raise _invalid(
            "You can't use message attribute names beginning with 'AWS.' or 'Amazon.'. "
            "These strings are reserved for internal use."
        )


def _invalid(message: str) -> AwsError:
    return AwsError("InvalidParameterValue", message)


def digest(attributes: Attributes) -> str:
    """The MD5 of message attributes as SDKs compute it: names in order, each part behind its length."""
    parts: list[bytes] = []
    for name in sorted(attributes):
        attribute = attributes[name]
        kind: str = attribute["DataType"]
        parts.append(_sized(name.encode()))
        parts.append(_sized(kind.encode()))
        if kind.startswith("Binary"):
            parts.append(b"\x02" + _sized(attribute["BinaryValue"]))
        else:
            parts.append(b"\x01" + _sized(attribute["StringValue"].encode()))
    return md5(b"".join(parts), usedforsecurity=False).hexdigest()


def _sized(data: bytes) -> bytes:
    return len(data).to_bytes(4, "big") + data


def size_bytes(attributes: Attributes) -> int:
    """What attributes add to a message's size: names, types and values."""
    total = 0
    for name, attribute in attributes.items():
        value = attribute.get("BinaryValue") or attribute.get("StringValue", "").encode()
        total += len(name.encode()) + len(attribute["DataType"].encode()) + len(value)
    return total


def wanted(attributes: Attributes, names: list[str]) -> Attributes:
    """The attributes that a receiver asked for: ``All``, ``.*`` and ``*``, names, or prefixes (``foo.*``)."""
    if not names:
        return {}
    if any(name in ("All", ".*", "*") for name in names):
        return attributes
    exact = set(names)
    prefixes = tuple(name[:-2] for name in names if name.endswith(".*"))
    return {
        name: attribute
        for name, attribute in attributes.items()
        if name in exact or (prefixes and name.startswith(prefixes))
    }
