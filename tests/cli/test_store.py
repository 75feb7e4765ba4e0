"""``segue store``: what is told of data that is well, of data that is not, and of none."""

from __future__ import annotations

from pathlib import Path

import pytest

from segue.cli.main import main
from segue.testing import Segue

pytestmark = pytest.mark.sqlite_only("it is about data directories; what is said of databases names them")


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


def test_from_a_file_into_a_new_directory(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Segue(tmp_path / "data") as segue:
        segue.client("s3").create_bucket(Bucket="kept")
        segue.client("s3").put_object(Bucket="kept", Key="large", Body=b"x" * 100_000)
        assert main(["store", "export", str(tmp_path / "file"), "--data", str(tmp_path / "data")]) == 0
    assert (tmp_path / "file").stat().st_mode & 0o077 == 0
    assert "It holds all secrets" in capsys.readouterr().err
    assert main(["store", "import", str(tmp_path / "file"), "--data", str(tmp_path / "new")]) == 0
    assert f"Serve it: segue serve --data {tmp_path / 'new'}\n" in capsys.readouterr().out
    assert main(["store", "check", "--data", str(tmp_path / "new")]) == 0
    with Segue(tmp_path / "new") as segue:
        assert segue.client("s3").get_object(Bucket="kept", Key="large")["Body"].read() == b"x" * 100_000


def test_nothing_is_put_over_something(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Segue(tmp_path / "data"):
        assert main(["store", "export", str(tmp_path / "file"), "--data", str(tmp_path / "data")]) == 0
        assert main(["store", "export", str(tmp_path / "file"), "--data", str(tmp_path / "data")]) == 1
        assert "file is there already" in capsys.readouterr().err
        assert main(["store", "import", str(tmp_path / "file"), "--data", str(tmp_path / "data")]) == 1
        assert "is in use by another Segue server" in capsys.readouterr().err
    assert main(["store", "import", str(tmp_path / "file"), "--data", str(tmp_path / "data")]) == 1
    assert "holds data already: import into a new directory" in capsys.readouterr().err


def test_a_database_is_checked(
    tmp_path: Path, database: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from psycopg.conninfo import make_conninfo

    assert main(["store", "check", "--store", database]) == 1
    assert "is no Segue's database" in capsys.readouterr().err
    assert main(["store", "check", "--store", make_conninfo(database, user="nobody")]) == 1
    assert 'role "nobody" does not exist' in capsys.readouterr().err
    monkeypatch.setenv("SEGUE_STORE", database)
    with Segue(tmp_path / "data", store=database) as segue:
        segue.client("events").put_rule(Name="hourly", ScheduleExpression="rate(1 hour)")
        assert main(["store", "check"]) == 0
        assert "nothing found that must not be" in capsys.readouterr().out
        segue.transact(lambda tx: tx.run("DELETE FROM jobs WHERE kind = 'events:fire'"))
        assert main(["store", "check"]) == 1
    assert "rule/hourly: enabled, and not planned" in capsys.readouterr().out
    assert main(["store", "check", "--data", str(tmp_path)]) == 1
    assert "no data directory" in capsys.readouterr().err


def test_what_cannot_be_cut_into_parts_is_told(
    database: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["store", "partition", "--parts", "1", "--store", database]) == 2
    assert main(["store", "partition"]) == 1
    assert main(["store", "partition", "--store", database]) == 1
    told = capsys.readouterr().err
    for words in ("--parts is 2 to 64, not 1", "name a database by --store", "start a server on it once"):
        assert words in told
    with Segue(tmp_path / "data", store=database):
        assert main(["store", "partition", "--store", database]) == 1
    assert "servers are running on it. Stop them first" in capsys.readouterr().err
