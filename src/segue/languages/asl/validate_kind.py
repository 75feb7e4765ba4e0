"""What Express workflows cannot do: wait for jobs or callbacks, run activities or distributed maps.

Recorded: sfn-validate-definition/*type_express_ILLEGAL_WFTT. The children of a distributed Map are executions of their
own kind (developer guide, "Using Map state in Distributed mode").
"""

from __future__ import annotations

from typing import Any

from segue.languages.asl.diagnostics import Findings
from segue.languages.asl.validate_map import mode_of
from segue.languages.asl.validate_resources import pattern_of


def check_kind(state: dict[str, Any], where: str, kind: str, findings: Findings) -> None:
    """Check a state of an execution of the given kind, ``STANDARD`` or ``EXPRESS``."""
    if kind != "EXPRESS":
        return
    if state.get("Type") == "Map" and mode_of(state) == "DISTRIBUTED":
        place = f"{where}/ItemProcessor/ProcessorConfig/Mode"
        findings.add("Express state machine does not support Map states in DISTRIBUTED mode", place)
    resource = state.get("Resource")
    if not isinstance(resource, str):
        return
    pattern = pattern_of(resource)
    if pattern:
        shown = ".sync" if pattern.startswith(".sync") else pattern
        findings.add(f"Express state machine does not support '{shown}' service integration ", f"{where}/Resource")
    elif ":activity:" in resource:
        findings.add("Express state machine does not support Activity ARN", f"{where}/Resource")


def kind_inside(state: dict[str, Any], kind: str) -> str:
    """The kind of the executions that run a Map's iterations."""
    if mode_of(state) != "DISTRIBUTED":
        return kind
    return "EXPRESS" if state["ItemProcessor"]["ProcessorConfig"].get("ExecutionType") == "EXPRESS" else "STANDARD"
