"""Objects and a server that is killed: what was acknowledged is whole, what was not is not there at all."""

from __future__ import annotations

import hashlib
import random
import signal
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.served import Served

SIZES = (100, 16_384, 16_385, 700_000, 5_000_000)


def content(name: str, size: int) -> bytes:
    return random.Random(name).randbytes(size)


def write_forever(served: Served, life: int, number: int, promised: dict[str, int], tried: dict[str, int]) -> None:
    s3 = served.client("s3")
    for count in range(10_000):
        name = f"object-{life}-{number}-{count}"
        size = SIZES[count % len(SIZES)]
        tried[name] = size
        try:
            s3.put_object(Bucket="kept", Key=name, Body=content(name, size))
        except Exception:
            return  # killed in the middle: nothing is promised
        promised[name] = size


@pytest.mark.parametrize("seed", range(2))
def test_no_half_objects_and_none_that_was_promised_is_missing(tmp_path: Path, seed: int) -> None:
    chance, data = random.Random(seed), tmp_path / "data"
    promised: dict[str, int] = {}
    tried: dict[str, int] = {}
    for life in range(3):
        with Served(data) as served:
            served.client("s3").create_bucket(Bucket="kept")
            writers = [
                threading.Thread(target=write_forever, args=(served, life, number, promised, tried))
                for number in range(3)
            ]
            for writer in writers:
                writer.start()
            time.sleep(0.3 + chance.random() * 0.5)  # a moment of its own choice
            served.end(signal.SIGKILL)
            for writer in writers:
                writer.join()
    with Served(data) as served:
        s3: Any = served.client("s3")
        assert not list((data / "blobs").glob(".unfinished*"))
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket="kept")
        there = {item["Key"]: item for page in pages for item in page.get("Contents", [])}
        assert set(promised) <= set(there) <= set(tried)
        assert len(promised) > 10
        for name, item in there.items():
            wanted = content(name, tried[name])
            assert (item["Size"], item["ETag"]) == (len(wanted), f'"{hashlib.md5(wanted).hexdigest()}"')
            assert s3.get_object(Bucket="kept", Key=name)["Body"].read() == wanted
        with pytest.raises(ClientError):
            s3.get_object(Bucket="kept", Key="never")
