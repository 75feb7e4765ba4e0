"""How late jobs were begun in the last minute."""

from __future__ import annotations

from segue.worker.lateness import Lateness


def test_percentiles_are_of_what_was_begun_in_the_last_minute() -> None:
    late = Lateness()
    assert late.percentiles(0, 50) is None
    late.add(1_000, [0])  # a second late, and soon forgotten
    late.add(50_000, range(49_900, 50_000))  # 1 to 100 ms late
    assert late.percentiles(50_000, 50, 99, 100) == [51, 100, 1_000]
    assert late.percentiles(61_000, 50, 99, 100) == [50, 99, 100]
    assert late.percentiles(110_000, 50) is None


def test_of_very_many_the_newest_count() -> None:
    late = Lateness()
    late.add(1_000, [0] * 5_000)
    late.add(1_000, [990] * 4_096)
    assert late.percentiles(1_000, 50, 100) == [10, 10]
