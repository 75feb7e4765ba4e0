"""Fields that hold a payload, in either query language."""

from __future__ import annotations

from typing import Any

from segue.languages.asl.flow import Read
from segue.languages.asl.query_evaluation import compile_jsonata
from segue.languages.asl.templates import compile_template


def compile_payload(spec: dict[str, Any], field: str, is_jsonata: bool, holder: str = "") -> Read | None:
    """The evaluation of a field, None where it is not there.

    Args:
        spec: what has the field.
        field: such as ``ItemSelector``.
        is_jsonata: of the state.
        holder: where ``spec`` stands in its state, such as ``ItemReader``; empty for the state itself.
    """
    if field not in spec:
        return None
    if is_jsonata:
        return compile_jsonata(spec[field], f"{holder}/{field}" if holder else field)
    return compile_template(spec[field]).evaluate
