"""Tags as the service's requests bring them."""

from __future__ import annotations

from typing import Any

from segue.errors import AwsError

MOST_TAGS = 50


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


def check_number(arn: str, tags: dict[str, str], existing: dict[str, str] | None = None) -> None:
    """Raise ``TooManyTags`` where a resource would have more than 50 (API reference, TagResource)."""
    if len({*tags, *(existing or {})}) > MOST_TAGS:
        message = f"Resource '{arn}' cannot have more than {MOST_TAGS} tags"
        raise AwsError("TooManyTags", message, members={"resourceName": arn})
