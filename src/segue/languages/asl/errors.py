"""The error that a running state raises, and what a definition can be refused for at compile time."""

from __future__ import annotations


class StatesError(Exception):
    """A failure inside an execution, as ``Retry`` and ``Catch`` see it.

    ``cause`` is without AWS's introduction "An error occurred while executing the state 'X' (entered at the event id
    #N).": the engine, which knows both, puts it in front.

    Args:
        error: the error name, such as ``States.Runtime``.
        cause: the text for people.
    """

    def __init__(self, error: str, cause: str) -> None:
        super().__init__(f"{error}: {cause}")
        self.error = error
        self.cause = cause


class QueryEvaluationError(StatesError):
    """A JSONata field failed; the history gets an EvaluationFailed event.

    Args:
        cause: as of StatesError.
        location: the field, such as ``Output/total``; None where AWS names none.
    """

    def __init__(self, cause: str, location: str | None) -> None:
        super().__init__("States.QueryEvaluationError", cause)
        self.location = location


class InvalidExpression(ValueError):
    """The text is no path, context path, variable or intrinsic function call. Validation reports it beforehand."""


class NotYet(NotImplementedError):
    """A definition uses what this engine does not run yet; the text names it."""
