"""Which secrets a request means by filters.

Source: API reference, ListSecrets, BatchGetSecretValue, Filter.
"""

from __future__ import annotations

from typing import Any

from segue.api import Call
from segue.api.tags import tags_of
from segue.errors import AwsError
from segue.services.secretsmanager import records
from segue.services.secretsmanager.records import Secret
from segue.services.secretsmanager.service import scope_of


def filtered(call: Call, filters: list[dict[str, Any]], *, deleted: bool = False) -> list[Secret]:
    """The secrets that pass all filters, oldest first; those marked for deletion only if asked for."""
    if not all("Key" in one and "Values" in one for one in filters):
        raise AwsError("InvalidParameterException", "Each of the Filters needs a Key and Values.")
    return [
        secret
        for secret in records.listed(call.tx, scope_of(call))
        if (secret.deleted_at_ms is None or deleted) and all(_passes(call, secret, one) for one in filters)
    ]


def _passes(call: Call, secret: Secret, one: dict[str, Any]) -> bool:
    """Whether one of a filter's values begins a member; a value after ``!`` must not."""
    tags = tags_of(call.tx, secret.arn)
    texts = {
        "name": [secret.name],
        "description": [secret.description or ""],
        "tag-key": list(tags),
        "tag-value": list(tags.values()),
        "owning-service": [secret.owner],
        "primary-region": list[str](),  # of replicas, of which there are none
    }
    texts["all"] = [text for several in texts.values() for text in several]

    def begins(value: str) -> bool:
        return any(text.lower().startswith(value.lower()) for text in texts.get(one["Key"], ()))

    return any(not begins(value[1:]) if value.startswith("!") else begins(value) for value in one["Values"])
