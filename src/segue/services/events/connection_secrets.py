"""The secret that EventBridge keeps in Secrets Manager for each connection, readable to whom its user allows it.

Source: user guide, "Connections": the secret's name begins with ``events!connection/``, only EventBridge changes it.
"""

from __future__ import annotations

import json
import re
from typing import Any

from segue.api import Call
from segue.arn import parse_arn

_CAPITAL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_KINDS = ("BasicAuthParameters", "ApiKeyAuthParameters")


def keep_secret(call: Call, name: str, document: dict[str, Any]) -> str:
    """Write a connection's parameters into its secret; the secret's ARN."""
    text = json.dumps(_value(document["AuthParameters"]), ensure_ascii=False, separators=(",", ":"))
    kept = call.perform("secretsmanager:PutManagedSecret", {"Name": name, "Owner": "events", "SecretString": text})
    assert isinstance(kept, dict)
    return str(kept["ARN"])


def secret_name(arn: str) -> str:
    """The name in a secret's ARN, which ends with six characters of its own."""
    return parse_arn(arn).resource.removeprefix("secret:")[:-7]


def _value(parameters: dict[str, Any]) -> dict[str, Any]:
    value: dict[str, Any] = {}
    for name, given in parameters.items():
        if name in _KINDS:
            value |= _snake(given)
        elif name == "OAuthParameters":
            value |= _snake({key: one for key, one in given.items() if key != "ClientParameters"})
            value |= _snake(given.get("ClientParameters", {}))
        else:
            value |= _snake({name: given})
    return value


def _snake(value: Any) -> Any:
    if isinstance(value, dict):
        return {_CAPITAL.sub("_", key).lower(): _snake(item) for key, item in value.items()}
    return [_snake(item) for item in value] if isinstance(value, list) else value
