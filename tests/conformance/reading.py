"""What recordings mean by what they say: pure."""

from __future__ import annotations

import json
import re
from typing import Any

_HOSTS = re.compile(r"http://sqs\.<region>\.localhost(?:\.localstack\.cloud)?:\d+/(?:<sender-id:\d+>)?")

_APIS = re.compile(r"https?://localhost:\d+/restapis/[a-z0-9]+")


def prepared(data: dict[str, Any], endpoint_url: str) -> dict[str, Any]:
    """The case with the server's own places where the recording has LocalStack's."""

    def change(value: Any) -> Any:
        if isinstance(value, dict):
            return {change(name): change(part) for name, part in value.items()}
        if isinstance(value, list):
            return [change(part) for part in value]
        if not isinstance(value, str):
            return value
        value = _HOSTS.sub(lambda found: endpoint_url + ("/111111111111" if "sender" in found[0] else "/"), value)
        return value.replace("000000000000", "111111111111")

    apis = [
        name
        for step in data.get("setup", ())
        if step.get("op") == "CreateRestApi"
        for member, name in step.get("bind", {}).items()
        if member == "id"
    ]

    def own_api(value: Any) -> Any:
        """LocalStack's address of the API that the case makes, as AWS's."""
        if isinstance(value, dict):
            return {name: own_api(part) for name, part in value.items()}
        if isinstance(value, list):
            return [own_api(part) for part in value]
        is_address = isinstance(value, str) and apis and _APIS.fullmatch(value)
        return f"{apis[0]}.execute-api.<region>.amazonaws.com" if is_address else value

    changed: dict[str, Any] = change({name: part for name, part in data.items() if name != "id"})
    return {"id": data["id"], **own_api(changed)}


def kebab(name: str) -> str:
    """As LocalStack's recorder makes a placeholder of a member's name."""
    return re.sub(r"(?<!^)(?=[A-Z])", "-", name).lower()


def without_times(given: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in given.items() if value != "<datetime>"}


def raised_by_boto(step: dict[str, Any], told: dict[str, Any]) -> bool:
    """Whether the recorded error is boto3's own, which never reached the service."""
    said = json.dumps([step.get("expectError"), step.get("localstackError"), told.get("value")])
    return "ParamValidationError" in said or '"Parameter validation failed' in said


def stream_of_localstack(step: dict[str, Any]) -> bool:
    stream = step.get("params", {}).get("logStreamName", "")
    return step.get("op") == "GetLogEvents" and str(stream).startswith("states/arn:")
