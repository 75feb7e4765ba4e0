"""``segue store``: what is told of data that is well, of data that is not, and of none."""

from __future__ import annotations

from pathlib import Path

import pytest

from segue.cli.main import main
from segue.testing import Segue


def test_data_that_is_well(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Segue(tmp_path / "data"):
        assert main(["store", "check", "--data", str(tmp_path / "data")]) == 0
    assert "nothing found that must not be" in capsys.readouterr().out


def test_what_is_wrong_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Segue(tmp_path / "data") as segue:
        segue.client("events").put_rule(Name="hourly", ScheduleExpression="rate(1 hour)")
        segue.transact(lambda tx: tx.run("DELETE FROM jobs WHERE kind = 'events:fire'"))
        assert main(["store", "check", "--data", str(tmp_path / "data")]) == 1
    told = capsys.readouterr().out
    assert "rule/hourly: enabled, and not planned" in told
    assert "1 found that must not be" in told


def test_a_copy_and_where_there_is_nothing_to_copy(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Segue(tmp_path / "data"):
        assert main(["store", "backup", "--data", str(tmp_path / "data"), str(tmp_path / "copy")]) == 0
    assert "MB" in capsys.readouterr().out
    assert main(["store", "check", "--data", str(tmp_path / "copy")]) == 0
    assert main(["store", "backup", "--data", str(tmp_path / "none"), str(tmp_path / "other")]) == 1
    assert "no data directory" in capsys.readouterr().err
