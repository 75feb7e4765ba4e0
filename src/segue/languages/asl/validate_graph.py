"""Rules about transitions, for one container of states (the machine, a branch, an item processor).

The messages and their order were measured on AWS (aws-cloudformation/cfn-lint#4073 and #4074, floci-io/floci#2735 and
#2786): dangling targets first, always in the words of 'Next'; then a missing terminal state, without a location, which
hides unreachable states; else the states that nothing leads to.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from segue.languages.asl.diagnostics import MISSING_END_STATE, MISSING_TRANSITION_TARGET, Findings


def check_graph(container: dict[str, Any], where: str, findings: Findings) -> None:
    """Check a container whose schema is sound; ``where`` is its location, empty for the machine itself."""
    states: dict[str, dict[str, Any]] = container["States"]
    start = container["StartAt"]
    targets = [("", start, f"{where}/StartAt")]
    for name, state in states.items():
        targets.extend((name, target, place) for target, place in _transitions(state, f"{where}/States/{name}"))
    for _, target, place in targets:
        if target not in states:
            findings.add(f"Missing 'Next' target: {target}", place, MISSING_TRANSITION_TARGET)
    if not any(_is_terminal(state) for state in states.values()):
        findings.add("Workflow has no terminal state", None, MISSING_END_STATE)
        return
    reached = {target for source, target, _ in targets if source != target}
    for name in states:
        if name not in reached:
            findings.add(f'State "{name}" is not reachable.', f"{where}/States/{name}", MISSING_TRANSITION_TARGET)


def _is_terminal(state: dict[str, Any]) -> bool:
    return state.get("End") is True or state.get("Type") in ("Succeed", "Fail")


def _transitions(state: dict[str, Any], where: str) -> Iterator[tuple[str, str]]:
    """Each target that the state names, and where it names it."""
    for field in ("Next", "Default"):
        if isinstance(state.get(field), str):
            yield state[field], f"{where}/{field}"
    for field in ("Choices", "Catch"):
        for position, entry in enumerate(state.get(field) or ()):
            if isinstance(entry.get("Next"), str):
                yield entry["Next"], f"{where}/{field}[{position}]/Next"
