"""AWS's recorded answers to TestEventPattern, where the recordings are at hand."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from segue.languages.eventpattern import InvalidPattern, compile

_CASES = sorted((Path(__file__).parents[4] / "shared/conformance/eventbridge-patterns").glob("*.json"))
pytestmark = pytest.mark.skipif(not _CASES, reason="the recorded cases are not part of this checkout")


@pytest.mark.parametrize("path", _CASES, ids=lambda path: path.stem)
def test_recorded_answer(path: Path) -> None:
    case: dict[str, Any] = json.loads(path.read_text())
    event = json.loads(case["eventText"]) if case.get("eventText") else case["event"]
    text = case.get("patternText") or json.dumps(case["pattern"])
    expected = case["expected"]
    if expected["result"] != "error":
        pattern = compile(text)
        assert pattern.matches(event) is (expected["result"] == "match")
        assert (pattern.explain(event) is None) is (expected["result"] == "match")
        return
    with pytest.raises(InvalidPattern) as raised:
        compile(text)
    reason = expected["errorMessageRaw"].removeprefix("Event pattern is not valid. Reason: ")
    assert _without_source(str(raised.value)) == _without_source(reason)


def _without_source(message: str) -> str:
    """The recordings have placeholders in the quoted source, which the place itself does not."""
    return re.sub(r'\(String\)".*?"; line', "(String); line", message)
