"""What is wrong with a pattern, and where, worded as EventBridge words it."""

from __future__ import annotations

_EXCERPT_CHARACTERS = 500


class InvalidPattern(ValueError):
    """The text is no event pattern; the message is EventBridge's reason, with its place."""


def invalid_at(reason: str, text: str, offset: int) -> InvalidPattern:
    """The error for a reason found when the reader stood at ``offset``."""
    return InvalidPattern(reason + place(text, offset))


def place(text: str, offset: int) -> str:
    """The place as EventBridge appends it: the source (cut at 500 characters), line and column, counted from 1."""
    excerpt = text[:_EXCERPT_CHARACTERS]
    cut = len(text) - len(excerpt)
    note = f"[truncated {cut} chars]" if cut else ""
    line = text.count("\n", 0, offset) + 1
    column = offset - (text.rfind("\n", 0, offset) + 1) + 1
    return f'\n at [Source: (String)"{excerpt}"{note}; line: {line}, column: {column}]'
