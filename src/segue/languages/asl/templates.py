"""Payload templates: ``Parameters``, ``ResultSelector``, ``ItemSelector``, JSONPath ``Assign``.

A key that ends in ``.$`` takes the value of its expression; everything else is itself. What is literal is made once and
shared by all evaluations, so nothing may change an evaluated value in place.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from segue.languages.asl.errors import InvalidExpression
from segue.languages.asl.expressions import Expression, compile_expression
from segue.languages.asl.scope import Scope

__all__ = ["Expression", "Scope", "Template", "compile_expression", "compile_template"]

Evaluate = Callable[[Scope], Any]


class Template:
    """A compiled template.

    Attributes:
        is_literal: it holds no expression, every evaluation gives the same value.
        evaluate: ``evaluate(scope)`` gives the value; raises StatesError.
    """

    __slots__ = ("evaluate", "is_literal")

    def __init__(self, evaluate: Evaluate, is_literal: bool) -> None:
        self.evaluate = evaluate
        self.is_literal = is_literal


def compile_template(spec: Any) -> Template:
    """Compile a template: any JSON value.

    Raises:
        InvalidExpression: the value of a ``.$`` key is not an expression.
    """
    evaluate = _compile(spec)
    if evaluate is None:
        return Template(lambda scope: spec, is_literal=True)
    return Template(evaluate, is_literal=False)


def _compile(spec: Any) -> Evaluate | None:
    """None when the value is literal."""
    if isinstance(spec, dict):
        return _compile_object(spec)
    if isinstance(spec, list):
        return _compile_array(spec)
    return None


def _compile_object(spec: dict[str, Any]) -> Evaluate | None:
    skeleton: dict[str, Any] = {}
    moving: list[tuple[str, Evaluate]] = []
    for key, value in spec.items():
        if key.endswith(".$"):
            if not isinstance(value, str):
                raise InvalidExpression(f"the value of {key!r} is not a string")
            name = key[:-2]
            evaluate: Evaluate | None = compile_expression(value, key).evaluate
        else:
            name = key
            evaluate = _compile(value)
        skeleton[name] = None if evaluate else value
        if evaluate:
            moving.append((name, evaluate))
    if not moving:
        return None
    if len(moving) == len(skeleton):
        pairs = tuple(moving)
        return lambda scope: {name: evaluate(scope) for name, evaluate in pairs}
    return _fill(skeleton, tuple(moving))


def _fill(skeleton: dict[str, Any], moving: tuple[tuple[str, Evaluate], ...]) -> Evaluate:
    """The skeleton holds every key in its written order, so filling keeps the order."""

    def evaluate_object(scope: Scope) -> dict[str, Any]:
        filled = skeleton.copy()
        for name, evaluate in moving:
            filled[name] = evaluate(scope)
        return filled

    return evaluate_object


def _compile_array(spec: list[Any]) -> Evaluate | None:
    parts = [_compile(item) for item in spec]
    if not any(parts):
        return None
    moving = tuple((position, evaluate) for position, evaluate in enumerate(parts) if evaluate)

    def evaluate_array(scope: Scope) -> list[Any]:
        filled = spec.copy()
        for position, evaluate in moving:
            filled[position] = evaluate(scope)
        return filled

    return evaluate_array
