"""The server as people start and stop it: a process of its own, its words, its exit status."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.served import Served


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with Served(tmp_path / "data") as server:
        yield server


def health(served: Served) -> dict[str, Any]:
    with urllib.request.urlopen(f"{served.endpoint_url}/_segue/health", timeout=10) as answer:
        page: dict[str, Any] = json.load(answer)
        return page


def refused(*arguments: str) -> tuple[int, str]:
    """``segue serve`` that is to refuse: its exit status and its words."""
    ended = subprocess.run(
        [sys.executable, "-m", "segue.cli.main", "serve", *arguments],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    return ended.returncode, ended.stderr


def test_the_first_answer_comes_soon_after_the_start(tmp_path: Path) -> None:
    began = time.monotonic()
    with Served(tmp_path / "data") as served:
        assert health(served)["services"]["sqs"] == "running"
        print(f"\nfirst answer after {time.monotonic() - began:.2f} s (ready after {served.seconds_to_ready:.2f} s)")
        assert served.seconds_to_ready < 20  # a bound for a busy machine; the figure above is what matters


def test_any_free_port_is_named_when_it_is_ready(served: Served) -> None:
    assert not served.endpoint_url.endswith((":0", ":4566"))
    assert health(served)["edition"] == "segue"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_cleanly_and_quickly(served: Served, number: signal.Signals) -> None:
    served.client("sqs").create_queue(QueueName="kept")
    began = time.monotonic()
    assert served.end(number) == 0
    assert time.monotonic() - began < 5
    assert "Traceback" not in served.log.read_text()
    with Served(served.data) as again:
        assert again.client("sqs").list_queues()["QueueUrls"] == [f"{again.endpoint_url}/000000000000/kept"]


def test_it_ends_quickly_although_somebody_waits_for_a_message(served: Served) -> None:
    sqs = served.client("sqs")
    url = sqs.create_queue(QueueName="empty")["QueueUrl"]
    answers: list[Any] = []

    def receive() -> None:
        try:
            answers.append(sqs.receive_message(QueueUrl=url, WaitTimeSeconds=20))
        except Exception as error:
            answers.append(error)

    receiving = threading.Thread(target=receive)
    receiving.start()
    wait_until_parked(served)
    began = time.monotonic()
    assert served.end(signal.SIGINT) == 0
    seconds = time.monotonic() - began
    receiving.join(10)
    assert seconds < 3, f"it took {seconds:.1f} s"
    assert "ServiceUnavailable" in str(answers[0])
    assert "Traceback" not in served.log.read_text()


def wait_until_parked(served: Served) -> None:
    """Another request of the same kind was answered after the first was sent: the first is parked by then."""
    sqs = served.client("sqs")
    other = sqs.create_queue(QueueName="other")["QueueUrl"]
    sqs.receive_message(QueueUrl=other, WaitTimeSeconds=1)


def test_interrupting_the_terminals_whole_process_group_is_clean_with_functions_running(tmp_path: Path) -> None:
    """Ctrl-C reaches the server's children, too: they must not complain."""
    code = "import time\ndef handler(event, context):\n    time.sleep(event)\n    return event\n"
    data = tmp_path / "data"
    with Served(data, group=True) as served:
        function = served.client("lambda")
        create_function(function, "sleeper", code)
        assert json.load(function.invoke(FunctionName="sleeper", Payload=b"0")["Payload"]) == 0
        function.invoke(FunctionName="sleeper", Payload=b"25", InvocationType="Event")
        began = time.monotonic()
        os.killpg(served.process.pid, signal.SIGINT)
        assert served.process.wait(15) == 0
        assert time.monotonic() - began < 5
        words = served.log.read_text()
        assert "Traceback" not in words
        assert "KeyboardInterrupt" not in words


def create_function(client: Any, name: str, code: str) -> None:
    import io
    import zipfile

    package = io.BytesIO()
    with zipfile.ZipFile(package, "w") as archive:
        archive.writestr("main.py", code)
    client.create_function(
        FunctionName=name,
        Runtime="python3.11",
        Handler="main.handler",
        Role="arn:aws:iam::000000000000:role/any",
        Timeout=30,
        Code={"ZipFile": package.getvalue()},
    )
    client.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 20})


def test_a_second_server_on_the_same_data_is_refused_with_words(served: Served) -> None:
    status, words = refused("--port", "0", "--data", str(served.data))
    assert status == 1
    assert str(served.data) in words
    assert f"process {served.process.pid}" in words
    assert "--data" in words
    assert "Traceback" not in words
    assert health(served)["services"]  # the first is unharmed


def test_a_taken_port_is_refused_with_what_to_do(served: Served, tmp_path: Path) -> None:
    port = int(served.endpoint_url.rsplit(":", 1)[1])
    status, words = refused("--port", str(port), "--data", str(tmp_path / "other"))
    assert status == 1
    assert f"Port {port}" in words
    assert f"--port {port + 1}" in words
    assert "Traceback" not in words


@pytest.mark.sqlite_only("it writes into the file; for both: tests/store/test_engines.py")
def test_data_of_a_newer_program_is_refused_with_words(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with Served(data) as served:
        served.end()
    with sqlite3.connect(data / "segue.db") as database:
        database.execute("UPDATE schema_versions SET version = 99 WHERE component = 'jobs'")
    database.close()
    status, words = refused("--port", "0", "--data", str(data))
    assert status == 1
    assert "newer Segue" in words
    assert "'jobs' is at version 99" in words
    assert "Traceback" not in words


def test_a_file_that_is_no_database_is_refused_with_words(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (data / "segue.db").write_bytes(b"this is not a database, it is a letter " * 100)
    status, words = refused("--port", "0", "--data", str(data))
    assert status == 1
    assert "segue.db cannot be read" in words
    assert "Traceback" not in words


def test_a_data_directory_that_cannot_be_made_is_refused_with_words(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    status, words = refused("--port", "0", "--data", str(tmp_path / "file" / "data"))
    assert status == 1
    assert str(tmp_path / "file") in words
    assert "Traceback" not in words
