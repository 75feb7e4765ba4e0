"""A few seconds of what ``make histories`` does for long, on either store."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.histories.run import Histories, Servers
from tests.postgres import NoPostgres


@pytest.mark.parametrize(("store", "nodes", "seed"), [("sqlite", 1, 1), ("postgresql", 2, 2)])
def test_what_clients_see_could_have_happened_one_after_the_other(
    tmp_path: Path, store: str, nodes: int, seed: int
) -> None:
    with ExitStack() as stack:
        try:
            servers = Servers(tmp_path, store, nodes, stack)
        except NoPostgres as none:
            pytest.skip(str(none))
        histories = Histories(servers, seed)
        assert histories.run(seconds=5, calm_seconds=1.5) == []
        assert histories.disturbances > 0
        assert all(len(subject.history) > 20 for subject in histories.subjects)
