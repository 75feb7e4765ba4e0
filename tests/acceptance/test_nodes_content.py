"""Content on several nodes that share no folder: in the database, or at an S3-compatible endpoint (another Segue)."""

from __future__ import annotations

import io
import random
import signal
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.served import Served

ROLE = "arn:aws:iam::000000000000:role/r"
MIB = 1024**2


def content(size: int, seed: int = 0) -> bytes:
    return random.Random(seed).randbytes(size)


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as opened:
        yield opened


class Cluster:
    """Nodes that share no folder.

    Args:
        store: the arguments that name the shared database; without, there is one node at a time.
        endpoint: where content is kept; without, in the database.
    """

    def __init__(self, directory: Path, stack: ExitStack, store: tuple[str, ...], endpoint: Served | None) -> None:
        self._directory, self._stack, self.endpoint = directory, stack, endpoint
        self._more = (*store, *(("--blobs", "s3://content/of/segue") if endpoint else ()))

    def node(self, name: str) -> Served:
        return self._stack.enter_context(Served(self._directory / name, *self._more))

    def kept(self) -> dict[str, int]:
        """The chunks at the endpoint, by key, with their sizes."""
        assert self.endpoint is not None
        listed = self.endpoint.client("s3").list_objects_v2(Bucket="content")
        return {item["Key"]: item["Size"] for item in listed.get("Contents", [])}


@pytest.fixture
def endpoint(tmp_path: Path, stack: ExitStack, monkeypatch: pytest.MonkeyPatch) -> Served:
    """Another Segue, at which content is kept."""
    served = stack.enter_context(Served(tmp_path / "endpoint"))
    served.client("s3").create_bucket(Bucket="content")
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", served.endpoint_url)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "000000000000")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    return served


@pytest.fixture(params=["rows", "endpoint"])
def cluster(request: pytest.FixtureRequest, tmp_path: Path, database: str, stack: ExitStack) -> Cluster:
    """On PostgreSQL, content in the database or at an endpoint."""
    found = request.getfixturevalue("endpoint") if request.param == "endpoint" else None
    return Cluster(tmp_path, stack, ("--store", database), found)


def test_what_one_node_takes_another_has(cluster: Cluster) -> None:
    first, second = cluster.node("a"), cluster.node("b")
    at_first, at_second = first.client("s3"), second.client("s3")
    at_first.create_bucket(Bucket="kept")
    for size in (10, 20_000, MIB, 3 * MIB + 7):
        at_first.put_object(Bucket="kept", Key=str(size), Body=content(size))
        assert at_second.get_object(Bucket="kept", Key=str(size))["Body"].read() == content(size)
    part = at_second.get_object(Bucket="kept", Key=str(3 * MIB + 7), Range=f"bytes={MIB - 5}-{2 * MIB + 5}")
    assert part["Body"].read() == content(3 * MIB + 7)[MIB - 5 : 2 * MIB + 6]
    at_second.copy_object(Bucket="kept", Key="copy", CopySource="kept/20000")
    at_second.delete_object(Bucket="kept", Key="20000")
    assert at_first.get_object(Bucket="kept", Key="copy")["Body"].read() == content(20_000)
    upload_in_parts(at_first, at_second)
    invoke_elsewhere(first, second)
    if cluster.endpoint is None:
        refused_with_words(at_first)
    else:
        damaged_at_the_endpoint(cluster, at_first, at_second)


def upload_in_parts(at_first: Any, at_second: Any) -> None:
    """20 MB in parts, each sent to one of two nodes; read whole and in ranges at both."""
    whole = content(20_000_000)
    begun = at_first.create_multipart_upload(Bucket="kept", Key="parts", ChecksumAlgorithm="SHA256")["UploadId"]
    named = {"Bucket": "kept", "Key": "parts", "UploadId": begun}
    parts = []
    for number in range(1, 4):
        body = whole[(number - 1) * 9_000_000 : number * 9_000_000]
        answer = (at_first, at_second)[number % 2].upload_part(
            **named, PartNumber=number, Body=body, ChecksumAlgorithm="SHA256"
        )
        parts.append({"PartNumber": number, "ETag": answer["ETag"], "ChecksumSHA256": answer["ChecksumSHA256"]})
    at_second.complete_multipart_upload(**named, MultipartUpload={"Parts": parts})
    for client in (at_first, at_second):
        assert client.get_object(Bucket="kept", Key="parts")["Body"].read() == whole
        stretch = client.get_object(Bucket="kept", Key="parts", Range="bytes=8999990-18000009")
        assert stretch["Body"].read() == whole[8_999_990:18_000_010]
    client.copy_object(Bucket="kept", Key="copy of parts", CopySource="kept/parts")  # read for its digest
    assert at_first.get_object(Bucket="kept", Key="copy of parts")["Body"].read() == whole


def invoke_elsewhere(first: Served, second: Served) -> None:
    """A function whose package is larger than a chunk, made at one node and run at another."""
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w") as zipped:
        zipped.writestr("f.py", "def handler(event, context):\n    return len(open('data').read())\n")
        zipped.writestr("data", content(3 * MIB).hex())
    first.client("lambda").create_function(
        FunctionName="f", Runtime="python3.11", Role=ROLE, Handler="f.handler", Code={"ZipFile": package.getvalue()}
    )
    answer = second.client("lambda").invoke(FunctionName="f")
    assert answer["Payload"].read() == b"6291456"


def refused_with_words(client: Any) -> None:
    """What is too large for the database."""
    with pytest.raises(ClientError, match=r"start every node with --blobs DIR.* or --blobs s3://") as refused:
        client.put_object(Bucket="kept", Key="large", Body=bytes(64 * MIB + 1))
    assert refused.value.response["Error"]["Code"] == "EntityTooLarge"
    assert client.list_objects_v2(Bucket="kept", Prefix="large")["KeyCount"] == 0


def damaged_at_the_endpoint(cluster: Cluster, at_first: Any, at_second: Any) -> None:
    """What was changed there is not given out; what is gone is told."""
    assert cluster.endpoint is not None
    before = cluster.kept()
    at_first.put_object(Bucket="kept", Key="damaged", Body=content(50_000, 3))
    (key,) = cluster.kept().keys() - before.keys()
    s3 = cluster.endpoint.client("s3")
    s3.put_object(Bucket="content", Key=key, Body=content(50_000, 4))
    with pytest.raises(ClientError, match="a chunk is damaged where the content"):
        at_second.get_object(Bucket="kept", Key="damaged")
    s3.delete_object(Bucket="content", Key=key)
    with pytest.raises(ClientError, match=r"the content \w+ is neither in .* nor kept anywhere else"):
        at_second.get_object(Bucket="kept", Key="damaged")


def test_a_node_killed_while_it_sends_leaves_nothing_half_done(
    tmp_path: Path, database: str, stack: ExitStack, endpoint: Served
) -> None:
    """What was acknowledged is whole at the other node; what was not is not there at all."""
    cluster = Cluster(tmp_path, stack, ("--store", database), endpoint)
    dies, lives = cluster.node("a"), cluster.node("b")
    dies.client("s3").create_bucket(Bucket="kept")
    promised: set[str] = set()

    def send(number: int) -> None:
        client = dies.client("s3")
        for count in range(100):
            name = f"{number}-{count}"
            try:
                client.put_object(Bucket="kept", Key=name, Body=content(9 * MIB, number * 100 + count))
            except Exception:
                return  # killed in the middle: nothing is promised
            promised.add(name)

    senders = [threading.Thread(target=send, args=(number,)) for number in range(3)]
    for sender in senders:
        sender.start()
    until(lambda: len(promised) > 2)
    dies.end(signal.SIGKILL)
    for sender in senders:
        sender.join()
    client = lives.client("s3")
    there = {item["Key"] for item in client.list_objects_v2(Bucket="kept")["Contents"]}
    assert promised <= there
    for name in there:
        number, count = map(int, name.split("-"))
        assert client.get_object(Bucket="kept", Key=name)["Body"].read() == content(9 * MIB, number * 100 + count)


def test_while_the_endpoint_is_away_nothing_is_half_done(
    tmp_path: Path, database: str, stack: ExitStack, endpoint: Served
) -> None:
    port = int(endpoint.endpoint_url.rpartition(":")[2])
    cluster = Cluster(tmp_path, stack, ("--store", database), endpoint)
    first, second = cluster.node("a").client("s3"), cluster.node("b").client("s3")
    first.create_bucket(Bucket="kept")
    first.put_object(Bucket="kept", Key="before", Body=content(50_000, 1))
    endpoint.end(signal.SIGKILL)
    for client, ask in (
        (first, lambda client: client.put_object(Bucket="kept", Key="meanwhile", Body=content(50_000, 2))),
        (second, lambda client: client.get_object(Bucket="kept", Key="before")),
    ):
        with pytest.raises(ClientError, match=r"s3://content/of/segue at http://.* gives no answer") as refused:
            ask(client)
        assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 503
        assert refused.value.response["Error"]["Code"] == "ServiceUnavailable"
    assert first.get_object(Bucket="kept", Key="before")["Body"].read() == content(50_000, 1)  # it has it still
    first.put_object(Bucket="kept", Key="small", Body=b"small")  # in its row
    assert second.get_object(Bucket="kept", Key="small")["Body"].read() == b"small"
    stack.enter_context(Served(tmp_path / "endpoint", port=port))
    assert second.get_object(Bucket="kept", Key="before")["Body"].read() == content(50_000, 1)
    assert {item["Key"] for item in second.list_objects_v2(Bucket="kept")["Contents"]} == {"before", "small"}
    second.put_object(Bucket="kept", Key="after", Body=content(50_000, 2))
    assert first.get_object(Bucket="kept", Key="after")["Body"].read() == content(50_000, 2)


def until(found: Callable[[], bool], seconds: float = 30.0) -> None:
    """Wait until ``found()``."""
    began = time.monotonic()
    while not found():
        assert time.monotonic() - began < seconds, "not in time"
        time.sleep(0.05)
