"""How large variables may be (developer guide, "Passing data between states with variables", "Limits").

What AWS says about one that is larger is not known; its error for too much data is.
"""

from __future__ import annotations

from segue.languages.asl.errors import StatesError

MAX_VARIABLE_BYTES = 262_144
"""The most that one variable may have, and all that one Assign sets."""

MAX_EXECUTION_BYTES = 10 * 1024 * 1024
"""The most that all variables of an execution may have."""

UNCOUNTED_BYTES = 65_536
"""A scope with less than this is not worth counting all others for: there are not enough of them at once."""


def check_assigned(texts: dict[str, str]) -> None:
    """Refuse variables that are too large.

    Args:
        texts: JSON texts by variable.

    Raises:
        StatesError: one of them is, or all together.
    """
    sizes = {name: bytes_of(text) for name, text in texts.items()}
    for name, size in sizes.items():
        if size > MAX_VARIABLE_BYTES:
            raise _exceeded(f"The variable '{name}' has {size} bytes. A variable may have {MAX_VARIABLE_BYTES}.")
    total = sum(sizes.values())
    if total > MAX_VARIABLE_BYTES:
        raise _exceeded(f"The variables of one Assign have {total} bytes. They may have {MAX_VARIABLE_BYTES} together.")


def check_held(total: int) -> None:
    """Refuse more than an execution may hold; ``total`` is in bytes."""
    if total > MAX_EXECUTION_BYTES:
        raise _exceeded(
            f"The variables of the execution have {total} bytes. They may have {MAX_EXECUTION_BYTES} together."
        )


def bytes_of(text: str) -> int:
    """The length of a text in UTF-8."""
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))


def _exceeded(cause: str) -> StatesError:
    return StatesError("States.DataLimitExceeded", cause)
