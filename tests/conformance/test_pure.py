"""The quick groups of recorded cases that need nothing but their own service: none that passed may be lost.

All groups: ``make conformance``.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.conformance import recorded, report
from tests.served import Served

QUICK = (
    "eventbridge-inputs",
    "eventbridge-patterns",
    "eventbridge-schedule",
    "sfn-choice-tables",
    "sfn-context-object",
    "sfn-intrinsics",
    "sfn-validate-definition",
)

pytestmark = pytest.mark.skipif(not recorded.FOLDER.is_dir(), reason="the recorded cases are not on this machine")


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with Served(tmp_path_factory.mktemp("conformance") / "data") as server:
        yield server


@pytest.mark.parametrize("group", QUICK)
def test_no_case_is_lost(served: Served, group: str) -> None:
    outcomes = recorded.run_group(served.endpoint_url, group)
    assert outcomes
    assert not report.failures(report.lost(report.read_expected(), outcomes))
