"""What validation finds, in the form of ValidateStateMachineDefinition."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

SCHEMA_VALIDATION_FAILED = "SCHEMA_VALIDATION_FAILED"
INVALID_JSON_DESCRIPTION = "INVALID_JSON_DESCRIPTION"
MISSING_TRANSITION_TARGET = "MISSING_TRANSITION_TARGET"
MISSING_END_STATE = "MISSING_END_STATE"
DUPLICATE_STATE_NAME = "DUPLICATE_STATE_NAME"
INVALID_STATE_NAME = "INVALID_STATE_NAME"
INVALID_LABEL_NAME = "INVALID_LABEL_NAME"
DUPLICATE_LABEL_NAME = "DUPLICATE_LABEL_NAME"
INVALID_JSONATA_EXPRESSION = "INVALID_JSONATA_EXPRESSION"
UNSUPPORTED_JSONATA_EXPRESSION = "UNSUPPORTED_JSONATA_EXPRESSION"
TOO_DEEPLY_NESTED = "TOO_DEEPLY_NESTED"

NO_DOLLAR = "NO_DOLLAR"
NO_PATH = "NO_PATH"
PASS_RESULT_IS_STATIC = "PASS_RESULT_IS_STATIC"


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One finding.

    Attributes:
        severity: ``ERROR``: the definition cannot be created; ``WARNING``: it can.
        code: one of AWS's codes (API reference, ValidateStateMachineDefinitionDiagnostic).
        message: AWS's words where they are known.
        location: a path into the definition such as ``/States/A/Next``; None where AWS leaves the member out.
    """

    severity: str
    code: str
    message: str
    location: str | None = None


class Findings:
    """Gathers diagnostics in the order in which rules find them."""

    def __init__(self) -> None:
        self.diagnostics: list[Diagnostic] = []

    def add(self, message: str, location: str | None, code: str = SCHEMA_VALIDATION_FAILED) -> None:
        self.diagnostics.append(Diagnostic("ERROR", code, message, location))

    def warn(self, message: str, location: str | None, code: str) -> None:
        self.diagnostics.append(Diagnostic("WARNING", code, message, location))

    @property
    def failed(self) -> bool:
        """Whether anything is an error."""
        return any(found.severity == "ERROR" for found in self.diagnostics)


def invalid_definition_message(diagnostics: Iterable[Diagnostic]) -> str:
    """The message of the InvalidDefinition error of CreateStateMachine and UpdateStateMachine.

    Recorded: sfn-credentials/*, sfn-task-dynamodb/*invalid_integration. A finding without a place is "at null".
    """
    parts = [f"{found.code}: {found.message} at {found.location or 'null'}" for found in diagnostics]
    return f"Invalid State Machine Definition: '{', '.join(parts)}'"
