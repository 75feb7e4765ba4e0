"""Selection expressions: which route, which template, which response. Pure.

Source: API Gateway developer guide, "WebSocket selection expressions": ``$request.body.action``,
``${request.body.action}-${stageVariables.v}``, ``\\$default`` (a text).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from segue.api.mapping_values import plain
from segue.languages.regexes import InvalidRegex, Regex

DEFAULT = "$default"
_NAME = r"(?:request|route|context|stageVariables|integration)\.[\w.$\[\]@-]+"
_PART = re.compile(rf"\$\{{\s*({_NAME})\s*\}}|\$({_NAME})")


def selected(expression: str, value: Callable[[str], Any]) -> str:
    """The text that an expression comes to; ``value`` is what a name comes to (``None``: nothing)."""
    text = _PART.sub(lambda found: plain(value(found[1] or found[2])) or "", expression)
    return text.replace("\\$", "$")


def pick(keys: Mapping[str, Any], key: str) -> Any:
    """What stands under a key, or else under ``$default``; ``None`` for neither."""
    return keys[key] if key in keys else keys.get(DEFAULT)


def fitting(responses: Iterable[Mapping[str, Any]], member: str, key: str) -> Mapping[str, Any] | None:
    """The response whose key is the one selected, or a pattern (``/4\\d\\d/``) of it; else the one of ``$default``."""
    default = None
    for response in responses:
        own = str(response[member])
        if own == DEFAULT:
            default = response
        elif own == key or (len(own) > 2 and own[0] == own[-1] == "/" and _fits(own[1:-1], key)):
            return response
    return default


def _fits(pattern: str, text: str) -> bool:
    try:
        return Regex(pattern).is_whole(text)
    except InvalidRegex:
        return False
