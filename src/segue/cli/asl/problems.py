"""Everything that there is to say about a definition's file, each with its place in the text."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from segue.cli.asl.json_source import read_json
from segue.cli.asl.source import Source, SourceProblem, line_and_column
from segue.cli.asl.yaml_source import read_yaml
from segue.languages.asl.diagnostics import TOO_DEEPLY_NESTED, Diagnostic
from segue.languages.asl.json_text import nesting
from segue.languages.asl.validate import MAX_DEPTH, validate, validate_state
from segue.languages.asl.validate_fields import FIELDS_OF_TYPE
from segue.languages.asl_hints import hints

_QUOTED = re.compile(r"'([^']+)'")
_MISSING_TARGET = re.compile(r"Missing 'Next' target: (.*)", re.DOTALL)
_UNSUPPORTED = re.compile(r"Field '([^']*)' is not supported")
_ONE_OF = re.compile(r"should have one of these values: \[(.*)\]")
_SUBSTITUTION = re.compile(r"\$\{([^}]*)\}")
_OPEN_RESOURCE = re.compile(r'("Resource"\s*:\s*)"\$\{([^}"]*)\}"')
_PLACEHOLDER_ARN = "arn:aws:lambda:us-east-1:000000000000:function:{}"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing to say.

    Attributes:
        file: the file's name.
        line, column: where it begins, from 1.
        length: how many characters it is about, on that line.
        severity: ``error``, ``warning`` or ``hint``.
        code, message, location: as in AWS's diagnostics.
        help: what to do about it; may be empty.
    """

    file: str
    line: int
    column: int
    length: int
    severity: str
    code: str
    message: str
    location: str | None = None
    help: str = ""

    def as_json(self) -> dict[str, Any]:
        """As plain data."""
        return {name: value for name, value in asdict(self).items() if value not in (None, "")}


@dataclass(frozen=True, slots=True)
class Reading:
    """How a file is to be read.

    Attributes:
        kind: ``STANDARD`` or ``EXPRESS``.
        is_state: the file holds one state, not a state machine.
        substitutions: values of ``${Name}``.
        with_hints: look for traps, too.
    """

    kind: str = "STANDARD"
    is_state: bool = False
    substitutions: Mapping[str, str] | None = None
    with_hints: bool = True


def read_source(text: str, file: str) -> Source:
    """Read a file in the language that its name, else its text says.

    Raises:
        SourceProblem: it cannot be read.
    """
    is_json = file.endswith(".json") or (not file.endswith((".yaml", ".yml")) and text.lstrip()[:1] in ("{", "[", ""))
    if (is_json or "[" in text or "{" in text) and nesting(text) > MAX_DEPTH:
        raise SourceProblem(TOO_DEEPLY_NESTED, f"The definition is nested deeper than {MAX_DEPTH} levels", 0)
    return read_json(text) if is_json else read_yaml(text)


def problems(text: str, file: str, reading: Reading) -> list[Problem]:
    """Everything to say about a file, in the order of its lines; errors of syntax stand alone."""
    try:
        source = read_source(text, file)
    except SourceProblem as problem:
        line, column = line_and_column(text, problem.offset)
        return [Problem(file, line, column, 1, "error", problem.code, problem.message, None, problem.help)]
    found = list(_noted(source, file))
    text = definition_text(source, reading.substitutions or {})
    if reading.is_state:
        diagnostics = validate_state(text, kind=reading.kind)
    else:
        diagnostics = validate(text, kind=reading.kind, warnings=True)
    found += [_located(source, file, one, reading.is_state) for one in diagnostics]
    if reading.with_hints and not reading.is_state and not any(one.severity == "error" for one in found):
        found += [_located(source, file, one, False) for one in hints(json.loads(text), kind=reading.kind)]
    return sorted(found, key=lambda problem: (problem.line, problem.column))


def _noted(source: Source, file: str) -> Iterator[Problem]:
    for note in source.notes:
        line, column = line_and_column(source.text, note.offset)
        severity = "error" if note.is_error else "hint"
        yield Problem(file, line, column, note.length, severity, note.code, note.message, None, note.help)


def filled_text(source: Source, substitutions: Mapping[str, str]) -> str:
    """The definition as JSON, with its ``${Name}`` filled in as far as they are given."""

    def fill(found: re.Match[str]) -> str:
        value = substitutions.get(found.group(1))
        return found.group() if value is None else json.dumps(value)[1:-1]

    return _SUBSTITUTION.sub(fill, source.json_text())


def definition_text(source: Source, substitutions: Mapping[str, str]) -> str:
    """The same; what stays open in a Resource counts as a function."""

    def stand_in(found: re.Match[str]) -> str:
        name = re.sub(r"[^A-Za-z0-9]", "-", found.group(2))
        return f'{found.group(1)}"{_PLACEHOLDER_ARN.format(name)}"'

    return _OPEN_RESOURCE.sub(stand_in, filled_text(source, substitutions))


def _located(source: Source, file: str, found: Diagnostic, is_state: bool) -> Problem:
    location = found.location or ""
    place = "" if location == "/" or location.startswith("[Source") else location
    if is_state:
        place = re.sub(r"^/States/[^/]*", "", place)
    start, end = source.span(place)
    for name in _QUOTED.findall(found.message):
        if source.has(f"{place}/{name}"):
            start, end = source.key_span(f"{place}/{name}")
            break
    line, column = line_and_column(source.text, start)
    newline = source.text.find("\n", start, end)
    length = max(1, (end if newline < 0 else newline) - start)
    message = found.message.split("\n at [Source")[0]
    help = _help(source, place, message)
    return Problem(file, line, column, length, found.severity.lower(), found.code, message, found.location, help)


def _help(source: Source, place: str, message: str) -> str:
    """What was perhaps meant."""
    target = _MISSING_TARGET.fullmatch(message)
    if target:
        container = place[: place.rfind("/States/")] if "/States/" in place else ""
        return _nearest(target.group(1), _names(source, f"{container}/States"))
    field = _UNSUPPORTED.fullmatch(message)
    if field:
        known = {name for fields in FIELDS_OF_TYPE.values() for name in fields} | {"StartAt", "States", "Condition"}
        return _nearest(field.group(1), known - {field.group(1)})
    values = _ONE_OF.search(message)
    if values and source.has(place):
        start, end = source.span(place)
        return _nearest(source.text[start:end].strip("\"'"), values.group(1).split(", "))
    return ""


def _names(source: Source, place: str) -> list[str]:
    value: Any = source.plain()
    for step in re.findall(r"/([^/\[]+)|\[(\d+)\]", place):
        try:
            value = value[step[0]] if step[0] else value[int(step[1])]
        except (KeyError, IndexError, TypeError):
            return []
    return list(value) if isinstance(value, dict) else []


def _nearest(word: str, known: Any) -> str:
    near = difflib.get_close_matches(word, list(known), 1, 0.6)
    if not near:
        folded = [name for name in known if str(name).lower() == word.lower()]
        near = folded[:1]
    return f"did you mean '{near[0]}'?" if near else ""
