"""Requests of any operation, from its model: plausible ones, and what can be wrong with them."""

from __future__ import annotations

import json
import random
from base64 import b64encode
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote_from_bytes
from xml.sax.saxutils import escape

from segue.wire.model import OperationModel, Protocol, Ref, ServiceModel, Shape

ACCOUNT = "000000000000"
NESTED = "[" * 10_000 + "]" * 10_000
TEXTS = (
    *(
        "",
        " ",
        "x",
        "x" * 300,
        "x" * 20_000,
        "\0",
        "\ud800",
        "é漢🎉",
        "../../etc/passwd",
        "*",
        "*a" * 200 + "b",
        "$.",
        "$[",
    ),
    *(
        "{",
        "{}",
        "[]",
        "null",
        '"x"',
        "-1",
        "1e999",
        "NaN",
        "9" * 5_000,
        "true",
        NESTED,
        '{"a":' * 3_000,
        "%",
        "====",
        "²",
    ),
    *("arn", "arn:", "arn:aws:sqs:::", "arn:aws:sqs:us-east-1:999999999999:held", ":" * 40, "http://[", "//", "/held"),
    *("arn:aws:lambda:us-east-1:000000000000:function:held:9:9", "arn:aws:iam::000000000000:role/", f"{10**30}"),
    *(
        "rate(",
        "cron(* * * * ? *)",
        "SET a = ",
        "(" * 3_000 + "a=:v",
        "a[0]" * 2_000,
        "{ $.a = ",
        "%(a+)+$%",
        "${" + " " * 5_000,
    ),
    *(
        b64encode(text).decode()
        for text in (b"[]", b"{}", b"null", b'["a","b"]', b"[1]", b"[true]", b"\xff", b"[" * 9_999)
    ),
    *(
        json.dumps({"Version": "2012-10-17", "Statement": statement})
        for statement in ([], "x", [None], {"Effect": "Allow"})
    ),
    json.dumps({"Version": "2012-10-17"}),
    *(
        json.dumps({"a": [rule]})
        for rule in ({"wildcard": "**"}, {"numeric": ["<"]}, {"cidr": "x"}, {"anything-but": {}}, 10**400)
    ),
    json.dumps({"deadLetterTargetArn": 1, "maxReceiveCount": "x"}),
    *(
        json.dumps({"StartAt": "A", "States": states})
        for states in ([], {"A": None}, {"A": {"Type": "Choice", "Choices": [None]}})
    ),
)
NUMBERS = (0, 1, -1, 2**31 - 1, -(2**31), 2**31, 2**63 - 1, -(2**63), 2**63, 2**64, 10**30, 1.5, 1e308)
OTHERS: tuple[Any, ...] = (
    None,
    True,
    0,
    -1,
    1.5,
    10**30,
    "",
    "x",
    [],
    {},
    [None],
    {"": None},
    [[[]]],
    [{}],
    {"S": "x"},
)

#: names that exist (see ``hold`` in the test), by the members that name them
HELD: dict[str, Any] = {
    "QueueUrl": f"/{ACCOUNT}/held",
    "TopicArn": f"arn:aws:sns:us-east-1:{ACCOUNT}:held",
    "TableName": "held",
    "RoleName": "held",
    "UserName": "held",
    "FunctionName": "held",
    "logGroupName": "held",
    "stateMachineArn": f"arn:aws:states:us-east-1:{ACCOUNT}:stateMachine:held",
    "resourceArn": f"arn:aws:states:us-east-1:{ACCOUNT}:stateMachine:held",
    "ResourceArn": f"arn:aws:sns:us-east-1:{ACCOUNT}:held",
    "ResourceARN": f"arn:aws:events:us-east-1:{ACCOUNT}:event-bus/default",
    "EventBusName": "default",
    "roleArn": f"arn:aws:iam::{ACCOUNT}:role/held",
    "WaitTimeSeconds": 0,
    "Bucket": "held",
    "QueueArn": f"arn:aws:sqs:us-east-1:{ACCOUNT}:held",
    "InvocationType": "DryRun",
}


@dataclass(frozen=True, slots=True)
class Wire:
    """A request as it is sent."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes


class BadRequests:
    """Of one operation, with a seed."""

    def __init__(self, operation: OperationModel, seed: int) -> None:
        self.operation, self.service = operation, operation.service
        self.random = random.Random(f"{operation!r}/{seed}")

    def params(self, broken: int) -> dict[str, Any]:
        """Members of the right types, of which ``broken`` were changed."""
        shape = self.operation.input
        value = self._structure(shape, 0) if shape is not None else {}
        for _ in range(broken):
            value = self._changed(value)
        return value if isinstance(value, dict) else {"x": value}

    def _structure(self, shape: Shape, depth: int) -> dict[str, Any]:
        wanted = self.random.choice((0.0, 0.3, 1.0)) / (depth + 1)
        return {
            name: self._value(ref, name, depth + 1)
            for name, ref in shape.members.items()
            if name in shape.required or (depth < 5 and self.random.random() < wanted)
        }

    def _value(self, ref: Ref, name: str, depth: int) -> Any:
        if name in HELD:
            return HELD[name]
        shape = self.service.shape(ref.shape_name)
        if shape.type == "structure":
            return self._structure(shape, depth)
        if shape.type == "list" and shape.element is not None:
            return [self._value(shape.element, name, depth + 1)] if depth < 7 else []
        if shape.type == "map" and shape.value is not None:
            return {"a": self._value(shape.value, name, depth + 1)} if depth < 7 else {}
        if shape.traits.get("enum"):
            return self.random.choice(shape.traits["enum"])
        if shape.type in ("integer", "long", "float", "double", "timestamp"):
            return shape.traits.get("min", 1)
        if shape.type == "boolean":
            return self.random.random() < 0.5
        return "e30=" if shape.type == "blob" else "a".ljust(shape.traits.get("min", 0), "a")

    def _changed(self, value: Any) -> Any:
        """The value with one part of it, at any depth, left out or replaced."""
        pick = self.random.choice
        if isinstance(value, dict) and value and self.random.random() < 0.9:
            name = pick([*value])
            if self.random.random() < 0.15:
                return {key: item for key, item in value.items() if key != name}
            return {**value, name: self._changed(value[name])}
        if isinstance(value, list) and value and self.random.random() < 0.7:
            return [self._changed(value[0]), *value[1:]]
        if isinstance(value, str) and self.random.random() < 0.7:
            return pick(TEXTS)
        if type(value) in (int, float) and self.random.random() < 0.7:
            return pick(NUMBERS)
        return [value] * 150 if self.random.random() < 0.1 else pick(OTHERS)

    def wire(self, params: dict[str, Any]) -> Wire:
        """The request on the service's protocol."""
        scope = f"{ACCOUNT}/20260101/us-east-1/{self.service.signing_name}/aws4_request"
        headers = {"Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"}
        if Protocol.JSON in self.service.protocols:
            headers["X-Amz-Target"] = f"{self.service.target_prefix}.{self.operation.name}"
            headers["Content-Type"] = "application/x-amz-json-1.0"
            return Wire("POST", "/", headers, json.dumps(params).encode())
        if Protocol.QUERY in self.service.protocols:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            pairs = [("Action", self.operation.name), ("Version", self.service.api_version)]
            _flatten(params, "", pairs)
            return Wire(
                "POST", "/", headers, "&".join(f"{_quoted(key)}={_quoted(text)}" for key, text in pairs).encode()
            )
        if Protocol.REST_XML in self.service.protocols:
            return self._rest_xml(params, headers)
        return self._rest(params, headers | {"Content-Type": "application/json"})

    def _rest_xml(self, params: dict[str, Any], headers: dict[str, str]) -> Wire:
        """As :meth:`_rest`, with members in headers too, and a body of XML or of anything."""
        shape = self.operation.input
        payload = shape.traits.get("payload") if shape is not None else None
        rest = self._rest({name: value for name, value in params.items() if name != payload}, headers)
        target = rest.target.replace("Key+", _quoted(_text(params.get("Key", "a")))[:3_000])
        for name, value in params.items():
            ref = shape.members.get(name) if shape is not None else None
            if ref is None or ref.location_name == "Content-Length":
                continue  # how long the body is, HTTP itself says
            if ref.location == "header":
                headers[ref.location_name or name] = _header(_text(value))
            elif ref.location == "headers" and isinstance(value, dict):
                prefix = ref.location_name or ""
                headers |= {
                    f"{prefix}{key if key.isalnum() else 'x'}": _header(_text(item)) for key, item in value.items()
                }
        if payload is None or shape is None or payload not in params:
            return Wire(rest.method, target, headers, b"")
        ref = shape.members[payload]
        body = _xml(self.service, ref, ref.location_name or ref.shape_name, params[payload])
        return Wire(rest.method, target, headers, body.encode("utf-8", "replace"))

    def _rest(self, params: dict[str, Any], headers: dict[str, str]) -> Wire:
        uri, query, body = self.operation.uri, [], {}
        shape = self.operation.input
        for name, value in params.items():
            ref = shape.members.get(name) if shape is not None else None
            location = ref.location if ref is not None else None
            wire_name = (ref.location_name if ref is not None else None) or name
            if location == "uri":
                uri = uri.replace(f"{{{wire_name}}}", _quoted(_text(value))[:20_000] or "%20")
            elif location == "querystring":
                query.append(f"{wire_name}={_quoted(_text(value))[:20_000]}")
            elif location is None:
                body[wire_name] = value
        uri = uri.replace("{", "").replace("}", "")
        separator = "&" if "?" in uri else "?"
        return Wire(
            self.operation.method,
            uri + (separator + "&".join(query) if query else ""),
            headers,
            json.dumps(body).encode(),
        )


def _flatten(value: Any, path: str, pairs: list[tuple[str, str]]) -> None:
    if isinstance(value, dict) and value:
        for name, item in value.items():
            _flatten(item, f"{path}.{name}" if path else name, pairs)
    elif isinstance(value, list) and value:
        for number, item in enumerate(value, 1):
            _flatten(item, f"{path}.member.{number}", pairs)
    else:
        pairs.append((path, _text(value)))


def _text(value: Any) -> str:
    return value if isinstance(value, str) else "" if value in (None, [], {}) else json.dumps(value)


def _header(text: str) -> str:
    return "".join(char for char in text[:2_000] if " " <= char <= "~").strip()


def _xml(service: ServiceModel, ref: Ref, tag: str, value: Any) -> str:
    """A value as an element, as far as it fits its shape; else as a text."""
    shape = service.shape(ref.shape_name)
    if shape.type == "structure" and isinstance(value, dict):
        inner = "".join(
            _xml(service, shape.members[name], shape.members[name].location_name or name, item)
            if name in shape.members
            else f"<x>{escape(_text(item))}</x>"
            for name, item in value.items()
        )
        return f"<{tag}>{inner}</{tag}>"
    if shape.type == "list" and isinstance(value, list) and shape.element is not None:
        flat = shape.traits.get("flattened")
        name = tag if flat else shape.element.location_name or "member"
        inner = "".join(_xml(service, shape.element, name, item) for item in value)
        return inner if flat else f"<{tag}>{inner}</{tag}>"
    return f"<{tag}>{escape(_text(value))}</{tag}>"


def _quoted(text: str) -> str:
    return quote_from_bytes(text.encode("utf-8", "surrogatepass"), safe="")
