"""Mapping templates and parameters: what ``$input``, ``$context``, ``$util`` and ``$stageVariables`` are.

Source: API Gateway developer guide, "Mapping template transformations", "Variables for data transformations" and
"Override your API's request and response parameters".
"""

from __future__ import annotations

import base64
import binascii
import copy
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, unquote

from segue.api.mapping_values import json_or_none
from segue.languages.asl import json_text
from segue.languages.jsonpath import InvalidPath, PathNotFound, compile_path
from segue.languages.velocity import Host, VelocityError, render
from segue.languages.work import WorkExceeded

_SHORT_ESCAPES = {"\b": "\\b", "\n": "\\n", "\t": "\\t", "\f": "\\f", "\r": "\\r", '"': '\\"', "'": "\\'", "/": "\\/"}


@dataclass(slots=True)
class Override:
    """What a template says of the request or the answer beside its text."""

    header: dict[str, Any] = field(default_factory=dict)
    querystring: dict[str, Any] = field(default_factory=dict)
    path: dict[str, Any] = field(default_factory=dict)
    status: Any = None

    def host(self) -> Host:
        """As templates set it (``#set($context.responseOverride.status = 400)``)."""
        known = {"header": self.header, "querystring": self.querystring, "path": self.path}

        def put(name: str, value: Any) -> None:
            if name == "status":
                self.status = value

        return Host({}, lambda name: known.get(name, self.status if name == "status" else None), put)


@dataclass(frozen=True, slots=True)
class Told:
    """What templates know of a request: ``$context``, ``$stageVariables``, and ``$input.params()`` (the parameters of
    ``path``, ``querystring`` and ``header``).
    """

    context: dict[str, Any]
    stage_variables: dict[str, str]
    params: dict[str, dict[str, str]] = field(default_factory=lambda: {"path": {}, "querystring": {}, "header": {}})


class Mapping:
    """The templates of one request, and of its answer; ``body`` is what ``$input`` reads."""

    def __init__(self, told: Told, body: str) -> None:
        self._told, self._body = told, body
        self.request, self.response = Override(), Override()

    def render(self, template: str) -> str:
        """A template's text.

        Raises:
            VelocityError: as :func:`segue.languages.velocity.render`.
        """
        context = copy.deepcopy(self._told.context)
        overrides = {"requestOverride": self.request.host(), "responseOverride": self.response.host()}
        variables = {
            "input": self._input(),
            "util": _UTIL,
            "context": Host({}, lambda name: overrides.get(name, context.get(name))),
            "stageVariables": self._told.stage_variables,
        }
        return render(template, variables)

    def _input(self) -> Host:
        params = self._told.params
        methods: dict[str, Callable[..., Any]] = {
            "body": lambda: self._body,
            "json": lambda path: _dumped(self._read(path)),
            "path": lambda path: copy.deepcopy(self._read(path)),
            "params": lambda name=None: params if name is None else _param(params, name),
        }
        return Host(methods, lambda name: self._body if name == "body" else None)

    def _read(self, path: Any) -> Any:
        if not isinstance(path, str):
            raise VelocityError("a JSON path is wanted")
        value = json_or_none(self._body) if self._body else {}
        if value is None and self._body.strip() != "null":
            value = self._body
        try:
            return compile_path(path).read(value)
        except PathNotFound:
            return None
        except (InvalidPath, WorkExceeded, RecursionError) as error:
            raise VelocityError(f"the JSON path {path[:100]} cannot be read: {error}") from None


def _dumped(value: Any) -> str:
    return '""' if value is None else json_text.dump(value)


def _param(params: dict[str, dict[str, str]], name: Any) -> str:
    """A parameter by name: of the path, the query, the headers, in this order; empty where there is none."""
    for place in ("path", "querystring"):
        if name in params[place]:
            return params[place][name]
    wanted = str(name).lower()
    return next((value for key, value in params["header"].items() if key.lower() == wanted), "")


# $util


def _escape(value: Any) -> str:
    text = _wanted(value)
    pieces = []
    for character in text:
        code = ord(character)
        if character == "\\":
            pieces.append("\\\\")
        elif character in _SHORT_ESCAPES:
            pieces.append(_SHORT_ESCAPES[character])
        elif 32 <= code < 127:
            pieces.append(character)
        else:
            units = character.encode("utf-16-be", "surrogatepass")
            pieces += [f"\\u{units[at]:02X}{units[at + 1]:02X}" for at in range(0, len(units), 2)]
    return "".join(pieces)


def _wanted(value: Any) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        return json_text.dump(value) if isinstance(value, dict | list) else str(value)
    return value


def _parse(value: Any) -> Any:
    found = json_or_none(_wanted(value))
    if found is None and _wanted(value).strip() != "null":
        raise VelocityError("$util.parseJson: the text is no JSON")
    return found


def _decoded(value: Any) -> str:
    try:
        return base64.b64decode(_wanted(value), validate=False).decode("utf-8", "replace")
    except binascii.Error:
        raise VelocityError("$util.base64Decode: the text is not in Base64") from None


_UTIL = Host(
    {
        "escapeJavaScript": _escape,
        "parseJson": _parse,
        "urlEncode": lambda value: quote(_wanted(value), safe="*-._").replace("%20", "+"),
        "urlDecode": lambda value: unquote(_wanted(value).replace("+", " ")),
        "base64Encode": lambda value: base64.b64encode(_wanted(value).encode()).decode(),
        "base64Decode": _decoded,
    }
)
