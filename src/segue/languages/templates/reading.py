"""The text of a template, JSON or YAML, as plain values.

CloudFormation reads YAML 1.1, without aliases that grow without end, and its own tags, each of which is short for an
object of one function: ``!Sub x`` for ``{"Fn::Sub": "x"}``. Where a key is given twice, the last one counts (in YAML
AWS refuses some of them; templates that people have do deploy).

Source: CloudFormation user guide, "CloudFormation template formats", "CloudFormation quotas" and "Intrinsic function
reference" (a full function name and a short form cannot stand directly in one another, but both forms are read here).
"""

from __future__ import annotations

import json
import re
from typing import Any

import orjson

from segue.languages.templates.errors import TemplateError, format_error

MAX_BODY_BYTES = 51_200
"""Of a text in the request itself."""

MAX_STORED_BYTES = 1_000_000
"""Of a text in a bucket."""

MAX_DEPTH = 100
"""Deepest nesting; everything that walks templates relies on it."""

MAX_VALUES = 400_000
"""Aliases can make of a small text a huge template ("a billion laughs"). A megabyte cannot have more otherwise."""

_FLOAT = re.compile(r"[-+]?(?:\.[0-9_]+|[0-9][0-9_]*\.[0-9_]*)(?:[eE][-+]?[0-9]+)?")
_BOOLEANS = {
    **dict.fromkeys(("true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON"), True),
    **dict.fromkeys(("false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF"), False),
}
_STR, _NULL = "tag:yaml.org,2002:str", "tag:yaml.org,2002:null"


def check_size(text: str, *, stored: bool = False) -> None:
    """Refuse a text that is too long, ``stored`` (in a bucket) or in the request itself.

    Raises:
        TemplateError: it is.
    """
    size = len(text.encode("utf-8", "replace"))
    if stored and size > MAX_STORED_BYTES:
        raise TemplateError(f"Template may not exceed {MAX_STORED_BYTES} bytes in size.")
    if not stored and size > MAX_BODY_BYTES:
        raise TemplateError(
            f"1 validation error detected: Value '{text}' at 'templateBody' failed to satisfy constraint: "
            f"Member must have length less than or equal to {MAX_BODY_BYTES}"
        )


def read_template(text: str) -> dict[str, Any]:
    """The template that a text has.

    Raises:
        TemplateError: it is neither JSON nor YAML, is nested too deeply, or is no object.
    """
    value = read_value(text)
    if not isinstance(value, dict):
        raise format_error("unsupported structure.")
    return value


def read_value(text: str) -> Any:
    """The value of a text that may be a piece of a template (of ``AWS::Include``).

    Raises:
        TemplateError: it is neither JSON nor YAML, or nested too deeply.
    """
    if text.lstrip("\ufeff \t\r\n")[:1] in ("{", "["):
        value = _read_json(text)
    else:
        value = _read_yaml(text)
    _check_depth(value)
    return value


def _read_json(text: str) -> Any:
    text = text.lstrip("\ufeff")
    try:
        return orjson.loads(text)
    except (orjson.JSONDecodeError, UnicodeEncodeError):
        pass
    try:
        return json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        failure = error
    try:
        return _read_yaml(text)  # what looks like JSON may be YAML in its flow style
    except TemplateError:
        line, column = (failure.lineno, failure.colno) if isinstance(failure, json.JSONDecodeError) else (1, 1)
        raise format_error(f"JSON not well-formed. (line {line}, column {column})") from None


def _refuse_constant(name: str) -> Any:
    raise ValueError(name)


def _read_yaml(text: str) -> Any:
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        node = yaml.compose(text, Loader=loader)
        return None if node is None else _Builder().value(node, 0)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        raise format_error(f"YAML not well-formed. (line {line}, column {column})") from None
    except (yaml.YAMLError, ValueError, RecursionError):
        raise format_error("YAML not well-formed. (line 1, column 1)") from None


class _Builder:
    """Plain values of YAML's nodes."""

    def __init__(self) -> None:
        self._left = MAX_VALUES

    def value(self, node: Any, depth: int) -> Any:
        self._left -= 1
        if depth > MAX_DEPTH or self._left < 0:
            raise format_error("YAML is nested too deeply or has too many values.")
        match node.id:
            case "mapping":
                value: Any = self._mapping(node, depth)
            case "sequence":
                value = [self.value(item, depth + 1) for item in node.value]
            case _:
                value = _scalar(node)
        return _tagged(node, value) if node.tag[:1] == "!" and node.tag != "!" else value

    def _mapping(self, node: Any, depth: int) -> dict[str, Any]:
        made: dict[str, Any] = {}
        merged: dict[str, Any] = {}
        for key, inner in node.value:
            if key.id != "scalar":
                raise _at(node, "YAML not well-formed.")
            value = self.value(inner, depth + 1)
            if key.tag == "tag:yaml.org,2002:merge":
                for part in reversed(value if isinstance(value, list) else [value]):
                    merged.update(part if isinstance(part, dict) else {})
            else:
                made[key.value] = value
        return {**merged, **made} if merged else made


def _at(node: Any, words: str) -> TemplateError:
    mark = node.start_mark
    return format_error(f"{words} (line {mark.line + 1}, column {mark.column + 1})")


def _tagged(node: Any, value: Any) -> dict[str, Any]:
    name = node.tag[1:]
    if name == "GetAtt" and isinstance(value, str):
        return {"Fn::GetAtt": value.split(".", 1)}
    return {name if name in ("Ref", "Condition") else f"Fn::{name}": value}


def _scalar(node: Any) -> Any:
    text, tag = node.value, node.tag
    if tag == _STR or tag[:1] == "!" or node.style in ("'", '"', "|", ">"):
        return text
    match tag:
        case "tag:yaml.org,2002:null":
            return None
        case "tag:yaml.org,2002:bool":
            return _BOOLEANS.get(text, text)
        case "tag:yaml.org,2002:int":
            return _integer(text)
        case "tag:yaml.org,2002:float" if _FLOAT.fullmatch(text):
            return float(text.replace("_", ""))
        case _:
            return text


def _integer(text: str) -> int | str:
    """An integer; numbers in base sixty (``10:30``) are texts here, and so are those that lead with a zero, which
    are account ids more often than octal numbers."""
    digits = text.lstrip("+-").replace("_", "")
    if not digits.isdecimal() or (len(digits) > 1 and digits[0] == "0") or len(digits) > 300:
        return text
    return int(text.replace("_", ""))


def _check_depth(value: Any) -> None:
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [
            inner
            for part in level
            if isinstance(part, dict | list)
            for inner in (part.values() if isinstance(part, dict) else part)
        ]
        if not level:
            return
    raise format_error(f"the template is nested deeper than {MAX_DEPTH} levels.")
