"""Path text to segments. The grammar is Jayway's, as Step Functions uses it."""

from __future__ import annotations

from segue.languages.jsonpath.filters import parse_filter
from segue.languages.jsonpath.functions import FUNCTIONS
from segue.languages.jsonpath.scanner import Scanner
from segue.languages.jsonpath.segments import (
    Descent,
    Filter,
    Function,
    Indices,
    InvalidPath,
    Names,
    Segment,
    Slice,
    Wildcard,
)

_NAME_ENDS = frozenset(".[( ")


def parse_path(text: str) -> tuple[Segment, ...]:
    """Parse a whole path, which begins with ``$``.

    Raises:
        InvalidPath: with the reason and the position.
    """
    scanner = Scanner(text)
    if not scanner.take("$"):
        raise InvalidPath(text, "a path begins with '$'")
    try:
        segments = parse_segments(scanner)
    except RecursionError:
        raise InvalidPath(text, "filters are nested too deeply") from None
    if not scanner.ended:
        raise scanner.error(f"unexpected {scanner.peek()!r}")
    return segments


def parse_segments(scanner: Scanner) -> tuple[Segment, ...]:
    """Parse segments as long as they come; the scanner stands behind ``$`` or ``@``."""
    segments: list[Segment] = []
    while True:
        if scanner.take(".."):
            target = _bracket(scanner) if scanner.peek() == "[" else _dotted(scanner)
            if isinstance(target, Function):
                raise scanner.error("a function cannot follow '..'")
            segments.append(Descent(target))
        elif scanner.take("."):
            # Jayway takes a bracket behind a single dot too: $.a.['b']
            segments.append(_bracket(scanner) if scanner.peek() == "[" else _dotted(scanner))
        elif scanner.peek() == "[":
            segments.append(_bracket(scanner))
        else:
            return tuple(segments)
        if len(segments) > 1 and isinstance(segments[-2], Function):
            raise scanner.error("nothing can follow a function")


def _dotted(scanner: Scanner) -> Names | Wildcard | Function:
    if scanner.take("*"):
        return Wildcard()
    name = scanner.take_until(_NAME_ENDS if not scanner.in_filter else _NAME_ENDS | frozenset(")=!<>&|,]~"))
    if not name:
        raise scanner.error("a field name is missing after '.'")
    if scanner.peek() == "(":
        return _function(scanner, name)
    return Names((name,))


def _function(scanner: Scanner, name: str) -> Function:
    scanner.expect("(")
    scanner.skip_spaces()
    scanner.expect(")")
    if name not in FUNCTIONS:
        raise scanner.error(f"unknown function {name!r}")
    return Function(name)


def _bracket(scanner: Scanner) -> Names | Indices | Slice | Wildcard | Filter:
    scanner.expect("[")
    scanner.skip_spaces()
    character = scanner.peek()
    segment: Names | Indices | Slice | Wildcard | Filter
    if character == "*":
        scanner.take("*")
        segment = Wildcard()
    elif character == "?":
        scanner.take("?")
        segment = Filter(parse_filter(scanner, parse_segments))
    elif character in ("'", '"'):
        segment = _names(scanner)
    else:
        segment = _numbers(scanner)
    scanner.skip_spaces()
    scanner.expect("]")
    return segment


def _names(scanner: Scanner) -> Names:
    names = [scanner.take_quoted()]
    scanner.skip_spaces()
    while scanner.take(","):
        scanner.skip_spaces()
        names.append(scanner.take_quoted())
        scanner.skip_spaces()
    return Names(tuple(names))


def _numbers(scanner: Scanner) -> Indices | Slice:
    start = scanner.take_integer()
    scanner.skip_spaces()
    if scanner.take(":"):
        scanner.skip_spaces()
        end = scanner.take_integer()
        if start is None and end is None and scanner.peek() != "]":
            raise scanner.error("a slice needs numbers")
        return Slice(start, end)
    if start is None:
        raise scanner.error("an index, a name in quotes, '*' or '?' is missing after '['")
    indices = [start]
    while scanner.take(","):
        scanner.skip_spaces()
        index = scanner.take_integer()
        if index is None:
            raise scanner.error("an index is missing after ','")
        indices.append(index)
        scanner.skip_spaces()
    return Indices(tuple(indices))
