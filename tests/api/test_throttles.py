"""Token buckets, on a store."""

from __future__ import annotations

from segue.api import throttles
from segue.testing import Segue


def test_a_bucket_fills_at_its_rate_up_to_its_burst() -> None:
    with Segue() as segue:

        def take(count: int) -> list[bool]:
            return segue.transact(lambda tx: [throttles.take(tx, "b", 2.0, 3) for _ in range(count)])

        assert take(4) == [True, True, True, False]
        segue.advance(seconds=1)
        assert take(3) == [True, True, False]
        segue.advance(hours=1)
        assert take(4) == [True, True, True, False]
        assert segue.transact(lambda tx: throttles.take(tx, "other", 0.0, 0)) is False
        segue.advance(days=2)
        assert segue.transact(lambda tx: tx.all("SELECT id FROM throttles")) == []
