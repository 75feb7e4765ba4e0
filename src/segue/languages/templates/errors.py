"""What is wrong with a template, in AWS's words."""

from __future__ import annotations


class TemplateError(Exception):
    """A template, or what is given for it, is not as it must be.

    Args:
        message: in AWS's words; the API answers it with the code ``ValidationError``.
    """

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


def template_error(words: str) -> TemplateError:
    """``Template error: …``: a function is used wrongly."""
    return TemplateError(f"Template error: {words}")


def format_error(words: str) -> TemplateError:
    """``Template format error: …``: the template's own shape is wrong."""
    return TemplateError(f"Template format error: {words}")
