"""Filter patterns: terms, JSON properties, fields between spaces. Pure: text to a function of a message.

Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
"""

from __future__ import annotations

import fnmatch
import json
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from segue.errors import AwsError
from segue.languages.regexes import InvalidRegex, Regex

Matcher = Callable[[str], bool]

_TERM = re.compile(r'\s*([?-]?)(?:"((?:[^"\\]|\\.)*)"|%([^%]*)%|([^\s"]+))')


@lru_cache(maxsize=512)
def compile_pattern(pattern: str) -> Matcher:
    """The pattern as a function of a message; an empty one matches everything.

    Raises:
        AwsError: ``InvalidParameterException``: it is none.
    """
    text = pattern.strip()
    if not text:
        return lambda message: True
    if text.startswith("{"):
        return _json_matcher(text)
    if text.startswith("["):
        return _fields_matcher(text)
    return _terms_matcher(text)


def _invalid() -> AwsError:
    return AwsError("InvalidParameterException", "Invalid filter pattern")


# terms


def _terms_matcher(text: str) -> Matcher:
    """All plain terms and none of the excluded ones; where there are only optional ones, one of them."""
    groups: dict[str, list[Matcher]] = {"": [], "-": [], "?": []}
    at = 0
    while at < len(text.rstrip()):
        match = _TERM.match(text, at)
        if match is None:
            raise _invalid()
        sign, quoted, expression, word = match.groups()
        if expression is not None:
            groups[sign].append(_searching(expression))
        else:
            groups[sign].append(_containing(_unescaped(quoted) if quoted is not None else word))
        at = match.end()
    required, excluded, optional = groups[""], groups["-"], groups["?"] if not groups[""] else []
    return lambda message: (
        all(each(message) for each in required)
        and not any(each(message) for each in excluded)
        and (not optional or any(each(message) for each in optional))
    )


def _containing(term: str) -> Matcher:
    return lambda message: term in message


def _searching(expression: str) -> Matcher:
    return _regex(expression).is_in


def _regex(expression: str) -> Regex:
    try:
        return Regex(expression)
    except InvalidRegex:
        raise _invalid() from None


def _unescaped(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text)


# comparisons, which JSON patterns and fields share

_OPERATOR = r"!=|<=|>=|=|<|>"
_COMPARE: dict[str, Callable[[float, float], bool]] = {
    "=": lambda left, right: left == right,
    "!=": lambda left, right: left != right,
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
    ">": lambda left, right: left > right,
    ">=": lambda left, right: left >= right,
}


def _comparison(operator: str, wanted: str) -> Callable[[Any], bool]:
    """A test of a value: numbers by value, texts with ``*`` as wildcard, ``%…%`` as expression."""
    if wanted.startswith("%") and wanted.endswith("%") and len(wanted) > 1:
        found = _regex(wanted[1:-1])
        return lambda value: isinstance(value, str) and found.is_in(value) == (operator == "=")
    number = None if wanted.startswith('"') else _number(wanted)
    if number is not None:
        compare, bound = _COMPARE[operator], number

        def numeric(value: Any) -> bool:
            given = _number(value)
            return operator == "!=" if given is None else compare(given, bound)

        return numeric
    if operator not in ("=", "!="):
        raise _invalid()
    text = _unescaped(wanted[1:-1]) if wanted.startswith('"') else wanted
    same = re.compile(fnmatch.translate(re.sub(r"([\[?])", r"[\1]", text)))
    return lambda value: (isinstance(value, str) and same.match(value) is not None) == (operator == "=")


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or value is None:
        return None
    try:
        return float(value)
    except (TypeError, ValueError):
        return None


# JSON

_JSON_TOKEN = re.compile(
    rf"""\s*(?:(?P<path>\$(?:\.[\w@:\-]+|\.\*|\[(?:\d+|\*|"[^"]*"|'[^']*')\])*)
    |(?P<logic>&&|\|\||[(){{}}])|(?P<operator>{_OPERATOR})
    |(?P<word>"(?:[^"\\]|\\.)*"|%[^%]*%|[^\s(){{}}&|=<>!"]+))""",
    re.VERBOSE,
)
_STEP = re.compile(r"""\.([\w@:\-]+|\*)|\[(\d+|\*)\]|\[["']([^"']*)["']\]""")
Test = Callable[[Any], bool]


def _json_matcher(text: str) -> Matcher:
    parser = _JsonParser(text)
    test = parser.pattern()

    def matches(message: str) -> bool:
        if not message.lstrip().startswith(("{", "[")):
            return False
        try:
            document = json.loads(message)
        except (ValueError, RecursionError):
            return False
        return test(document)

    return matches


class _JsonParser:
    """``{ condition && (condition || condition) }``."""

    def __init__(self, text: str) -> None:
        self.tokens: list[tuple[str, str]] = []
        at = 0
        while text[at:].strip():
            match = _JSON_TOKEN.match(text, at)
            if match is None:
                raise _invalid()
            kind = str(match.lastgroup)
            self.tokens.append((kind, match.group(kind)))
            at = match.end()
        self.tokens.append(("end", ""))
        self.at = 0
        self.depth = 0

    def pattern(self) -> Test:
        self.expect("{")
        test = self.either()
        self.expect("}")
        if self.tokens[self.at][0] != "end":
            raise _invalid()
        return test

    def take(self, text: str) -> bool:
        if self.tokens[self.at][1].upper() == text:
            self.at += 1
            return True
        return False

    def expect(self, text: str) -> None:
        if not self.take(text):
            raise _invalid()

    def either(self) -> Test:
        tests = [self.both()]
        while self.take("||"):
            tests.append(self.both())
        return tests[0] if len(tests) == 1 else lambda document: any(test(document) for test in tests)

    def both(self) -> Test:
        tests = [self.condition()]
        while self.take("&&"):
            tests.append(self.condition())
        return tests[0] if len(tests) == 1 else lambda document: all(test(document) for test in tests)

    def condition(self) -> Test:
        if self.take("("):
            self.depth += 1
            if self.depth > 50:
                raise _invalid()
            test = self.either()
            self.expect(")")
            self.depth -= 1
            return test
        kind, text = self.tokens[self.at]
        if kind != "path":
            raise _invalid()
        self.at += 1
        steps = _steps(text)
        if self.take("IS"):
            return self.constant(steps)
        if self.take("NOT"):
            self.expect("EXISTS")
            return lambda document: not _values(document, steps)
        if self.take("EXISTS"):
            return lambda document: bool(_values(document, steps))
        operator, wanted = self.tokens[self.at], self.tokens[min(self.at + 1, len(self.tokens) - 1)]
        if operator[0] != "operator" or wanted[0] != "word":
            raise _invalid()
        self.at += 2
        holds = _comparison(operator[1], wanted[1])
        return lambda document: any(holds(value) for value in _values(document, steps))

    def constant(self, steps: list[str | int]) -> Test:
        word = self.tokens[self.at][1].upper()
        if word not in ("TRUE", "FALSE", "NULL"):
            raise _invalid()
        self.at += 1
        wanted = {"TRUE": True, "FALSE": False, "NULL": None}[word]
        return lambda document: any(value is wanted for value in _values(document, steps))


def _steps(path: str) -> list[str | int]:
    steps: list[str | int] = []
    for match in _STEP.finditer(path, 1):
        name, index, quoted = match.groups()
        if index is not None and index != "*":
            steps.append(int(index))
        else:
            steps.append(quoted if quoted is not None else name or "*")
    return steps


def _values(document: Any, steps: list[str | int]) -> list[Any]:
    found = [document]
    for step in steps:
        following: list[Any] = []
        for value in found:
            if step == "*":
                following += value if isinstance(value, list) else value.values() if isinstance(value, dict) else ()
            elif isinstance(step, int):
                following += value[step : step + 1] if isinstance(value, list) else ()
            elif isinstance(value, dict) and step in value:
                following.append(value[step])
        found = following
    return found


# fields between spaces

_FIELD = re.compile(r'\[([^\]]*)\]|"((?:[^"\\]|\\.)*)"|(\S+)')
_CONDITION = re.compile(rf"""\s*[\w.]+\s*({_OPERATOR})\s*("(?:[^"\\]|\\.)*"|%[^%]*%|[^\s&|()]+)\s*""")
_NAME = re.compile(r"\s*[\w.]*\s*")
_FIELD_NAME = re.compile(r"\s*([\w.]*).*", re.DOTALL)


def _fields_matcher(text: str) -> Matcher:
    if not text.endswith("]"):
        raise _invalid()
    parts = _split(text[1:-1], ",")
    dots = [at for at, part in enumerate(parts) if part.strip() == "..."]
    if len(dots) > 1:
        raise _invalid()
    tests = [None if part.strip() == "..." else _field_test(part) for part in parts]

    def matches(message: str) -> bool:
        fields = [next(group for group in match.groups() if group is not None) for match in _FIELD.finditer(message)]
        if not dots:
            head, tail = tests, []
            if len(fields) != len(head):
                return False
        else:
            head, tail = tests[: dots[0]], tests[dots[0] + 1 :]
            if len(fields) < len(head) + len(tail):
                return False
        pairs = [*zip(head, fields, strict=False), *zip(reversed(tail), reversed(fields), strict=False)]
        return all(test(field) for test, field in pairs if test is not None)

    return matches


def _field_test(part: str) -> Test:
    if _NAME.fullmatch(part):
        return lambda value: True
    choices = []
    for choice in _split(part, "||"):
        conditions = []
        for condition in _split(choice, "&&"):
            match = _CONDITION.fullmatch(condition)
            if match is None:
                raise _invalid()
            conditions.append(_comparison(match[1], match[2]))
        choices.append(conditions)
    return lambda value: any(all(test(value) for test in conditions) for conditions in choices)


@lru_cache(maxsize=512)
def compile_extractor(pattern: str, field: str) -> Callable[[str], Any]:
    """What a field of a pattern (``$.path`` of JSON, ``$name`` between spaces) is in a message; ``None``: nothing.

    Raises:
        AwsError: ``InvalidParameterException``: the pattern has no such field.
    """
    text = pattern.strip()
    if text.startswith("["):
        parts = _split(text[1:-1], ",")
        names = [_FIELD_NAME.sub(r"\1", part) for part in parts]
        if field[1:] not in names:
            raise _invalid()
        place = names.index(field[1:])
        from_end = place - len(names) if "..." in (part.strip() for part in parts[:place]) else place

        def extract(message: str) -> Any:
            found = [next(group for group in match.groups() if group is not None) for match in _FIELD.finditer(message)]
            return found[from_end] if -len(found) <= from_end < len(found) else None

        return extract
    if not field.startswith("$."):
        raise _invalid()
    steps = _steps(field)

    def extract_json(message: str) -> Any:
        try:
            found = _values(json.loads(message), steps)
        except (ValueError, RecursionError):
            return None
        return found[0] if found else None

    return extract_json


def _split(text: str, separator: str) -> list[str]:
    """Split outside of quotes."""
    parts, quoted, start, at = [], False, 0, 0
    while at < len(text):
        if text[at] == '"' and (at == 0 or text[at - 1] != "\\"):
            quoted = not quoted
        if not quoted and text.startswith(separator, at):
            parts.append(text[start:at])
            at += len(separator)
            start = at
            continue
        at += 1
    return [*parts, text[start:]]
