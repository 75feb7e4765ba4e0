"""What is told of a run: the table, what was lost, the list of what is expected, the page."""

from __future__ import annotations

from pathlib import Path

from tests.conformance import report
from tests.conformance.recorded import Outcome

PASSED = Outcome("a/one", "pass", "", 0.5)
FAILED = Outcome("a/two", "fail", "$.x: expected `1`, got 2", 1.0)
BROKEN = Outcome("b/three", "error", "ConnectionError: x", 0.0)
ALL = [PASSED, FAILED, BROKEN]


def test_only_what_was_expected_and_run_can_be_lost() -> None:
    assert report.lost({"a/one", "a/two", "c/skipped"}, ALL) == [FAILED]
    assert report.lost(set(), ALL) == []


def test_the_list_of_what_is_expected_is_sorted_and_keeps_what_was_not_run(tmp_path: Path) -> None:
    path = tmp_path / "expected.txt"
    assert report.read_expected(path) == set()
    report.write_expected({"c/skipped", "a/two"}, ALL, path)
    assert path.read_text() == "a/one\nc/skipped\n"
    assert report.read_expected(path) == {"a/one", "c/skipped"}


def test_the_table_counts_each_group_and_all() -> None:
    lines = [line.split() for line in report.table(ALL).splitlines()]
    assert lines[1:] == [["a", "1", "1", "0", "1.5"], ["b", "0", "0", "1", "0.0"], ["all", "1", "1", "1", "1.5"]]


def test_the_page_names_what_does_not_pass_with_its_first_difference() -> None:
    page = report.document(ALL)
    assert "**1 of 3** pass" in page
    assert "- `two`: `$.x: expected '1', got 2`" in page
    assert "- `three`: `ConnectionError: x`" in page
    assert "`one`" not in page
    assert "Nothing." in report.document([PASSED])
