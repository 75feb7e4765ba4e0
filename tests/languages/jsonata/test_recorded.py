"""Answers of the reference implementation: values, kinds of values, codes and words of errors."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

from segue.languages import jsonata

_RECORDED = json.loads((Path(__file__).parent / "recorded.json").read_text())
_DATA = _RECORDED["data"]
_MOMENT = jsonata.Moment(0, random.Random(0))


def _answer(expression: str) -> dict[str, Any]:
    try:
        value = jsonata.compile(expression).evaluate({"v": _DATA}, _MOMENT)
    except jsonata.InvalidJsonata as error:
        return {"error": error.code, "message": str(error)}
    except jsonata.JsonataError as error:
        return {"error": error.code or "DEPTH", **({"message": error.message} if error.code else {})}
    except jsonata.UnsupportedResult:
        return {"unsupported": True}
    return {"undefined": True} if value is jsonata.UNDEFINED else {"result": value}


@pytest.mark.parametrize(("expression", "recorded"), _RECORDED["cases"])
def test_the_answer_is_the_recorded_one(expression: str, recorded: dict[str, Any]) -> None:
    recorded = {key: value for key, value in recorded.items() if key != "position"}
    answer = _answer(expression)
    assert answer == recorded
    assert json.dumps(answer.get("result")) == json.dumps(recorded.get("result"))  # 1 is not 1.0, keys keep their order


def test_what_was_handed_in_is_not_changed() -> None:
    before = json.dumps(_DATA)
    for expression, _ in _RECORDED["cases"]:
        _answer(expression)
    assert json.dumps(_DATA) == before
