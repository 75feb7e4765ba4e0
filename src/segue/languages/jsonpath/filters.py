"""Filter predicates: ``[?(@.price < 10 && @.kind in ['a','b'])]``, after Jayway's operators."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any, Final

from segue.languages.jsonpath.read import compile_read_all
from segue.languages.jsonpath.scanner import Scanner
from segue.languages.jsonpath.segments import Segment, is_definite
from segue.languages.regexes import InvalidRegex, Regex

Predicate = Callable[[Any, Any], bool]
Operand = Callable[[Any, Any], Any]
ParseSegments = Callable[[Scanner], tuple[Segment, ...]]

MISSING: Final = object()
"""What a path in a filter gives when it finds nothing."""

_SYMBOL = re.compile(r"===|!==|==|!=|<=|>=|=~|<|>")
_WORD = re.compile(r"(?:in|nin|contains|anyof|noneof|subsetof|size|empty|type)\b", re.IGNORECASE)
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?")
_LITERAL = re.compile(r"(?:true|false|null)\b")
_LITERALS: dict[str, bool | None] = {"true": True, "false": False, "null": None}
_PATTERN = re.compile(r"/((?:\\.|[^/\\])*)/([a-zA-Z]*)")


def parse_filter(scanner: Scanner, parse_segments: ParseSegments) -> Predicate:
    """Parse from behind ``?`` through the closing parenthesis."""
    scanner.skip_spaces()
    scanner.expect("(")
    scanner.in_filter += 1
    predicate = _either(scanner, parse_segments)
    scanner.in_filter -= 1
    scanner.skip_spaces()
    scanner.expect(")")
    return predicate


def _either(scanner: Scanner, parse_segments: ParseSegments) -> Predicate:
    parts = [_both(scanner, parse_segments)]
    while _skip_and_take(scanner, "||"):
        parts.append(_both(scanner, parse_segments))
    if len(parts) == 1:
        return parts[0]
    return lambda candidate, root: any(part(candidate, root) for part in parts)


def _both(scanner: Scanner, parse_segments: ParseSegments) -> Predicate:
    parts = [_single(scanner, parse_segments)]
    while _skip_and_take(scanner, "&&"):
        parts.append(_single(scanner, parse_segments))
    if len(parts) == 1:
        return parts[0]
    return lambda candidate, root: all(part(candidate, root) for part in parts)


def _skip_and_take(scanner: Scanner, wanted: str) -> bool:
    scanner.skip_spaces()
    return scanner.take(wanted)


def _single(scanner: Scanner, parse_segments: ParseSegments) -> Predicate:
    if _skip_and_take(scanner, "!"):
        inner = _single(scanner, parse_segments)
        return lambda candidate, root: not inner(candidate, root)
    if scanner.take("("):
        inner = _either(scanner, parse_segments)
        scanner.skip_spaces()
        scanner.expect(")")
        return inner
    return _comparison(scanner, parse_segments)


def _comparison(scanner: Scanner, parse_segments: ParseSegments) -> Predicate:
    left = _operand(scanner, parse_segments)
    scanner.skip_spaces()
    symbol = scanner.take_match(_SYMBOL) or scanner.take_match(_WORD)
    if symbol is None:
        return lambda candidate, root: left(candidate, root) is not MISSING
    scanner.skip_spaces()
    if symbol == "=~":
        return _regular_expression(scanner, left)
    right = _operand(scanner, parse_segments)
    compare = _OPERATORS[symbol.lower()]
    return lambda candidate, root: compare(left(candidate, root), right(candidate, root))


def _regular_expression(scanner: Scanner, left: Operand) -> Predicate:
    written = scanner.take_match(_PATTERN)
    if written is None:
        raise scanner.error("a pattern between slashes expected")
    body, _, flags = written[1:].rpartition("/")
    try:
        pattern = Regex(body.replace("\\/", "/"), ignore_case="i" in flags)
    except InvalidRegex as error:
        raise scanner.error(f"the pattern is wrong ({error})") from None

    def matches(candidate: Any, root: Any) -> bool:
        value = left(candidate, root)
        return isinstance(value, str) and pattern.is_whole(value)

    return matches


def _operand(scanner: Scanner, parse_segments: ParseSegments) -> Operand:
    scanner.skip_spaces()
    character = scanner.peek()
    if character in ("@", "$"):
        return _path_operand(scanner, parse_segments)
    value = _literal(scanner)
    return lambda candidate, root: value


def _path_operand(scanner: Scanner, parse_segments: ParseSegments) -> Operand:
    from_root = scanner.take("$")
    if not from_root:
        scanner.expect("@")
    segments = parse_segments(scanner)
    read_all = compile_read_all(segments)
    definite = is_definite(segments)

    def operand(candidate: Any, root: Any) -> Any:
        found = read_all(root if from_root else candidate, root)
        if definite:
            return found[0] if found else MISSING
        return found

    return operand


def _literal(scanner: Scanner) -> Any:
    character = scanner.peek()
    if character in ("'", '"'):
        return scanner.take_quoted()
    number = scanner.take_match(_NUMBER)
    if number is not None:
        return _number(scanner, number)
    word = scanner.take_match(_LITERAL)
    if word is not None:
        return _LITERALS[word]
    if scanner.take("["):
        return _literal_list(scanner)
    raise scanner.error("a path, a string, a number, true, false, null or a list expected")


def _number(scanner: Scanner, text: str) -> int | float:
    try:
        number: int | float = json.loads(text)
    except ValueError:  # 007, or more digits than a number may have
        raise scanner.error(f"{text[:40]} is no number") from None
    return number


def _literal_list(scanner: Scanner) -> list[Any]:
    items: list[Any] = []
    scanner.skip_spaces()
    while not scanner.take("]"):
        if items:
            scanner.expect(",")
            scanner.skip_spaces()
        items.append(_literal(scanner))
        scanner.skip_spaces()
    return items


def _same(left: Any, right: Any) -> bool:
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    return left is not MISSING and right is not MISSING and bool(left == right)


def _ordered(test: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    def compare(left: Any, right: Any) -> bool:
        if isinstance(left, bool) or isinstance(right, bool):
            return False
        numbers = isinstance(left, (int, float)) and isinstance(right, (int, float))
        return (numbers or (isinstance(left, str) and isinstance(right, str))) and test(left, right)

    return compare


def _within(value: Any, items: Any) -> bool:
    return isinstance(items, list) and any(_same(value, item) for item in items)


def _contains(left: Any, right: Any) -> bool:
    if isinstance(left, str):
        return isinstance(right, str) and right in left
    return _within(right, left)


def _type_name(value: Any) -> str:
    if value is None:
        return "null"
    for kind, name in ((bool, "boolean"), ((int, float), "number"), (str, "string"), (list, "array"), (dict, "object")):
        if isinstance(value, kind):
            return name
    return "undefined"


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "==": _same,
    "===": _same,
    "!=": lambda left, right: not _same(left, right),
    "!==": lambda left, right: not _same(left, right),
    "<": _ordered(lambda left, right: left < right),
    "<=": _ordered(lambda left, right: left <= right),
    ">": _ordered(lambda left, right: left > right),
    ">=": _ordered(lambda left, right: left >= right),
    "in": _within,
    "nin": lambda left, right: left is not MISSING and not _within(left, right),
    "contains": _contains,
    "anyof": lambda left, right: any(_within(item, right) for item in _list(left)),
    "noneof": lambda left, right: isinstance(left, list) and not any(_within(item, right) for item in left),
    "subsetof": lambda left, right: isinstance(left, list) and all(_within(item, right) for item in left),
    "size": lambda left, right: isinstance(left, (list, str)) and len(left) == right,
    "empty": lambda left, right: isinstance(left, (list, str)) and (len(left) == 0) is right,
    "type": lambda left, right: _type_name(left) == right,
}
