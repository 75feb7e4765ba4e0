"""Constraints of the service models (required, length, range, pattern, enum) in AWS's words.

Texts and their order are those of AWS's service framework, as recorded in the conformance cases (sfn-api,
eventbridge-api, sns-api): members in the model's order; of one member the pattern before the length.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from segue.errors import AwsError
from segue.wire import overlays
from segue.wire.java_text import enum_text, java_text, lower_first
from segue.wire.model import OperationModel, Ref, ServiceModel, Shape
from segue.wire.patterns import compile_pattern

#: a checker appends what it finds wrong to the list; it gets the value and the path of AWS's texts
Checker = Callable[[Any, str, list["Failure"]], None]
#: a rule says what constraint a single value breaks, or None
Rule = Callable[[Any], str | None]

_MAX_PATTERN_TEXT: Final = 65_536


@dataclass(frozen=True, slots=True)
class Failure:
    """One broken constraint: ``text`` is AWS's; ``member`` the top-level member's name if it is missing, else None."""

    text: str
    missing: str | None = None


@dataclass(frozen=True, slots=True)
class Style:
    """How a service reports failures: its code, and its own text for missing top-level members (of simple types)."""

    code: str
    missing_code: str | None = None
    missing_text: str = ""
    required_only: bool = False  # the service words every other constraint itself


_DEFAULT_STYLE: Final = Style("ValidationException")
_STYLES: Final[dict[str, Style]] = {
    "apigatewayv2": Style("BadRequestException"),
    "cloudformation": Style("ValidationError"),
    "iam": Style("ValidationError"),
    "logs": Style("InvalidParameterException"),
    "s3": Style(
        "MalformedXML",
        "MalformedXML",
        "The XML you provided was not well-formed or did not validate against our published schema",
        required_only=True,
    ),
    "ses": Style("ValidationError"),
    "sesv2": Style("BadRequestException"),
    "sns": Style(
        "ValidationError", "InvalidParameter", "Invalid parameter: {} Reason: no value for required parameter"
    ),
    "sqs": Style(
        "InvalidParameterValue", "MissingParameter", "The request must contain the parameter {}.", required_only=True
    ),
    "sts": Style("ValidationError"),
}
#: shapes whose values the service itself judges: retired runtimes still run here, and AWS words the others by itself
_LEFT_TO_SERVICE: Final = frozenset(
    {("lambda", "Runtime"), ("events", "ConnectionOAuthHttpMethod"), ("apigatewaymanagementapi", "Data")}
)


def validate(operation: OperationModel, params: dict[str, Any]) -> None:
    """Check an operation's input against its model.

    Raises:
        AwsError: ``ValidationException``, ``ValidationError``, ``InvalidParameter``, …: as the service answers.
    """
    checker = _input_checker(operation)
    if checker is None:
        return
    found: list[Failure] = []
    checker(params, "", found)
    if found:
        raise _error(operation.service, found)


def failures(operation: OperationModel, params: dict[str, Any]) -> list[str]:
    """AWS's texts of all constraints that the input breaks, in AWS's order."""
    checker, found = _input_checker(operation), list[Failure]()
    if checker is not None:
        checker(params, "", found)
    return [failure.text for failure in found]


def _error(service: ServiceModel, found: list[Failure]) -> AwsError:
    style = _STYLES.get(service.name, _DEFAULT_STYLE)
    if style.missing_code:
        missing = next((failure.missing for failure in found if failure.missing), None)
        if missing:
            return AwsError(style.missing_code, style.missing_text.format(missing))
    plural = "s" if len(found) != 1 else ""
    texts = "; ".join(failure.text for failure in found)
    return AwsError(style.code, f"{len(found)} validation error{plural} detected: {texts}")


@cache
def _input_checker(operation: OperationModel) -> Checker | None:
    return _Compiler(operation.service).structure(operation.input) if operation.input is not None else None


def _quoted(value: str) -> str:
    return f"'{value}'"


class _Compiler:
    def __init__(self, service: ServiceModel) -> None:
        self.service = service
        self.required_only = _STYLES.get(service.name, _DEFAULT_STYLE).required_only
        self._structures: dict[str, Checker | None] = {}
        self._constrained: dict[str, bool] = {}

    def checker(self, ref: Ref) -> Checker | None:
        """Of one use of a shape; None if nothing below it can break a constraint."""
        shape = self.service.shape(ref.shape_name)
        if shape.is_event_stream or shape.is_document or not self.constrained(shape):
            return None
        if shape.type == "structure":
            return self.structure(shape)
        own = self._own_checker(shape)
        below = self._list(shape) if shape.type == "list" else self._map(shape) if shape.type == "map" else None
        if own is None or below is None:
            return own or below
        first, second = own, below

        def check(value: Any, path: str, found: list[Failure]) -> None:
            first(value, path, found)
            second(value, path, found)

        return check

    def constrained(self, shape: Shape, seen: frozenset[str] = frozenset()) -> bool:
        """Whether the shape, or any shape below it, has constraints."""
        if shape.name in seen:
            return False
        if shape.name not in self._constrained:
            refs = [*shape.members.values(), *(ref for ref in (shape.element, shape.key, shape.value) if ref)]
            inner = seen | {shape.name}
            below = (self.constrained(self.service.shape(ref.shape_name), inner) for ref in refs)
            answer = bool(shape.required or self.rules(shape) or any(below))
            if not answer and seen:
                return False  # within a cycle a "no" may be early: only a "yes" and a whole answer are kept
            self._constrained[shape.name] = answer
        return self._constrained[shape.name]

    def structure(self, shape: Shape) -> Checker:
        known = self._structures.get(shape.name)
        if known is not None:
            return known
        members: list[tuple[str, str, bool, bool, Checker | None]] = []

        def check(value: Any, path: str, found: list[Failure]) -> None:
            get = value.get
            for name, label, required, simple, checker in members:
                item = get(name)
                if item is None:
                    if required:
                        where = f"{path}.{label}" if path else label
                        text = f"Value null at '{where}' failed to satisfy constraint: Member must not be null"
                        found.append(Failure(text, name if simple and not path else None))
                elif checker is not None:
                    checker(item, f"{path}.{label}" if path else label, found)

        self._structures[shape.name] = check
        for name, ref in shape.members.items():
            checker, required = self.checker(ref), name in shape.required
            if checker is not None or required:
                simple = self.required_only or self.service.shape(ref.shape_name).type not in ("list", "map")
                members.append((name, lower_first(name), required, simple, checker))
        return check

    def _own_checker(self, shape: Shape) -> Checker | None:
        """Of the shape's own constraints: one text a broken one."""
        rules, service = self.rules(shape), self.service
        if not rules:
            return None
        sensitive = bool(shape.traits.get("sensitive"))

        def check(value: Any, path: str, found: list[Failure]) -> None:
            for rule in rules:
                broken = rule(value)
                if broken is not None:
                    shown = "" if sensitive else f" {_quoted(java_text(service, shape, value))}"
                    found.append(Failure(f"Value{shown} at '{path}' failed to satisfy constraint: {broken}"))

        return check

    def _list(self, shape: Shape) -> Checker | None:
        if shape.element is None:
            return None
        element = self.service.shape(shape.element.shape_name)
        if element.type not in ("structure", "list", "map"):
            return self._scalars(shape, element, "Member must satisfy constraint", lambda value: value)
        checker = self.checker(shape.element)
        if checker is None:
            return None
        each = checker

        def check(value: Any, path: str, found: list[Failure]) -> None:
            for index, item in enumerate(value, 1):
                if item is not None:
                    each(item, f"{path}.{index}.member", found)

        return check

    def _map(self, shape: Shape) -> Checker | None:
        if shape.key is None or shape.value is None:
            return None
        key, element = self.service.shape(shape.key.shape_name), self.service.shape(shape.value.shape_name)
        keys = self._scalars(shape, key, "Map keys must satisfy constraint", lambda value: value.keys())
        if element.type not in ("structure", "list", "map"):
            values = self._scalars(shape, element, "Map value must satisfy constraint", lambda value: value.values())
        else:
            values = self._map_values(self.checker(shape.value))
        if keys is None or values is None:
            return keys or values
        first, second = keys, values

        def check(value: Any, path: str, found: list[Failure]) -> None:
            first(value, path, found)
            second(value, path, found)

        return check

    def _map_values(self, each: Checker | None) -> Checker | None:
        if each is None:
            return None
        checker = each

        def check(value: Any, path: str, found: list[Failure]) -> None:
            for key, item in value.items():
                if item is not None:
                    checker(item, f"{path}.{key}.member", found)

        return check

    def _scalars(self, shape: Shape, element: Shape, words: str, items: Callable[[Any], Any]) -> Checker | None:
        """Of simple values in a list or map: AWS shows the whole collection and all constraints of its elements."""
        rules, service = self.rules(element), self.service
        if not rules:
            return None
        listed = ", ".join(self.constraint_texts(element))

        def check(value: Any, path: str, found: list[Failure]) -> None:
            if any(rule(item) is not None for item in items(value) if item is not None for rule in rules):
                shown = _quoted(java_text(service, shape, value))
                found.append(Failure(f"Value {shown} at '{path}' failed to satisfy constraint: {words}: [{listed}]"))

        return check

    def rules(self, shape: Shape) -> list[Rule]:
        """The shape's own constraints in the order in which AWS reports them."""
        if self.required_only or (self.service.name, shape.name) in _LEFT_TO_SERVICE:
            return []
        traits, rules = shape.traits, list[Rule]()
        if "pattern" in traits:
            wider = overlays.WIDER_PATTERNS.get((self.service.name, shape.name), "")
            rules.extend(_pattern_rule(traits["pattern"], wider))
        size: Callable[[Any], Any] = len
        if shape.type in ("integer", "long", "float", "double"):
            size = _same
        if shape.type not in ("boolean", "timestamp", "structure"):
            words = "value" if size is _same else "length"
            rules.extend(_bound_rules(traits, size, words))
        if "enum" in traits:
            rules.append(_enum_rule(tuple(traits["enum"])))
        return rules

    def constraint_texts(self, shape: Shape) -> list[str]:
        """All constraints of a collection's elements: AWS lists them longest bound first, the pattern at the end."""
        traits, texts = shape.traits, []
        words = "value" if shape.type in ("integer", "long", "float", "double") else "length"
        if "max" in traits:
            texts.append(f"Member must have {words} less than or equal to {traits['max']}")
        if "min" in traits:
            texts.append(f"Member must have {words} greater than or equal to {traits['min']}")
        if "pattern" in traits:
            texts.append(f"Member must satisfy regular expression pattern: {traits['pattern']}")
        if "enum" in traits:
            texts.append(f"Member must satisfy enum value set: {enum_text(traits['enum'])}")
        return texts


def _same(value: Any) -> Any:
    return value


def _pattern_rule(pattern: str, wider: str = "") -> list[Rule]:
    compiled = compile_pattern(f"(?:{pattern})|{wider}" if wider else pattern)
    if compiled is None:
        return []
    matches = compiled.fullmatch
    broken = f"Member must satisfy regular expression pattern: {pattern}"
    return [lambda value: None if len(value) > _MAX_PATTERN_TEXT or matches(value) else broken]


def _bound_rules(traits: Any, size: Callable[[Any], Any], words: str) -> list[Rule]:
    rules: list[Rule] = []
    if "max" in traits:
        most, too_much = traits["max"], f"Member must have {words} less than or equal to {traits['max']}"
        rules.append(lambda value: too_much if size(value) > most else None)
    if "min" in traits:
        least, too_little = traits["min"], f"Member must have {words} greater than or equal to {traits['min']}"
        rules.append(lambda value: too_little if size(value) < least else None)
    return rules


def _enum_rule(values: tuple[str, ...]) -> Rule:
    known, broken = frozenset(values), f"Member must satisfy enum value set: {enum_text(values)}"
    return lambda value: None if value in known else broken
