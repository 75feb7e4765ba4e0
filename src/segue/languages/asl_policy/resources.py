"""Which resources the parameters of a task mean, as ARNs."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

ANY = "*"
_QUEUE_URL = re.compile(r"https?://([^/]+)/(\d+)/([^/?]+)")
_REGION = re.compile(r"sqs\.([a-z0-9-]+)\.")
_OPEN = re.compile(r"\$\{[^}]*\}")


@dataclass(frozen=True, slots=True)
class Names:
    """Where a state machine runs. What is not known is ``*``, as IAM understands it."""

    region: str = ANY
    account: str = ANY
    machine: str = ANY
    partition: str = "aws"

    def arn(self, service: str, resource: str, *, region: bool = True, account: bool = True) -> str:
        """The ARN of a resource here."""
        where = f"{self.region if region else ''}:{self.account if account else ''}"
        return f"arn:{self.partition}:{service}:{where}:{resource}"


class Given:
    """The parameters of a task: what stands in the definition, and what comes with the input."""

    def __init__(self, fields: Any) -> None:
        self.fields: dict[str, Any] = fields if isinstance(fields, dict) else {}

    def text(self, *names: str) -> str | None:
        """The first of these members that is there: its text, ``*`` if it is made of the input; ``None`` without."""
        for name in names:
            for spelled in (name, name[:1].lower() + name[1:]):
                if f"{spelled}.$" in self.fields:
                    return ANY
                if spelled in self.fields:
                    value = self.fields[spelled]
                    return value if isinstance(value, str) and not value.lstrip().startswith("{%") else ANY
        return None

    def each(self, name: str) -> list[Given] | None:
        """The elements of a list; ``None`` if it is made of the input."""
        value = self.fields.get(name)
        return [Given(element) for element in value] if isinstance(value, list) else None


def _is_whole(text: str) -> bool:
    """Whether it goes into a policy as it is: ``*``, an ARN, or a substitution that stands for one."""
    return text == ANY or text.startswith("arn:") or _OPEN.fullmatch(text) is not None


def function(given: Given, names: Names) -> list[str]:
    text = given.text("FunctionName") or ANY
    if _is_whole(text):
        return [text]
    account, _, rest = text.partition(":function:")
    if rest:
        return [f"arn:{names.partition}:lambda:{names.region}:{account}:function:{rest}"]
    qualifier = given.text("Qualifier")
    return [names.arn("lambda", f"function:{text}" + (f":{qualifier}" if qualifier else ""))]


def queue(given: Given, names: Names) -> list[str]:
    text = given.text("QueueUrl") or ANY
    found = _QUEUE_URL.fullmatch(text)
    if found is None:
        return [text if _is_whole(text) else ANY]
    host, account, name = found.groups()
    region = _REGION.search(host)
    return [f"arn:{names.partition}:sqs:{region[1] if region else names.region}:{account}:{name}"]


def topic(given: Given, names: Names) -> list[str]:
    return [given.text("TopicArn", "TargetArn") or ANY]


def table(given: Given, names: Names) -> list[str]:
    text = given.text("TableName") or ANY
    arn = text if _is_whole(text) else names.arn("dynamodb", f"table/{text}")
    index = given.text("IndexName")
    return [arn] if index is None or arn == ANY else [f"{arn}/index/{index}"]


def buses(given: Given, names: Names) -> list[str]:
    entries = given.each("Entries")
    if entries is None:
        return [ANY]
    named = {entry.text("EventBusName") or "default" for entry in entries}
    return [name if _is_whole(name) else names.arn("events", f"event-bus/{name}") for name in sorted(named)]


def machine(given: Given, names: Names) -> list[str]:
    return [given.text("StateMachineArn", "ExecutionArn", "ActivityArn", "MapRunArn") or ANY]


def s3_object(given: Given, names: Names) -> list[str]:
    bucket, key = given.text("Bucket") or ANY, given.text("Key")
    if bucket == ANY:
        return [ANY]
    arn = bucket if bucket.startswith("arn:") else names.arn("s3", bucket, region=False, account=False)
    return [arn if key is None else f"{arn}/{key}"]


def secret(given: Given, names: Names) -> list[str]:
    text = given.text("SecretId") or ANY
    return [text if _is_whole(text) else names.arn("secretsmanager", f"secret:{text}-??????")]


def parameter(given: Given, names: Names) -> list[str]:
    text = given.text("Name") or ANY
    return [text if _is_whole(text) else names.arn("ssm", f"parameter/{text.lstrip('/')}")]


def anything(given: Given, names: Names) -> list[str]:
    return [ANY]


_OF_SERVICE: dict[str, Callable[[Given, Names], list[str]]] = {
    "dynamodb": table,
    "events": buses,
    "lambda": function,
    "s3": s3_object,
    "secretsmanager": secret,
    "sns": topic,
    "sqs": queue,
    "ssm": parameter,
    "states": machine,
}


def resources_of(prefix: str, given: Given, names: Names) -> list[str]:
    """The resources that parameters name to a service with an IAM prefix."""
    return _OF_SERVICE.get(prefix, anything)(given, names)
