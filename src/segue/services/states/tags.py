"""Tags as the service's requests bring them."""

from __future__ import annotations

from typing import Any

from segue.errors import AwsError


def tags_given(params: dict[str, Any]) -> dict[str, str]:
    """The tags of a request by their keys; the model lets a key be missing, the service does not."""
    found: dict[str, str] = {}
    for number, tag in enumerate(params.get("tags", ()), 1):
        if "key" not in tag:
            where = f"tags.{number}.member.key"
            text = f"Value null at '{where}' failed to satisfy constraint: Member must not be null"
            raise AwsError("ValidationException", f"1 validation error detected: {text}")
        found[tag["key"]] = tag.get("value", "")
    return found
