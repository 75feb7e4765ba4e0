"""The door: ``compile`` a text, ``evaluate`` the expression."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from segue.languages.jsonata import (
    calling,
    evaluation,
    functions_array,
    functions_aws,
    functions_number,
    functions_text,
    paths,
    pictures,
)
from segue.languages.jsonata.calls import TailCall
from segue.languages.jsonata.compiler import Body
from segue.languages.jsonata.errors import InvalidJsonata, JsonataError, too_deep, too_much
from segue.languages.jsonata.functions import FUNCTIONS
from segue.languages.jsonata.nodes import Node
from segue.languages.jsonata.parser import parse
from segue.languages.jsonata.runtime import Frame, Moment, Runtime
from segue.languages.jsonata.values import UNDEFINED, Constructed, Function, Sequence
from segue.languages.work import WORK

_PARTS = (calling, evaluation, functions_array, functions_aws, functions_number, functions_text, paths, pictures)


_PLAIN = re.compile(
    r"\$[A-Za-z_][A-Za-z0-9_]*(?:\.(?!(?:true|false|null)(?![A-Za-z0-9_]))[A-Za-z_][A-Za-z0-9_]*)*", re.ASCII
)
"""A variable and names below it: sure to parse."""


class UnsupportedResult(Exception):
    """An expression came to a function."""


class Expression:
    """A compiled expression. Nothing in it changes; executions share it.

    Attributes:
        text: as written.
        tree: for those who look for what it refers to.
    """

    __slots__ = ("_body", "_tree", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        # Definitions are looked at more often than run: what can wait does.
        self._tree: Node | None = None if _PLAIN.fullmatch(text) else parse(text)
        self._body: Body | None = None

    @property
    def tree(self) -> Node:
        tree = self._tree
        if tree is None:
            tree = self._tree = parse(self.text)
        return tree

    def __repr__(self) -> str:
        return f"Expression({self.text!r})"

    def evaluate(self, variables: Mapping[str, Any], moment: Moment) -> Any:
        """The value, or UNDEFINED.

        Args:
            variables: JSON values by their names, without ``$``. They are not changed, and the result may share parts
                with them.
            moment: the time and the chance of the evaluation.

        Raises:
            JsonataError: it fails, works for too long, goes too deep or makes too much.
            UnsupportedResult: the result is, or holds, a function.
        """
        runtime = Runtime(moment)
        frame = Frame({}, Frame(variables, Frame(FUNCTIONS, None, runtime, 0), runtime, 0), runtime, 0)
        try:
            body = self._body
            if body is None:
                body = self._body = Body(self.tree, is_function=False)
            value = body.run(UNDEFINED, frame)
        except RecursionError:
            raise too_deep() from None
        except MemoryError:
            raise too_much() from None
        finally:
            WORK.done += runtime.spent
        kind = type(value)
        if kind is str or kind is int or kind is bool or (kind is dict and runtime.is_plain):
            return value
        return _result(value, runtime)


def compile(text: str) -> Expression:
    """Compile an expression, without the ``{%`` and ``%}`` around it.

    Raises:
        InvalidJsonata: it is none.
    """
    return _short(text) if len(text) <= _SHORT else _made(text)


_SHORT = 2_000
"""Of this many characters are expressions that are remembered: so the memory of them is bounded in bytes."""


def _made(text: str) -> Expression:
    try:
        return Expression(text)
    except RecursionError:
        raise InvalidJsonata("The expression is nested too deeply", "U1001", 0) from None


_short = lru_cache(maxsize=8192)(_made)


def _result(value: Any, runtime: Runtime) -> Any:
    if isinstance(value, Function) or type(value) is TailCall:
        raise UnsupportedResult
    if runtime.is_plain or value is UNDEFINED:
        return list(value) if type(value) in (Sequence, Constructed) else value
    return _as_json(value)


def _as_json(value: Any) -> Any:
    """JSON alone. Numbers that are none are written as texts (measured on AWS: ``1/0`` is "Infinity")."""
    if isinstance(value, list):
        return [_as_json(item) for item in value]
    kind = type(value)
    if kind is dict:
        return {key: _as_json(item) for key, item in value.items()}
    if kind is float and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, Function):
        raise UnsupportedResult
    return None if value is UNDEFINED else value


def nodes(tree: Node) -> Iterator[Node]:
    """All nodes of a tree."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        parts = [node.lhs, node.rhs, node.test, node.body, node.pattern, node.procedure]
        waiting.extend(part for part in parts if part is not None)
        for many in (node.items, node.steps, node.filters):
            waiting.extend(many)
        waiting.extend(term for _, term in node.terms)
        for pair in (*node.pairs, *(node.group or ())):
            waiting.extend(pair)


__all__ = ["Expression", "JsonataError", "UnsupportedResult", "compile", "nodes"]
