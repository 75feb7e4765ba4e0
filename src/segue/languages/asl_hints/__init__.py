"""Known traps in definitions that AWS takes without a word.

In: what can be told from a definition alone, for ``segue asl validate``. Out: what AWS itself says
(``languages/asl/validate``). Each rule is a function of one state or of one container, in the table below.
"""

from __future__ import annotations

from typing import Any

from segue.languages.asl.diagnostics import Diagnostic
from segue.languages.asl_hints.containers import Container, Place, containers, places
from segue.languages.asl_hints.flow import FLOW_RULES
from segue.languages.asl_hints.paths import PATH_RULES
from segue.languages.asl_hints.tasks import TASK_RULES
from segue.languages.asl_hints.texts import TEXT_RULES
from segue.languages.asl_hints.variables import variable_hints

__all__ = ["Container", "Place", "hints"]

_RULES = (*TASK_RULES, *PATH_RULES, *TEXT_RULES)


def hints(definition: dict[str, Any], *, kind: str) -> list[Diagnostic]:
    """Everything in a definition that hardly means what it says.

    Args:
        definition: one that ``validate`` finds without errors.
        kind: ``STANDARD`` or ``EXPRESS``.
    """
    found: list[Diagnostic] = []
    for container in containers(definition, kind):
        for place in places(container):
            for rule in _RULES:
                found.extend(rule(place))
        for flow_rule in FLOW_RULES:
            found.extend(flow_rule(container))
    found.extend(variable_hints(definition, kind))
    return found
