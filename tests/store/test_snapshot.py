"""Copies of a data directory that is being written to are whole, and nothing is found in them."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest

from segue.store import Transaction, snapshot
from segue.store.sqlite import WritesNeeded
from segue.testing import Segue
from tests.served import Served

pytestmark = pytest.mark.sqlite_only("it copies data directories")


def test_a_copy_made_under_load_serves(tmp_path: Path) -> None:
    with Served(tmp_path / "data") as served:
        s3 = served.client("s3")
        s3.create_bucket(Bucket="kept")
        url = served.client("sqs").create_queue(QueueName="q")["QueueUrl"]
        stopped = threading.Event()

        def load() -> None:
            sqs, number = served.client("sqs"), 0
            while not stopped.is_set():
                number += 1
                s3.put_object(Bucket="kept", Key=str(number), Body=f"{number:>200000}")
                sqs.send_message(QueueUrl=url, MessageBody=str(number))

        loading = threading.Thread(target=load)
        loading.start()
        try:
            while int(_depth(served, url)) < 20:
                pass
            before = int(_depth(served, url))
            size = snapshot.back_up(tmp_path / "data", tmp_path / "copy")
        finally:
            stopped.set()
            loading.join()
    assert size > before * 200_000
    with Served(tmp_path / "copy") as served:
        depth = int(_depth(served, f"{served.endpoint_url}/000000000000/q"))
        assert depth >= before
        keys = [one["Key"] for one in served.client("s3").list_objects_v2(Bucket="kept")["Contents"]]
        assert len(keys) in (depth, depth + 1)
        for key in keys:
            assert served.client("s3").get_object(Bucket="kept", Key=key)["Body"].read() == f"{key:>200000}".encode()


def _depth(served: Served, url: str) -> str:
    names = ["ApproximateNumberOfMessages"]
    attributes = served.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    return str(attributes["ApproximateNumberOfMessages"])


def test_a_directory_without_data_is_refused(tmp_path: Path) -> None:
    with pytest.raises(snapshot.NoData, match="no data directory"):
        snapshot.read(tmp_path, lambda tx: None)
    with pytest.raises(snapshot.NoData, match="no data directory"):
        snapshot.back_up(tmp_path, tmp_path / "copy")


def test_a_copy_is_never_put_over_something(tmp_path: Path) -> None:
    with Segue(tmp_path / "data") as segue:
        segue.client("sqs").create_queue(QueueName="q")
        (tmp_path / "copy").mkdir()
        (tmp_path / "copy" / "mine").write_text(json.dumps("precious"))
        with pytest.raises(FileExistsError, match="is not empty"):
            snapshot.back_up(tmp_path / "data", tmp_path / "copy")


def test_who_reads_beside_a_server_cannot_write(tmp_path: Path) -> None:
    def unit(tx: Transaction) -> int:
        return tx.run("DELETE FROM sqs_queues")

    with Segue(tmp_path / "data") as segue:
        segue.client("sqs").create_queue(QueueName="q")
        with pytest.raises(WritesNeeded):
            snapshot.read(tmp_path / "data", unit)
        assert snapshot.read(tmp_path / "data", lambda tx: tx.all("SELECT name FROM sqs_queues")) == [("q",)]
