"""What is wrong with an expression, in DynamoDB's words."""

from __future__ import annotations


class ExpressionError(Exception):
    """A request's expressions or values are invalid; the text is DynamoDB's ``ValidationException`` message."""

    @property
    def message(self) -> str:
        """The text for people."""
        return str(self.args[0])
