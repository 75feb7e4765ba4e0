"""The names and values that a request gives to its expressions' placeholders."""

from __future__ import annotations

import re
from collections.abc import Mapping

from segue.languages.expressions.errors import ExpressionError
from segue.languages.expressions.nodes import NameRef, Path
from segue.languages.expressions.reserved import RESERVED_WORDS
from segue.languages.expressions.values import Value, normalize

_PLACEHOLDER = {"#": re.compile(r"#[A-Za-z0-9_]+", re.ASCII), ":": re.compile(r":[A-Za-z0-9_]+", re.ASCII)}

Elements = tuple[str | int, ...]
"""A document path whose names are known."""


class Binding:
    """``ExpressionAttributeNames`` and ``ExpressionAttributeValues``, and which of them the expressions use.

    Args:
        names: ``#n`` → attribute name, ``None`` where the parameter is not given.
        values: ``:v`` → attribute value, likewise.
        expressions: the expressions of the request, by parameter name; ``None`` for those not given.

    Raises:
        ExpressionError: placeholders without an expression, malformed ones, invalid values.
    """

    def __init__(
        self,
        names: Mapping[str, str] | None = None,
        values: Mapping[str, Value] | None = None,
        expressions: Mapping[str, str | None] | None = None,
    ) -> None:
        if expressions is not None:
            _need_expression(names, values, expressions)
        self.names = names or {}
        self.values: dict[str, Value] = {}
        self._unused_names = set(self.names)
        for key in self.names:
            _check_key(key, "#", "ExpressionAttributeNames")
        for key, value in (values or {}).items():
            _check_key(key, ":", "ExpressionAttributeValues")
            try:
                self.values[key], _ = normalize(value)
            except ExpressionError as error:
                raise ExpressionError(
                    f"ExpressionAttributeValues contains invalid value: {error.message} for key {key}"
                ) from None
        self._unused_values = set(self.values)
        self.touched: dict[str, set[str]] = {}

    def path(self, path: Path, label: str) -> Elements:
        """The path with its placeholders replaced; ``touched`` remembers its top-level name by label."""
        bound = tuple(self._element(element, path.checked, label) for element in path.elements)
        self.touched.setdefault(label, set()).add(str(bound[0]))
        return bound

    def value(self, key: str, label: str) -> Value:
        """The value of ``:v``."""
        value = self.values.get(key)
        if value is None:
            raise ExpressionError(
                f"Invalid {label}: An expression attribute value used in expression is not defined; "
                f"attribute value: {key}"
            )
        self._unused_values.discard(key)
        return value

    def check_used(self) -> None:
        """Refuse placeholders that no expression used."""
        for what, unused in (("Names", self._unused_names), ("Values", self._unused_values)):
            if unused:
                raise ExpressionError(
                    f"Value provided in ExpressionAttribute{what} unused in expressions: "
                    f"keys: {{{', '.join(sorted(unused))}}}"
                )

    def _element(self, element: str | int | NameRef, checked: bool, label: str) -> str | int:
        if isinstance(element, NameRef):
            name = self.names.get(element.text)
            if name is None:
                raise ExpressionError(
                    f"Invalid {label}: An expression attribute name used in the document path is not defined; "
                    f"attribute name: {element.text}"
                )
            self._unused_names.discard(element.text)
            return name
        if checked and isinstance(element, str) and element.lower() in RESERVED_WORDS:
            raise ExpressionError(f"Invalid {label}: Attribute name is a reserved keyword; reserved keyword: {element}")
        return element


def _need_expression(
    names: Mapping[str, str] | None, values: Mapping[str, Value] | None, expressions: Mapping[str, str | None]
) -> None:
    given = any(text is not None for text in expressions.values())
    if names is not None and not given:
        raise ExpressionError("ExpressionAttributeNames can only be specified when using expressions")
    if values is not None:
        takers = [name for name in expressions if name != "ProjectionExpression"]
        if all(expressions[name] is None for name in takers):
            verb = "is" if len(takers) == 1 else "are"
            raise ExpressionError(
                "ExpressionAttributeValues can only be specified when using expressions: "
                f"{' and '.join(takers)} {verb} null"
            )
    for what, placeholders in (("Names", names), ("Values", values)):
        if placeholders is not None and not placeholders:
            raise ExpressionError(f"ExpressionAttribute{what} must not be empty")


def _check_key(key: str, sigil: str, parameter: str) -> None:
    if not _PLACEHOLDER[sigil].fullmatch(key):
        raise ExpressionError(f'{parameter} contains invalid key: Syntax error; key: "{key}"')
