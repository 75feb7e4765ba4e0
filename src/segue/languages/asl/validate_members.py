"""Checks of the members of any object in a definition: fields, languages, exclusions, values, payload templates."""

from __future__ import annotations

from typing import Any

from segue.languages.asl import validate_values as values
from segue.languages.asl.diagnostics import Findings
from segue.languages.asl.validate_fields import (
    CHECKS,
    EXPRESSIONS,
    JSONATA_ONLY,
    JSONPATH_ONLY,
    MUTUALLY_EXCLUSIVE,
    TEMPLATES,
    Shape,
)


def check_object(value: Any, shape: Shape, where: str, language: str, findings: Findings) -> bool:
    """Check an object against its shape; whether it is one that has what it must have."""
    if not is_complete(value, shape.required, where, findings):
        return False
    check_fields(value, shape.fields, where, language, findings)
    check_exclusive(value, where, findings)
    check_values(value, where, language, findings)
    return True


def check_fields(
    holder: dict[str, Any], supported: frozenset[str], where: str, language: str, findings: Findings
) -> None:
    for field in holder:
        if field in supported or language_of(field) not in ("", language):
            check_language(field, where, language, findings)
        else:
            findings.add(f"Field '{field}' is not supported", where)


def language_of(field: str) -> str:
    """The only query language in which there is such a field; nothing if there is none."""
    return "JSONata" if field in JSONATA_ONLY else "JSONPath" if field in JSONPATH_ONLY else ""


def check_language(field: str, where: str, language: str, findings: Findings) -> None:
    """A field of the other query language is refused where it stands."""
    other = language_of(field)
    if other not in ("", language):
        findings.add(
            f"The QueryLanguage is set to '{language}', but field '{field}' is only supported for the '{other}' "
            "QueryLanguage",
            where,
        )


def check_exclusive(holder: dict[str, Any], where: str, findings: Findings) -> None:
    for fields in MUTUALLY_EXCLUSIVE:
        if sum(field in holder for field in fields) > 1:
            findings.add(f"There should only be one of the following fields: [{', '.join(fields)}]", where)


def check_values(holder: dict[str, Any], where: str, language: str, findings: Findings) -> None:
    """Check every field that has a check, and every payload template."""
    for field, value in holder.items():
        if language == "JSONata" and field in EXPRESSIONS and values.is_jsonata(value):
            continue
        check = CHECKS.get(field)
        message = check(value) if check else None
        if message:
            findings.add(message, f"{where}/{field}")
        elif field in TEMPLATES and language == "JSONPath":
            check_template(value, f"{where}/{field}", findings)


_NOT_AN_EXPRESSION = "The value for the field '{}' must be a valid JSONPath or a valid intrinsic function call"


def check_template(template: Any, where: str, findings: Findings) -> None:
    """Every key that ends in ``.$`` must hold an expression, and must not stand beside the key that it makes."""
    waiting = [(template, where)]
    while waiting:
        current, place = waiting.pop()
        if isinstance(current, list):
            waiting.extend((item, f"{place}[{position}]") for position, item in reversed(list(enumerate(current))))
        elif isinstance(current, dict):
            for key, value in current.items():
                if key.endswith(".$"):
                    if values.path_or_call(value):
                        findings.add(_NOT_AN_EXPRESSION.format(key), place)
                    if key[:-2] in current:
                        findings.add(f"The field '{key[:-2]}' must not be used together with '{key}'", place)
            waiting.extend((value, f"{place}/{key}") for key, value in reversed(list(current.items())))


def is_complete(entry: Any, required: tuple[str, ...], where: str, findings: Findings) -> bool:
    if not isinstance(entry, dict):
        findings.add("Expected value of type Object", where)
        return False
    missing = [field for field in required if field not in entry]
    if missing:
        findings.add(f"These fields are required: [{', '.join(missing)}]", where)
    return not missing


def add_if_wrong(message: str | None, where: str, findings: Findings) -> None:
    if message:
        findings.add(message, where)
