"""What AWS delivered and what not, where the recordings are at hand."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from segue.languages.filterpolicy import compile

_TABLE = Path(__file__).parents[4] / "shared/conformance/sns-filter-tables/policy-matching.json"
pytestmark = pytest.mark.skipif(not _TABLE.exists(), reason="the recorded cases are not part of this checkout")

_TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")


def _rows() -> list[dict[str, Any]]:
    if not _TABLE.exists():
        return []
    rows: list[dict[str, Any]] = json.loads(_TABLE.read_text())["rows"]
    # The recordings have "date" for timestamps within messages: what was delivered with one was not recognised.
    return [row for row in rows if row["delivered"] or not _TIMESTAMP.search(row["message"])]


@pytest.mark.parametrize("row", _rows(), ids=lambda row: row["message"][:30])
def test_recorded_delivery(row: dict[str, Any]) -> None:
    policy = compile(json.dumps(row["policy"]), row["scope"])
    assert policy.matches(row["message"], row.get("messageAttributes") or {}) is row["delivered"]
