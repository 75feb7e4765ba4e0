"""The table of functions; the modules ``functions_*`` fill it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from segue.languages.jsonata.calls import Native

FUNCTIONS: dict[str, Any] = {}
"""By name, without ``$``."""

Implementation = Callable[..., Any]


def function(name: str, signature: str, arity: int) -> Callable[[Implementation], Implementation]:
    """Declare a function: ``implementation(runtime, *arguments)``, UNDEFINED for arguments that are missing."""

    def declare(implementation: Implementation) -> Implementation:
        FUNCTIONS[name] = Native(name, implementation, signature, arity)
        return implementation

    return declare
