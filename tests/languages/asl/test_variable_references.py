"""Which variables states read."""

from __future__ import annotations

from typing import Any

from segue.languages.asl.variable_references import variable_references
from tests.languages.asl.harness import machine


def test_each_state_is_told_with_what_it_reads() -> None:
    inner = {"StartAt": "I", "States": {"I": {"Type": "Pass", "InputPath": "$inner.x", "End": True}}}
    output: dict[str, Any] = {"a": "{% $b + $sum($c.d) + ($x := 1; $x) %}", "e": ["{% $states.input %}", "$not"]}
    definition = machine(
        ("None", {"Type": "Pass", "Parameters": {"a.$": "$.b", "b": "$c", "d.$": "$$.State.Name"}}),
        ("Path", {"Type": "Pass", "Parameters": {"x.$": "States.Format('$no {}', $yes)", "y": {"z.$": "$b[0]"}}}),
        ("Rules", {"Type": "Choice", "Choices": [{"Variable": "$v", "NumericEqualsPath": "$w.x", "Next": "Map"}]}),
        ("Map", {"Type": "Map", "ItemsPath": "$items", "ItemProcessor": inner}),
        ("Jsonata", {"Type": "Pass", "QueryLanguage": "JSONata", "Output": output}),
    )
    assert variable_references(definition) == {
        "Path": ["b", "yes"],
        "Rules": ["v", "w"],
        "Map": ["items"],
        "I": ["inner"],
        "Jsonata": ["b", "c"],
    }
