"""``segue store`` where packages and objects are not in files: in the database, or at an S3-compatible endpoint."""

from __future__ import annotations

import random
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from segue.cli.main import main
from segue.testing import Segue
from tests.nodes import until

SMALL, LARGE = (random.Random(size).randbytes(size) for size in (30_000, 9_000_000))
PLACE = "s3://content/kept"


@pytest.fixture
def endpoint(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A client of another Segue, at which content is kept."""
    with Segue() as segue:
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", segue.endpoint_url)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "000000000000")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
        s3 = segue.client("s3")
        s3.create_bucket(Bucket="content")
        yield s3


def put(segue: Segue) -> None:
    s3 = segue.client("s3")
    s3.create_bucket(Bucket="kept")
    s3.put_object(Bucket="kept", Key="small", Body=SMALL)
    s3.put_object(Bucket="kept", Key="large", Body=LARGE)


def has(segue: Segue) -> bool:
    bodies = (segue.client("s3").get_object(Bucket="kept", Key=key)["Body"].read() for key in ("small", "large"))
    return (*bodies,) == (SMALL, LARGE)


def test_from_files_into_the_database_and_to_an_endpoint(tmp_path: Path, database: str, endpoint: Any) -> None:
    with Segue(tmp_path / "one") as segue:
        put(segue)
        assert main(["store", "export", str(tmp_path / "file"), "--data", str(tmp_path / "one")]) == 0
    assert main(["store", "import", str(tmp_path / "file"), "--store", database]) == 0
    with Segue(tmp_path / "two", store=database) as segue:
        assert has(segue)
        assert main(["store", "check", "--store", database]) == 0
        assert main(["store", "export", str(tmp_path / "of rows"), "--store", database]) == 0
    new = ["--data", str(tmp_path / "three"), "--blobs", PLACE]
    assert main(["store", "import", str(tmp_path / "of rows"), *new]) == 0
    assert sorted(sizes(endpoint)) == [30_000, 9_000_000 - 8 * 1024**2, 8 * 1024**2]
    with Segue(tmp_path / "three", blobs=PLACE, blobs_endpoint=endpoint.meta.endpoint_url) as segue:
        assert has(segue)
    assert main(["store", "export", str(tmp_path / "of objects"), *new]) == 0
    assert main(["store", "import", str(tmp_path / "of objects"), "--data", str(tmp_path / "four")]) == 0
    with Segue(tmp_path / "four") as segue:
        assert has(segue)


def test_from_a_shared_folder_to_an_endpoint_by_way_of_one_servers_own_files(
    tmp_path: Path, database: str, endpoint: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    with Segue(tmp_path / "one", store=database, blobs=str(tmp_path / "shared")) as segue:
        put(segue)
    place = {"blobs": PLACE, "blobs_endpoint": endpoint.meta.endpoint_url}
    check = ["store", "check", "--store", database, "--blobs", PLACE]
    assert main(check) == 1
    assert "is named, and neither in" in capsys.readouterr().out
    shutil.copytree(tmp_path / "shared", tmp_path / "two" / "blobs")
    with Segue(tmp_path / "two", store=database, **place):
        until(lambda: main(check) == 0)
    shutil.rmtree(tmp_path / "shared")
    with Segue(tmp_path / "three", store=database, **place) as segue:
        assert has(segue)


def sizes(endpoint: Any) -> list[int]:
    return [item["Size"] for item in endpoint.list_objects_v2(Bucket="content").get("Contents", [])]


def test_what_cannot_be_imported_leaves_nothing_at_the_endpoint(tmp_path: Path, endpoint: Any) -> None:
    with Segue(tmp_path / "one") as segue:
        put(segue)
        assert main(["store", "export", str(tmp_path / "file"), "--data", str(tmp_path / "one")]) == 0
    whole = (tmp_path / "file").read_bytes()
    (tmp_path / "cut").write_bytes(whole[:-100])
    assert main(["store", "import", str(tmp_path / "cut"), "--data", str(tmp_path / "two"), "--blobs", PLACE]) == 1
    assert sizes(endpoint) == []


def test_a_copy_has_what_is_at_the_endpoint(tmp_path: Path, endpoint: Any, capsys: pytest.CaptureFixture[str]) -> None:
    data, copy = str(tmp_path / "data"), str(tmp_path / "copy")
    with Segue(tmp_path / "data", blobs=PLACE, blobs_endpoint=endpoint.meta.endpoint_url) as segue:
        put(segue)
        for file in (tmp_path / "data" / "blobs").glob("??/*"):
            file.unlink()
        assert main(["store", "backup", "--data", data, copy]) == 1
        assert "give --blobs s3://BUCKET/PREFIX as when it was kept" in capsys.readouterr().err
        assert main(["store", "backup", "--data", data, "--blobs", PLACE, f"{copy}2"]) == 0
    for item in endpoint.list_objects_v2(Bucket="content")["Contents"]:
        endpoint.delete_object(Bucket="content", Key=item["Key"])
    assert main(["store", "check", "--data", f"{copy}2"]) == 0
    with Segue(tmp_path / "copy2") as segue:
        assert has(segue)


def test_content_that_is_missing_is_told(
    tmp_path: Path, database: str, endpoint: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    with Segue(tmp_path / "files") as segue:
        put(segue)
        next((tmp_path / "files" / "blobs").glob("??/*")).unlink()
        assert main(["store", "check", "--data", str(tmp_path / "files")]) == 1
        assert "is named, and neither in" in capsys.readouterr().out
    with Segue(tmp_path / "rows", store=database) as segue:
        put(segue)
        segue.transact(lambda tx: tx.run("DELETE FROM content_chunks WHERE number = 3"))
        assert main(["store", "check", "--store", database]) == 1
        assert "1 of its 9 chunks are missing" in capsys.readouterr().out
    with Segue(tmp_path / "objects", blobs=PLACE, blobs_endpoint=endpoint.meta.endpoint_url) as segue:
        put(segue)
        keys = [item["Key"] for item in endpoint.list_objects_v2(Bucket="content")["Contents"]]
        endpoint.delete_object(Bucket="content", Key=next(key for key in keys if key.endswith("/1")))
        assert main(["store", "check", "--data", str(tmp_path / "objects"), "--blobs", PLACE]) == 1
        assert "1 of its 2 chunks are missing" in capsys.readouterr().out
        assert main(["store", "check", "--data", str(tmp_path / "objects")]) == 1
        assert "nobody says at which" in capsys.readouterr().err
