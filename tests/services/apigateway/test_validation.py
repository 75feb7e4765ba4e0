"""How a body that does not fit its model is told of."""

from __future__ import annotations

import json
from typing import Any

import pytest

from segue.services.apigateway.validation import misfits


@pytest.mark.parametrize(
    ("schema", "value", "told"),
    [
        ({"type": "object", "required": ["b", "a"]}, {}, 'object has missing required properties (["a","b"])'),
        (
            {"type": ["number", "integer"]},
            "x",
            'instance type (string) does not match any allowed primitive type (allowed: ["integer","number"])',
        ),
        ({"enum": ["a", 1]}, True, 'instance value (true) not found in enum (possible values: ["a",1])'),
        ({"minimum": 1}, 0.5, "numeric instance is lower than the required minimum (minimum: 1, found: 0.5)"),
        ({"maxLength": 2}, "abc", 'string "abc" is too long (length: 3, maximum allowed: 2)'),
        ({"minItems": 2}, [1], "array is too short: must have at least 2 elements but instance has 1 elements"),
        ({"pattern": "^a"}, "b", 'ECMA 262 regex "^a" does not match input string "b"'),
        (
            {"properties": {"a": {}}, "additionalProperties": False},
            {"a": 1, "z": 1},
            'object instance has properties which are not allowed by the schema: ["z"]',
        ),
        ({"not": {}}, 1, "instance failed to match not"),
        ({"type": "nothing"}, 1, "the model is not valid"),
    ],
)
def test_misfits(schema: dict[str, Any], value: Any, told: str) -> None:
    assert misfits(json.dumps(schema), value) == [told]


def test_what_fits() -> None:
    assert misfits('{"type": "object"}', {}) is None
